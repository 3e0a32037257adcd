//! Records and entries as items, and back. Times are RFC 3339 in UTC with nine decimals, which sort as texts.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys;
use super::table::{Item, key, text};
use crate::ledger::key::{Key, Scope};
use crate::ledger::observation::Violation;
use crate::ledger::record::{Entry, Record};
use crate::ledger::store::{Past, StoreError};
use crate::model::Place;

/// The most bytes of an item (Amazon DynamoDB Developer Guide, "Quotas": 400 KB, names and values).
const MOST: usize = 400 << 10;

/// The time as it is kept.
pub(super) fn at(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// An item that is being written.
pub(super) struct Fields(Item);

impl Fields {
    /// The item with this key.
    pub(super) fn new(pk: &str, sk: &str) -> Self {
        Self(key(pk, sk))
    }

    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, text(value))
    }

    pub(super) fn time(self, name: &str, time: Timestamp) -> Self {
        self.text(name, at(time))
    }

    pub(super) fn number(self, name: &str, number: u32) -> Self {
        self.set(name, AttributeValue::N(number.to_string()))
    }

    fn texts(self, name: &str, texts: &[String]) -> Self {
        self.set(name, AttributeValue::L(texts.iter().map(text).collect()))
    }

    fn json(self, name: &str, value: &impl Serialize) -> Result<Self, StoreError> {
        let json = serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(self.text(name, json))
    }

    fn key(self, key: &Key) -> Self {
        let Scope { framework, control, place } = &key.scope;
        self.text("framework", framework)
            .text("control", control)
            .text("account", place.account.to_string())
            .text("region", place.region.as_str())
            .text("resourceType", &key.resource_type)
            .text("resource", &key.resource)
    }

    /// The item, if it is not too large for the table.
    pub(super) fn finish(self, what: &str) -> Result<Item, StoreError> {
        let bytes: usize = self.0.iter().map(|(name, value)| name.len() + size(value)).sum();
        match bytes {
            0..=MOST => Ok(self.0),
            _ => Err(StoreError::TooLarge { id: what.to_owned(), bytes, most: MOST }),
        }
    }
}

/// The size of a value in bytes; never less than DynamoDB counts ("DynamoDB item sizes and formats").
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() + 1,
        AttributeValue::L(items) => 3 + items.iter().map(|it| 1 + size(it)).sum::<usize>(),
        AttributeValue::M(members) => {
            3 + members.iter().map(|(name, it)| 1 + name.len() + size(it)).sum::<usize>()
        }
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        _ => 0,
    }
}

/// An item that is being read.
#[derive(Clone, Copy)]
pub(super) struct Read<'i>(pub(super) &'i Item);

impl<'i> Read<'i> {
    fn damaged(self, name: &str, why: impl std::fmt::Display) -> StoreError {
        let part = |name: &str| self.0.get(name).and_then(|it| it.as_s().ok()).cloned().unwrap_or_default();
        StoreError::Unreadable(format!("{name} of `{}` `{}`: {why}", part("pk"), part("sk")))
    }

    fn value(self, name: &str) -> Result<&'i AttributeValue, StoreError> {
        self.0.get(name).ok_or_else(|| self.damaged(name, "it is not there"))
    }

    pub(super) fn text(self, name: &str) -> Result<&'i str, StoreError> {
        let text = self.value(name)?.as_s().map_err(|_| self.damaged(name, "it is not a text"))?;
        Ok(text)
    }

    pub(super) fn word<T: std::str::FromStr>(self, name: &str) -> Result<T, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        self.text(name)?.parse().map_err(|error| self.damaged(name, error))
    }

    pub(super) fn time(self, name: &str) -> Result<Timestamp, StoreError> {
        self.text(name)?.parse().map_err(|_| self.damaged(name, "it is not a time"))
    }

    pub(super) fn number(self, name: &str) -> Result<u32, StoreError> {
        let digits = self.value(name)?.as_n().ok().and_then(|it| it.parse().ok());
        digits.ok_or_else(|| self.damaged(name, "it is not a number"))
    }

    fn texts(self, name: &str) -> Result<Vec<String>, StoreError> {
        let texts = self.value(name)?.as_l().ok();
        let texts = texts.and_then(|it| it.iter().map(|it| it.as_s().ok().cloned()).collect());
        texts.ok_or_else(|| self.damaged(name, "it is not a list of texts"))
    }

    fn json<T: DeserializeOwned>(self, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(name)?).map_err(|error| self.damaged(name, error))
    }

    fn key(self) -> Result<Key, StoreError> {
        Ok(Key {
            scope: Scope {
                framework: self.text("framework")?.to_owned(),
                control: self.text("control")?.to_owned(),
                place: Place { account: self.word("account")?, region: self.word("region")? },
            },
            resource_type: self.text("resourceType")?.to_owned(),
            resource: self.text("resource")?.to_owned(),
        })
    }
}

