//! What a run has published: listed, downloaded and checked, linked to, and judged again.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{AT, LocalAws, MANAGEMENT, files, findings, reports, root};
use crate::shared::{Run, tree};

const BUCKET: &str = "acme-evidence";
const RUN: &str = "20260301T060000Z-1a2b3c4d";

/// Local AWS with a run in a bucket, and the reports of that run.
fn published(folder: &Path) -> (LocalAws, std::collections::BTreeMap<String, String>) {
    let empty = folder.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let aws = LocalAws::start(&[&empty], false);
    let example = root().join("examples/acme");
    let reports = folder.join("reports");
    let words = ["audit", example.to_str().unwrap(), AT[0], AT[1], "--no-ledger", "--out"];
    let judged = aws.backproof(MANAGEMENT, &[&words[..], &[reports.to_str().unwrap()]].concat());
    assert_eq!(judged.status, 3, "{}", judged.stderr);
    python(&aws, "put_run.py", &[BUCKET, RUN, reports.to_str().unwrap(), example.to_str().unwrap()]);
    (aws, files(&reports))
}

fn python(aws: &LocalAws, script: &str, words: &[&str]) {
    let script = root().join("tests/live").join(script);
    let ran = aws.python(MANAGEMENT, &[&[script.to_str().unwrap()], words].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

fn put(aws: &LocalAws, folder: &Path, key: &str, text: &str) {
    let file = folder.join("object");
    fs::write(&file, text).unwrap();
    python(aws, "put_object.py", &[BUCKET, key, file.to_str().unwrap()]);
}

fn report(aws: &LocalAws, words: &[&str]) -> Run {
    aws.backproof(MANAGEMENT, &[&["report"], words, &["--bucket", BUCKET]].concat())
}

fn get(aws: &LocalAws, run: &str, into: &Path) -> Run {
    report(aws, &["get", run, into.to_str().unwrap()])
}

#[test]
fn runs_are_listed_downloaded_linked_to_and_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let (aws, published) = published(folder.path());
    put(&aws, folder.path(), "runs/20260302T060000Z-00000000/units.json", "[]");
    put(&aws, folder.path(), "runs/other/units.json", "[]");

    let listed = report(&aws, &["list"]);
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    let expected =
        "20260302T060000Z-00000000  2026-03-02T06:00:00Z\n20260301T060000Z-1a2b3c4d  2026-03-01T06:00:00Z\n";
    assert_eq!(listed.stdout, expected);
    let since = report(&aws, &["list", "--since", "2026-03-01T06:00:01Z", "--totals"]);
    assert_eq!(since.stdout, "20260302T060000Z-00000000  2026-03-02T06:00:00Z  not published\n");
    let totals = report(&aws, &["list", "--totals", "--format", "json"]);
    let totals: Value = serde_json::from_str(&totals.stdout).unwrap();
    let summary: Value = serde_json::from_str(&published["summary.json"]).unwrap();
    assert_eq!((&totals[0]["totals"], &totals[1]["totals"]), (&Value::Null, &summary["totals"]));

    let into = folder.path().join("got");
    let got = report(&aws, &["get", "latest", into.to_str().unwrap(), "--inventory"]);
    assert_eq!(got.status, 0, "{}", got.stderr);
    let downloaded = files(&into);
    for (name, text) in published.iter().filter(|(name, _)| *name != "manifest.json") {
        assert!(downloaded[name] == *text, "{name}");
    }
    // What was collected is what was judged, and is still checked against its manifest.
    let inventory = into.join("inventory");
    let judged = reports(&inventory, &[]);
    assert_eq!(findings(&judged), findings(&published));
    let judged: Value = serde_json::from_str(&judged["summary.json"]).unwrap();
    assert_eq!(
        (&judged["problems"], &judged["inventory"]["sha256"]),
        (&json!([]), &summary["inventory"]["sha256"])
    );

    let link = report(&aws, &["link", RUN, "summary.json", "--expires", "15m"]);
    assert_eq!(link.status, 0, "{}", link.stderr);
    assert!(link.stdout.contains("X-Amz-Expires=900"), "{}", link.stdout);
    let fetch =
        "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())";
    assert_eq!(aws.python(MANAGEMENT, &["-c", fetch, link.stdout.trim()]).stdout, published["summary.json"]);
    let unknown = report(&aws, &["link", RUN, "nothing.csv"]);
    assert_eq!(unknown.status, 1);
    assert!(
        unknown.stderr.contains("has no report `nothing.csv`; it has `BACKUP_JOB_REPORT_"),
        "{}",
        unknown.stderr
    );
    let several = report(&aws, &["link", RUN, "BACKUP_JOB_REPORT…"]);
    assert!(several.stderr.contains("give more of the key"), "{}", several.stderr);
}

#[test]
fn what_is_not_as_it_was_published_is_told_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (aws, published) = published(folder.path());
    let changed = published["findings.ndjson"].replacen("NON_COMPLIANT", "MON_COMPLIANT", 1);
    put(&aws, folder.path(), &format!("runs/{RUN}/findings.ndjson"), &changed);
    let longer = format!("{} ", published["summary.json"]);
    put(&aws, folder.path(), &format!("runs/{RUN}/summary.json"), &longer);
    let into = folder.path().join("got");
    let got = get(&aws, RUN, &into);
    assert_eq!(got.status, 1);
    for expected in [
        format!("error: `runs/{RUN}/findings.ndjson` is not what was published: its SHA-256 is "),
        format!("error: `runs/{RUN}/summary.json` is not what was published: it has more than the "),
        format!("error: 2 of run `{RUN}` not had; 10 reports are in "),
    ] {
        assert!(got.stderr.contains(&expected), "{expected}: {}", got.stderr);
    }
    assert_eq!(got.stdout, "");
    let kept: Vec<String> = tree(&into).into_keys().collect();
    assert_eq!(kept.len(), 10, "{kept:?}");
    assert!(kept.iter().all(|it| it.starts_with("Backup/") && !it.ends_with(".part")), "{kept:?}");
}

