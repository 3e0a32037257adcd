//! Estates that a property can be about: what there is, what was asked, what AWS refused or sent in the wrong shape.
//!
//! Typed, so that an oracle can judge it without reading JSON; `record` writes it down as AWS would have said it.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The evaluation time in epoch seconds: 2026-03-01T06:00:00Z.
pub(crate) const AT: i64 = 1_772_344_800;

/// A member of a response: there, left out, or not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member<T> {
    /// AWS sent it.
    Is(T),
    /// AWS did not send it.
    Absent,
    /// It is not of its type.
    Broken,
}

impl<T> Member<T> {
    /// The value, if it was sent and can be read.
    pub(crate) fn known(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Wholly, in so many pages.
    Whole(usize),
    /// The last page is missing.
    CutOff,
    /// AWS said no.
    Denied,
    /// Nobody asked.
    NotAsked,
}

impl Ending {
    /// Whether nothing is missing.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// What AWS says of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// `"Lifecycle": null`.
    Null,
    /// Without `DeleteAfterDays`.
    ForEver,
    /// `-1`.
    Always,
    /// Days, and perhaps cold storage before.
    Days(i64),
    /// `DeleteAfterDays` of a wrong type inside it.
    BrokenInside,
}

/// A recovery point.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// What it is a backup of: a place and a resource there; none if AWS does not say.
    pub(crate) of: Option<(usize, usize)>,
    pub(crate) status: Member<&'static str>,
    pub(crate) encrypted: Member<bool>,
    pub(crate) keeping: Member<Keeping>,
    /// Seconds between its creation and the evaluation time; negative is the future.
    pub(crate) age: Member<i64>,
    pub(crate) vault_type: Member<()>,
    pub(crate) names_vault: bool,
    pub(crate) parent: bool,
    pub(crate) restored: bool,
    pub(crate) made_by_plan: bool,
    pub(crate) tags: Option<&'static str>,
}

/// A vault with what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    pub(crate) kind: Member<&'static str>,
    pub(crate) locked: Member<bool>,
    pub(crate) lock_date: Member<i64>,
    pub(crate) count: Member<i64>,
    pub(crate) policy: Member<Option<&'static str>>,
    pub(crate) points: Vec<Point>,
    pub(crate) listing: Ending,
    /// Whether `DescribeBackupVault` was asked too.
    pub(crate) described: bool,
    pub(crate) tags: Option<&'static str>,
}

/// The kinds of resource there are: the ARN after the account, the short name, the CloudFormation name.
pub(crate) const KINDS: [(&str, &str, &str); 8] = [
    ("ec2:{r}:{a}:volume/vol-", "EBS", "AWS::EC2::Volume"),
    ("ec2:{r}:{a}:instance/i-", "EC2", "AWS::EC2::Instance"),
    ("dynamodb:{r}:{a}:table/t-", "DynamoDB", "AWS::DynamoDB::Table"),
    ("s3:::b-{a}-{r}-", "S3", "AWS::S3::Bucket"),
    ("rds:{r}:{a}:cluster:aurora-", "Aurora", "AWS::RDS::DBCluster"),
    ("rds:{r}:{a}:cluster:multi-", "RDS", "AWS::RDS::DBCluster"),
    ("rds:{r}:{a}:db:db-", "RDS", "AWS::RDS::DBInstance"),
    ("fsx:{r}:{a}:volume/fs-1/fsvol-", "FSx", "AWS::FSx::Volume"),
];

/// The services' own lists of these kinds, with the kinds in each; buckets are listed for all Regions at once.
pub(crate) const LISTINGS: [(&str, &[usize]); 7] = [
    ("ec2.describe-volumes", &[0]),
    ("ec2.describe-instances", &[1]),
    ("dynamodb.list-tables", &[2]),
    ("s3api.list-buckets", &[3]),
    ("rds.describe-db-clusters", &[4, 5]),
    ("rds.describe-db-instances", &[6]),
    ("fsx.describe-volumes", &[7]),
];

