//! Small random estates out of few words, so that clauses meet.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const ACCOUNTS: [&str; 2] = [ACCOUNT, "444455556666"];
const REGIONS: [&str; 2] = [REGION, "eu-west-1"];
const PLANS: [&str; 2] = ["p-1", "orgs/p-1"];
const MARK: &str = "awsbackup-restore-test";

const ARNS: [(&str, &str); 14] = [
    ("EBS", "arn:aws:ec2:us-east-1:111122223333:volume/vol-1"),
    ("EBS", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-2"),
    ("EC2", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"),
    ("RDS", "arn:aws:rds:us-east-1:111122223333:db:orders"),
    ("RDS", "arn:aws:rds:us-east-1:111122223333:cluster:orders"),
    ("Aurora", "arn:aws:rds:us-east-1:111122223333:cluster:a:db:b"),
    ("Neptune", "arn:aws:rds:eu-west-1:444455556666:cluster:graph"),
    ("FSx", "arn:aws:fsx:us-east-1:111122223333:file-system/fs-1"),
    ("S3", "arn:aws:s3:::logs-prod"),
    ("S3", "arn:aws:s3:::awsbackup-restore-test-1"),
    ("RDS", "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:s"),
    ("SAP HANA on Amazon EC2", "arn:aws:ssm-sap:us-east-1:111122223333:HANA/one two/x"),
    ("VirtualMachine", "arn:aws:backup-gateway:us-east-1:111122223333:vm/vm-\u{2003}1"),
    ("", "no arn at all"),
];

const PATTERNS: [&str; 37] = [
    "*",
    "**",
    "arn:*",
    "arn:aws:ec2:*",
    "arn:aws:ec2:*:*:volume/*",
    "arn:aws:ec2:*:*:volume/vol-1",
    "arn:aws:ec2:us-east-1:111122223333:volume/vol-1",
    "arn:aws:ec2:us-east-1:111122223333:volume/vol-?",
    "arn:aws:ec2:*:*:inst*",
    "arn:aws:ec2:us-east-1:*",
    "arn:aws:ec2:us*",
    "arn:aws:ec2:*:instance/*",
    "arn:aws:ec2:::instance/*",
    "arn:aws:*:*:*:instance/*",
    "arn:aws:ec2:*:*:*",
    "arn:aws:rds:*",
    "arn:aws:rds:*:*:db:*",
    "arn:aws:rds:*:*:cluster:*",
    "arn:aws:rds:*:*:cluster-snapshot:*",
    "arn:aws:rds:us-east-1:111122223333:cluster:orders",
    "arn:aws:fsx:*:*:file-system/*",
    "arn:aws:fsx:*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::*-prod",
    "arn:aws:s3:::l*-*d",
    "arn:aws:s3:::logs-?rod",
    "arn:aws:ssm-sap:*:*:HANA/*",
    "arn:aws:ssm-sap:*:*:HANA/* two/*",
    "arn:aws:backup-gateway:*:*:vm/*",
    "arn:aws-cn:ec2:*:*:volume/*",
    "*volume*",
    "*:db:*",
    "vol-1",
    "",
    "${aws_ebs_volume.one.arn}",
    "arn:aws:ec2",
    "*1",
];

const KEYS: [&str; 4] = ["env", "backup", "aws:cloudformation:stack-name", MARK];
const WRITTEN_KEYS: [&str; 8] = [
    "env",
    "backup",
    "aws:ResourceTag/env",
    "aws:ResourceTag/backup",
    "aws:ResourceTag/aws:cloudformation:stack-name",
    "aws:resourcetag/env",
    "aws:ResourceTag/",
    "",
];
const VALUES: [&str; 9] =
    ["prod", "Prod", "prod server", "prod\u{a0}x", "pr?d", "p*", "", "daily", "production-eu"];
const WRITTEN_VALUES: [&str; 14] = [
    "prod",
    "Prod",
    "prod*",
    "*rod*",
    "*",
    "**",
    "prod *",
    "pr?d",
    "p*",
    "",
    "*-eu",
    "p*-*",
    "${var.env}",
    "daily",
];
const OPERATORS: [&str; 6] =
    ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "stringequals", "Null"];
const TYPES: [&str; 4] = ["STRINGEQUALS", "StringEquals", "STRINGLIKE", ""];

/// A resource that owns its words.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) account: &'static str,
    pub(super) region: &'static str,
    pub(super) service: String,
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) tags: Option<Vec<(String, String)>>,
    pub(super) restore_test: Option<bool>,
}

