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

    pub(crate) fn of_points(&self) -> WantedOfPoints {
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
pub(crate) struct WantedOfPoints {
    pub(crate) arn: bool,
    pub(crate) region: bool,
    pub(crate) vault: bool,
    pub(crate) vault_type: bool,
    pub(crate) resource_arn: bool,
    pub(crate) resource_type: bool,
    pub(crate) status: bool,
    pub(crate) is_continuous: bool,
    pub(crate) is_encrypted: bool,
    pub(crate) encryption: bool,
    pub(crate) lifecycle: bool,
    pub(crate) age: bool,
    pub(crate) backup_size_in_bytes: bool,
    pub(crate) is_parent: bool,
    pub(crate) created_by: bool,
    pub(crate) origin: bool,
    pub(crate) last_restore: bool,
    pub(crate) tags: bool,
}
