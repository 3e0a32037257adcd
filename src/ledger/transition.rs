//! What a new evaluation does to a record: one pure function.
//!
//! Two maxima by time are kept, of what was decided and of what was looked at, so observations may come in any order.

use super::observation::{Observation, Seen};
use super::record::{Entry, Outcome, Record, Step};
use crate::evaluate::MissingFact;

/// What a new evaluation does to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that is not known.
    Nothing,
    /// The record changes; there is no step to tell of.
    Seen(Box<Record>),
    /// The record changes, and its history has one more entry.
    Moved(Box<Record>, Box<Entry>),
}

impl Change {
    /// The record as it is to be; `None` if it stays.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Nothing => None,
            Self::Seen(record) | Self::Moved(record, _) => Some(record),
        }
    }

    /// The entry that is new, if there is one.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Moved(_, entry) => Some(entry),
            Self::Nothing | Self::Seen(_) => None,
        }
    }
}

/// What this observation does to what is known.
pub fn transition(previous: Option<&Record>, observation: &Observation) -> Change {
    let Some(was) = previous else {
        return opened(observation);
    };
    let mut is = was.clone();
    see(&mut is, observation);
    if is == *was {
        return Change::Nothing;
    }
    is.resolved_at = match (is.is_open(), was.resolved_at) {
        (true, _) => None,
        (false, Some(at)) if at > is.last_seen => Some(at),
        (false, _) => Some(is.decided_at),
    };
    is.version = was.version.saturating_add(1);
    match step(was, &is) {
        Some(step) => moved(is, step, observation),
        None => Change::Seen(Box::new(is)),
    }
}

fn opened(observation: &Observation) -> Change {
    let Seen::Violation(violation) = &observation.seen else {
        return Change::Nothing;
    };
    let at = observation.at;
    let record = Record {
        key: observation.key.clone(),
        violation: violation.clone(),
        first_seen: at,
        last_seen: at,
        decided: Outcome::NonCompliant,
        decided_at: at,
        answer: Outcome::NonCompliant,
        since: at,
        looked_at: at,
        missing: Vec::new(),
        resolved_at: None,
        cause: observation.cause.clone(),
        steps: 0,
        version: 1,
    };
    moved(record, Step::Opened, observation)
}

/// Takes the observation in, as far as it is newer than what is known.
fn see(record: &mut Record, observation: &Observation) {
    const NOTHING: &[MissingFact] = &[];
    let (at, outcome) = (observation.at, observation.seen.outcome());
    let mut missing = NOTHING;
    match &observation.seen {
        Seen::Violation(violation) => {
            record.first_seen = record.first_seen.min(at);
            if (at, violation) > (record.last_seen, &record.violation) {
                record.last_seen = at;
                record.violation = violation.clone();
            }
        }
        Seen::Undecided(facts) => missing = facts,
        Seen::Compliant | Seen::NotApplicable | Seen::Gone => {}
    }
    if outcome != Outcome::InsufficientData && (at, outcome) > (record.decided_at, record.decided) {
        record.decided = outcome;
        record.decided_at = at;
    }
    if (at, outcome, missing) > (record.looked_at, record.answer, &record.missing[..]) {
        if outcome != record.answer {
            record.since = at;
        }
        record.answer = outcome;
        record.looked_at = at;
        record.missing = missing.to_vec();
    } else if record.answer == Outcome::InsufficientData && record.decided_at > record.since {
        // What was decided in between came late.
        record.since = record.looked_at;
    }
}

fn step(was: &Record, is: &Record) -> Option<Step> {
    match (was.is_open(), is.is_open()) {
        (false, false) => None,
        (false, true) => Some(Step::Reopened),
        (true, false) if is.decided == Outcome::Gone => Some(Step::Gone),
        (true, false) => Some(Step::Resolved),
        (true, true) => change(was, is),
    }
}

/// Sentences may count days, so only reasons and severity make a step.
fn change(was: &Record, is: &Record) -> Option<Step> {
    let (before, after) = (&was.violation, &is.violation);
    let new_reason = after.reasons.iter().any(|it| !before.reasons.contains(it));
    if after.severity > before.severity || new_reason {
        return Some(Step::Worse);
    }
    let lost_reason = before.reasons.iter().any(|it| !after.reasons.contains(it));
    if after.severity < before.severity || lost_reason {
        return Some(Step::Changed);
    }
    match (was.is_undecided(), is.is_undecided()) {
        (false, true) => Some(Step::Undecided),
        (true, false) => Some(Step::Confirmed),
        _ => None,
    }
}

fn moved(mut record: Record, step: Step, observation: &Observation) -> Change {
    record.steps = record.steps.saturating_add(1);
    record.cause = observation.cause.clone();
    let message = match &observation.seen {
        Seen::Violation(violation) => violation.messages.first().cloned(),
        Seen::Undecided(missing) => missing.first().map(|it| it.why.clone()),
        Seen::Compliant | Seen::NotApplicable | Seen::Gone => None,
    };
    let entry = Entry {
        sequence: record.steps,
        at: observation.at,
        step,
        answer: observation.seen.outcome(),
        severity: record.violation.severity,
        reasons: record.violation.reasons.clone(),
        message: message.unwrap_or_default(),
        cause: observation.cause.clone(),
    };
    Change::Moved(Box::new(record), Box::new(entry))
}
