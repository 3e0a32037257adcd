//! What else is recorded of a job's plan, vault, recovery point and resource.
//!
//! Records of an estate are in the order of their keys, so each is found without looking at the others.

use std::collections::BTreeMap;

use super::value::Value;
use super::{Period, When};
use crate::inventory::record::{
    BackupJob, BackupPlanBody, BackupRule, BackupVault, CreatedBy, JobCreator, Lifecycle, RecoveryPoint,
    RestoreJob, Text,
};
use crate::inventory::{Inventory, Record, Recorded};
use crate::model::{Arn, Place};

/// A rule with the plan that holds it.
#[derive(Clone, Copy)]
struct RuleOfPlan<'a> {
    version: Option<&'a Text>,
    rule: &'a BackupRule,
}

/// An inventory in which what belongs to a job is found.
pub(super) struct Joined<'a> {
    inventory: &'a Inventory,
    rules: BTreeMap<(&'a Place, &'a str, &'a str), RuleOfPlan<'a>>,
    /// Backup jobs by the recovery point they made; `None` where several made it, as continuous backups do.
    backups: BTreeMap<&'a str, Option<&'a BackupJob>>,
}

/// What a report says of the plan behind a job.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub(super) arn: Value,
    pub(super) rule_id: Value,
    pub(super) name: Value,
    pub(super) rule_name: Value,
    pub(super) schedule: Value,
    pub(super) timezone: Value,
    pub(super) rule: Option<&'a BackupRule>,
}

/// A vault that may not have been recorded.
pub(super) struct Vault<'a>(Option<&'a BackupVault>);

impl<'a> Joined<'a> {
    /// All but the backup jobs behind restores.
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut rules = BTreeMap::new();
        for place in inventory.places() {
            for (plan_id, body) in &inventory.estate(place).backup_plan_bodies {
                let Some(body) = whole(body) else { continue };
                let version = body.version_id.as_ref();
                for rule in body.backup_plan.iter().filter_map(|it| it.rules.as_ref()).flatten() {
                    if let Some(rule_id) = &rule.rule_id {
                        let key = (place, plan_id.as_str(), &**rule_id);
                        rules.entry(key).or_insert(RuleOfPlan { version, rule });
                    }
                }
            }
        }
        Self { inventory, rules, backups: BTreeMap::new() }
    }

    /// With the backup jobs that made what a period's restores restore.
    pub(super) fn with_backups(inventory: &'a Inventory, period: Period) -> Self {
        let mut joined = Self::of(inventory);
        let mut wanted: BTreeMap<&'a str, Vec<&'a BackupJob>> = BTreeMap::new();
        for place in inventory.places() {
            for job in inventory.estate(place).restore_jobs.iter().filter_map(whole) {
                if let (When::In, Some(arn)) = (period.holds(job), &job.recovery_point_arn) {
                    wanted.entry(arn).or_default();
                }
            }
        }
        for place in inventory.places() {
            for job in inventory.estate(place).backup_jobs.iter().filter_map(whole) {
                let found = job.recovery_point_arn.as_deref().and_then(|it| wanted.get_mut(it));
                if let Some(found) = found.filter(|it| it.len() < 2) {
                    found.push(job);
                }
            }
        }
        let only = |jobs: Vec<&'a BackupJob>| match jobs.as_slice() {
            [job] => Some(*job),
            _ => None,
        };
        joined.backups = wanted.into_iter().map(|(arn, jobs)| (arn, only(jobs))).collect();
        joined
    }

    /// The backup job with this id, in a place.
    pub(super) fn backup(&self, place: &Place, id: Option<&Text>) -> Option<&'a BackupJob> {
        find(&self.inventory.estate(place).backup_jobs, id?)
    }

    /// The one backup job that made what a restore restores.
    pub(super) fn backup_restored(&self, restore: &RestoreJob) -> Option<&'a BackupJob> {
        self.backups.get(&**restore.recovery_point_arn.as_ref()?).copied().flatten()
    }

    /// A recovery point, in the vault with this ARN.
    pub(super) fn point(
        &self,
        place: &Place,
        vault: Option<&Text>,
        arn: Option<&Text>,
    ) -> Option<&'a RecoveryPoint> {
        let home = vault.and_then(|it| place_and_name(it)).map(|(home, _)| home);
        find(&self.inventory.estate(home.as_ref().unwrap_or(place)).recovery_points, arn?)
    }

    /// The vault with this ARN, or with this name in a place.
    pub(super) fn vault(&self, place: &Place, arn: Option<&Text>, name: Option<&Text>) -> Vault<'a> {
        let by_arn = arn.and_then(|it| place_and_name(it));
        let (home, name) = match (&by_arn, name) {
            (Some((home, name)), _) => (home, *name),
            (None, Some(name)) => (place, &**name),
            (None, None) => return Vault(None),
        };
        let estate = self.inventory.estate(home);
        let described = || find(&estate.backup_vault_details, name);
        Vault(find(&estate.backup_vaults, name).or_else(described))
    }

    /// What a resource is called, as AWS Backup knows it.
    pub(super) fn name_of(&self, place: &Place, resource: Option<&Text>) -> Value {
        let found = resource.and_then(|it| find(&self.inventory.estate(place).protected_resources, it));
        found.and_then(|it| it.resource_name.as_ref()).into()
    }

    /// The plan and rule of a job: in the job's own words, else in the plan's.
    pub(super) fn plan(&self, place: &Place, by: Option<&JobCreator>) -> Plan<'a> {
        let Some(by) = by else {
            return Plan::default();
        };
        let (plan_id, rule_id) = (by.backup_plan_id.as_deref(), by.backup_rule_id.as_deref());
        let found = plan_id.zip(rule_id).and_then(|(plan, rule)| self.rules.get(&(place, plan, rule)));
        // A plan may have been changed since: what it says now says nothing of what it said then.
        let same = |of: &&RuleOfPlan<'_>| match (of.version, &by.backup_plan_version) {
            (Some(now), Some(then)) => now == then,
            _ => true,
        };
        let rule = found.filter(same).map(|it| it.rule);
        let of_rule = |of: fn(&BackupRule) -> &Option<Text>| Value::from(rule.and_then(|it| of(it).as_ref()));
        Plan {
            arn: by.backup_plan_arn.as_ref().into(),
            rule_id: by.backup_rule_id.as_ref().into(),
            name: Value::from(by.backup_plan_name.as_ref()).or(|| self.plan_name(place, plan_id)),
            rule_name: Value::from(by.backup_rule_name.as_ref()).or(|| of_rule(|it| &it.rule_name)),
            schedule: Value::from(by.backup_rule_cron.as_ref()).or(|| of_rule(|it| &it.schedule_expression)),
            timezone: Value::from(by.backup_rule_timezone.as_ref())
                .or(|| of_rule(|it| &it.schedule_expression_timezone)),
            rule,
        }
    }

    fn plan_name(&self, place: &Place, id: Option<&str>) -> Value {
        let Some(id) = id else {
            return Value::Unknown;
        };
        let estate = self.inventory.estate(place);
        let listed = find(&estate.backup_plans, id).and_then(|it| it.backup_plan_name.as_ref());
        let in_body = || {
            let bodies = &estate.backup_plan_bodies;
            let at = bodies.binary_search_by(|(of, _)| of.as_str().cmp(id)).ok()?;
            let body: &BackupPlanBody = bodies.get(at).and_then(|(_, body)| whole(body))?;
            body.backup_plan.as_ref()?.backup_plan_name.as_ref()
        };
        listed.or_else(in_body).into()
    }
}

