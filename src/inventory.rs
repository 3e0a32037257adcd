//! What AWS said: the recorded calls of an estate, typed, with what was and was not asked.
//!
//! An inventory is a folder `<account>/<region>/<service>.<operation>.ndjson` of recorded calls, or of responses
//! as the AWS CLI prints them. Nothing is judged here, nothing is looked up, and no file is opened:
//! a missing answer stays missing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod block;
mod bounded;
mod coverage;
mod flow;
mod held;
mod line;
mod once;
mod operation;
mod organization;
mod outline;
mod page;
mod path;
mod problem;
mod read;
pub mod record;
mod service;
mod text;
mod twice;

pub use coverage::{CallError, Coverage, CoverageRow, Gap, State, is_passing};
pub use flow::{FlowError, Flowed, Items, Piece, Recording, Records, reading_order};
pub(crate) use flow::{Flowing, linked};
pub use operation::{OPERATIONS, Operation};
pub use organization::{Organization, OrganizationAccount};
pub use page::check_page;
pub use problem::Problem;
pub use read::{InventoryReader, read_from_memory};
pub use record::{Record, Recorded};
pub use service::ListedResource;

use crate::model::{Place, Time};
use record::{
    AccessPolicy, BackupJob, BackupPlan, BackupPlanBody, BackupSelection, BackupSelectionBody, BackupVault,
    CopyJob, ProtectedResource, RecoveryPoint, RestoreJob, RestoreTestingPlan,
};

/// All that was recorded, in an order that does not depend on the order of reading.
#[derive(Debug, Default)]
pub struct Inventory {
    /// What was recorded of each account and Region.
    pub estates: BTreeMap<Place, Estate>,
    /// The organization's tree.
    pub organization: Organization,
    /// What was asked and how it ended.
    pub coverage: Coverage,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The files read, relative to the inventory; records refer to them by index.
    pub files: Vec<String>,
    /// What it took to collect, where that is recorded.
    pub calls: Option<Calls>,
    /// Recovery points and jobs, which are not held: where they are read again.
    flows: Vec<flow::Flow>,
    recording: Option<Box<dyn Recording>>,
    /// Digests of the keys of what is recorded twice, and is held.
    twice: HashSet<u64>,
    /// Whether all of them are held.
    all_held: bool,
}

impl fmt::Debug for dyn Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// Calls made, as AWS counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// Calls, each with all its retries.
    pub calls: u64,
    /// Attempts beyond the first of each call.
    pub retries: u64,
    /// Bytes of the responses' bodies.
    pub bytes: u64,
}

/// Tags by key; `None` where two answers differ or one could not be read.
pub type Tags = Option<BTreeMap<String, String>>;

