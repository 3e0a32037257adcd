//! Laws that hold for every policy and request.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::{
    Answer, Context, Outcome, Request, VaultPolicy, decide, denied_to, managed_rule_agrees, open_to_outside,
    parse,
};
use super::{DELETE, VAULT, statements};

const CALLERS: [&str; 7] = [
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:iam::111122223333:role/ab",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:sts::111122223333:assumed-role/a/s",
    "arn:aws:iam::444455556666:role/a",
    "backup.amazonaws.com",
];

const PRINCIPALS: [&str; 14] = [
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": {"AWS": "*"}"#,
    r#""Principal": {"AWS": "111122223333"}"#,
    r#""Principal": {"AWS": ["arn:aws:iam::111122223333:role/a", "arn:aws:iam::444455556666:root"]}"#,
    r#""Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/a/s"}"#,
    r#""Principal": {"Service": "backup.amazonaws.com"}"#,
    r#""Principal": {"AWS": "AROA1234567890EXAMPLE"}"#,
    r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}"#,
    r#""NotPrincipal": {"AWS": "111122223333"}"#,
    r#""NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:role/a", "111122223333"]}"#,
];

const ACTIONS: [&str; 4] = [
    r#""Action": "backup:DeleteRecoveryPoint""#,
    r#""Action": ["backup:StartBackupJob", "backup:Delete*"]"#,
    r#""NotAction": "backup:StartBackupJob""#,
    r#""Action": "backup:StartBackupJob""#,
];

const RESOURCES: [&str; 7] = [
    r#""Resource": "*""#,
    r#""Resource": "*""#,
    r#""Resource": "*""#,
    r#""Resource": "*""#,
    r#""Resource": "arn:aws:ec2:*:*:snapshot/*""#,
    r#""NotResource": "arn:aws:ec2:*:*:snapshot/*""#,
    r#""Resource": "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod""#,
];

const CLAUSES: [&str; 16] = [
    r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}"#,
    r#""ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/a*", "arn:aws:iam::111122223333:user/ana"]}"#,
    r#""StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}"#,
    r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/a"}"#,
    r#""StringEquals": {"aws:PrincipalAccount": "111122223333"}"#,
    r#""StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}"#,
    r#""StringEqualsIfExists": {"aws:PrincipalTag/team": "red"}"#,
    r#""StringEqualsIgnoreCase": {"aws:username": "ANA"}"#,
    r#""StringNotLikeIfExists": {"aws:userid": ["AROA1234567890EXAMPLE:*", "111122223333"]}"#,
    r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}"#,
    r#""ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}"#,
    r#""Bool": {"aws:MultiFactorAuthPresent": "false"}"#,
    r#""BoolIfExists": {"aws:PrincipalIsAWSService": "false"}"#,
    r#""NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
    r#""Null": {"aws:TokenIssueTime": "true"}"#,
    r#""StringIs": {"aws:username": "ana"}"#,
];

const KNOWLEDGE: [&str; 17] = [
    "aws:PrincipalOrgID=o-1",
    "!aws:PrincipalOrgID",
    "aws:PrincipalTag/team=red",
    "!aws:PrincipalTag/team",
    "aws:userid=AROA1234567890EXAMPLE:s",
    "aws:userid=AIDA1234567890EXAMPLE",
    "aws:PrincipalOrgPaths=o-1/r-1/x",
    "aws:PrincipalOrgPaths=o-1/r-2/x & aws:PrincipalOrgPaths=o-2/r-1/x",
    "!aws:PrincipalOrgPaths",
    "aws:MultiFactorAuthPresent=true",
    "!aws:MultiFactorAuthPresent",
    "aws:SourceIp=203.0.113.9",
    "aws:SourceIp=198.51.100.9",
    "aws:TokenIssueTime=2026-01-01T00:00:00Z",
    "!aws:TokenIssueTime",
    "!iam:PermissionsBoundary",
    "iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b",
];

/// What is to be known of a caller, with one possible answer each.
const CALLER_KEYS: [(&str, &str); 4] = [
    ("aws:PrincipalOrgID", "!aws:PrincipalOrgID"),
    ("aws:PrincipalOrgPaths", "!aws:PrincipalOrgPaths"),
    ("aws:PrincipalTag/team", "!aws:PrincipalTag/team"),
    ("aws:userid", "aws:userid=AIDA1234567890EXAMPLE"),
];

const POINTS: [&str; 2] = [
    "arn:aws:ec2:eu-west-1::snapshot/snap-0abc",
    "arn:aws:backup:eu-west-1:111122223333:recovery-point:0f00",
];

fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let clauses = subsequence(CLAUSES.to_vec(), 0..=2);
    (select(PRINCIPALS.to_vec()), select(ACTIONS.to_vec()), select(RESOURCES.to_vec()), clauses).prop_map(
        move |(principal, action, resource, clauses)| {
            let effect = if principal.starts_with("\"Not") { "Deny" } else { effect };
            let condition = clauses.join(", ");
            format!(
                r#"{{"Effect": "{effect}", {principal}, {action}, {resource}, "Condition": {{{condition}}}}}"#
            )
        },
    )
}

fn policies() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop_oneof![statement("Allow"), statement("Deny")], 0..5)
}

/// One value for each key at most.
fn knowledge() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(KNOWLEDGE.to_vec(), 0..=KNOWLEDGE.len()).prop_map(|known| {
        let key = |text: &str| text.trim_start_matches('!').split('=').next().unwrap_or("").to_owned();
        let mut kept: Vec<&'static str> = Vec::new();
        for text in known {
            if kept.iter().all(|other| key(other) != key(text)) {
                kept.push(text);
            }
        }
        kept
    })
}

/// Without what contradicts the caller: the root user's id follows from its ARN.
fn consistent<'a>(known: &[&'a str], caller: &str) -> Vec<&'a str> {
    let follows = |text: &str| text.contains("aws:userid") && caller.ends_with(":root");
    known.iter().copied().filter(|text| !follows(text)).collect()
}

fn decision(policy: &VaultPolicy, caller: Option<&str>, resource: Option<&str>, known: &[&str]) -> Outcome {
    let context = super::context(&known.join(" & "));
    decide(policy, &Request::new(caller, DELETE, resource, context).unwrap()).decision
}

