//! Which resources a backup plan's selections cover, and by which clause.
//!
//! [`explain`] answers for one pair and holds the rules; [`CoverageIndex`] answers the same for very many.
//! Everything is three-valued: a fact that could not be read, or a clause whose meaning AWS leaves open, makes an answer
//! undecided, but only where it would decide: one clause that certainly fails is enough for "not covered".
//! This module knows no inventory: callers bring the few facts it asks for. `ResourceTypeManagementPreference` is not one
//! of them: it says who manages a backup, not whether there is one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

mod clauses;
mod explain;
mod explanation;
mod filing;
mod gates;
mod globset;
mod index;
mod input;
mod join;
mod judge;
mod outcome;
mod pattern;
mod problem;
mod subset;
mod truth;
mod wildcard;

#[cfg(test)]
mod tests;

pub use explain::explain;
pub use explanation::{CoveredBy, Explanation, NearMiss, UndecidedBy};
pub use index::CoverageIndex;
pub use input::{BackupSelection, ConditionForm, ConditionParameter, OperatorConditions, TagCondition};
pub use join::{Coverage, Join};
pub use outcome::{Clause, Doubt, Failed, Outcome, SettingsOf, Unread};
pub use problem::SelectionProblem;

use clauses::Clauses;

/// Where a selection lives and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectionId {
    /// Account of the plan.
    pub account: Arc<str>,
    /// Region of the plan.
    pub region: Arc<str>,
    /// Plan id; `orgs/…` for plans that AWS Organizations deployed.
    pub plan_id: Arc<str>,
    /// Plan name.
    pub plan_name: Arc<str>,
    /// Selection id.
    pub selection_id: Arc<str>,
    /// Selection name.
    pub selection_name: Arc<str>,
}

impl SelectionId {
    /// Whether AWS Organizations deployed the plan, so that the management account's opt-in decides
    /// (AWS Backup guide, "Managing AWS Backup resources across multiple AWS accounts").
    #[must_use]
    pub fn is_of_organization(&self) -> bool {
        self.plan_id.starts_with("orgs/")
    }
}

/// A selection, read once and ready to be compared.
#[derive(Clone, Debug)]
pub struct Selection {
    id: SelectionId,
    /// `None`: the selection is known to exist, but its content could not be read.
    clauses: Option<Clauses>,
}

impl Selection {
    /// Reads a selection. Nothing is refused: what cannot be understood is undecided, and the problems say why.
    #[must_use]
    pub fn new(id: SelectionId, body: &BackupSelection) -> (Self, Vec<SelectionProblem>) {
        let mut problems = Vec::new();
        let clauses = Clauses::new(body, &id.account, &id.region, &mut problems);
        (Self { id, clauses: Some(clauses) }, problems)
    }

    /// A selection whose content could not be read: it may cover any resource of its account and Region.
    #[must_use]
    pub fn unread(id: SelectionId) -> Self {
        Self { id, clauses: None }
    }

    /// Where it lives and what it is called.
    #[must_use]
    pub fn id(&self) -> &SelectionId {
        &self.id
    }
}

/// A resource that AWS Backup could protect.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Account that owns it; the ARN need not say (buckets).
    pub account: &'a str,
    /// Region it is in; the ARN need not say (buckets).
    pub region: &'a str,
    /// Its ARN.
    pub arn: &'a str,
    /// Its name, for the `awsbackup-restore-test` prefix; the end of the ARN is looked at as well.
    pub name: &'a str,
    /// Its service as `ResourceTypeOptInPreference` names it: `EBS`, `Aurora`, `FSx`, `SAP HANA on Amazon EC2`.
    pub opt_in_name: &'a str,
    /// Its tags as key and value; `None` if they could not be read, which is not the same as none.
    pub tags: Option<&'a [(&'a str, &'a str)]>,
    /// Whether a restore test made it, as far as that is known without its name and tags: restore jobs name what they
    /// created, and where no restore testing plan ever was there are no leftovers.
    ///
    /// Plans ignore leftovers by their tag, so with `tags` unread and `None` here no selection certainly covers the
    /// resource; with `Some(false)` those that need no tag do.
    pub restore_test: Option<bool>,
}

/// The service opt-in of one account and Region (`DescribeRegionSettings`, `ResourceTypeOptInPreference`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptIn {
    /// What the settings say per service.
    Read(BTreeMap<String, bool>),
    /// The settings could not be read.
    Unread,
}

impl OptIn {
    fn of(&self, service: &str) -> Option<bool> {
        match self {
            Self::Read(preferences) => preferences.get(service).copied(),
            Self::Unread => None,
        }
    }
}

/// The settings that decide about a resource's Region.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Opt-in of the resource's own account in its Region.
    pub opt_in: &'a OptIn,
    /// Opt-in of the organization's management account in that Region.
    pub management_opt_in: &'a OptIn,
}
