//! A thing and its facts, before Cedar: what it is, what is known of it, and why the rest is not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::inventory::Gap;
use crate::inventory::record::Text;
use crate::model::{Place, greatest, is_possible};
use crate::vocabulary::{Attribute, Type, Vocabulary};

/// The name of a fact.
pub type Name = Cow<'static, str>;

/// An entity's type and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    /// The entity type, such as `AWS::Backup::BackupVault`.
    pub type_name: Name,
    /// The id: an ARN, an account id, a unit's id.
    pub id: Arc<str>,
}

impl Uid {
    /// An entity of one of the vocabulary's types.
    pub fn new(type_name: impl Into<Name>, id: impl Into<Arc<str>>) -> Self {
        Self { type_name: type_name.into(), id: id.into() }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::\"{}\"", self.type_name, self.id.escape_debug())
    }
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A whole number.
    Long(i64),
    /// True or false.
    Bool(bool),
    /// Text.
    String(Arc<str>),
    /// A set.
    Set(Vec<Fact>),
    /// Named facts.
    Record(Vec<(Name, Fact)>),
    /// A reference to another thing.
    Entity(Uid),
}

impl From<i64> for Fact {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Fact {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<&Text> for Fact {
    fn from(value: &Text) -> Self {
        Self::String(value.shared())
    }
}

impl From<Uid> for Fact {
    fn from(value: Uid) -> Self {
        Self::Entity(value)
    }
}

impl Fact {
    /// A record of those facts that are there.
    pub fn record<const N: usize>(fields: [(&'static str, Option<Fact>); N]) -> Self {
        let present = |(name, fact): (&'static str, Option<Fact>)| Some((Cow::Borrowed(name), fact?));
        Self::Record(fields.into_iter().filter_map(present).collect())
    }

    /// The field of a record.
    pub fn field(&self, name: &str) -> Option<&Fact> {
        match self {
            Self::Record(fields) => fields.iter().find(|(it, _)| it == name).map(|(_, fact)| fact),
            _ => None,
        }
    }

    /// A number in it that is beyond its range, with the name that says its unit.
    fn beyond<'f>(&'f self, name: &'f str) -> Option<(&'f str, i64)> {
        match self {
            Self::Long(number) => (!is_possible(name, *number)).then_some((name, *number)),
            Self::Record(fields) => fields.iter().find_map(|(name, fact)| fact.beyond(name)),
            Self::Bool(_) | Self::String(_) | Self::Set(_) | Self::Entity(_) => None,
        }
    }

    /// Whether it is of this type; the way to what is not otherwise, innermost name first.
    fn check(&self, declared: &Type) -> Result<(), FactError> {
        match (self, declared) {
            (Self::Long(_), Type::Long) | (Self::Bool(_), Type::Bool) | (Self::String(_), Type::String) => {
                Ok(())
            }
            (Self::Entity(uid), Type::Entity(name)) if uid.type_name == *name => Ok(()),
            (Self::Set(items), Type::Set(element)) => items.iter().try_for_each(|item| item.check(element)),
            (Self::Record(fields), Type::Record(attributes)) => check_record(fields, attributes),
            _ => Err(FactError::Type { path: String::new(), expected: declared.name() }),
        }
    }
}

fn check_record(fields: &[(Name, Fact)], attributes: &BTreeMap<String, Attribute>) -> Result<(), FactError> {
    for (name, fact) in fields {
        let Some(attribute) = attributes.get(name.as_ref()) else {
            return Err(FactError::Unknown(name.to_string()));
        };
        fact.check(&attribute.value).map_err(|error| error.inside(name))?;
    }
    for (name, attribute) in attributes {
        if attribute.required && !fields.iter().any(|(it, _)| it == name) {
            return Err(FactError::Incomplete(name.clone()));
        }
    }
    Ok(())
}

/// A fact that the vocabulary does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// The type is not in the vocabulary.
    #[error("the vocabulary has no type `{0}`")]
    Thing(String),
    /// The fact is not in the vocabulary.
    #[error("the vocabulary has no fact `{0}`")]
    Unknown(String),
    /// The fact is of another type.
    #[error("`{path}` is not {expected}")]
    Type {
        /// Which fact.
        path: String,
        /// What the vocabulary says.
        expected: String,
    },
    /// A record lacks a field that it always has; the record itself should have been left out.
    #[error("`{0}` is missing inside a record")]
    Incomplete(String),
    /// The type has no tags.
    #[error("`{0}` cannot have tags")]
    Tags(String),
}

impl FactError {
    /// The same error, seen from one name further out.
    fn inside(self, outer: &str) -> Self {
        let longer = |path: String| match path.is_empty() {
            true => outer.to_owned(),
            false => format!("{outer}.{path}"),
        };
        match self {
            Self::Unknown(path) => Self::Unknown(longer(path)),
            Self::Type { path, expected } => Self::Type { path: longer(path), expected },
            Self::Incomplete(path) => Self::Incomplete(longer(path)),
            other => other,
        }
    }
}

/// A thing and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    /// Its type and id.
    pub uid: Uid,
    /// What is known.
    pub attributes: Vec<(Name, Fact)>,
    /// What people call it, as far as that was recorded; for reports only, because it changes with what was.
    pub called: Option<Arc<str>>,
    /// Its tags; `None` if they could not be learned.
    pub tags: Option<BTreeMap<String, String>>,
    /// What it is in: its vault, its account, its units.
    pub parents: Vec<Uid>,
    /// Whether the organizational units above it are known.
    pub units_known: bool,
    /// The account and Region it belongs to, where it belongs to one.
    pub place: Option<Place>,
    /// The file it was read from; empty if from none.
    pub source: Arc<str>,
    /// Of what its calls are asked, by request parameter.
    pub subjects: Vec<(&'static str, Arc<str>)>,
    /// Why a fact is missing, where the coverage would not tell.
    pub reasons: Vec<(Name, String)>,
    /// For something that may be evidence: what keeps one from knowing.
    pub doubts: Vec<Doubt>,
}

/// What keeps one from knowing whether something is evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// In words.
    pub why: String,
    /// The call that would tell, if there is one.
    pub gap: Option<Gap>,
}

impl From<Gap> for Doubt {
    fn from(gap: Gap) -> Self {
        Self { why: gap.to_string(), gap: Some(gap) }
    }
}

impl Thing {
    /// A thing of which nothing is known but that it may exist.
    pub fn unknown(uid: Uid) -> Self {
        Self {
            uid,
            attributes: Vec::new(),
            called: None,
            tags: None,
            parents: Vec::new(),
            units_known: false,
            place: None,
            source: "".into(),
            subjects: Vec::new(),
            reasons: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Adds a fact, if it is known and its numbers are such as there can be.
    pub(super) fn learn(&mut self, name: &'static str, fact: Option<impl Into<Fact>>) {
        let Some(fact) = fact.map(Into::into) else {
            return;
        };
        match fact.beyond(name) {
            None => self.attributes.push((Cow::Borrowed(name), fact)),
            Some((name_of, number)) => {
                let greatest = greatest(name_of);
                self.excuse(name, format!("`{number}` is out of range; {name_of} is 0 to {greatest}"));
            }
        }
    }

    /// Adds why a fact is missing.
    pub(super) fn excuse(&mut self, name: &'static str, why: impl Into<String>) {
        self.reasons.push((Cow::Borrowed(name), why.into()));
    }

    /// A fact, if it is known.
    pub fn attribute(&self, name: &str) -> Option<&Fact> {
        self.attributes.iter().find(|(it, _)| it == name).map(|(_, fact)| fact)
    }

    /// What people call it: its name, else the last part of its ARN, else its id.
    pub fn name(&self) -> &str {
        match (&self.called, self.attribute("name")) {
            (Some(name), _) | (None, Some(Fact::String(name))) => name,
            _ => crate::model::Arn::parse(&self.uid.id).map_or(&self.uid.id, |arn| arn.resource_id()),
        }
    }

    /// The facts that the vocabulary requires and this thing lacks, in order.
    pub fn missing<'v>(&self, vocabulary: &'v Vocabulary) -> Vec<&'v str> {
        let declared = vocabulary.entity_type(&self.uid.type_name);
        let attributes = declared.into_iter().flat_map(|it| &it.attributes);
        attributes
            .filter(|(name, attribute)| attribute.required && self.attribute(name).is_none())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Checks every fact that is known against the vocabulary; a fact of the wrong type could pass silently under `==`.
    pub fn check(&self, vocabulary: &Vocabulary) -> Result<(), FactError> {
        let Some(declared) = vocabulary.entity_type(&self.uid.type_name) else {
            return Err(FactError::Thing(self.uid.type_name.to_string()));
        };
        if !declared.has_tags && self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            return Err(FactError::Tags(self.uid.type_name.to_string()));
        }
        for (name, fact) in &self.attributes {
            let Some(attribute) = declared.attributes.get(name.as_ref()) else {
                return Err(FactError::Unknown(format!("{}.{name}", self.uid.type_name)));
            };
            fact.check(&attribute.value).map_err(|error| error.inside(name))?;
        }
        Ok(())
    }
}
