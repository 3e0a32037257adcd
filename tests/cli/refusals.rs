//! What could not be looked at: exactly the findings that need it are undecided, and say which call and IAM action.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{acme, findings};

type Key = [String; 4];

fn by_key(findings: &[Value]) -> BTreeMap<Key, Value> {
    let key = |it: &Value| {
        ["control", "account", "region", "resource"].map(|of| it[of].as_str().unwrap().to_owned())
    };
    findings.iter().map(|it| (key(it), it.clone())).collect()
}

/// Takes an operation away, by deleting its file or by a denial, and returns the controls whose findings changed.
///
/// Nothing may become COMPLIANT, and what is undecided because of it must name the operation and its IAM action.
fn check(file: &str, action: &str, denied: bool) -> BTreeSet<String> {
    let (_folder, estate) = acme();
    let before = by_key(&findings(&estate, &[]));
    let operation = Path::new(file).file_stem().unwrap().to_str().unwrap();
    if denied {
        let error = serde_json::json!({ "code": "AccessDeniedException", "message": "no" });
        let text = fs::read_to_string(estate.join(file)).unwrap();
        let deny = |line: &str| {
            let call: Value = serde_json::from_str(line).unwrap();
            serde_json::json!({ "request": call["request"], "error": error }).to_string() + "\n"
        };
        fs::write(estate.join(file), text.lines().map(deny).collect::<String>()).unwrap();
    } else {
        fs::remove_file(estate.join(file)).unwrap();
    }
    let after = by_key(&findings(&estate, &[]));
    let mut changed = BTreeSet::new();
    for (key, finding) in &after {
        let was = before.get(key).map(|it| it["answer"].as_str().unwrap());
        let is = finding["answer"].as_str().unwrap();
        if was == Some(is) {
            continue;
        }
        changed.insert(key[0].clone());
        assert_ne!((was.is_some(), is), (true, "COMPLIANT"), "{key:?} was {was:?}");
        if was.is_some() {
            assert_eq!(is, "INSUFFICIENT_DATA", "{key:?} was {was:?}");
        }
        if is == "INSUFFICIENT_DATA" {
            let missing = finding["missing"].to_string();
            assert!(missing.contains(operation), "{key:?}: {missing}");
            assert!(missing.contains(action), "{key:?}: {missing}");
            assert_eq!(missing.contains("AccessDeniedException"), denied, "{key:?}: {missing}");
        }
        let place = format!("{}/{}/", key[1], key[2]);
        // Copies may go, and be, anywhere.
        let anywhere = key[0] == "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT" || key[0].contains("_CROSS_");
        assert!(file.starts_with(&place) || anywhere, "{key:?}");
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        let not_listed = after.iter().any(|(of, it)| of[..3] == key[..3] && it["reasons"][0] == "not-listed");
        assert!(not_listed, "{key:?} vanished and nothing says so");
    }
    changed
}

fn check_both(file: &str, action: &str, controls: &[&str]) {
    for denied in [false, true] {
        let changed = check(file, action, denied);
        assert_eq!(changed.iter().map(String::as_str).collect::<Vec<_>>(), controls, "denied: {denied}");
    }
}

#[test]
fn without_recovery_points_nothing_is_said_of_them() {
    check_both(
        "222233334444/eu-west-1/backup.list-recovery-points-by-backup-vault.ndjson",
        "backup:ListRecoveryPointsByBackupVault",
        &[
            "BACKUP_LAST_RECOVERY_POINT_CREATED",
            "BACKUP_RECOVERY_POINT_ENCRYPTED",
            "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        ],
    );
}

#[test]
fn without_restores_restore_times_are_not_known() {
    check_both(
        "222233334444/eu-west-1/backup.describe-protected-resource.ndjson",
        "backup:DescribeProtectedResource",
        &["RESTORE_TIME_FOR_RESOURCES_MEET_TARGET"],
    );
}

#[test]
fn without_policies_nobody_knows_who_can_delete() {
    check_both(
        "222233334444/eu-west-1/backup.get-backup-vault-access-policy.ndjson",
        "backup:GetBackupVaultAccessPolicy",
        &["BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED"],
    );
}

#[test]
fn without_selections_coverage_is_not_known() {
    check_both(
        "222233334444/eu-west-1/backup.list-backup-selections.ndjson",
        "backup:ListBackupSelections",
        &[
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        ],
    );
}

#[test]
fn without_plans_frequency_and_retention_are_not_known() {
    check_both(
        "222233334444/eu-west-1/backup.get-backup-plan.ndjson",
        "backup:GetBackupPlan",
        &[
            "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        ],
    );
}

#[test]
fn without_vaults_nothing_is_said_of_them_and_what_is_in_them_may_be_more() {
    check_both(
        "222233334444/eu-central-1/backup.list-backup-vaults.ndjson",
        "backup:ListBackupVaults",
        &[
            "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
            "BACKUP_RECOVERY_POINT_ENCRYPTED",
            "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",
            "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
            "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT",
        ],
    );
}

#[test]
fn without_a_service_s_own_list_its_resources_may_be_more() {
    check_both(
        "222233334444/eu-west-1/dynamodb.list-tables.ndjson",
        "dynamodb:ListTables",
        &[
            "BACKUP_LAST_RECOVERY_POINT_CREATED",
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
            "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
            "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
            "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT",
            "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET",
        ],
    );
}
