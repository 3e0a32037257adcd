//! Questions of one kind: which of them agree on everything that a control's policies look at.
//!
//! A key spells out what is looked at, so two keys are the same exactly where the facts are. Decides nothing itself.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::store::Store;
use crate::control::{Look, Looks, tag_key};
use crate::facts::{Fact, Thing, Uid};

/// The most kinds of question that are kept for a control; then it begins anew.
pub(super) const MAX_KINDS: usize = 1 << 16;
/// After so many questions it is looked at how many were of a kind that had been asked before.
const WINDOW: u32 = 4_096;
/// The most things that are looked at above another; Organizations nests five deep (quotas page).
const MAX_ABOVE: usize = 256;

/// How often kinds repeat.
#[derive(Default)]
pub(super) struct Pace {
    asked: u32,
    new: u32,
    given_up: bool,
}

impl Pace {
    /// Whether kinds do not repeat, so that keeping them only costs.
    pub(super) fn given_up(&self) -> bool {
        self.given_up
    }

    /// Counts a question of a known kind or of a new one; true if from now on it is given up.
    pub(super) fn count(&mut self, known: bool) -> bool {
        self.asked += 1;
        self.new += u32::from(!known);
        if self.asked >= WINDOW {
            // Fewer than one in eight seen before does not pay for the keys.
            self.given_up = self.new > WINDOW / 8 * 7;
            (self.asked, self.new) = (0, 0);
        }
        self.given_up
    }
}

/// What was decided, by kind of question.
pub(super) struct Kinds<D> {
    decided: HashMap<Box<[u8]>, Rc<D>>,
    key: Vec<u8>,
    pace: Pace,
    /// How many questions found one of their kind decided.
    #[cfg(test)]
    pub(super) shared: u64,
}

impl<D> Default for Kinds<D> {
    fn default() -> Self {
        Self {
            decided: HashMap::new(),
            key: Vec::new(),
            pace: Pace::default(),
            #[cfg(test)]
            shared: 0,
        }
    }
}

/// Where a question is looked up.
pub(super) enum Found<D> {
    /// One of its kind was decided.
    Decided(Rc<D>),
    /// It is the first of its kind.
    New,
    /// Kinds do not repeat, so they are not told apart any more.
    GivenUp,
    /// Its kind cannot be told.
    NoKey,
}

impl<D> Kinds<D> {
    /// Looks a question up, leaving its key for [`Kinds::keep`].
    pub(super) fn find(&mut self, question: &Keyed<'_, '_>) -> Found<D> {
        if self.pace.given_up() {
            return Found::GivenUp;
        }
        self.key.clear();
        if question.write(&mut self.key).is_none() {
            return Found::NoKey;
        }
        let found = self.decided.get(self.key.as_slice()).map(Rc::clone);
        #[cfg(test)]
        {
            self.shared += u64::from(found.is_some());
        }
        if self.pace.count(found.is_some()) {
            self.decided = HashMap::new();
        }
        found.map_or(Found::New, Found::Decided)
    }

    /// Keeps what was decided of the question last looked up.
    pub(super) fn keep(&mut self, decision: &Rc<D>) {
        if self.pace.given_up() {
            return;
        }
        if self.decided.len() >= MAX_KINDS {
            self.decided.clear();
        }
        self.decided.insert(self.key.as_slice().into(), Rc::clone(decision));
    }
}

/// A question, with what of it makes its key.
pub(super) struct Keyed<'q, 't> {
    pub(super) looks: &'q Looks,
    pub(super) parameters: &'q BTreeMap<String, Fact>,
    pub(super) principal: &'q Thing,
    pub(super) resource: &'q Thing,
    pub(super) store: &'q Store<'t>,
}

impl Keyed<'_, '_> {
    /// Writes what makes the key of what is judged; `None` if it has none.
    pub(super) fn write_resource(&self, key: &mut Vec<u8>) -> Option<()> {
        self.thing(&self.looks.resource, self.resource, key)
    }

