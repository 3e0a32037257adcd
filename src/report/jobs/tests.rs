//! Which jobs a report has, what it learns of each, and what it says when it may lack some.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{JobList, JobReport, Period, When, jobs_since};
use crate::inventory::record::BackupJob;
use crate::inventory::{Inventory, read_from_memory};
use crate::model::Time;

const AT: &str = "2026-03-01T06:00:00Z";
const PLACE: &str = "111122223333/eu-west-1";

fn inventory(calls: &[(&str, Json, Json)]) -> Inventory {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, request, response) in calls {
        let line = json!({ "request": request, "response": response }).to_string();
        let path =
            if name.contains('/') { format!("{name}.ndjson") } else { format!("{PLACE}/{name}.ndjson") };
        files.entry(path).or_default().extend(format!("{line}\n").bytes());
    }
    let inventory = read_from_memory(files, 1, jobs_since(AT.parse().unwrap()));
    assert_eq!(inventory.problems, []);
    inventory
}

fn items(report: JobReport, inventory: &Inventory) -> Vec<Json> {
    let mut bytes = Vec::new();
    report.write_json(inventory, AT.parse().unwrap(), &mut bytes).unwrap();
    let mut json: Json = serde_json::from_slice(&bytes).unwrap();
    serde_json::from_value(json["reportItems"].take()).unwrap()
}

/// Which jobs: AWS Backup Developer Guide, "Working with audit reports": finished in the last 24 hours, and all active.
#[test]
fn a_report_has_what_ended_in_its_day_and_what_has_not_ended() {
    for (state, created, completed, expected) in [
        ("COMPLETED", "2026-02-28T05:00:00Z", "2026-02-28T06:00:00.001Z", When::In),
        ("COMPLETED", "2026-02-28T05:00:00Z", "2026-02-28T06:00:00Z", When::Out),
        ("COMPLETED", "2026-03-01T05:00:00Z", "2026-03-01T06:00:00Z", When::In),
        ("FAILED", "2026-02-20T05:00:00Z", "2026-02-28T07:00:00Z", When::In),
        ("ABORTED", "2026-02-20T05:00:00Z", "2026-02-20T07:00:00Z", When::Out),
        // It had not ended by then, whatever it says since.
        ("COMPLETED", "2026-03-01T05:00:00Z", "2026-03-01T07:00:00Z", When::In),
        ("COMPLETED", "2026-03-01T06:30:00Z", "2026-03-01T07:00:00Z", When::Out),
        ("RUNNING", "2026-02-02T05:00:00Z", "", When::In),
        ("CREATED", "2026-03-01T05:00:00Z", "", When::In),
        ("PENDING", "2026-03-01T05:00:00Z", "", When::In),
        ("ABORTING", "2026-02-02T05:00:00Z", "2026-02-02T06:00:00Z", When::In),
        ("RUNNING", "2026-03-01T06:30:00Z", "", When::Out),
        ("EXPIRED", "2026-02-28T07:00:00Z", "", When::In),
        ("EXPIRED", "2026-02-27T07:00:00Z", "", When::Untold),
        ("EXPIRED", "", "", When::Untold),
        ("A_NEW_WORD", "2026-02-27T07:00:00Z", "", When::In),
        ("A_NEW_WORD", "2026-02-27T07:00:00Z", "2026-02-27T08:00:00Z", When::Out),
        ("", "", "", When::In),
    ] {
        let time = |text: &str| (!text.is_empty()).then(|| Time::parse(text).unwrap());
        let job = BackupJob {
            state: (!state.is_empty()).then(|| state.into()),
            creation_date: time(created),
            completion_date: time(completed),
            ..BackupJob::default()
        };
        let found = Period::before(AT.parse().unwrap()).holds(&job);
        assert_eq!(found, expected, "{state} from {created} to {completed}");
    }
}

const VAULT: &str = "arn:aws:backup:eu-west-1:111122223333:backup-vault:a/vault";
const FAR_VAULT: &str = "arn:aws:backup:eu-central-1:222233334444:backup-vault:far";
const VOLUME: &str = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1";