impl Vault<'_> {
    pub(super) fn arn(&self) -> Value {
        self.0.and_then(|it| it.backup_vault_arn.as_ref()).into()
    }

    pub(super) fn vault_type(&self) -> Value {
        self.0.and_then(|it| it.vault_type.as_ref()).into()
    }

    /// In the words of jobs' `VaultLockState`.
    pub(super) fn lock_status(&self) -> Value {
        let word = |locked| if locked { "LOCKED" } else { "UNLOCKED" };
        self.0.and_then(|it| it.locked).map_or(Value::Unknown, |it| Value::Written(word(it).to_owned()))
    }
}

/// What a recovery point tells of the plan that made it, as jobs tell it.
pub(super) fn creator_of(point: Option<&RecoveryPoint>) -> Option<JobCreator> {
    let CreatedBy { backup_plan_id, backup_rule_id, backup_rule_name } = point?.created_by.clone()?;
    Some(JobCreator { backup_plan_id, backup_rule_id, backup_rule_name, ..JobCreator::default() })
}

/// A recovery point's lifecycle, if it was told.
pub(super) fn lifecycle_of(point: Option<&RecoveryPoint>) -> Option<&Lifecycle> {
    point?.lifecycle.as_ref()?.as_ref()
}

/// A record of which two descriptions do not contradict one another.
pub(super) fn whole<T>(recorded: &Recorded<T>) -> Option<&T> {
    recorded.why_unreadable("*").is_none().then_some(&recorded.value)
}

fn find<'a, T: Record>(records: &'a [Recorded<T>], key: &str) -> Option<&'a T> {
    let at = records.binary_search_by(|it| it.value.key().cmp(key)).ok()?;
    records.get(at).and_then(whole)
}

/// The account and Region of a vault, and its name.
fn place_and_name(arn: &str) -> Option<(Place, &str)> {
    let arn = Arn::parse(arn)?;
    let name = arn.resource.strip_prefix("backup-vault:")?;
    let place = Place { account: arn.account.parse().ok()?, region: arn.region.parse().ok()? };
    Some((place, name))
}