/// What AWS knows of the latest restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// An answer: minutes, and seconds since the restore job began.
    Answer(Member<i64>, Member<i64>),
    /// AWS never backed it up.
    Unknown,
    /// AWS said no.
    Denied,
    /// Nobody asked.
    NotAsked,
}

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// An index into [`KINDS`].
    pub(crate) kind: usize,
    /// Whether its service still lists it; what is gone may still be known by its backups.
    pub(crate) exists: bool,
    /// Whether `ListProtectedResources` has it, if that was asked.
    pub(crate) listed: bool,
    pub(crate) last_backup: Member<i64>,
    pub(crate) detail: Detail,
    pub(crate) tags: Option<&'static str>,
}

/// A rule of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) schedule: Option<&'static str>,
    pub(crate) keeping: Member<Keeping>,
    pub(crate) copies: usize,
    pub(crate) vault: usize,
    pub(crate) continuous: Option<bool>,
}

/// A plan.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) rules: Vec<Rule>,
    pub(crate) body: Ending,
    pub(crate) executed: Member<i64>,
    /// Patterns of each selection.
    pub(crate) selections: Vec<(Vec<&'static str>, Ending)>,
    pub(crate) selection_list: Ending,
    pub(crate) tags: Option<&'static str>,
}

/// A job of any of the three kinds.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// 0 backup, 1 copy, 2 restore.
    pub(crate) kind: usize,
    pub(crate) of: Option<(usize, usize)>,
    pub(crate) state: Member<&'static str>,
    pub(crate) age: Member<i64>,
}

/// An account in a Region.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) vaults: Vec<Vault>,
    pub(crate) vault_list: Ending,
    pub(crate) resources: Vec<Resource>,
    pub(crate) resource_list: Ending,
    pub(crate) plans: Vec<Plan>,
    pub(crate) plan_list: Ending,
    pub(crate) jobs: Vec<Job>,
    pub(crate) job_lists: [Ending; 3],
    pub(crate) tag_list: Ending,
    pub(crate) list_tags: bool,
    /// The services' own lists, by [`LISTINGS`].
    pub(crate) service_lists: [Ending; 7],
    /// The service opt-in, if it was asked for.
    pub(crate) opt_in: Option<bool>,
}

/// How the organization was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Not at all.
    None,
    /// Each account says that it is in none.
    Standalone,
    /// From the root down.
    Down,
    /// From the accounts up.
    Up,
    /// Both.
    Both,
}

/// All of it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) places: Vec<Place>,
    pub(crate) tree: Tree,
    /// Whether what can be is recorded as the AWS CLI prints it.
    pub(crate) plain: bool,
}

impl World {
    /// The ARN of a resource.
    pub(crate) fn arn(&self, (place, resource): (usize, usize)) -> String {
        let Place { account, region, resources, .. } = &self.places[place % self.places.len()];
        // A reference to a resource that is not there is one to a resource that is gone.
        let kind = resources.get(resource).map_or(0, |it| it.kind);
        let tail = KINDS[kind].0.replace("{r}", region).replace("{a}", account);
        format!("arn:aws:{tail}{resource}")
    }

    /// The same world without anything of a wrong type, so that no line is worth telling of.
    pub(crate) fn mended(mut self) -> Self {
        for place in &mut self.places {
            for vault in &mut place.vaults {
                mend(&mut vault.kind);
                mend(&mut vault.locked);
                mend(&mut vault.lock_date);
                mend(&mut vault.count);
                mend(&mut vault.policy);
                for point in &mut vault.points {
                    mend(&mut point.status);
                    mend(&mut point.encrypted);
                    mend(&mut point.age);
                    mend(&mut point.vault_type);
                    mend_keeping(&mut point.keeping);
                }
            }
            for resource in &mut place.resources {
                mend(&mut resource.last_backup);
                if let Detail::Answer(minutes, age) = &mut resource.detail {
                    mend(minutes);
                    mend(age);
                }
            }
            for plan in &mut place.plans {
                mend(&mut plan.executed);
                plan.rules.iter_mut().for_each(|it| mend_keeping(&mut it.keeping));
            }
            for job in &mut place.jobs {
                mend(&mut job.state);
                mend(&mut job.age);
            }
        }
        self
    }

    /// The ARNs of resources that are gone.
    pub(crate) fn gone(&self) -> BTreeSet<String> {
        let resources = self.places.iter().enumerate().flat_map(|(place, it)| {
            it.resources.iter().enumerate().map(move |(number, resource)| (place, number, resource))
        });
        resources.filter(|(.., it)| !it.exists).map(|(place, number, _)| self.arn((place, number))).collect()
    }