/// An estate in which everything about one backup is recorded, and the job as `job` says.
fn estate(operation: &str, list: &str, job: &Json) -> Inventory {
    let backup = json!({
        "BackupJobId": "backup-0", "State": "COMPLETED", "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
        "CreationDate": "2026-02-20T05:00:00Z", "CompletionDate": "2026-02-20T06:00:00Z",
        "InitiationDate": "2026-02-20T05:00:01Z", "StartBy": "2026-02-20T13:00:00Z",
        "BackupOptions": { "WindowsVSS": "enabled" }, "ResourceName": "behind",
        "CreatedBy": { "BackupPlanId": "plan-1", "BackupRuleId": "rule-1", "BackupPlanVersion": "v1" },
    });
    let point = |arn: &str, key: &str| {
        json!({ "RecoveryPointArn": arn, "IsEncrypted": true, "EncryptionKeyArn": key, "Lifecycle": { "DeleteAfterDays": 7 },
            "CreatedBy": { "BackupPlanId": "plan-1", "BackupRuleId": "rule-2", "BackupRuleName": "of the point" } })
    };
    let mut backups = vec![backup];
    let mut calls = Vec::new();
    match operation {
        "backup.list-backup-jobs" => backups.push(job.clone()),
        _ => calls.push((operation, json!({}), json!({ list: [job] }))),
    }
    calls.extend([
        ("backup.list-backup-jobs", json!({}), json!({ "BackupJobs": backups })),
        (
            "backup.list-backup-vaults",
            json!({}),
            json!({ "BackupVaultList": [
                { "BackupVaultName": "a/vault", "BackupVaultArn": VAULT, "VaultType": "BACKUP_VAULT", "Locked": false },
                { "BackupVaultName": "z" },
            ] }),
        ),
        (
            "222233334444/eu-central-1/backup.list-backup-vaults",
            json!({}),
            json!({ "BackupVaultList": [{ "BackupVaultName": "far", "VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "Locked": true }] }),
        ),
        (
            "backup.list-recovery-points-by-backup-vault",
            json!({ "BackupVaultName": "a/vault" }),
            json!({ "RecoveryPoints": [
                point("arn:aws:ec2:eu-west-1::snapshot/snap-1", "near-key"),
                point("arn:aws:ec2:eu-west-1::snapshot/snap-2", "near-key"),
            ] }),
        ),
        (
            "222233334444/eu-central-1/backup.list-recovery-points-by-backup-vault",
            json!({ "BackupVaultName": "far" }),
            json!({ "RecoveryPoints": [point("arn:aws:ec2:eu-central-1::snapshot/snap-9", "far-key")] }),
        ),
        (
            "backup.list-backup-plans",
            json!({}),
            json!({ "BackupPlansList": [{ "BackupPlanId": "plan-1", "BackupPlanName": "nightly" }] }),
        ),
        (
            "backup.get-backup-plan",
            json!({ "BackupPlanId": "plan-1" }),
            json!({ "VersionId": "v1", "BackupPlan": { "BackupPlanName": "nightly", "Rules": [
                { "RuleId": "rule-1", "RuleName": "first", "ScheduleExpression": "cron(0 5 ? * * *)", "ScheduleExpressionTimezone": "Europe/Berlin",
                  "Lifecycle": { "DeleteAfterDays": 35, "MoveToColdStorageAfterDays": 8, "OptInToArchiveForSupportedResources": true } },
                { "RuleId": "rule-2", "RuleName": "second", "ScheduleExpression": "cron(0 9 ? * * *)" },
            ] } }),
        ),
        (
            "backup.list-protected-resources",
            json!({}),
            json!({ "Results": [{ "ResourceArn": VOLUME, "ResourceName": "data" }] }),
        ),
    ]);
    inventory(&calls)
}

/// A job that runs, with these members; what each of these fields then says.
fn check(report: JobReport, members: &Json, expected: &[(&str, Json)]) {
    let (list, id, state) = match report {
        JobReport::Backup => ("BackupJobs", "BackupJobId", "State"),
        JobReport::Copy => ("CopyJobs", "CopyJobId", "State"),
        JobReport::Restore => ("RestoreJobs", "RestoreJobId", "Status"),
    };
    let mut job = json!({ id: "job-1", state: "RUNNING" });
    job.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let items = items(report, &estate(report.operation(), list, &job));
    assert_eq!(items.len(), 1, "{job}");
    for (field, expected) in expected {
        assert!(report.fields().contains(field), "{field}");
        // An absent member indexes as null; AWS's reports have none that is null.
        assert_eq!(items[0][field], *expected, "`{field}` of {job}");
    }
}

#[test]
fn a_backup_job_is_told_with_its_plan_vault_and_recovery_point() {
    use JobReport::Backup;
    let by = |version: &str| json!({ "BackupPlanId": "plan-1", "BackupRuleId": "rule-1", "BackupPlanVersion": version });
    // Nothing but its id is known.
    check(
        Backup,
        &json!({}),
        &[
            ("backupJobId", json!("job-1")),
            ("accountId", json!("111122223333")),
            ("region", json!("eu-west-1")),
            ("reportTimePeriodStart", json!("2026-02-28T06:00:00Z")),
            ("reportTimePeriodEnd", json!(AT)),
            ("isEncrypted", Json::Null),
            ("isParentJob", Json::Null),
            ("parentJobId", Json::Null),
            ("vaultType", Json::Null),
            ("vaultLockStatus", Json::Null),
            ("enableArchive", Json::Null),
            ("deleteAfterDays", Json::Null),
            ("jobRunTime", Json::Null),
            ("backupSizeInBytes", Json::Null),
        ],
    );
    // What the plan says, as long as it is the plan that made the job.
    check(
        Backup,
        &json!({ "CreatedBy": by("v1"), "ResourceArn": VOLUME, "BackupVaultName": "a/vault" }),
        &[
            ("backupPlanName", json!("nightly")),
            ("backupRuleId", json!("rule-1")),
            ("backupRuleName", json!("first")),
            ("backupRuleSchedule", json!("cron(0 5 ? * * *)")),
            ("backupRuleTimezone", json!("Europe/Berlin")),
            ("deleteAfterDays", json!(35)),
            ("moveToColdAfterDays", json!(8)),
            ("enableArchive", json!(true)),
            ("resourceName", json!("data")),
            ("backupVaultArn", json!(VAULT)),
            ("vaultType", json!("BACKUP_VAULT")),
            ("vaultLockStatus", json!("UNLOCKED")),
            // The vault's key is not that of every recovery point in it.
            ("encryptionKeyArn", Json::Null),
        ],
    );
    check(
        Backup,
        &json!({ "CreatedBy": by("v0") }),
        &[
            ("backupPlanName", json!("nightly")),
            ("backupRuleName", Json::Null),
            ("backupRuleSchedule", Json::Null),
            ("deleteAfterDays", Json::Null),
        ],
    );
    // The job's own word counts more than what is recorded elsewhere.
    check(
        Backup,
        &json!({
            "BackupVaultArn": VAULT, "VaultType": "V", "VaultLockState": "LOCKED", "IsEncrypted": false, "IsParent": true,
            "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-2", "ResourceName": "own", "ResourceArn": VOLUME,
            "RecoveryPointLifecycle": { "DeleteAfterDays": -1, "OptInToArchiveForSupportedResources": false },
            "CreatedBy": { "BackupPlanName": "then", "BackupRuleName": "r", "BackupRuleCron": "c", "BackupRuleTimezone": "z",
                           "BackupPlanId": "plan-1", "BackupRuleId": "rule-1", "BackupPlanVersion": "v1" },
            "BackupOptions": { "WindowsVSS": "disabled" }, "StatusMessage": "m", "PercentDone": "12.5",
        }),
        &[
            ("vaultType", json!("V")),
            ("vaultLockStatus", json!("LOCKED")),
            ("isEncrypted", json!(false)),
            ("encryptionKeyArn", json!("near-key")),
            ("resourceName", json!("own")),
            ("deleteAfterDays", json!(-1)),
            ("moveToColdAfterDays", Json::Null),
            ("enableArchive", json!(false)),
            ("backupPlanName", json!("then")),
            ("backupRuleName", json!("r")),
            ("backupRuleSchedule", json!("c")),
            ("backupRuleTimezone", json!("z")),
            ("backupOptions", json!({ "WindowsVSS": "disabled" })),
            ("isParentJob", json!(true)),
            ("statusMessage", json!("m")),
        ],
    );
    check(
        Backup,
        &json!({ "State": "COMPLETED", "CreationDate": "2026-02-24T23:59:58.500Z", "CompletionDate": "2026-03-01T02:00:00.250Z" }),
        &[
            ("jobRunTime", json!("98:00:01")),
            ("creationDate", json!("2026-02-24T23:59:58.500Z")),
            ("completionDate", json!("2026-03-01T02:00:00.250Z")),
        ],
    );
}

#[test]
fn a_copy_is_told_with_where_it_went_and_the_backup_behind_it() {
    check(
        JobReport::Copy,
        &json!({
            "CreatedByBackupJobId": "backup-0", "DestinationBackupVaultArn": FAR_VAULT,
            "DestinationRecoveryPointArn": "arn:aws:ec2:eu-central-1::snapshot/snap-9",
        }),
        &[
            ("initiationDate", json!("2026-02-20T05:00:01Z")),
            ("startWindowEnd", json!("2026-02-20T13:00:00Z")),
            ("backupOptions", json!({ "WindowsVSS": "enabled" })),
            ("resourceName", json!("behind")),
            ("backupPlanName", json!("nightly")),
            ("backupRuleName", json!("first")),
            ("vaultType", json!("LOGICALLY_AIR_GAPPED_BACKUP_VAULT")),
            ("vaultLockStatus", json!("LOCKED")),
            ("isEncrypted", json!(true)),
            ("encryptionKeyArn", json!("far-key")),
            ("deleteAfterDays", json!(7)),
        ],
    );
    // Neither the backup nor the destination was recorded.
    check(
        JobReport::Copy,
        &json!({
            "CreatedByBackupJobId": "backup-9", "DestinationBackupVaultArn": "arn:aws:backup:eu-west-1:999988887777:backup-vault:x",
            "DestinationRecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
            "DestinationVaultType": "BACKUP_VAULT", "DestinationRecoveryPointLifecycle": { "DeleteAfterDays": 14 },
            "DestinationEncryptionKeyArn": "own-key",
        }),
        &[
            ("initiationDate", Json::Null),
            ("vaultType", json!("BACKUP_VAULT")),
            ("vaultLockStatus", Json::Null),
            ("isEncrypted", Json::Null),
            ("encryptionKeyArn", json!("own-key")),
            ("deleteAfterDays", json!(14)),
        ],
    );
}

#[test]
fn a_restore_is_told_with_the_recovery_point_and_the_backup_behind_it() {
    check(
        JobReport::Restore,
        &json!({
            "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1", "BackupVaultArn": VAULT, "SourceResourceArn": VOLUME,
            "PercentDone": "12.00%", "ParentJobId": "restore-0",
        }),
        &[
            ("initiationDate", json!("2026-02-20T05:00:01Z")),
            ("backupPlanName", json!("nightly")),
            ("backupRuleName", json!("first")),
            ("vaultType", json!("BACKUP_VAULT")),
            ("vaultLockStatus", json!("UNLOCKED")),
            ("isEncrypted", json!(true)),
            ("encryptionKeyArn", json!("near-key")),
            ("deleteAfterDays", json!(7)),
            ("resourceName", json!("data")),
            ("percentDone", json!("12.00%")),
            ("parentJobId", json!("restore-0")),
        ],
    );
    // The backup job is forgotten; the recovery point still knows its plan.
    check(
        JobReport::Restore,
        &json!({ "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-2" }),
        &[
            ("initiationDate", Json::Null),
            ("backupPlanName", json!("nightly")),
            ("backupRuleName", json!("of the point")),
            ("backupRuleSchedule", json!("cron(0 9 ? * * *)")),
            ("isEncrypted", json!(true)),
        ],
    );
}

#[test]
fn a_recovery_point_that_several_jobs_made_tells_of_none_of_them() {
    let backup = |id: &str| {
        json!({ "BackupJobId": id, "State": "COMPLETED", "CompletionDate": "2026-02-20T06:00:00Z",
                "InitiationDate": "2026-02-20T05:00:01Z", "RecoveryPointArn": "continuous" })
    };
    let estate = inventory(&[
        ("backup.list-backup-jobs", json!({}), json!({ "BackupJobs": [backup("a"), backup("b")] })),
        (
            "backup.list-restore-jobs",
            json!({}),
            json!({ "RestoreJobs": [{ "RestoreJobId": "r", "RecoveryPointArn": "continuous" }] }),
        ),
    ]);
    assert_eq!(items(JobReport::Restore, &estate)[0]["initiationDate"], Json::Null);
}

#[test]
fn a_job_that_is_described_in_two_ways_is_only_named() {
    let job = |state: &str| json!({ "BackupJobId": "a", "State": state, "ResourceType": "EBS" });
    let files = [("one", "RUNNING"), ("two", "COMPLETED")].map(|(file, state)| {
        let response = json!({ "BackupJobs": [job(state)] }).to_string();
        (format!("{PLACE}/backup.list-backup-jobs.{file}.json"), response.into_bytes())
    });
    let inventory = read_from_memory(files.into(), 1, jobs_since(AT.parse().unwrap()));
    let items = items(JobReport::Backup, &inventory);
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["backupJobId"], &items[0]["jobStatus"]), (&json!("a"), &Json::Null));
    assert_eq!(JobList::all_of(&inventory, AT.parse().unwrap())[0].jobs, 1);
}

/// What the list of backup jobs is said to lack.
fn told(calls: &[(&str, Json, Json)]) -> String {
    let lists = JobList::all_of(&inventory(calls), AT.parse().unwrap());
    lists[0].told().unwrap_or_default()
}

#[test]
fn a_list_of_jobs_that_is_not_whole_is_said() {
    let vaults = |place: &'static str| (place, json!({}), json!({ "BackupVaultList": [] }));
    let jobs = |request: Json| ("backup.list-backup-jobs", request, json!({ "BackupJobs": [] }));
    for (calls, expected) in [
        (vec![jobs(json!({}))], ""),
        (vec![jobs(json!({ "ByCreatedAfter": "2026-01-29T00:00:00Z" }))], ""),
        (
            vec![vaults("backup.list-backup-vaults")],
            "BACKUP_JOB_REPORT is not whole: `backup.list-backup-jobs` was not asked in 111122223333/eu-west-1",
        ),
        (
            vec![
                vaults("backup.list-backup-vaults"),
                vaults("222233334444/eu-west-1/backup.list-backup-vaults"),
            ],
            "BACKUP_JOB_REPORT is not whole: `backup.list-backup-jobs` was not asked in 2 accounts × Regions",
        ),
        // A job may take a week.
        (
            vec![jobs(json!({ "ByCreatedAfter": "2026-02-27T06:00:00Z" }))],
            "BACKUP_JOB_REPORT is not whole: `backup.list-backup-jobs` was asked with a narrow `ByCreatedAfter` in 111122223333/eu-west-1",
        ),
        // What has not ended has no such date.
        (
            vec![jobs(json!({ "ByCompleteAfter": "2026-01-01T06:00:00Z" }))],
            "BACKUP_JOB_REPORT is not whole: `backup.list-backup-jobs` was asked with a narrow `ByCompleteAfter` in 111122223333/eu-west-1",
        ),
        (
            vec![(
                "backup.list-backup-jobs",
                json!({}),
                json!({ "BackupJobs": [{ "BackupJobId": "a", "State": "EXPIRED" }] }),
            )],
            "BACKUP_JOB_REPORT is not whole: nothing says when 1 job ended",
        ),
        (
            vec![("backup.list-backup-jobs", json!({}), json!({ "BackupJobs": [], "NextToken": "more" }))],
            "BACKUP_JOB_REPORT is not whole: `backup.list-backup-jobs` was cut off in 111122223333/eu-west-1",
        ),
    ] {
        assert_eq!(told(&calls), expected, "{calls:?}");
    }
}
