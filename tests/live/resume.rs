//! A collection that is killed goes on where it was, and one that was refused asks again only what it lacks.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FAST, LocalAws, PRODUCTION, files, root};
use crate::shared::binary;

/// What an inventory holds beside the manifest, which tells of times and of the last run's calls.
fn recorded(inventory: &Path) -> Vec<(String, String)> {
    let kept = files(inventory).into_iter().filter(|(name, _)| name != "manifest.json");
    kept.collect()
}

fn arguments(inventory: &Path) -> Vec<String> {
    let inventory = inventory.to_str().unwrap();
    let words = ["collect", inventory, "--regions", "eu-west-1", "--resume", FAST[0], FAST[1]];
    words.map(str::to_owned).into()
}

#[test]
fn killed_fifty_times_it_ends_in_the_same_inventory() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let status = aws.command(binary(), PRODUCTION).args(arguments(&whole)).output().unwrap().status;
    assert_eq!(status.code(), Some(0));
    // Slow enough to be killed in the middle of things.
    aws.set_faults(&json!([{ "operation": "*", "effect": "latency", "ms": 25 }]));
    let (mut kills, mut run) = (0, 0u64);
    while kills < 50 {
        run += 1;
        assert!(run <= 40, "only {kills} kills in {run} collections");
        let inventory = folder.path().join(format!("killed-{run}"));
        // Moments that differ from run to run and are the same every time the test runs.
        let mut moment = run * 0x9e37_79b9;
        loop {
            let mut command = aws.command(binary(), PRODUCTION);
            command.args(arguments(&inventory)).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let wait = Duration::from_millis(20 + (moment >> 33) % 350);
            std::thread::sleep(wait);
            match child.try_wait().unwrap() {
                Some(status) => {
                    assert_eq!(status.code(), Some(0));
                    break;
                }
                None => {
                    // SIGKILL: nothing of the process runs any more.
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                }
            }
        }
        assert!(recorded(&inventory) == recorded(&whole), "collection {run} differs");
    }
}

#[test]
fn what_was_refused_is_asked_again_and_nothing_else() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let (whole, mended) = (folder.path().join("whole"), folder.path().join("mended"));
    let collect = |inventory: &Path| {
        let run = aws.command(binary(), PRODUCTION).args(arguments(inventory)).output().unwrap();
        run.status.code().unwrap()
    };
    assert_eq!(collect(&whole), 0);
    aws.set_faults(&json!([{
        "operation": "backup.list-recovery-points-by-backup-vault",
        "parameters": { "BackupVaultName": "legacy" },
        "effect": "deny",
    }, {
        // What it would have named is asked when it is.
        "operation": "backup.list-backup-selections",
        "times": 1,
        "effect": "deny",
    }]));
    assert_eq!(collect(&mended), 4);
    aws.set_faults(&json!([]));
    aws.forget_calls();
    assert_eq!(collect(&mended), 0);
    let calls: Value = aws.calls();
    assert_eq!(calls["operations"]["backup.list-recovery-points-by-backup-vault"], 1, "{calls}");
    assert_eq!(calls["operations"]["backup.list-backup-selections"], 1, "{calls}");
    assert!(calls["total"].as_u64().unwrap() <= 5, "who asks, and what was missing: {calls}");
    assert!(recorded(&mended) == recorded(&whole));
    assert!(!fs::exists(mended.join(".collect")).unwrap());
}

#[test]
fn a_folder_that_is_not_a_collection_is_left_alone() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let plain = |inventory: &Path, more: &[&str]| {
        let words = [&["collect", inventory.to_str().unwrap()], more].concat();
        aws.backproof(PRODUCTION, &words)
    };
    assert_eq!(plain(&whole, &["--regions", "eu-west-1", FAST[0], FAST[1]]).status, 0);
    assert!(plain(&whole, &["--resume"]).stderr.contains("is complete, nothing is asked"));
    let again = plain(&whole, &[]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("holds a collection; go on with it with --resume"), "{}", again.stderr);
    let refused = folder.path().join("refused");
    aws.set_faults(&json!([{ "operation": "backup.list-copy-jobs", "effect": "deny" }]));
    assert_eq!(plain(&refused, &["--regions", "eu-west-1", FAST[0], FAST[1]]).status, 4);
    let elsewhere = plain(&refused, &["--regions", "eu-central-1", "--resume"]);
    assert_eq!(elsewhere.status, 1);
    assert!(elsewhere.stderr.contains("was begun with other accounts, Regions"), "{}", elsewhere.stderr);
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "all my work").unwrap();
    for more in [&[][..], &["--resume"]] {
        assert_eq!(plain(&other, more).status, 1);
        assert_eq!(files(&other).len(), 1);
    }
}
