//! A large made-up estate, the same on every run.

use backproof::selection::{
    BackupSelection, Candidate, ConditionForm, ConditionParameter, OperatorConditions, OptIn, Selection,
    SelectionId, TagCondition,
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// What the selections are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// 60 % by tag, 30 % by ARN pattern, 10 % everything with conditions.
    Realistic,
    /// Everything, with conditions of which one must hold.
    EverythingWithConditions,
    /// Everything but one tag value.
    EverythingExcept,
}

/// What the resources' tags are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Eight tags, some of them unique.
    Own,
    /// All resources have one and the same tag.
    Shared,
    /// No tags could be read.
    Unread,
}

/// A resource that owns its words.
pub(crate) struct Owned {
    arn: String,
    service: &'static str,
    tags: Option<Vec<(String, String)>>,
}

impl Owned {
    /// Asks something about the resource.
    pub(crate) fn ask<T>(&self, use_candidate: impl FnOnce(&Candidate<'_>) -> T) -> T {
        let tags: Option<Vec<(&str, &str)>> =
            self.tags.as_ref().map(|tags| tags.iter().map(|(key, value)| (&**key, &**value)).collect());
        use_candidate(&Candidate {
            account: ACCOUNT,
            region: REGION,
            arn: &self.arn,
            name: "",
            opt_in_name: self.service,
            tags: tags.as_deref(),
            restore_test: Some(false),
        })
    }
}

/// Knuth's multiplicative generator: enough to scatter, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn pick(words: &[&'static str], number: u64) -> &'static str {
    words.iter().cycle().nth(number as usize).copied().unwrap_or_default()
}

/// All services opted in.
pub(crate) fn opt_in() -> OptIn {
    OptIn::Read(
        ["EBS", "EC2", "DynamoDB", "RDS", "Aurora", "S3", "EFS"].map(|name| (name.to_owned(), true)).into(),
    )
}

/// Selections as written.
pub(crate) fn selections(mix: Mix, count: u32) -> Vec<BackupSelection> {
    let mut dice = Dice(7);
    (0..count).map(|_| selection(mix, &mut dice)).collect()
}

/// Selections, read.
pub(crate) fn read(written: &[BackupSelection]) -> Vec<Selection> {
    let id = |number: usize| SelectionId {
        account: ACCOUNT.into(),
        region: REGION.into(),
        plan_id: format!("plan-{}", number / 100).into(),
        plan_name: format!("plan {}", number / 100).into(),
        selection_id: format!("selection-{number}").into(),
        selection_name: format!("selection {number}").into(),
    };
    written.iter().enumerate().map(|(number, body)| Selection::new(id(number), body).0).collect()
}

fn selection(mix: Mix, dice: &mut Dice) -> BackupSelection {
    match (mix, dice.below(10)) {
        (Mix::Realistic, 0..6) => by_tag(dice),
        (Mix::Realistic, 6..9) => by_pattern(dice),
        (Mix::EverythingExcept, _) => BackupSelection {
            resources: vec!["*".to_owned()],
            conditions: vec![condition("StringNotEquals", "app", format!("app-{}", dice.below(5_000)))],
            ..BackupSelection::default()
        },
        _ => everything(dice),
    }
}

fn by_tag(dice: &mut Dice) -> BackupSelection {
    let pair = |dice: &mut Dice| {
        let (key, value) = match dice.below(4) {
            0 => ("backup", format!("tier-{}", dice.below(50))),
            1 => ("team", format!("team-{}", dice.below(400))),
            _ => ("app", format!("app-{}", dice.below(5_000))),
        };
        TagCondition {
            condition_type: "STRINGEQUALS".to_owned(),
            condition_key: key.to_owned(),
            condition_value: value,
        }
    };
    BackupSelection {
        list_of_tags: (0..1 + dice.below(3)).map(|_| pair(dice)).collect(),
        ..BackupSelection::default()
    }
}

fn by_pattern(dice: &mut Dice) -> BackupSelection {
    const TYPES: [&str; 5] =
        ["ec2:*:*:volume/", "ec2:*:*:instance/", "dynamodb:*:*:table/", "rds:*:*:db:", "s3:::"];
    let kind = pick(&TYPES, dice.below(5));
    let resources = match dice.below(10) {
        0 => vec![format!("arn:aws:{kind}*")],
        1..7 => {
            (0..1 + dice.below(10)).map(|_| format!("arn:aws:{kind}app-{}-*", dice.below(5_000))).collect()
        }
        _ => (0..1 + dice.below(100))
            .map(|_| arn(dice.below(5), dice.below(100_000), dice.below(5_000)))
            .collect(),
    };
    let conditions = match dice.below(3) {
        0 => vec![condition("StringEquals", "env", "prod".to_owned())],
        _ => Vec::new(),
    };
    BackupSelection { resources, conditions, ..BackupSelection::default() }
}

fn everything(dice: &mut Dice) -> BackupSelection {
    let mut conditions = vec![match dice.below(4) {
        0 => condition("StringLike", "app", format!("app-{}*", dice.below(5_000))),
        1 => condition("StringEquals", "backup", format!("tier-{}", dice.below(50))),
        _ => condition("StringEquals", "app", format!("app-{}", dice.below(5_000))),
    }];
    if dice.below(2) == 0 {
        conditions.push(condition("StringNotEquals", "env", "dev".to_owned()));
    }
    BackupSelection { resources: vec!["*".to_owned()], conditions, ..BackupSelection::default() }
}

fn condition(operator: &str, key: &str, value: String) -> OperatorConditions {
    let parameter =
        ConditionParameter { condition_key: format!("aws:ResourceTag/{key}"), condition_value: value };
    OperatorConditions { operator: operator.to_owned(), form: ConditionForm::List(vec![parameter]) }
}

fn arn(kind: u64, number: u64, app: u64) -> String {
    match kind {
        0 => format!("arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{number:017x}"),
        1 => format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-{number:017x}"),
        2 => format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/app-{app}-{number}"),
        3 => format!("arn:aws:rds:{REGION}:{ACCOUNT}:db:app-{app}-{number}"),
        _ => format!("arn:aws:s3:::app-{app}-{number}"),
    }
}

/// Resources of five types.
pub(crate) fn resources(count: u64, tags: Tags) -> Vec<Owned> {
    let mut dice = Dice(11);
    (0..count)
        .map(|number| {
            let (kind, app) = (dice.below(5), dice.below(5_000));
            let own = |dice: &mut Dice| {
                let pairs = [
                    ("Name", format!("app-{app}-{number}")),
                    ("app", format!("app-{app}")),
                    ("team", format!("team-{}", app % 400)),
                    ("env", pick(&["prod", "test", "dev"], dice.below(3)).to_owned()),
                    ("backup", format!("tier-{}", dice.below(60))),
                    ("cost-center", format!("{}", dice.below(1_000))),
                    ("created-by", "terraform".to_owned()),
                    ("repository", format!("git/{app}")),
                ];
                pairs.map(|(key, value)| (key.to_owned(), value)).to_vec()
            };
            let tags = match tags {
                Tags::Own => Some(own(&mut dice)),
                Tags::Shared => Some(vec![("backup".to_owned(), "tier-1".to_owned())]),
                Tags::Unread => None,
            };
            let service = pick(&["EBS", "EC2", "DynamoDB", "RDS", "S3"], kind);
            Owned { arn: arn(kind, number, app), service, tags }
        })
        .collect()
}
