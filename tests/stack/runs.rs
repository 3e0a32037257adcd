//! Runs: what is swept is judged as the command line judges it, and what fails is told.

use std::fs;

use serde_json::{Value, json};

use super::deployed::{REGION, Stack};
use super::shared::{root, tree};
use super::{MANAGEMENT, PRODUCTION};

/// A role in a member account that the functions may assume.
fn make_role(stack: &Stack, account: &str) {
    let dry = stack.aws.backproof(MANAGEMENT, &["collect", "--dry-run"]);
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    fs::write(&policy, dry.stdout).unwrap();
    let script = root().join("tests/live/make_role.py");
    let words =
        [script.to_str().unwrap(), "backproof-read", MANAGEMENT, "external-4711", policy.to_str().unwrap()];
    let made = stack.aws.python(account, &words);
    assert_eq!(made.status, 0, "{}", made.stderr);
}

#[test]
fn a_run_of_the_organization_is_judged_as_the_command_line_judges_it() {
    let stack = Stack::deploy(&[
        ("Accounts", "all"),
        ("AssumeRoleName", "backproof-read"),
        ("ExternalId", "external-4711"),
        ("Rate", "100"),
    ]);
    make_role(&stack, PRODUCTION);
    stack.aws.forget_calls();
    let run = stack.run_well();
    // What the functions are allowed is what they do.
    let called = stack.aws.operations();
    let own = [
        "dynamodb.get-item",
        "dynamodb.put-item",
        "dynamodb.query",
        "dynamodb.transact-write-items",
        "dynamodb.update-item",
        "s3api.get-object",
        "s3api.list-objects-v2",
        "s3api.put-object",
        "sns.publish",
        "sts.assume-role",
    ];
    let missing: Vec<&str> = own.into_iter().filter(|it| !called.contains(&(*it).to_owned())).collect();
    assert_eq!(missing, [] as [&str; 0], "{called:#?}");

    // AWS's five reports are where AWS puts them.
    let reports = stack.keys("Backup/crossaccount/crossregion/");
    for report in ["BACKUP_JOB", "CONTROL_COMPLIANCE", "COPY_JOB", "RESOURCE_COMPLIANCE", "RESTORE_JOB"] {
        let there = reports.iter().filter(|it| it.contains(&format!("/{report}_REPORT_")));
        assert_eq!(there.count(), 2, "{reports:#?}");
    }

    // The account without a role is in the run as one that could not be asked.
    let described: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/run.json"))).unwrap();
    assert_eq!(described["frameworks"], json!(["aws-backup"]));
    let summary: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/summary.json"))).unwrap();
    assert!(summary["totals"]["NON_COMPLIANT"].as_u64().unwrap() > 50, "{}", summary["totals"]);
    assert!(summary["totals"]["INSUFFICIENT_DATA"].as_u64().unwrap() > 0, "{}", summary["totals"]);

    // What an auditor downloads is judged to the same bytes by the command line.
    let folder = tempfile::tempdir().unwrap();
    let (got, out) = (folder.path().join("got"), folder.path().join("out"));
    let bucket = stack.output("EvidenceBucket");
    let words = ["report", "get", "latest", "--bucket", &bucket, got.to_str().unwrap(), "--inventory"];
    let report = stack.aws.backproof(MANAGEMENT, &words);
    assert_eq!(report.status, 0, "{}", report.stderr);
    let at = summary["evaluationTime"].as_str().unwrap();
    let inventory = got.join("inventory");
    let words =
        ["audit", inventory.to_str().unwrap(), "--at", at, "--out", out.to_str().unwrap(), "--no-ledger"];
    let audit = stack.aws.backproof(MANAGEMENT, &words);
    assert_eq!(audit.status, 3, "{}", audit.stderr);
    let here = fs::read_to_string(out.join("findings.ndjson")).unwrap();
    assert_eq!(here, stack.object(&format!("runs/{run}/findings.ndjson")));

    // Every violation of the run is in the ledger, and the alert counts them.
    let violations = summary["totals"]["NON_COMPLIANT"].as_u64().unwrap();
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["new"], violations, "{alert}");
    let listed = stack.violations(&["list", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len() as u64, violations);

    // Nothing changed, so nobody is told again.
    let again = stack.run_well();
    assert_ne!(again, run);
    assert_eq!(stack.alerts(), Vec::<Value>::new());
}

#[test]
fn a_unit_that_fails_for_good_is_in_the_report_the_alert_and_the_failure_queue() {
    let accounts = format!("{MANAGEMENT},{PRODUCTION}");
    let stack = Stack::deploy(&[
        ("Accounts", &accounts),
        ("Regions", REGION),
        ("AssumeRoleName", "backproof-read"),
        ("ExternalId", "external-4711"),
        ("Rate", "100"),
    ]);
    make_role(&stack, PRODUCTION);
    // The plan can assume the role, and the sweep cannot any more.
    stack.aws.set_faults(&json!([{ "operation": "sts.assume-role", "effect": "deny", "after": 1 }]));
    let run = stack.run_well();
    let failure = stack.object(&format!("runs/{run}/failures/{PRODUCTION}/{REGION}.json"));
    let failure: Value = serde_json::from_str(&failure).unwrap();
    assert_eq!(failure["Error"], "Backproof.Denied");
    let failures = stack.failures();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    assert_eq!((&failures[0]["failed"], &failures[0]["account"]), (&json!("sweep"), &json!(PRODUCTION)));
    let summary: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/summary.json"))).unwrap();
    let failed = &summary["byAccount"][PRODUCTION];
    assert!(failed["INSUFFICIENT_DATA"].as_u64().unwrap() > 0, "{failed}");
    assert_eq!((&failed["COMPLIANT"], &failed["NON_COMPLIANT"]), (&json!(0), &json!(0)));
    assert!(summary["byAccount"][MANAGEMENT]["COMPLIANT"].as_u64().unwrap() > 0);
    let alert = stack.one_alert();
    let told = alert.to_string();
    assert!(told.contains(PRODUCTION) && told.contains("Backproof.Denied"), "{told}");
}

