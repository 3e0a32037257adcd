//! To whom an action is denied, and what AWS's own rule makes of the same policy.

use super::super::{Answer, MANUAL_DELETION_ACTIONS, SENSITIVE_ACTIONS, denied_to, managed_rule_agrees};
use super::{DELETE, VAULT, json, statements};

const GUIDE: &str = "AWS Backup Developer Guide, Vault access policies";
const KEYS: &str = "IAM User Guide, AWS global condition context keys";
const OPERATORS: &str = "IAM User Guide, IAM JSON policy elements: Condition operators";

/// A `Deny` of deletion.
fn deny(rest: &str) -> String {
    let principal = if rest.contains("Principal\":") { "" } else { r#""Principal": "*", "# };
    let resource = if rest.contains("Resource\":") { "" } else { r#""Resource": "*", "# };
    let rest = if rest.is_empty() { String::new() } else { format!(", {rest}") };
    format!(r#"{{"Effect": "Deny", {principal}{resource}"Action": "{DELETE}"{rest}}}"#)
}

fn but(condition: &str) -> String {
    deny(&format!(r#""Condition": {{{condition}}}"#))
}

/// `everyone`, `everyone but …`, `some …`, `nobody` or `undecidable …`, in short.
fn brief(parts: &[String], vault: Option<&str>) -> String {
    let denial = denied_to(&statements(&parts.join(",")), DELETE, vault);
    let value: serde_json::Value = serde_json::from_str(&json(&denial)).unwrap();
    let groups = |name: &str| {
        let groups = value[name].as_array().unwrap().iter().map(|group| {
            let limits = group.as_array().unwrap().iter().map(|limit| {
                let key = limit["key"].as_str().unwrap().trim_start_matches("aws:");
                format!(
                    "{key}={}",
                    limit["value"].as_str().unwrap().replace("arn:aws:iam::111122223333:", "~")
                )
            });
            limits.collect::<Vec<_>>().join(" & ")
        });
        groups.collect::<Vec<_>>().join(", ")
    };
    match value["to"].as_str().unwrap() {
        "everyoneBut" => format!("everyone but {}", groups("exempt")),
        "some" => format!("some {}", groups("who")),
        "undecidable" => format!(
            "undecidable {}",
            value["dependsOn"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        ),
        other => other.to_owned(),
    }
}

fn check(parts: &[String], expected: &str, source: &str) {
    assert_eq!(brief(parts, None), expected, "{parts:#?}: {source}");
}

#[test]
fn one_statement_denies_everyone_some_or_nobody() {
    check(&[], "nobody", "nothing is said");
    check(&[deny("")], "everyone", GUIDE);
    check(&[deny(r#""Principal": {"AWS": "*"}"#)], "everyone", GUIDE);
    check(&[deny(r#""Principal": {"AWS": ["*"]}"#)], "everyone", GUIDE);
    check(&[deny("").replace("Deny", "Allow")], "nobody", "an Allow denies nothing");
    check(&[deny("").replace("DeleteRecoveryPoint", "DeleteBackupVault")], "nobody", "another action");
    check(&[deny("").replace("\"Action\"", "\"NotAction\"")], "nobody", "every action but this");
    check(
        &[deny("")
            .replace(r#""Action": "backup:DeleteRecoveryPoint""#, r#""NotAction": "backup:StartBackupJob""#)],
        "everyone",
        "every action but another",
    );
    check(
        &[deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/MyRole"}"#)],
        "some Principal=~role/MyRole",
        GUIDE,
    );
    check(
        &[deny(r#""Principal": {"AWS": ["111122223333", "arn:aws:iam::444455556666:user/ana"]}"#)],
        "some Principal=111122223333, Principal=arn:aws:iam::444455556666:user/ana",
        GUIDE,
    );
    check(
        &[deny(r#""Principal": {"Federated": "accounts.google.com"}"#)],
        "nobody",
        "no request is made by it",
    );
    check(
        &[deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}"#)],
        "undecidable Principal",
        "not allowed, so not documented",
    );
    check(
        &[but(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/dev-*"}"#)],
        "some PrincipalArn=~role/dev-*",
        OPERATORS,
    );
    check(
        &[but(
            r#""StringEquals": {"aws:PrincipalAccount": "444455556666"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/dev-*"}"#,
        )],
        "nobody",
        "no role is in two accounts",
    );
}

#[test]
fn exemptions_are_named() {
    for (condition, expected, source) in [
        (
            r#""ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/mys3role", "arn:aws:iam::111122223333:user/shaheer", "arn:aws:iam::111122223333:root"]}"#,
            "everyone but PrincipalArn=~role/mys3role, PrincipalArn=~root, PrincipalArn=~user/shaheer",
            GUIDE,
        ),
        (
            r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin-*"}"#,
            "everyone but PrincipalArn=arn:aws:iam::*:role/admin-*",
            OPERATORS,
        ),
        (
            r#""ArnNotEqualsIfExists": {"aws:PrincipalARN": "arn:aws:iam::111122223333:role/a"}"#,
            "everyone but PrincipalArn=~role/a",
            OPERATORS,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
            "everyone but PrincipalArn=~role/a",
            OPERATORS,
        ),
        (
            r#""StringNotEqualsIgnoreCase": {"aws:PrincipalArn": "arn:aws:iam::111122223333:ROLE/a"}"#,
            "everyone but PrincipalArn=~ROLE/a",
            OPERATORS,
        ),
        (
            r#""StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}"#,
            "everyone but PrincipalArn=~role/a*",
            OPERATORS,
        ),
        (
            r#""ForAllValues:ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
            "everyone but PrincipalArn=~role/a",
            OPERATORS,
        ),
        (
            r#""ForAnyValue:ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
            "everyone but PrincipalArn=~role/a",
            KEYS,
        ),
        (
            r#""StringNotLike": {"aws:userId": ["AROA1234567890EXAMPLE:*", "AIDA1234567890EXAMPLE", "111122223333"]}"#,
            "everyone but userid=111122223333, userid=AIDA1234567890EXAMPLE, userid=AROA1234567890EXAMPLE:*",
            GUIDE,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone but PrincipalAccount=111122223333",
            KEYS,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#,
            "everyone but PrincipalOrgID=o-a1b2c3d4e5",
            KEYS,
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}"#,
            "everyone but PrincipalOrgID=${aws:ResourceOrgID}",
            KEYS,
        ),
        (
            r#""ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}"#,
            "everyone but PrincipalOrgPaths=o-a1b2c3d4e5/*",
            KEYS,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalTag/role": "backup-admin"}"#,
            "everyone but PrincipalTag/role=backup-admin",
            KEYS,
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:PrincipalServiceName": "backup.amazonaws.com"}"#,
            "everyone but PrincipalServiceName=backup.amazonaws.com",
            "IAM User Guide, NotPrincipal",
        ),
        (
            r#""BoolIfExists": {"aws:PrincipalIsAWSService": "false"}"#,
            "everyone but PrincipalIsAWSService=true",
            KEYS,
        ),
        (
            r#""Null": {"aws:PrincipalTag/role": "true"}"#,
            "everyone but PrincipalTag/role=true",
            "whoever has the tag is exempt",
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}"#,
            "everyone but PrincipalIsAWSService=true, PrincipalOrgID=o-1",
            "both conditions must hold, so each exempts",
        ),
    ] {
        check(&[but(condition)], expected, source);
    }
}

#[test]
fn what_exempts_nobody_or_everybody_is_seen_through() {
    for (condition, expected, source) in [
        (
            r#""StringNotEquals": {"aws:userId": "AROA1234567890EXAMPLE:*"}"#,
            "everyone",
            "a star is a letter here, and no unique id has one",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#,
            "everyone",
            "a star is a letter here, and no role's name has one",
        ),
        (
            r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/Admin/*"}"#,
            "everyone",
            KEYS,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalAccount": "arn:aws:iam::111122223333:root"}"#,
            "everyone",
            "an account id is 12 digits",
        ),
        (r#""Null": {"aws:PrincipalArn": "false"}"#, "everyone", "every signed request has it"),
        (r#""Null": {"aws:PrincipalArn": "true"}"#, "nobody", "every signed request has it"),
        (r#""StringLike": {"aws:PrincipalArn": "*"}"#, "everyone", OPERATORS),
        (r#""StringNotLike": {"aws:PrincipalArn": "*"}"#, "nobody", OPERATORS),
        (r#""StringNotLike": {"aws:PrincipalAccount": "*"}"#, "nobody", OPERATORS),
        (r#""StringNotLike": {"aws:userid": "*"}"#, "nobody", OPERATORS),
        (
            r#""StringNotLike": {"aws:PrincipalOrgID": "*"}"#,
            "everyone but PrincipalOrgID=*",
            "an account may be in no organization",
        ),
        (r#""Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}"#, "everyone", OPERATORS),
        (
            r#""StringEquals": {"aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/Admin/ana"}"#,
            "nobody",
            KEYS,
        ),
    ] {
        check(&[but(condition)], expected, source);
    }
}

#[test]
fn a_condition_on_something_else_is_not_everyone() {
    for (condition, expected) in [
        (r#""Bool": {"aws:MultiFactorAuthPresent": "false"}"#, "undecidable aws:MultiFactorAuthPresent"),
        (r#""StringEquals": {"aws:RequestedRegion": "eu-west-1"}"#, "undecidable aws:RequestedRegion"),
        (r#""NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#, "undecidable aws:SourceIp"),
        (
            r#""DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}, "ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
            "undecidable aws:CurrentTime",
        ),
        (
            r#""StringNotMatches": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
            "undecidable aws:PrincipalArn",
        ),
        (r#""ArnNotEquals": {"aws:PrincipalArn": []}"#, "undecidable aws:PrincipalArn"),
        (r#""ArnNotEquals": {"acme:Key": "x"}"#, "undecidable acme:Key"),
        (r#""StringNotLike": {"aws:PrincipalOrgPaths": "o-1/*"}"#, "undecidable aws:PrincipalOrgPaths"),
        (
            r#""ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-1/*"}"#,
            "undecidable aws:PrincipalOrgPaths",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/a"}"#,
            "undecidable aws:ResourceAccount",
        ),
        (
            r#""BoolIfExists": {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"}"#,
            "undecidable aws:ViaAWSService",
        ),
    ] {
        check(&[but(condition)], expected, "denied only when the condition holds");
    }
    let mfa = but(r#""Bool": {"aws:MultiFactorAuthPresent": "false"}"#);
    check(&[mfa.clone(), deny("")], "everyone", "the other statement has no condition");
    let but_a = but(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#);
    check(&[mfa.clone(), but_a], "everyone but PrincipalArn=~role/a", "the other statement is certain");
    let role = deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}"#);
    check(&[mfa, role.clone()], "undecidable aws:MultiFactorAuthPresent", "more than the role may be denied");
    let role_mfa = deny(
        r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/b"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
    );
    check(&[role, role_mfa], "some Principal=~role/a", "whatever holds, it is denied to some");
}

#[test]
fn denials_add_up() {
    let arns = |names: &[&str]| {
        let list: Vec<String> =
            names.iter().map(|name| format!(r#""arn:aws:iam::111122223333:{name}""#)).collect();
        but(&format!(r#""ArnNotLike": {{"aws:PrincipalArn": [{}]}}"#, list.join(",")))
    };
    check(&[arns(&["role/a"]), arns(&["role/b"])], "everyone", "nobody is in both lists");
    check(
        &[arns(&["role/a", "role/b"]), arns(&["role/b", "role/c"])],
        "everyone but PrincipalArn=~role/b",
        "one role is in both lists",
    );
    check(
        &[arns(&["role/*"]), arns(&["role/b"])],
        "everyone but PrincipalArn=~role/b",
        "the narrower one stays",
    );
    check(
        &[arns(&["role/a*"]), arns(&["role/*b"])],
        "everyone but PrincipalArn=~role/*b & PrincipalArn=~role/a*",
        "a role may match both",
    );
    check(&[arns(&["role/a*"]), arns(&["role/b*"])], "everyone", "no role matches both");
    check(&[arns(&["user/*"]), arns(&["role/*"])], "everyone", "no principal is both");
    check(
        &[arns(&["role/a"]), but(r#""StringNotEquals": {"aws:PrincipalAccount": "444455556666"}"#)],
        "everyone",
        "the role is in another account",
    );
    check(
        &[arns(&["role/a"]), but(r#""StringNotEquals": {"aws:PrincipalAccount": "111122223333"}"#)],
        "everyone but PrincipalArn=~role/a",
        "the role is in the account",
    );
    check(
        &[arns(&["role/a"]), but(r#""StringNotLike": {"aws:userid": "AROA1234567890EXAMPLE:*"}"#)],
        "everyone but PrincipalArn=~role/a & userid=AROA1234567890EXAMPLE:*",
        "an id does not tell its ARN",
    );
    check(
        &[arns(&["role/a"]), deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}"#)],
        "everyone",
        "the exempted role is denied by itself",
    );
    check(
        &[arns(&["role/a", "role/b"]), deny(r#""Principal": {"AWS": "111122223333"}"#)],
        "everyone",
        "the account of the exempted roles is denied",
    );
    check(
        &[
            arns(&["role/a"]),
            but(r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/a"}"#),
        ],
        "everyone but PrincipalArn=arn:aws:iam::${aws:ResourceAccount}:role/a & PrincipalArn=~role/a",
        "the variable may mean another account",
    );
    let root = but(r#""StringNotEquals": {"aws:userid": "111122223333"}"#);
    check(
        &[root.clone(), deny(r#""Principal": {"AWS": "111122223333"}"#)],
        "everyone",
        "the exempt id is the root user of the account that is denied",
    );
    check(
        &[root, but(r#""StringNotEquals": {"aws:PrincipalAccount": "444455556666"}"#)],
        "everyone",
        "the exempt root user is in another account",
    );
    let path =
        |path: &str| but(&format!(r#""ForAllValues:StringNotLike": {{"aws:PrincipalOrgPaths": "{path}"}}"#));
    check(
        &[path("o-1/*"), path("o-2/*")],
        "everyone but PrincipalOrgPaths=o-1/* & PrincipalOrgPaths=o-2/*",
        "the key may have several values",
    );
    check(
        &[arns(&["role/a"]), deny(r#""NotPrincipal": {"AWS": "arn:aws-cn:iam::111122223333:root"}"#)],
        "everyone",
        "partitions share nothing",
    );
    check(
        &[arns(&["role/a"]), deny(r#""Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}"#)],
        "everyone but PrincipalArn=~role/a",
        "an account of another partition",
    );
    check(
        &[arns(&["role/a*"]), deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/a1"}"#)],
        "everyone but PrincipalArn=~role/a*",
        "only one of the exempted roles is denied",
    );
    check(
        &[
            arns(&["role/a"]),
            deny(
                r#""Principal": {"AWS": "111122223333"}, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}"#,
            ),
        ],
        "everyone but PrincipalArn=~role/a",
        "both exempt it",
    );
}

#[test]
fn not_principal_exempts_at_most_what_it_lists() {
    check(
        &[deny(r#""NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:role/a", "111122223333"]}"#)],
        "everyone but NotPrincipal=111122223333, NotPrincipal=~role/a",
        "IAM User Guide, NotPrincipal",
    );
    check(
        &[deny(r#""NotPrincipal": {"Service": "backup.amazonaws.com"}"#)],
        "everyone but NotPrincipal=backup.amazonaws.com",
        "IAM User Guide, NotPrincipal",
    );
    check(
        &[deny(r#""NotPrincipal": "*""#)],
        "undecidable iam:PermissionsBoundary",
        "a principal with a boundary is denied all the same",
    );
    check(
        &[
            deny(r#""NotPrincipal": {"AWS": "111122223333"}"#),
            deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#),
        ],
        "everyone",
        "the spared account is denied",
    );
}

/// AWS Backup Developer Guide, Vault access policies: other accounts' requests are rejected, copies aside.
#[test]
fn the_vaults_account_is_everyone() {
    let own = deny(r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#);
    assert_eq!(brief(std::slice::from_ref(&own), Some(VAULT)), "everyone");
    assert_eq!(brief(std::slice::from_ref(&own), None), "some Principal=~root");
    assert_eq!(
        brief(&[own.replace("111122223333", "444455556666")], Some(VAULT)),
        "some Principal=arn:aws:iam::444455556666:root"
    );
    assert_eq!(
        brief(&[but(r#""StringEquals": {"aws:PrincipalAccount": "111122223333"}"#)], Some(VAULT)),
        "everyone"
    );
    assert_eq!(
        brief(&[but(r#""StringNotEquals": {"aws:PrincipalAccount": "111122223333"}"#)], Some(VAULT)),
        "everyone but PrincipalAccount=111122223333"
    );
    let variable = but(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/a"}"#);
    assert_eq!(
        brief(&[variable], Some(VAULT)),
        "some PrincipalArn=arn:aws:iam::${aws:PrincipalAccount}:role/a"
    );
    let copy = statements(&own.replace("DeleteRecoveryPoint", "CopyIntoBackupVault"));
    assert!(
        json(&denied_to(&copy, "backup:CopyIntoBackupVault", Some(VAULT))).starts_with(r#"{"to":"some""#)
    );
}

/// Service Authorization Reference, Actions, resources, and condition keys for AWS Backup.
#[test]
fn a_resource_that_is_not_all_is_not_all() {
    for (resource, expected) in [
        (r#""Resource": "*""#, "everyone"),
        (r#""Resource": ["*"]"#, "everyone"),
        (r#""Resource": "arn:aws:*:*:*:*""#, "everyone"),
        (r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#, "undecidable Resource"),
        (r#""Resource": "arn:aws:backup:*:*:recovery-point:*""#, "undecidable Resource"),
        (r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#, "nobody"),
        (r#""Resource": "arn:aws:ec2:us-east-1::snapshot/*""#, "nobody"),
        (r#""NotResource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#, "everyone"),
        (r#""NotResource": "arn:aws:ec2:*:*:snapshot/*""#, "undecidable Resource"),
    ] {
        assert_eq!(brief(&[deny(resource)], Some(VAULT)), expected, "{resource}");
    }
    let vault = r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#;
    let named = statements(&deny(vault).replace("DeleteRecoveryPoint", "PutBackupVaultAccessPolicy"));
    for (arn, expected) in [
        (Some(VAULT), r#"{"to":"everyone","statements":[0]}"#),
        (
            Some("arn:aws:backup:eu-west-1:111122223333:backup-vault:test"),
            r#"{"to":"nobody","statements":[]}"#,
        ),
        (None, r#"{"to":"undecidable","dependsOn":["Resource"],"statements":[0]}"#),
    ] {
        assert_eq!(json(&denied_to(&named, "backup:PutBackupVaultAccessPolicy", arn)), expected, "{arn:?}");
    }
}

#[test]
fn the_answer_names_its_statements() {
    let policy = statements(
        r#"{"Sid": "AllowAll", "Effect": "Allow", "Principal": "*", "Action": "backup:*", "Resource": "*"},
           {"Sid": "ButA", "Effect": "Deny", "Principal": "*", "Action": ["backup:DeleteRecoveryPoint", "backup:DeleteBackupVault"], "Resource": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}},
           {"Sid": "OnlyA", "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Action": "backup:DeleteRecoveryPoint", "Resource": "*"},
           {"Sid": "Mfa", "Effect": "Deny", "Principal": "*", "Action": ["backup:DeleteRecoveryPoint", "backup:StartRestoreJob"], "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    );
    for (action, expected) in [
        ("backup:DeleteRecoveryPoint", r#"{"to":"everyone","statements":["ButA","OnlyA"]}"#),
        (
            "backup:DeleteBackupVault",
            r#"{"to":"everyoneBut","exempt":[[{"key":"aws:PrincipalArn","operator":"ArnNotEquals","value":"arn:aws:iam::111122223333:role/a"}]],"statements":["ButA"]}"#,
        ),
        (
            "backup:StartRestoreJob",
            r#"{"to":"undecidable","dependsOn":["aws:MultiFactorAuthPresent"],"statements":["Mfa"]}"#,
        ),
        ("backup:StartCopyJob", r#"{"to":"nobody","statements":[]}"#),
    ] {
        assert_eq!(json(&denied_to(&policy, action, Some(VAULT))), expected);
    }
    let vault_wide = denied_to(&policy, "backup:DeleteBackupVault", None);
    assert_eq!(vault_wide.exempt_principals(), ["arn:aws:iam::111122223333:role/a"]);
}

#[test]
fn only_listed_principals_may_be_exempt() {
    let a = "arn:aws:iam::111122223333:role/a";
    let exempt = |condition: &str| but(condition);
    for (parts, listed, expected) in [
        (vec![deny("")], vec![], Answer::Yes),
        (vec![], vec![], Answer::No),
        (
            vec![exempt(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#)],
            vec![],
            Answer::No,
        ),
        (
            vec![exempt(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#)],
            vec![a],
            Answer::Yes,
        ),
        (
            vec![exempt(r#""StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#)],
            vec![a],
            Answer::Yes,
        ),
        (
            vec![exempt(
                r#""ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/b"]}"#,
            )],
            vec![a],
            Answer::No,
        ),
        (
            vec![exempt(r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}"#)],
            vec![a],
            Answer::No,
        ),
        (
            vec![exempt(r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}"#)],
            vec!["arn:aws:iam::111122223333:role/a*"],
            Answer::Yes,
        ),
        (
            vec![exempt(r#""StringNotLike": {"aws:userid": "AROA1234567890EXAMPLE:*"}"#)],
            vec![a],
            Answer::Unknown,
        ),
        (vec![exempt(r#""StringNotLike": {"aws:userid": "AROA1234567890EXAMPLE:*"}"#)], vec![], Answer::No),
        (
            vec![exempt(r#""StringNotEquals": {"aws:userid": "111122223333"}"#)],
            vec!["arn:aws:iam::111122223333:root"],
            Answer::Yes,
        ),
        (vec![exempt(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-1"}"#)], vec![a], Answer::Unknown),
        (
            vec![exempt(
                r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/a"}"#,
            )],
            vec![a],
            Answer::Unknown,
        ),
        (
            vec![exempt(
                r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/a"}"#,
            )],
            vec![a],
            Answer::Yes,
        ),
        (vec![exempt(r#""Bool": {"aws:MultiFactorAuthPresent": "false"}"#)], vec![], Answer::Unknown),
        (
            vec![exempt(
                r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}"#,
            )],
            vec![],
            Answer::No,
        ),
        (
            vec![deny(
                r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/b"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
            )],
            vec![],
            Answer::No,
        ),
        (
            vec![deny(r#""NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:role/a", "111122223333"]}"#)],
            vec![a],
            Answer::Unknown,
        ),
        (vec![deny(r#""NotPrincipal": {"AWS": "111122223333"}"#)], vec![a], Answer::No),
        (
            vec![exempt(
                r#""ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/a", "${aws:PrincipalTag/arn}"]}"#,
            )],
            vec![],
            Answer::Unknown,
        ),
        // The conditional statement spares the exempt role as well.
        (
            vec![
                exempt(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#),
                deny(
                    r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
                ),
            ],
            vec![],
            Answer::No,
        ),
        // The variable may be the account of the exempt role, which is then denied after all.
        (
            vec![
                exempt(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#),
                exempt(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/a"}"#),
            ],
            vec![],
            Answer::Unknown,
        ),
        // The vault's account may be in the organization, and then it is everyone.
        (vec![exempt(r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}"#)], vec![], Answer::Unknown),
        (vec![exempt(r#""StringEquals": {"aws:PrincipalAccount": "444455556666"}"#)], vec![], Answer::No),
        // Another account's role is exempt, but AWS Backup takes no request to delete from it.
        (
            vec![exempt(r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/a"}"#)],
            vec![],
            Answer::Unknown,
        ),
        (vec![deny(r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#)], vec![], Answer::Unknown),
        (
            vec![deny(r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#)],
            vec![],
            Answer::No,
        ),
    ] {
        let denial = denied_to(&statements(&parts.join(",")), DELETE, Some(VAULT));
        assert_eq!(denial.only_exempts(&listed), expected, "{parts:#?} with {listed:?}");
    }
}

/// AWS Config Developer Guide, backup-recovery-point-manual-deletion-disabled.
#[test]
fn the_managed_rule_wants_one_shape() {
    let a = "arn:aws:iam::111122223333:role/a";
    let actions = r#"["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:PutBackupVaultAccessPolicy"]"#;
    let shape = |rest: &str| {
        format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": {actions}, "Resource": "*"{rest}}}"#)
    };
    let whole = shape("");
    let exempting =
        shape(r#", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}"#);
    let split = MANUAL_DELETION_ACTIONS
        .map(|action| {
            format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": "{action}", "Resource": "*"}}"#)
        })
        .join(",");
    for (text, listed, expected) in [
        (whole.clone(), vec![], true),
        (whole.replace(r#""Principal": "*""#, r#""Principal": {"AWS": "*"}"#), vec![], true),
        (whole.replace("backup:Delete", "BACKUP:delete"), vec![], true),
        (whole.replace(actions, r#""backup:*""#), vec![], false),
        (whole.replace(r#""backup:DeleteRecoveryPoint", "#, ""), vec![], false),
        (whole.replace(r#""Resource": "*""#, r#""Resource": "arn:aws:*:*:*:*""#), vec![], false),
        (whole.replace(r#""Principal": "*""#, r#""Principal": {"AWS": "111122223333"}"#), vec![], false),
        (whole.replace("Deny", "Allow"), vec![], false),
        (split.clone(), vec![], false),
        (exempting.clone(), vec![], false),
        (exempting.clone(), vec![a], true),
        (shape(r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#), vec![a], false),
        (exempting.replace("ArnNot", "ForAllValues:ArnNot"), vec![a], false),
        (whole.replace("Resource", "NotResource"), vec![], false),
        (whole.replace("Principal", "NotPrincipal"), vec![], false),
        (String::new(), vec![], false),
    ] {
        assert_eq!(managed_rule_agrees(&statements(&text), &listed), expected, "{text} with {listed:?}");
    }
    let policy = statements(&split);
    for action in MANUAL_DELETION_ACTIONS {
        assert_eq!(
            denied_to(&policy, action, Some(VAULT)).only_exempts(&[]),
            Answer::Yes,
            "the effect is the same"
        );
    }
}

/// The default policy of `aws/efs/automatic-backup-vault`, as shown in public.
#[test]
fn every_sensitive_action_has_an_answer() {
    let policy = statements(
        r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["backup:DeleteBackupVault", "backup:DeleteBackupVaultAccessPolicy", "backup:DeleteRecoveryPoint", "backup:StartCopyJob", "backup:StartRestoreJob", "backup:UpdateRecoveryPointLifecycle"], "Resource": "*"}"#,
    );
    let denied = SENSITIVE_ACTIONS
        .iter()
        .filter(|action| denied_to(&policy, action, None).only_exempts(&[]) == Answer::Yes);
    assert_eq!(denied.count(), 6);
}
