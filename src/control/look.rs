//! What the policies of a control look at: two questions that agree on all of it have the same answer.
//!
//! Found in the very policies that Cedar is asked, after their rewriting. An expression that is not known here, or that
//! looks at something which only Cedar can work out, is no look: then every question is asked by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::policy::path_of;
use super::rewrite::{MARKER, TAGS, UNITS};
use crate::facts::{Fact, Uid};

/// The key of a tag that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TagKey {
    /// Written in the policy.
    Literal(String),
    /// The value of a parameter, which is the same for every question of a run.
    Parameter(String),
}

/// What is looked at of a thing, a record or any other value. Its type always is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// Whether all of the value counts; of a reference that is which thing it leads to.
    #[serde(skip_serializing_if = "Not::not")]
    pub whole: bool,
    /// The facts or fields that are looked at, by name: at least whether they are there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Look>,
    /// The tags that are looked at.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<TagKey>,
    /// Whether it is asked if the tags are known.
    #[serde(skip_serializing_if = "Not::not")]
    pub tags_known: bool,
    /// Whether it is asked if the organizational units are known.
    #[serde(skip_serializing_if = "Not::not")]
    pub units_known: bool,
    /// Things that it is compared with.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", with = "uids")]
    pub same_as: BTreeSet<Uid>,
    /// Things that it may be in.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", with = "uids")]
    pub inside: BTreeSet<Uid>,
}

impl Look {
    /// Whether something is looked at of the thing that a reference leads to, and not only which one it is.
    pub fn follows(&self) -> bool {
        !self.parts.is_empty()
            || !self.tags.is_empty()
            || self.tags_known
            || self.units_known
            || !self.same_as.is_empty()
            || !self.inside.is_empty()
    }

    fn part(&mut self, name: &str) -> &mut Look {
        self.parts.entry(name.to_owned()).or_default()
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        if self.whole || !self.follows() || !self.same_as.is_empty() {
            names.push(path.to_owned());
        }
        for (name, part) in &self.parts {
            part.names(&format!("{path}.{name}"), names);
        }
        for key in &self.tags {
            names.push(match key {
                TagKey::Literal(key) => format!("{path}'s tag `{key}`"),
                TagKey::Parameter(name) => format!("{path}'s tag `context.{name}`"),
            });
        }
        if !self.inside.is_empty() {
            names.push(format!("what {path} is in"));
        }
    }
}

/// What is looked at of both sides of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looks {
    /// Of what is put forward.
    pub principal: Look,
    /// Of what is judged.
    pub resource: Look,
}

/// Whether questions can share one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sharing {
    /// Those that agree on this do.
    Alike(Looks),
    /// None do; why, in words.
    OneByOne(String),
}

impl Default for Sharing {
    fn default() -> Self {
        Self::Alike(Looks::default())
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneByOne(why) => write!(f, "one by one, because {why}"),
            Self::Alike(looks) => {
                let mut names = Vec::new();
                for (root, look) in [("principal", &looks.principal), ("resource", &looks.resource)] {
                    if look.follows() {
                        look.names(root, &mut names);
                    }
                }
                names.dedup();
                match names.as_slice() {
                    [] => f.write_str("once for all of a type"),
                    names => write!(f, "once for all of a type with the same {}", names.join(", ")),
                }
            }
        }
    }
}

impl Sharing {
    /// What a policy set in Cedar's JSON form looks at.
    pub(super) fn of(policies: &Value) -> Self {
        let mut looks = Looks::default();
        let policies = policies.get("staticPolicies").and_then(Value::as_object);
        for (id, policy) in policies.into_iter().flatten() {
            if let Err(why) = looks.policy(policy) {
                return Self::OneByOne(format!("policy `{id}` {why}"));
            }
        }
        Self::Alike(looks)
    }