/// JSON that is near enough to a policy to get far.
fn near_policies() -> impl Strategy<Value = String> {
    let word = select(vec![
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Deny",
        "Allow",
        "Principal",
        "NotPrincipal",
        "AWS",
        "*",
        "Action",
        "NotAction",
        "backup:*",
        "Resource",
        "Condition",
        "StringLike",
        "aws:PrincipalArn",
        "${aws:x, '*'}",
        "arn:aws:iam::1:root",
        "Policy",
        "",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(|word| format!("{word:?}")),
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i32>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn ask_everything(text: &str) {
    if let Ok(policy) = parse(text) {
        let request = Request::new(Some(CALLERS[4]), DELETE, None, Context::default()).unwrap();
        let _ = decide(&policy, &request);
        let _ = denied_to(&policy, DELETE, Some(VAULT)).only_exempts(&[CALLERS[1]]);
        let _ = open_to_outside(&policy, "111122223333");
        let _ = managed_rule_agrees(&policy, &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        ask_everything(&text);
        ask_everything(&format!(r#"{{"Statement": [{text}]}}"#));
    }

    #[test]
    fn no_json_makes_it_panic(text in near_policies()) {
        ask_everything(&text);
    }

    #[test]
    fn no_condition_makes_it_panic(
        operator in "(For(All|Any)Values?:)?[A-Z][a-zA-Z]{0,12}(IfExists)?",
        key in "\\PC{0,12}",
        value in "\\PC{0,20}|\\$\\{[a-z:*?,' ]{0,12}\\}?|[0-9./:TZ-]{0,24}",
    ) {
        let condition = serde_json::json!({ operator: { key: [value] } });
        ask_everything(&format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Principal": "*", "Action": "backup:*", "Resource": "*", "Condition": {condition}}}}}"#
        ));
    }

    /// From closed to open: deny, undecided, none, allow.
    #[test]
    fn one_more_deny_never_opens_a_policy(
        parts in policies(),
        extra in statement("Deny"),
        at in any::<prop::sample::Index>(),
        caller in select(CALLERS.to_vec()),
        point in prop::option::of(select(POINTS.to_vec())),
        known in knowledge(),
    ) {
        let mut longer = parts.clone();
        longer.insert(at.index(parts.len() + 1), extra);
        let (before, after) = (statements(&parts.join(",")), statements(&longer.join(",")));
        let known = consistent(&known, caller);
        let outcome = |policy| decision(policy, Some(caller), point, &known);
        prop_assert!(outcome(&after) <= outcome(&before));
        for listed in [vec![], vec![CALLERS[1]]] {
            if denied_to(&before, DELETE, Some(VAULT)).only_exempts(&listed) == Answer::Yes {
                prop_assert_eq!(denied_to(&after, DELETE, Some(VAULT)).only_exempts(&listed), Answer::Yes);
            }
        }
    }

    #[test]
    fn what_is_learned_never_overturns_an_answer(
        parts in policies(),
        caller in select(CALLERS.to_vec()),
        point in select(POINTS.to_vec()),
        known in knowledge(),
        keep in any::<u32>(),
        tell_caller in any::<bool>(),
        tell_point in any::<bool>(),
    ) {
        let known = consistent(&known, caller);
        let policy = statements(&parts.join(","));
        let full = decision(&policy, Some(caller), Some(point), &known);
        let kept = |at: usize| keep >> at & 1 == 1;
        let less: Vec<&str> =
            known.iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, text)| *text).collect();
        let partial =
            decision(&policy, tell_caller.then_some(caller), tell_point.then_some(point), &less);
        prop_assert!(partial == Outcome::Undecided || partial == full, "{partial:?} became {full:?}");
    }

    /// "Denied to everyone but those listed" means that any other caller's request is denied.
    #[test]
    fn whoever_is_not_exempt_is_denied(
        parts in policies(),
        caller in select(CALLERS[..5].to_vec()),
        point in select(POINTS.to_vec()),
        known in knowledge(),
    ) {
        let a = "arn:aws:iam::111122223333:role/a";
        let may_be_a = caller == a || caller.contains("assumed-role/a/");
        let mut known = known;
        if may_be_a {
            known.push("aws:PrincipalArn=arn:aws:iam::111122223333:role/a");
        }
        for (key, otherwise) in CALLER_KEYS {
            if !known.iter().any(|text| text.contains(key)) {
                known.push(otherwise);
            }
        }
        let known = consistent(&known, caller);
        let policy = statements(&parts.join(","));
        let denial = denied_to(&policy, DELETE, Some(VAULT));
        if denial.only_exempts(&[]) == Answer::Yes {
            prop_assert_eq!(decision(&policy, Some(caller), Some(point), &known), Outcome::Deny);
        }
        if denial.only_exempts(&[a]) == Answer::Yes && !may_be_a {
            prop_assert_eq!(decision(&policy, Some(caller), Some(point), &known), Outcome::Deny);
        }
    }

    #[test]
    fn who_may_copy_from_outside_is_told(
        parts in policies(),
        caller in select(CALLERS[5..].to_vec()),
        known in knowledge(),
    ) {
        let text = parts.join(",").replace("DeleteRecoveryPoint", "CopyIntoBackupVault");
        let policy = statements(&text);
        let context = super::context(&known.join(" & "));
        let request =
            Request::new(Some(caller), "backup:CopyIntoBackupVault", Some(VAULT), context).unwrap();
        if decide(&policy, &request).decision == Outcome::Allow {
            prop_assert!(!open_to_outside(&policy, "111122223333").is_empty());
        }
    }

    /// "No" names a way out: some caller of the account is not denied.
    #[test]
    fn where_someone_else_is_exempt_someone_is_not_denied(parts in policies()) {
        let policy = statements(&parts.join(","));
        if denied_to(&policy, DELETE, Some(VAULT)).only_exempts(&[]) == Answer::No {
            prop_assert!(someone_is_not_denied(&policy));
        }
    }
}

fn someone_is_not_denied(policy: &VaultPolicy) -> bool {
    let others = [
        "arn:aws:iam::111122223333:role/other",
        "arn:aws:iam::111122223333:user/other",
        "config.amazonaws.com",
    ];
    let callers: Vec<&str> = CALLERS.into_iter().chain(others).collect();
    let lenient = "aws:MultiFactorAuthPresent=true & aws:SourceIp=203.0.113.9 & aws:TokenIssueTime=2026-01-01T00:00:00Z & !iam:PermissionsBoundary";
    let organizations = ["aws:PrincipalOrgID=o-1", "!aws:PrincipalOrgID"];
    let tags = ["aws:PrincipalTag/team=blue", "aws:PrincipalTag/team=red", "!aws:PrincipalTag/team"];
    let ids =
        ["aws:userid=AROA1234567890EXAMPLE:s", "aws:userid=AIDA1234567890EXAMPLE", "aws:userid=111122223333"];
    let paths =
        ["aws:PrincipalOrgPaths=o-1/r-1/x", "aws:PrincipalOrgPaths=o-1/r-2/x", "!aws:PrincipalOrgPaths"];
    callers.iter().any(|caller| {
        POINTS.iter().any(|point| {
            organizations.iter().any(|organization| {
                tags.iter().any(|tag| {
                    ids.iter().any(|id| {
                        paths.iter().any(|path| {
                            let known = [lenient, organization, tag, id, path];
                            decision(policy, Some(caller), Some(point), &known) != Outcome::Deny
                        })
                    })
                })
            })
        })
    })
}