    /// How the list ended that has resources of a kind in a place; buckets are listed once for an account.
    pub(crate) fn service_list(&self, place: &Place, kind: usize) -> Ending {
        let index = LISTINGS.iter().position(|(_, kinds)| kinds.contains(&kind)).unwrap();
        let first = self.places.iter().find(|it| it.account == place.account);
        if kind == 3 { first.unwrap_or(place).service_lists[index] } else { place.service_lists[index] }
    }

    /// The short name of its kind.
    pub(crate) fn short_name(&self, (place, resource): (usize, usize)) -> &'static str {
        let resources = &self.places[place % self.places.len()].resources;
        KINDS[resources.get(resource).map_or(0, |it| it.kind)].1
    }
}

fn mend<T: PartialEq>(member: &mut Member<T>) {
    if *member == Member::Broken {
        *member = Member::Absent;
    }
}

fn mend_keeping(keeping: &mut Member<Keeping>) {
    if matches!(keeping, Member::Broken | Member::Is(Keeping::BrokenInside)) {
        *keeping = Member::Absent;
    }
}

fn member<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Member<T>> {
    prop_oneof![10 => value.prop_map(Member::Is), 1 => Just(Member::Absent), 1 => Just(Member::Broken)]
        .boxed()
}

fn ending() -> BoxedStrategy<Ending> {
    prop_oneof![
        10 => (1_usize..=3).prop_map(Ending::Whole),
        1 => Just(Ending::CutOff),
        1 => Just(Ending::Denied),
        1 => Just(Ending::NotAsked),
    ]
    .boxed()
}

/// Ages at and around every limit that a default parameter draws.
fn age() -> impl Strategy<Value = i64> {
    let hours = prop::sample::select(vec![0, 1, 6, 23, 24, 25, 48, 24 * 31, 24 * 400]);
    let around = prop::sample::select(vec![-1, 0, 1]);
    prop_oneof![
        20 => (hours, around).prop_map(|(hours, around): (i64, i64)| (hours * 3_600 + around).max(0)),
        1 => Just(-60),
        1 => Just(-86_400),
    ]
}

fn keeping() -> impl Strategy<Value = Keeping> {
    prop_oneof![
        1 => Just(Keeping::Null),
        1 => Just(Keeping::ForEver),
        1 => Just(Keeping::Always),
        6 => prop::sample::select(vec![0, 1, 7, 34, 35, 36, 36_500]).prop_map(Keeping::Days),
        1 => Just(Keeping::BrokenInside),
    ]
}

fn tags() -> impl Strategy<Value = Option<&'static str>> {
    option::of(prop::sample::select(vec!["prod", "dev"]))
}

fn status() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("COMPLETED"),
        3 => prop::sample::select(vec![
            "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING",
        ]),
    ]
}

fn reference() -> impl Strategy<Value = Option<(usize, usize)>> {
    option::weighted(0.95, (0_usize..3, 0_usize..5))
}

fn point() -> BoxedStrategy<Point> {
    let core = (reference(), member(status()), member(any::<bool>()), member(keeping()), member(age()));
    let rest = (member(Just(())), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), tags());
    (core, rest)
        .prop_map(|((of, status, encrypted, keeping, age), rest)| {
            let (vault_type, names_vault, parent, restored, made_by_plan, tags) = rest;
            Point {
                of,
                status,
                encrypted,
                keeping,
                age,
                vault_type,
                names_vault,
                parent,
                restored,
                made_by_plan,
                tags,
            }
        })
        .boxed()
}

/// Access policies that deny all three ways of deleting, one of them, none, and what nobody can parse.
const POLICIES: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["backup:DeleteRecoveryPoint","backup:UpdateRecoveryPointLifecycle","backup:PutBackupVaultAccessPolicy"],"Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:DeleteRecoveryPoint","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"backup:CopyIntoBackupVault","Resource":"*"}]}"#,
    "{",
];

