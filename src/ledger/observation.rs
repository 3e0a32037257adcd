//! What one evaluation saw of one resource.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::key::Key;
use super::record::{Cause, Outcome};
use crate::control::hexadecimal;
use crate::evaluate::{Finding, MissingFact};
use crate::model::{Answer, Severity};

/// What one evaluation saw of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What it is about.
    pub key: Key,
    /// The evaluation time, or the time before it at which asking began there.
    pub at: Timestamp,
    /// Who or what made the evaluation happen.
    pub cause: Cause,
    /// What was seen.
    pub seen: Seen,
}

/// What can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// NON_COMPLIANT.
    Violation(Violation),
    /// INSUFFICIENT_DATA, with what could not be learned.
    Undecided(Vec<MissingFact>),
    /// COMPLIANT.
    Compliant,
    /// NOT_APPLICABLE.
    NotApplicable,
    /// It is not there, in a place where everything was listed: it no longer exists, or is no longer in scope.
    Gone,
}

/// A violation as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// How much it matters.
    pub severity: Severity,
    /// Ids of the policies that forbid it.
    pub reasons: Vec<String>,
    /// Why, in sentences.
    pub messages: Vec<String>,
    /// What people call the resource.
    pub name: String,
    /// SHA-256 over the canonical JSON of reasons and evidence, in hexadecimal.
    pub evidence_digest: String,
}

/// The most facts kept of what could not be learned; findings.ndjson has all.
const MAX_MISSING: usize = 10;

/// The most bytes kept of all sentences of a violation.
const MAX_MESSAGES: usize = 64 << 10;

/// Sentences as far as there is room for them, and how much of them there is none for.
fn bounded(messages: &[String]) -> Vec<String> {
    let (mut left, mut kept) = (MAX_MESSAGES, Vec::new());
    for message in messages {
        let Some(rest) = left.checked_sub(message.len()) else {
            kept.push(message.chars().take(left.min(1024)).collect());
            break;
        };
        left = rest;
        kept.push(message.clone());
    }
    let bytes = |messages: &[String]| messages.iter().map(String::len).sum::<usize>();
    match bytes(messages).saturating_sub(bytes(&kept)) {
        0 => {}
        more => kept.push(format!("{more} bytes more are in findings.ndjson of the run")),
    }
    kept
}

impl Seen {
    /// That it could not be judged for want of these facts.
    pub fn undecided(missing: &[MissingFact]) -> Self {
        Self::Undecided(missing.iter().take(MAX_MISSING).cloned().collect())
    }

    /// What the finding saw.
    pub fn of(finding: &Finding<'_>) -> Self {
        match finding.answer {
            Answer::Compliant => Self::Compliant,
            Answer::NotApplicable => Self::NotApplicable,
            Answer::InsufficientData => Self::undecided(finding.missing),
            Answer::NonCompliant => Self::Violation(Violation {
                severity: finding.chosen.control.severity,
                reasons: finding.reasons.to_vec(),
                messages: bounded(finding.messages()),
                name: finding.name().to_owned(),
                evidence_digest: digest(finding),
            }),
        }
    }

    /// Its answer.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Violation(_) => Outcome::NonCompliant,
            Self::Undecided(_) => Outcome::InsufficientData,
            Self::Compliant => Outcome::Compliant,
            Self::NotApplicable => Outcome::NotApplicable,
            Self::Gone => Outcome::Gone,
        }
    }
}

fn digest(finding: &Finding<'_>) -> String {
    let evidence = json!({
        "evidence": finding.evidence,
        "evidenceOmitted": finding.evidence_omitted,
        "messages": finding.messages(),
        "reasons": finding.reasons,
    });
    let mut text = String::new();
    canonical(&evidence, &mut text);
    hexadecimal(&Sha256::digest(text))
}

/// JSON without white space, the members of objects by name (as RFC 8785 orders them for names in ASCII).
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(member, text);
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_kept_as_far_as_there_is_room_and_it_is_told_what_is_not() {
        let few = vec!["one".to_owned(), "two".to_owned()];
        assert_eq!(bounded(&few), few);
        for messages in [vec!["é".repeat(1 << 20)], vec!["one".to_owned(); 1 << 16]] {
            let kept = bounded(&messages);
            let bytes: usize = kept.iter().map(String::len).sum();
            assert!(bytes <= MAX_MESSAGES + 100, "{bytes}");
            let all: usize = messages.iter().map(String::len).sum();
            let (told, rest) = kept.split_last().unwrap();
            let rest: usize = rest.iter().map(String::len).sum();
            assert_eq!(*told, format!("{} bytes more are in findings.ndjson of the run", all - rest));
        }
    }

    #[test]
    fn canonical_json_does_not_depend_on_the_order_of_members() {
        for (json, expected) in [
            (
                r#"{"b":[1,{"d":null,"c":true}],"a":"x\ny\u00e9"}"#,
                r#"{"a":"x\nyé","b":[1,{"c":true,"d":null}]}"#,
            ),
            (r#" { "a" : [ ] } "#, r#"{"a":[]}"#),
            (r#""\u0000""#, r#""\u0000""#),
        ] {
            let mut text = String::new();
            canonical(&serde_json::from_str(json).unwrap(), &mut text);
            assert_eq!(text, expected);
        }
    }
}
