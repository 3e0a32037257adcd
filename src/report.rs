//! What a run concluded, and on what basis: one value, many writers.
//!
//! Totals and the verdict are computed once, here, as findings flow past; writers only format, and filter nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub mod cell;
pub mod chunk;
#[cfg(feature = "parquet")]
pub mod columns;
pub mod control_compliance;
pub mod findings;
pub mod jobs;
mod json;
pub mod layout;
pub mod resource_compliance;
pub mod rows;
pub mod summary;
mod tally;
pub mod text;

pub use tally::{ControlKey, Tally, Unseen, Worst};

use crate::cost::{CONTROLS_OF_AWS, Cost, Counts};
use crate::evaluate::Finding;
use crate::framework::{ChosenControl, Framework};
use crate::inventory::{Calls, CoverageRow, Inventory, Problem};
use crate::model::{Answer, Place, Severity};
use jobs::JobList;

/// How many findings of each answer there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Totals {
    /// In order, and nothing forbids it.
    pub compliant: u64,
    /// Forbidden.
    pub non_compliant: u64,
    /// Out of a control's scope.
    pub not_applicable: u64,
    /// Could not be judged.
    pub insufficient_data: u64,
}

impl Totals {
    fn count(&mut self, answer: Answer) {
        *match answer {
            Answer::Compliant => &mut self.compliant,
            Answer::NonCompliant => &mut self.non_compliant,
            Answer::NotApplicable => &mut self.not_applicable,
            Answer::InsufficientData => &mut self.insufficient_data,
        } += 1;
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            compliant: self.compliant + other.compliant,
            non_compliant: self.non_compliant + other.non_compliant,
            not_applicable: self.not_applicable + other.not_applicable,
            insufficient_data: self.insufficient_data + other.insufficient_data,
        }
    }

    /// How many there are altogether.
    pub fn all(&self) -> u64 {
        self.compliant + self.non_compliant + self.not_applicable + self.insufficient_data
    }

    /// The answer for a control as a whole: one failure fails it, one unknown leaves it open.
    ///
    /// A control with nothing in its scope is not applicable.
    pub fn verdict(&self) -> Answer {
        match self {
            Self { non_compliant: 1.., .. } => Answer::NonCompliant,
            Self { insufficient_data: 1.., .. } => Answer::InsufficientData,
            Self { compliant: 1.., .. } => Answer::Compliant,
            _ => Answer::NotApplicable,
        }
    }
}

/// What the judgement rests on.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The evaluation time.
    pub at: Timestamp,
    /// SHA-256 of the inventory.
    pub inventory_digest: String,
    /// The accounts and Regions that were judged.
    pub places: Vec<Place>,
    /// How many files of the inventory were read.
    pub files: usize,
    /// What was asked and how it ended.
    pub coverage: Vec<CoverageRow>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The calls to AWS that the inventory took, where it tells.
    pub calls: Option<Calls>,
    /// What the reports on jobs have and lack.
    pub jobs: Vec<JobList>,
}

impl Basis {
    /// The basis of a judgement of this inventory.
    pub fn of(inventory: &Inventory, inventory_digest: String, at: Timestamp) -> Self {
        Self {
            at,
            inventory_digest,
            places: inventory.places().cloned().collect(),
            files: inventory.files.len(),
            coverage: inventory.coverage.rows(),
            problems: inventory.problems.clone(),
            calls: inventory.calls,
            jobs: JobList::all_of(inventory, at),
        }
    }
}

/// The run's conclusion.
pub struct Report<'a> {
    /// The frameworks, in the order of the run.
    pub frameworks: &'a [Framework],
    /// What it rests on.
    pub basis: Basis,
    /// What its findings come to.
    pub tally: Tally,
    /// What the run used, if it counted; then its summary says what it costs.
    pub counts: Option<Counts>,
}

impl<'a> Report<'a> {
    /// A report of nothing yet.
    pub fn new(frameworks: &'a [Framework], basis: Basis) -> Self {
        let mut tally = Tally::default();
        for (index, framework) in frameworks.iter().enumerate() {
            for control in 0..framework.controls.len() {
                for place in &basis.places {
                    tally.by_control.insert(((index, control), place.clone()), Totals::default());
                }
            }
        }
        Self { frameworks, basis, tally, counts: None }
    }

    /// Counts a finding; of many, a [`Tally`] counts quicker.
    pub fn add(&mut self, finding: &Finding<'_>) {
        let mut tally = Tally::default();
        tally.add(finding);
        self.tally.join(tally);
    }

    /// The worst findings, worst first.
    pub fn worst(&self) -> impl Iterator<Item = (Severity, &Worst)> {
        self.tally.worst.iter().map(|((severity, ..), worst)| (severity.0, worst))
    }

    /// Totals of a control over all places.
    pub fn totals_of(&self, key: ControlKey) -> Totals {
        let of_control = self.tally.by_control.iter().filter(|((of, _), _)| *of == key);
        of_control.fold(Totals::default(), |sum, (_, it)| sum.and(*it))
    }

    /// Totals by whatever a place is grouped by.
    pub fn totals_by<K: Ord>(&self, group: impl Fn(&Place) -> K) -> BTreeMap<K, Totals> {
        let mut totals = BTreeMap::new();
        for ((_, place), it) in &self.tally.by_control {
            let sum = totals.entry(group(place)).or_insert_with(Totals::default);
            *sum = sum.and(*it);
        }
        totals
    }

    /// Whether something is non-compliant at this severity or above.
    pub fn fails_at(&self, severity: Severity) -> bool {
        self.tally.failed.last().is_some_and(|worst| *worst >= severity)
    }

    /// How many evaluations AWS Backup Audit Manager would charge for: what AWS's own controls decided.
    ///
    /// What is not applicable, AWS does not evaluate; of what could not be looked at nobody knows how much there is.
    pub fn evaluations_replaced(&self) -> u64 {
        let of_aws = |((framework, control), _): &(ControlKey, Place)| {
            let chosen = self.frameworks.get(*framework).and_then(|it| it.controls.get(*control));
            chosen.is_some_and(|it| CONTROLS_OF_AWS.contains(&it.control.name.as_str()))
        };
        let totals = self.tally.by_control.iter().filter(|(key, _)| of_aws(key));
        totals.map(|(_, it)| it.compliant + it.non_compliant).sum()
    }

    /// What the run costs, if it counted what it used.
    pub fn cost(&self) -> Option<Cost> {
        self.counts.as_ref().map(|it| Cost::of(it, self.evaluations_replaced()))
    }

    /// Controls whose scope names tags or ids and matched nothing at all.
    pub fn empty_scopes(&self) -> impl Iterator<Item = (&'a Framework, &'a ChosenControl)> {
        let chosen = self.frameworks.iter().enumerate().flat_map(|(index, framework)| {
            let controls = framework.controls.iter().enumerate();
            controls.map(move |(control, chosen)| ((index, control), framework, chosen))
        });
        let empty = chosen.filter(|(key, _, chosen)| {
            let narrowed = chosen.scope.tag.is_some() || !chosen.scope.ids.is_empty();
            narrowed && self.totals_of(*key).all() == 0
        });
        empty.map(|(_, framework, chosen)| (framework, chosen))
    }

    /// Whether something could not be judged: a finding says so, something of the inventory could not be read,
    /// or a scope names ids that nothing has.
    pub fn is_undecided(&self) -> bool {
        let ids_unmatched = self.empty_scopes().any(|(_, chosen)| !chosen.scope.ids.is_empty());
        self.tally.totals.insufficient_data > 0 || !self.basis.problems.is_empty() || ids_unmatched
    }
}