fn vault() -> BoxedStrategy<Vault> {
    let kinds = prop::sample::select(vec!["BACKUP_VAULT", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"]);
    let dates = prop::sample::select(vec![-86_400_i64, 86_400]);
    let policies = option::of(prop::sample::select(POLICIES.to_vec()));
    let core = (member(kinds), member(any::<bool>()), member(dates), member(0_i64..9), member(policies));
    (core, vec(point(), 0..4), ending(), prop::bool::weighted(0.3), tags())
        .prop_map(|(core, points, listing, described, tags)| {
            let (kind, locked, lock_date, count, policy) = core;
            Vault { kind, locked, lock_date, count, policy, points, listing, described, tags }
        })
        .boxed()
}

fn resource() -> BoxedStrategy<Resource> {
    let minutes = prop::sample::select(vec![0_i64, 1, 719, 720, 721, 5_000]);
    let detail = prop_oneof![
        6 => (member(minutes), member(age())).prop_map(|(minutes, age)| Detail::Answer(minutes, age)),
        1 => Just(Detail::Unknown),
        1 => Just(Detail::Denied),
        1 => Just(Detail::NotAsked),
    ];
    let known = (prop::bool::weighted(0.85), prop::bool::weighted(0.8));
    (0..KINDS.len(), known, member(age()), detail, tags())
        .prop_map(|(kind, (exists, listed), last_backup, detail, tags)| {
            // AWS Backup lists whatever it can describe.
            let listed = listed || matches!(detail, Detail::Answer(..));
            Resource { kind, exists, listed, last_backup, detail, tags }
        })
        .boxed()
}

fn plan() -> BoxedStrategy<Plan> {
    let schedule = option::of(Just("cron(0 5 ? * * *)"));
    let rule = (schedule, member(keeping()), 0_usize..3, 0_usize..3, option::of(any::<bool>())).prop_map(
        |(schedule, keeping, copies, vault, continuous)| Rule {
            schedule,
            keeping,
            copies,
            vault,
            continuous,
        },
    );
    let patterns = prop::sample::subsequence(vec!["*", "arn:aws:ec2:*:*:volume/*"], 0..=2);
    let core = (vec(rule, 0..3), ending(), member(age()));
    let selections = (vec((patterns, ending()), 0..3), ending());
    (core, selections, tags())
        .prop_map(|((rules, body, executed), (selections, selection_list), tags)| Plan {
            rules,
            body,
            executed,
            selections,
            selection_list,
            tags,
        })
        .boxed()
}

fn job() -> BoxedStrategy<Job> {
    let states = prop::sample::select(vec!["COMPLETED", "FAILED", "RUNNING"]);
    (0_usize..3, reference(), member(states), member(age()))
        .prop_map(|(kind, of, state, age)| Job { kind, of, state, age })
        .boxed()
}

fn place(account: &'static str, region: &'static str) -> BoxedStrategy<Place> {
    let vaults = (vec(vault(), 0..4), ending());
    let resources = (vec(resource(), 0..5), ending());
    let plans = (vec(plan(), 0..3), ending());
    let jobs = (vec(job(), 0..4), [ending(), ending(), ending()]);
    let lists = || [ending(), ending(), ending(), ending(), ending(), ending(), ending()];
    let tags = (ending(), any::<bool>());
    let opt_in = option::weighted(0.8, prop::bool::weighted(0.8));
    (vaults, resources, plans, jobs, tags, lists(), opt_in)
        .prop_map(move |(vaults, resources, plans, jobs, (tag_list, list_tags), service_lists, opt_in)| {
            Place {
                account,
                region,
                vaults: vaults.0,
                vault_list: vaults.1,
                resources: resources.0,
                resource_list: resources.1,
                plans: plans.0,
                plan_list: plans.1,
                jobs: jobs.0,
                job_lists: jobs.1,
                tag_list,
                list_tags,
                service_lists,
                opt_in,
            }
        })
        .boxed()
}

/// Worlds of one to three places.
pub(crate) fn world() -> BoxedStrategy<World> {
    let tree = prop::sample::select(vec![Tree::None, Tree::Standalone, Tree::Down, Tree::Up, Tree::Both]);
    let places = (
        place("111122223333", "eu-west-1"),
        place("111122223333", "eu-central-1"),
        place("222233334444", "eu-west-1"),
        1_usize..=3,
    );
    (places, tree, any::<bool>())
        .prop_map(|((one, two, three, count), tree, plain)| {
            let mut places = vec![one, two, three];
            places.truncate(count);
            World { places, tree, plain }
        })
        .boxed()
}
