//! One event or more of every kind that is understood, in the shapes of the AWS Backup Developer Guide ("Monitoring AWS
//! Backup events using Amazon EventBridge", "Logging AWS Backup API calls with AWS CloudTrail"), with names of our own.

use serde_json::{Value, json};

use super::{backup, call, envelope, own, service};

const SNAPSHOT: &str = "arn:aws:ec2:eu-west-1::snapshot/snap-1";
const VOLUME: &str = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1";
const POINT: &str = "arn:aws:backup:eu-west-1:111122223333:recovery-point:0f00";
const AUTO: &str = "arn:aws:backup:eu-west-1:111122223333:backup-plan:orgs/544";
const VAULT: &str = "backup vault `org-vault`";
const PLAN: &str = "backup plan `11aa`";
const OF_POINT: &str = "recovery point `arn:aws:backup:eu-west-1:111122223333:recovery-point:0f00`";
const OF_SNAPSHOT: &str = "recovery point `arn:aws:ec2:eu-west-1::snapshot/snap-1`";
const OF_VOLUME: &str = "resource `arn:aws:ec2:eu-west-1:111122223333:volume/vol-1`";

/// An event, where it is about something if not in the account and Region it comes from, and what.
pub(super) type Row = (Value, &'static str, &'static str);

pub(super) fn events() -> Vec<Row> {
    [
        own_events(),
        plans_and_points(),
        vaults(),
        others_of_backup(),
        service_events(),
        other_services(),
        tags(),
    ]
    .concat()
}

