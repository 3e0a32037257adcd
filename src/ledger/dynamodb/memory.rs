//! What a run has read of the scopes it judges, so that what it sees costs no call.
//!
//! What is gone for good is most of an old ledger and asked for by nobody: of that only the id is kept.

use std::collections::BTreeMap;

use super::item::{self, Read};
use super::places::Known;
use super::table::Item;
use crate::ledger::key::{Key, Scope};
use crate::ledger::record::{Outcome, Record};
use crate::ledger::store::StoreError;

/// A record of a scope that was read.
#[derive(Debug)]
enum Held {
    Record(Box<Record>),
    /// It is in the table, and is read when it is asked for.
    Elsewhere,
}

impl Held {
    fn record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            Self::Elsewhere => None,
        }
    }
}

/// What is known of a key.
pub(super) enum Remembered {
    /// There is no such record.
    Nothing,
    /// This one.
    Record(Box<Record>),
    /// The table must be asked.
    Unknown,
}

/// What a run has read.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// By account and Region, as parts of keys.
    pub(super) places: BTreeMap<String, Known>,
    scopes: BTreeMap<Scope, BTreeMap<String, Held>>,
}

impl Memory {
    /// Remembers all records of a scope.
    pub(super) fn add(&mut self, scope: Scope, items: &[Item]) -> Result<(), StoreError> {
        let held = self.scopes.entry(scope).or_default();
        for item in items {
            let id = Read(item).text("sk")?.to_owned();
            let it = match Read(item).word("decided")? {
                Outcome::Gone => Held::Elsewhere,
                _ => Held::Record(Box::new(item::record(item)?)),
            };
            held.insert(id, it);
        }
        Ok(())
    }

    /// What is known of a key.
    pub(super) fn get(&self, key: &Key) -> Remembered {
        match self.scopes.get(&key.scope).map(|it| it.get(key.id().as_str())) {
            None | Some(Some(Held::Elsewhere)) => Remembered::Unknown,
            Some(None) => Remembered::Nothing,
            Some(Some(Held::Record(record))) => Remembered::Record(record.clone()),
        }
    }

    /// Remembers a record as it is in the table.
    pub(super) fn set(&mut self, record: &Record) {
        if let Some(held) = self.scopes.get_mut(&record.key.scope) {
            let it = match record.decided {
                Outcome::Gone => Held::Elsewhere,
                _ => Held::Record(Box::new(record.clone())),
            };
            held.insert(record.key.id().as_str().to_owned(), it);
        }
    }

    /// Forgets a record that somebody else wrote.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(held) = self.scopes.get_mut(&key.scope) {
            held.insert(key.id().as_str().to_owned(), Held::Elsewhere);
        }
    }

    /// The open records of a scope, by id; `None` if it was not read.
    pub(super) fn open(&self, scope: &Scope) -> Option<impl Iterator<Item = &Record>> {
        let records = self.scopes.get(scope)?.values().filter_map(Held::record);
        Some(records.filter(|it| it.is_open()))
    }
}
