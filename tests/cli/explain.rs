//! `explain`: its stable JSON forms, and what it says of odd input.

use std::fs;

use serde_json::{Value, json};

use super::backproof;

fn json_of(arguments: &[&str]) -> Value {
    let run = backproof(arguments);
    assert_eq!(run.status, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn schedules() {
    let explain = |expression: &str, more: &[&str]| {
        let mut arguments =
            vec!["explain", "schedule", expression, "--json", "--from", "2026-03-01T00:00:00Z"];
        arguments.extend(more);
        json_of(&arguments)
    };
    assert_eq!(
        explain("cron(0 13/12 ? * * *)", &["--timezone", "Europe/Berlin", "--count", "1"]),
        json!({ "next": ["2026-03-01T12:00:00Z"], "longestGapHours": 24 })
    );
    assert_eq!(explain("cron(0 5 ? * * 2020)", &[]), json!({ "next": [], "longestGapHours": null }));
    for (expression, said) in [
        ("rate(1 day)", "which AWS Backup refuses"),
        ("cron(0 5 * * *)", "fields"),
        ("cron(0 5 1 * MON *)", "day"),
        ("cron(0 5 ? * * *", "cron("),
        ("", "cron("),
    ] {
        let told = explain(expression, &[]);
        assert_eq!(told["longestGapHours"], Value::Null);
        assert!(told["problem"].as_str().unwrap().contains(said), "{expression}: {told}");
    }
    let told = explain("cron(0 5 ? * * *)", &["--timezone", "Europe/Atlantis"]);
    assert!(told["problem"].as_str().unwrap().contains("`Europe/Atlantis`"), "{told}");
}

#[test]
fn coverage() {
    let explain = |arn: &str| json_of(&["explain", "coverage", "examples/acme", arn, "--json"]);
    let covered = explain("arn:aws:dynamodb:eu-west-1:222233334444:table/customers");
    assert_eq!(covered["covered"], true);
    assert_eq!(covered["by"][0]["planName"], "prod-daily");
    assert_eq!(covered["by"][0]["via"], json!({ "clause": "listOfTags", "key": "backup", "value": "daily" }));
    let not = explain("arn:aws:dynamodb:eu-west-1:444455556666:table/ab-tests");
    assert_eq!(not["covered"], false);
    assert_eq!(not["nearest"][0]["planName"], "experiments-nightly");
    assert_eq!(not["nearest"][0]["failed"]["reason"], "optIn");
    let unknown = explain("arn:aws:ec2:eu-north-1:999988887777:volume/vol-1");
    assert_eq!(unknown["covered"], Value::Null, "nobody looked there");
    let run = backproof(&["explain", "coverage", "examples/acme", "not-an-arn"]);
    assert_eq!(run.status, 1);
}

#[test]
fn vault_policies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Sid": "NoDeletion", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint",
        "Resource": "*", "Condition": { "ArnNotEquals": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/BreakGlass" } } } });
    // As `aws backup get-backup-vault-access-policy` prints it.
    fs::write(&file, json!({ "BackupVaultName": "v", "Policy": policy.to_string() }).to_string()).unwrap();
    let explain = |more: &[&str]| {
        let mut arguments = vec!["explain", "vault-policy", file.to_str().unwrap(), "--json"];
        arguments.extend(more);
        json_of(&arguments)
    };
    let action = ["--action", "backup:DeleteRecoveryPoint"];
    let asked = |principal: &str| explain(&[action[0], action[1], "--principal", principal]);
    let denied = json!({ "decision": "deny", "statements": ["NoDeletion"], "dependsOn": [] });
    assert_eq!(asked("arn:aws:iam::111122223333:role/Admin"), denied);
    assert_eq!(asked("arn:aws:iam::111122223333:role/BreakGlass")["decision"], "none");
    let open = explain(&action);
    assert_eq!(open["decision"], "undecided");
    assert_eq!(open["dependsOn"], json!(["aws:PrincipalArn"]));
    assert_eq!(explain(&[])["denials"][0]["to"], "everyoneBut");
    for broken in [
        "",
        "[]",
        "{",
        r#"{"Statement":"x"}"#,
        r#"{"Statement":[{"Effect":"Allow","NotPrincipal":"*","Action":"backup:*","Resource":"*"}]}"#,
    ] {
        fs::write(&file, broken).unwrap();
        let run = backproof(&["explain", "vault-policy", file.to_str().unwrap()]);
        assert_eq!(run.status, 1, "{broken}");
        assert!(run.stderr.contains("cannot be read: "), "{broken}: {}", run.stderr);
    }
}
