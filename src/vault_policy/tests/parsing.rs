//! What is read, what is refused with which sentence, and what is only remarked on.

use super::super::{MAX_POLICY_BYTES, VaultPolicyError, parse};
use super::{DELETE, ask, json, policy, statements};

const GRAMMAR: &str = "IAM User Guide, Grammar of the IAM JSON policy language";

/// A statement that is fine but for what replaces the text after `without`.
fn with(element: &str, replacement: &str) -> String {
    let good = [
        ("Effect", r#""Effect": "Deny""#),
        ("Principal", r#""Principal": "*""#),
        ("Action", r#""Action": "backup:DeleteRecoveryPoint""#),
        ("Resource", r#""Resource": "*""#),
        ("Condition", r#""Condition": {}"#),
    ];
    let parts: Vec<&str> = good
        .iter()
        .map(|(name, text)| if *name == element { replacement } else { *text })
        .filter(|text| !text.is_empty())
        .collect();
    format!("{{{}}}", parts.join(", "))
}

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Err(VaultPolicyError::Refused { problems }) => problems,
        other => panic!("{text} gave {other:?}"),
    }
}

#[test]
fn a_broken_statement_is_told_in_a_sentence() {
    for (element, replacement, expected) in [
        ("Effect", "", "statement [0]: `Effect` is missing; allowed are `Allow` and `Deny`"),
        (
            "Effect",
            r#""Effect": "deny""#,
            "statement [0]: `Effect` is `deny`; allowed are `Allow` and `Deny`",
        ),
        (
            "Effect",
            r#""Effect": ["Deny"]"#,
            "statement [0]: `Effect` is a list; allowed are `Allow` and `Deny`",
        ),
        ("Action", "", "statement [0]: it has neither `Action` nor `NotAction`"),
        (
            "Action",
            r#""Action": "backup:A", "NotAction": "backup:B""#,
            "statement [0]: it has both `Action` and `NotAction`; allowed is one of them",
        ),
        ("Action", r#""Action": []"#, "statement [0]: `Action` is an empty list"),
        (
            "Action",
            r#""Action": ["backup:A", 1]"#,
            "statement [0]: `Action` has a number; allowed are strings",
        ),
        (
            "Action",
            r#""Action": "DeleteRecoveryPoint""#,
            "statement [0]: in `Action`, `DeleteRecoveryPoint` is not an action; allowed are `*` and `service:Action`",
        ),
        (
            "Action",
            r#""Action": "back*:DeleteRecoveryPoint""#,
            "statement [0]: in `Action`, `back*:DeleteRecoveryPoint` is not an action; allowed are `*` and `service:Action`",
        ),
        ("Resource", "", "statement [0]: it has neither `Resource` nor `NotResource`"),
        (
            "Resource",
            r#""Resource": "prod""#,
            "statement [0]: in `Resource`, `prod` is not a resource; allowed are `*` and ARNs",
        ),
        (
            "Resource",
            r#""Resource": {"Ref": "Vault"}"#,
            "statement [0]: `Resource` has an object; allowed are strings",
        ),
        ("Principal", "", "statement [0]: it has neither `Principal` nor `NotPrincipal`"),
        (
            "Principal",
            r#""Principal": "*", "NotPrincipal": "*""#,
            "statement [0]: it has both `Principal` and `NotPrincipal`; allowed is one of them",
        ),
        (
            "Principal",
            r#""Principal": "111122223333""#,
            "statement [0]: `Principal` is `111122223333`; allowed are `*` and an object",
        ),
        (
            "Principal",
            r#""Principal": {}"#,
            r#"statement [0]: `Principal` is an empty object; allowed are `*` and an object such as {"AWS": "…"}"#,
        ),
        ("Principal", r#""Principal": {"AWS": []}"#, "statement [0]: `Principal` is an empty list"),
        (
            "Principal",
            r#""Principal": {"Aws": "*"}"#,
            "statement [0]: in `Principal`, `Aws` is not a kind of principal; allowed are `AWS`, `Service`, `Federated` and `CanonicalUser`",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "1111222233334"}"#,
            "statement [0]: in `Principal`, `1111222233334` has 13 digits; an account id has 12",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "arn:aws:iam::1111222233334:root"}"#,
            "statement [0]: in `Principal`, `arn:aws:iam::1111222233334:root` names the account `1111222233334`; an account id has 12 digits",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "arn:gcp:iam::111122223333:root"}"#,
            "statement [0]: in `Principal`, `arn:gcp:iam::111122223333:root` names the partition `gcp`, which AWS does not have",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:group/a"}"#,
            "statement [0]: in `Principal`, `arn:aws:iam::111122223333:group/a` is not the ARN of a principal: allowed are the ARNs of an account's root, a user, a role, a role session and a federated user",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "${aws_iam_role.operator.arn}"}"#,
            "statement [0]: in `Principal`, `${aws_iam_role.operator.arn}` is not a principal: allowed are `*`, an account id of 12 digits, an ARN and a unique id",
        ),
        (
            "Principal",
            r#""Principal": {"Service": "*"}"#,
            "statement [0]: in `Principal`, `*` is not a service: a service principal is `<service>.amazonaws.com`",
        ),
        (
            "Principal",
            r#""Principal": {"AWS": "*", "AWS": "111122223333"}"#,
            "statement [0]: `Principal` has `AWS` more than once",
        ),
        ("Condition", r#""Condition": []"#, "statement [0]: `Condition` is a list; allowed is an object"),
        (
            "Condition",
            r#""Condition": {"Bool": "true"}"#,
            "statement [0]: `Bool` is a string; allowed is an object of condition keys",
        ),
        (
            "Condition",
            r#""Condition": {"Bool": {"aws:SecureTransport": null}}"#,
            "statement [0]: `Bool` `aws:SecureTransport` has null; allowed are strings, numbers and booleans",
        ),
        (
            "Condition",
            r#""Condition": {"Bool": {}, "Bool": {}}"#,
            "statement [0]: `Condition` has `Bool` more than once",
        ),
        (
            "Condition",
            r#""Condition": {"Bool": {"a:b": true, "a:b": false}}"#,
            "statement [0]: `Bool` has `a:b` more than once",
        ),
        ("Condition", r#""Sid": 7"#, "statement [0]: `Sid` is a number; allowed is a string"),
        (
            "Condition",
            r#""Note": "x""#,
            "statement [0] has the unknown element `Note`; allowed are `Sid`, `Effect`, `Principal`, `NotPrincipal`, `Action`, `NotAction`, `Resource`, `NotResource`, `Condition`",
        ),
        ("Condition", r#""Effect": "Allow""#, "statement [0] has `Effect` more than once"),
    ] {
        let text = format!(r#"{{"Statement": [{}]}}"#, with(element, replacement));
        assert_eq!(problems(&text), [expected], "{text}: {GRAMMAR}");
    }
}

/// IAM User Guide, AWS JSON policy elements: NotPrincipal: "must be used with Deny".
#[test]
fn not_principal_goes_with_deny_only() {
    let text = r#"{"Statement": [{"Sid": "Open", "Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}"#;
    assert_eq!(problems(text), ["statement `Open`: `NotPrincipal` is allowed with `Deny` only"]);
}

#[test]
fn a_document_that_is_no_policy_is_told_in_a_sentence() {
    for (text, expected) in [
        (r#"{}"#, "AWS would refuse the policy: the policy has no `Statement`"),
        (
            r#"{"Version": "2012-10-18", "Statement": []}"#,
            "AWS would refuse the policy: `Version` is `2012-10-18`; allowed are `2012-10-17` and `2008-10-17`",
        ),
        (
            r#"{"Version": 1, "Statement": []}"#,
            "AWS would refuse the policy: `Version` is a number; allowed are `2012-10-17` and `2008-10-17`",
        ),
        (
            r#"{"Id": [], "Statement": []}"#,
            "AWS would refuse the policy: `Id` is a list; allowed is a string",
        ),
        (
            r#"{"Statement": "x"}"#,
            "AWS would refuse the policy: statement [0]: it is a string; allowed is an object",
        ),
        (
            r#"{"Statement": [], "Statement": []}"#,
            "AWS would refuse the policy: the policy has `Statement` more than once",
        ),
        (
            r#"{"statement": []}"#,
            "AWS would refuse the policy: the policy has the unknown element `statement`; allowed are `Version`, `Id`, `Statement`; the policy has no `Statement`",
        ),
        (r#"[]"#, "the policy is a list; allowed is an object"),
        (r#"7"#, "the policy is a number; allowed is an object"),
        (r#""[]""#, "the policy is a list; allowed is an object"),
        ("", "the policy is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{\n  \"Statement\": [}\n", "the policy is not JSON: expected value at line 2 column 17"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let found = problems(
        r#"{"Version": "1", "Statement": ["x", {"Sid": "A", "Effect": "Maybe", "Principal": {"AWS": ["1", "2"]}, "Action": "x", "Resource": "y"}]}"#,
    );
    assert_eq!(found.len(), 7, "{found:#?}");
    let many = format!(r#"{{"Statement": [{}]}}"#, vec!["1"; 100].join(","));
    let message = parse(&many).unwrap_err().to_string();
    assert!(
        message.ends_with("statement [19]: it is a number; allowed is an object; and 80 more"),
        "{message}"
    );
}

#[test]
fn size_and_depth_are_bounded() {
    let large = " ".repeat(MAX_POLICY_BYTES + 1);
    assert_eq!(parse(&large), Err(VaultPolicyError::TooLarge { bytes: MAX_POLICY_BYTES + 1 }));
    let deep = format!("{}1{}", r#"{"Statement":"#.repeat(1_000), "}".repeat(1_000));
    assert!(matches!(parse(&deep), Err(VaultPolicyError::NotJson { .. })));
}

#[test]
fn single_values_stand_for_lists() {
    let single = policy(
        r#"{"Statement": {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "backup:DeleteRecoveryPoint", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}}}}"#,
    );
    let lists = policy(
        r#"{"Statement": [{"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": ["backup:DeleteRecoveryPoint"], "Resource": ["*"], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]}"#,
    );
    assert_eq!(single, lists);
    assert_eq!(single.len(), 1);
    assert!(policy(r#"{"Version": "2012-10-17", "Id": "default", "Statement": []}"#).is_empty());
}

/// The shape of `aws backup get-backup-vault-access-policy`, and of the same text quoted once more.
#[test]
fn the_policy_may_be_wrapped_once() {
    let plain = r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}]}"#;
    let quoted = serde_json::to_string(plain).unwrap();
    let response = format!(
        r#"{{"BackupVaultName": "prod", "BackupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod", "Policy": {quoted}}}"#
    );
    let marked = format!("\u{feff}{plain}");
    for text in [&quoted, &response, &marked] {
        assert_eq!(parse(text), parse(plain), "{text}");
    }
    let twice = serde_json::to_string(&quoted).unwrap();
    assert_eq!(parse(&twice).unwrap_err().to_string(), "the policy is a string; allowed is an object");
}

#[test]
fn a_statement_is_named_by_its_sid_where_that_is_unique() {
    let policy = statements(
        r#"{"Sid": "One", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"},
           {"Sid": "Same", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"},
           {"Sid": "Same", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"},
           {"Sid": "", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}"#,
    );
    let decision = ask(&policy, None, DELETE, "");
    assert_eq!(json(&decision), r#"{"decision":"deny","statements":["One",1,2,3],"dependsOn":[]}"#);
}

#[test]
fn what_is_doubtful_is_remarked() {
    for (statement, expected) in [
        (
            with("Action", r#""Action": "backup:*""#),
            "statement [0]: `backup:*` has a wildcard, which AWS Backup does not support in `Action`",
        ),
        (
            with("Action", r#""Action": "s3:DeleteObject""#),
            "statement [0]: `s3:DeleteObject` is not an action of AWS Backup",
        ),
        (
            with("Principal", r#""NotPrincipal": {"AWS": "111122223333"}"#),
            "statement [0]: `NotPrincipal` denies every principal that has a permissions boundary, listed or not",
        ),
        (
            with("Principal", r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}"#),
            "statement [0]: `arn:aws:iam::111122223333:role/*` has a wildcard, which is not allowed within a principal",
        ),
        (
            with("Principal", r#""Principal": {"AWS": "AROA1234567890EXAMPLE"}"#),
            "statement [0]: `AROA1234567890EXAMPLE` is the id of a deleted user or role",
        ),
        (
            with("Principal", r#""Principal": {"Federated": "accounts.google.com"}"#),
            "statement [0]: no request to AWS Backup is made by `accounts.google.com`",
        ),
        (
            with("Condition", r#""Condition": {"StringIs": {"aws:userid": "x"}}"#),
            "statement [0]: `StringIs` is not a condition operator AWS documents",
        ),
        (
            with("Condition", r#""Condition": {"StringEquals": {"aws:userid": []}}"#),
            "statement [0]: the condition on `aws:userid` has no values",
        ),
        (
            with(
                "Condition",
                r#""Condition": {"StringNotEquals": {"aws:userId": "AROA1234567890EXAMPLE:*"}}"#,
            ),
            "statement [0]: `AROA1234567890EXAMPLE:*` is compared letter by letter; wildcards need a `…Like` operator",
        ),
        (
            with(
                "Condition",
                r#""Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/a/b"}}"#,
            ),
            "statement [0]: `aws:PrincipalArn` is the role's ARN in a role session and never `arn:aws:sts::111122223333:assumed-role/a/b`",
        ),
        (
            with("Condition", r#""Condition": {"ArnNotEquals": {"aws:PrincipalArn": "admin"}}"#),
            "statement [0]: `admin` is not an ARN of six parts",
        ),
        (
            with("Condition", r#""Condition": {"StringNotEquals": {"backup:CopyTargets": "x"}}"#),
            "statement [0]: `backup:CopyTargets` can have several values and needs `ForAnyValue:` or `ForAllValues:`",
        ),
        (
            with("Condition", r#""Condition": {"StringEquals": {"aws:userid": "${aws:username}"}}"#),
            "statement [0]: `${aws:username}` is plain text, since variables need `Version` `2012-10-17`",
        ),
        // The guide's own sample for one resource type has a colon too many.
        (
            with("Resource", r#""Resource": ["arn:aws:ec2::eu-west-1::snapshot/*"]"#),
            "statement [0]: `backup:DeleteRecoveryPoint` is not an action on what `Resource` names, so it is not affected",
        ),
        (
            with("Resource", r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#),
            "statement [0]: `backup:DeleteRecoveryPoint` is not an action on what `Resource` names, so it is not affected",
        ),
    ] {
        let text = format!(r#"{{"Statement": [{statement}]}}"#);
        let found: Vec<String> = policy(&text).remarks().iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected], "{text}");
    }
    let template = statements(&with(
        "Condition",
        r#""Condition": {"StringEquals": {"aws:PrincipalOrgID": "${var.org_id}"}}"#,
    ));
    assert_eq!(template.remarks()[0].to_string(), "statement [0]: `${var.org_id}` is not a policy variable");
    let listed =
        statements(&with("Principal", r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/a"}"#));
    assert_eq!(
        listed.remarks()[1].to_string(),
        "statement [0]: `NotPrincipal` lists `arn:aws:iam::111122223333:role/a` without its account and may deny it all the same"
    );
}

#[test]
fn an_ordinary_policy_has_no_remarks() {
    let policy = statements(
        r#"{"Sid": "allow copies", "Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
           {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["backup:DeleteRecoveryPoint"], "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}"#,
    );
    assert_eq!(policy.remarks(), []);
}
