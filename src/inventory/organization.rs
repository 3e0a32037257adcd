//! The organization's tree, as far as its calls were recorded.
//!
//! An account's units are known only if the way from it up to a root was read without a gap;
//! half a way is not a way.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::AccountId;

/// What Organizations says of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationAccount {
    /// The account's name.
    pub name: Option<String>,
    /// `State`, or the older `Status`.
    pub state: Option<String>,
}

/// Roots, units and accounts, and who is in whom.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    /// Names of roots and units by id.
    pub units: BTreeMap<String, String>,
    /// Accounts that Organizations lists.
    accounts: BTreeMap<AccountId, OrganizationAccount>,
    /// Accounts that two lists tell different things of.
    contradicted: BTreeSet<AccountId>,
    /// The parents recorded for each unit and account id; two that differ make it unknown.
    parents: BTreeMap<String, BTreeSet<String>>,
    /// Accounts that said they are in no organization.
    standalone: BTreeSet<AccountId>,
}

impl Organization {
    pub(super) fn add_account(&mut self, id: AccountId, account: OrganizationAccount) {
        if self.accounts.get(&id).is_some_and(|it| *it != account) {
            self.contradicted.insert(id);
        }
        self.accounts.entry(id).or_insert(account);
    }

    /// Keeps the name of a root or unit; of several the first in order, whichever was read first.
    pub(super) fn add_unit(&mut self, id: &str, name: &str) {
        let known = self.units.entry(id.to_owned()).or_insert_with(|| name.to_owned());
        if name < known.as_str() {
            name.clone_into(known);
        }
    }

    pub(super) fn add_parent(&mut self, child: &str, parent: &str) {
        let parents = self.parents.entry(child.to_owned()).or_default();
        parents.insert(parent.to_owned());
    }

    pub(super) fn add_standalone(&mut self, account: AccountId) {
        self.standalone.insert(account);
    }

    /// Whether anything of an organization was recorded.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty() && self.accounts.is_empty() && self.units.is_empty()
    }

    /// What Organizations says of an account; `None` if that is not known, or its lists contradict each other.
    pub fn account(&self, id: AccountId) -> Option<&OrganizationAccount> {
        self.accounts.get(&id).filter(|_| !self.contradicted.contains(&id))
    }

    /// Whether the account itself said that it is in no organization.
    pub fn is_standalone(&self, account: AccountId) -> bool {
        self.standalone.contains(&account)
    }

    /// The units an account is in, nearest first up to the root; `None` if the way was not read whole.
    pub fn units_of(&self, account: AccountId) -> Option<Vec<&str>> {
        if self.is_standalone(account) {
            return Some(Vec::new());
        }
        let mut way = Vec::new();
        let mut child = account.to_string();
        loop {
            let parent = self.only_parent(&child)?;
            // Organizations nests five deep (quotas page); a longer way is a circle.
            if way.len() > 16 {
                return None;
            }
            way.push(parent);
            if parent.starts_with("r-") {
                return Some(way);
            }
            parent.clone_into(&mut child);
        }
    }

    /// The parent recorded for a unit, if there is exactly one.
    pub fn only_parent(&self, child: &str) -> Option<&str> {
        let parents = self.parents.get(child)?;
        match parents.len() {
            1 => parents.first().map(String::as_str),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_only_along_an_unbroken_way() {
        let mut organization = Organization::default();
        for (child, parent) in [
            ("111122223333", "ou-a"),
            ("ou-a", "ou-b"),
            ("ou-b", "r-1"),
            ("222233334444", "ou-x"),
            ("333344445555", "ou-a"),
            ("333344445555", "ou-b"),
            ("444455556666", "ou-p"),
            ("ou-p", "ou-q"),
            ("ou-q", "ou-p"),
        ] {
            organization.add_parent(child, parent);
        }
        organization.add_standalone("555566667777".parse().unwrap());
        for (account, units) in [
            ("111122223333", Some(vec!["ou-a", "ou-b", "r-1"])),
            ("222233334444", None),
            ("333344445555", None),
            ("444455556666", None),
            ("555566667777", Some(vec![])),
            ("666677778888", None),
        ] {
            let known = organization.units_of(account.parse().unwrap());
            assert_eq!(known, units, "{account}");
        }
    }
}
