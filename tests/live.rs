//! Asking AWS, with the real binary against local AWS: what is recorded, what it costs, and what refusals do.

#![cfg(all(feature = "aws", feature = "ledger"))]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

#[path = "live/accounts.rs"]
mod accounts;
#[path = "live/ledger.rs"]
mod ledger;
#[path = "live/local_aws.rs"]
mod local_aws;
#[path = "live/published.rs"]
mod published;
#[path = "live/refusals.rs"]
mod refusals;
#[path = "live/resume.rs"]
mod resume;
#[path = "shared/process.rs"]
mod shared;

use local_aws::LocalAws;
use shared::{Run, root, tree};

const AT: [&str; 2] = ["--at", "2026-03-01T06:00:00Z"];
const MANAGEMENT: &str = "111122223333";
const PRODUCTION: &str = "222233334444";

/// As fast as it goes: nobody else uses local AWS.
const FAST: [&str; 2] = ["--rate", "10000"];

/// Every control's name.
fn controls() -> Vec<String> {
    let catalog = backproof::catalog::Catalog::built_in().unwrap();
    catalog.controls.keys().cloned().collect()
}

/// Judges an inventory at the example's time and returns what it wrote, by file.
fn reports(inventory: &Path, more: &[&str]) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(shared::binary());
    command.args(["audit", inventory.to_str().unwrap(), AT[0], AT[1], "--no-ledger"]);
    command.args(more);
    let run = shared::run(command.arg("--out").arg(out.path()).current_dir(root()));
    assert!([0, 3, 4].contains(&run.status), "{}", run.stderr);
    files(out.path())
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    tree(folder).into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

/// The findings, without the names of the files they were read from.
fn findings(reports: &BTreeMap<String, String>) -> Vec<Value> {
    fn forget_files(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.shift_remove("source");
                members.values_mut().for_each(forget_files);
            }
            Value::Array(items) => items.iter_mut().for_each(forget_files),
            _ => {}
        }
    }
    let lines = reports["findings.ndjson"].lines();
    let mut findings: Vec<Value> = lines.map(|it| serde_json::from_str(it).unwrap()).collect();
    findings.iter_mut().for_each(forget_files);
    findings
}

/// Collects the whole example: three accounts, two Regions.
fn collect_example(aws: &LocalAws, inventory: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["collect", inventory.to_str().unwrap(), "--accounts", "all"];
    arguments.extend(["--regions", "enabled", "--assume-role", "backproof"]);
    arguments.extend(FAST);
    arguments.extend(more);
    aws.backproof(MANAGEMENT, &arguments)
}

#[test]
fn the_example_collected_is_the_example() {
    let example = root().join("examples/acme");
    let aws = LocalAws::start(&[&example], false);
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory");
    // Its jobs are older than what is asked for unless told otherwise.
    let run = collect_example(&aws, &inventory, &["--job-days", "3650"]);
    // One vault of the example refuses.
    assert_eq!(run.status, 4, "{}", run.stderr);
    let (collected, recorded) = (reports(&inventory, &[]), reports(&example, &[]));
    assert_eq!(findings(&collected).len(), 1038);
    assert_eq!(findings(&collected), findings(&recorded));
    let names = |of: &BTreeMap<String, String>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&collected), names(&recorded));
    for (name, text) in &recorded {
        // The summary and the manifest tell of files and digests; the rest is AWS's own reports.
        if !["summary.json", "findings.ndjson", "manifest.json"].contains(&name.as_str()) {
            assert!(collected[name] == *text, "{name} differs");
        }
    }
    check_manifest(&inventory, &collected);
    check_cost(&aws.calls());
}

