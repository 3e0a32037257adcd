//! One selection, one resource, one answer, each with the page that says so.

use super::*;

pub(super) const VOLUME: &str = "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
pub(super) const INSTANCE: &str = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
pub(super) const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
pub(super) const DATABASE: &str = "arn:aws:rds:us-east-1:111122223333:db:orders";
pub(super) const CLUSTER: &str = "arn:aws:rds:us-east-1:111122223333:cluster:my-aurora-cluster";
pub(super) const WINDOWS: &str = "arn:aws:fsx:us-east-1:111122223333:file-system/fs-1";
pub(super) const BUCKET: &str = "arn:aws:s3:::my-bucket-logs";

pub(super) const CLI: &str = "AWS Backup guide, Assign resources with AWS CLI";
pub(super) const CONSOLE: &str = "AWS Backup guide, Assign resources using the console";
pub(super) const CLOUDFORMATION: &str = "AWS Backup guide, Assign resources through CloudFormation";
pub(super) const SELECTION: &str = "AWS Backup API, BackupSelection";
pub(super) const SETTINGS: &str = "AWS Backup API, UpdateRegionSettings";
pub(super) const ACCOUNTS: &str = "AWS Backup guide, Managing resources across multiple AWS accounts";
pub(super) const RESTORE: &str = "AWS Backup guide, Restore testing";
pub(super) const SILENT: &str = "AWS is silent; the module's notes decide";

/// The answer, with the words of the clause or of what is missing.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    By(&'static str),
    Not(&'static str),
    Open(&'static str),
}
pub(super) use Answer::{By, Not, Open};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) selection: &'static str,
    pub(super) resource: Resource,
    pub(super) answer: Answer,
}

pub(super) fn case(
    name: &'static str,
    source: &'static str,
    selection: &'static str,
    resource: Resource,
    answer: Answer,
) -> Case {
    Case { name, source, selection, resource, answer }
}

pub(super) fn volume(tags: &[(&'static str, &'static str)]) -> Resource {
    Resource::new("EBS", VOLUME, tags)
}

pub(super) fn table(tags: &[(&'static str, &'static str)]) -> Resource {
    Resource::new("DynamoDB", TABLE, tags)
}

pub(super) fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Covered { via } => format!("by {via}"),
        Outcome::NotCovered { failed } => format!("not: {failed}"),
        Outcome::Undecided { unread } => {
            let unread: Vec<String> = unread.iter().map(ToString::to_string).collect();
            format!("open: {}", unread.join("; "))
        }
    }
}

/// Answers by the pair, by the index, and by the second implementation; all must be what the table says.
pub(super) fn check(case: &Case, plan_id: &str, account: &OptIn, management: &OptIn) {
    let Case { name, source, selection: json, resource, answer } = case;
    let settings = Settings { opt_in: account, management_opt_in: management };
    let (selection, _) = Selection::new(id(ACCOUNT, REGION, plan_id), &body(json));
    let outcome = explain(&selection, &resource.candidate(), &settings);
    let (words, covered) = match answer {
        By(words) => (format!("by {words}"), Some(true)),
        Not(words) => (format!("not: {words}"), Some(false)),
        Open(words) => (format!("open: {words}"), None),
    };
    assert_eq!(said(&outcome), words, "{name} ({source})");
    let indexed =
        CoverageIndex::new(vec![selection.clone()]).covering(&resource.candidate(), &settings).covered();
    assert_eq!(indexed, covered, "{name}: the index");
    let second = oracle::covers(selection.id(), Some(&body(json)), &resource.candidate(), &settings);
    assert_eq!(second, covered, "{name}: the second implementation");
}

pub(super) fn check_all(cases: &[Case]) {
    let everything = opted_in_but(&[]);
    for case in cases {
        check(case, "p-1", &everything, &OptIn::Unread);
    }
}

