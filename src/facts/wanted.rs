//! What of the things of families is wanted: a fact that nobody asks for is not built.

use std::collections::BTreeSet;

/// The types of things that are wanted, and the facts of those that are many.
#[derive(Debug)]
pub struct Wanted<'w> {
    /// The types; things of others are not built, beside the resources that lead a family.
    pub types: BTreeSet<&'w str>,
    /// The facts of recovery points; none for all of them.
    pub facts: Option<BTreeSet<&'w str>>,
    /// Whether the tags of recovery points are wanted.
    pub tags: bool,
    /// Whether what recovery points are in is wanted, beside their account.
    pub parents: bool,
}

impl<'w> Wanted<'w> {
    /// Everything of these types.
    pub fn all_of(types: impl IntoIterator<Item = &'w str>) -> Self {
        Self { types: types.into_iter().collect(), facts: None, tags: true, parents: true }
    }

    /// Whether this type is.
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    pub(super) fn of_points(&self) -> WantedOfPoints {
        let fact = |name: &str| self.facts.as_ref().is_none_or(|it| it.contains(name));
        WantedOfPoints {
            arn: fact("arn"),
            region: fact("region"),
            vault: fact("vault") || self.parents,
            vault_type: fact("vaultType"),
            resource_arn: fact("resourceArn"),
            resource_type: fact("resourceType"),
            status: fact("status"),
            is_continuous: fact("isContinuous"),
            is_encrypted: fact("isEncrypted"),
            encryption: fact("encryption"),
            lifecycle: fact("lifecycle"),
            age: fact("ageHours") || fact("ageDays"),
            backup_size_in_bytes: fact("backupSizeInBytes"),
            is_parent: fact("isParent"),
            created_by: fact("createdBy"),
            origin: fact("origin"),
            last_restore: fact("lastRestore"),
            tags: self.tags,
        }
    }
}

/// Which facts of a recovery point are wanted.
#[derive(Clone, Copy)]
pub(super) struct WantedOfPoints {
    pub(super) arn: bool,
    pub(super) region: bool,
    pub(super) vault: bool,
    pub(super) vault_type: bool,
    pub(super) resource_arn: bool,
    pub(super) resource_type: bool,
    pub(super) status: bool,
    pub(super) is_continuous: bool,
    pub(super) is_encrypted: bool,
    pub(super) encryption: bool,
    pub(super) lifecycle: bool,
    pub(super) age: bool,
    pub(super) backup_size_in_bytes: bool,
    pub(super) is_parent: bool,
    pub(super) created_by: bool,
    pub(super) origin: bool,
    pub(super) last_restore: bool,
    pub(super) tags: bool,
}
