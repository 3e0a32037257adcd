//! Tests of the ledger: what a transition does, the laws it keeps, and what every store must do.

use jiff::Timestamp;

use super::*;
use crate::evaluate::MissingFact;
use crate::model::{Place, Severity};

#[cfg(feature = "ledger")]
pub(super) mod conformance;
mod laws;
mod transitions;

/// A time that many hours after 2026-03-01T00:00:00Z.
pub(super) fn hour(number: i64) -> Timestamp {
    Timestamp::from_second(1_772_323_200 + number * 3_600).unwrap()
}

pub(super) fn place(text: &str) -> Place {
    let (account, region) = text.split_once('/').unwrap();
    Place { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

pub(super) fn scope(control: &str, of: &str) -> Scope {
    Scope { framework: "framework".to_owned(), control: control.to_owned(), place: place(of) }
}

pub(super) fn key(control: &str, of: &str, resource: &str) -> Key {
    let scope = scope(control, of);
    Key { scope, resource_type: "AWS::EC2::Volume".to_owned(), resource: resource.to_owned() }
}

/// A violation with these reasons, a letter each.
pub(super) fn violation(severity: Severity, reasons: &str) -> Seen {
    let reasons: Vec<String> = reasons.chars().map(String::from).collect();
    Seen::Violation(Violation {
        severity,
        messages: reasons.iter().map(|it| format!("because of {it}")).collect(),
        name: "data".to_owned(),
        evidence_digest: reasons.concat(),
        reasons,
    })
}

pub(super) fn undecided(why: &str) -> Seen {
    Seen::undecided(&[MissingFact { why: why.to_owned(), ..MissingFact::default() }])
}

/// What was seen at that hour of one volume.
pub(super) fn observed(at: i64, seen: Seen) -> Observation {
    let key = key("CONTROL", "111122223333/eu-west-1", "vol-1");
    Observation { key, at: hour(at), cause: Cause::Run(format!("run-{at}")), seen }
}

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
