//! What is said about a selection as written, what its JSON may look like, and inputs that are out to hurt.

use std::time::{Duration, Instant};

use super::*;

/// The problems of a selection in words, with a `!` before those that leave resources undecided.
fn problems(json: &str) -> Vec<String> {
    let (_, problems) = Selection::new(id(ACCOUNT, REGION, "p-1"), &body(json));
    problems
        .iter()
        .map(|problem| format!("{}{problem}", if problem.undecides() { "! " } else { "" }))
        .collect()
}

#[test]
fn every_oddity_is_named() {
    let like = |value: &str| {
        format!(
            r#"{{"Resources": ["*"], "Conditions": {{"StringLike": [{{"ConditionKey": "a", "ConditionValue": "{value}"}}]}}}}"#
        )
    };
    let cases = [
        (r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"]}"#.to_owned(), &[][..]),
        (r#"{"Resources": ["arn:aws:ec2:us-east-1:111122223333:volume/vol-1", "*", "arn:aws:s3:::b-*"]}"#.to_owned(), &[]),
        (r#"{"ListOfTags": [{"ConditionType": "StringEquals", "ConditionKey": "a", "ConditionValue": "b"}]}"#.to_owned(), &[]),
        (like("*a*b"), &[]),
        ("{}".to_owned(), &["selection has neither `Resources` nor `ListOfTags`, so it reaches every resource that is opted in"]),
        (r#"{"Resources": ["arn:aws-cn:ec2:*"]}"#.to_owned(),
            &["pattern `arn:aws-cn:ec2:*` is of partition `aws-cn`, so it matches nothing in this Region"]),
        (r#"{"Resources": ["arn:aws:ec2:eu-west-1:*:volume/*"]}"#.to_owned(),
            &["pattern `arn:aws:ec2:eu-west-1:*:volume/*` is of Region `eu-west-1`, and a selection covers only its own Region"]),
        (r#"{"NotResources": ["arn:aws:ec2:*:999999999999:volume/*"], "Resources": ["*"]}"#.to_owned(),
            &["pattern `arn:aws:ec2:*:999999999999:volume/*` is of account `999999999999`, and a selection covers only its own account"]),
        (r#"{"Resources": ["arn:aws:ec2:*:1111222233334:volume/*"]}"#.to_owned(),
            &["pattern `arn:aws:ec2:*:1111222233334:volume/*` has account `1111222233334`: account ids have twelve digits"]),
        (r#"{"Resources": ["arn:aws:ec2:::volume/*"]}"#.to_owned(),
            &["pattern `arn:aws:ec2:::volume/*` leaves Region or account empty: AWS does not say whether that means any, write `*`"]),
        (r#"{"Resources": ["arn:aws:s3:::*-logs"]}"#.to_owned(),
            &["pattern `arn:aws:s3:::*-logs` has text behind a `*`: the API reference supports `*` only at the end"]),
        (like("a?"), &["`a?` holds a `?`: AWS does not say whether it stands for any one character"]),
        (r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "b*"}]}"#.to_owned(),
            &["value `b*` of tag `a` holds a `*` that is compared as itself: wildcards need `StringLike`"]),
        (r#"{"Resources": ["volume/*"]}"#.to_owned(), &["! `volume/*` is neither an ARN nor a pattern that an ARN could match"]),
        (r#"{"Resources": ["arn:aws:ec2"]}"#.to_owned(), &["! `arn:aws:ec2` is neither an ARN nor a pattern that an ARN could match"]),
        (r#"{"Resources": [""]}"#.to_owned(), &["! `` is neither an ARN nor a pattern that an ARN could match"]),
        (r#"{"Resources": ["arn:${AWS::Partition}:ec2:*"]}"#.to_owned(),
            &["! `arn:${AWS::Partition}:ec2:*` holds a placeholder that nothing has filled in"]),
        (r#"{"Resources": ["arn:aws:ec2:*:$account:volume/*"]}"#.to_owned(),
            &["! `arn:aws:ec2:*:$account:volume/*` holds a placeholder that nothing has filled in"]),
        (r#"{"ListOfTags": [{"ConditionType": "${var.type}", "ConditionKey": "a", "ConditionValue": "b"}]}"#.to_owned(),
            &["! `${var.type}` holds a placeholder that nothing has filled in"]),
        (like("${var.value}"), &["! `${var.value}` holds a placeholder that nothing has filled in"]),
        (r#"{"Resources": ["*"], "Conditions": {"StringEquals": {"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}}}"#.to_owned(),
            &["! conditions of `StringEquals` are an object: AWS Backup takes a list of `{ConditionKey, ConditionValue}`, so it is not known what was meant"]),
        (r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "ec2:ResourceTag/a", "ConditionValue": "b"}]}"#.to_owned(),
            &["! condition key `ec2:ResourceTag/a` names no resource tag: write `aws:ResourceTag/` and the tag key"]),
        (format!(r#"{{"Resources": ["arn:{}"]}}"#, "*a".repeat(4_000)), &["! text of 8004 bytes is longer than any ARN or tag value"]),
    ];
    for (json, expected) in cases {
        assert_eq!(problems(&json), expected, "{json}");
    }
}

#[test]
fn partitions_go_by_region() {
    let cases = [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("ap-southeast-2", "aws"),
    ];
    for (region, partition) in cases {
        for (_, other) in cases {
            let json = format!(r#"{{"Resources": ["arn:{other}:ec2:*"]}}"#);
            let (_, problems) = Selection::new(id(ACCOUNT, region, "p"), &body(&json));
            assert_eq!(problems.is_empty(), partition == other, "{other} in {region}");
        }
    }
}

#[test]
fn the_answer_of_the_api_is_read_and_a_broken_one_is_not() {
    let answer = r#"{"SelectionName": "s", "IamRoleArn": "arn:aws:iam::111122223333:role/b", "Resources": ["*"], "NotResources": [],
        "ListOfTags": [], "Conditions": {"StringEquals": [], "StringNotEquals": [
        {"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}], "StringLike": [], "StringNotLike": []}}"#;
    let read: BackupSelection = serde_json::from_str(answer).unwrap();
    assert_eq!(read.resources, ["*"]);
    let groups: Vec<_> = read.conditions.iter().map(|group| group.operator.as_str()).collect();
    assert_eq!(groups, ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]);
    let empty: BackupSelection =
        serde_json::from_str(r#"{"SelectionName": "", "Conditions": null, "Resources": null}"#).unwrap();
    assert_eq!(empty, BackupSelection::default());
    assert_eq!(problems(r#"{"Resources": ["*"], "Conditions": {"StringEquals": {}}}"#), [""; 0]);
    for broken in [
        r#"{}"#,
        r#"{"BackupSelection": {"SelectionName": "s"}, "SelectionId": "1"}"#,
        r#"{"SelectionName": "s", "Resources": "*"}"#,
        r#"{"SelectionName": "s", "Resources": [1]}"#,
        r#"{"SelectionName": "s", "ListOfTags": [{"ConditionKey": "a"}]}"#,
        r#"{"SelectionName": "s", "Conditions": ["StringEquals"]}"#,
        r#"{"SelectionName": "s", "Conditions": {"StringEquals": "a"}}"#,
        r#"{"SelectionName": "s", "Conditions": {"StringEquals": [{"ConditionKey": "a"}]}}"#,
    ] {
        assert!(serde_json::from_str::<BackupSelection>(broken).is_err(), "{broken}");
    }
}

#[test]
fn an_explanation_is_json_for_programs() {
    let written = [
        (r#"{"Resources": ["*"]}"#, "all"),
        (
            r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "a", "ConditionValue": "c"}]}"#,
            "tag",
        ),
        (r#"{"Resources": ["*"], "Conditions": {"StringEquals": {"a": "b"}}}"#, "map"),
    ];
    let selections = written.map(|(json, name)| {
        Selection::new(SelectionId { selection_name: name.into(), ..id(ACCOUNT, REGION, "p-1") }, &body(json))
            .0
    });
    let index = CoverageIndex::new(selections.to_vec());
    let opt_in = opted_in_but(&[]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    let resource = Resource::new("S3", "arn:aws:s3:::b", &[("a", "b")]);
    let explanation = index.join().explanation(&resource.candidate(), &settings, 3);
    let expected = serde_json::json!({
        "covered": true,
        "by": [{"planId": "p-1", "planName": "daily", "selectionId": "s-1", "selectionName": "all",
            "via": {"clause": "resources", "pattern": "*"}}],
        "undecided": [{"planId": "p-1", "planName": "daily", "selectionId": "s-1", "selectionName": "map", "unread": [
            {"unread": "clause", "clause": {"clause": "condition", "operator": "StringEquals", "key": "", "value": ""},
             "because": "conditions of `StringEquals` are an object: AWS Backup takes a list of `{ConditionKey, ConditionValue}`, so it is not known what was meant"}]}],
        "nearest": [{"planId": "p-1", "planName": "daily", "selectionId": "s-1", "selectionName": "tag",
            "failed": {"reason": "notReached", "clauses": 1, "closest": {"clause": "listOfTags", "key": "a", "value": "c"}, "found": "b"}}],
    });
    assert_eq!(serde_json::to_value(&explanation).unwrap(), expected);
}

#[test]
fn a_near_miss_by_tag_value_comes_before_strangers() {
    let written = [
        r#"{"Resources": ["arn:aws:s3:::*"]}"#,
        r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "owner", "ConditionValue": "x"}]}"#,
        r#"{"Resources": ["*"], "Conditions": {"StringEquals": [{"ConditionKey": "a", "ConditionValue": "1"}, {"ConditionKey": "b", "ConditionValue": "1"}]}}"#,
        r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "daily"}]}"#,
        r#"{"Resources": ["arn:aws:ec2:*:*:instance/*"]}"#,
        r#"{"Resources": ["*"], "Conditions": {"StringEquals": [{"ConditionKey": "backup", "ConditionValue": "daily"}]}}"#,
    ];
    let selections = written.map(|json| Selection::new(id(ACCOUNT, REGION, "p-1"), &body(json)).0);
    let index = CoverageIndex::new(selections.to_vec());
    let opt_in = opted_in_but(&[]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    let resource =
        Resource::new("EBS", "arn:aws:ec2:us-east-1:111122223333:volume/vol-1", &[("backup", "Daily")]);
    let mut join = index.join();
    assert_eq!(join.nearest(&resource.candidate(), &settings, 6), [5, 3, 4, 0, 1, 2]);
    let bucket = Resource::new("S3", "arn:aws:s3:::b", &[("backup", "Daily")]);
    assert_eq!(join.nearest(&bucket.candidate(), &settings, 2), [5, 3]);
    let group = Resource::new(
        "EFS",
        "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1",
        &[("backup", "Daily")],
    );
    assert_eq!(join.nearest(&group.candidate(), &settings, 9), [5, 3, 0, 1, 4, 2]);
}

#[test]
fn megabytes_and_stars_do_not_blow_up() {
    let long = "a".repeat(1_000_000);
    let stars = "*a".repeat(2_000) + "b";
    let like = |value: &str| {
        format!(
            r#"{{"Resources": ["*"], "Conditions": {{"StringLike": [{{"ConditionKey": "a", "ConditionValue": "{value}"}}]}}}}"#
        )
    };
    let cases = [
        (like(&stars), "a".repeat(4_000), Some(false)),
        (like(&format!("*{}b*", "a".repeat(2_000))), "a".repeat(4_000), Some(false)),
        (like(&stars), long.clone(), None),
        (like(&long), "a".repeat(4_000), None),
        (like("a*"), long.clone(), None),
        (like(&stars.replace('b', "?b")), "a".repeat(4_000), Some(false)),
    ];
    let opt_in = opted_in_but(&[]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    let started = Instant::now();
    for (json, value, covered) in &cases {
        let tags = [("a", value.as_str())];
        let resource = Resource::new("S3", "arn:aws:s3:::b", &[]);
        let candidate = Candidate { tags: Some(&tags), ..resource.candidate() };
        let (selection, _) = Selection::new(id(ACCOUNT, REGION, "p-1"), &body(json));
        assert_eq!(explain(&selection, &candidate, &settings).covered(), *covered);
        assert_eq!(CoverageIndex::new(vec![selection]).covering(&candidate, &settings).covered(), *covered);
    }
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
}
