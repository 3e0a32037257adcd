//! Recovery points, and those that may exist but could not be read.

use std::sync::Arc;

use super::backup_vault::learn_encryption;
use super::wanted::WantedOfPoints;
use super::{Doubt, Fact, Facts, Thing, Uid, types};
use crate::inventory::Recorded;
use crate::inventory::record::{CreatedBy, Days, Lifecycle, RecoveryPoint, Text};
use crate::model::{Place, Time};

impl Facts<'_> {
    /// The facts of a recovery point, as far as they are wanted.
    pub(crate) fn recovery_point(
        &self,
        place: &Place,
        point: &Recorded<RecoveryPoint>,
        wanted: WantedOfPoints,
    ) -> Thing {
        let of = &point.value;
        let uid = Uid::new(types::RECOVERY_POINT, of.recovery_point_arn.shared());
        let mut thing = self.thing_in(place, uid);
        thing.source = Arc::clone(self.source_of(point));
        if wanted.tags {
            thing.tags = self.tags(place, &of.recovery_point_arn);
        }
        thing.learn("arn", wanted.arn.then_some(&of.recovery_point_arn));
        thing.learn("region", wanted.region.then_some(place.region.as_str()));
        if let Some(why) = point.why_unreadable("*") {
            thing.reasons = self.all_facts_but_name(why);
            return thing;
        }
        self.learn_vault(&mut thing, place, point, wanted);
        thing.learn("resourceArn", of.resource_arn.as_ref().filter(|_| wanted.resource_arn));
        thing.learn("resourceType", of.resource_type.as_ref().filter(|_| wanted.resource_type));
        thing.learn("status", of.status.as_ref().filter(|_| wanted.status));
        // Only continuous backups are AVAILABLE or STOPPED (API_RecoveryPointByBackupVault, Status).
        let continuous = |status: &str| matches!(status, "AVAILABLE" | "STOPPED");
        thing.learn("isContinuous", of.status.as_deref().filter(|_| wanted.is_continuous).map(continuous));
        thing.learn("isEncrypted", of.is_encrypted.filter(|_| wanted.is_encrypted));
        if wanted.encryption {
            learn_encryption(
                &mut thing,
                point,
                of.encryption_key_arn.as_deref(),
                of.encryption_key_type.as_deref(),
            );
        }
        let kept = of.lifecycle.as_ref().filter(|_| wanted.lifecycle);
        thing.learn("lifecycle", kept.map(|it| lifecycle(it.as_ref())));
        if wanted.age {
            self.learn_age(&mut thing, of.creation_date);
        }
        let size = of.backup_size_in_bytes.filter(|it| *it >= 0 && wanted.backup_size_in_bytes);
        thing.learn("backupSizeInBytes", size);
        thing.learn("isParent", of.is_parent.filter(|_| wanted.is_parent));
        self.learn_optional(&mut thing, point, wanted);
        if !point.is_whole() {
            for (fact, member) in MEMBERS {
                if let Some(why) = point.why_unreadable(member) {
                    thing.attributes.retain(|(name, _)| name != fact);
                    thing.excuse(fact, why);
                }
            }
        }
        thing
    }

    fn learn_vault(
        &self,
        thing: &mut Thing,
        place: &Place,
        point: &Recorded<RecoveryPoint>,
        wanted: WantedOfPoints,
    ) {
        let of = &point.value;
        if let Some(name) = &of.backup_vault_name {
            thing.subjects = vec![("BackupVaultName", name.shared())];
            if wanted.vault {
                let vault = self.vault_uid(place, name, of.backup_vault_arn.as_deref());
                thing.parents.insert(0, vault.clone());
                thing.learn("vault", Some(vault));
            }
        }
        if wanted.vault_type {
            let vault = || {
                let vault = self.vaults.get(&(place, &**of.backup_vault_name.as_ref()?))?;
                vault.value.vault_type.as_ref()
            };
            thing.learn("vaultType", of.vault_type.as_ref().or_else(vault));
        }
    }

    /// Facts whose absence in AWS's answer means something.
    fn learn_optional(&self, thing: &mut Thing, point: &Recorded<RecoveryPoint>, wanted: WantedOfPoints) {
        let of = &point.value;
        let text = |text: &Option<Text>| text.as_ref().map(Fact::from);
        if wanted.created_by {
            let by = of.created_by.as_ref();
            let told = |of: fn(&CreatedBy) -> &Option<Text>| by.and_then(|it| of(it).as_ref());
            let (plan, rule) = (told(|it| &it.backup_plan_id), told(|it| &it.backup_rule_id));
            thing.learn("createdBy", Some(created_by(plan, rule, told(|it| &it.backup_rule_name))));
        }
        if wanted.origin {
            let origin = Fact::record([
                ("parentRecoveryPointArn", text(&of.parent_recovery_point_arn)),
                ("sourceBackupVaultArn", text(&of.source_backup_vault_arn)),
            ]);
            thing.learn("origin", Some(origin));
        }
        if wanted.last_restore {
            match self.ages(of.last_restore_time) {
                Ok(ages) => {
                    let age = ages.map(|(_, days)| days.into());
                    thing.learn("lastRestore", Some(Fact::record([("ageDays", age)])));
                }
                Err(why) => thing.excuse("lastRestore", why),
            }
        }
    }

    /// `ageHours` and `ageDays` since a creation date.
    pub(super) fn learn_age(&self, thing: &mut Thing, created: Option<Time>) {
        match self.ages(created) {
            Ok(ages) => {
                thing.learn("ageHours", ages.map(|(hours, _)| hours));
                thing.learn("ageDays", ages.map(|(_, days)| days));
            }
            Err(why) => {
                thing.excuse("ageHours", why.clone());
                thing.excuse("ageDays", why);
            }
        }
    }

    /// Recovery points that may exist in places whose lists were not read wholly: what is known of them.
    pub(super) fn unread_recovery_points(&self, place: &Place) -> Vec<Thing> {
        let mut unread = Vec::new();
        for (gap, vault) in self.recovery_point_gaps(place) {
            let id = format!("{place} {} {}", gap.operation.name, vault.unwrap_or_default());
            unread.push(self.unread_recovery_point(place, id, vault, gap.into()));
        }
        // One for each vault, however many there are: they may all be about any resource.
        for (_, vault) in self.unlinked(place, types::RECOVERY_POINT) {
            let vault = vault.as_deref();
            let name = vault.unwrap_or_default();
            let id = format!("{place} unlinked {name}");
            let why = format!("a recovery point in vault `{name}` does not say which resource it is of");
            unread.push(self.unread_recovery_point(place, id, vault, Doubt { why, gap: None }));
        }
        unread
    }

    fn unread_recovery_point(&self, place: &Place, id: String, vault: Option<&str>, doubt: Doubt) -> Thing {
        let mut thing = self.thing_in(place, Uid::new(types::RECOVERY_POINT, id));
        thing.learn("region", Some(place.region.as_str()));
        if let Some(name) = vault {
            let uid = self.vault_uid(place, name, None);
            thing.subjects = vec![("BackupVaultName", name.into())];
            thing.parents.insert(0, uid.clone());
            thing.learn("vault", Some(uid));
            let vault = self.vaults.get(&(place, name)).filter(|it| it.why_unreadable("VaultType").is_none());
            thing.learn("vaultType", vault.and_then(|it| it.value.vault_type.as_deref()));
        }
        thing.reasons = self.all_facts_but_name(&doubt.why);
        thing.reasons.retain(|(fact, _)| thing.attributes.iter().all(|(known, _)| known != fact));
        thing.doubts = vec![doubt];
        thing
    }

    fn all_facts_but_name(&self, why: &str) -> Vec<(super::Name, String)> {
        MEMBERS.iter().map(|(fact, _)| ((*fact).into(), why.to_owned())).collect()
    }
}

