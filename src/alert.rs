//! One message for one run or event: what moved, what could not be looked at, and what to do about it.
//!
//! Takes in what the ledger tells as it happens, keeps the gravest of it in bounded memory, and writes one SNS message:
//! a subject, a text for people, JSON for programs, attributes for filters. Sends nothing.
//!
//! Every text from AWS is cut to a length and stripped of what could fake a line; where not all fits, the counts say so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

mod email;
mod item;
mod json;
mod message;
mod text;

#[cfg(test)]
mod tests;

pub use item::Change;
pub use message::{Attribute, MAX_BYTES, Message, TARGET_BYTES};

use self::item::Item;
use self::text::cut;
use crate::ledger::{Actor, Entry, Record};
use crate::model::{Place, Severity};
use crate::report::Totals;

/// The most violations kept of each kind of change.
const MAX_KEPT: usize = 400;
/// The most failures, broken things and notices kept of each.
const MAX_LISTED: usize = 100;
/// The most characters kept of why something failed.
const MAX_WHY: usize = 400;
/// The most values of an attribute; one more marks that there are more.
const MAX_VALUES: usize = 100;
/// The most characters kept of how to fix what a control finds.
const MAX_FIX: usize = 1_600;
/// The most controls whose fix is kept.
const MAX_FIXES: usize = 200;

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A run over everything.
    Run {
        /// Its id.
        id: String,
        /// Its evaluation time.
        at: Timestamp,
    },
    /// Something that happened.
    Event {
        /// Who did what, with what was before and after.
        actor: Box<Actor>,
        /// What it is about, in words.
        about: String,
        /// When it happened.
        at: Timestamp,
    },
}

/// Where all of it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// A URL; empty if there is none.
    pub url: String,
    /// The command that shows it, such as `backproof report get <run>`; empty if there is none.
    pub command: String,
}

/// Something that could not be done, with why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    what: String,
    why: String,
}

/// Troubles of one kind: all are counted, some are kept.
#[derive(Clone, Debug, Default)]
struct Troubles {
    count: u64,
    kept: BTreeSet<Trouble>,
}

impl Troubles {
    fn add(&mut self, what: &str, why: &str) {
        self.count += 1;
        self.kept.insert(Trouble { what: cut(what, MAX_WHY), why: cut(why, MAX_WHY) });
        if self.kept.len() > MAX_LISTED {
            self.kept.pop_last();
        }
    }
}

/// What changed in one way: all of it is counted, the gravest is kept.
#[derive(Clone, Debug, Default)]
struct Changed {
    count: u64,
    kept: BTreeSet<Item>,
}

/// How to fix what a control finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fix {
    title: String,
    how: String,
}

/// Different values, not more than can be told.
#[derive(Clone, Debug, Default)]
struct Values {
    values: BTreeSet<String>,
    more: bool,
}

impl Values {
    fn add(&mut self, value: &str) {
        if !self.values.contains(value) {
            self.values.insert(value.to_owned());
            if self.values.len() > MAX_VALUES {
                self.values.pop_last();
                self.more = true;
            }
        }
    }
}

/// What is to be told of one run or event.
#[derive(Clone, Debug)]
pub struct News {
    occasion: Occasion,
    link: Link,
    totals: Option<Totals>,
    changes: BTreeMap<Change, Changed>,
    severity: Option<Severity>,
    severity_resolved: Option<Severity>,
    accounts: Values,
    regions: Values,
    controls: Values,
    answers: Values,
    failures: Troubles,
    broken: Troubles,
    notices: Troubles,
    fixes: BTreeMap<String, Fix>,
}

impl News {
    /// Begins with nothing to tell.
    pub fn new(occasion: Occasion) -> Self {
        Self {
            occasion,
            link: Link::default(),
            totals: None,
            changes: BTreeMap::new(),
            severity: None,
            severity_resolved: None,
            accounts: Values::default(),
            regions: Values::default(),
            controls: Values::default(),
            answers: Values::default(),
            failures: Troubles::default(),
            broken: Troubles::default(),
            notices: Troubles::default(),
            fixes: BTreeMap::new(),
        }
    }

    /// Says more of what it is about than was known when this began.
    pub fn about(&mut self, occasion: Occasion) {
        self.occasion = occasion;
    }

    /// Takes in a violation that took a step, as the ledger tells it.
    pub fn add(&mut self, record: &Record, entry: &Entry) {
        let change = Change::of(entry.step);
        let scope = &record.key.scope;
        self.accounts.add(&scope.place.account.to_string());
        self.regions.add(scope.place.region.as_str());
        self.controls.add(&cut(&scope.control, text::MAX_NAME));
        self.answers.add(entry.answer.as_str());
        let gravest =
            if change == Change::Resolved { &mut self.severity_resolved } else { &mut self.severity };
        *gravest = (*gravest).max(Some(entry.severity));
        let changed = self.changes.entry(change).or_default();
        changed.count += 1;
        // What is graver than the least grave that is kept takes its place.
        if changed.kept.len() >= MAX_KEPT
            && changed.kept.last().is_some_and(|last| !last.is_after(record, entry))
        {
            return;
        }
        changed.kept.insert(Item::of(record, entry));
        if changed.kept.len() > MAX_KEPT {
            changed.kept.pop_last();
        }
    }

    /// Takes in that an account in a Region could not be looked at.
    pub fn add_failure(&mut self, place: &Place, why: &str) {
        self.accounts.add(&place.account.to_string());
        self.regions.add(place.region.as_str());
        self.failures.add(&place.to_string(), why);
    }

    /// Takes in that a control or framework of one's own cannot be used, by its name.
    pub fn add_broken(&mut self, name: &str, error: &str) {
        self.broken.add(name, error);
    }

    /// Takes in something that turns no finding and that somebody should know.
    pub fn add_notice(&mut self, place: &Place, what: &str) {
        self.accounts.add(&place.account.to_string());
        self.regions.add(place.region.as_str());
        self.notices.add(&place.to_string(), what);
    }

    /// Says what a control is about, and how to fix what it finds, out of its README.
    pub fn explain(&mut self, control: &str, title: &str, readme: &str) {
        if self.fixes.len() < MAX_FIXES {
            let how = text::how_to_fix(readme).unwrap_or_default();
            let fix = Fix { title: cut(title, text::MAX_SENTENCE), how: cut(how, MAX_FIX) };
            self.fixes.insert(cut(control, text::MAX_NAME), fix);
        }
    }

    /// Says where all of it can be read.
    pub fn link(&mut self, link: Link) {
        self.link = Link { url: cut(&link.url, 2_048), command: cut(&link.command, text::MAX_SENTENCE) };
    }

    /// Says how many findings of each answer there are now.
    pub fn totals(&mut self, totals: Totals) {
        self.totals = Some(totals);
    }

    /// How many violations changed in this way.
    pub fn count(&self, change: Change) -> u64 {
        self.changes.get(&change).map_or(0, |it| it.count)
    }

    /// The message; none if nothing changed, failed, is broken or is worth knowing.
    pub fn message(&self) -> Option<Message> {
        let counts = self.changes.values().map(|it| it.count);
        let troubles = [self.failures.count, self.broken.count, self.notices.count];
        let all: u64 = counts.chain(troubles).sum();
        (all > 0).then(|| Message::of(self))
    }

    /// The gravest of what is not resolved, else of what is.
    fn gravest(&self) -> Option<Severity> {
        self.severity.or(self.severity_resolved)
    }
}
