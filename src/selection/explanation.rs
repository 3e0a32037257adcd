//! The whole answer about one resource, as `explain coverage` prints it.

use serde::Serialize;

use super::explain::explain;
use super::join::Join;
use super::outcome::{Clause, Failed, Outcome, Unread};
use super::{Candidate, Selection, Settings};

/// Which selections cover a resource and by what, which may, and which came nearest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether any selection covers it; absent (`null`) if that cannot be told.
    pub covered: Option<bool>,
    /// The selections that cover it.
    pub by: Vec<CoveredBy>,
    /// The selections of which it cannot be told.
    pub undecided: Vec<UndecidedBy>,
    /// The selections that came nearest without covering it.
    pub nearest: Vec<NearMiss>,
}

/// A selection that covers the resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoveredBy {
    /// Plan id.
    pub plan_id: String,
    /// Plan name.
    pub plan_name: String,
    /// Selection id.
    pub selection_id: String,
    /// Selection name.
    pub selection_name: String,
    /// The clause that reaches the resource.
    pub via: Clause,
}

/// A selection that may or may not cover the resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UndecidedBy {
    /// Plan id.
    pub plan_id: String,
    /// Plan name.
    pub plan_name: String,
    /// Selection id.
    pub selection_id: String,
    /// Selection name.
    pub selection_name: String,
    /// What is missing to tell.
    pub unread: Vec<Unread>,
}

/// A selection that does not cover the resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// Plan id.
    pub plan_id: String,
    /// Plan name.
    pub plan_name: String,
    /// Selection id.
    pub selection_id: String,
    /// Selection name.
    pub selection_name: String,
    /// The clause it failed on.
    pub failed: Failed,
}

impl Join<'_> {
    /// Explains a resource's coverage, with at most `limit` near misses (and never more than eight).
    pub fn explanation(
        &mut self,
        resource: &Candidate<'_>,
        settings: &Settings<'_>,
        limit: usize,
    ) -> Explanation {
        let coverage = self.covering(resource, settings);
        let nearest = self.nearest(resource, settings, limit);
        let mut explanation = Explanation {
            covered: coverage.covered(),
            by: Vec::new(),
            undecided: Vec::new(),
            nearest: Vec::new(),
        };
        for position in coverage.covering().chain(coverage.undecided()).chain(nearest) {
            if let Some(selection) = self.index().selection(position) {
                explanation.add(selection, explain(selection, resource, settings));
            }
        }
        explanation
    }
}

impl Explanation {
    fn add(&mut self, selection: &Selection, outcome: Outcome) {
        let id = selection.id();
        let (plan_id, plan_name) = (id.plan_id.to_string(), id.plan_name.to_string());
        let (selection_id, selection_name) = (id.selection_id.to_string(), id.selection_name.to_string());
        match outcome {
            Outcome::Covered { via } => {
                self.by.push(CoveredBy { plan_id, plan_name, selection_id, selection_name, via });
            }
            Outcome::Undecided { unread } => {
                self.undecided.push(UndecidedBy { plan_id, plan_name, selection_id, selection_name, unread });
            }
            Outcome::NotCovered { failed } => {
                self.nearest.push(NearMiss { plan_id, plan_name, selection_id, selection_name, failed });
            }
        }
    }
}
