//! The API's shapes, as far as backproof reads them, in AWS's field names.
//!
//! Every member but a record's identity is optional, because AWS may leave it out; what that means is decided
//! where facts are built. Source of the shapes: the AWS Backup API Reference and the AWS CLI reference.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::once::Once;
pub use super::text::Text;
use super::text::{REMEMBERED, place_of};
use crate::model::Time;

/// A record that AWS lists, with what makes it that record and no other.
pub trait Record: DeserializeOwned + PartialEq + std::fmt::Debug {
    /// Members without which the record cannot be named.
    const IDENTITY: &'static [&'static str];

    /// What sorts records and tells duplicates.
    fn key(&self) -> &str;
}

/// A record with where it was read and what of it could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<T> {
    /// The record; what could not be read of it is absent.
    pub value: T,
    /// The file, as an index into [`Inventory::files`](super::Inventory::files).
    pub file: u32,
    /// Top-level members that could not be read, with why; `*` stands for all of them. Boxed: almost always none.
    #[expect(
        clippy::box_collection,
        reason = "a million records have none, and a box is a third of a vector"
    )]
    unreadable: Option<Box<Vec<(String, String)>>>,
}

impl<T> Recorded<T> {
    /// A record of which everything was read.
    pub fn whole(value: T, file: u32) -> Self {
        Self { value, file, unreadable: None }
    }

    /// Whether everything was read.
    pub fn is_whole(&self) -> bool {
        self.unreadable.is_none()
    }

    /// Adds a member that could not be read.
    pub(super) fn mark_unreadable(&mut self, member: &str, why: String) {
        let unreadable = self.unreadable.get_or_insert_default();
        unreadable.push((member.to_owned(), why));
    }

    /// Why this member could not be read, if it could not.
    pub fn why_unreadable(&self, member: &str) -> Option<&str> {
        let unreadable = self.unreadable.as_deref()?;
        let found = unreadable.iter().find(|(it, _)| it == member || it == "*");
        found.map(|(_, why)| why.as_str())
    }
}

impl<T: Record> Recorded<T> {
    /// Which of two records of one thing comes first, whichever was read first.
    pub(super) fn precedence(&self, other: &Self, files: &[String]) -> Ordering {
        let name = |it: &Self| usize::try_from(it.file).ok().and_then(|it| files.get(it));
        let content = |it: &Self| format!("{:?} {:?}", it.value, it.unreadable);
        name(self).cmp(&name(other)).then_with(|| content(self).cmp(&content(other)))
    }

    /// What another record of the same thing could not say, this one does not either.
    pub(super) fn adopt_unreadable(&mut self, other: &Self) {
        for (member, why) in other.unreadable.iter().flat_map(|it| it.iter()) {
            if self.why_unreadable(member).is_none() {
                self.mark_unreadable(member, why.clone());
            }
        }
    }
}

/// Tells a member that is absent (`None`) from one that AWS sent as `null` (`Some(None)`).
type Nullable<T> = Option<Option<T>>;

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Nullable<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        #[expect(missing_docs, reason = "members are AWS's own, documented in its API Reference")]
        pub struct $name { $($(#[$attribute])* pub $field: $type,)* }
    )*};
}

