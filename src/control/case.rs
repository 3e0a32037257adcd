//! Named cases of a control: facts in, one of the four answers out.
//!
//! Only read here; asking Cedar is `evaluate`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::ControlProblem;
use crate::facts::{Fact, FactError, Thing, Uid, types};
use crate::model::{Answer, Place};
use crate::vocabulary::{Type, Vocabulary};

/// A case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence in snake case that ends in the verdict.
    pub name: String,
    /// Parameters as AWS would pass them.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// What is judged.
    pub resource: CaseEntity,
    /// What is put forward.
    #[serde(default)]
    pub evidence: Vec<CaseEntity>,
    /// What may exist and could not be read, with what is known of it.
    #[serde(default)]
    pub unread: Vec<CaseEntity>,
    /// What the others refer to: vaults, units, the account.
    #[serde(default)]
    pub entities: Vec<CaseEntity>,
    /// The answer.
    pub answer: Answer,
    /// The ids of the policies that say so, if the case cares.
    pub reasons: Option<Vec<String>>,
    /// Their messages, if the case cares.
    pub messages: Option<Vec<String>>,
}

/// A thing of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseEntity {
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its id.
    pub id: String,
    /// Facts that are known; others could not be learned.
    #[serde(default)]
    pub attrs: BTreeMap<String, Value>,
    /// Tags; none given means they could not be learned.
    pub tags: Option<BTreeMap<String, String>>,
    /// What it is in; none given means the account, with its units known.
    pub parents: Option<Vec<CaseUid>>,
}

/// A reference to a thing of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseUid {
    #[serde(rename = "type")]
    type_name: String,
    id: String,
}

/// The cases of a control; those of a built-in one are read when they are first asked for.
pub struct Cases(LazyLock<Vec<Case>, Box<dyn FnOnce() -> Vec<Case> + Send>>);

impl Cases {
    /// Cases in a text that was found to be in order before.
    pub(super) fn later(text: &'static str) -> Self {
        Self(LazyLock::new(Box::new(|| parse(text).unwrap_or_default())))
    }
}

impl From<Vec<Case>> for Cases {
    fn from(cases: Vec<Case>) -> Self {
        Self(LazyLock::new(Box::new(|| cases)))
    }
}

impl Deref for Cases {
    type Target = [Case];

    fn deref(&self) -> &[Case] {
        &self.0
    }
}

impl fmt::Debug for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Case>, ControlProblem> {
    let cases: Vec<Case> =
        serde_json::from_str(text).map_err(|error| ControlProblem::Other(error.to_string()))?;
    let mut names = std::collections::BTreeSet::new();
    for case in &cases {
        if !names.insert(&case.name) {
            return Err(ControlProblem::Other(format!("case `{}` is there twice", case.name)));
        }
    }
    if cases.is_empty() {
        return Err(ControlProblem::Other("has no case".to_owned()));
    }
    Ok(cases)
}

impl CaseEntity {
    /// The thing, with its facts checked against the vocabulary.
    pub fn thing(&self, place: &Place, vocabulary: &Vocabulary) -> Result<Thing, FactError> {
        let declared = vocabulary
            .entity_type(&self.type_name)
            .ok_or_else(|| FactError::Thing(self.type_name.clone()))?;
        let mut thing = Thing::unknown(Uid::new(self.type_name.clone(), self.id.as_str()));
        for (name, value) in &self.attrs {
            let path = format!("{}.{name}", self.type_name);
            let attribute = declared.attributes.get(name).ok_or_else(|| FactError::Unknown(path.clone()))?;
            thing.attributes.push((name.clone().into(), fact(value, &attribute.value, &path)?));
        }
        let account = Uid::new(types::ACCOUNT, place.account.to_string());
        let of = |uid: &CaseUid| Uid::new(uid.type_name.clone(), uid.id.as_str());
        thing.parents = match &self.parents {
            Some(parents) => parents.iter().map(of).collect(),
            None if thing.uid == account || self.type_name == types::UNIT => Vec::new(),
            None => vec![account],
        };
        thing.units_known = true;
        thing.tags = if declared.has_tags { self.tags.clone() } else { Some(BTreeMap::new()) };
        thing.place = Some(place.clone());
        thing.check(vocabulary)?;
        Ok(thing)
    }
}

fn fact(value: &Value, declared: &Type, path: &str) -> Result<Fact, FactError> {
    let wrong = || FactError::Type { path: path.to_owned(), expected: declared.name() };
    match (declared, value) {
        (Type::Long, _) => value.as_i64().map(Fact::Long).ok_or_else(wrong),
        (Type::Bool, _) => value.as_bool().map(Fact::Bool).ok_or_else(wrong),
        (Type::String, _) => value.as_str().map(Fact::from).ok_or_else(wrong),
        (Type::Set(element), Value::Array(items)) => {
            let items: Result<Vec<Fact>, _> = items.iter().map(|it| fact(it, element, path)).collect();
            items.map(Fact::Set)
        }
        (Type::Record(attributes), Value::Object(fields)) => {
            let mut record = Vec::new();
            for (name, value) in fields {
                let inner = format!("{path}.{name}");
                let attribute = attributes.get(name).ok_or_else(|| FactError::Unknown(inner.clone()))?;
                record.push((name.clone().into(), fact(value, &attribute.value, &inner)?));
            }
            Ok(Fact::Record(record))
        }
        (Type::Entity(name), Value::Object(uid)) => {
            let member = |it: &str| uid.get(it).and_then(Value::as_str);
            match (member("type"), member("id")) {
                (Some(of), Some(id)) if of == name => Ok(Fact::Entity(Uid::new(name.clone(), id))),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}
