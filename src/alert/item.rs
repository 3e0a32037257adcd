//! A violation that took a step, with its texts cut to size, in the order in which it matters.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::text::{MAX_NAME, MAX_SENTENCE, cut};
use crate::ledger::{Cause, Entry, Id, Outcome, Record, Step};
use crate::model::{AccountId, Region, Severity};

/// How a violation changed, as people read it; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It is new, or there again.
    New,
    /// It has a reason or a severity that it had not.
    Worse,
    /// It could not be looked at, and stays open.
    Undecided,
    /// It has fewer reasons or less severity, or could be looked at again.
    Changed,
    /// It is compliant, not applicable or gone.
    Resolved,
}

impl Change {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [Self::New, Self::Worse, Self::Undecided, Self::Changed, Self::Resolved];

    /// What a step of a history comes to.
    pub fn of(step: Step) -> Self {
        match step {
            Step::Opened | Step::Reopened => Self::New,
            Step::Worse => Self::Worse,
            Step::Undecided => Self::Undecided,
            Step::Changed | Step::Confirmed => Self::Changed,
            Step::Resolved | Step::Gone => Self::Resolved,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Undecided => "undecided",
            Self::Changed => "changed",
            Self::Resolved => "resolved",
        }
    }
}

/// A violation that took a step. Ordered by severity, then by control, place and resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) severity: Reverse<Severity>,
    pub(super) control: String,
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) resource_type: String,
    pub(super) resource: String,
    pub(super) framework: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) step: Step,
    pub(super) answer: Outcome,
    pub(super) reasons: Vec<String>,
    pub(super) message: String,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) cause: String,
}

/// The most reasons kept of a violation.
const MAX_REASONS: usize = 8;

impl Item {
    pub(super) fn of(record: &Record, entry: &Entry) -> Self {
        let scope = &record.key.scope;
        let name = |text: &str| cut(text, MAX_NAME);
        let cause = match &entry.cause {
            Cause::Run(id) => format!("run {id}"),
            Cause::Event(actor) => format!("{} by {}", actor.event_name, actor.principal),
        };
        Self {
            severity: Reverse(entry.severity),
            control: name(&scope.control),
            account: scope.place.account,
            region: scope.place.region.clone(),
            resource_type: name(&record.key.resource_type),
            resource: name(&record.key.resource),
            framework: name(&scope.framework),
            id: record.key.id().as_str().to_owned(),
            name: name(&record.violation.name),
            step: entry.step,
            answer: entry.answer,
            reasons: entry.reasons.iter().take(MAX_REASONS).map(|it| name(it)).collect(),
            message: cut(&entry.message, MAX_SENTENCE),
            first_seen: record.first_seen,
            last_seen: record.last_seen,
            cause: cut(&cause, MAX_SENTENCE),
        }
    }

    /// Whether this comes after what the record would make, or beside it; so that an item is only made if it may be kept.
    pub(super) fn is_after(&self, record: &Record, entry: &Entry) -> bool {
        let scope = &record.key.scope;
        let name = |kept: &str, other: &str| kept.cmp(cut(other, MAX_NAME).as_str());
        let order = self
            .severity
            .cmp(&Reverse(entry.severity))
            .then_with(|| name(&self.control, &scope.control))
            .then_with(|| self.account.cmp(&scope.place.account))
            .then_with(|| self.region.cmp(&scope.place.region))
            .then_with(|| name(&self.resource_type, &record.key.resource_type))
            .then_with(|| name(&self.resource, &record.key.resource));
        order.is_ge()
    }

    /// The first digits of its id.
    pub(super) fn short_id(&self) -> &str {
        self.id.get(..Id::SHORT).unwrap_or(&self.id)
    }
}
