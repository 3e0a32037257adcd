//! What a run concluded, and on what basis: one value, many writers.
//!
//! Totals and the verdict are computed once, here, as findings flow past; writers only format, and filter nothing.

use std::collections::{BTreeMap, BTreeSet};

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
pub mod text;

use crate::cost::{CONTROLS_OF_AWS, Cost, Counts};
use crate::evaluate::{Finding, MissingFact};
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

/// A control of a framework, by their places in the order of the run.
pub type ControlKey = (usize, usize);

/// A finding that people should read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worst {
    /// The control.
    pub control: String,
    /// The resource's type and what people call it.
    pub resource: String,
    /// The account and Region.
    pub place: Place,
    /// Why, in sentences.
    pub messages: Vec<String>,
}

/// How many of the worst findings are kept for the terminal.
const MAX_WORST: usize = 12;

/// The run's conclusion.
pub struct Report<'a> {
    /// The frameworks, in the order of the run.
    pub frameworks: &'a [Framework],
    /// What it rests on.
    pub basis: Basis,
    /// Totals over everything.
    pub totals: Totals,
    /// Totals by control and place.
    pub by_control: BTreeMap<(ControlKey, Place), Totals>,
    /// How often something could not be learned, by what would mend it.
    pub unseen: BTreeMap<Unseen, u64>,
    /// What the run used, if it counted; then its summary says what it costs.
    pub counts: Option<Counts>,
    worst: BTreeMap<(std::cmp::Reverse<Severity>, ControlKey, Place, String), Worst>,
    failed: BTreeSet<Severity>,
}

/// Something that could not be looked at, as findings have it in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// The account and Region.
    pub place: Place,
    /// The call, as the AWS CLI spells it; empty if none would tell.
    pub operation: String,
    /// AWS's error code, if it refused.
    pub error: String,
    /// The IAM action that allows the call.
    pub action: String,
    /// Why, where no call is named.
    pub why: String,
}

impl Unseen {
    fn of(place: &Place, missing: &MissingFact) -> Self {
        let named = !missing.operation.is_empty();
        Self {
            place: place.clone(),
            operation: missing.operation.clone(),
            error: missing.error.clone(),
            action: missing.action.clone(),
            why: if named { String::new() } else { missing.why.clone() },
        }
    }
}

impl<'a> Report<'a> {
    /// A report of nothing yet.
    pub fn new(frameworks: &'a [Framework], basis: Basis) -> Self {
        let mut by_control = BTreeMap::new();
        for (index, framework) in frameworks.iter().enumerate() {
            for control in 0..framework.controls.len() {
                for place in &basis.places {
                    by_control.insert(((index, control), place.clone()), Totals::default());
                }
            }
        }
        Self {
            frameworks,
            basis,
            totals: Totals::default(),
            by_control,
            unseen: BTreeMap::new(),
            counts: None,
            worst: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Counts a finding.
    pub fn add(&mut self, finding: &Finding<'_>) {
        let key = self.key(finding);
        self.totals.count(finding.answer);
        self.by_control.entry((key, finding.place.clone())).or_default().count(finding.answer);
        let mut unseen: Vec<Unseen> =
            finding.missing.iter().map(|it| Unseen::of(&finding.place, it)).collect();
        unseen.sort();
        unseen.dedup();
        for it in unseen {
            *self.unseen.entry(it).or_default() += 1;
        }
        if finding.answer == Answer::NonCompliant {
            self.failed.insert(finding.chosen.control.severity);
            self.keep_if_among_the_worst(key, finding);
        }
    }

    fn key(&self, finding: &Finding<'_>) -> ControlKey {
        let framework = self.frameworks.iter().position(|it| std::ptr::eq(it, finding.framework));
        let controls = &finding.framework.controls;
        let control = controls.iter().position(|it| std::ptr::eq(it, finding.chosen));
        (framework.unwrap_or_default(), control.unwrap_or_default())
    }

    fn keep_if_among_the_worst(&mut self, key: ControlKey, finding: &Finding<'_>) {
        let severity = std::cmp::Reverse(finding.chosen.control.severity);
        let order = (severity, key, finding.place.clone(), finding.resource.id.to_string());
        let full = self.worst.len() >= MAX_WORST;
        if full && self.worst.last_key_value().is_some_and(|(last, _)| *last <= order) {
            return;
        }
        let worst = Worst {
            control: finding.chosen.control.name.clone(),
            resource: format!("{} {}", finding.resource.type_name, finding.name),
            place: finding.place.clone(),
            messages: finding.messages.clone(),
        };
        self.worst.insert(order, worst);
        if self.worst.len() > MAX_WORST {
            self.worst.pop_last();
        }
    }

    /// The worst findings, worst first.
    pub fn worst(&self) -> impl Iterator<Item = (Severity, &Worst)> {
        self.worst.iter().map(|((severity, ..), worst)| (severity.0, worst))
    }

    /// Totals of a control over all places.
    pub fn totals_of(&self, key: ControlKey) -> Totals {
        let of_control = self.by_control.iter().filter(|((of, _), _)| *of == key);
        of_control.fold(Totals::default(), |sum, (_, it)| add(sum, *it))
    }

    /// Totals by whatever a place is grouped by.
    pub fn totals_by<K: Ord>(&self, group: impl Fn(&Place) -> K) -> BTreeMap<K, Totals> {
        let mut totals = BTreeMap::new();
        for ((_, place), it) in &self.by_control {
            let sum = totals.entry(group(place)).or_insert_with(Totals::default);
            *sum = add(*sum, *it);
        }
        totals
    }

    /// Whether something is non-compliant at this severity or above.
    pub fn fails_at(&self, severity: Severity) -> bool {
        self.failed.last().is_some_and(|worst| *worst >= severity)
    }

    /// How many evaluations AWS Backup Audit Manager would charge for: what AWS's own controls decided.
    ///
    /// What is not applicable, AWS does not evaluate; of what could not be looked at nobody knows how much there is.
    pub fn evaluations_replaced(&self) -> u64 {
        let of_aws = |((framework, control), _): &(ControlKey, Place)| {
            let chosen = self.frameworks.get(*framework).and_then(|it| it.controls.get(*control));
            chosen.is_some_and(|it| CONTROLS_OF_AWS.contains(&it.control.name.as_str()))
        };
        let totals = self.by_control.iter().filter(|(key, _)| of_aws(key));
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
        self.totals.insufficient_data > 0 || !self.basis.problems.is_empty() || ids_unmatched
    }
}

fn add(a: Totals, b: Totals) -> Totals {
    Totals {
        compliant: a.compliant + b.compliant,
        non_compliant: a.non_compliant + b.non_compliant,
        not_applicable: a.not_applicable + b.not_applicable,
        insufficient_data: a.insufficient_data + b.insufficient_data,
    }
}
