//! Who outside the account may copy into the vault.

use super::super::{OutsideCopy, open_to_outside};
use super::{json, statements};

const HOME: &str = "111122223333";
const GUIDE: &str = "AWS Backup Developer Guide, Vault access policies";
const KEYS: &str = "IAM User Guide, AWS global condition context keys";
const SETS: &str = "IAM User Guide, Single-valued vs. multivalued context keys";

fn allow(principal: &str, rest: &str) -> String {
    let resource = if rest.contains("Resource\":") { "" } else { r#""Resource": "*", "# };
    let rest = if rest.is_empty() { String::new() } else { format!(", {rest}") };
    format!(
        r#"{{"Effect": "Allow", "Principal": {principal}, {resource}"Action": "backup:CopyIntoBackupVault"{rest}}}"#
    )
}

fn when(principal: &str, condition: &str) -> String {
    allow(principal, &format!(r#""Condition": {{{condition}}}"#))
}

fn brief(parts: &[String]) -> String {
    let copies = open_to_outside(&statements(&parts.join(",")), HOME);
    let one = |copy: &OutsideCopy| {
        let limits: Vec<String> = copy
            .who
            .limits
            .iter()
            .map(|limit| format!("{}={}", limit.key.trim_start_matches("aws:"), limit.value))
            .collect();
        let mut text = json(&copy.reach).replace('"', "");
        if !limits.is_empty() {
            text = format!("{text} {}", limits.join(" & "));
        }
        if !copy.depends_on.is_empty() {
            text = format!("{text} if {}", copy.depends_on.join(" "));
        }
        text
    };
    copies.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn check(parts: &[String], expected: &str, source: &str) {
    assert_eq!(brief(parts), expected, "{parts:#?}: {source}");
}

#[test]
fn an_allowance_reaches_as_far_as_its_limits() {
    for (part, expected, source) in [
        (allow(r#""*""#, ""), "anyone", GUIDE),
        (allow(r#"{"AWS": "*"}"#, ""), "anyone", GUIDE),
        (allow(r#"{"AWS": "444455556666"}"#, ""), "account Principal=444455556666", GUIDE),
        (
            allow(r#"{"AWS": "arn:aws:iam::444455556666:root"}"#, ""),
            "account Principal=arn:aws:iam::444455556666:root",
            GUIDE,
        ),
        (
            allow(r#"{"AWS": ["111122223333", "arn:aws:iam::111122223333:role/a"]}"#, ""),
            "",
            "the account itself is not outside",
        ),
        (
            allow(r#"{"AWS": "arn:aws:iam::444455556666:role/a"}"#, ""),
            "principal Principal=arn:aws:iam::444455556666:role/a",
            GUIDE,
        ),
        (
            allow(r#"{"Service": "backup.amazonaws.com"}"#, ""),
            "service Principal=backup.amazonaws.com",
            GUIDE,
        ),
        (
            when(r#""*""#, r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#),
            "organization PrincipalOrgID=o-a1b2c3d4e5",
            KEYS,
        ),
        (
            when(r#""*""#, r#""StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-zzzzzzzzzz"]}"#),
            "organization PrincipalOrgID=o-a1b2c3d4e5, organization PrincipalOrgID=o-zzzzzzzzzz",
            KEYS,
        ),
        (
            when(
                r#""*""#,
                r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}"#,
            ),
            "organization PrincipalOrgPaths=o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*",
            KEYS,
        ),
        (
            when(r#""*""#, r#""StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}"#),
            "account PrincipalAccount=444455556666",
            KEYS,
        ),
        (when(r#""*""#, r#""StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}"#), "", KEYS),
        (
            when(r#""*""#, r#""StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}"#),
            "organization PrincipalOrgID=${aws:ResourceOrgID} if aws:ResourceOrgID",
            KEYS,
        ),
        (
            when(
                r#""*""#,
                r#""StringEquals": {"aws:PrincipalOrgID": "o-1"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BackupRole"}"#,
            ),
            "organization PrincipalArn=arn:aws:iam::*:role/BackupRole & PrincipalOrgID=o-1",
            KEYS,
        ),
        (
            when(r#""*""#, r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BackupRole"}"#),
            "anyone PrincipalArn=arn:aws:iam::*:role/BackupRole",
            "anyone can name a role so",
        ),
        (
            when(r#""*""#, r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#),
            "",
            "roles of the account",
        ),
        (
            when(r#""*""#, r#""StringEquals": {"aws:PrincipalTag/backup": "yes"}"#),
            "anyone PrincipalTag/backup=yes",
            "anyone can tag a role so",
        ),
        (
            when(r#""*""#, r#""StringNotEquals": {"aws:PrincipalAccount": "444455556666"}"#),
            "anyone",
            "all but one is anyone",
        ),
        (
            when(
                r#"{"AWS": ["444455556666", "777788889999"]}"#,
                r#""StringNotEquals": {"aws:PrincipalAccount": "444455556666"}"#,
            ),
            "account Principal=777788889999",
            "one of two is taken off",
        ),
        (
            when(r#"{"AWS": "444455556666"}"#, r#""StringEquals": {"aws:PrincipalAccount": "777788889999"}"#),
            "",
            "nobody is in both",
        ),
    ] {
        check(&[part], expected, source);
    }
}

#[test]
fn limits_that_do_not_limit_are_seen_through() {
    for (condition, expected, source) in [
        (
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}"#,
            "anyone",
            "an account outside any organization has no such key",
        ),
        (
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "Null": {"aws:PrincipalOrgID": "false"}"#,
            "organization PrincipalOrgID=o-1",
            "the key is required",
        ),
        (
            r#""ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}"#,
            "anyone if aws:PrincipalOrgPaths",
            SETS,
        ),
        (
            r#""ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}, "Null": {"aws:PrincipalOrgPaths": "false"}"#,
            "organization PrincipalOrgPaths=o-1/* if aws:PrincipalOrgPaths",
            SETS,
        ),
        (r#""StringLike": {"aws:PrincipalOrgID": "o-*"}"#, "anyone PrincipalOrgID=o-*", "any organization"),
        (r#""StringLike": {"aws:PrincipalOrgID": "*"}"#, "anyone PrincipalOrgID=*", "any organization"),
        (r#""StringEquals": {"aws:PrincipalOrgID": "o-*"}"#, "", "a star is a letter here: nobody matches"),
        (r#""Null": {"aws:PrincipalOrgID": "false"}"#, "anyone PrincipalOrgID=false", "any organization"),
        (r#""StringLike": {"aws:PrincipalAccount": "*"}"#, "anyone", "any account"),
        (
            r#""StringEquals": {"aws:SourceAccount": "444455556666"}"#,
            "anyone if aws:SourceAccount",
            "not a property of the caller",
        ),
        (
            r#""StringEquals": {"backup:CopySourceRegion": "eu-west-1"}"#,
            "anyone if backup:CopySourceRegion",
            "AWS lists no such key",
        ),
        (r#""StringIs": {"aws:PrincipalOrgID": "o-1"}"#, "anyone if aws:PrincipalOrgID", "no such operator"),
        (
            r#""StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}"#,
            "anyone if aws:PrincipalOrgPaths",
            "not documented without a set operator",
        ),
    ] {
        check(&[when(r#""*""#, condition)], expected, source);
    }
}

#[test]
fn what_is_denied_is_not_open() {
    let open = allow(r#""*""#, "");
    let deny = |condition: &str| when(r#""*""#, condition).replace("Allow", "Deny");
    check(&[open.clone(), allow(r#""*""#, "").replace("Allow", "Deny")], "", "denied to everyone");
    check(
        &[open.clone(), deny(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-1"}"#)],
        "organization PrincipalOrgID=o-1",
        "only the organization is left",
    );
    check(
        &[open.clone(), deny(r#""StringNotEquals": {"aws:PrincipalAccount": "111122223333"}"#)],
        "",
        "only the account is left",
    );
    check(
        &[open.clone(), deny(r#""Bool": {"aws:SecureTransport": "false"}"#)],
        "anyone",
        "a condition anyone can meet",
    );
    check(
        &[open.clone(), allow(r#"{"AWS": "444455556666"}"#, "").replace("Allow", "Deny")],
        "anyone",
        "one account of all is denied",
    );
    check(
        &[
            allow(r#"{"AWS": "arn:aws:iam::444455556666:role/a"}"#, ""),
            allow(r#"{"AWS": "444455556666"}"#, "").replace("Allow", "Deny"),
        ],
        "",
        "its account is denied",
    );
    let other_vault = allow(r#""*""#, r#""Resource": "arn:aws:backup:*:444455556666:backup-vault:*""#);
    check(std::slice::from_ref(&other_vault), "", "about vaults of another account");
    check(&[open.clone(), other_vault.replace("Allow", "Deny")], "anyone", "about vaults of another account");
    let own = allow(r#""*""#, r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#);
    check(std::slice::from_ref(&own), "anyone", "about a vault of the account");
    check(&[open, own.replace("Allow", "Deny")], "anyone", "about one vault only");
}

#[test]
fn the_widest_comes_first_with_its_statement() {
    let parts = [
        allow(r#"{"AWS": "444455556666"}"#, ""),
        allow(r#""*""#, "").replace(r#""Effect""#, r#""Sid": "Open", "Effect""#),
    ];
    let found = open_to_outside(&statements(&parts.join(",")), HOME);
    assert_eq!(
        json(&found),
        r#"[{"statement":"Open","reach":"anyone","who":[],"dependsOn":[]},{"statement":0,"reach":"account","who":[{"key":"Principal","value":"444455556666"}],"dependsOn":[]}]"#
    );
    assert_eq!(open_to_outside(&statements(""), HOME), []);
}
