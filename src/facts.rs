//! Inventory to facts: things with attributes, as the vocabulary names them.
//!
//! A fact that could not be learned is missing, never a default. Nothing is judged here, and there is no clock:
//! ages are computed from the evaluation time that is handed in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;

mod access_policy;
mod account;
mod backup_plan;
mod backup_vault;
mod coverage;
mod family;
mod job;
mod overlap;
mod recovery_point;
mod resource;
mod thing;
mod wanted;

pub use coverage::{CoverageAnswer, Explained, NearMiss};
pub use family::{Family, Member};
pub(crate) use resource::Resource;
pub use thing::{Doubt, Fact, FactError, Name, Thing, Uid};
pub use wanted::Wanted;

use crate::inventory::record::BackupVault;
use crate::inventory::{Gap, Inventory, Operation, Recorded, State};
use crate::model::{AccountId, Place, Region, ResourceType, Time, whole_days, whole_hours};
use crate::selection::CoverageIndex;

/// Entity types that are not protectable resources.
pub mod types {
    /// An account.
    pub const ACCOUNT: &str = "AWS::Organizations::Account";
    /// A root or organizational unit.
    pub const UNIT: &str = "AWS::Organizations::OrganizationalUnit";
    /// A backup plan.
    pub const BACKUP_PLAN: &str = "AWS::Backup::BackupPlan";
    /// A rule of a plan.
    pub const BACKUP_RULE: &str = "AWS::Backup::BackupRule";
    /// A copy action of a rule.
    pub const COPY_ACTION: &str = "AWS::Backup::CopyAction";
    /// A selection of a plan.
    pub const BACKUP_SELECTION: &str = "AWS::Backup::BackupSelection";
    /// A vault.
    pub const BACKUP_VAULT: &str = "AWS::Backup::BackupVault";
    /// A recovery point.
    pub const RECOVERY_POINT: &str = "AWS::Backup::RecoveryPoint";
    /// A backup job.
    pub const BACKUP_JOB: &str = "AWS::Backup::BackupJob";
    /// A copy job.
    pub const COPY_JOB: &str = "AWS::Backup::CopyJob";
    /// A restore job.
    pub const RESTORE_JOB: &str = "AWS::Backup::RestoreJob";
    /// All jobs.
    pub const JOBS: [&str; 3] = [BACKUP_JOB, COPY_JOB, RESTORE_JOB];

    /// What can be put forward for a resource of this type, beside the account that holds it.
    pub fn evidence_for(resource: &str) -> &'static [&'static str] {
        match resource {
            BACKUP_PLAN => &[BACKUP_RULE, COPY_ACTION, BACKUP_SELECTION],
            _ if crate::model::ResourceType::from_cloudformation(resource).is_some() => &[
                BACKUP_SELECTION,
                BACKUP_RULE,
                COPY_ACTION,
                RECOVERY_POINT,
                BACKUP_JOB,
                COPY_JOB,
                RESTORE_JOB,
            ],
            _ => &[],
        }
    }
}

/// The facts of an inventory at an evaluation time.
pub struct Facts<'a> {
    inventory: &'a Inventory,
    at: Timestamp,
    vaults: BTreeMap<(&'a Place, &'a str), &'a Recorded<BackupVault>>,
    shared: BTreeMap<Uid, Thing>,
    /// Accounts, with whether their units are known.
    accounts: BTreeMap<AccountId, (Uid, bool)>,
    /// The files, as findings name them.
    sources: Vec<Arc<str>>,
    /// Places whose tags were listed wholly.
    tagged: BTreeSet<&'a Place>,
    /// Recovery points and jobs that may exist for any resource: of lists that were not read wholly, or not linked.
    unread: Vec<Thing>,
    /// Plans by place and id.
    plan_uids: BTreeMap<(&'a Place, &'a str), Uid>,
    /// Rules, copy actions and selections of each plan.
    plan_parts: BTreeMap<Uid, Vec<Uid>>,
    coverage_index: CoverageIndex,
    /// Whether the inventory is a part of an estate: what is not in it may be in the rest.
    partial: bool,
}

impl<'a> Facts<'a> {
    /// Joins what belongs together, by index; the rest is built as it is asked for.
    ///
    /// The inventory is taken for the whole estate: what is in none of its accounts and Regions is outside of it.
    pub fn new(inventory: &'a Inventory, at: Timestamp) -> Self {
        Self::build(inventory, at, false)
    }

    /// The facts of a part of an estate: other accounts and Regions exist that were not asked.
    ///
    /// What may be recorded there is missing, neither there nor not there.
    pub fn partial(inventory: &'a Inventory, at: Timestamp) -> Self {
        Self::build(inventory, at, true)
    }