    /// What is looked at, if it can be told.
    pub fn looks(&self) -> Option<&Looks> {
        match self {
            Self::Alike(looks) => Some(looks),
            Self::OneByOne(_) => None,
        }
    }
}

/// Operators whose operands are values and nothing else.
const OVER_VALUES: [&str; 12] =
    ["<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "contains", "containsAll", "containsAny"];

impl Looks {
    fn policy(&mut self, policy: &Value) -> Result<(), String> {
        self.scope("principal", policy.get("principal"))?;
        self.scope("resource", policy.get("resource"))?;
        let conditions = policy.get("conditions").and_then(Value::as_array);
        for condition in conditions.into_iter().flatten() {
            self.value(condition.get("body").unwrap_or(&Value::Null))?;
        }
        Ok(())
    }

    fn root(&mut self, variable: &str) -> Option<&mut Look> {
        match variable {
            "principal" => Some(&mut self.principal),
            "resource" => Some(&mut self.resource),
            _ => None,
        }
    }

    fn scope(&mut self, variable: &str, scope: Option<&Value>) -> Result<(), String> {
        let unknown = || format!("has a scope of `{variable}` that is not known here");
        let scope = scope.ok_or_else(unknown)?;
        let look = self.root(variable).ok_or_else(unknown)?;
        let entity = |of: &Value| of.get("entity").and_then(uid_of).ok_or_else(unknown);
        match scope.get("op").and_then(Value::as_str) {
            Some("All") => {}
            Some("==") => _ = look.same_as.insert(entity(scope)?),
            Some("in") => _ = look.inside.insert(entity(scope)?),
            Some("is") => {
                if let Some(holder) = scope.get("in") {
                    look.inside.insert(entity(holder)?);
                }
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// Walks an expression whose value counts as a whole.
    fn value(&mut self, expression: &Value) -> Result<(), String> {
        let members = expression.as_object().filter(|it| it.len() == 1);
        let Some((operator, operands)) = members.and_then(|it| it.iter().next()) else {
            return Err("has an expression that is not known here".to_owned());
        };
        let operand = |name: &str| operands.get(name).unwrap_or(&Value::Null);
        match operator.as_str() {
            "Value" => Ok(()),
            "Var" => match operands.as_str() {
                Some("action" | "context") => Ok(()),
                _ => Err(format!("uses `{}` as a whole", operands.as_str().unwrap_or_default())),
            },
            "." if is_marker(operand("attr")) => Ok(()),
            "." => {
                let look = self.at(expression)?;
                look.into_iter().for_each(|it| it.whole = true);
                Ok(())
            }
            "has" => self.presence(operand("left"), operand("attr")),
            "hasTag" | "getTag" => self.tag(operand("left"), operand("right")),
            "in" => self.membership(operand("left"), operand("right")),
            "is" => match operands.get("in") {
                Some(holder) => self.membership(operand("left"), holder),
                // The type of whatever is looked at counts.
                None => self.at(operand("left")).map(|_| ()),
            },
            "==" | "!=" => self.equality(operand("left"), operand("right")),
            "!" | "neg" | "isEmpty" => self.value(operand("arg")),
            "like" => self.value(operand("left")),
            "if-then-else" => ["if", "then", "else"].iter().try_for_each(|it| self.value(operand(it))),
            "Set" => self.values(operands),
            "Record" => {
                let fields = operands.as_object().ok_or("has a record that is not known here")?;
                fields.values().try_for_each(|it| self.value(it))
            }
            over_values if OVER_VALUES.contains(&over_values) => {
                self.value(operand("left"))?;
                self.value(operand("right"))
            }
            // A function such as `ip` or `isInRange`: what it says depends on nothing but its operands.
            _ if operands.is_array() => self.values(operands),
            other => Err(format!("uses `{other}`, which is not known here")),
        }
    }

    fn values(&mut self, items: &Value) -> Result<(), String> {
        let items = items.as_array().ok_or("has a list that is not known here")?;
        items.iter().try_for_each(|it| self.value(it))
    }

    /// What is looked at where a path leads; `None` for the action and the parameters, which are the same for all.
    fn at(&mut self, path: &Value) -> Result<Option<&mut Look>, String> {
        let Some((variable, steps)) = path_of(path) else {
            return Err("looks into something computed".to_owned());
        };
        let root = self.root(&variable);
        Ok(root.map(|root| steps.iter().fold(root, |look, step| look.part(step))))
    }

    fn presence(&mut self, left: &Value, name: &Value) -> Result<(), String> {
        let name = name.as_str().ok_or("asks for a way of several names")?;
        let Some(look) = self.at(left)? else {
            return Ok(());
        };
        match name.strip_prefix(MARKER) {
            Some(TAGS) => look.tags_known = true,
            Some(UNITS) => look.units_known = true,
            // A thing has the marker exactly where it lacks the fact.
            fact => _ = look.part(fact.unwrap_or(name)),
        }
        Ok(())
    }

    fn tag(&mut self, left: &Value, key: &Value) -> Result<(), String> {
        let literal = key.get("Value").and_then(Value::as_str).map(|it| TagKey::Literal(it.to_owned()));
        let key = literal.or_else(|| match path_of(key)? {
            (variable, mut steps) if variable == "context" && steps.len() == 1 => {
                steps.pop().map(TagKey::Parameter)
            }
            _ => None,
        });
        let key = key.ok_or("computes the key of a tag")?;
        if let Some(look) = self.at(left)? {
            look.tags.insert(key);
        }
        Ok(())
    }

    fn membership(&mut self, left: &Value, right: &Value) -> Result<(), String> {
        let holders = match right.get("Set").or_else(|| right.get("Value")).and_then(Value::as_array) {
            Some(items) => items.iter().map(literal_entity).collect(),
            None => literal_entity(right).map(|it| vec![it]),
        };
        let holders: Vec<Uid> = holders.ok_or("asks whether something is in what is not written in it")?;
        if let Some(look) = self.at(left)? {
            look.inside.extend(holders);
        }
        Ok(())
    }

    /// Which entity something is counts only as far as it is compared.
    fn equality(&mut self, left: &Value, right: &Value) -> Result<(), String> {
        for (path, other) in [(left, right), (right, left)] {
            if let Some(uid) = literal_entity(other)
                && path_of(path).is_some()
            {
                if let Some(look) = self.at(path)? {
                    look.same_as.insert(uid);
                }
                return Ok(());
            }
        }
        self.value(left)?;
        self.value(right)
    }
}

/// Whether a name is one that nothing has, so that looking at it errs.
fn is_marker(name: &Value) -> bool {
    name.as_str().is_some_and(|it| it.starts_with(MARKER))
}

fn uid_of(entity: &Value) -> Option<Uid> {
    let entity = entity.get("__entity").unwrap_or(entity);
    let text = |member: &str| entity.get(member)?.as_str();
    Some(Uid::new(text("type")?.to_owned(), text("id")?))
}

fn literal_entity(expression: &Value) -> Option<Uid> {
    let value = expression.get("Value").unwrap_or(expression);
    uid_of(value.get("__entity")?)
}

/// Things by type and id.
mod uids {
    use super::{BTreeSet, Uid};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(uids: &BTreeSet<Uid>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(uids.iter().map(|it| (&it.type_name, &*it.id)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Uid>, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|(kind, id)| Uid::new(kind, id)).collect())
    }
}

/// The tag's key, given the parameters; `None` if the parameter is not a text.
pub fn tag_key<'k>(key: &'k TagKey, parameters: &'k BTreeMap<String, Fact>) -> Option<&'k str> {
    match key {
        TagKey::Literal(key) => Some(key),
        TagKey::Parameter(name) => match parameters.get(name)? {
            Fact::String(key) => Some(key),
            _ => None,
        },
    }
}