#[test]
fn a_manifest_that_leads_elsewhere_a_run_that_is_not_there_and_a_bucket_that_is_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (aws, published) = published(folder.path());
    let into = folder.path().join("in").join("got");
    let mut manifest: Value = serde_json::from_str(&published["manifest.json"]).unwrap();
    manifest["reports"][3]["key"] = json!("../../x");
    put(&aws, folder.path(), &format!("runs/{RUN}/manifest.json"), &manifest.to_string());
    let missing = "20250101T000000Z-00000000";
    for (words, expected) in [
        (
            vec!["get", RUN],
            format!(
                "the manifest of run `{RUN}` names `../../x`, which leads elsewhere; expected keys under"
            ),
        ),
        (
            vec!["get", missing],
            format!("there is no run `{missing}`, or it has not published yet; `backproof report list"),
        ),
        (
            vec!["get", "yesterday"],
            "`yesterday` is not a run; expected `latest`, or an id such as".to_owned(),
        ),
    ] {
        let got = report(&aws, &[&words[..], &[into.to_str().unwrap()]].concat());
        assert_eq!((got.status, got.stdout.as_str()), (1, ""), "{}", got.stderr);
        assert!(got.stderr.contains(&expected), "{}", got.stderr);
        assert!(!folder.path().join("in").exists());
    }
    let none = aws.backproof(MANAGEMENT, &["report", "list", "--bucket", "acme-nothing"]);
    assert_eq!(none.status, 1);
    assert!(none.stderr.contains("bucket `acme-nothing`: NoSuchBucket"), "{}", none.stderr);
    assert!(none.stderr.contains("check --bucket"), "{}", none.stderr);
}

#[test]
fn an_inventory_that_was_changed_or_leads_elsewhere_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let (aws, _) = published(folder.path());
    let pack = "import io, sys, tarfile
kind, path = sys.argv[1:]
with tarfile.open(path, 'w:gz') as archive:
    name = '111122223333/eu-west-1/../../../x' if kind == 'path' else '111122223333/eu-west-1/backup.list-backup-jobs.json'
    entry = tarfile.TarInfo(name)
    if kind == 'link':
        entry.type, entry.linkname = tarfile.SYMTYPE, '/etc/passwd'
    archive.addfile(entry)
";
    let packed = folder.path().join("packed");
    for (index, (kind, expected)) in [
        ("path", "holds `111122223333/eu-west-1/../../../x`; expected manifest.json and plain files"),
        ("link", "holds `111122223333/eu-west-1/backup.list-backup-jobs.json`; expected manifest.json and plain files"),
        ("no-manifest", "has no manifest.json that can be read: it is not in the archive"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(aws.python(MANAGEMENT, &["-c", pack, kind, packed.to_str().unwrap()]).status, 0);
        let key = format!("runs/{RUN}/inventory/111122223333/eu-west-1.tar.gz");
        python(&aws, "put_object.py", &[BUCKET, &key, packed.to_str().unwrap()]);
        let into = folder.path().join(index.to_string());
        let got = report(&aws, &["get", RUN, into.to_str().unwrap(), "--inventory"]);
        assert_eq!(got.status, 1, "{kind}");
        assert!(got.stderr.contains(&format!("error: `{key}` {expected}")), "{}", got.stderr);
        // The others are there; nothing of this one is.
        let kept = tree(&into.join("inventory"));
        assert!(kept.keys().any(|it| it.starts_with("222233334444/eu-west-1/")), "{kind}");
        assert!(!kept.keys().any(|it| it.starts_with("111122223333/eu-west-1/")), "{kind}");
        assert!(kept.keys().all(|it| !it.ends_with(".part")), "{kind}");
    }
}
