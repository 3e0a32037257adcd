//! Things as Cedar entities, with a marker for everything that could not be learned.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use super::class::Keyed;
use super::store::Store;
use crate::control::rewrite::{MARKER, TAGS, UNITS};
use crate::control::{Look, tag_key};
use crate::facts::{Fact, Name, Thing, Uid};
use crate::vocabulary::Vocabulary;

/// Parsed entity type names: parsing one costs more than all the rest of an id.
#[derive(Default)]
pub(super) struct TypeNames {
    known: HashMap<Name, Option<EntityTypeName>>,
}

impl TypeNames {
    /// Cedar's form of an id; `None` only for a type name that Cedar does not take, which no vocabulary has.
    pub(super) fn uid(&mut self, uid: &Uid) -> Option<EntityUid> {
        let name = match self.known.get(&uid.type_name) {
            Some(name) => name,
            None => {
                let parsed = uid.type_name.parse().ok();
                self.known.entry(uid.type_name.clone()).or_insert(parsed)
            }
        };
        let name = name.clone()?;
        Some(EntityUid::from_type_name_and_id(name, EntityId::new(&*uid.id)))
    }

    /// Cedar's form of things, with all that is known of them.
    pub(super) fn whole<'t>(
        &mut self,
        things: impl Iterator<Item = &'t Thing>,
        vocabulary: &Vocabulary,
    ) -> Entities {
        let entities: Vec<Entity> =
            things.filter_map(|it| self.entity(it, &Of::Everything, vocabulary)).collect();
        Entities::from_entities(entities, None).unwrap_or_else(|_| Entities::empty())
    }

    /// Cedar's form of the things of a question, with no more than its policies look at.
    pub(super) fn looked_at(&mut self, question: &Keyed<'_, '_>, vocabulary: &Vocabulary) -> Entities {
        let mut parts: BTreeMap<Uid, Part<'_>> = BTreeMap::new();
        for (look, thing) in
            [(&question.looks.principal, question.principal), (&question.looks.resource, question.resource)]
        {
            question.gather(look, thing, &mut parts);
        }
        let mut entities = Vec::new();
        for (uid, part) in &parts {
            let of = if *uid == question.principal.uid {
                Some(question.principal)
            } else if *uid == question.resource.uid {
                Some(question.resource)
            } else {
                None
            };
            let entity = match of {
                Some(thing) => self.entity(thing, &Of::Part(part), vocabulary),
                None => self.entity(&question.store.thing(uid), &Of::Part(part), vocabulary),
            };
            entities.extend(entity);
        }
        Entities::from_entities(entities, None).unwrap_or_else(|_| Entities::empty())
    }

    /// Cedar's form of a thing.
    fn entity(&mut self, thing: &Thing, of: &Of<'_>, vocabulary: &Vocabulary) -> Option<Entity> {
        // INVARIANT: a thing whose facts do not fit the vocabulary is not asked about with them.
        let unknown;
        let thing = match thing.check(vocabulary) {
            Ok(()) => thing,
            Err(_) => {
                unknown = Thing::unknown(thing.uid.clone());
                &unknown
            }
        };
        let uid = self.uid(&thing.uid)?;
        let mut attributes = HashMap::new();
        for (name, fact) in thing.attributes.iter().filter(|(name, _)| of.has_fact(name)) {
            attributes.insert(name.to_string(), self.expression(fact)?);
        }
        let mut mark = |name: &str| {
            attributes.insert(format!("{MARKER}{name}"), RestrictedExpression::new_bool(true));
        };
        thing.missing(vocabulary).into_iter().filter(|it| of.has_fact(it)).for_each(&mut mark);
        if thing.tags.is_none() {
            mark(TAGS);
        }
        if !thing.units_known {
            mark(UNITS);
        }
        let parents = thing.parents.iter().filter(|_| of.has_parents());
        let parents: HashSet<EntityUid> = parents.filter_map(|it| self.uid(it)).collect();
        let tags = thing.tags.iter().flatten().filter(|(key, _)| of.has_tag(key));
        let tags = tags.map(|(key, value)| (key.clone(), RestrictedExpression::new_string(value.clone())));
        Entity::new_with_tags(uid, attributes, parents, tags).ok()
    }

    /// Cedar's form of a fact.
    pub(super) fn expression(&mut self, fact: &Fact) -> Option<RestrictedExpression> {
        Some(match fact {
            Fact::Long(number) => RestrictedExpression::new_long(*number),
            Fact::Bool(it) => RestrictedExpression::new_bool(*it),
            Fact::String(text) => RestrictedExpression::new_string(text.to_string()),
            Fact::Entity(uid) => RestrictedExpression::new_entity_uid(self.uid(uid)?),
            Fact::Set(items) => {
                let items: Option<Vec<_>> = items.iter().map(|it| self.expression(it)).collect();
                RestrictedExpression::new_set(items?)
            }
            Fact::Record(fields) => {
                let mut record = Vec::new();
                for (name, fact) in fields {
                    record.push((name.to_string(), self.expression(fact)?));
                }
                RestrictedExpression::new_record(record).ok()?
            }
        })
    }
}

/// How much of a thing is put before Cedar.
enum Of<'p> {
    Everything,
    Part(&'p Part<'p>),
}

impl Of<'_> {
    fn has_fact(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Part(part) => part.facts.contains(name),
        }
    }

    fn has_tag(&self, key: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Part(part) => part.tags.contains(key),
        }
    }

    fn has_parents(&self) -> bool {
        match self {
            Self::Everything => true,
            Self::Part(part) => part.parents,
        }
    }
}

/// What of a thing is looked at, by whichever way one comes to it.
#[derive(Default)]
struct Part<'l> {
    facts: BTreeSet<&'l str>,
    tags: BTreeSet<&'l str>,
    parents: bool,
}

impl<'l> Keyed<'l, '_> {
    /// Gathers what is looked at, of a thing and of those that it leads to.
    fn gather(&self, look: &'l Look, thing: &Thing, parts: &mut BTreeMap<Uid, Part<'l>>) {
        let part = parts.entry(thing.uid.clone()).or_default();
        part.facts.extend(look.parts.keys().map(String::as_str));
        part.tags.extend(look.tags.iter().filter_map(|it| tag_key(it, self.parameters)));
        if !look.inside.is_empty() {
            part.parents = true;
            gather_above(thing, self.store, parts);
        }
        for (name, look) in &look.parts {
            if let Some(fact) = thing.attribute(name) {
                self.gather_behind(look, fact, parts);
            }
        }
    }

    fn gather_behind(&self, look: &'l Look, fact: &Fact, parts: &mut BTreeMap<Uid, Part<'l>>) {
        match fact {
            Fact::Entity(uid) if look.follows() => self.gather(look, &self.store.thing(uid), parts),
            Fact::Record(fields) => {
                for (name, fact) in fields {
                    if let Some(look) = look.parts.get(&**name) {
                        self.gather_behind(look, fact, parts);
                    }
                }
            }
            _ => {}
        }
    }
}

/// All that a thing is in, with what that is in.
fn gather_above(thing: &Thing, store: &Store<'_>, parts: &mut BTreeMap<Uid, Part<'_>>) {
    let mut above = thing.parents.clone();
    while let Some(uid) = above.pop() {
        let part = parts.entry(uid.clone()).or_default();
        if !part.parents {
            part.parents = true;
            above.extend(store.thing(&uid).parents.iter().cloned());
        }
    }
}
