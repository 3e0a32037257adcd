//! The things that questions are about, and what they refer to.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use cedar_policy::Entities;

use crate::facts::{Fact, Thing, Uid};

/// The things a question can be about, with those that others refer to behind them.
pub(super) struct Store<'t> {
    /// What is judged together.
    family: Vec<&'t Thing>,
    /// The account that holds it.
    pub(super) account: Cow<'t, Thing>,
    shared: &'t dyn Fn(&Uid) -> Cow<'t, Thing>,
    by_uid: OnceCell<HashMap<&'t Uid, &'t Thing>>,
    /// All of it as Cedar entities; made when a question is asked directly.
    pub(super) entities: OnceCell<Entities>,
}

impl<'t> Store<'t> {
    pub(super) fn new(
        family: Vec<&'t Thing>,
        account: Cow<'t, Thing>,
        shared: &'t dyn Fn(&Uid) -> Cow<'t, Thing>,
    ) -> Self {
        Self { family, account, shared, by_uid: OnceCell::new(), entities: OnceCell::new() }
    }

    /// The thing with this id; one that nobody knows has no facts.
    pub(super) fn thing(&self, uid: &Uid) -> Cow<'_, Thing> {
        let by_uid = self.by_uid.get_or_init(|| self.family.iter().map(|it| (&it.uid, *it)).collect());
        match by_uid.get(uid) {
            Some(thing) => Cow::Borrowed(*thing),
            None if self.account.uid == *uid => Cow::Borrowed(&*self.account),
            None => (self.shared)(uid),
        }
    }

    /// The thing with this id, if anything is known of it.
    pub(super) fn known(&self, uid: &Uid) -> Option<&Thing> {
        match self.thing(uid) {
            Cow::Borrowed(thing) => Some(thing),
            Cow::Owned(_) => None,
        }
    }

    /// Everything that is judged together, the account, and all that they refer to, each once.
    pub(super) fn everything(&self) -> HashMap<Uid, Cow<'_, Thing>> {
        let family = self.family.iter().map(|it| it.uid.clone());
        self.reachable(family.collect())
    }

    /// These things and all that they refer to, each once.
    pub(super) fn reachable(&self, from: Vec<Uid>) -> HashMap<Uid, Cow<'_, Thing>> {
        let mut found: HashMap<Uid, Cow<'_, Thing>> = HashMap::new();
        let mut wanted = from;
        wanted.push(self.account.uid.clone());
        while let Some(uid) = wanted.pop() {
            if let Entry::Vacant(entry) = found.entry(uid) {
                let thing = self.thing(entry.key());
                refer(&thing, &mut wanted);
                entry.insert(thing);
            }
        }
        found
    }
}

/// Adds what a thing refers to.
fn refer(thing: &Thing, wanted: &mut Vec<Uid>) {
    fn walk(fact: &Fact, wanted: &mut Vec<Uid>) {
        match fact {
            Fact::Entity(uid) => wanted.push(uid.clone()),
            Fact::Set(items) => items.iter().for_each(|it| walk(it, wanted)),
            Fact::Record(fields) => fields.iter().for_each(|(_, it)| walk(it, wanted)),
            _ => {}
        }
    }
    wanted.extend(thing.parents.iter().cloned());
    thing.attributes.iter().for_each(|(_, it)| walk(it, wanted));
}
