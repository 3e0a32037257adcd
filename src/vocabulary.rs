//! The words of the controls: entity types and their facts, as `backup.cedarschema` declares them.
//!
//! Knows each fact's type, whether it is always known once its call worked, and the call it is read from.
//! Holds no facts itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use cedar_policy::{Schema, SchemaFragment};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The type of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// A whole number.
    Long,
    /// True or false.
    Bool,
    /// Text.
    String,
    /// A set of facts of one type.
    Set(Box<Type>),
    /// Named facts.
    Record(BTreeMap<String, Attribute>),
    /// A reference to an entity of this type.
    Entity(String),
}

impl Type {
    /// The type in Cedar's words, for messages.
    pub fn name(&self) -> String {
        match self {
            Self::Long => "Long".to_owned(),
            Self::Bool => "Bool".to_owned(),
            Self::String => "String".to_owned(),
            Self::Set(element) => format!("Set<{}>", element.name()),
            Self::Record(_) => "a record".to_owned(),
            Self::Entity(name) => name.clone(),
        }
    }
}

/// A fact that things of a type have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its type.
    pub value: Type,
    /// Whether it is always known once its call worked.
    #[serde(default = "always", skip_serializing_if = "Clone::clone")]
    pub required: bool,
    /// The IAM action of the call it is read from, such as `backup:ListBackupVaults`; empty if from none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Its annotations: `doc`, `source`, and for parameters `default`, `allowed`, `min`, `max`.
    /// A vocabulary that was not parsed has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Attribute {
    fn forget_annotations(&mut self) {
        self.annotations.clear();
        self.value.forget_annotations();
    }
}

impl Type {
    fn forget_annotations(&mut self) {
        match self {
            Self::Record(fields) => fields.values_mut().for_each(Attribute::forget_annotations),
            Self::Set(element) => element.forget_annotations(),
            Self::Long | Self::Bool | Self::String | Self::Entity(_) => {}
        }
    }
}

fn always() -> bool {
    true
}

/// A type of thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityType {
    /// Its facts.
    pub attributes: BTreeMap<String, Attribute>,
    /// Whether it can have tags.
    pub has_tags: bool,
}

/// An action, which is a control, as a schema declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// `title`, `severity`, `satisfiedBy`, `missing`, `frequency`, `evidence`.
    pub annotations: BTreeMap<String, String>,
    /// Types that can be put forward.
    pub principals: Vec<String>,
    /// Types that are judged.
    pub resources: Vec<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, Attribute>,
}

/// A schema that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum VocabularyError {
    /// Cedar cannot read it.
    #[error("the schema cannot be read: {0}")]
    #[diagnostic(transparent)]
    Parse(#[source] Box<cedar_policy::CedarSchemaError>),
    /// Cedar can read it, but it does not hold together.
    #[error("the schema does not hold together: {0}")]
    #[diagnostic(transparent)]
    Schema(#[source] Box<cedar_policy::SchemaError>),
    /// A control's schema declares more than its action.
    #[error(
        "the schema declares `{0}`; a control's schema declares its action in namespace Control and no types"
    )]
    Declares(String),
    /// It uses something of Cedar that facts cannot be.
    #[error("the schema declares `{0}`, which is none of Long, Bool, String, Set, a record, an entity")]
    Type(String),
}

/// The entity types of `backup.cedarschema`.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    types: BTreeMap<String, EntityType>,
    text: Cow<'static, str>,
    fragment: OnceLock<SchemaFragment>,
}

impl Vocabulary {
    /// Reads `backup.cedarschema`.
    pub fn parse(text: &str) -> Result<Self, VocabularyError> {
        let fragment = parse_fragment(text)?;
        let json = to_json(&fragment)?;
        let mut types = BTreeMap::new();
        for (namespace, body) in json.as_object().into_iter().flatten() {
            let commons = commons_of(&json);
            for (name, entity) in members(body, "entityTypes") {
                let reader = TypeReader { commons: &commons, namespace };
                let shape = entity.get("shape").map_or(Ok(BTreeMap::new()), |it| reader.attributes(it))?;
                let has_tags = entity.get("tags").is_some();
                let attributes = shape;
                types.insert(format!("{namespace}::{name}"), EntityType { attributes, has_tags });
            }
        }
        Ok(Self { types, text: Cow::Owned(text.to_owned()), fragment: OnceLock::from(fragment) })
    }