    fn build(inventory: &'a Inventory, at: Timestamp, partial: bool) -> Self {
        let mut facts = Self {
            inventory,
            at,
            partial,
            vaults: BTreeMap::new(),
            shared: BTreeMap::new(),
            accounts: BTreeMap::new(),
            sources: inventory.files.iter().map(|it| it.as_str().into()).collect(),
            tagged: BTreeSet::new(),
            unread: Vec::new(),
            plan_uids: BTreeMap::new(),
            plan_parts: BTreeMap::new(),
            coverage_index: CoverageIndex::new(Vec::new()),
        };
        for place in inventory.estates.keys() {
            let account = place.account;
            let placed = inventory.organization.units_of(account).is_some();
            facts.accounts.insert(account, (Uid::new(types::ACCOUNT, account.to_string()), placed));
            if facts.state(place, "resourcegroupstaggingapi.get-resources", "") == State::Complete {
                facts.tagged.insert(place);
            }
        }
        for (place, estate) in &inventory.estates {
            for vault in estate.backup_vault_details.iter().chain(&estate.backup_vaults) {
                facts.vaults.insert((place, &vault.value.backup_vault_name), vault);
            }
        }
        facts.build_shared();
        facts.unread = facts.build_unread();
        facts.coverage_index = facts.build_coverage_index();
        facts
    }

