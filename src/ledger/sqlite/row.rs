//! Records and entries as rows, and back.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::text;
use crate::ledger::key::{Id, Key, Scope};
use crate::ledger::observation::Violation;
use crate::ledger::record::{Entry, Record};
use crate::ledger::store::{Past, StoreError, Written};
use crate::model::Place;

/// The columns of a record.
pub(super) const COLUMNS: &str =
    "framework, control, account, region, resource_type, resource, resource_name, severity, reasons, messages,
    evidence_sha256, first_seen, last_seen, decided, decided_at, answer, since, looked_at, missing, resolved_at,
    cause, steps, version";

/// The columns of an entry with those of its record's key.
pub(super) const PAST_COLUMNS: &str =
    "framework, control, account, region, resource_type, resource, resource_name, history.sequence, history.at,
    history.step, history.answer, history.severity, history.reasons, history.message, history.cause";

/// The scope as its columns.
pub(super) fn scope(scope: &Scope) -> [String; 4] {
    let Scope { framework, control, place } = scope;
    [framework.clone(), control.clone(), place.account.to_string(), place.region.to_string()]
}

/// The time that a text stands for.
pub(super) fn time(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(format!("`{text}` is not a time")))
}

fn word<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| StoreError::Unreadable(error.to_string()))
}

fn time_of(row: &Row<'_>, column: &str) -> Result<Timestamp, StoreError> {
    time(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, StoreError> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(format!("{column}: {error}")))
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}

fn key(row: &Row<'_>) -> Result<Key, StoreError> {
    Ok(Key {
        scope: Scope {
            framework: row.get("framework")?,
            control: row.get("control")?,
            place: Place { account: word(row, "account")?, region: word(row, "region")? },
        },
        resource_type: row.get("resource_type")?,
        resource: row.get("resource")?,
    })
}

/// The record of a row.
pub(super) fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    let resolved_at: Option<String> = row.get("resolved_at")?;
    Ok(Record {
        key: key(row)?,
        violation: Violation {
            severity: word(row, "severity")?,
            reasons: json(row, "reasons")?,
            messages: json(row, "messages")?,
            name: row.get("resource_name")?,
            evidence_digest: row.get("evidence_sha256")?,
        },
        first_seen: time_of(row, "first_seen")?,
        last_seen: time_of(row, "last_seen")?,
        decided: word(row, "decided")?,
        decided_at: time_of(row, "decided_at")?,
        answer: word(row, "answer")?,
        since: time_of(row, "since")?,
        looked_at: time_of(row, "looked_at")?,
        missing: json(row, "missing")?,
        resolved_at: resolved_at.as_deref().map(time).transpose()?,
        cause: json(row, "cause")?,
        steps: row.get("steps")?,
        version: row.get("version")?,
    })
}

/// The entry of a row.
pub(super) fn past(row: &Row<'_>) -> Result<Past, StoreError> {
    let entry = Entry {
        sequence: row.get("sequence")?,
        at: time_of(row, "at")?,
        step: word(row, "step")?,
        answer: word(row, "answer")?,
        severity: word(row, "severity")?,
        reasons: json(row, "reasons")?,
        message: row.get("message")?,
        cause: json(row, "cause")?,
    };
    Ok(Past { key: key(row)?, name: row.get("resource_name")?, entry })
}

const INSERT: &str = "
INSERT INTO violation (id, state, severity, framework, control, account, region, resource_type, resource,
  resource_name, reasons, messages, evidence_sha256, first_seen, last_seen, decided, decided_at, answer, since,
  looked_at, missing, resolved_at, cause, steps, version)
VALUES (:id, :state, :severity, :framework, :control, :account, :region, :resource_type, :resource,
  :resource_name, :reasons, :messages, :evidence_sha256, :first_seen, :last_seen, :decided, :decided_at, :answer,
  :since, :looked_at, :missing, :resolved_at, :cause, :steps, 1)
ON CONFLICT DO NOTHING";

const UPDATE: &str = "
UPDATE violation SET state = :state, severity = :severity, resource_name = :resource_name, reasons = :reasons,
  messages = :messages, evidence_sha256 = :evidence_sha256, first_seen = :first_seen, last_seen = :last_seen,
  decided = :decided, decided_at = :decided_at, answer = :answer, since = :since, looked_at = :looked_at,
  missing = :missing, resolved_at = :resolved_at, cause = :cause, steps = :steps, version = version + 1
WHERE id = :id AND version = :version - 1";

/// Writes a record if it has the version before; the first has none.
pub(super) fn write(connection: &Connection, id: &Id, record: &Record) -> Result<Written, StoreError> {
    let [framework, control, account, region] = scope(&record.key.scope);
    let violation = &record.violation;
    let (reasons, messages) = (to_json(&violation.reasons)?, to_json(&violation.messages)?);
    let (missing, cause) = (to_json(&record.missing)?, to_json(&record.cause)?);
    let always = named_params! {
        ":id": id.as_str(),
        ":state": record.state(),
        ":severity": violation.severity.as_str(),
        ":resource_name": violation.name,
        ":reasons": reasons,
        ":messages": messages,
        ":evidence_sha256": violation.evidence_digest,
        ":first_seen": text(record.first_seen),
        ":last_seen": text(record.last_seen),
        ":decided": record.decided.as_str(),
        ":decided_at": text(record.decided_at),
        ":answer": record.answer.as_str(),
        ":since": text(record.since),
        ":looked_at": text(record.looked_at),
        ":missing": missing,
        ":resolved_at": record.resolved_at.map(text),
        ":cause": cause,
        ":steps": record.steps,
    };
    let first = named_params! {
        ":framework": framework,
        ":control": control,
        ":account": account,
        ":region": region,
        ":resource_type": record.key.resource_type,
        ":resource": record.key.resource,
    };
    let again = named_params! { ":version": record.version };
    let (statement, more) = if record.version == 1 { (INSERT, first) } else { (UPDATE, again) };
    let values: Vec<(&str, &dyn rusqlite::ToSql)> = always.iter().chain(more).copied().collect();
    match connection.prepare_cached(statement)?.execute(&values[..])? {
        0 => Ok(Written::Overtaken),
        _ => Ok(Written::Done),
    }
}

/// Adds an entry to the history of a record.
pub(super) fn add_entry(connection: &Connection, id: &Id, entry: &Entry) -> Result<(), StoreError> {
    let insert = "INSERT INTO history (id, sequence, at, step, answer, severity, reasons, message, cause)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(insert)?.execute(params![
        id.as_str(),
        entry.sequence,
        text(entry.at),
        entry.step.as_str(),
        entry.answer.as_str(),
        entry.severity.as_str(),
        to_json(&entry.reasons)?,
        entry.message,
        to_json(&entry.cause)?,
    ])?;
    Ok(())
}