    /// Writes the key; `None` if it has none. Every part tells its own length, so no two keys run into one another.
    fn write(&self, key: &mut Vec<u8>) -> Option<()> {
        self.thing(&self.looks.principal, self.principal, key)?;
        self.thing(&self.looks.resource, self.resource, key)
    }

    fn thing(&self, look: &Look, thing: &Thing, key: &mut Vec<u8>) -> Option<()> {
        text(&thing.uid.type_name, key);
        key.extend(look.same_as.iter().map(|it| u8::from(*it == thing.uid)));
        for holder in &look.inside {
            key.push(u8::from(self.is_inside(thing, holder)?));
        }
        if look.tags_known {
            key.push(u8::from(thing.tags.is_some()));
        }
        if look.units_known {
            key.push(u8::from(thing.units_known));
        }
        for tag in &look.tags {
            let tag = tag_key(tag, self.parameters)?;
            match thing.tags.as_ref().map(|it| it.get(tag)) {
                None => key.push(0),
                Some(None) => key.push(1),
                Some(Some(value)) => {
                    key.push(2);
                    text(value, key);
                }
            }
        }
        for (name, part) in &look.parts {
            self.part(part, thing.attribute(name), key)?;
        }
        Some(())
    }

    fn part(&self, look: &Look, fact: Option<&Fact>, key: &mut Vec<u8>) -> Option<()> {
        let Some(fact) = fact else {
            key.push(0);
            return Some(());
        };
        key.push(1);
        match fact {
            Fact::Entity(uid) => {
                text(&uid.type_name, key);
                if look.whole {
                    text(&uid.id, key);
                }
                if look.follows() {
                    let thing = self.store.thing(uid);
                    self.thing(look, &thing, key)?;
                }
            }
            Fact::Record(fields) => {
                if look.whole {
                    value(fact, key);
                }
                for (name, part) in &look.parts {
                    let field = fields.iter().find(|(it, _)| it == name).map(|(_, fact)| fact);
                    self.part(part, field, key)?;
                }
            }
            fact if look.whole || look.follows() => value(fact, key),
            _ => {}
        }
        Some(())
    }

    /// Whether a thing is, or is in, another; `None` if what it is in does not end.
    fn is_inside(&self, thing: &Thing, holder: &Uid) -> Option<bool> {
        let mut above = thing.parents.clone();
        for _ in 0..MAX_ABOVE {
            match above.pop() {
                None => return Some(thing.uid == *holder),
                Some(uid) if uid == *holder => return Some(true),
                Some(uid) => above.extend(self.store.thing(&uid).parents.iter().cloned()),
            }
        }
        None
    }
}

fn text(text: &str, key: &mut Vec<u8>) {
    number(i64::try_from(text.len()).unwrap_or(i64::MAX), key);
    key.extend_from_slice(text.as_bytes());
}

fn number(number: i64, key: &mut Vec<u8>) {
    key.extend_from_slice(&number.to_le_bytes());
}

fn value(fact: &Fact, key: &mut Vec<u8>) {
    match fact {
        Fact::Long(it) => {
            key.push(1);
            number(*it, key);
        }
        Fact::Bool(it) => key.push(2 + u8::from(*it)),
        Fact::String(it) => {
            key.push(4);
            text(it, key);
        }
        Fact::Entity(uid) => {
            key.push(5);
            text(&uid.type_name, key);
            text(&uid.id, key);
        }
        Fact::Set(items) => {
            key.push(6);
            number(i64::try_from(items.len()).unwrap_or(i64::MAX), key);
            items.iter().for_each(|it| value(it, key));
        }
        Fact::Record(fields) => {
            key.push(7);
            number(i64::try_from(fields.len()).unwrap_or(i64::MAX), key);
            for (name, fact) in fields {
                text(name, key);
                value(fact, key);
            }
        }
    }
}
