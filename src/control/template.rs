//! Messages with attribute paths in braces, filled in with the real values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::facts::{Fact, Thing, Uid};
use crate::vocabulary::{Action, Type, Vocabulary};

/// A message: text and paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Path(Vec<String>),
}

/// What the paths of a message lead into.
#[derive(Clone, Copy)]
pub struct Filling<'a> {
    /// What was put forward.
    pub principal: &'a Thing,
    /// What is judged.
    pub resource: &'a Thing,
    /// The parameters.
    pub context: &'a BTreeMap<String, Fact>,
    /// Things that others refer to.
    pub shared: &'a dyn Fn(&Uid) -> Option<&'a Thing>,
}

impl Template {
    /// Parses a message; a path that leads to no fact of any type the action applies to is an error.
    pub fn parse(text: &str, action: &Action, vocabulary: &Vocabulary) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, behind)) = after.split_once('}') else {
                return Err(format!("message `{text}` opens a brace and does not close it"));
            };
            parts.push(Part::Text(before.to_owned()));
            let steps: Vec<String> = path.split('.').map(|it| it.trim().to_owned()).collect();
            if !leads_somewhere(&steps, action, vocabulary) {
                return Err(format!(
                    "message `{text}` names `{path}`, which is no fact of what it judges, of what is put forward, or a parameter"
                ));
            }
            parts.push(Part::Path(steps));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The facts of what is put forward and of what is judged that it names.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Path(path) if path.first().is_some_and(|it| it != "context") => {
                path.get(1).map(String::as_str)
            }
            _ => None,
        })
    }

    /// The message with its paths filled in; a fact that is not known reads `(unknown)`.
    pub fn fill(&self, filling: Filling<'_>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(it) => text.push_str(it),
                Part::Path(path) => text.push_str(&value_of(path, filling)),
            }
        }
        text
    }
}

fn leads_somewhere(path: &[String], action: &Action, vocabulary: &Vocabulary) -> bool {
    let Some((root, steps)) = path.split_first() else {
        return false;
    };
    let types = match root.as_str() {
        "principal" => &action.principals,
        "resource" => &action.resources,
        "context" => {
            return matches!(steps, [name] if action.parameters.contains_key(name));
        }
        _ => return false,
    };
    types.iter().any(|it| !steps.is_empty() && resolves(&Type::Entity(it.clone()), steps, vocabulary))
}

fn resolves(from: &Type, steps: &[String], vocabulary: &Vocabulary) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return !matches!(from, Type::Record(_));
    };
    let attributes = match from {
        Type::Entity(name) => vocabulary.entity_type(name).map(|it| &it.attributes),
        Type::Record(attributes) => Some(attributes),
        _ => None,
    };
    let next = attributes.and_then(|it| it.get(step));
    next.is_some_and(|it| resolves(&it.value, rest, vocabulary))
}

fn value_of(path: &[String], filling: Filling<'_>) -> String {
    let unknown = || "(unknown)".to_owned();
    let Some((root, steps)) = path.split_first() else {
        return unknown();
    };
    let Some((first, rest)) = steps.split_first() else {
        return unknown();
    };
    let mut fact = match root.as_str() {
        "principal" => filling.principal.attribute(first),
        "resource" => filling.resource.attribute(first),
        _ => filling.context.get(first),
    };
    for step in rest {
        fact = match fact {
            Some(Fact::Entity(uid)) => (filling.shared)(uid).and_then(|it| it.attribute(step)),
            Some(record) => record.field(step),
            None => None,
        };
    }
    fact.map_or_else(unknown, shown)
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::Long(number) => number.to_string(),
        Fact::Bool(it) => it.to_string(),
        Fact::String(text) => text.to_string(),
        Fact::Entity(uid) => uid.id.to_string(),
        Fact::Set(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Fact::Record(_) => String::new(),
    }
}

/// Text from AWS with its control characters made visible: no line break, no escape sequence reaches a terminal.
pub fn escape_controls(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        // Bidirectional overrides can make a line read as something it is not, other line ends as two lines.
        let hidden = matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        );
        if character.is_control() || hidden {
            let _ = write!(safe, "{}", character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}
