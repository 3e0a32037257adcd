//! Input that cannot be read: reported with file, line and field, counted as not looked at, everything else still judged.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::{acme, audit};

const RECOVERY_POINTS: &str = "222233334444/eu-west-1/backup.list-recovery-points-by-backup-vault.ndjson";

/// Changes the example, and looks for what is said of it; everything but the changed operation is judged as before.
fn check(change: impl FnOnce(&Path), said: &[&str]) {
    let (_folder, estate) = acme();
    let before = audit(&estate, &["--format", "json"]);
    change(&estate);
    let after = audit(&estate, &["--format", "json"]);
    let (before, after): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&before.stdout).unwrap(), serde_json::from_str(&after.stdout).unwrap());
    let problems = after["summary"]["problems"].to_string();
    for words in said {
        assert!(problems.contains(words), "`{words}` is not in {problems}");
    }
    // Air-gapped copies may be anywhere, so what is not known of one account matters to all for that control alone.
    let elsewhere = |it: &serde_json::Value| {
        let findings = it["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|it| it["account"] == "111122223333");
        let findings = findings.filter(|it| it["control"] != "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT");
        findings.map(ToString::to_string).collect::<Vec<_>>()
    };
    let (was, is) = (elsewhere(&before), elsewhere(&after));
    assert!(was.len() > 50);
    assert_eq!(was.len(), is.len());
    let changed = was.iter().zip(&is).find(|(was, is)| was != is);
    assert_eq!(changed, None);
    let undecided = |it: &serde_json::Value| it["summary"]["totals"]["INSUFFICIENT_DATA"].as_u64().unwrap();
    assert!(undecided(&after) > undecided(&before), "nothing is undecided that was not before");
}

fn rewrite(file: &Path, change: impl FnOnce(String) -> Vec<u8>) {
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, change(text)).unwrap();
}

#[test]
fn a_file_that_is_not_json() {
    let file = "222233334444/eu-west-1/backup.list-backup-vaults.ndjson";
    check(
        |estate| fs::write(estate.join(file), "<html>").unwrap(),
        &[file, r#""line":1"#, "is not a recorded call: expected value"],
    );
}

#[test]
fn a_truncated_line() {
    check(
        |estate| rewrite(&estate.join(RECOVERY_POINTS), |text| text[..text.len() - 40].into()),
        &[RECOVERY_POINTS, "EOF while parsing"],
    );
}

#[test]
fn a_field_of_the_wrong_type() {
    check(
        |estate| {
            rewrite(&estate.join(RECOVERY_POINTS), |text| {
                text.replacen("\"IsEncrypted\":true", "\"IsEncrypted\":\"yes\"", 1).into()
            });
        },
        &[RECOVERY_POINTS, ".IsEncrypted\"", "expected a boolean"],
    );
}

#[test]
fn an_unknown_form_of_time() {
    check(
        |estate| {
            rewrite(&estate.join(RECOVERY_POINTS), |text| {
                text.split("\"CreationDate\":")
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
                    .join("\"CreationDate\":\"1/3/26 \",\"Was\":")
                    .into()
            });
        },
        &[RECOVERY_POINTS, "RecoveryPoints[0].CreationDate", "`1/3/26 ` is not a time; expected ISO 8601"],
    );
}

#[test]
fn two_files_for_one_page() {
    let other = "222233334444/eu-west-1/backup.list-backup-vaults.json";
    check(
        |estate| {
            fs::write(estate.join(other), r#"{"BackupVaultList":[{"BackupVaultName":"other"}]}"#).unwrap()
        },
        &["answers too, and differently"],
    );
}

#[test]
fn an_account_folder_that_is_no_account_id() {
    check(
        |estate| {
            fs::rename(estate.join("444455556666"), estate.join("sandbox"))
                .and_then(|()| {
                    fs::remove_file(estate.join("222233334444/eu-west-1/backup.list-backup-jobs.ndjson"))?;
                    fs::remove_file(
                        estate.join("222233334444/eu-west-1/backup.list-protected-resources.ndjson"),
                    )?;
                    fs::remove_file(estate.join("222233334444/eu-west-1/backup.list-backup-vaults.ndjson"))
                })
                .unwrap()
        },
        &["`sandbox` is not an account id; an account id is 12 digits; nothing in this folder was read"],
    );
}

#[test]
fn invalid_utf_8() {
    check(
        |estate| {
            let file = estate.join(RECOVERY_POINTS);
            let mut bytes = fs::read(&file).unwrap();
            bytes[200] = 0xff;
            fs::write(file, bytes).unwrap();
        },
        &[RECOVERY_POINTS, r#""line":1"#, "is not UTF-8"],
    );
}

#[test]
fn a_very_long_line() {
    check(
        |estate| {
            let file = estate.join(RECOVERY_POINTS);
            let text = fs::read_to_string(&file).unwrap();
            let (first, rest) = text.split_once('\n').unwrap();
            let mut file = File::create(file).unwrap();
            let (begin, end) = first.split_at(first.len() - 1);
            file.write_all(begin.as_bytes()).unwrap();
            for _ in 0..65 {
                file.write_all(&vec![b' '; 1 << 20]).unwrap();
            }
            writeln!(file, "{end}\n{rest}").unwrap();
        },
        &[RECOVERY_POINTS, r#""line":1"#, "is longer than 64 MiB"],
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_out_of_the_inventory() {
    let file = "222233334444/eu-west-1/backup.list-backup-vaults.ndjson";
    check(
        |estate| {
            let outside = estate.parent().unwrap().join("outside.ndjson");
            fs::rename(estate.join(file), &outside).unwrap();
            std::os::unix::fs::symlink(outside, estate.join(file)).unwrap();
        },
        &[file, "is a symbolic link that leads out of the inventory, so it was not followed"],
    );
}

#[test]
fn nothing_to_read_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let run = audit(folder.path(), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("holds no recorded call that could be read"), "{}", run.stderr);
    fs::create_dir(folder.path().join("prod")).unwrap();
    fs::create_dir(folder.path().join("prod/eu-west-1")).unwrap();
    fs::write(folder.path().join("prod/eu-west-1/backup.list-backup-vaults.json"), "{}").unwrap();
    let run = audit(folder.path(), &[]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("`prod` is not an account id"), "{}", run.stderr);
}

#[test]
fn nothing_but_what_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("111122223333/eu-west-1");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("backup.list-backup-vaults.ndjson"), "<html>\n").unwrap();
    let run = audit(folder.path(), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(
        run.stderr.contains("backup.list-backup-vaults.ndjson:1: is not a recorded call"),
        "{}",
        run.stderr
    );
    // A refusal is AWS's word.
    let refused = r#"{"request":{},"error":{"code":"AccessDeniedException","message":"no"}}"#;
    fs::write(place.join("backup.list-backup-vaults.ndjson"), refused).unwrap();
    assert_eq!(audit(folder.path(), &[]).status, 4);
}

#[test]
fn a_member_that_occurs_twice() {
    let twice = r#""Lifecycle":{"DeleteAfterDays":3650,"DeleteAfterDays":3650},"Was":"#;
    check(
        |estate| {
            rewrite(&estate.join(RECOVERY_POINTS), |text| text.replace("\"Lifecycle\":", twice).into());
        },
        &[RECOVERY_POINTS, "RecoveryPoints[0].Lifecycle", "`DeleteAfterDays` occurs twice"],
    );
}
