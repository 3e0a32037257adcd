//! What the words of a clause mean: tag keys, wildcards, and what AWS Backup would refuse.

use super::cases::*;
use super::*;

#[test]
fn both_spellings_of_a_tag_key_mean_the_tag() {
    let prefixed = r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "daily"}]}"#;
    let bare = r#"{"Resources": ["*"], "Conditions": {"StringEquals": [{"ConditionKey": "backup", "ConditionValue": "daily"}]}}"#;
    let stack = r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "aws:cloudformation:stack-name", "ConditionValue": "shop"}]}"#;
    let twice = r#"{"Resources": ["*"], "Conditions": {"StringEquals": [
        {"ConditionKey": "aws:ResourceTag/aws:ResourceTag/backup", "ConditionValue": "daily"}]}}"#;
    let policy = r#"{"Resources": ["*"], "Conditions": {"StringNotEquals": [{"ConditionKey": "aws:RequestTag/backup", "ConditionValue": "no"}]}}"#;
    check_all(&[
        case(
            "prefixed in ListOfTags",
            SELECTION,
            prefixed,
            table(&[("backup", "daily")]),
            By("ListOfTags `aws:ResourceTag/backup` = `daily`"),
        ),
        case(
            "bare in Conditions",
            "AWS Backup API, ConditionParameter",
            bare,
            table(&[("backup", "daily")]),
            By("Resources `*`"),
        ),
        case(
            "a tag of AWS's own",
            SELECTION,
            stack,
            table(&[("aws:cloudformation:stack-name", "shop")]),
            By("ListOfTags `aws:cloudformation:stack-name` = `shop`"),
        ),
        case(
            "the prefix counts once",
            SELECTION,
            twice,
            table(&[("backup", "daily")]),
            Not(
                "StringEquals `aws:ResourceTag/aws:ResourceTag/backup` = `daily` does not hold: the resource has no such tag",
            ),
        ),
        case(
            "another condition key is not ignored",
            SILENT,
            policy,
            table(&[]),
            Open(
                "StringNotEquals `aws:RequestTag/backup` = `no` cannot be decided: condition key `aws:RequestTag/backup` names no \
             resource tag: write `aws:ResourceTag/` and the tag key",
            ),
        ),
    ]);
}

#[test]
fn a_star_stops_at_white_space() {
    let begins = r#"{"Resources": ["*"], "Conditions": {"StringLike": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "prod*"}]}}"#;
    let with_space = r#"{"Resources": ["*"], "Conditions": {"StringLike": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "prod *"}]}}"#;
    let not_test = r#"{"Resources": ["*"], "Conditions": {"StringNotLike": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "*test*"}]}}"#;
    let any = r#"{"Resources": ["*"], "Conditions": {"StringLike": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "*"}]}}"#;
    check_all(&[
        case("underscore", CONSOLE, begins, table(&[("a", "prod_server")]), By("Resources `*`")),
        case(
            "space",
            CONSOLE,
            begins,
            table(&[("a", "prod server")]),
            Not("StringLike `aws:ResourceTag/a` = `prod*` does not hold: the resource has `prod server`"),
        ),
        case(
            "space in the pattern",
            CONSOLE,
            with_space,
            table(&[("a", "prod server")]),
            By("Resources `*`"),
        ),
        case(
            "a negated one holds across a space",
            CONSOLE,
            not_test,
            table(&[("a", "kong test")]),
            By("Resources `*`"),
        ),
        case(
            "any value, or non-whitespace",
            CLI,
            any,
            table(&[("a", "kong test")]),
            Open(
                "StringLike `aws:ResourceTag/a` = `*` cannot be decided: AWS does not say whether that matches `kong test`",
            ),
        ),
        case(
            "a space that is not ASCII",
            SILENT,
            begins,
            table(&[("a", "prod\u{a0}server")]),
            Open(
                "StringLike `aws:ResourceTag/a` = `prod*` cannot be decided: AWS does not say whether that matches `prod\u{a0}server`",
            ),
        ),
    ]);
}

