//! Keys, violations and observations that tests of the ledger speak of, inside the library and outside.

use std::collections::BTreeMap;

use super::{Cause, Key, MissingFact, Observation, Place, Run, Scope, Seen, Severity, Timestamp, Violation};

/// A time that many hours after 2026-03-01T00:00:00Z.
pub(crate) fn hour(number: i64) -> Timestamp {
    Timestamp::from_second(1_772_323_200 + number * 3_600).unwrap()
}

pub(crate) fn place(text: &str) -> Place {
    let (account, region) = text.split_once('/').unwrap();
    Place { account: account.parse().unwrap(), region: region.parse().unwrap() }
}

pub(crate) fn scope(control: &str, of: &str) -> Scope {
    Scope { framework: "framework".to_owned(), control: control.to_owned(), place: place(of) }
}

pub(crate) fn key(control: &str, of: &str, resource: &str) -> Key {
    let scope = scope(control, of);
    Key { scope, resource_type: "AWS::EC2::Volume".to_owned(), resource: resource.to_owned() }
}

/// A run at that hour, of which no more is known.
pub(crate) fn run_at(id: &str, at: i64) -> Run {
    Run { id: id.to_owned(), at: hour(at), inventory: String::new(), asked: BTreeMap::new() }
}

/// A violation with these reasons, a letter each.
pub(crate) fn violation(severity: Severity, reasons: &str) -> Seen {
    let reasons: Vec<String> = reasons.chars().map(String::from).collect();
    Seen::Violation(Violation {
        severity,
        messages: reasons.iter().map(|it| format!("because of {it}")).collect(),
        name: "data".to_owned(),
        evidence_digest: reasons.concat(),
        reasons,
    })
}

pub(crate) fn undecided(why: &str) -> Seen {
    Seen::undecided(&[MissingFact { why: why.to_owned(), ..MissingFact::default() }])
}

/// What was seen at that hour of one volume.
pub(crate) fn observed(at: i64, seen: Seen) -> Observation {
    let key = key("CONTROL", "111122223333/eu-west-1", "vol-1");
    Observation { key, at: hour(at), cause: Cause::Run(format!("run-{at}")), seen }
}
