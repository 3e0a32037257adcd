//! What is recorded about violations from run to run: which are new, still open, worse, undecided, resolved, and why.
//!
//! ```text
//! findings ──► Recorder ──► transition ──► Store
//!              one run      pure: record   reads, and writes on the
//!                           + observation  condition that nobody else did
//!                           ─► change
//! ```
//!
//! What an evaluation does to a record is decided by [`transition`] alone; stores decide nothing. `sqlite` keeps one
//! file, `dynamodb` one table that several may write at once.
//!
//! * An older evaluation never overwrites a newer one. A control that was judged later in an account and Region is left
//!   alone by the whole older run; a record is left alone by what is older than what it knows.
//! * What a run saw in an account and Region is as old as its asking there, where that is known: what an event showed
//!   after it stands, although the run was judged later.
//! * INSUFFICIENT_DATA resolves nothing: the violation stays open, and its record says since when it was not seen.
//! * What is absent from a run is gone only where everything was listed. Where it could not be, it is undecided;
//!   where the run did not look at all, nothing changes.
//! * The same evaluation recorded twice is recorded once. Of two evaluations of the same time the graver answer stands.

#[cfg(feature = "aws")]
pub mod dynamodb;
mod glance;
mod key;
mod observation;
mod record;
mod recorder;
mod row;
#[cfg(feature = "ledger")]
pub mod sqlite;
mod store;
mod transition;

#[cfg(test)]
mod tests;

pub use glance::{Glance, Occasion};
pub use key::{Id, Key, Scope};
pub use observation::{Observation, Seen, Violation};
pub use record::{Actor, Cause, Entry, Outcome, Record, Step};
pub use recorder::{Moved, Movement, Observed, Recorder, Run, scopes};
pub use row::{EntryRow, Row};
pub use store::{
    Filter, Past, StandingFilter, Store, StoreError, Take, Whose, Written, advance, decide, settle,
};
pub use transition::{Change, transition};