records! {
    /// `Lifecycle`: days after creation; `DeleteAfterDays` absent, null or -1 means kept for ever.
    Lifecycle {
        delete_after_days: Option<Days>,
        move_to_cold_storage_after_days: Option<Days>,
        opt_in_to_archive_for_supported_resources: Option<bool>,
    }
    /// `RecoveryPointCreator`.
    CreatedBy {
        backup_plan_id: Option<Text>,
        backup_rule_id: Option<Text>,
        backup_rule_name: Option<Text>,
    }
    /// `RecoveryPointCreator` as jobs have it, with what reports say of the plan and its rule.
    JobCreator {
        backup_plan_id: Option<Text>,
        backup_plan_arn: Option<Text>,
        backup_plan_name: Option<Text>,
        backup_plan_version: Option<Text>,
        backup_rule_id: Option<Text>,
        backup_rule_name: Option<Text>,
        backup_rule_cron: Option<Text>,
        backup_rule_timezone: Option<Text>,
    }
    /// An item of `ListRecoveryPointsByBackupVault`.
    RecoveryPoint {
        recovery_point_arn: Text,
        backup_vault_name: Option<Text>,
        backup_vault_arn: Option<Text>,
        source_backup_vault_arn: Option<Text>,
        resource_arn: Option<Text>,
        resource_type: Option<Text>,
        created_by: Option<CreatedBy>,
        status: Option<Text>,
        creation_date: Option<Time>,
        backup_size_in_bytes: Option<i64>,
        #[serde(deserialize_with = "nullable")]
        lifecycle: Nullable<Lifecycle>,
        encryption_key_arn: Option<Text>,
        encryption_key_type: Option<Text>,
        is_encrypted: Option<bool>,
        last_restore_time: Option<Time>,
        parent_recovery_point_arn: Option<Text>,
        is_parent: Option<bool>,
        vault_type: Option<Text>,
    }
    /// An item of `ListBackupVaults`, and the answer of `DescribeBackupVault`.
    BackupVault {
        backup_vault_name: Text,
        backup_vault_arn: Option<Text>,
        vault_type: Option<Text>,
        encryption_key_arn: Option<Text>,
        encryption_key_type: Option<Text>,
        number_of_recovery_points: Option<i64>,
        locked: Option<bool>,
        min_retention_days: Option<Days>,
        max_retention_days: Option<Days>,
        lock_date: Option<Time>,
    }
    /// The answer of `GetBackupVaultAccessPolicy`.
    AccessPolicy {
        policy: Option<Text>,
    }
    /// An item of `ListProtectedResources`, and the answer of `DescribeProtectedResource`.
    ProtectedResource {
        resource_arn: Text,
        resource_type: Option<Text>,
        resource_name: Option<Text>,
        last_backup_time: Option<Time>,
        last_backup_vault_arn: Option<Text>,
        last_recovery_point_arn: Option<Text>,
        latest_restore_execution_time_minutes: Option<i64>,
        latest_restore_job_creation_date: Option<Time>,
    }
    /// An item of `ListBackupPlans`.
    BackupPlan {
        backup_plan_id: Text,
        backup_plan_arn: Option<Text>,
        backup_plan_name: Option<Text>,
        last_execution_date: Option<Time>,
        deletion_date: Option<Time>,
    }
    /// The answer of `GetBackupPlan`.
    BackupPlanBody {
        version_id: Option<Text>,
        backup_plan: Option<BackupPlanRules>,
    }
    /// `BackupPlan` inside it.
    BackupPlanRules {
        backup_plan_name: Option<Text>,
        rules: Option<Vec<BackupRule>>,
    }
    /// `BackupRule`.
    BackupRule {
        rule_name: Option<Text>,
        rule_id: Option<Text>,
        target_backup_vault_name: Option<Text>,
        target_logically_air_gapped_backup_vault_arn: Option<Text>,
        schedule_expression: Option<Text>,
        schedule_expression_timezone: Option<Text>,
        start_window_minutes: Option<i64>,
        completion_window_minutes: Option<i64>,
        lifecycle: Option<Lifecycle>,
        copy_actions: Option<Vec<CopyAction>>,
        enable_continuous_backup: Option<bool>,
    }
    /// `CopyAction`.
    CopyAction {
        destination_backup_vault_arn: Option<Text>,
        lifecycle: Option<Lifecycle>,
    }
    /// An item of `ListBackupSelections`.
    BackupSelection {
        selection_id: Text,
        selection_name: Option<Text>,
        backup_plan_id: Option<Text>,
        iam_role_arn: Option<Text>,
    }
    /// The answer of `GetBackupSelection`.
    BackupSelectionBody {
        backup_selection: Option<Value>,
    }
    /// An item of `ListBackupJobs`.
    BackupJob {
        backup_job_id: Text,
        state: Option<Text>,
        message_category: Option<Text>,
        status_message: Option<Text>,
        resource_arn: Option<Text>,
        resource_type: Option<Text>,
        resource_name: Option<Text>,
        backup_vault_name: Option<Text>,
        backup_vault_arn: Option<Text>,
        vault_type: Option<Text>,
        vault_lock_state: Option<Text>,
        recovery_point_arn: Option<Text>,
        recovery_point_lifecycle: Option<Lifecycle>,
        encryption_key_arn: Option<Text>,
        is_encrypted: Option<bool>,
        created_by: Option<SharedCreator>,
        creation_date: Option<Time>,
        initiation_date: Option<Time>,
        start_by: Option<Time>,
        expected_completion_date: Option<Time>,
        completion_date: Option<Time>,
        backup_options: Option<Box<BackupOptions>>,
        backup_size_in_bytes: Option<i64>,
        is_parent: Option<bool>,
        parent_job_id: Option<Text>,
        iam_role_arn: Option<Text>,
    }
    /// An item of `ListCopyJobs`.
    CopyJob {
        copy_job_id: Text,
        state: Option<Text>,
        resource_arn: Option<Text>,
        resource_type: Option<Text>,
        resource_name: Option<Text>,
        source_backup_vault_arn: Option<Text>,
        source_recovery_point_arn: Option<Text>,
        destination_backup_vault_arn: Option<Text>,
        destination_recovery_point_arn: Option<Text>,
        destination_vault_type: Option<Text>,
        destination_vault_lock_state: Option<Text>,
        destination_recovery_point_lifecycle: Option<Lifecycle>,
        destination_encryption_key_arn: Option<Text>,
        created_by: Option<SharedCreator>,
        created_by_backup_job_id: Option<Text>,
        creation_date: Option<Time>,
        completion_date: Option<Time>,
        backup_size_in_bytes: Option<i64>,
        is_parent: Option<bool>,
        parent_job_id: Option<Text>,
        iam_role_arn: Option<Text>,
    }
    /// An item of `ListRestoreJobs`.
    RestoreJob {
        restore_job_id: Text,
        status: Option<Text>,
        source_resource_arn: Option<Text>,
        resource_type: Option<Text>,
        backup_vault_arn: Option<Text>,
        recovery_point_arn: Option<Text>,
        validation_status: Option<Text>,
        creation_date: Option<Time>,
        completion_date: Option<Time>,
        backup_size_in_bytes: Option<i64>,
        percent_done: Option<Text>,
        is_parent: Option<bool>,
        parent_job_id: Option<Text>,
        iam_role_arn: Option<Text>,
    }
    /// An item of `ListRestoreTestingPlans`.
    RestoreTestingPlan {
        restore_testing_plan_name: Text,
    }
    /// An item of Organizations' lists of accounts, units and roots.
    OrganizationMember {
        id: Text,
        name: Option<Text>,
        status: Option<Text>,
        state: Option<Text>,
    }
    /// `Tag`, in the services that send tags as a list.
    Tag {
        key: Option<Text>,
        value: Option<Text>,
    }
    /// An item of the tagging API's `GetResources`.
    ResourceTagMapping {
        #[serde(rename = "ResourceARN")]
        resource_arn: Text,
        tags: Option<Vec<Tag>>,
    }
}

