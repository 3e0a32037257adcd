//! One small run with every answer in it, and what each report makes of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use backproof::catalog::Catalog;
use backproof::cost::Counts;
use backproof::evaluate::evaluate;
use backproof::facts::Facts;
use backproof::framework;
use backproof::inventory::{Inventory, read_from_memory};
use backproof::report::{Basis, Report, summary};
use serde_json::{Value, json};

#[path = "laws/outputs.rs"]
mod outputs;

const FRAMEWORK: &str = r#"{
  "FrameworkName": "canonical",
  "FrameworkDescription": "One control of each kind, with a comma",
  "FrameworkControls": [
    { "ControlName": "BACKUP_RECOVERY_POINT_ENCRYPTED" },
    { "ControlName": "BACKUP_LAST_RECOVERY_POINT_CREATED",
      "ControlScope": { "ComplianceResourceTypes": ["EBS", "DynamoDB"] },
      "ControlInputParameters": [
        { "ParameterName": "recoveryPointAgeUnit", "ParameterValue": "days" },
        { "ParameterName": "recoveryPointAgeValue", "ParameterValue": "1" } ] },
    { "ControlName": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
      "ControlScope": { "Tags": { "env": "prod" } } }
  ]
}"#;

/// A call: where it is recorded, what was asked, what AWS said.
fn calls() -> Vec<(&'static str, Value, Value)> {
    let volume = |id: &str| format!("arn:aws:ec2:eu-west-1:111122223333:volume/{id}");
    let point = |id: &str, of: &str, status: &str, encrypted: bool, created: &str| {
        json!({
            "RecoveryPointArn": format!("arn:aws:ec2:eu-west-1::snapshot/{id}"),
            "ResourceArn": of,
            "ResourceType": "EBS",
            "Status": status,
            "IsEncrypted": encrypted,
            "CreationDate": created,
            "VaultType": "BACKUP_VAULT",
        })
    };
    let mut unreadable = point("snap-4", &volume("vol-4"), "COMPLETED", true, "2026-03-01T05:00:00Z");
    unreadable["IsEncrypted"] = json!("yes");
    vec![
        (
            "111122223333/eu-west-1/backup.list-backup-vaults",
            json!({}),
            json!({ "BackupVaultList": [{ "BackupVaultName": "main" }, { "BackupVaultName": "dark" }] }),
        ),
        (
            "111122223333/eu-west-1/backup.list-recovery-points-by-backup-vault",
            json!({ "BackupVaultName": "main" }),
            json!({ "RecoveryPoints": [
                point("snap-1", &volume("vol-1"), "COMPLETED", true, "2026-03-01T05:00:00Z"),
                point("snap-2", &volume("vol-2"), "COMPLETED", false, "2026-02-01T05:00:00Z"),
                point("snap-3", &volume("vol-2"), "DELETING", false, "2026-02-01T05:00:00Z"),
                unreadable,
            ] }),
        ),
        (
            "111122223333/eu-west-1/ec2.describe-volumes",
            json!({}),
            json!({ "Volumes": [
                { "VolumeId": "vol-1", "State": "in-use", "Tags": [{ "Key": "Name", "Value": "=HYPERLINK(\"x\")" }] },
                { "VolumeId": "vol-2", "State": "in-use", "Tags": [{ "Key": "Name", "Value": "red \u{1b}[31m, \"quoted\"" }] },
            ] }),
        ),
        ("111122223333/eu-west-1/backup.list-protected-resources", json!({}), json!({ "Results": [] })),
        (
            "111122223333/eu-west-1/resourcegroupstaggingapi.get-resources",
            json!({}),
            json!({ "ResourceTagMappingList": [
                { "ResourceARN": "arn:aws:ec2:eu-west-1::snapshot/snap-1", "Tags": [{ "Key": "env", "Value": "prod" }] },
            ] }),
        ),
        (
            "111122223333/eu-west-1/backup.list-backup-jobs",
            json!({}),
            json!({ "BackupJobs": [
                {
                    "BackupJobId": "JOB-1", "State": "COMPLETED", "ResourceArn": volume("vol-1"), "ResourceType": "EBS",
                    "ResourceName": "=HYPERLINK(\"x\")", "StatusMessage": "odd, but \"done\"",
                    "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1", "BackupVaultName": "main",
                    "CreationDate": "2026-03-01T05:00:00Z", "CompletionDate": "2026-03-01T05:20:00.5Z",
                    "BackupOptions": { "WindowsVSS": "enabled" }, "BackupSizeInBytes": 1_073_741_824,
                    "CreatedBy": { "BackupPlanName": "-plan", "BackupRuleName": "daily", "BackupRuleCron": "cron(0 5 ? * * *)" },
                },
                { "BackupJobId": "JOB-2", "State": "RUNNING", "CreationDate": "2026-02-20T05:00:00Z" },
                { "BackupJobId": "JOB-3", "State": "FAILED", "CompletionDate": "2026-02-20T05:00:00Z" },
            ] }),
        ),
        (
            "111122223333/eu-west-1/backup.list-copy-jobs",
            json!({}),
            json!({ "CopyJobs": [{
                "CopyJobId": "COPY-1", "State": "RUNNING", "CreatedByBackupJobId": "JOB-1",
                "DestinationBackupVaultArn": "arn:aws:backup:eu-central-1:222233334444:backup-vault:dr",
            }] }),
        ),
        (
            "111122223333/eu-west-1/backup.list-restore-jobs",
            json!({}),
            json!({ "RestoreJobs": [{
                "RestoreJobId": "RESTORE-1", "Status": "PENDING", "PercentDone": "0.00%",
                "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
            }] }),
        ),
        ("222233334444/eu-central-1/backup.list-backup-vaults", json!({}), json!({ "BackupVaultList": [] })),
        ("222233334444/eu-central-1/ec2.describe-volumes", json!({}), json!({ "Volumes": [] })),
        ("222233334444/eu-central-1/dynamodb.list-tables", json!({}), json!({ "TableNames": ["orders"] })),
    ]
}

