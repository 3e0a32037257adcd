//! Things as Cedar entities, with a marker for everything that could not be learned.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use crate::control::rewrite::{MARKER, TAGS, UNITS};
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

    /// Cedar's form of a thing.
    pub(super) fn entity(&mut self, thing: &Thing, vocabulary: &Vocabulary) -> Option<Entity> {
        let uid = self.uid(&thing.uid)?;
        let mut attributes = HashMap::new();
        for (name, fact) in &thing.attributes {
            attributes.insert(name.to_string(), self.expression(fact)?);
        }
        let mut mark = |name: &str| {
            attributes.insert(format!("{MARKER}{name}"), RestrictedExpression::new_bool(true));
        };
        thing.missing(vocabulary).into_iter().for_each(&mut mark);
        if thing.tags.is_none() {
            mark(TAGS);
        }
        if !thing.units_known {
            mark(UNITS);
        }
        let parents: HashSet<EntityUid> = thing.parents.iter().filter_map(|it| self.uid(it)).collect();
        let tags = thing.tags.iter().flatten();
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