#[test]
fn wildcards_only_count_where_they_are_wildcards() {
    let equals = r#"{"Resources": ["*"], "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "p*"}]}}"#;
    let middle = r#"{"Resources": ["arn:aws:s3:::*-logs"]}"#;
    let one = r#"{"Resources": ["arn:aws:s3:::my-bucket-log?"]}"#;
    let two = r#"{"Resources": ["arn:aws:s3:::my-bucket-lo??s"]}"#;
    let empty_fields = r#"{"Resources": ["arn:aws:ec2:::volume/*"]}"#;
    check_all(&[
        case(
            "StringEquals compares a star as itself",
            "AWS Backup API, Conditions",
            equals,
            table(&[("a", "prod")]),
            Not("StringEquals `aws:ResourceTag/a` = `p*` does not hold: the resource has `prod`"),
        ),
        case(
            "the star itself",
            "AWS Backup API, Conditions",
            equals,
            table(&[("a", "p*")]),
            By("Resources `*`"),
        ),
        case(
            "a star at the start of a bucket's name",
            CLI,
            middle,
            Resource::new("S3", BUCKET, &[]),
            By("Resources `arn:aws:s3:::*-logs`"),
        ),
        case(
            "a question mark may be any one character",
            SILENT,
            one,
            Resource::new("S3", BUCKET, &[]),
            Open(
                "Resources `arn:aws:s3:::my-bucket-log?` cannot be decided: AWS does not say whether that matches `arn:aws:s3:::my-bucket-logs`",
            ),
        ),
        case(
            "but in neither reading two",
            SILENT,
            two,
            Resource::new("S3", BUCKET, &[]),
            Not("Resources `arn:aws:s3:::my-bucket-lo??s` does not match"),
        ),
        case(
            "empty Region and account, as the guide's prose has it",
            CLI,
            empty_fields,
            volume(&[]),
            Open(
                "Resources `arn:aws:ec2:::volume/*` cannot be decided: AWS does not say whether that matches `arn:aws:ec2:us-east-1:111122223333:volume/vol-1`",
            ),
        ),
        case(
            "ARNs are case-sensitive",
            CLI,
            r#"{"Resources": ["arn:aws:dynamodb:*:*:table/Orders"]}"#,
            table(&[]),
            Not("Resources `arn:aws:dynamodb:*:*:table/Orders` does not match"),
        ),
        case(
            "another partition",
            SILENT,
            r#"{"Resources": ["arn:aws-cn:ec2:*:*:volume/*"]}"#,
            volume(&[]),
            Not("Resources `arn:aws-cn:ec2:*:*:volume/*` does not match"),
        ),
        case(
            "thirteen digits",
            SILENT,
            r#"{"Resources": ["arn:aws:ec2:*:1111222233334:volume/*"]}"#,
            volume(&[]),
            Not("Resources `arn:aws:ec2:*:1111222233334:volume/*` does not match"),
        ),
    ]);
}

#[test]
fn what_the_api_refuses_is_undecided_but_a_certain_no_still_counts() {
    let map = r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"], "Conditions": {"StringEquals": {"aws:ResourceTag/backup": "true"}}}"#;
    let unknown = r#"{"Resources": ["*"], "Conditions": {"StringEqualsIgnoreCase": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}]}}"#;
    let lower = r#"{"Resources": ["*"], "Conditions": {"stringequals": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}]}}"#;
    let kind = r#"{"ListOfTags": [{"ConditionType": "STRINGNOTEQUALS", "ConditionKey": "a", "ConditionValue": "b"}]}"#;
    let map_words = "StringEquals cannot be decided: conditions of `StringEquals` are an object: AWS Backup takes a list of \
         `{ConditionKey, ConditionValue}`, so it is not known what was meant";
    check_all(&[
        case("map form", SELECTION, map, volume(&[("backup", "true")]), Open(map_words)),
        case(
            "map form, not reached",
            SELECTION,
            map,
            table(&[("backup", "true")]),
            Not("Resources `arn:aws:ec2:*:*:volume/*` does not match"),
        ),
        case(
            "unknown operator",
            SELECTION,
            unknown,
            table(&[("a", "b")]),
            Open(
                "StringEqualsIgnoreCase `aws:ResourceTag/a` = `b` cannot be decided: unknown condition operator `StringEqualsIgnoreCase`: \
             AWS Backup has `StringEquals`, `StringNotEquals`, `StringLike` and `StringNotLike`",
            ),
        ),
        case(
            "operators are case-sensitive",
            SELECTION,
            lower,
            table(&[("a", "b")]),
            Open(
                "stringequals `aws:ResourceTag/a` = `b` cannot be decided: unknown condition operator `stringequals`: \
             AWS Backup has `StringEquals`, `StringNotEquals`, `StringLike` and `StringNotLike`",
            ),
        ),
        case(
            "condition type",
            "AWS Backup API, Condition",
            kind,
            table(&[]),
            Open(
                "ListOfTags `a` = `b` cannot be decided: condition type `STRINGNOTEQUALS` of tag `a`: `ListOfTags` takes only `STRINGEQUALS`",
            ),
        ),
        case(
            "not an ARN",
            SILENT,
            r#"{"Resources": ["vol-1"]}"#,
            volume(&[]),
            Open(
                "Resources `vol-1` cannot be decided: `vol-1` is neither an ARN nor a pattern that an ARN could match",
            ),
        ),
        case(
            "not an ARN, but another that matches",
            SILENT,
            r#"{"Resources": ["vol-1", "arn:aws:ec2:*:*:volume/*"]}"#,
            volume(&[]),
            By("Resources `arn:aws:ec2:*:*:volume/*`"),
        ),
        case(
            "a placeholder excludes perhaps",
            SILENT,
            r#"{"Resources": ["*"], "NotResources": ["${aws_s3_bucket.example.arn}"]}"#,
            volume(&[]),
            Open(
                "NotResources `${aws_s3_bucket.example.arn}` cannot be decided: `${aws_s3_bucket.example.arn}` holds a placeholder \
             that nothing has filled in",
            ),
        ),
    ]);
}
