//! Resources that AWS Backup can protect: which there are, their last backup, their latest restore.

use std::collections::BTreeMap;

use super::{Fact, Facts, Thing, Uid};
use crate::inventory::record::ProtectedResource;
use crate::inventory::{Record as _, Recorded, State};
use crate::model::{Arn, Place, ResourceType};

/// Where a resource was seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen<'a> {
    /// `ListProtectedResources`.
    pub(super) listed: Option<&'a Recorded<ProtectedResource>>,
    /// `DescribeProtectedResource`.
    pub(super) detail: Option<&'a Recorded<ProtectedResource>>,
}

impl<'a> Seen<'a> {
    /// AWS Backup's short name of the type, where it gave one.
    fn short_name(&self) -> Option<&'a str> {
        let short = |it: Option<&'a Recorded<ProtectedResource>>| it?.value.resource_type.as_deref();
        short(self.listed).or_else(|| short(self.detail))
    }
}

impl<'a> Facts<'a> {
    /// The protectable resources of a place, by type and ARN, with what each was seen in.
    pub(super) fn resources(&self, place: &Place) -> BTreeMap<(ResourceType, &'a str), Seen<'a>> {
        let estate = self.inventory.estate(place);
        let mut types: BTreeMap<&str, ResourceType> = BTreeMap::new();
        let mut seen: BTreeMap<&'a str, Seen<'a>> = BTreeMap::new();
        for resource in &estate.protected_resources {
            seen.entry(resource.value.key()).or_default().listed = Some(resource);
        }
        for (arn, detail) in &estate.protected_resource_details {
            seen.entry(arn).or_default().detail = Some(detail);
        }
        for arn in estate.tags.keys() {
            seen.entry(arn).or_default();
        }
        for (arn, seen) in &seen {
            types.extend(ResourceType::of_resource(arn, seen.short_name()).map(|it| (*arn, it)));
        }
        let typed = |(arn, it): (&'a str, Seen<'a>)| Some(((*types.get(arn)?, arn), it));
        seen.into_iter().filter_map(typed).collect()
    }

    /// The facts of a resource.
    pub(super) fn resource(&self, place: &Place, kind: ResourceType, arn: &str, seen: Seen<'_>) -> Thing {
        let mut thing = self.thing_in(place, Uid::new(kind.cloudformation(), arn));
        let source = seen.listed.or(seen.detail).map(|it| self.inventory.file_of(it));
        thing.source = source.unwrap_or_default().into();
        thing.subjects = vec![("ResourceArn", arn.into())];
        thing.tags = self.tags(place, arn);
        thing.learn("arn", Some(arn));
        let recorded = seen.detail.or(seen.listed).and_then(|it| it.value.resource_name.as_deref());
        let name = recorded.filter(|it| !it.is_empty());
        thing.learn("name", name.or_else(|| Arn::parse(arn).map(|it| it.resource_id())));
        thing.learn("region", Some(place.region.as_str()));
        // AWS calls a Multi-AZ cluster RDS and an Aurora cluster Aurora; their type is the same.
        thing.learn("resourceType", Some(seen.short_name().unwrap_or(kind.short_name())));
        self.learn_last_backup(&mut thing, place, seen);
        self.learn_latest_restore(&mut thing, place, arn, seen);
        thing
    }

    /// Whether AWS Backup is known to have never backed the resource up: it is not in a list that is whole.
    fn never_protected(&self, place: &Place, seen: Seen<'_>) -> bool {
        seen.listed.is_none() && self.state(place, "backup.list-protected-resources", "") == State::Complete
    }

    fn learn_last_backup(&self, thing: &mut Thing, place: &Place, seen: Seen<'_>) {
        let Some(recorded) = seen.listed.or(seen.detail) else {
            let never = self.never_protected(place, seen);
            return thing.learn("lastBackup", never.then(|| Fact::record([])));
        };
        let members = ["LastBackupTime", "LastBackupVaultArn", "LastRecoveryPointArn"];
        if let Some(why) = members.iter().find_map(|it| recorded.why_unreadable(it)) {
            return thing.excuse("lastBackup", why);
        }
        let of = &recorded.value;
        let text = |text: &Option<Box<str>>| text.as_deref().map(Fact::from);
        let ages = match self.ages(of.last_backup_time) {
            Ok(ages) => ages,
            Err(why) => return thing.excuse("lastBackup", why),
        };
        let last_backup = Fact::record([
            ("ageHours", ages.map(|(hours, _)| hours.into())),
            ("ageDays", ages.map(|(_, days)| days.into())),
            ("backupVaultArn", text(&of.last_backup_vault_arn)),
            ("recoveryPointArn", text(&of.last_recovery_point_arn)),
        ]);
        thing.learn("lastBackup", Some(last_backup));
    }

    fn learn_latest_restore(&self, thing: &mut Thing, place: &Place, arn: &str, seen: Seen<'_>) {
        let Some(detail) = seen.detail else {
            let state = self.state(place, "backup.describe-protected-resource", arn);
            // AWS's way of saying that it never backed the resource up (API_DescribeProtectedResource).
            let unknown_to_aws =
                matches!(&state, State::Refused(error) if error.code == "ResourceNotFoundException");
            let never = unknown_to_aws || (state == State::NotAsked && self.never_protected(place, seen));
            return thing.learn("latestRestore", never.then(|| Fact::record([])));
        };
        let members = ["LatestRestoreExecutionTimeMinutes", "LatestRestoreJobCreationDate"];
        if let Some(why) = members.iter().find_map(|it| detail.why_unreadable(it)) {
            return thing.excuse("latestRestore", why);
        }
        let of = &detail.value;
        let minutes = of.latest_restore_execution_time_minutes;
        if let Some(minutes) = minutes.filter(|it| *it < 0) {
            return thing.excuse("latestRestore", format!("`{minutes}` minutes are less than none"));
        }
        let ages = match self.ages(of.latest_restore_job_creation_date) {
            Ok(ages) => ages,
            Err(why) => return thing.excuse("latestRestore", why),
        };
        let latest_restore = Fact::record([
            ("executionTimeMinutes", minutes.map(Fact::from)),
            ("ageDays", ages.map(|(_, days)| days.into())),
        ]);
        thing.learn("latestRestore", Some(latest_restore));
    }
}
