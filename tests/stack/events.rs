//! Events: what somebody did turns findings within seconds, and the record says who and what was before and after.

use serde_json::{Value, json};

use super::MANAGEMENT;
use super::deployed::{REGION, Stack};
use super::local_aws::LocalAws;

const MANUAL_DELETION: &str = "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED";
const MIN_RETENTION: &str = "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK";
const IN_A_PLAN: &str = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN";
const IN_A_LOCKED_VAULT: &str = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK";

/// The last step of the only open violation there.
fn cause(stack: &Stack, control: &str, resource: &str) -> Value {
    let open = stack.open(control, resource);
    assert_eq!(open.len(), 1, "{open:#?}");
    open[0]["cause"]["event"].clone()
}

fn turned_by(stack: &Stack, control: &str, resource: &str, event: &str) -> Value {
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["new"], 1, "{alert:#}");
    let cause = cause(stack, control, resource);
    assert_eq!(cause["eventName"], event, "{cause}");
    assert_eq!(cause["principal"], format!("arn:aws:iam::{MANAGEMENT}:root"), "{cause}");
    cause
}

fn resolved_by(stack: &Stack, control: &str, resource: &str) {
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["resolved"], 1, "{alert:#}");
    assert_eq!(stack.open(control, resource), Vec::<Value>::new());
}