impl Owned {
    pub(super) fn ask<T>(&self, use_candidate: impl FnOnce(&Candidate<'_>) -> T) -> T {
        let tags: Option<Vec<(&str, &str)>> =
            self.tags.as_ref().map(|tags| tags.iter().map(|(key, value)| (&**key, &**value)).collect());
        use_candidate(&Candidate {
            account: self.account,
            region: self.region,
            arn: &self.arn,
            name: &self.name,
            opt_in_name: &self.service,
            tags: tags.as_deref(),
            restore_test: self.restore_test,
        })
    }
}

/// A selection's identity and content; no content stands for one that could not be read.
pub(super) type Written = (SelectionId, Option<BackupSelection>);

pub(super) fn read((id, body): &Written) -> Selection {
    match body {
        Some(body) => Selection::new(id.clone(), body).0,
        None => Selection::unread(id.clone()),
    }
}

pub(super) fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![12 => select(words).prop_map(str::to_owned), 1 => "[ab*?:/ ]{0,8}"]
}

pub(super) fn bodies() -> impl Strategy<Value = BackupSelection> {
    let patterns = || prop::collection::vec(word(&PATTERNS), 0..3);
    let pair = (word(&TYPES), word(&WRITTEN_KEYS), word(&WRITTEN_VALUES)).prop_map(
        |(condition_type, condition_key, condition_value)| TagCondition {
            condition_type,
            condition_key,
            condition_value,
        },
    );
    let parameter = (word(&WRITTEN_KEYS), word(&WRITTEN_VALUES))
        .prop_map(|(condition_key, condition_value)| ConditionParameter { condition_key, condition_value });
    let form = prop_oneof![
        15 => prop::collection::vec(parameter, 0..3).prop_map(ConditionForm::List),
        1 => Just(ConditionForm::Map),
    ];
    let group = (select(&OPERATORS[..]), form)
        .prop_map(|(operator, form)| OperatorConditions { operator: operator.to_owned(), form });
    let tags = prop::collection::vec(pair, 0..3);
    let conditions = prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::vec(group, 1..3)];
    let excluded = prop_oneof![2 => Just(Vec::new()), 1 => patterns()];
    (patterns(), excluded, tags, conditions).prop_map(
        |(resources, not_resources, list_of_tags, conditions)| BackupSelection {
            resources,
            not_resources,
            list_of_tags,
            conditions,
            ..BackupSelection::default()
        },
    )
}

pub(super) fn selections() -> impl Strategy<Value = Written> {
    let place = (select(&ACCOUNTS[..]), select(&REGIONS[..]), select(&PLANS[..]));
    let place = prop_oneof![4 => Just((ACCOUNT, REGION, "p-1")), 1 => place];
    (place, prop::option::weighted(0.97, bodies()))
        .prop_map(|((account, region, plan), body)| (id(account, region, plan), body))
}

pub(super) fn resources() -> impl Strategy<Value = Owned> {
    let place = prop_oneof![4 => Just((ACCOUNT, REGION)), 1 => (select(&ACCOUNTS[..]), select(&REGIONS[..]))];
    let thing = prop_oneof![
        12 => select(&ARNS[..]).prop_map(|(service, arn)| (service.to_owned(), arn.to_owned())),
        1 => ("(EBS|S3)", "[arn:/ s3*?]{0,12}"),
    ];
    let key = prop_oneof![30 => word(&KEYS[..3]), 1 => Just(MARK.to_owned())];
    let tags = prop::option::weighted(0.8, prop::collection::vec((key, word(&VALUES)), 0..4));
    let name = prop_oneof![15 => Just(String::new()), 1 => Just(format!("{MARK}-9"))];
    (place, thing, tags, name, prop::option::of(any::<bool>())).prop_map(
        |((account, region), (service, arn), tags, name, known)| {
            // What restore jobs say never contradicts the tags.
            let marked = tags.as_ref().is_some_and(|tags| tags.iter().any(|(key, _)| key == MARK));
            let restore_test = known.map(|made| marked || (made && tags.is_none()));
            Owned { account, region, service, arn, name, tags, restore_test }
        },
    )
}

pub(super) fn opt_ins() -> impl Strategy<Value = OptIn> {
    let services =
        ["EBS", "EC2", "RDS", "Aurora", "Neptune", "FSx", "S3", "SAP HANA on Amazon EC2", "VirtualMachine"];
    let setting = prop_oneof![4 => Just(Some(true)), 2 => Just(Some(false)), 1 => Just(None)];
    let read = prop::collection::vec(setting, services.len()).prop_map(move |settings| {
        let named = services.iter().zip(settings);
        OptIn::Read(named.filter_map(|(service, setting)| Some(((*service).to_owned(), setting?))).collect())
    });
    prop_oneof![5 => read, 1 => Just(OptIn::Unread)]
}