/// What was recorded of one account in one Region.
#[derive(Debug, Default)]
pub struct Estate {
    /// `ListBackupVaults`.
    pub backup_vaults: Vec<Recorded<BackupVault>>,
    /// `DescribeBackupVault`.
    pub backup_vault_details: Vec<Recorded<BackupVault>>,
    /// `GetBackupVaultAccessPolicy`, by vault name.
    pub access_policies: Vec<(String, Recorded<AccessPolicy>)>,
    /// Of `ListRecoveryPointsByBackupVault` of every vault asked, what is recorded twice or stands behind a job.
    pub recovery_points: Vec<Recorded<RecoveryPoint>>,
    /// `ListProtectedResources`.
    pub protected_resources: Vec<Recorded<ProtectedResource>>,
    /// `DescribeProtectedResource`, by resource ARN.
    pub protected_resource_details: Vec<(String, Recorded<ProtectedResource>)>,
    /// `ListBackupPlans`.
    pub backup_plans: Vec<Recorded<BackupPlan>>,
    /// `GetBackupPlan`, by plan id.
    pub backup_plan_bodies: Vec<(String, Recorded<BackupPlanBody>)>,
    /// `ListBackupSelections` of every plan asked.
    pub backup_selections: Vec<Recorded<BackupSelection>>,
    /// `GetBackupSelection`, by plan id and selection id joined by a slash.
    pub backup_selection_bodies: Vec<(String, Recorded<BackupSelectionBody>)>,
    /// Of `ListBackupJobs`, what reports on jobs may need or is recorded twice.
    pub backup_jobs: Vec<Recorded<BackupJob>>,
    /// Of `ListCopyJobs`, the same.
    pub copy_jobs: Vec<Recorded<CopyJob>>,
    /// Of `ListRestoreJobs`, the same.
    pub restore_jobs: Vec<Recorded<RestoreJob>>,
    /// The windows that jobs were asked for in: operation, request parameter, and its time if that could be read.
    pub job_windows: BTreeSet<(&'static str, &'static str, Option<Time>)>,
    /// That records do not say which resource they are about: of which list, and for recovery points of which vault.
    pub unlinked: BTreeSet<(&'static str, Option<Arc<str>>)>,
    /// Settings as AWS returns them, by operation.
    pub settings: Vec<(&'static str, Value)>,
    /// Tags by ARN, from the owning service's list, `backup:ListTags` and the tagging API.
    pub tags: BTreeMap<String, Tags>,
    /// Resources in their owning services' own lists, by ARN.
    pub listed: BTreeMap<String, Listed>,
    /// `ListRestoreTestingPlans`.
    pub restore_testing_plans: Vec<Recorded<RestoreTestingPlan>>,
}

/// A resource in its owning service's list.
#[derive(Debug)]
pub struct Listed {
    /// The resource.
    pub resource: ListedResource,
    /// The file, as an index into [`Inventory::files`].
    pub file: u32,
}

impl Inventory {
    fn add_file(&mut self, path: &str) -> u32 {
        self.files.push(path.to_owned());
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// What was recorded of a place; empty if nothing was.
    pub fn estate(&self, place: &Place) -> &Estate {
        static NOTHING: std::sync::LazyLock<Estate> = std::sync::LazyLock::new(Estate::default);
        self.estates.get(place).unwrap_or(&NOTHING)
    }

    /// The accounts and Regions that something regional was recorded of, in order.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.estates.keys().filter(|place| !place.region.is_global())
    }

    /// The file a record was read from.
    pub fn file_of<T>(&self, record: &Recorded<T>) -> &str {
        name_of(&self.files, record.file)
    }

    /// Puts everything in order and makes one record of what was recorded twice.
    fn settle(&mut self) {
        let mut conflicts = self.place_buckets();
        conflicts.append(&mut self.coverage.settle());
        for estate in self.estates.values_mut() {
            conflicts.append(&mut estate.settle(&self.files));
            let unlinked = estate.unlinked_held();
            estate.unlinked.extend(unlinked);
        }
        self.problems.append(&mut conflicts);
        self.problems.sort();
        self.problems.dedup();
    }
}

impl Inventory {
    /// Puts resources that were listed for all Regions at once into the Region they are in.
    fn place_buckets(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let global: Vec<Place> = self.estates.keys().filter(|it| it.region.is_global()).cloned().collect();
        for place in global {
            let listed = self.estates.get_mut(&place).map(|it| std::mem::take(&mut it.listed));
            for (arn, listed) in listed.unwrap_or_default() {
                let region = listed.resource.region.as_deref().unwrap_or_default();
                let home = region.parse().ok().map(|region| Place { account: place.account, region });
                match home.and_then(|it| self.estates.get_mut(&it)) {
                    Some(estate) => {
                        estate.listed.insert(arn, listed);
                    }
                    None => {
                        let file = usize::try_from(listed.file).ok().and_then(|it| self.files.get(it));
                        let message = format!(
                            "`{arn}` is in Region `{region}`, of which nothing else was recorded, so it was not judged"
                        );
                        problems.push(Problem::with_file(file.cloned().unwrap_or_default(), message));
                    }
                }
            }
        }
        problems
    }
}

impl Estate {
    /// Keeps a resource of a service's list; of two that differ the tags are not known.
    fn keep_listed(&mut self, resource: ListedResource, file: u32, files: &[String]) {
        match self.listed.entry(resource.arn.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Listed { resource, file });
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                if known.resource.tags != resource.tags {
                    known.resource.tags = None;
                }
                // The first in order of what else they say, whichever was read first.
                known.resource.name = known.resource.name.take().min(resource.name);
                known.resource.short_name = known.resource.short_name.min(resource.short_name);
                known.resource.region = known.resource.region.take().min(resource.region);
                if name_of(files, file) < name_of(files, known.file) {
                    known.file = file;
                }
            }
        }
    }