macro_rules! identified {
    ($($name:ident by $field:ident as $member:literal,)*) => {$(
        impl Record for $name {
            const IDENTITY: &'static [&'static str] = &[$member];

            fn key(&self) -> &str {
                &self.$field
            }
        }
    )*};
}

identified! {
    RecoveryPoint by recovery_point_arn as "RecoveryPointArn",
    BackupVault by backup_vault_name as "BackupVaultName",
    ProtectedResource by resource_arn as "ResourceArn",
    BackupPlan by backup_plan_id as "BackupPlanId",
    BackupSelection by selection_id as "SelectionId",
    BackupJob by backup_job_id as "BackupJobId",
    CopyJob by copy_job_id as "CopyJobId",
    RestoreJob by restore_job_id as "RestoreJobId",
    RestoreTestingPlan by restore_testing_plan_name as "RestoreTestingPlanName",
    OrganizationMember by id as "Id",
    ResourceTagMapping by resource_arn as "ResourceARN",
}

macro_rules! unidentified {
    ($($name:ident,)*) => {$(
        impl Record for $name {
            const IDENTITY: &'static [&'static str] = &[];

            fn key(&self) -> &str {
                ""
            }
        }
    )*};
}

// What these are about stands in the request, not in the answer.
unidentified! {
    AccessPolicy,
    BackupPlanBody,
    BackupSelectionBody,
}