    /// The vocabulary of a text that was read before into these types. Cedar reads the text when a control is parsed.
    pub fn known(text: &'static str, types: BTreeMap<String, EntityType>) -> Self {
        Self { types, text: Cow::Borrowed(text), fragment: OnceLock::new() }
    }

    /// The types by name, without what is said of their facts to people.
    pub fn types_without_annotations(&self) -> impl Iterator<Item = (String, EntityType)> {
        self.types.iter().map(|(name, entity)| {
            let mut entity = entity.clone();
            entity.attributes.values_mut().for_each(Attribute::forget_annotations);
            (name.clone(), entity)
        })
    }

    fn fragment(&self) -> Result<SchemaFragment, VocabularyError> {
        if let Some(fragment) = self.fragment.get() {
            return Ok(fragment.clone());
        }
        let fragment = parse_fragment(&self.text)?;
        Ok(self.fragment.get_or_init(|| fragment).clone())
    }

    /// The type with this name.
    pub fn entity_type(&self, name: &str) -> Option<&EntityType> {
        self.types.get(name)
    }

    /// The names of all types, in order.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The actions a control's schema declares, and that schema joined to this one.
    pub fn read_actions(&self, text: &str) -> Result<(Vec<Action>, Schema), VocabularyError> {
        let fragment = parse_fragment(text)?;
        let json = to_json(&fragment)?;
        // Types that name one another can be circular, or grow without bound when they are written out.
        for (namespace, body) in json.as_object().into_iter().flatten() {
            let declared = members(body, "commonTypes").chain(members(body, "entityTypes")).next();
            if let Some((name, _)) = declared {
                return Err(VocabularyError::Declares(format!("{namespace}::{name}")));
            }
            if namespace != "Control" {
                return Err(VocabularyError::Declares(format!("namespace {namespace}")));
            }
        }
        let mut actions = Vec::new();
        for (namespace, body) in json.as_object().into_iter().flatten() {
            let commons = commons_of(&json);
            for (name, action) in members(body, "actions") {
                let reader = TypeReader { commons: &commons, namespace };
                actions.push(reader.action(name, action)?);
            }
        }
        let fragments = [self.fragment()?, fragment];
        let schema = Schema::from_schema_fragments(fragments)
            .map_err(|error| VocabularyError::Schema(Box::new(error)))?;
        Ok((actions, schema))
    }
}

fn parse_fragment(text: &str) -> Result<SchemaFragment, VocabularyError> {
    SchemaFragment::from_cedarschema_str(text)
        .map(|(fragment, _)| fragment)
        .map_err(|error| VocabularyError::Parse(Box::new(error)))
}

fn to_json(fragment: &SchemaFragment) -> Result<Value, VocabularyError> {
    fragment.clone().to_json_value().map_err(|error| VocabularyError::Type(error.to_string()))
}

/// Common types by full name.
fn commons_of(json: &Value) -> BTreeMap<String, &Value> {
    let mut commons = BTreeMap::new();
    for (namespace, body) in json.as_object().into_iter().flatten() {
        for (name, declared) in members(body, "commonTypes") {
            commons.insert(format!("{namespace}::{name}"), declared);
        }
    }
    commons
}

fn members<'a>(body: &'a Value, member: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    body.get(member).and_then(Value::as_object).into_iter().flatten()
}

fn annotations_of(value: &Value) -> BTreeMap<String, String> {
    let text =
        |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap_or_default().to_owned());
    members(value, "annotations").map(text).collect()
}

struct TypeReader<'a> {
    commons: &'a BTreeMap<String, &'a Value>,
    namespace: &'a str,
}

