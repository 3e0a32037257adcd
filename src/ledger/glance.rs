//! What an event made look at again: some resources, or all of a place, outside of any run.
//!
//! Unlike a run, a glance does not see everything: what it could not look at because nobody asked changes nothing, and
//! only what it is about can be gone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::key::{Id, Key, Scope};
use super::observation::{Observation, Seen};
use super::record::{Actor, Cause};
use super::store::{Store, StoreError, Whose, decide, settle};
use super::transition::Change;
use crate::evaluate::{Finding, MissingFact, NOT_LISTED_REASON};

/// What a glance is about, and what made it.
pub struct Occasion<'o> {
    /// The evaluation time.
    pub at: Timestamp,
    /// What happened, and who did it.
    pub actor: Actor,
    /// Whether nobody was told of the event yet, though it may have been recorded: what it moved then is told too.
    pub untold: bool,
    /// Whether it is about this.
    pub concerns: &'o dyn Fn(&Key) -> bool,
}

/// What was seen of a scope.
struct Looked {
    whole: bool,
    seen: BTreeSet<Id>,
}

/// Takes the findings of one event into a store.
pub struct Glance<'s, 'o> {
    store: &'s mut dyn Store,
    occasion: Occasion<'o>,
    tell: &'o mut dyn FnMut(&Change),
    scopes: BTreeMap<Scope, Looked>,
    /// Decided, and not written yet.
    decided: Vec<(Observation, Change)>,
    judged: u64,
}

impl<'s, 'o> Glance<'s, 'o> {
    /// Begins a glance at these scopes; `tell` is told of every change that was written.
    pub fn begin(
        store: &'s mut dyn Store,
        occasion: Occasion<'o>,
        scopes: Vec<Scope>,
        tell: &'o mut dyn FnMut(&Change),
    ) -> Result<Self, StoreError> {
        store.begin(&scopes)?;
        let mut looked = BTreeMap::new();
        for scope in scopes {
            // A run that looked later knows better.
            if store.looked_at(&scope)?.is_none_or(|it| it <= occasion.at) {
                looked.insert(scope, Looked { whole: true, seen: BTreeSet::new() });
            }
        }
        Ok(Self { store, occasion, tell, scopes: looked, decided: Vec::new(), judged: 0 })
    }

    /// Takes a finding in, if it is of what the glance is about.
    pub fn observe(&mut self, finding: &Finding<'_>) -> Result<(), StoreError> {
        let key = Key::of(finding);
        if finding.reasons.iter().any(|it| it == NOT_LISTED_REASON) {
            self.not_listed(&key.scope);
            return Ok(());
        }
        self.see(key, Seen::of(finding))
    }

    /// Takes in that not everything could be listed there: what is absent may exist.
    pub fn not_listed(&mut self, scope: &Scope) {
        if let Some(looked) = self.scopes.get_mut(scope) {
            looked.whole = false;
        }
    }

    /// Takes in what was seen of one resource, if the glance is about it.
    pub fn see(&mut self, key: Key, seen: Seen) -> Result<(), StoreError> {
        let Some(looked) = self.scopes.get_mut(&key.scope) else {
            return Ok(());
        };
        if !(self.occasion.concerns)(&key) {
            return Ok(());
        }
        looked.seen.insert(key.id());
        // What nobody asked is not known, nor what may be answered the next time; what AWS refuses is worth a note.
        if let Seen::Undecided(missing) = &seen
            && !missing.iter().any(MissingFact::is_refused)
        {
            return Ok(());
        }
        self.judged += 1;
        self.take(key, seen)
    }

    fn take(&mut self, key: Key, seen: Seen) -> Result<(), StoreError> {
        let Occasion { at, actor, .. } = &self.occasion;
        let cause = Cause::Event(Box::new(actor.clone()));
        let observation = Observation { key, at: *at, cause, seen };
        let change = match decide(self.store, &observation)? {
            change @ (Change::Nothing | Change::Seen(_)) if self.occasion.untold => {
                self.known(&observation, change)?
            }
            change => change,
        };
        if change != Change::Nothing {
            self.decided.push((observation, change));
        }
        if self.decided.len() >= self.store.at_once() { self.settle() } else { Ok(()) }
    }

    /// Tells what an earlier attempt at the same event moved, and keeps who did it where AWS Backup's own event, which
    /// does not say, came first.
    fn known(&mut self, observation: &Observation, change: Change) -> Result<Change, StoreError> {
        let known = match change.record() {
            Some(record) => Some(record.clone()),
            None => self.store.record(&observation.key)?,
        };
        let Some(mut record) = known else {
            return Ok(change);
        };
        let Cause::Event(by) = &record.cause else {
            return Ok(change);
        };
        let actor = &self.occasion.actor;
        if by.event_id == actor.event_id {
            let (mut last, steps) = (None, record.steps);
            self.store.history(Whose::Of(&observation.key), None, &mut |past| {
                last = Some(past.entry).filter(|it| it.sequence == steps);
                ControlFlow::Continue(())
            })?;
            if let Some(entry) = last {
                (self.tell)(&Change::Moved(Box::new(record), Box::new(entry)));
            }
            return Ok(change);
        }
        if by.principal.is_empty() && !actor.principal.is_empty() {
            record.cause = observation.cause.clone();
            if change == Change::Nothing {
                record.version = record.version.saturating_add(1);
            }
            return Ok(Change::Seen(Box::new(record)));
        }
        Ok(change)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        if !self.decided.is_empty() {
            for change in settle(self.store, std::mem::take(&mut self.decided))? {
                (self.tell)(&change);
            }
        }
        Ok(())
    }

    /// Ends the glance: what it is about and was not seen is gone, where everything was listed. How much was judged.
    pub fn finish(mut self) -> Result<u64, StoreError> {
        self.settle()?;
        let at = self.occasion.at;
        for (scope, looked) in std::mem::take(&mut self.scopes) {
            if !looked.whole {
                continue;
            }
            for record in self.store.open_before(&scope, at)? {
                if (self.occasion.concerns)(&record.key) && !looked.seen.contains(&record.key.id()) {
                    self.take(record.key, Seen::Gone)?;
                }
            }
        }
        self.settle()?;
        self.store.commit()?;
        Ok(self.judged)
    }
}