/// A number of days as AWS Backup counts retention: at most 36,500 (100 years), or -1 for always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// `-1`: always.
    Always,
    /// So many days, 0 to 1,000,000.
    Count(u32),
}

impl Days {
    /// The number, if it is not always.
    pub fn count(self) -> Option<i64> {
        match self {
            Self::Always => None,
            Self::Count(days) => Some(i64::from(days)),
        }
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let days = i64::deserialize(deserializer)?;
        match u32::try_from(days) {
            // AWS allows 36,500; the wider bound keeps sums in policies from overflowing.
            Ok(count @ 0..=1_000_000) => Ok(Self::Count(count)),
            _ if days == -1 => Ok(Self::Always),
            _ => Err(serde::de::Error::custom(format!(
                "`{days}` is not a number of days; expected 0 to 1000000, or -1 for always"
            ))),
        }
    }
}

/// The plan and rule of a job; all jobs of a rule have the same, and share it.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedCreator(Arc<JobCreator>);

thread_local! {
    /// Those read of late, each in the one place that its rule's id gives it. What is in here changes memory and nothing else.
    static LATELY: RefCell<Vec<Option<Arc<JobCreator>>>> = const { RefCell::new(Vec::new()) };
}

impl Deref for SharedCreator {
    type Target = JobCreator;

    fn deref(&self) -> &JobCreator {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SharedCreator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = JobCreator::deserialize(deserializer)?;
        LATELY.with_borrow_mut(|lately| {
            if lately.is_empty() {
                lately.resize(REMEMBERED, None);
            }
            let place = lately.get_mut(place_of(read.backup_rule_id.as_deref().unwrap_or_default()));
            Ok(Self(match place {
                Some(Some(known)) if **known == read => Arc::clone(known),
                Some(place) => Arc::clone(place.insert(Arc::new(read))),
                None => Arc::new(read),
            }))
        })
    }
}

/// `BackupOptions` of a backup job: option by option, such as `WindowsVSS`.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct BackupOptions(BTreeMap<Text, Text>);

impl<'de> Deserialize<'de> for BackupOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OptionsVisitor;
        impl<'de> Visitor<'de> for OptionsVisitor {
            type Value = BackupOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BackupOptions, A::Error> {
                let mut options = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<Text, Text>()? {
                    if options.contains_key(&name) {
                        return Err(serde::de::Error::custom(format!("`{name}` occurs twice")));
                    }
                    options.insert(name, value);
                }
                Ok(BackupOptions(options))
            }
        }
        deserializer.deserialize_map(OptionsVisitor)
    }
}

/// An item of a service's own list, as it is: each service has its own shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ServiceItem {
    pub(super) value: Value,
    text: String,
}

impl<'de> Deserialize<'de> for ServiceItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Once(value) = Once::deserialize(deserializer)?;
        let text = value.to_string();
        Ok(Self { value, text })
    }
}

impl Record for ServiceItem {
    const IDENTITY: &'static [&'static str] = &[];

    fn key(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_a_rule_share_it_and_options_count_once() {
        let job = r#"{"BackupJobId":"a","CreatedBy":{"BackupRuleId":"r","BackupPlanVersion":"v"},"BackupOptions":{"x":"y"}}"#;
        let read = |text: &str| serde_json::from_str::<BackupJob>(text).unwrap().created_by.unwrap();
        assert!(Arc::ptr_eq(&read(job).0, &read(job).0));
        let other = read(&job.replace("\"v\"", "\"w\""));
        assert_eq!(other.backup_plan_version.as_deref(), Some("w"));
        let twice = job.replace(r#""x":"y""#, r#""x":"y","x":"z""#);
        let error = serde_json::from_str::<BackupJob>(&twice).unwrap_err().to_string();
        assert!(error.starts_with("`x` occurs twice"), "{error}");
        // A month's jobs and all recovery points of an organization are held at once.
        let bytes = [size_of::<Recorded<RecoveryPoint>>(), size_of::<Recorded<BackupJob>>()];
        assert!(bytes.iter().zip([336, 432]).all(|(is, most)| *is <= most), "{bytes:?}");
    }
}