fn own_events() -> Vec<Row> {
    let mut events = Vec::new();
    for state in
        ["CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "NEW_WORD"]
    {
        let detail = json!({"backupJobId": "B0", "resourceArn": VOLUME, "resourceType": "EBS", "state": state,
            "backupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault", "bytesTransferred": "1024"});
        events.push((own("Backup Job", SNAPSHOT, detail), "", OF_VOLUME));
    }
    let bare = json!({"backupJobId": "B0", "state": "CREATED", "creationDate": "2026-01-10T05:00:00.000Z"});
    events.push((own("Backup Job", "", bare), "", "everything"));
    events.push((own("Backup Job", "", json!({"backupJobId": "B0", "state": "FAILED"})), "", "everything"));
    let bucket = json!({"resourceArn": "arn:aws:s3:::a-bucket", "resourceType": "S3", "state": "COMPLETED"});
    events.push((own("Backup Job", "", bucket), "", "resource `arn:aws:s3:::a-bucket`"));
    for (state, made) in [
        ("CREATED", json!({})),
        ("RUNNING", json!({})),
        ("FAILED", json!({})),
        ("COMPLETED", json!(SNAPSHOT)),
    ] {
        let detail = json!({"copyJobId": "C0", "backupSizeInBytes": 3221225472_u64, "resourceArn": VOLUME, "resourceType": "EBS",
            "sourceBackupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault", "state": state,
            "destinationBackupVaultArn": "arn:aws:backup:eu-central-1:444455556666:backup-vault:dr", "destinationRecoveryPointArn": made});
        events.push((own("Copy Job", SNAPSHOT, detail), "", OF_VOLUME));
    }
    let created = json!({"restoreJobId": "R0", "state": "CREATED"});
    events.push((own("Restore Job", POINT, created), "", OF_POINT));
    for state in ["PENDING", "RUNNING", "FAILED"] {
        events.push((
            own("Restore Job", SNAPSHOT, json!({"restoreJobId": "R0", "status": state})),
            "",
            OF_SNAPSHOT,
        ));
    }
    let restored = json!({"status": "COMPLETED", "recoveryPointArn": POINT, "sourceResourceArn": VOLUME, "resourceType": "EBS"});
    events.push((own("Restore Job", SNAPSHOT, restored), "", OF_VOLUME));
    for state in ["CREATING", "COMPLETED", "PARTIAL", "AVAILABLE", "STOPPED", "EXPIRED", "DELETING"] {
        let detail = json!({"backupVaultName": "org-vault", "backupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault",
            "resourceArn": VOLUME, "resourceType": "EBS", "status": state, "isEncrypted": "false",
            "calculatedLifeCycle": {"deleteAt": "2026-02-14T05:00:00.000Z"}});
        events.push((own("Recovery Point", SNAPSHOT, detail), "", OF_SNAPSHOT));
    }
    let elsewhere = json!({"backupVaultArn": "arn:aws:backup:eu-central-1:444455556666:backup-vault:dr", "status": "COMPLETED", "resourceArn": VOLUME});
    events.push((own("Recovery Point", SNAPSHOT, elsewhere), "444455556666/eu-central-1", OF_SNAPSHOT));
    events.push((
        own("Recovery Point", "", json!({"backupVaultName": "org-vault", "status": "COMPLETED"})),
        "",
        "everything",
    ));
    for state in ["ACTIVE", "DELETED", "FAILED", "PENDING", "DELETING"] {
        let detail = json!({"recoveryPointArn": POINT, "indexStatus": state, "backupVaultArn": "arn:aws:cryo:eu-west-1:111122223333:pod/p"});
        events.push((own("Recovery Point Index", POINT, detail), "", OF_POINT));
    }
    for state in ["CREATED", "MODIFIED", "DELETED"] {
        let detail = json!({"backupPlanId": "11aa", "versionId": "djI", "state": state});
        events.push((
            own("Backup Plan", "arn:aws:backup:eu-west-1:111122223333:backup-plan:11aa", detail),
            "",
            PLAN,
        ));
        let detail = json!({"backupVaultName": "org-vault", "state": state, "isLocked": "true"});
        events.push((own("Backup Vault", "", detail), "", VAULT));
    }
    let settings = json!({"ResourceTypeOptInPreference": {"Aurora": false}, "state": "MODIFIED"});
    events.push((own("Region Setting", "", settings), "", "AWS Backup's settings of the Region"));
    for state in ["CREATED", "RUNNING", "COMPLETED", "COMPLETED_WITH_ISSUES", "FAILED", "CANCELED"] {
        let detail =
            json!({"scanJobId": "S0", "state": state, "recoveryPointArn": POINT, "resourceType": "EBS"});
        events.push((own("Scan Job", POINT, detail), "", OF_POINT));
    }
    events
}

fn plans_and_points() -> Vec<Row> {
    let of_plan = json!({"backupPlanId": "11aa", "backupPlan": {"backupPlanName": "prod", "rules": []}});
    let created =
        json!({"responseElements": {"backupPlanId": "11aa", "creationDate": "Jan 10, 2026 9:00:00 AM"}});
    let mut events = vec![
        (backup("UpdateBackupPlan", of_plan.clone()), "", PLAN),
        (call("backup.amazonaws.com", "CreateBackupPlan", json!({"backupPlan": {}}), created), "", PLAN),
        (backup("DeleteBackupPlan", json!({"backupPlanId": "11aa"})), "", PLAN),
        (backup("DeleteBackupPlan", json!({"BackupPlanID": "11aa"})), "", PLAN),
        (backup("DeleteBackupPlan", Value::Null), "", "everything"),
        (backup("DeleteBackupPlan", json!({"backupPlanId": {}})), "", "everything"),
        (
            backup(
                "DeleteBackupPlan",
                json!({"backupPlanId": "arn:aws-cn:backup:cn-north-1:444455556666:backup-plan:11aa"}),
            ),
            "444455556666/cn-north-1",
            PLAN,
        ),
        (
            backup(
                "CreateBackupSelection",
                json!({"backupPlanId": "11aa", "backupSelection": {"resources": ["*"]}}),
            ),
            "",
            PLAN,
        ),
        (backup("DeleteBackupSelection", json!({"backupPlanId": "11aa", "selectionId": "33cc"})), "", PLAN),
        (
            backup("DeleteRecoveryPoint", json!({"backupVaultName": "org-vault", "recoveryPointArn": POINT})),
            "",
            OF_POINT,
        ),
        (
            backup("DeleteRecoveryPoint", json!({"backupVaultName": "org-vault", "recoveryPointArn": {}})),
            "",
            "everything",
        ),
        (
            backup(
                "DeleteRecoveryPoint",
                json!({"backupVaultName": "arn:aws:backup:eu-west-1:444455556666:backup-vault:dr", "recoveryPointArn": SNAPSHOT}),
            ),
            "444455556666/eu-west-1",
            OF_SNAPSHOT,
        ),
    ];
    for name in [
        "UpdateRecoveryPointLifecycle",
        "DisassociateRecoveryPoint",
        "DisassociateRecoveryPointFromParent",
        "UpdateRecoveryPointIndexSettings",
    ] {
        events.push((
            backup(name, json!({"backupVaultName": "org-vault", "recoveryPointArn": SNAPSHOT})),
            "",
            OF_SNAPSHOT,
        ));
    }
    events
}

fn vaults() -> Vec<Row> {
    let shared =
        json!({"backupVaultName": "arn:aws-us-gov:backup:us-gov-west-1:444455556666:backup-vault:dr"});
    let restore_access = json!({"restoreAccessBackupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault"});
    let mut events = vec![
        (
            backup(
                "PutBackupVaultAccessPolicy",
                json!({"backupVaultName": "org-vault", "policy": "{\"Statement\":[]}"}),
            ),
            "",
            VAULT,
        ),
        (backup("DeleteBackupVaultAccessPolicy", shared), "444455556666/us-gov-west-1", "backup vault `dr`"),
        (backup("DeleteBackupVaultAccessPolicy", json!({"backupVaultName": 7})), "", "everything"),
        (
            backup(
                "PutBackupVaultLockConfiguration",
                json!({"backupVaultName": "org-vault", "minRetentionDays": 7}),
            ),
            "",
            VAULT,
        ),
        (
            backup(
                "PutBackupVaultNotifications",
                json!({"backupVaultName": "org-vault", "sNSTopicArn": "arn:aws:sns:eu-west-1:111122223333:t"}),
            ),
            "",
            VAULT,
        ),
        (
            call(
                "backup.amazonaws.com",
                "CreateRestoreAccessBackupVault",
                json!({}),
                json!({"responseElements": restore_access}),
            ),
            "",
            VAULT,
        ),
    ];
    for name in [
        "AssociateBackupVaultMpaApprovalTeam",
        "CreateBackupVault",
        "CreateLogicallyAirGappedBackupVault",
        "DeleteBackupVault",
        "DeleteBackupVaultAccessPolicy",
        "DeleteBackupVaultLockConfiguration",
        "DeleteBackupVaultNotifications",
        "DisassociateBackupVaultMpaApprovalTeam",
        "RevokeRestoreAccessBackupVault",
    ] {
        events.push((backup(name, json!({"backupVaultName": "org-vault"})), "", VAULT));
    }
    events
}

fn others_of_backup() -> Vec<Row> {
    let settings = json!({"resourceTypeOptInPreference": {"DynamoDB": false}});
    let start = json!({"backupVaultName": "org-vault", "resourceArn": VOLUME, "iamRoleArn": "arn:aws:iam::111122223333:role/B"});
    let copy = json!({"recoveryPointArn": POINT, "sourceBackupVaultName": "org-vault", "destinationBackupVaultArn": "arn:aws:backup:eu-central-1:444455556666:backup-vault:dr"});
    let restore =
        json!({"recoveryPointArn": SNAPSHOT, "metadata": {"volumeType": "gp2"}, "resourceType": "EBS"});
    let tag = |arn: &str| json!({"resourceArn": arn, "tags": {"a": "b"}});
    let vault = "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault";
    let mut events = vec![
        (backup("UpdateRegionSettings", settings), "", "AWS Backup's settings of the Region"),
        (
            backup(
                "UpdateGlobalSettings",
                json!({"globalSettings": {"isCrossAccountBackupEnabled": "false"}}),
            ),
            "111122223333/global",
            "AWS Backup's settings of the organization",
        ),
        (backup("StopBackupJob", json!({"backupJobId": "B0"})), "", "backup job `B0`"),
        (backup("StartBackupJob", start), "", OF_VOLUME),
        (backup("StartCopyJob", copy), "", OF_POINT),
        (backup("StartRestoreJob", restore), "", OF_SNAPSHOT),
        (backup("CreateLegalHold", json!({"title": "case"})), "", "legal hold ``"),
        (
            backup("CancelLegalHold", json!({"legalHoldId": "L0", "retainRecordInDays": 1})),
            "",
            "legal hold `L0`",
        ),
        (backup("DeleteBackupAccessPoint", json!({"accessPointArn": "a"})), "", "access point `a`"),
        (backup("TagResource", tag(vault)), "", VAULT),
        (backup("UntagResource", tag("arn:aws:backup:eu-west-1:111122223333:backup-plan:11aa")), "", PLAN),
        (backup("UntagResource", tag(SNAPSHOT)), "", OF_SNAPSHOT),
        (backup("UntagResource", tag(POINT)), "", OF_POINT),
        (backup("TagResource", json!({"tags": {}})), "", "everything"),
    ];
    for name in ["UpdateTieringConfiguration", "DeleteTieringConfiguration"] {
        events.push((
            backup(name, json!({"tieringConfigurationName": "t"})),
            "",
            "tiering configuration `t`",
        ));
    }
    for verb in ["Create", "Update", "Delete"] {
        events.push((
            backup(&format!("{verb}Framework"), json!({"frameworkName": "f"})),
            "",
            "framework `f`",
        ));
        events.push((
            backup(&format!("{verb}ReportPlan"), json!({"reportPlanName": "r"})),
            "",
            "report plan `r`",
        ));
        for what in ["RestoreTestingPlan", "RestoreTestingSelection"] {
            let event = backup(&format!("{verb}{what}"), json!({"restoreTestingPlanName": "t"}));
            events.push((event, "", "restore testing plan `t`"));
        }
    }
    events
}

fn service_events() -> Vec<Row> {
    let job = json!({"completionDate": {"seconds": 1_768_035_600, "nanos": 906_000_000}, "state": "COMPLETED", "percentDone": 100,
        "backupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault", "recoveryPointArn": SNAPSHOT,
        "resourceArn": VOLUME, "resourceType": "EBS"});
    let plan = json!({"backupPlanId": "orgs/544", "backupPlanArn": AUTO, "backupRules": "[{\"name\":\"hourly\",\"cryopodArn\":\"arn\"}]",
        "creationDate": {"seconds": 1_768_035_600, "nanos": 0}, "accountId": "111122223333"});
    let vault = json!({"backupVaultName": "org-vault"});
    let mut events = Vec::new();
    for name in ["BackupJobStarted", "BackupJobCompleted", "CopyJobStarted", "CopyJobCompleted"] {
        events.push((service(name, job.clone()), "", OF_VOLUME));
    }
    for name in [
        "BackupDeleted",
        "BackupTransitionedToCold",
        "RecoveryPointCreated",
        "RestoreStarted",
        "RestoreCompleted",
        "ScanJobCreated",
        "ScanJobStarted",
        "ScanJobCompleted",
        "ScanJobFailed",
    ] {
        events.push((service(name, job.clone()), "", OF_SNAPSHOT));
    }
    for name in [
        "CreateOrganizationalBackupPlan",
        "UpdateOrganizationalBackupPlan",
        "DeleteOrganizationalBackupPlan",
        "InvalidOrganizationBackupPlan",
    ] {
        events.push((service(name, plan.clone()), "", "backup plan `orgs/544`"));
    }
    events.push((
        service("InvalidOrganizationBackupPlan", json!({"organizationId": "o-1"})),
        "",
        "everything",
    ));
    events.push((
        service(
            "BackupSelectionDeletedDueToSLRDeletion",
            json!({"backupPlanId": "11aa", "selectionId": "33cc"}),
        ),
        "",
        PLAN,
    ));
    for name in [
        "AssociateBackupVaultMpaApprovalTeamCompleted",
        "AssociateBackupVaultMpaApprovalTeamFailed",
        "CreateRestoreAccessBackupVaultFailed",
        "DisassociateBackupVaultMpaApprovalTeamFailed",
        "PutBackupVaultNotifications",
        "RestoreAccessBackupVaultDeleted",
        "RevokeRestoreAccessBackupVaultFailed",
    ] {
        events.push((service(name, vault.clone()), "", VAULT));
    }
    for name in ["ReportJobStarted", "ReportJobCompleted"] {
        events.push((service(name, json!({"reportPlanName": "r"})), "", "report plan `r`"));
    }
    events
}

fn other_services() -> Vec<Row> {
    const KEY: &str = "arn:aws:kms:eu-west-1:444455556666:key/9f";
    const OF_KEY: &str = "key `arn:aws:kms:eu-west-1:444455556666:key/9f`";
    let kms = |name: &str, parameters: Value| call("kms.amazonaws.com", name, parameters, json!({}));
    let listed = json!({"resources": [{"accountId": "444455556666", "type": "AWS::KMS::Key", "ARN": KEY}]});
    let trails =
        |name: &str, parameters: Value| call("cloudtrail.amazonaws.com", name, parameters, json!({}));
    let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/org";
    let mut events = vec![
        (
            kms("ScheduleKeyDeletion", json!({"keyId": KEY, "pendingWindowInDays": 7})),
            "444455556666/eu-west-1",
            OF_KEY,
        ),
        (kms("DisableKey", json!({"keyId": "9f"})), "", "key `9f`"),
        (
            call("kms.amazonaws.com", "DisableKey", json!({"keyId": "alias/b"}), listed),
            "444455556666/eu-west-1",
            OF_KEY,
        ),
        (
            kms("DisableKey", json!({"keyId": "arn:aws:kms:eu-west-1:444455556666:alias/b"})),
            "444455556666/eu-west-1",
            "key `arn:aws:kms:eu-west-1:444455556666:alias/b`",
        ),
        (
            trails("StopLogging", json!({"name": trail})),
            "111122223333/us-east-1",
            "trail `arn:aws:cloudtrail:us-east-1:111122223333:trail/org`",
        ),
        (trails("DeleteTrail", json!({"name": "org"})), "", "trail `org`"),
        (trails("UpdateTrail", json!({"name": "org", "isMultiRegionTrail": false})), "", "trail `org`"),
        (trails("PutEventSelectors", json!({"trailName": "org", "eventSelectors": []})), "", "trail `org`"),
        (trails("DeleteEventDataStore", json!({"eventDataStore": "e"})), "", "event data store `e`"),
        (trails("StopEventDataStoreIngestion", json!({"eventDataStore": "e"})), "", "event data store `e`"),
    ];
    for name in [
        "CancelKeyDeletion",
        "DeleteImportedKeyMaterial",
        "DisableKeyRotation",
        "EnableKey",
        "PutKeyPolicy",
        "RetireGrant",
        "RevokeGrant",
    ] {
        events.push((kms(name, json!({"keyId": "9f"})), "", "key `9f`"));
    }
    for name in ["StopConfigurationRecorder", "DeleteConfigurationRecorder"] {
        let event =
            call("config.amazonaws.com", name, json!({"configurationRecorderName": "default"}), json!({}));
        events.push((event, "", "configuration recorder `default`"));
    }
    for name in [
        "AttachPolicy",
        "DeletePolicy",
        "DeregisterDelegatedAdministrator",
        "DetachPolicy",
        "DisableAWSServiceAccess",
        "DisablePolicyType",
        "EnablePolicyType",
        "LeaveOrganization",
        "MoveAccount",
        "RemoveAccountFromOrganization",
        "UpdatePolicy",
    ] {
        let event = call(
            "organizations.amazonaws.com",
            name,
            json!({"policyId": "p-1"}),
            json!({"awsRegion": "us-east-1"}),
        );
        events.push((event, "111122223333/global", "the organization"));
    }
    events
}

fn tags() -> Vec<Row> {
    let change = |arn: &str| {
        envelope(
            "aws.tag",
            "Tag Change on Resource",
            json!([arn]),
            json!({"changed-tag-keys": ["env"], "tags": {}}),
        )
    };
    vec![
        (change(VOLUME), "", OF_VOLUME),
        (
            change("arn:aws:rds:eu-west-1:111122223333:cluster:c"),
            "",
            "resource `arn:aws:rds:eu-west-1:111122223333:cluster:c`",
        ),
        (change("arn:aws:backup:eu-west-1:111122223333:backup-vault:org-vault"), "", VAULT),
        (change(SNAPSHOT), "", "resource `arn:aws:ec2:eu-west-1::snapshot/snap-1`"),
        (
            change("arn:aws:lambda:eu-west-1:111122223333:function:f"),
            "",
            "resource `arn:aws:lambda:eu-west-1:111122223333:function:f`",
        ),
    ]
}
