//! Tests of the ledger: what a transition does, the laws it keeps, and what every store must do.

use jiff::Timestamp;

use super::*;
use crate::evaluate::MissingFact;
use crate::model::{Place, Severity};

#[cfg(feature = "ledger")]
#[path = "../../tests/shared/conformance.rs"]
pub(super) mod conformance;
#[cfg(feature = "ledger")]
mod glances;
mod laws;
#[path = "../../tests/shared/records.rs"]
pub(super) mod records;
mod transitions;

use records::{hour, key, observed, place, run_at, scope, undecided, violation};

/// What becomes of one record, with the entries of its history.
pub(super) fn replay(observations: &[Observation]) -> (Option<Record>, Vec<Entry>) {
    let (mut record, mut history) = (None, Vec::new());
    for observation in observations {
        let change = transition(record.as_ref(), observation);
        history.extend(change.entry().cloned());
        record = change.record().cloned().or(record);
    }
    (record, history)
}