    /// How many records there are.
    fn counts(&self) -> usize {
        self.backup_vaults.len()
            + self.protected_resources.len()
            + self.backup_plans.len()
            + self.backup_selections.len()
    }

    fn learn_tags(&mut self, arn: &str, pairs: Option<Vec<(String, String)>>) {
        let learned: Tags = pairs.map(|pairs| pairs.into_iter().collect());
        self.tags
            .entry(arn.to_owned())
            .and_modify(|known| {
                if *known != learned {
                    *known = None;
                }
            })
            .or_insert(learned);
    }

    fn settle(&mut self, files: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        merge(&mut self.backup_vaults, files, &mut problems);
        merge(&mut self.backup_vault_details, files, &mut problems);
        merge(&mut self.recovery_points, files, &mut problems);
        merge(&mut self.protected_resources, files, &mut problems);
        merge(&mut self.backup_plans, files, &mut problems);
        merge(&mut self.backup_selections, files, &mut problems);
        merge(&mut self.backup_jobs, files, &mut problems);
        merge(&mut self.copy_jobs, files, &mut problems);
        merge(&mut self.restore_jobs, files, &mut problems);
        merge_by_subject(&mut self.access_policies, files, &mut problems);
        merge_by_subject(&mut self.protected_resource_details, files, &mut problems);
        merge_by_subject(&mut self.backup_plan_bodies, files, &mut problems);
        merge_by_subject(&mut self.backup_selection_bodies, files, &mut problems);
        merge(&mut self.restore_testing_plans, files, &mut problems);
        for (arn, listed) in &self.listed {
            if let Some(tags) = &listed.resource.tags {
                let owned: BTreeMap<String, String> = tags.iter().cloned().collect();
                let known = self.tags.get(arn).map(|it| it.as_ref().and_then(|it| united(it, &owned)));
                self.tags.insert(arn.clone(), known.unwrap_or(Some(owned)));
            }
        }
        self.settings.sort_by_cached_key(|(operation, value)| (*operation, value.to_string()));
        self.settings.dedup();
        problems
    }
}

/// Tags that two services tell of; not known where they differ in more than AWS's own, which not all services tell.
fn united(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Tags {
    let own = |tags: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let users = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
        users.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let both = || one.iter().chain(other).map(|(key, value)| (key.clone(), value.clone())).collect();
    (own(one) == own(other)).then(both)
}

/// Sorts records and merges those of the same key.
fn merge<T: Record>(records: &mut Vec<Recorded<T>>, files: &[String], problems: &mut Vec<Problem>) {
    records.sort_by(|a, b| a.value.key().cmp(b.value.key()).then_with(|| a.precedence(b, files)));
    records.dedup_by(|later, earlier| {
        let same = later.value.key() == earlier.value.key();
        if same {
            let key = later.value.key().to_owned();
            unite(&key, later, earlier, files, problems);
        }
        same
    });
}

fn merge_by_subject<T: Record>(
    records: &mut Vec<(String, Recorded<T>)>,
    files: &[String],
    problems: &mut Vec<Problem>,
) {
    records.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.precedence(&b.1, files)));
    records.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            unite(&later.0, &later.1, &mut earlier.1, files, problems);
        }
        same
    });
}

/// The file with this index, as records refer to it.
fn name_of(files: &[String], file: u32) -> &str {
    usize::try_from(file).ok().and_then(|it| files.get(it)).map_or("", String::as_str)
}

/// Two records of one thing: where they differ, nothing of either is known.
fn unite<T: Record>(
    key: &str,
    later: &Recorded<T>,
    earlier: &mut Recorded<T>,
    files: &[String],
    problems: &mut Vec<Problem>,
) {
    if later.value == earlier.value {
        return earlier.adopt_unreadable(later);
    }
    let name = |file: u32| name_of(files, file).to_owned();
    let (one, other) = (name(earlier.file), name(later.file));
    let message = format!("`{key}` is described here and in `{other}`, and differently, so neither counts");
    if earlier.why_unreadable("*").is_none() {
        earlier.mark_unreadable("*", format!("it is described differently in `{one}` and `{other}`"));
    }
    problems.push(Problem::with_file(one, message));
}