#[test]
fn the_schedule_starts_a_run_in_which_custom_controls_are_pinned_and_a_broken_one_is_told_of_while_the_others_judge()
 {
    let stack = Stack::deploy(&[
        ("Regions", REGION),
        ("Rate", "100"),
        ("ConfigPrefix", "ours/"),
        ("Schedule", "rate(1 minute)"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let controls = folder.path().join("controls");
    for name in ["OUR_RULE", "OUR_BROKEN_RULE"] {
        let made = stack
            .aws
            .backproof(MANAGEMENT, &["controls", "new", name, "--controls", controls.to_str().unwrap()]);
        assert_eq!(made.status, 0, "{}", made.stderr);
    }
    fs::write(controls.join("our-broken-rule/control.cedar"), "permit (principal, action").unwrap();
    for (path, content) in tree(folder.path()) {
        let body = String::from_utf8(content).unwrap();
        let object =
            json!({ "Bucket": stack.output("ConfigBucket"), "Key": format!("ours/{path}"), "Body": body });
        stack.call("s3", "put-object", object);
    }
    // Nobody starts it but the schedule.
    let executions = json!({ "stateMachineArn": stack.output("StateMachine"), "statusFilter": "SUCCEEDED" });
    let run = stack.wait_for("the schedule's run ends", || {
        let listed = stack.call("stepfunctions", "list-executions", executions.clone());
        let execution = json!({ "executionArn": listed["executions"][0].get("executionArn")? });
        let told = stack.call("stepfunctions", "describe-execution", execution);
        let output: Value = serde_json::from_str(told["output"].as_str()?).unwrap();
        Some(output["run"].as_str().unwrap().to_owned())
    });
    let described: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/run.json"))).unwrap();
    let pinned: Vec<&str> =
        described["custom"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert!(
        pinned.contains(&"our-rule/control.cedar") && pinned.contains(&"our-broken-rule/control.cedar"),
        "{pinned:?}"
    );
    let summary: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/summary.json"))).unwrap();
    let frameworks: Vec<&str> =
        summary["frameworks"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(frameworks, ["aws_backup", "custom_controls"]);
    let judged = &summary["frameworks"][1]["controls"];
    assert_eq!(judged.as_array().unwrap().len(), 1, "{judged}");
    assert_eq!(judged[0]["control"], "OUR_RULE");
    assert!(summary["problems"].to_string().contains("OUR_BROKEN_RULE"), "{}", summary["problems"]);
    let alert = stack.one_alert();
    assert_eq!(alert["counts"]["broken"], 1, "{alert:#}");
    let told = alert["broken"].to_string();
    assert!(told.contains("OUR_BROKEN_RULE") && !told.contains("backproof/"), "{told}");
}

#[test]
fn what_was_garbled_decides_nothing_and_what_was_changed_afterwards_is_not_published() {
    let stack = Stack::deploy(&[("Regions", REGION), ("Rate", "100")]);
    stack.aws.set_faults(&json!([{
        "operation": "backup.list-backup-vaults", "effect": "garble", "how": "truncated",
    }]));
    let run = stack.run_well();
    let summary: Value = serde_json::from_str(&stack.object(&format!("runs/{run}/summary.json"))).unwrap();
    let controls = summary["frameworks"][0]["controls"].as_array().unwrap();
    let of_vaults = |it: &&Value| it["control"] == "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED";
    let judged = controls.iter().find(of_vaults).unwrap();
    assert_eq!(judged["status"], "INSUFFICIENT_DATA", "{judged}");
    assert_eq!((&judged["totals"]["COMPLIANT"], &judged["totals"]["NON_COMPLIANT"]), (&json!(0), &json!(0)));

    stack.alerts();
    let (latest, history) =
        (stack.object("latest.json"), stack.violations(&["history", "--format", "json"]).stdout);
    let key = format!("runs/{run}/inventory/{MANAGEMENT}/{REGION}.tar.gz");
    stack.call(
        "s3",
        "put-object",
        json!({ "Bucket": stack.output("EvidenceBucket"), "Key": key, "Body": "else" }),
    );
    let publish = json!({
        "FunctionName": stack.output("PublishFunction"), "Payload": json!({ "run": run }).to_string(),
    });
    let failed = stack.call("lambda", "invoke", publish);
    assert!(failed["FunctionError"].is_string(), "{failed}");
    let told = failed["Payload"].as_str().unwrap();
    assert!(told.contains("Backproof.Internal") && told.contains(&key), "{told}");
    assert_eq!(stack.object("latest.json"), latest);
    assert_eq!(stack.violations(&["history", "--format", "json"]).stdout, history);
    assert_eq!(stack.alerts(), Vec::<Value>::new());
}
