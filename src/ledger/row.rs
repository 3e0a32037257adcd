//! Records and entries as they are written: the members of their JSON.

use serde::Serialize;

use super::record::{Cause, Outcome, Record, Step};
use super::store::Past;
use crate::evaluate::MissingFact;
use crate::model::{AccountId, Severity};

/// A record as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    id: String,
    state: &'static str,
    severity: Severity,
    answer: Outcome,
    framework: &'a str,
    control: &'a str,
    account: AccountId,
    region: &'a str,
    resource_type: &'a str,
    resource: &'a str,
    resource_name: &'a str,
    reasons: &'a [String],
    messages: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [MissingFact],
    first_seen: String,
    last_seen: String,
    since: String,
    looked_at: String,
    resolved_at: Option<String>,
    cause: &'a Cause,
    evidence_sha256: &'a str,
}

impl<'a> Row<'a> {
    /// The row of a record.
    pub fn of(record: &'a Record) -> Self {
        let (scope, violation) = (&record.key.scope, &record.violation);
        Self {
            id: record.key.id().as_str().to_owned(),
            state: record.state(),
            severity: violation.severity,
            answer: record.answer,
            framework: &scope.framework,
            control: &scope.control,
            account: scope.place.account,
            region: scope.place.region.as_str(),
            resource_type: &record.key.resource_type,
            resource: &record.key.resource,
            resource_name: &violation.name,
            reasons: &violation.reasons,
            messages: &violation.messages,
            missing: &record.missing,
            first_seen: record.first_seen.to_string(),
            last_seen: record.last_seen.to_string(),
            since: record.since.to_string(),
            looked_at: record.looked_at.to_string(),
            resolved_at: record.resolved_at.map(|it| it.to_string()),
            cause: &record.cause,
            evidence_sha256: &violation.evidence_digest,
        }
    }
}

/// An entry of a history as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryRow<'a> {
    id: String,
    sequence: u32,
    at: String,
    step: Step,
    answer: Outcome,
    severity: Severity,
    framework: &'a str,
    control: &'a str,
    account: AccountId,
    region: &'a str,
    resource_type: &'a str,
    resource: &'a str,
    resource_name: &'a str,
    reasons: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    cause: &'a Cause,
}

impl<'a> EntryRow<'a> {
    /// The row of an entry.
    pub fn of(past: &'a Past) -> Self {
        let (scope, entry) = (&past.key.scope, &past.entry);
        Self {
            id: past.key.id().as_str().to_owned(),
            sequence: entry.sequence,
            at: entry.at.to_string(),
            step: entry.step,
            answer: entry.answer,
            severity: entry.severity,
            framework: &scope.framework,
            control: &scope.control,
            account: scope.place.account,
            region: scope.place.region.as_str(),
            resource_type: &past.key.resource_type,
            resource: &past.key.resource,
            resource_name: &past.name,
            reasons: &entry.reasons,
            message: &entry.message,
            cause: &entry.cause,
        }
    }
}
