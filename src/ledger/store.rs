//! What a store of records must be able to do, in words that SQLite and DynamoDB both have: read one, and write one
//! on the condition that nobody wrote it since.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::key::{Key, Scope};
use super::observation::Observation;
use super::record::{Entry, Record};
use super::recorder::Run;
use super::transition::{Change, transition};
use crate::model::{AccountId, Region, Severity};

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds it.
    #[error("another run is writing it; try again when that has ended")]
    Locked,
    /// It is something else.
    #[error("it is not a ledger of backproof: {0}")]
    NotALedger(String),
    /// It is of a later schema.
    #[error(
        "it has schema {found}, and this backproof knows schemas up to {known}; use the backproof that wrote it"
    )]
    TooNew {
        /// The schema it has.
        found: i64,
        /// The last schema that is known.
        known: i64,
    },
    /// Others wrote a record each time it was about to be written.
    #[error("others keep writing what is to be written; try again")]
    Contended,
    /// It cannot be reached, or is asked for more than it does at a time; later it may answer.
    #[error("it does not answer now: {0}; try again")]
    Unavailable(String),
    /// It may not be used.
    #[error("it refuses: {0}")]
    Denied(String),
    /// A record or an entry is larger than the store takes.
    #[error("`{id}` has {bytes} bytes, and the most is {most}; nothing of it was written")]
    TooLarge {
        /// The id of the record, or another name.
        id: String,
        /// Its size in bytes.
        bytes: usize,
        /// The most bytes that an item may have.
        most: usize,
    },
    /// Something in it cannot be understood.
    #[error("what it holds cannot be read: {0}")]
    Unreadable(String),
    /// Anything else the store says.
    #[error("{0}")]
    Other(String),
}

/// Whether a write held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It did.
    Done,
    /// Somebody else wrote the record first; nothing was written.
    Overtaken,
}

/// Which records are wanted; an empty list wants all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names of controls.
    pub controls: Vec<String>,
    /// Accounts.
    pub accounts: Vec<AccountId>,
    /// Regions.
    pub regions: Vec<Region>,
    /// Parts of a resource's ARN, id or name.
    pub resources: Vec<String>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Open or not.
    pub standing: StandingFilter,
}

/// Whether open or resolved records are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StandingFilter {
    /// Those that are violations still, undecided ones among them.
    #[default]
    Open,
    /// Those that are not any more.
    Resolved,
    /// Both.
    All,
}

/// An entry of a history with the record it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What it is about.
    pub key: Key,
    /// What people call the resource.
    pub name: String,
    /// The entry.
    pub entry: Entry,
}

/// Whose history is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'w> {
    /// That of every record.
    All,
    /// That of one record, in the order in which it was recorded.
    Of(&'w Key),
    /// That of the records in these scopes.
    In(&'w [Scope]),
}

/// Takes one after the other, and may say that it has enough.
pub type Take<'t, T> = &'t mut dyn FnMut(T) -> ControlFlow<()>;

/// Where records are kept.
///
/// Nothing is decided here. A store that has transactions keeps nothing of what was written between `begin` and a
/// `commit` that never came; one that has none is brought to the same state when the run is recorded again.
/// What a run could not end is not read on from: the next `begin`, or another store, starts anew.
pub trait Store {
    /// Begins a run that judges these scopes: what is known of them may be read at once, and be told from memory
    /// until `commit`.
    fn begin(&mut self, scopes: &[Scope]) -> Result<(), StoreError>;
    /// Ends a run: from here on what it wrote stands.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// The ids of the runs with this evaluation time.
    fn runs_at(&mut self, at: Timestamp) -> Result<Vec<String>, StoreError>;
    /// Records a run, once.
    fn add_run(&mut self, run: &Run) -> Result<(), StoreError>;

    /// The time of the newest look there, if there was one.
    fn looked_at(&mut self, scope: &Scope) -> Result<Option<Timestamp>, StoreError>;
    /// Records a look at each of these scopes, unless a newer one is known.
    fn look(&mut self, scopes: &[Scope], at: Timestamp) -> Result<(), StoreError>;

    /// The record of a key.
    fn record(&mut self, key: &Key) -> Result<Option<Record>, StoreError>;
    /// How many changes are best written together.
    fn at_once(&self) -> usize {
        1
    }
    /// Writes each change whole, record and entry, if the record still has the version before; one answer for each.
    ///
    /// What was overtaken is read anew when it is asked for next.
    fn write(&mut self, changes: &[Change]) -> Result<Vec<Written>, StoreError>;
    /// The open records of a scope that were last looked at before this time.
    fn open_before(&mut self, scope: &Scope, before: Timestamp) -> Result<Vec<Record>, StoreError>;
    /// How many records of a scope are open, and how many of them are undecided.
    fn count_open(&mut self, scope: &Scope) -> Result<(u64, u64), StoreError>;

    /// Hands out the records that are wanted, the gravest first.
    fn find(&mut self, filter: &Filter, take: Take<'_, Record>) -> Result<(), StoreError>;
    /// The records whose id begins so, at most as many as asked for.
    fn named(&mut self, prefix: &str, most: usize) -> Result<Vec<Record>, StoreError>;
    /// Hands out history from a time on, the newest last.
    fn history(
        &mut self,
        of: Whose<'_>,
        since: Option<Timestamp>,
        take: Take<'_, Past>,
    ) -> Result<(), StoreError>;
}

/// How often a record is read again that somebody else wrote first.
pub(super) const ATTEMPTS: usize = 10;

/// What an observation does to what a store knows; nothing is written.
pub fn decide(store: &mut dyn Store, observation: &Observation) -> Result<Change, StoreError> {
    Ok(transition(store.record(&observation.key)?.as_ref(), observation))
}

/// Takes an observation into a store, and says what it changed.
pub fn advance(store: &mut dyn Store, observation: &Observation) -> Result<Change, StoreError> {
    for _ in 0..ATTEMPTS {
        let change = decide(store, observation)?;
        let held = |written: Vec<Written>| written == [Written::Done];
        if change == Change::Nothing || held(store.write(std::slice::from_ref(&change))?) {
            return Ok(change);
        }
    }
    Err(StoreError::Contended)
}

/// Writes what observations were decided to change, and decides again where somebody else was first; says what they
/// changed in the end.
pub fn settle(store: &mut dyn Store, decided: Vec<(Observation, Change)>) -> Result<Vec<Change>, StoreError> {
    let (observations, mut changes): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
    let written = store.write(&changes)?;
    for ((observation, change), written) in observations.iter().zip(&mut changes).zip(written) {
        if written == Written::Overtaken {
            *change = advance(store, observation)?;
        }
    }
    Ok(changes)
}