#[test]
fn a_star_with_a_tag_condition_does_not_cover_an_untagged_table() {
    let json = r#"{"Resources": ["*"], "Conditions": {"StringEquals": [
        {"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "daily"}]}}"#;
    check_all(&[
        case(
            "untagged",
            CLI,
            json,
            table(&[]),
            Not(
                "StringEquals `aws:ResourceTag/backup` = `daily` does not hold: the resource has no such tag",
            ),
        ),
        case("tagged", CLI, json, table(&[("backup", "daily")]), By("Resources `*`")),
    ]);
}

#[test]
fn a_table_in_another_region_is_not_covered() {
    let elsewhere = Resource {
        region: "eu-west-1",
        arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
        ..table(&[])
    };
    let other_account = Resource {
        account: "999999999999",
        arn: "arn:aws:dynamodb:us-east-1:999999999999:table/orders",
        ..table(&[])
    };
    let words = "selection covers only account `111122223333` in Region `us-east-1`";
    check_all(&[
        case("everything", CLI, r#"{"Resources": ["*"]}"#, elsewhere.clone(), Not(words)),
        case(
            "its very ARN",
            CLI,
            r#"{"Resources": ["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"]}"#,
            elsewhere,
            Not(words),
        ),
        case("another account", CLI, r#"{"Resources": ["*"]}"#, other_account, Not(words)),
        case(
            "a bucket elsewhere",
            CLI,
            r#"{"Resources": ["arn:aws:s3:::*"]}"#,
            Resource { region: "eu-west-1", ..Resource::new("S3", BUCKET, &[]) },
            Not(words),
        ),
    ]);
}

#[test]
fn the_pattern_for_database_instances_covers_an_instance_and_no_cluster() {
    let json = r#"{"Resources": ["arn:aws:rds:*:*:db:*"]}"#;
    check_all(&[
        case(
            "instance",
            CLI,
            json,
            Resource::new("RDS", DATABASE, &[]),
            By("Resources `arn:aws:rds:*:*:db:*`"),
        ),
        case(
            "cluster",
            CLI,
            json,
            Resource::new("Aurora", CLUSTER, &[]),
            Not("Resources `arn:aws:rds:*:*:db:*` does not match"),
        ),
    ]);
}

#[test]
fn tags_alone_cover() {
    let json = r#"{"Resources": [], "ListOfTags": [
        {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "daily"},
        {"ConditionType": "StringEquals", "ConditionKey": "tier", "ConditionValue": "gold"}]}"#;
    check_all(&[
        case(
            "first pair",
            SELECTION,
            json,
            table(&[("backup", "daily")]),
            By("ListOfTags `backup` = `daily`"),
        ),
        case("second pair", CLI, json, table(&[("tier", "gold")]), By("ListOfTags `tier` = `gold`")),
        case(
            "values are case-sensitive",
            CONSOLE,
            json,
            table(&[("backup", "Daily")]),
            Not(
                "none of 2 Resources and ListOfTags entries matches, nearest is ListOfTags `backup` = `daily`: the resource has `Daily`",
            ),
        ),
        case(
            "keys are case-sensitive",
            CONSOLE,
            json,
            table(&[("Backup", "daily")]),
            Not(
                "none of 2 Resources and ListOfTags entries matches, nearest is ListOfTags `backup` = `daily`: the resource has no such tag",
            ),
        ),
    ]);
}

#[test]
fn plans_in_two_regions_each_cover_their_own() {
    let regions = ["us-east-1", "eu-west-1"];
    let selections =
        regions.map(|region| Selection::new(id(ACCOUNT, region, "p"), &body(r#"{"Resources": ["*"]}"#)).0);
    let index = CoverageIndex::new(selections.to_vec());
    let opt_in = opted_in_but(&[]);
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    for (position, region) in (0..).zip(regions) {
        let resource = Resource { region, ..table(&[]) };
        let covering: Vec<u32> = index.covering(&resource.candidate(), &settings).covering().collect();
        assert_eq!(covering, [position]);
    }
}

#[test]
fn the_examples_of_the_guide_do_what_their_titles_say() {
    let all_but_volumes = r#"{"Resources": ["*"], "NotResources": ["arn:aws:ec2:*:*:volume/*"]}"#;
    let tagged_but_volumes = r#"{"Resources": ["*"], "NotResources": ["arn:aws:ec2:*:*:volume/*"],
        "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "true"}]}}"#;
    let both_tags = r#"{"Resources": ["arn:aws:ec2:*:*:volume/*", "arn:aws:rds:*:*:db:*"], "Conditions": {"StringEquals": [
        {"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "true"},
        {"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "prod"}]}}"#;
    let not_test = r#"{"Resources": ["arn:aws:ec2:*:*:volume/*"], "Conditions": {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "true"}],
        "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "test"}]}}"#;
    let wildcards = r#"{"Resources": ["*"], "Conditions": {
        "StringLike": [{"ConditionKey": "aws:ResourceTag/key1", "ConditionValue": "include*"}],
        "StringNotLike": [{"ConditionKey": "aws:ResourceTag/key2", "ConditionValue": "*exclude*"}]}}"#;
    let no_databases = r#"{"Resources": ["*"], "NotResources": ["arn:aws:fsx:*", "arn:aws:rds:*"]}"#;
    let any_value = r#"{"Resources": ["*"], "Conditions": {"StringLike": [
        {"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "*"}]}}"#;
    let union = r#"{"Resources": ["arn:aws:fsx:*", "arn:aws:rds:*:*:cluster:my-aurora-cluster"],
        "ListOfTags": [{"ConditionType": "StringEquals", "ConditionKey": "backup", "ConditionValue": "true"}],
        "Conditions": {"StringNotEquals": [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "test"}]}}"#;
    check_all(&[
        case("all but volumes: a table", CLI, all_but_volumes, table(&[]), By("Resources `*`")),
        case(
            "all but volumes: a volume",
            CLI,
            all_but_volumes,
            volume(&[]),
            Not("NotResources `arn:aws:ec2:*:*:volume/*` excludes it"),
        ),
        case(
            "tagged but volumes: a tagged table",
            CLI,
            tagged_but_volumes,
            table(&[("backup", "true")]),
            By("Resources `*`"),
        ),
        case(
            "tagged but volumes: a tagged volume",
            CLI,
            tagged_but_volumes,
            volume(&[("backup", "true")]),
            Not("NotResources `arn:aws:ec2:*:*:volume/*` excludes it"),
        ),
        case(
            "both tags: both",
            CLI,
            both_tags,
            volume(&[("stage", "prod"), ("backup", "true")]),
            By("Resources `arn:aws:ec2:*:*:volume/*`"),
        ),
        case(
            "both tags: one",
            CLI,
            both_tags,
            volume(&[("backup", "true")]),
            Not("StringEquals `aws:ResourceTag/stage` = `prod` does not hold: the resource has no such tag"),
        ),
        case(
            "not test: untagged stage",
            CLI,
            not_test,
            volume(&[("backup", "true")]),
            By("Resources `arn:aws:ec2:*:*:volume/*`"),
        ),
        case(
            "not test: test",
            CLI,
            not_test,
            volume(&[("backup", "true"), ("stage", "test")]),
            Not("StringNotEquals `aws:ResourceTag/stage` = `test` does not hold: the resource has `test`"),
        ),
        case("wildcards: in", CLI, wildcards, table(&[("key1", "included")]), By("Resources `*`")),
        case(
            "wildcards: out",
            CLI,
            wildcards,
            table(&[("key1", "include"), ("key2", "do-exclude-me")]),
            Not(
                "StringNotLike `aws:ResourceTag/key2` = `*exclude*` does not hold: the resource has `do-exclude-me`",
            ),
        ),
        case(
            "no databases: Neptune shares rds",
            CLI,
            no_databases,
            Resource::new("Neptune", CLUSTER, &[]),
            Not("NotResources `arn:aws:rds:*` excludes it"),
        ),
        case(
            "no databases: FSx",
            CLI,
            no_databases,
            Resource::new("FSx", WINDOWS, &[]),
            Not("NotResources `arn:aws:fsx:*` excludes it"),
        ),
        case("any value", CLI, any_value, table(&[("backup", "weekly")]), By("Resources `*`")),
        case("any value: an empty one", CLI, any_value, table(&[("backup", "")]), By("Resources `*`")),
        case(
            "any value: no tag",
            CLI,
            any_value,
            table(&[]),
            Not("StringLike `aws:ResourceTag/backup` = `*` does not hold: the resource has no such tag"),
        ),
        case("union: FSx", CLI, union, Resource::new("FSx", WINDOWS, &[]), By("Resources `arn:aws:fsx:*`")),
        case(
            "union: the cluster",
            CLI,
            union,
            Resource::new("Aurora", CLUSTER, &[]),
            By("Resources `arn:aws:rds:*:*:cluster:my-aurora-cluster`"),
        ),
        case("union: by tag", CLI, union, table(&[("backup", "true")]), By("ListOfTags `backup` = `true`")),
        case(
            "union: test",
            CLI,
            union,
            table(&[("backup", "true"), ("stage", "test")]),
            Not("StringNotEquals `aws:ResourceTag/stage` = `test` does not hold: the resource has `test`"),
        ),
    ]);
}

#[test]
fn a_selection_that_chooses_nothing_reaches_everything() {
    check_all(&[
        case(
            "nothing at all",
            SELECTION,
            "{}",
            table(&[]),
            By("neither Resources nor ListOfTags, so every resource"),
        ),
        case(
            "empty lists",
            SELECTION,
            r#"{"Resources": [], "ListOfTags": null, "NotResources": [],
            "Conditions": {"StringEquals": [], "StringLike": null}}"#,
            table(&[]),
            By("neither Resources nor ListOfTags, so every resource"),
        ),
        case(
            "only conditions",
            CONSOLE,
            r#"{"Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}]}}"#,
            table(&[]),
            Not("StringEquals `aws:ResourceTag/a` = `b` does not hold: the resource has no such tag"),
        ),
        case(
            "only exclusions",
            CONSOLE,
            r#"{"NotResources": ["arn:aws:ec2:*"]}"#,
            volume(&[]),
            Not("NotResources `arn:aws:ec2:*` excludes it"),
        ),
    ]);
}

#[test]
fn conditions_of_the_cloudformation_example_all_have_to_hold() {
    let json = r#"{"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "backupplan", "ConditionValue": "dsi-sandbox-daily"}],
        "NotResources": ["arn:aws:rds:*:*:cluster:*"], "Conditions": {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/path", "ConditionValue": "prod"}],
        "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/path", "ConditionValue": "test"}],
        "StringLike": [{"ConditionKey": "aws:ResourceTag/path", "ConditionValue": "prod/*"}],
        "StringNotLike": [{"ConditionKey": "aws:ResourceTag/path", "ConditionValue": "test/*"}]}}"#;
    let chosen = ("backupplan", "dsi-sandbox-daily");
    check_all(&[
        case(
            "prod is not like prod/*",
            CLOUDFORMATION,
            json,
            table(&[chosen, ("path", "prod")]),
            Not("StringLike `aws:ResourceTag/path` = `prod/*` does not hold: the resource has `prod`"),
        ),
        case(
            "prod/a is not prod",
            CLOUDFORMATION,
            json,
            table(&[chosen, ("path", "prod/a")]),
            Not("StringEquals `aws:ResourceTag/path` = `prod` does not hold: the resource has `prod/a`"),
        ),
    ]);
}
