//! A text of the policy with its wildcards and policy variables, before a request fills the variables in.
//! Variables exist from `Version` 2012-10-17 on (IAM User Guide, "Variables and tags"); what they insert is never a wildcard.

use std::collections::BTreeSet;

use super::condition_key::canonical_key;
use super::pattern::{Pattern, Token};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    One,
    Run,
    Variable { key: String, default: Option<String> },
}

/// How far the wildcards of a text reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anywhere: `StringLike`.
    Text,
    /// Within one of the first five parts of an ARN, anywhere in the sixth: the ARN operators.
    Arn,
    /// As an ARN, but a `*` that ends its part runs on across colons: `Resource` ("Using wildcards in resource ARNs").
    Resource,
}

/// What a request says of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Its one value.
    Value(String),
    /// The key is not in the request.
    Absent,
    /// It is not known whether and with what value the key is in the request.
    Unknown,
}

/// A text with its variables filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// A variable has no value and no default: equal to nothing and like nothing ("Policy variables with no value").
    Null,
    /// A pattern; where `missing` is not empty it is wider than the real one, an unknown value standing as "anything".
    Pattern {
        /// The pattern.
        pattern: Pattern,
        /// The variables whose value is unknown.
        missing: BTreeSet<String>,
    },
}

/// A text of the policy, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    text: String,
    parts: Vec<Part>,
}

impl Template {
    /// Reads `text`; without `wildcards` a `*` is a star, without `variables` `${…}` is text.
    pub(super) fn parse(text: &str, wildcards: bool, variables: bool) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let (true, Some(inside)) = (variables, rest.strip_prefix("${")) {
                let (name, after) = inside.split_once('}').unwrap_or((inside, ""));
                parts.push(variable(name));
                rest = after;
                continue;
            }
            parts.push(match character {
                '*' if wildcards => Part::Run,
                '?' if wildcards => Part::One,
                other => Part::Char(other),
            });
            rest = rest.get(character.len_utf8()..).unwrap_or("");
        }
        Self { text: text.to_owned(), parts }
    }

    /// The text as the policy has it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The names of the variables, as written.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// Whether a `*` or `?` stands in it as an ordinary character.
    pub(super) fn has_literal_wildcard(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Char('*' | '?')))
    }

    /// Whether it has too few colons for an ARN and no variable that could bring them.
    pub(super) fn is_short_of_arn(&self) -> bool {
        let colons = self.parts.iter().filter(|part| **part == Part::Char(':')).count();
        colons < 5 && self.variables().next().is_none()
    }

    /// Fills in the variables.
    pub(super) fn resolve(&self, shape: Shape, lookup: impl Fn(&str) -> Lookup) -> Resolved {
        let mut tokens = Vec::with_capacity(self.parts.len());
        let mut missing = BTreeSet::new();
        let mut colons = 0;
        for (index, part) in self.parts.iter().enumerate() {
            let in_last_part = colons >= 5;
            match part {
                Part::Char(character) => {
                    colons += usize::from(*character == ':');
                    tokens.push(Token::Char(*character));
                }
                Part::One => tokens.push(Token::One { colon: shape == Shape::Text || in_last_part }),
                Part::Run => {
                    let ends_part = matches!(self.parts.get(index + 1), None | Some(Part::Char(':')));
                    let colon = in_last_part
                        || match shape {
                            Shape::Text => true,
                            Shape::Arn => false,
                            Shape::Resource => ends_part,
                        };
                    tokens.push(Token::Run { colon });
                }
                Part::Variable { key, default } => match (lookup(key), default) {
                    (Lookup::Value(text), _) => tokens.extend(text.chars().map(Token::Char)),
                    (Lookup::Absent, Some(text)) => tokens.extend(text.chars().map(Token::Char)),
                    (Lookup::Absent, None) => return Resolved::Null,
                    (Lookup::Unknown, _) => {
                        missing.insert(canonical_key(key));
                        tokens.push(Token::Run { colon: true });
                    }
                },
            }
        }
        Resolved::Pattern { pattern: Pattern::new(tokens), missing }
    }

    /// Fills in nothing: every variable is unknown.
    pub(super) fn unresolved(&self, shape: Shape) -> (Pattern, bool) {
        match self.resolve(shape, |_| Lookup::Unknown) {
            Resolved::Pattern { pattern, missing } => (pattern, missing.is_empty()),
            Resolved::Null => (Pattern::glob("*"), false),
        }
    }
}

fn variable(name: &str) -> Part {
    match name {
        "*" => return Part::Char('*'),
        "?" => return Part::Char('?'),
        "$" => return Part::Char('$'),
        _ => {}
    }
    let (key, default) = match name.split_once(',') {
        Some((key, rest)) => {
            let quoted = rest.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key.trim(), quoted.map(str::to_owned))
        }
        None => (name, None),
    };
    Part::Variable { key: key.to_owned(), default }
}