/// How many events were read to the end.
fn reactions(stack: &Stack) -> usize {
    let done = |it: &&str| it.contains("ReactLog") && it.contains(r#""message":"done""#);
    stack.logs().lines().filter(done).count()
}

/// One volume, a locked vault that nobody can delete from, and a plan that keeps what it makes 35 days.
struct Estate {
    stack: Stack,
    plan: Value,
    plan_id: Value,
    selection: Value,
    selection_id: Value,
}

const VAULT: &str = "prod";

/// Nobody may delete by hand, nor allow it to anybody.
fn policy() -> Value {
    let actions = ["DeleteRecoveryPoint", "UpdateRecoveryPointLifecycle", "PutBackupVaultAccessPolicy"];
    let actions: Vec<String> = actions.iter().map(|it| format!("backup:{it}")).collect();
    let deny =
        json!({ "Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [deny] })
}

impl Estate {
    fn swept() -> Self {
        let seed = tempfile::tempdir().unwrap();
        let at = seed.path().join(MANAGEMENT).join(REGION);
        std::fs::create_dir_all(&at).unwrap();
        let volume =
            json!({ "Volumes": [{ "VolumeId": "vol-0a1b2c3d4e5f60718", "State": "in-use", "Tags": [] }] });
        std::fs::write(at.join("ec2.describe-volumes.json"), volume.to_string()).unwrap();
        let aws = LocalAws::start(&[seed.path()], true);
        let stack = Stack::deploy_on(aws, &[("Regions", REGION), ("Rate", "100")]);
        stack.call("backup", "create-backup-vault", json!({ "BackupVaultName": VAULT }));
        let plan = json!({ "BackupPlanName": "daily", "Rules": [{
            "RuleName": "daily", "TargetBackupVaultName": VAULT, "ScheduleExpression": "cron(0 5 ? * * *)",
            "Lifecycle": { "DeleteAfterDays": 35 },
        }] });
        let made = stack.call("backup", "create-backup-plan", json!({ "BackupPlan": plan }));
        let plan_id = made["BackupPlanId"].clone();
        let selection = json!({ "BackupPlanId": plan_id, "BackupSelection": {
            "SelectionName": "volumes", "IamRoleArn": format!("arn:aws:iam::{MANAGEMENT}:role/Backup"),
            "Resources": [format!("arn:aws:ec2:{REGION}:{MANAGEMENT}:volume/*")],
        } });
        let selection_id =
            stack.call("backup", "create-backup-selection", selection.clone())["SelectionId"].clone();
        let estate = Self { stack, plan, plan_id, selection, selection_id };
        estate.put_policy();
        estate.put_lock();
        estate.stack.run_well();
        estate.stack.alerts();
        estate
    }

    fn call(&self, operation: &str, parameters: Value) -> Value {
        self.stack.call("backup", operation, parameters)
    }

    fn put_policy(&self) {
        let policy = json!({ "BackupVaultName": VAULT, "Policy": policy().to_string() });
        self.call("put-backup-vault-access-policy", policy);
    }

    fn put_lock(&self) {
        let lock = json!({ "BackupVaultName": VAULT, "MinRetentionDays": 7, "MaxRetentionDays": 365 });
        self.call("put-backup-vault-lock-configuration", lock);
    }

    fn update_plan(&self, days: u32) {
        let mut plan = self.plan.clone();
        plan["Rules"][0]["Lifecycle"]["DeleteAfterDays"] = days.into();
        self.call("update-backup-plan", json!({ "BackupPlanId": self.plan_id, "BackupPlan": plan }));
    }
}

#[test]
fn what_weakens_backups_is_recorded_with_who_did_it_and_told_once_and_so_is_its_mending() {
    let estate = Estate::swept();
    let stack = &estate.stack;

    estate.call("delete-backup-vault-access-policy", json!({ "BackupVaultName": VAULT }));
    let cause = turned_by(stack, MANUAL_DELETION, VAULT, "DeleteBackupVaultAccessPolicy");
    assert!(cause["before"].as_str().unwrap().contains(r#""Effect":"Deny""#), "{cause}");
    assert_eq!(cause["after"], "get-backup-vault-access-policy: none");
    estate.put_policy();
    resolved_by(stack, MANUAL_DELETION, VAULT);

    estate.update_plan(7);
    let cause = turned_by(stack, MIN_RETENTION, "daily", "UpdateBackupPlan");
    let member = "get-backup-plan.Rules[daily].Lifecycle.DeleteAfterDays";
    assert_eq!(
        (cause["before"].as_str(), cause["after"].as_str()),
        (Some(&*format!("{member}: 35")), Some(&*format!("{member}: 7")))
    );
    estate.update_plan(35);
    resolved_by(stack, MIN_RETENTION, "daily");

    estate.call("delete-backup-vault-lock-configuration", json!({ "BackupVaultName": VAULT }));
    let cause = turned_by(stack, IN_A_LOCKED_VAULT, "vol-", "DeleteBackupVaultLockConfiguration");
    assert!(cause["before"].as_str().unwrap().starts_with("list-backup-vaults.Locked: true"), "{cause}");
    estate.put_lock();
    resolved_by(stack, IN_A_LOCKED_VAULT, "vol-");

    let selection = json!({ "BackupPlanId": estate.plan_id, "SelectionId": estate.selection_id });
    estate.call("delete-backup-selection", selection);
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["new"], 2, "{alert:#}");
    let cause = self::cause(stack, IN_A_PLAN, "vol-");
    assert_eq!(cause["eventName"], "DeleteBackupSelection");
    assert!(cause["before"].as_str().unwrap().contains("volume/*"), "{cause}");
    estate.call("create-backup-selection", estate.selection.clone());
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["resolved"], 2, "{alert:#}");
    assert_eq!(stack.failures(), Vec::<Value>::new());
}

#[test]
fn events_that_come_again_late_and_in_any_order_change_nothing_more() {
    let estate = Estate::swept();
    let stack = &estate.stack;
    estate.call("delete-backup-vault-access-policy", json!({ "BackupVaultName": VAULT }));
    turned_by(stack, MANUAL_DELETION, VAULT, "DeleteBackupVaultAccessPolicy");
    let before = stack.violations(&["history", "--format", "json"]).stdout;
    let before_them = reactions(stack);
    // Put and delete, told of again and the wrong way round.
    for name in
        ["DeleteBackupVaultAccessPolicy", "PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy"]
    {
        let detail = json!({
            "eventVersion": "1.11", "eventSource": "backup.amazonaws.com", "eventName": name, "awsRegion": REGION,
            "eventTime": "2026-01-01T00:00:00Z", "eventType": "AwsApiCall", "eventID": format!("{name}-again"),
            "userIdentity": { "type": "Root", "arn": format!("arn:aws:iam::{MANAGEMENT}:root") },
            "requestParameters": { "backupVaultName": VAULT }, "recipientAccountId": MANAGEMENT,
        });
        let event = json!({
            "account": MANAGEMENT, "region": REGION, "source": "aws.backup",
            "detail-type": "AWS API Call via CloudTrail", "detail": detail,
        });
        stack.aws.control("POST", "events", &event.to_string());
    }
    stack.wait_for("three more events are read", || (reactions(stack) >= before_them + 3).then_some(()));
    assert_eq!(stack.violations(&["history", "--format", "json"]).stdout, before);
    assert_eq!(stack.alerts(), Vec::<Value>::new());

    // A backup that ended well, of something that nothing is wrong with.
    let job = json!({
        "backupJobId": "1", "state": "COMPLETED", "resourceType": "EBS", "creationDate": "2026-01-01T00:00:00Z",
        "resourceArn": format!("arn:aws:ec2:{REGION}:{MANAGEMENT}:volume/vol-0000000000000000f"),
        "backupVaultArn": format!("arn:aws:backup:{REGION}:{MANAGEMENT}:backup-vault:{VAULT}"),
    });
    let event = json!({
        "account": MANAGEMENT, "region": REGION, "source": "aws.backup",
        "detail-type": "Backup Job State Change", "detail": job,
    });
    stack.aws.forget_calls();
    stack.aws.control("POST", "events", &event.to_string());
    stack.wait_for("it is ignored", || stack.logs().contains("only mends what is not broken").then_some(()));
    let asked = stack.aws.operations().into_iter().filter(|it| it.starts_with("backup."));
    assert_eq!(asked.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_aws_does_not_answer_the_first_time_is_looked_at_again_and_told_once() {
    let estate = Estate::swept();
    let stack = &estate.stack;
    // As often as the function asks in one attempt.
    stack.aws.set_faults(&json!([{
        "operation": "backup.get-backup-vault-access-policy", "effect": "throttle", "times": 6,
    }]));
    estate.call("delete-backup-vault-access-policy", json!({ "BackupVaultName": VAULT }));
    turned_by(stack, MANUAL_DELETION, VAULT, "DeleteBackupVaultAccessPolicy");
    assert!(stack.logs().contains("Backproof.Transient"), "{}", stack.logs());
    assert_eq!(stack.alerts(), Vec::<Value>::new());
    assert_eq!(stack.failures(), Vec::<Value>::new());
}