/// Facts by the member they are read from.
const MEMBERS: [(&str, &str); 18] = [
    ("vault", "BackupVaultName"),
    ("vaultType", "VaultType"),
    ("resourceArn", "ResourceArn"),
    ("resourceType", "ResourceType"),
    ("status", "Status"),
    ("isContinuous", "Status"),
    ("isEncrypted", "IsEncrypted"),
    ("encryption", "EncryptionKeyArn"),
    ("encryption", "EncryptionKeyType"),
    ("lifecycle", "Lifecycle"),
    ("ageHours", "CreationDate"),
    ("ageDays", "CreationDate"),
    ("backupSizeInBytes", "BackupSizeInBytes"),
    ("createdBy", "CreatedBy"),
    ("isParent", "IsParent"),
    ("origin", "ParentRecoveryPointArn"),
    ("origin", "SourceBackupVaultArn"),
    ("lastRestore", "LastRestoreTime"),
];

/// A lifecycle; no `DeleteAfterDays`, null or -1 is kept for ever (API_Lifecycle).
pub(super) fn lifecycle(lifecycle: Option<&Lifecycle>) -> Fact {
    let days = |days: Option<Days>| days.and_then(Days::count).map(Fact::from);
    Fact::record([
        ("deleteAfterDays", days(lifecycle.and_then(|it| it.delete_after_days))),
        ("moveToColdStorageAfterDays", days(lifecycle.and_then(|it| it.move_to_cold_storage_after_days))),
    ])
}

/// The plan and rule that made it; empty when made on demand.
pub(super) fn created_by(plan: Option<&Text>, rule: Option<&Text>, rule_name: Option<&Text>) -> Fact {
    Fact::record([
        ("backupPlanId", plan.map(Fact::from)),
        ("backupRuleId", rule.map(Fact::from)),
        ("backupRuleName", rule_name.map(Fact::from)),
    ])
}