/// A record as an item.
pub(super) fn of_record(record: &Record) -> Result<Item, StoreError> {
    let (id, violation) = (record.key.id(), &record.violation);
    let mut fields = Fields::new(&keys::records(&keys::scope(&record.key.scope)), id.as_str())
        .key(&record.key)
        .text("state", record.state())
        .text("severity", violation.severity.as_str())
        .text("resourceName", &violation.name)
        .texts("reasons", &violation.reasons)
        .texts("messages", &violation.messages)
        .text("evidenceSha256", &violation.evidence_digest)
        .time("firstSeen", record.first_seen)
        .time("lastSeen", record.last_seen)
        .text("decided", record.decided.as_str())
        .time("decidedAt", record.decided_at)
        .text("answer", record.answer.as_str())
        .time("since", record.since)
        .time("lookedAt", record.looked_at)
        .json("missing", &record.missing)?
        .json("cause", &record.cause)?
        .number("steps", record.steps)
        .number("version", record.version);
    if let Some(time) = record.resolved_at {
        fields = fields.time("resolvedAt", time);
    }
    fields.finish(id.as_str())
}

/// The record of an item.
pub(super) fn record(item: &Item) -> Result<Record, StoreError> {
    let read = Read(item);
    let key = read.key()?;
    if key.id().as_str() != read.text("sk")? {
        return Err(read.damaged("sk", "it is the id of another"));
    }
    Ok(Record {
        key,
        violation: Violation {
            severity: read.word("severity")?,
            reasons: read.texts("reasons")?,
            messages: read.texts("messages")?,
            name: read.text("resourceName")?.to_owned(),
            evidence_digest: read.text("evidenceSha256")?.to_owned(),
        },
        first_seen: read.time("firstSeen")?,
        last_seen: read.time("lastSeen")?,
        decided: read.word("decided")?,
        decided_at: read.time("decidedAt")?,
        answer: read.word("answer")?,
        since: read.time("since")?,
        looked_at: read.time("lookedAt")?,
        missing: read.json("missing")?,
        resolved_at: item.get("resolvedAt").map(|_| read.time("resolvedAt")).transpose()?,
        cause: read.json("cause")?,
        steps: read.number("steps")?,
        version: read.number("version")?,
    })
}

/// An entry of a record's history as an item.
pub(super) fn of_entry(record: &Record, entry: &Entry) -> Result<Item, StoreError> {
    let id = record.key.id();
    let pk = keys::history(&keys::scope(&record.key.scope));
    Fields::new(&pk, &keys::entry(&id, entry.sequence))
        .key(&record.key)
        .text("resourceName", &record.violation.name)
        .number("sequence", entry.sequence)
        .time("at", entry.at)
        .text("step", entry.step.as_str())
        .text("answer", entry.answer.as_str())
        .text("severity", entry.severity.as_str())
        .texts("reasons", &entry.reasons)
        .text("message", &entry.message)
        .json("cause", &entry.cause)?
        .finish(id.as_str())
}

/// The entry of an item.
pub(super) fn past(item: &Item) -> Result<Past, StoreError> {
    let read = Read(item);
    let entry = Entry {
        sequence: read.number("sequence")?,
        at: read.time("at")?,
        step: read.word("step")?,
        answer: read.word("answer")?,
        severity: read.word("severity")?,
        reasons: read.texts("reasons")?,
        message: read.text("message")?.to_owned(),
        cause: read.json("cause")?,
    };
    Ok(Past { key: read.key()?, name: read.text("resourceName")?.to_owned(), entry })
}
