//! What findings come to: totals, what could not be looked at, and which people should read first.
//!
//! Counted where findings are made; what several threads have counted is put together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Totals;
use crate::evaluate::{Finding, MissingFact};
use crate::model::{Answer, Place, Severity};

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

type Order = (Reverse<Severity>, ControlKey, Place, String);

/// What findings come to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Totals over everything.
    pub totals: Totals,
    /// Totals by control and place.
    pub by_control: BTreeMap<(ControlKey, Place), Totals>,
    /// How often something could not be learned, by what would mend it.
    pub unseen: BTreeMap<Unseen, u64>,
    pub(super) worst: BTreeMap<Order, Worst>,
    pub(super) failed: BTreeSet<Severity>,
    /// Totals of the place that was counted last, which most findings are of.
    here: Option<(Place, Vec<(ControlKey, Totals)>)>,
}

impl Tally {
    /// Counts a finding.
    pub fn add(&mut self, finding: &Finding<'_>) {
        self.count(finding.place, finding.position, finding.answer);
        if !finding.missing.is_empty() {
            let missing = finding.missing.iter();
            let unseen: BTreeSet<Unseen> = missing.map(|it| Unseen::of(finding.place, it)).collect();
            for it in unseen {
                *self.unseen.entry(it).or_default() += 1;
            }
        }
        if finding.answer == Answer::NonCompliant {
            self.failed.insert(finding.chosen.control.severity);
            self.keep_if_among_the_worst(finding);
        }
    }

    /// Counts an answer where the last one was counted, if it is of the same place.
    fn count(&mut self, place: &Place, position: ControlKey, answer: Answer) {
        if self.here.as_ref().is_none_or(|(here, _)| here != place) {
            self.settle();
        }
        let (_, totals) = self.here.get_or_insert_with(|| (place.clone(), Vec::new()));
        match totals.iter_mut().find(|(it, _)| *it == position) {
            Some((_, totals)) => totals.count(answer),
            None => {
                let mut one = Totals::default();
                one.count(answer);
                totals.push((position, one));
            }
        }
    }

    /// Puts what was counted last to the rest.
    fn settle(&mut self) {
        let Some((place, totals)) = self.here.take() else {
            return;
        };
        for (position, totals) in totals {
            self.totals = self.totals.and(totals);
            let known = self.by_control.entry((position, place.clone())).or_default();
            *known = known.and(totals);
        }
    }

    fn keep_if_among_the_worst(&mut self, finding: &Finding<'_>) {
        let severity = Reverse(finding.chosen.control.severity);
        let order = (&severity, &finding.position, finding.place, &*finding.resource.id);
        let is_before = |(severity, position, place, id): &Order| (severity, position, place, &**id) <= order;
        if self.worst.len() >= MAX_WORST
            && self.worst.last_key_value().is_some_and(|(last, _)| is_before(last))
        {
            return;
        }
        let worst = Worst {
            control: finding.chosen.control.name.clone(),
            resource: format!("{} {}", finding.resource.type_name, finding.name()),
            place: finding.place.clone(),
            messages: finding.messages().to_vec(),
        };
        let order = (severity, finding.position, finding.place.clone(), finding.resource.id.to_string());
        self.keep(order, worst);
    }

    fn keep(&mut self, order: Order, worst: Worst) {
        self.worst.insert(order, worst);
        if self.worst.len() > MAX_WORST {
            self.worst.pop_last();
        }
    }

    /// Puts what was counted apart to this.
    pub fn join(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        self.totals = self.totals.and(other.totals);
        for (key, totals) in other.by_control {
            let known = self.by_control.entry(key).or_default();
            *known = known.and(totals);
        }
        for (unseen, count) in other.unseen {
            *self.unseen.entry(unseen).or_default() += count;
        }
        self.failed.extend(other.failed);
        for (order, worst) in other.worst {
            self.keep(order, worst);
        }
    }
}