/// What those calls recorded, and one that was refused.
fn inventory() -> Inventory {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut record =
        |path: String, line: &str| files.entry(path).or_default().extend(format!("{line}\n").bytes());
    let denied =
        r#"{"request":{"BackupVaultName":"dark"},"error":{"code":"AccessDeniedException","message":"no"}}"#;
    let path = "111122223333/eu-west-1/backup.list-recovery-points-by-backup-vault.dark.ndjson";
    record(path.to_owned(), denied);
    for (path, request, response) in calls() {
        let line = json!({ "request": request, "response": response }).to_string();
        record(format!("{path}.ndjson"), &line);
    }
    read_from_memory(files, 1, jiff::Timestamp::MIN)
}

/// Every report of the run, by name.
fn reports() -> Vec<(&'static str, String)> {
    let catalog = Catalog::built_in().unwrap();
    let frameworks = framework::parse(FRAMEWORK, "canonical", &catalog.controls).unwrap();
    let inventory = inventory();
    let at = "2026-03-01T06:00:00Z".parse().unwrap();
    outputs::outputs(&inventory, &frameworks, &catalog.vocabulary, at)
}

fn report(name: &str) -> String {
    reports().into_iter().find(|(it, _)| *it == name).unwrap().1
}

#[test]
fn every_report_of_one_run() {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r#""sha256": "[0-9a-f]{64}""#, r#""sha256": "[digest]""#);
    settings.add_filter(r#""version": "[0-9.]+""#, r#""version": "[version]""#);
    settings.bind(|| {
        for (name, text) in reports() {
            // What would color a terminal is made visible.
            insta::assert_snapshot!(name, text.replace('\u{1b}', "␛"));
        }
    });
}

/// Fields and their order: AWS Backup Developer Guide, "Working with audit reports", compliance report templates.
#[test]
fn compliance_reports_have_aws_s_fields_in_aws_s_order() {
    let resource = [
        "accountId",
        "region",
        "frameworkName",
        "frameworkDescription",
        "controlName",
        "resourceId",
        "resourceType",
        "resourceComplianceStatus",
        "lastEvaluationTime",
    ];
    let control = [
        "accountId",
        "region",
        "frameworkName",
        "frameworkDescription",
        "controlName",
        "controlComplianceStatus",
        "lastEvaluationTime",
        "numResourcesCompliant",
        "numResourcesNonCompliant",
        "controlFrequency",
        "controlScope",
        "controlParameters",
    ];
    for (name, fields) in [("resource_compliance", resource.as_slice()), ("control_compliance", &control)] {
        let csv = report(&format!("{name}_csv"));
        assert_eq!(csv.lines().next().unwrap(), fields.join(","), "{name}");
        let json: Value = serde_json::from_str(&report(&format!("{name}_json"))).unwrap();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["reportItems"]);
        let items = json["reportItems"].as_array().unwrap();
        assert_eq!(items.len() + 1, csv.lines().count(), "{name}");
        for item in items {
            let keys: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
            // AWS leaves the frequency out of a control that runs on change.
            let expected = fields.iter().filter(|it| **it != "controlFrequency" || keys.contains(it));
            assert_eq!(keys, expected.copied().collect::<Vec<_>>(), "{name}");
        }
    }
}