/// Every file is in the manifest with its digest, and a change of one is told.
fn check_manifest(inventory: &Path, reports: &BTreeMap<String, String>) {
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(inventory.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["caller"], "arn:aws:iam::111122223333:root");
    assert_eq!(manifest["complete"], false);
    let summary: Value = serde_json::from_str(&reports["summary.json"]).unwrap();
    assert_eq!(summary["problems"], json!([]));
    assert_eq!(summary["inventory"]["calls"], manifest["calls"]);
    let path = inventory.join("222233334444/eu-west-1/backup.list-backup-plans.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "\n").unwrap();
    let changed: Value = serde_json::from_str(&self::reports(inventory, &[])["summary.json"]).unwrap();
    let problem = changed["problems"][0].to_string();
    assert!(problem.contains("its SHA-256 is not the one in manifest.json"), "{problem}");
}

/// Nothing is asked twice, and nothing for each item that a list answers.
fn check_cost(calls: &Value) {
    let count = |name: &str| calls["operations"][name].as_u64().unwrap_or_default();
    assert_eq!(count("backup.list-tags"), 0);
    assert_eq!(count("backup.describe-recovery-point"), 0);
    assert_eq!(count("backup.describe-backup-vault"), 0);
    assert_eq!(count("backup.list-backup-plans"), 5);
    assert_eq!(count("backup.get-backup-plan"), count("backup.list-backup-selections"));
}

#[test]
fn lists_are_read_to_their_last_page() {
    let folder = tempfile::tempdir().unwrap();
    let (estate, inventory) = (folder.path().join("estate"), folder.path().join("inventory"));
    let script = root().join("tests/aws/generate_estate.py");
    let mut generate = std::process::Command::new(local_aws::python());
    generate.arg("-B").arg(script).args(["--points", "2500", "--vaults", "1", "--plans", "2"]).arg(&estate);
    assert_eq!(shared::run(&mut generate).status, 0);
    let aws = LocalAws::start(&[&estate], false);
    let collect = |into: &Path| {
        let words = ["collect", into.to_str().unwrap(), "--regions", "eu-west-1", FAST[0], FAST[1]];
        aws.backproof(MANAGEMENT, &words)
    };
    assert_eq!(collect(&inventory).status, 0);
    let name = "backup.list-recovery-points-by-backup-vault";
    assert_eq!(aws.calls()["operations"][name], 3);
    let recorded =
        fs::read_to_string(inventory.join(format!("{MANAGEMENT}/eu-west-1/{name}.ndjson"))).unwrap();
    let pages = recorded.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let points = pages.map(|it| it["response"]["RecoveryPoints"].as_array().unwrap().len());
    assert_eq!(points.collect::<Vec<_>>(), [1000, 1000, 500]);
    // Two thirds of a list are no list.
    aws.set_faults(&json!([{ "operation": name, "effect": "cut", "how": "error" }]));
    let half = folder.path().join("half");
    let run = collect(&half);
    assert_eq!(run.status, 4, "{}", run.stderr);
    assert!(run.stderr.contains(&format!("{name}: 1 of 1 not seen")), "{}", run.stderr);
    let judged = findings(&reports(&half, &[]));
    let unlisted = judged
        .iter()
        .find(|it| it["control"] == "BACKUP_RECOVERY_POINT_ENCRYPTED" && it["reasons"][0] == "not-listed");
    assert_eq!(unlisted.unwrap()["answer"], "INSUFFICIENT_DATA");
}

#[test]
fn a_live_audit_is_the_audit_of_what_it_collected() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let arguments = ["audit", "--live", "--regions", "eu-west-1", FAST[0], FAST[1], AT[0], AT[1]];
    let passing = aws.backproof(PRODUCTION, &arguments);
    assert_eq!(passing.status, 3, "{}", passing.stderr);
    let named = [&arguments[..1], &[kept.to_str().unwrap()], &arguments[1..]].concat();
    let again = aws.backproof(PRODUCTION, &named);
    assert_eq!(passing.stdout, again.stdout);
    let judged = aws.backproof(PRODUCTION, &["audit", kept.to_str().unwrap(), AT[0], AT[1]]);
    assert_eq!(judged.stdout, again.stdout);
}

#[test]
fn only_what_a_framework_reads_is_asked_and_its_findings_are_the_same() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all");
    assert_eq!(collect_example(&aws, &all, &[]).status, 4);
    let asked_of_all: BTreeSet<String> = aws.operations().into_iter().collect();
    for control in controls() {
        let framework = folder.path().join(format!("{control}.json"));
        let mut chosen = json!({ "ControlName": control });
        if control == "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET" {
            let target = json!({ "ParameterName": "maxRestoreTime", "ParameterValue": "720" });
            chosen["ControlInputParameters"] = json!([target]);
        }
        let text = json!({ "FrameworkName": "one", "FrameworkControls": [chosen] });
        fs::write(&framework, text.to_string()).unwrap();
        let only = ["--framework", framework.to_str().unwrap(), "--only-needed"];
        let inventory = folder.path().join(&control);
        aws.forget_calls();
        let run = collect_example(&aws, &inventory, &only);
        assert!([0, 4].contains(&run.status), "{control}: {}", run.stderr);
        let asked: BTreeSet<String> = aws.operations().into_iter().collect();
        assert!(asked.is_subset(&asked_of_all) && asked.len() < asked_of_all.len(), "{control}");
        let judge = |of: &Path| findings(&reports(of, &only[..2]));
        let (mut one, mut other) = (judge(&inventory), judge(&all));
        // What stands beside a resource that is not asked for stands elsewhere.
        one.sort_by_key(Value::to_string);
        other.sort_by_key(Value::to_string);
        let differs = one.iter().zip(&other).find(|(one, other)| one != other);
        assert!(one == other, "{control}: {} and {} findings, {differs:?}", one.len(), other.len());
    }
}
