//! Resources that AWS Backup can protect: which there are, their last backup, their latest restore.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, Facts, Thing, Uid};
use crate::inventory::record::{ProtectedResource, Text};
use crate::inventory::{Listed, Operation, Record as _, Recorded, State};
use crate::model::{Arn, Place, ResourceType};

/// Where a resource was seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen<'a> {
    /// `ListProtectedResources`.
    pub(super) listed: Option<&'a Recorded<ProtectedResource>>,
    /// `DescribeProtectedResource`.
    pub(super) detail: Option<&'a Recorded<ProtectedResource>>,
    /// Its owning service's own list.
    pub(super) owned: Option<&'a Listed>,
}

impl<'a> Seen<'a> {
    fn kind(&self, arn: &str) -> Option<ResourceType> {
        let short = |it: Option<&'a Recorded<ProtectedResource>>| it?.value.resource_type.as_deref();
        let short_name = short(self.listed).or_else(|| short(self.detail));
        let owned = self.owned.map(|it| it.resource.kind);
        owned.or_else(|| ResourceType::of_resource(arn, short_name))
    }

    /// AWS Backup's short name of its type: a cluster's type alone does not tell Aurora from RDS.
    pub(super) fn short_name(&self, kind: ResourceType) -> &'a str {
        let short = |it: Option<&'a Recorded<ProtectedResource>>| it?.value.resource_type.as_deref();
        let owned = self.owned.and_then(|it| it.resource.short_name);
        owned.or_else(|| short(self.listed)).or_else(|| short(self.detail)).unwrap_or(kind.short_name())
    }
}

/// A protectable resource and where it was seen; its facts are built when they are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Resource<'a> {
    pub(crate) place: &'a Place,
    pub(crate) arn: &'a str,
    kind: ResourceType,
    pub(super) seen: Seen<'a>,
}

impl Resource<'_> {
    /// Its type, in CloudFormation's name.
    pub(crate) fn type_name(&self) -> &'static str {
        self.kind.cloudformation()
    }

    /// AWS Backup's short name of its type.
    pub(super) fn short_name(&self) -> &str {
        self.seen.short_name(self.kind)
    }
}

impl<'a> Facts<'a> {
    /// The protectable resources of a place, by type and ARN.
    pub(crate) fn resources_of(&self, place: &'a Place) -> impl Iterator<Item = Resource<'a>> {
        let resources = self.resources(place).into_iter();
        resources.map(move |((kind, arn), seen)| Resource { place, arn, kind, seen })
    }

    /// The facts of a resource.
    pub(crate) fn thing_of(&self, resource: &Resource<'_>) -> Thing {
        self.resource(resource.place, resource.kind, resource.arn, resource.seen)
    }

    /// The protectable resources of a place, by type and ARN, with what each was seen in.
    ///
    /// Where the owning service's list was read whole, what is not in it no longer exists.
    pub(super) fn resources(&self, place: &Place) -> BTreeMap<(ResourceType, &'a str), Seen<'a>> {
        let estate = self.inventory.estate(place);
        let mut seen: BTreeMap<&'a str, Seen<'a>> = BTreeMap::new();
        for resource in &estate.protected_resources {
            seen.entry(resource.value.key()).or_default().listed = Some(resource);
        }
        for (arn, detail) in &estate.protected_resource_details {
            seen.entry(arn).or_default().detail = Some(detail);
        }
        for (arn, listed) in &estate.listed {
            seen.entry(arn).or_default().owned = Some(listed);
        }
        for arn in estate.tags.keys() {
            seen.entry(arn).or_default();
        }
        let listed_whole: BTreeSet<ResourceType> = ResourceType::all()
            .filter(|kind| {
                let operation = Operation::listing(kind.cloudformation());
                operation.is_some_and(|it| self.own_list_gap(place, it).is_none())
            })
            .collect();
        let mut resources = BTreeMap::new();
        for (arn, seen) in seen {
            let Some(kind) = seen.kind(arn) else {
                continue;
            };
            if seen.owned.is_some() || !listed_whole.contains(&kind) {
                resources.insert((kind, arn), seen);
            }
        }
        resources
    }

    /// The facts of a resource.
    pub(super) fn resource(&self, place: &Place, kind: ResourceType, arn: &str, seen: Seen<'_>) -> Thing {
        let mut thing = self.thing_in(place, Uid::new(kind.cloudformation(), arn));
        let owned = seen.owned.and_then(|it| self.inventory.files.get(usize::try_from(it.file).ok()?));
        let source = owned.map(String::as_str);
        let source = source.or_else(|| seen.listed.or(seen.detail).map(|it| self.inventory.file_of(it)));
        thing.source = source.unwrap_or_default().into();
        thing.subjects = vec![("ResourceArn", arn.into())];
        thing.tags = self.tags(place, arn);
        thing.learn("arn", Some(arn));
        let recorded = seen.detail.or(seen.listed).and_then(|it| it.value.resource_name.as_deref());
        // AWS Backup's name of it is people's; volumes and instances have theirs in a tag.
        let tagged = thing.tags.as_ref().and_then(|it| it.get("Name")).cloned();
        let owned = seen.owned.and_then(|it| it.resource.name.as_deref());
        let names = [recorded, tagged.as_deref(), owned];
        thing.called = names.into_iter().flatten().find(|it| !it.is_empty()).map(Into::into);
        thing.learn("name", Arn::parse(arn).map(|it| it.resource_id()));
        thing.learn("region", Some(place.region.as_str()));
        thing.learn("resourceType", Some(seen.short_name(kind)));
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
        let text = |text: &Option<Text>| text.as_ref().map(Fact::from);
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
            let never = unknown_to_aws || self.never_protected(place, seen);
            return thing.learn("latestRestore", never.then(|| Fact::record([])));
        };
        if self.is_contradicted(place, "backup.describe-protected-resource", arn) {
            return thing
                .excuse("latestRestore", "AWS Backup is recorded both to know the resource and not to");
        }
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
