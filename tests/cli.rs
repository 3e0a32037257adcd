//! The real binary, driven as a user would: what it prints, what it writes, what it returns.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/custom_controls.rs"]
mod custom_controls;
#[path = "cli/explain.rs"]
mod explain;
#[cfg(feature = "ledger")]
#[path = "cli/ledger.rs"]
mod ledger;
#[path = "cli/process.rs"]
mod process;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "shared/process.rs"]
mod shared;

use process::{Run, backproof, tree};

const AT: [&str; 2] = ["--at", "2026-03-01T06:00:00Z"];

/// Judges an inventory at the example's time.
fn audit(inventory: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["audit", inventory.to_str().unwrap(), AT[0], AT[1]];
    arguments.extend(more);
    backproof(&arguments)
}

/// A copy of the example that a test may change.
fn acme() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let estate = folder.path().join("acme");
    process::copy(&process::root().join("examples/acme"), &estate);
    (folder, estate)
}

/// The findings of an audit, one JSON object each.
fn findings(inventory: &Path, more: &[&str]) -> Vec<Value> {
    let out = tempfile::tempdir().unwrap();
    let mut arguments = vec!["--out", out.path().to_str().unwrap()];
    arguments.extend(more);
    audit(inventory, &arguments);
    let text = fs::read_to_string(out.path().join("findings.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_example_is_judged_as_the_readme_says() {
    let run = audit(&process::root().join("examples/acme"), &[]);
    assert_eq!(run.status, 3);
    insta::assert_snapshot!("acme", run.stdout);
    let readme = fs::read_to_string(process::root().join("README.md")).unwrap();
    for line in run.stdout.lines().take_while(|line| !line.is_empty()).chain(run.stdout.lines().last()) {
        assert!(readme.contains(line), "the README does not show: {line}");
    }
}

#[test]
fn reports_stand_where_aws_puts_them_and_are_the_same_twice() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for out in [&one, &two] {
        let run = audit(&process::root().join("examples/acme"), &["--out", out.path().to_str().unwrap()]);
        assert_eq!(run.status, 3);
    }
    let (first, second) = (tree(one.path()), tree(two.path()));
    assert_eq!(first, second);
    insta::assert_snapshot!("tree", first.keys().cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_report_has_its_fields_and_harmless_cells() {
    let out = tempfile::tempdir().unwrap();
    audit(&process::root().join("examples/acme"), &["--out", out.path().to_str().unwrap()]);
    let mut seen = 0;
    for (name, bytes) in tree(out.path()) {
        if name.ends_with(".csv") {
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let header = reader.headers().unwrap().clone();
            // The fields of job reports are in a table of their own, beside the rest of what is known of them.
            match name.rsplit('/').next().unwrap().split_once('_').unwrap() {
                ("CONTROL", _) => insta::assert_debug_snapshot!("control_csv", header),
                ("RESOURCE", _) => insta::assert_debug_snapshot!("resource_csv", header),
                (jobs, _) => assert_eq!(&header[4], format!("{}JobId", jobs.to_lowercase())),
            }
            for record in reader.records() {
                let record = record.unwrap();
                assert_eq!(record.len(), header.len());
                assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
            }
            seen += 1;
        } else if name.starts_with("Backup/") {
            let json: Value = serde_json::from_slice(&bytes).unwrap();
            // Nothing was restored that day.
            let restores = name.contains("RESTORE_JOB_REPORT");
            assert_eq!(json["reportItems"].as_array().unwrap().is_empty(), restores, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

#[test]
fn the_summary_states_its_basis() {
    let out = tempfile::tempdir().unwrap();
    audit(&process::root().join("examples/acme"), &["--out", out.path().to_str().unwrap()]);
    let summary: Value = serde_json::from_slice(&fs::read(out.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["evaluationTime"], "2026-03-01T06:00:00Z");
    assert_eq!(summary["inventory"]["sha256"].as_str().unwrap().len(), 64);
    let controls = summary["frameworks"][0]["controls"].as_array().unwrap();
    assert_eq!(controls.len(), 11);
    assert!(controls.iter().all(|it| it["sha256"].as_str().unwrap().len() == 64));
    let sum: u64 = summary["totals"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum();
    let lines = fs::read_to_string(out.path().join("findings.ndjson")).unwrap().lines().count();
    assert_eq!(usize::try_from(sum).unwrap(), lines);
    assert!(
        summary["coverage"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["refused"].as_object().unwrap().len() == 1)
    );
}

#[test]
fn the_manifest_names_every_report_with_its_digest() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let acme = process::root().join("examples/acme");
    // A report of an earlier run in the same folder is not one of this.
    let earlier =
        ["audit", acme.to_str().unwrap(), "--at", "2026-02-01T06:00:00Z", "--out", folder, "--no-ledger"];
    assert_eq!(backproof(&earlier).status, 3);
    audit(&acme, &["--out", folder, "--no-ledger"]);
    let mut files = tree(out.path());
    let all = files.len();
    files.retain(|name, _| !name.contains("/2026/02/01/"));
    assert_eq!(all - files.len(), 10);
    let manifest: Value = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
    assert_eq!(manifest["evaluationTime"], "2026-03-01T06:00:00Z");
    let named = manifest["reports"].as_array().unwrap();
    let keys: Vec<&str> = named.iter().map(|it| it["key"].as_str().unwrap()).collect();
    assert_eq!(keys, files.keys().collect::<Vec<_>>());
    for report in named {
        let bytes = &files[report["key"].as_str().unwrap()];
        assert_eq!(report["bytes"], bytes.len());
        assert_eq!(report["sha256"], sha256(bytes));
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn reports_are_not_written_over_the_manifest_of_an_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.json");
    fs::write(&manifest, r#"{"version":"0","files":[]}"#).unwrap();
    let run = audit(&process::root().join("examples/acme"), &["--out", folder.path().to_str().unwrap()]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("holds an inventory"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), r#"{"version":"0","files":[]}"#);
}

#[test]
fn job_reports_that_may_lack_jobs_say_so() {
    let inventory = tempfile::tempdir().unwrap();
    let place = inventory.path().join("111122223333/eu-west-1");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("backup.list-backup-jobs.json"), r#"{"BackupJobs":[]}"#).unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = audit(inventory.path(), &["--out", out.path().to_str().unwrap()]);
    let expected =
        "COPY_JOB_REPORT is not whole: `backup.list-copy-jobs` was not asked in 111122223333/eu-west-1";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert!(!run.stderr.contains("BACKUP_JOB_REPORT"), "{}", run.stderr);
    let summary: Value = serde_json::from_slice(&fs::read(out.path().join("summary.json")).unwrap()).unwrap();
    let lists = summary["jobReports"].as_array().unwrap();
    let why = |index: usize| lists[index]["notWhole"].as_object().map_or(0, serde_json::Map::len);
    assert_eq!([why(0), why(1), why(2)], [0, 1, 1], "{lists:?}");
}

#[test]
fn other_formats_hold_every_finding() {
    let acme = process::root().join("examples/acme");
    let all = findings(&acme, &[]).len();
    let json: Value = serde_json::from_str(&audit(&acme, &["--format", "json"]).stdout).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), all);
    assert_eq!(json["summary"]["schemaVersion"], 2);
    let csv = audit(&acme, &["--format", "csv"]).stdout;
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), all);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let ndjson = audit(&acme, &["--format", "ndjson", "--out", folder]).stdout;
    assert_eq!(ndjson, fs::read_to_string(out.path().join("findings.ndjson")).unwrap());
    for (format, rest) in [("json,csv", "only one of"), ("ndjson,text", "only one of")] {
        let run = audit(&acme, &["--format", format]);
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{format}");
        assert!(run.stderr.contains(rest), "{}", run.stderr);
    }
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_written_beside_what_is_printed() {
    let acme = process::root().join("examples/acme");
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let run = audit(&acme, &["--format", "csv,parquet", "--out", folder]);
    assert_eq!((run.status, run.stdout), (3, audit(&acme, &["--format", "csv"]).stdout));
    let file = fs::read(out.path().join("findings.parquet")).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
    let manifest = fs::read_to_string(out.path().join("manifest.json")).unwrap();
    assert!(manifest.contains("\"findings.parquet\""), "{manifest}");
    // It is a file, so there must be somewhere to write it.
    let run = audit(&acme, &["--format", "parquet"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("--out"), "{}", run.stderr);
}

#[test]
fn compressed_reports_hold_the_same() {
    let acme = process::root().join("examples/acme");
    let (plain, packed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    audit(&acme, &["--out", plain.path().to_str().unwrap()]);
    audit(&acme, &["--out", packed.path().to_str().unwrap(), "--compress"]);
    let (mut plain, mut packed) = (tree(plain.path()), tree(packed.path()));
    assert_eq!(plain.remove("ledger.sqlite").is_some(), packed.remove("ledger.sqlite").is_some());
    plain.remove("manifest.json");
    let manifest: Value = serde_json::from_slice(&packed.remove("manifest.json").unwrap()).unwrap();
    let named = manifest["reports"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap());
    assert_eq!(named.collect::<Vec<_>>(), packed.keys().collect::<Vec<_>>());
    for (name, bytes) in packed {
        let mut unpacked = Vec::new();
        match name.strip_suffix(".gz") {
            None => assert_eq!((name.as_str(), &bytes), ("summary.json", &plain.remove(&name).unwrap())),
            Some(name) => {
                flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
                assert_eq!(unpacked, plain.remove(name).unwrap(), "{name}");
            }
        }
    }
    assert!(plain.is_empty(), "{:?}", plain.keys());
}

#[test]
fn the_least_severity_that_fails_can_be_chosen() {
    let acme = process::root().join("examples/acme");
    for (fail_on, status) in [("low", 3), ("medium", 3), ("high", 3), ("critical", 4), ("never", 4)] {
        assert_eq!(audit(&acme, &["--fail-on", fail_on]).status, status, "{fail_on}");
    }
}

#[test]
fn whoever_reads_may_stop_reading() {
    assert_eq!(process::read_one_line(&["controls", "list"]), 0);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let all = ["audit", "examples/acme", AT[0], AT[1], "--format", "json", "--out", folder];
    assert_eq!(process::read_one_line(&all), 0);
    // Nobody asked the files to stop.
    let whole = tempfile::tempdir().unwrap();
    audit(&process::root().join("examples/acme"), &["--out", whole.path().to_str().unwrap()]);
    assert_eq!(tree(out.path()), tree(whole.path()));
}

#[test]
fn names_cannot_drive_a_terminal() {
    let (_folder, estate) = acme();
    let file = estate.join("222233334444/eu-west-1/dynamodb.list-tables.ndjson");
    let text = fs::read_to_string(&file).unwrap().replace("routes-v2", "routes\\u001b[31m\\u0000\\u202ev2");
    fs::write(&file, text).unwrap();
    let run = audit(&estate, &[]);
    assert!(run.stdout.contains("routes\\u{1b}[31m\\u{0}\\u{202e}v2"), "{}", run.stdout);
    assert!(!run.stdout.contains(['\u{1b}', '\u{0}', '\u{202e}']));
}

#[test]
fn every_command_says_how_to_use_it() {
    for command in [
        vec!["--help"],
        vec!["audit", "--help"],
        vec!["controls", "--help"],
        vec!["explain", "--help"],
        vec!["explain", "schedule", "--help"],
        vec!["explain", "coverage", "--help"],
        vec!["explain", "vault-policy", "--help"],
        vec!["report", "--help"],
        vec!["report", "list", "--help"],
        vec!["report", "get", "--help"],
        vec!["report", "link", "--help"],
        vec!["violations", "--help"],
        vec!["violations", "list", "--help"],
        vec!["violations", "show", "--help"],
        vec!["violations", "history", "--help"],
    ] {
        let run = backproof(&command);
        assert_eq!(run.status, 0);
        insta::assert_snapshot!(command.join("_").replace("--", ""), run.stdout);
    }
}

#[test]
fn wrong_usage_is_told_apart_from_what_could_not_run() {
    for (command, status) in [
        (vec!["audit"], 2),
        (vec!["audit", "examples/acme", "--at", "yesterday"], 2),
        (vec!["audit", "examples/acme", "--fail-on", "sometimes"], 2),
        (vec!["audit", "no/such/folder"], 1),
        (vec!["audit", "examples/acme", "--framework", "no-such"], 1),
        (vec!["controls", "show", "NO_SUCH"], 1),
        (vec!["controls", "new", "lower-case"], 1),
    ] {
        let run = backproof(&command);
        assert_eq!(run.status, status, "{command:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty());
    }
}

#[test]
fn everything_wrong_with_a_framework_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.json");
    let framework = serde_json::json!({ "FrameworkName": "1st", "FrameworkControls": [
        { "ControlName": "NO_SUCH" },
        { "ControlName": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
          "ControlInputParameters": [{ "ParameterName": "requiredRetentionDays", "ParameterValue": "0" }],
          "ControlScope": { "ComplianceResourceTypes": ["EBS"] } },
        { "ControlName": "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET" },
        { "ControlName": "BACKUP_RECOVERY_POINT_ENCRYPTED", "ControlScop": {},
          "ControlInputParameters": [{ "ParameterName": "x", "ParameterValue": "1" }] },
        { "ControlName": "BACKUP_LAST_RECOVERY_POINT_CREATED", "ControlScope": { "ComplianceResourceIds": [] },
          "ControlInputParameters": [{ "ParameterName": "recoveryPointAgeValue", "ParameterValue": "32" }] },
    ]});
    fs::File::create(&file).unwrap().write_all(framework.to_string().as_bytes()).unwrap();
    let run = audit(&process::root().join("examples/acme"), &["--framework", file.to_str().unwrap()]);
    assert_eq!(run.status, 1);
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!("broken_framework", run.stderr);
}