impl TypeReader<'_> {
    fn attributes(&self, shape: &Value) -> Result<BTreeMap<String, Attribute>, VocabularyError> {
        match self.value_type(shape)? {
            Type::Record(attributes) => Ok(attributes),
            other => Err(VocabularyError::Type(other.name())),
        }
    }

    fn attribute(&self, declared: &Value) -> Result<Attribute, VocabularyError> {
        let annotations = annotations_of(declared);
        let source = annotations.get("source").map_or("", String::as_str);
        let action = source.split(' ').next().unwrap_or_default();
        let action = if action.contains(':') { action } else { "" };
        Ok(Attribute {
            value: self.value_type(declared)?,
            required: declared.get("required").and_then(Value::as_bool).unwrap_or(true),
            action: action.to_owned(),
            annotations,
        })
    }

    fn value_type(&self, declared: &Value) -> Result<Type, VocabularyError> {
        let kind = declared.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "Record" => {
                let mut attributes = BTreeMap::new();
                for (name, attribute) in members(declared, "attributes") {
                    attributes.insert(name.clone(), self.attribute(attribute)?);
                }
                Ok(Type::Record(attributes))
            }
            "Set" => {
                let element = declared.get("element").unwrap_or(&Value::Null);
                Ok(Type::Set(Box::new(self.value_type(element)?)))
            }
            "EntityOrCommon" | "Entity" => {
                self.named(declared.get("name").and_then(Value::as_str).unwrap_or_default())
            }
            other => Err(VocabularyError::Type(other.to_owned())),
        }
    }

    fn named(&self, name: &str) -> Result<Type, VocabularyError> {
        let local = format!("{}::{name}", self.namespace);
        match (name, self.commons.get(&local).or_else(|| self.commons.get(name))) {
            ("Long" | "__cedar::Long", _) => Ok(Type::Long),
            ("Bool" | "Boolean" | "__cedar::Bool", _) => Ok(Type::Bool),
            ("String" | "__cedar::String", _) => Ok(Type::String),
            (_, Some(common)) => self.value_type(common),
            (_, None) if name.contains("::") => Ok(Type::Entity(name.to_owned())),
            (_, None) => Ok(Type::Entity(local)),
        }
    }

    fn action(&self, name: &str, declared: &Value) -> Result<Action, VocabularyError> {
        let applies = declared.get("appliesTo").unwrap_or(&Value::Null);
        let types = |member: &str| {
            let listed = applies.get(member).and_then(Value::as_array);
            let names = listed.into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        };
        let parameters = match applies.get("context") {
            Some(context) => self.attributes(context)?,
            None => BTreeMap::new(),
        };
        Ok(Action {
            name: name.to_owned(),
            annotations: annotations_of(declared),
            principals: types("principalTypes"),
            resources: types("resourceTypes"),
            parameters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../controls/backup.cedarschema");

    #[test]
    fn every_fact_says_what_it_is_and_where_it_comes_from() {
        let vocabulary = Vocabulary::parse(SCHEMA).unwrap();
        for (name, entity) in &vocabulary.types {
            for (attribute, declared) in &entity.attributes {
                let doc = declared.annotations.get("doc");
                assert!(doc.is_some_and(|it| !it.is_empty()), "{name}.{attribute} has no @doc");
                assert!(declared.annotations.contains_key("source"), "{name}.{attribute} has no @source");
                assert!(declared.required, "{name}.{attribute} is optional outside a record");
                let read = crate::inventory::Operation::allowed_by(&declared.action);
                assert!(
                    declared.action.is_empty() || read.is_some(),
                    "{name}.{attribute}: {}",
                    declared.action
                );
                if let Type::Record(inner) = &declared.value {
                    for (field, inner) in inner {
                        assert!(
                            inner.annotations.contains_key("doc"),
                            "{name}.{attribute}.{field} has no @doc"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_protectable_type_is_in_the_vocabulary() {
        let vocabulary = Vocabulary::parse(SCHEMA).unwrap();
        for resource_type in crate::model::ResourceType::all() {
            let name = resource_type.cloudformation();
            assert!(vocabulary.entity_type(name).is_some(), "{name}");
        }
    }
}