/// Fields and their order: AWS Backup Developer Guide, "Choosing your report template", sample reports; `statusMessage` and
/// `expectedCompletionDate` stand where AWS's CSV has them.
#[test]
fn job_reports_have_aws_s_fields_in_aws_s_order() {
    const PERIOD: &str = "reportTimePeriodStart reportTimePeriodEnd accountId region";
    const PLAN: &str = "initiationDate backupPlanName backupRuleName backupRuleSchedule backupRuleTimezone startWindowEnd \
                        backupOptions isParentJob parentJobId";
    const KEPT: &str = "vaultType vaultLockStatus isEncrypted encryptionKeyArn deleteAfterDays moveToColdAfterDays enableArchive";
    let backup = format!(
        "{PERIOD} backupJobId jobStatus statusMessage resourceType resourceArn resourceName backupPlanArn backupRuleId {PLAN} \
         creationDate completionDate expectedCompletionDate recoveryPointArn jobRunTime backupSizeInBytes backupVaultName \
         backupVaultArn {KEPT} iamRoleArn"
    );
    let copy = format!(
        "{PERIOD} copyJobId jobStatus jobRunTime resourceType resourceArn resourceName {PLAN} creationDate completionDate \
         backupSizeInBytes sourceRecoveryPointArn sourceBackupVaultArn destinationRecoveryPointArn destinationBackupVaultArn \
         {KEPT} iamRoleArn"
    );
    let restore = format!(
        "{PERIOD} restoreJobId jobStatus recoveryPointArn resourceName {PLAN} {KEPT} sourceResourceArn backupVaultArn \
         creationDate backupSizeInBytes percentDone iamRoleArn"
    );
    for (name, fields, jobs) in
        [("backup_jobs", backup, 2), ("copy_jobs", copy, 1), ("restore_jobs", restore, 1)]
    {
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let csv = report(&format!("{name}_csv"));
        assert_eq!(csv.lines().next().unwrap(), fields.join(","), "{name}");
        assert_eq!(csv.lines().count(), jobs + 1, "{name}");
        let json: Value = serde_json::from_str(&report(&format!("{name}_json"))).unwrap();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["reportItems"]);
        let items = json["reportItems"].as_array().unwrap();
        assert_eq!(items.len(), jobs, "{name}");
        for item in items {
            let keys: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
            let known = fields.iter().filter(|it| keys.contains(it));
            assert_eq!(keys, known.copied().collect::<Vec<_>>(), "{name}");
            assert!(item.as_object().unwrap().values().all(|it| !it.is_null()), "{name}");
        }
    }
}

#[test]
fn a_run_that_counted_says_what_it_costs_and_what_it_replaces() {
    let catalog = Catalog::built_in().unwrap();
    let frameworks = framework::parse(FRAMEWORK, "canonical", &catalog.controls).unwrap();
    let inventory = inventory();
    let at = "2026-03-01T06:00:00Z".parse().unwrap();
    let mut report = Report::new(&frameworks, Basis::of(&inventory, String::new(), at));
    let facts = Facts::new(&inventory, at);
    evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |finding| report.add(finding)).unwrap();
    let summary = |report: &Report<'_>| serde_json::to_value(summary::Summary::of(report)).unwrap();
    assert!(summary(&report).get("cost").is_none());
    report.counts = Some(Counts { s3_puts: 1_000, ..Counts::default() });
    let cost = summary(&report)["cost"].take();
    assert_eq!(cost["dollars"], 0.005);
    // All three controls of this framework are AWS's own.
    let decided = report.tally.totals.compliant + report.tally.totals.non_compliant;
    assert_eq!(cost["replaces"]["auditManagerEvaluations"], decided);
}

/// What every report says of the same run must be the same.
#[test]
fn all_reports_count_the_same() {
    let of_findings: Vec<Value> =
        report("findings_ndjson").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let summary: Value = serde_json::from_str(&report("summary_json")).unwrap();
    let resources: Value = serde_json::from_str(&report("resource_compliance_json")).unwrap();
    let controls: Value = serde_json::from_str(&report("control_compliance_json")).unwrap();
    for (answer, field) in [
        ("COMPLIANT", Some("numResourcesCompliant")),
        ("NON_COMPLIANT", Some("numResourcesNonCompliant")),
        ("NOT_APPLICABLE", None),
        ("INSUFFICIENT_DATA", None),
    ] {
        let count = of_findings.iter().filter(|it| it["answer"] == answer).count();
        assert!(count > 0, "the run does not show {answer}");
        assert_eq!(summary["totals"][answer], count, "{answer}");
        let rows = resources["reportItems"].as_array().unwrap();
        assert_eq!(rows.iter().filter(|it| it["resourceComplianceStatus"] == answer).count(), count);
        if let Some(field) = field {
            let rows = controls["reportItems"].as_array().unwrap();
            assert_eq!(rows.iter().map(|it| it[field].as_u64().unwrap()).sum::<u64>(), count as u64);
        }
        for groups in ["byAccount", "byRegion"] {
            let groups = summary[groups].as_object().unwrap();
            assert_eq!(groups.values().map(|it| it[answer].as_u64().unwrap()).sum::<u64>(), count as u64);
        }
    }
}
