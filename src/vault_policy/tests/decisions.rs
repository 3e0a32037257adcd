//! Requests: who is meant, which action and resource are meant, and how statements add up.

use super::super::{Context, Request, VaultPolicyError, decide};
use super::{DELETE, VAULT, ask, context, json, statements};

const ROLE: &str = "arn:aws:iam::111122223333:role/backup/Admin";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Admin/ana";
const USER: &str = "arn:aws:iam::111122223333:user/ops/ana";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/ana";
const SERVICE: &str = "backup.amazonaws.com";

const PRINCIPAL: &str = "IAM User Guide, AWS JSON policy elements: Principal";
const NOT_PRINCIPAL: &str = "IAM User Guide, AWS JSON policy elements: NotPrincipal";
const KEYS: &str = "IAM User Guide, AWS global condition context keys";
const VALUES: &str = "IAM User Guide, Variables and tags, Principal key values";
const LOGIC: &str = "IAM User Guide, Policy evaluation logic";

fn brief(decision: &super::Decision) -> String {
    let outcome = json(&decision.decision).replace('"', "");
    if decision.depends_on.is_empty() {
        outcome
    } else {
        format!("{outcome} {}", decision.depends_on.join(" "))
    }
}

fn deny(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "Deny", {principal}, "Action": "{DELETE}", "Resource": "*", "Condition": {condition}}}"#
    )
}

