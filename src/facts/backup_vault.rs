//! Vaults: their key, lock and access policy.

use jiff::Timestamp;

use super::{Fact, Facts, Thing, Uid, access_policy, types};
use crate::inventory::record::{BackupVault, Days};
use crate::inventory::{Recorded, State};
use crate::model::{Place, Time};

impl Facts<'_> {
    /// The facts of every vault of a place.
    pub(super) fn backup_vaults(&self, place: &Place) -> Vec<Thing> {
        let of_place = self.vaults.range((place, "")..).take_while(|((of, _), _)| *of == place);
        of_place.map(|((_, name), vault)| self.backup_vault(place, name, vault)).collect()
    }

    /// The vault with this name in a place; its ARN is AWS's where it is recorded.
    pub(super) fn vault_uid(&self, place: &Place, name: &str, recorded_arn: Option<&str>) -> Uid {
        let listed = self.vaults.get(&(place, name)).and_then(|it| it.value.backup_vault_arn.as_deref());
        match listed.or(recorded_arn).filter(|it| !it.is_empty()) {
            Some(arn) => Uid::new(types::BACKUP_VAULT, arn),
            None => {
                let Place { account, region } = place;
                let partition = region.partition();
                let arn = format!("arn:{partition}:backup:{region}:{account}:backup-vault:{name}");
                Uid::new(types::BACKUP_VAULT, arn)
            }
        }
    }

    fn backup_vault(&self, place: &Place, name: &str, vault: &Recorded<BackupVault>) -> Thing {
        let uid = self.vault_uid(place, name, None);
        let arn = uid.id.clone();
        let mut thing = self.thing_in(place, uid);
        let of = &vault.value;
        thing.source = self.inventory.file_of(vault).into();
        thing.subjects = vec![("BackupVaultName", name.into())];
        thing.tags = self.tags(place, &arn);
        thing.learn("arn", Some(&*arn));
        thing.learn("name", Some(name));
        thing.learn("region", Some(place.region.as_str()));
        self.learn_access_policy(&mut thing, place, name);
        if let Some(why) = vault.why_unreadable("*") {
            for fact in ["vaultType", "encryption", "locked", "lock", "numberOfRecoveryPoints"] {
                thing.excuse(fact, why);
            }
            return thing;
        }
        thing.learn("vaultType", of.vault_type.as_deref());
        learn_encryption(
            &mut thing,
            vault,
            of.encryption_key_arn.as_deref(),
            of.encryption_key_type.as_deref(),
        );
        thing.learn("locked", of.locked);
        thing.learn("numberOfRecoveryPoints", of.number_of_recovery_points.filter(|it| *it >= 0));
        let members = ["LockDate", "MinRetentionDays", "MaxRetentionDays"];
        match members.iter().find_map(|it| vault.why_unreadable(it)) {
            Some(why) => thing.excuse("lock", why),
            None => thing.learn("lock", of.locked.map(|locked| lock(of, locked, self.at))),
        }
        for (fact, member) in [
            ("vaultType", "VaultType"),
            ("locked", "Locked"),
            ("numberOfRecoveryPoints", "NumberOfRecoveryPoints"),
        ] {
            if let Some(why) = vault.why_unreadable(member) {
                thing.excuse(fact, why);
            }
        }
        thing
    }

    fn learn_access_policy(&self, thing: &mut Thing, place: &Place, name: &str) {
        let policies = &self.inventory.estate(place).access_policies;
        let found = policies.binary_search_by(|(of, _)| of.as_str().cmp(name)).ok();
        let recorded = found.and_then(|index| policies.get(index)).map(|(_, it)| it);
        let operation = "backup.get-backup-vault-access-policy";
        if self.is_contradicted(place, operation, name) {
            return thing
                .excuse("accessPolicy", "the vault is recorded both to have a policy and to have none");
        }
        let policy = match (recorded, self.state(place, operation, name)) {
            (Some(recorded), _) => match recorded.why_unreadable("Policy") {
                Some(why) => return thing.excuse("accessPolicy", why),
                // AWS refuses where there is none, so an answer without one does not say.
                None => recorded.value.policy.as_deref().map(Some),
            },
            // AWS's way of saying that the vault has none (API_GetBackupVaultAccessPolicy).
            (None, State::Refused(error)) if error.code == "ResourceNotFoundException" => Some(None),
            _ => None,
        };
        let Some(policy) = policy else {
            return;
        };
        thing.learn("accessPolicy", Some(Fact::record([("policy", policy.map(Fact::from))])));
        let arn = thing.uid.id.clone();
        access_policy::learn(thing, &arn, &place.account.to_string(), policy);
    }
}

/// The key of a vault or recovery point.
pub(super) fn learn_encryption<T>(
    thing: &mut Thing,
    recorded: &Recorded<T>,
    key_arn: Option<&str>,
    key_type: Option<&str>,
) {
    let members = ["EncryptionKeyArn", "EncryptionKeyType"];
    if let Some(why) = members.iter().find_map(|it| recorded.why_unreadable(it)) {
        return thing.excuse("encryption", why);
    }
    let text = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(Fact::from);
    let encryption =
        Fact::record([("encryptionKeyArn", text(key_arn)), ("encryptionKeyType", text(key_type))]);
    thing.learn("encryption", Some(encryption));
}

/// The lock, by the table of Vault Lock's modes (AWS Backup Developer Guide, "Vault Lock").
fn lock(vault: &BackupVault, locked: bool, at: Timestamp) -> Fact {
    let mode = match (locked, vault.lock_date) {
        (false, _) => "none",
        (true, None) => "governance",
        (true, Some(Time(date))) if date > at => "cooling-off",
        (true, Some(_)) => "compliance",
    };
    let days = |days: Option<Days>| days.and_then(Days::count).map(Fact::from);
    Fact::record([
        ("mode", Some(mode.into())),
        ("minRetentionDays", days(vault.min_retention_days)),
        ("maxRetentionDays", days(vault.max_retention_days)),
    ])
}
