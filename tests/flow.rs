//! Recovery points and jobs are read twice: what is not the same the second time stops the run.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use backproof::catalog::Catalog;
use backproof::evaluate::{Finding, evaluate};
use backproof::facts::{Facts, types};
use backproof::inventory::InventoryReader;
use jiff::Timestamp;

const VAULTS: &str = "111122223333/eu-west-1/backup.list-backup-vaults.ndjson";
const POINTS: &str = "111122223333/eu-west-1/backup.list-recovery-points-by-backup-vault.ndjson";

fn point(id: &str) -> String {
    format!(
        r#"{{"RecoveryPointArn":"arn:aws:ec2:eu-west-1::snapshot/{id}","Status":"COMPLETED","IsEncrypted":true}}"#
    )
}

fn page(token: &str, next: &str, ids: &[&str]) -> String {
    let points: Vec<String> = ids.iter().map(|it| point(it)).collect();
    format!(
        r#"{{"request":{{"BackupVaultName":"v"{token}}},"response":{{"RecoveryPoints":[{}]{next}}}}}"#,
        points.join(",")
    ) + "\n"
}

/// Reads the recovery points as they are first, and judges them as they are then: which are told of, or why none.
fn judged(first: &str, then: Option<&str>) -> Result<Vec<String>, String> {
    let vaults = r#"{"request":{},"response":{"BackupVaultList":[{"BackupVaultName":"v"}]}}"#;
    let mut reader = InventoryReader::default();
    reader.read(VAULTS, &mut vaults.as_bytes());
    reader.read(POINTS, &mut first.as_bytes());
    let files: BTreeMap<String, Vec<u8>> =
        then.into_iter().map(|it| (POINTS.to_owned(), it.as_bytes().to_vec())).collect();
    let inventory = reader.finish(files);
    let catalog = Catalog::built_in().unwrap();
    let frameworks = catalog.frameworks("aws-backup").unwrap();
    let facts = Facts::new(&inventory, "2026-03-01T06:00:00Z".parse::<Timestamp>().unwrap());
    let mut found = Vec::new();
    let mut keep = |it: &Finding<'_>| {
        if it.resource.type_name == types::RECOVERY_POINT && it.chosen.control.name.ends_with("ENCRYPTED") {
            found.push(format!("{} {}", it.name(), it.answer.as_str()));
        }
    };
    evaluate(&frameworks, &facts, &catalog.vocabulary, &mut keep).map_err(|it| it.to_string())?;
    Ok(found)
}

#[test]
fn what_is_the_same_twice_is_judged_and_what_is_not_stops_the_run() {
    let one = page("", r#","NextToken":"t""#, &["b", "a"]) + &page(r#","NextToken":"t""#, "", &["c"]);
    let compliant = |ids: &[&str]| Ok(ids.iter().map(|it| format!("{it} COMPLIANT")).collect());
    let changed = |why: &str| {
        Err(format!(
            "`{POINTS}` {why} while it was judged, so nothing that was said is to be relied on; judge it again"
        ))
    };
    for (then, expected) in [
        (Some(one.clone()), compliant(&["b", "a", "c"])),
        (Some(one.replace("snapshot/c", "snapshot/d")), changed("changed")),
        (Some(page("", "", &["b", "a"])), changed("changed")),
        (Some(one.clone() + &page("", "", &["e"])), changed("changed")),
        (None, changed("could not be opened again (entity not found)")),
    ] {
        assert_eq!(judged(&one, then.as_deref()), expected, "{then:?}");
    }
}

#[test]
fn a_recovery_point_that_is_recorded_twice_is_told_of_once() {
    let twice = page("", r#","NextToken":"t""#, &["b", "a"]) + &page(r#","NextToken":"t""#, "", &["a", "c"]);
    let told = ["a COMPLIANT", "b COMPLIANT", "c COMPLIANT"];
    assert_eq!(judged(&twice, Some(&twice)).unwrap(), told);
}