    /// The inventory these are the facts of.
    pub fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    /// The accounts and Regions that are judged, in order.
    pub fn places(&self) -> impl Iterator<Item = &'a Place> {
        self.inventory.places()
    }

    /// A thing that others refer to: an account, a unit, a vault, a plan.
    ///
    /// One that is referred to and not known has no facts at all.
    pub fn shared(&self, uid: &Uid) -> Thing {
        self.shared.get(uid).cloned().unwrap_or_else(|| Thing::unknown(uid.clone()))
    }

    /// The file a record was read from, as findings name it.
    pub(crate) fn source_of<T>(&self, record: &Recorded<T>) -> &Arc<str> {
        static NONE: LazyLock<Arc<str>> = LazyLock::new(Arc::default);
        usize::try_from(record.file).ok().and_then(|it| self.sources.get(it)).unwrap_or(&NONE)
    }

    /// A thing that others refer to, if anything is known of it.
    pub fn known(&self, uid: &Uid) -> Option<&Thing> {
        self.shared.get(uid)
    }

    /// What keeps the things of a type in a place from having been listed wholly.
    pub fn gaps_in_list(&self, place: &Place, type_name: &str) -> Vec<Gap> {
        let gap = |name: &str| self.gap(place, name, "");
        let one = |name: &str| gap(name).into_iter().collect();
        match type_name {
            types::ACCOUNT | types::UNIT => Vec::new(),
            types::BACKUP_PLAN => one("backup.list-backup-plans"),
            types::BACKUP_RULE | types::COPY_ACTION => {
                self.gaps_per_plan(place, "backup.get-backup-plan", "ruleCount")
            }
            types::BACKUP_SELECTION => {
                self.gaps_per_plan(place, "backup.list-backup-selections", "selectionCount")
            }
            types::BACKUP_VAULT => one("backup.list-backup-vaults"),
            types::RECOVERY_POINT => {
                self.recovery_point_gaps(place).into_iter().map(|(gap, _)| gap).collect()
            }
            types::BACKUP_JOB => one("backup.list-backup-jobs"),
            types::COPY_JOB => one("backup.list-copy-jobs"),
            types::RESTORE_JOB => one("backup.list-restore-jobs"),
            _ => match Operation::listing(type_name) {
                Some(operation) => self.listing_gap(place, operation).into_iter().collect(),
                None => Vec::new(),
            },
        }
    }

    /// Whole hours and days since something that AWS leaves out when it never happened.
    ///
    /// What lies after the evaluation time has no age; that is an error, not a never.
    pub(crate) fn ages(&self, then: Option<Time>) -> Result<Option<(i64, i64)>, String> {
        let Some(then) = then else {
            return Ok(None);
        };
        match (whole_hours(then, self.at), whole_days(then, self.at)) {
            (Some(hours), Some(days)) => Ok(Some((hours, days))),
            _ => Err(format!("it was at {}, after the evaluation time {}", then.0, self.at)),
        }
    }

    /// What is missing of a call, looked up by its CLI name.
    fn gap(&self, place: &Place, operation: &str, subject: &str) -> Option<Gap> {
        let operation = Operation::named(operation)?;
        self.inventory.coverage.gap(place, operation, subject)
    }

    /// What is missing of a service's own list.
    ///
    /// Nobody need answer for a service whose types AWS Backup does not support in the Region: it is not there.
    fn listing_gap(&self, place: &Place, operation: &'static Operation) -> Option<Gap> {
        let gap = self.own_list_gap(place, operation)?;
        let absent = matches!(&gap.state, State::Refused(error) if error.code == "Unreachable");
        (!absent || !self.supports_none(place, operation)).then_some(gap)
    }

    /// What keeps a service's own list from saying what exists; buckets are listed for all Regions at once.
    fn own_list_gap(&self, place: &Place, operation: &'static Operation) -> Option<Gap> {
        if operation.name != "s3api.list-buckets" {
            return self.inventory.coverage.gap(place, operation, "");
        }
        let global = Place { account: place.account, region: Region::global() };
        self.inventory.coverage.gap(&global, operation, "")
    }

    /// Whether AWS Backup says that it supports no type that this lists in the Region (`GetSupportedResourceTypes`).
    fn supports_none(&self, place: &Place, operation: &'static Operation) -> bool {
        const SUPPORTED: &str = "backup.get-supported-resource-types";
        if self.state(place, SUPPORTED, "") != State::Complete {
            return false;
        }
        let answers = self.inventory.estate(place).settings.iter().filter(|(name, _)| *name == SUPPORTED);
        let mut names =
            answers.filter_map(|(_, it)| it.get("ResourceTypes")?.as_array()).flatten().peekable();
        let listed = |kind: ResourceType| operation.lists.contains(&kind.cloudformation());
        // An answer without a single type says nothing of the others.
        names.peek().is_some()
            && !names.any(|name| {
                name.as_str().is_none_or(|it| ResourceType::from_short_name(it).into_iter().any(listed))
            })
    }

    fn state(&self, place: &Place, operation: &str, subject: &str) -> State {
        match Operation::named(operation) {
            Some(operation) => self.inventory.coverage.state(place, operation, subject),
            None => State::NotAsked,
        }
    }

    /// Whether a call was answered both with a thing and with its absence, looked up by its CLI name.
    fn is_contradicted(&self, place: &Place, operation: &str, subject: &str) -> bool {
        let operation = Operation::named(operation);
        operation.is_some_and(|it| self.inventory.coverage.is_contradicted(place, it, subject))
    }

    /// What is missing of the parts of a place's plans; `count` is the plan's fact that says they are all known.
    fn gaps_per_plan(&self, place: &Place, operation: &str, count: &str) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self.gap(place, "backup.list-backup-plans", "").into_iter().collect();
        for ((_, id), plan) in self.plan_uids.range((place, "")..).take_while(|((of, _), _)| *of == place) {
            let known = self.shared.get(plan).is_some_and(|it| it.attribute(count).is_some());
            let silent = Operation::named(operation).filter(|_| !known).map(|operation| Gap {
                place: place.clone(),
                operation,
                subject: (*id).to_owned(),
                state: State::CutOff("its answer does not say".to_owned()),
            });
            gaps.extend(self.gap(place, operation, id).or(silent));
        }
        gaps
    }

    /// Vaults of a place whose recovery points were not listed wholly, each with the vault if it is known.
    fn recovery_point_gaps(&self, place: &Place) -> Vec<(Gap, Option<&'a str>)> {
        let mut gaps = Vec::new();
        if let Some(gap) = self.gap(place, "backup.list-backup-vaults", "") {
            gaps.push((gap, None));
        }
        let names: BTreeSet<&'a str> = self
            .vaults
            .range((place, "")..)
            .take_while(|((of, _), _)| *of == place)
            .map(|((_, name), _)| *name)
            .collect();
        for name in names {
            let gap = self.gap(place, "backup.list-recovery-points-by-backup-vault", name);
            gaps.extend(gap.map(|gap| (gap, Some(name))));
        }
        gaps
    }

    /// The tags of what has this ARN; `None` if they could not be learned.
    fn tags(&self, place: &Place, arn: &str) -> Option<BTreeMap<String, String>> {
        let tags = &self.inventory.estate(place).tags;
        if let Some(known) = tags.get(arn) {
            return known.clone();
        }
        let parsed = crate::model::Arn::parse(arn)?;
        // AWS Backup leaves the account out of the ARNs of snapshots and images, and the tagging API does not.
        if parsed.account.is_empty()
            && let Some(known) = tags.get(&arn.replacen("::", &format!(":{}:", place.account), 1))
        {
            return known.clone();
        }
        let service = parsed.service;
        let listed = self.tagged.contains(place);
        // The tagging API leaves out what was never tagged, and services it does not know.
        (listed && TAGGED_SERVICES.contains(&service)).then(BTreeMap::new)
    }

    /// Builds what others refer to, once.
    fn build_shared(&mut self) {
        let inventory = self.inventory;
        let mut shared = self.units();
        shared.extend(inventory.estates.keys().map(|place| self.account(place.account)));
        let mut plans = Vec::new();
        for place in inventory.places() {
            shared.extend(self.backup_vaults(place));
            let existing = inventory.estate(place).backup_plans.iter();
            let existing = existing.filter(|it| it.value.deletion_date.is_none());
            plans.extend(existing.map(|plan| (place, plan, self.plan_with_parts(place, plan))));
        }
        for (place, plan, things) in plans {
            let mut uids = things.iter().map(|it| it.uid.clone());
            if let Some(uid) = uids.next() {
                self.plan_uids.insert((place, &plan.value.backup_plan_id), uid.clone());
                self.plan_parts.insert(uid, uids.collect());
            }
            shared.extend(things);
        }
        self.shared = shared.into_iter().map(|thing| (thing.uid.clone(), thing)).collect();
    }
}

/// Services whose resources `GetResources` of the tagging API returns (its supported services page).
const TAGGED_SERVICES: [&str; 13] = [
    "backup",
    "cloudformation",
    "dynamodb",
    "ec2",
    "eks",
    "elasticfilesystem",
    "fsx",
    "rds",
    "redshift",
    "redshift-serverless",
    "s3",
    "storagegateway",
    "timestream",
];