#[test]
fn a_principal_stands_for_these_callers() {
    for (principal, caller, expected, source) in [
        (r#""Principal": "*""#, None, "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "*"}"#, None, "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "*"}"#, Some(ROLE), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "111122223333"}"#, None, "undecided Principal", PRINCIPAL),
        (r#""Principal": {"AWS": "111122223333"}"#, Some(ROLE), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "111122223333"}"#, Some(ROOT), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#, Some(SESSION), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#, Some(USER), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#, Some(FEDERATED), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#, Some(SERVICE), "none", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::444455556666:root"}"#, Some(ROLE), "none", PRINCIPAL),
        (
            r#""Principal": {"AWS": "arn:aws-us-gov:iam::111122223333:root"}"#,
            Some(ROLE),
            "none",
            "partitions share nothing",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/backup/Admin"}"#,
            Some(ROLE),
            "deny",
            PRINCIPAL,
        ),
        (
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/backup/Admin"}"#,
            Some(SESSION),
            "deny",
            "role names are unique in an account",
        ),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/Admin"}"#, Some(SESSION), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/admin"}"#, Some(SESSION), "none", PRINCIPAL),
        (
            r#""Principal": {"AWS": "arn:aws-cn:iam::111122223333:role/Admin"}"#,
            Some(SESSION),
            "none",
            "partitions share nothing",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Admin/ana"}"#,
            Some(SESSION),
            "deny",
            PRINCIPAL,
        ),
        (
            r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Admin/bob"}"#,
            Some(SESSION),
            "none",
            PRINCIPAL,
        ),
        (
            r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Admin/ana"}"#,
            Some(ROLE),
            "undecided Principal",
            "which session is not said",
        ),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:user/ops/ana"}"#, Some(USER), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "arn:aws:iam::111122223333:user/ops/Ana"}"#, Some(USER), "none", PRINCIPAL),
        (
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:user/ops/ana"}"#,
            Some(FEDERATED),
            "undecided Principal",
            "whose session is not said",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:sts::111122223333:federated-user/ana"}"#,
            Some(FEDERATED),
            "deny",
            PRINCIPAL,
        ),
        (r#""Principal": {"Service": "backup.amazonaws.com"}"#, Some(SERVICE), "deny", PRINCIPAL),
        (r#""Principal": {"Service": "backup.ap-east-1.amazonaws.com"}"#, Some(SERVICE), "none", PRINCIPAL),
        (r#""Principal": {"Service": "backup.amazonaws.com"}"#, Some(ROLE), "none", PRINCIPAL),
        (r#""Principal": {"AWS": ["111122223333", "*"]}"#, Some(SERVICE), "deny", PRINCIPAL),
        (r#""Principal": {"AWS": "AIDA1234567890EXAMPLE"}"#, Some(USER), "undecided aws:userid", PRINCIPAL),
        (r#""Principal": {"AWS": "AIDA1234567890EXAMPLE"}"#, Some(ROOT), "none", PRINCIPAL),
        (
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}"#,
            Some(ROLE),
            "undecided",
            "not allowed, so not documented",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:iam::444455556666:role/*"}"#,
            Some(ROLE),
            "none",
            "no reading means it",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Admin/*"}"#,
            Some(SESSION),
            "undecided",
            "not allowed, so not documented",
        ),
        (r#""Principal": {"Federated": "accounts.google.com"}"#, Some(SESSION), "none", PRINCIPAL),
        (
            r#""Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#,
            Some(ROLE),
            "undecided",
            PRINCIPAL,
        ),
    ] {
        let policy = statements(&deny(principal, "{}"));
        assert_eq!(
            brief(&ask(&policy, caller, DELETE, "")),
            expected,
            "{principal} and {caller:?}: {source}"
        );
    }
}

#[test]
fn a_deleted_role_is_known_by_its_id() {
    let policy = statements(&deny(r#""Principal": {"AWS": "AROA1234567890EXAMPLE"}"#, "{}"));
    for (known, expected) in
        [("aws:userid=AROA1234567890EXAMPLE:ana", "deny"), ("aws:userid=AROA1234567890EXAMPLF:ana", "none")]
    {
        assert_eq!(brief(&ask(&policy, Some(SESSION), DELETE, known)), expected, "{known}: {PRINCIPAL}");
    }
}

#[test]
fn not_principal_denies_all_but_those_it_surely_spares() {
    let boundary = "undecided iam:PermissionsBoundary";
    for (listed, caller, known, expected) in [
        (r#""111122223333""#, "arn:aws:iam::444455556666:role/Admin", "", "deny"),
        (r#""111122223333""#, ROLE, "", boundary),
        (r#""111122223333""#, ROLE, "!iam:PermissionsBoundary", "none"),
        (r#""111122223333""#, ROLE, "iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b", "deny"),
        (r#""111122223333""#, ROOT, "", "none"),
        (r#""arn:aws:iam::111122223333:role/backup/Admin""#, ROLE, "!iam:PermissionsBoundary", "undecided"),
        (
            r#"["arn:aws:iam::111122223333:role/backup/Admin", "111122223333"]"#,
            ROLE,
            "!iam:PermissionsBoundary",
            "none",
        ),
        (
            r#"["arn:aws:iam::111122223333:role/backup/Admin", "111122223333"]"#,
            SESSION,
            "!iam:PermissionsBoundary",
            "none",
        ),
        (
            r#"["arn:aws:iam::111122223333:role/backup/Admin", "111122223333"]"#,
            USER,
            "!iam:PermissionsBoundary",
            "undecided",
        ),
        (
            r#"["arn:aws:sts::111122223333:assumed-role/Admin/ana", "111122223333"]"#,
            SESSION,
            "!iam:PermissionsBoundary",
            "undecided",
        ),
        (
            r#"["arn:aws:sts::111122223333:assumed-role/Admin/ana", "arn:aws:iam::111122223333:role/Admin", "111122223333"]"#,
            SESSION,
            "!iam:PermissionsBoundary",
            "none",
        ),
        (r#"["arn:aws:iam::444455556666:role/Admin", "444455556666"]"#, ROLE, "", "deny"),
        (r#""*""#, ROLE, "!iam:PermissionsBoundary", "none"),
    ] {
        let policy = statements(&deny(&format!(r#""NotPrincipal": {{"AWS": {listed}}}"#), "{}"));
        assert_eq!(
            brief(&ask(&policy, Some(caller), DELETE, known)),
            expected,
            "{listed}, {caller}, {known}: {NOT_PRINCIPAL}"
        );
    }
    let services = statements(&deny(r#""NotPrincipal": {"Service": "backup.amazonaws.com"}"#, "{}"));
    assert_eq!(brief(&ask(&services, Some(SERVICE), DELETE, "")), "none", "{NOT_PRINCIPAL}");
    assert_eq!(brief(&ask(&services, Some(ROLE), DELETE, "")), "deny", "{NOT_PRINCIPAL}");
    assert_eq!(brief(&ask(&services, None, DELETE, "")), "undecided Principal", "{NOT_PRINCIPAL}");
}

#[test]
fn from_the_principal_follows_what_iam_documents() {
    for (condition, caller, expected, source) in [
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/backup/Admin"}}"#,
            ROLE,
            "deny",
            KEYS,
        ),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:sts::111122223333:assumed-role/Admin/ana"}}"#,
            SESSION,
            "none",
            KEYS,
        ),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin"}}"#,
            SESSION,
            "undecided aws:PrincipalArn",
            "the session's ARN has lost the role's path",
        ),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}"#, SESSION, "deny", KEYS),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::111122223333:role/*/Admin"]}}"#,
            SESSION,
            "undecided aws:PrincipalArn",
            "two values together cover it, which is not proved",
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*Admin"}}"#,
            SESSION,
            "deny",
            KEYS,
        ),
        (
            r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Other"}}"#,
            SESSION,
            "deny",
            KEYS,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/x/Other"}}"#,
            SESSION,
            "none",
            KEYS,
        ),
        (r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:root"}}"#, ROOT, "deny", KEYS),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:root"}}"#,
            USER,
            "none",
            "as a condition value the root ARN is the root user alone",
        ),
        (
            r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:sts::111122223333:federated-user/ana"}}"#,
            FEDERATED,
            "deny",
            KEYS,
        ),
        (r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#, SESSION, "deny", KEYS),
        (
            r#"{"StringEquals": {"aws:PrincipalAccount": 111122223333}}"#,
            SESSION,
            "deny",
            "quotation marks are optional for numbers",
        ),
        (r#"{"StringEquals": {"aws:PrincipalType": "AssumedRole"}}"#, ROLE, "deny", VALUES),
        (r#"{"StringEquals": {"aws:PrincipalType": "Account"}}"#, ROOT, "deny", VALUES),
        (r#"{"StringEquals": {"aws:PrincipalType": "FederatedUser"}}"#, FEDERATED, "deny", VALUES),
        (r#"{"StringEquals": {"aws:username": "ana"}}"#, USER, "deny", VALUES),
        (r#"{"StringNotEquals": {"aws:username": "ana"}}"#, ROLE, "deny", VALUES),
        (r#"{"StringEquals": {"aws:userid": "111122223333"}}"#, ROOT, "deny", VALUES),
        (r#"{"StringEquals": {"aws:userid": "111122223333:ana"}}"#, FEDERATED, "deny", VALUES),
        (
            r#"{"StringLike": {"aws:userid": "AROA1234567890EXAMPLE:*"}}"#,
            SESSION,
            "undecided aws:userid",
            "the id of a role is not in its ARN",
        ),
        (r#"{"Bool": {"aws:PrincipalIsAWSService": "false"}}"#, ROLE, "deny", KEYS),
        (r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#, SERVICE, "deny", KEYS),
        (
            r#"{"StringNotEqualsIfExists": {"aws:PrincipalServiceName": "backup.amazonaws.com"}}"#,
            SERVICE,
            "none",
            KEYS,
        ),
        (
            r#"{"StringNotEqualsIfExists": {"aws:PrincipalServiceName": "backup.amazonaws.com"}}"#,
            ROLE,
            "deny",
            KEYS,
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#,
            ROLE,
            "undecided aws:PrincipalOrgID",
            "nothing tells the organization",
        ),
        (
            r#"{"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
            USER,
            "undecided aws:MultiFactorAuthPresent",
            "nothing tells it",
        ),
        (
            r#"{"Bool": {"aws:ViaAWSService": "false"}}"#,
            SERVICE,
            "undecided aws:ViaAWSService",
            "nothing tells it",
        ),
    ] {
        let policy = statements(&deny(r#""Principal": "*""#, condition));
        assert_eq!(
            brief(&ask(&policy, Some(caller), DELETE, "")),
            expected,
            "{condition} and {caller}: {source}"
        );
    }
    let admin = statements(&deny(
        r#""Principal": "*""#,
        r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin"}}"#,
    ));
    let stated = "aws:PrincipalArn=arn:aws:iam::111122223333:role/Admin";
    assert_eq!(
        brief(&ask(&admin, Some(SESSION), DELETE, stated)),
        "deny",
        "what is stated counts over what is derived"
    );
}

/// AWS Backup Developer Guide, Vault access policies (its `aws:userId` sample, read by the IAM pages).
#[test]
fn the_guides_user_id_sample_exempts_no_session() {
    let policy = statements(&deny(
        r#""Principal": "*""#,
        r#"{"StringNotEquals": {"aws:userId": ["AIDA1234567890EXAMPLE", "AROA1234567890EXAMPLE:my-role-session", "AROA1234567890EXAMPLE:*", "112233445566"]}}"#,
    ));
    for (user_id, expected) in [
        ("AIDA1234567890EXAMPLE", "none"),
        ("AROA1234567890EXAMPLE:my-role-session", "none"),
        ("AROA1234567890EXAMPLE:other", "deny"),
        ("112233445566", "none"),
    ] {
        assert_eq!(
            brief(&ask(&policy, None, DELETE, &format!("aws:userid={user_id}"))),
            expected,
            "{user_id}"
        );
    }
}

/// Service Authorization Reference, Actions, resources, and condition keys for AWS Backup; Developer Guide, Vault access policies.
#[test]
fn the_resource_is_the_recovery_point_or_the_vault() {
    let snapshot = "arn:aws:ec2:eu-west-1::snapshot/snap-0abc";
    let point = "arn:aws:backup:eu-west-1:111122223333:recovery-point:0f00";
    let vault_action = "backup:DeleteBackupVault";
    for (element, action, resource, expected) in [
        (r#""Resource": "*""#, DELETE, None, "deny"),
        (r#""Resource": "*""#, vault_action, Some(VAULT), "deny"),
        (r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, Some(snapshot), "deny"),
        (r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, Some(point), "none"),
        (r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, Some(VAULT), "undecided Resource"),
        (r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, None, "undecided Resource"),
        (r#""Resource": "arn:aws:ec2:us-east-1:*:snapshot/*""#, DELETE, Some(VAULT), "none"),
        (r#""Resource": "arn:aws-cn:ec2:*:*:snapshot/*""#, DELETE, Some(VAULT), "none"),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#,
            vault_action,
            Some(VAULT),
            "deny",
        ),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#,
            vault_action,
            None,
            "undecided Resource",
        ),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:*""#,
            vault_action,
            Some(VAULT),
            "deny",
        ),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:Prod""#,
            vault_action,
            Some(VAULT),
            "none",
        ),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#,
            DELETE,
            Some(VAULT),
            "none",
        ),
        (r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#, DELETE, None, "none"),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#,
            "backup:UpdateRecoveryPointLifecycle",
            Some(VAULT),
            "undecided Resource",
        ),
        (r#""NotResource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, Some(point), "deny"),
        (r#""NotResource": "arn:aws:ec2:*:*:snapshot/*""#, DELETE, Some(snapshot), "none"),
        (r#""NotResource": "arn:aws:ec2:*:*:snapshot/*""#, vault_action, None, "deny"),
        (r#""NotResource": "*""#, vault_action, None, "none"),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:${aws:PrincipalTag/vault}""#,
            vault_action,
            Some(VAULT),
            "undecided aws:PrincipalTag/vault",
        ),
        (
            r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:test-${aws:PrincipalTag/vault}""#,
            vault_action,
            Some(VAULT),
            "none",
        ),
    ] {
        let policy = statements(&format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": ["{DELETE}", "{vault_action}", "backup:UpdateRecoveryPointLifecycle"], {element}}}"#
        ));
        let request = Request::new(None, action, resource, Context::default()).unwrap();
        assert_eq!(brief(&decide(&policy, &request)), expected, "{element}, {action}, {resource:?}");
    }
    let tagged = statements(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteBackupVault", "NotResource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:${aws:PrincipalTag/vault}"}"#,
    );
    for (known, expected) in [
        ("!aws:PrincipalTag/vault", "deny"),
        ("aws:PrincipalTag/vault=prod", "none"),
        ("aws:PrincipalTag/vault=x", "deny"),
    ] {
        let request = Request::new(None, vault_action, Some(VAULT), context(known)).unwrap();
        assert_eq!(
            brief(&decide(&tagged, &request)),
            expected,
            "{known}: a variable without value matches no resource"
        );
    }
}

#[test]
fn actions_are_compared_without_case_and_with_wildcards() {
    for (element, expected) in [
        (r#""Action": "backup:DeleteRecoveryPoint""#, "deny"),
        (r#""Action": "BACKUP:deleterecoverypoint""#, "deny"),
        (r#""Action": "backup:Delete*""#, "deny"),
        (r#""Action": "*""#, "deny"),
        (r#""Action": "backup:DeleteBackupVault""#, "none"),
        (r#""NotAction": "backup:DeleteBackupVault""#, "deny"),
        (r#""NotAction": ["backup:describe*", "backup:delete*"]"#, "none"),
    ] {
        let policy =
            statements(&format!(r#"{{"Effect": "Deny", "Principal": "*", {element}, "Resource": "*"}}"#));
        assert_eq!(brief(&ask(&policy, None, DELETE, "")), expected, "{element}: IAM User Guide, Action");
    }
}

#[test]
fn statements_add_up_with_deny_first() {
    let allow = r#"{"Sid": "Allow", "Effect": "Allow", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}"#;
    let deny = r#"{"Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}"#;
    let may_allow = r#"{"Sid": "MayAllow", "Effect": "Allow", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#;
    let may_deny = r#"{"Sid": "MayDeny", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#;
    for (parts, expected) in [
        (vec![], r#"{"decision":"none","statements":[],"dependsOn":[]}"#),
        (vec![allow], r#"{"decision":"allow","statements":["Allow"],"dependsOn":[]}"#),
        (vec![deny], r#"{"decision":"deny","statements":["Deny"],"dependsOn":[]}"#),
        (
            vec![allow, deny, may_allow, may_deny],
            r#"{"decision":"deny","statements":["Deny"],"dependsOn":[]}"#,
        ),
        (vec![allow, may_allow], r#"{"decision":"allow","statements":["Allow"],"dependsOn":[]}"#),
        (
            vec![may_allow],
            r#"{"decision":"undecided","statements":["MayAllow"],"dependsOn":["aws:SecureTransport"]}"#,
        ),
        (
            vec![may_deny],
            r#"{"decision":"undecided","statements":["MayDeny"],"dependsOn":["aws:MultiFactorAuthPresent"]}"#,
        ),
        (
            vec![allow, may_deny],
            r#"{"decision":"undecided","statements":["Allow","MayDeny"],"dependsOn":["aws:MultiFactorAuthPresent"]}"#,
        ),
        (
            vec![may_deny, may_allow],
            r#"{"decision":"undecided","statements":["MayDeny","MayAllow"],"dependsOn":["aws:MultiFactorAuthPresent","aws:SecureTransport"]}"#,
        ),
    ] {
        let policy = statements(&parts.join(","));
        assert_eq!(json(&ask(&policy, None, DELETE, "")), expected, "{LOGIC}");
    }
}

#[test]
fn a_request_that_cannot_be_made_is_told_in_a_sentence() {
    let error = |principal: Option<&str>, action: &str, resource: Option<&str>| {
        Request::new(principal, action, resource, Context::default()).unwrap_err().to_string()
    };
    for (found, expected) in [
        (
            error(Some("111122223333"), DELETE, None),
            "the principal `111122223333` is an account, which makes no requests; give a principal's ARN, `arn:aws:iam::111122223333:root` for the root user",
        ),
        (
            error(Some("arn:aws:iam::111122223333:role/*"), DELETE, None),
            "the principal `arn:aws:iam::111122223333:role/*` has a wildcard; a request is made by one principal",
        ),
        (
            error(Some("arn:aws:iam::1111222233334:role/a"), DELETE, None),
            "the principal `arn:aws:iam::1111222233334:role/a` names the account `1111222233334`; an account id has 12 digits",
        ),
        (
            error(Some("arn:aws:sts::111122223333:assumed-role/a"), DELETE, None),
            "the principal `arn:aws:sts::111122223333:assumed-role/a` names no session: a role session is `assumed-role/<role>/<session>`",
        ),
        (
            error(None, "backup:Delete*", None),
            "`backup:Delete*` is not an action; allowed is `service:Action` without wildcards",
        ),
        (error(None, DELETE, Some("prod")), "`prod` is not the ARN of a resource"),
    ] {
        assert_eq!(found, expected);
    }
    let mut context = Context::default();
    for text in ["aws:userid", "=x", "!", "userid=x"] {
        assert!(matches!(context.state(text), Err(VaultPolicyError::Context { .. })), "{text}");
    }
}
