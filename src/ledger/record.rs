//! The record of a violation, and the entries of its history.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::observation::Violation;
use crate::evaluate::MissingFact;
use crate::model::Severity;

/// What the newest look at something came to, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It is not there any more, or no longer in scope.
    Gone,
    /// Out of the control's scope.
    NotApplicable,
    /// Nothing forbids it.
    Compliant,
    /// It could not be judged.
    InsufficientData,
    /// Something forbids it.
    NonCompliant,
}

/// What happened to a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It was seen for the first time.
    Opened,
    /// It was seen again after it was resolved or gone.
    Reopened,
    /// It has a reason or a severity that it had not.
    Worse,
    /// It has fewer reasons or less severity than it had.
    Changed,
    /// It could not be looked at, and stays open.
    Undecided,
    /// It could be looked at again, and is as it was.
    Confirmed,
    /// It is compliant, or no longer applicable.
    Resolved,
    /// The resource no longer exists, or is no longer in scope.
    Gone,
}

macro_rules! words {
    ($type:ty, $what:literal, $($variant:ident => $word:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!("`{}` is not {}", other.chars().take(64).collect::<String>(), $what)),
                }
            }
        }
    };
}

words!(Outcome, "an answer",
    Gone => "GONE", NotApplicable => "NOT_APPLICABLE", Compliant => "COMPLIANT",
    InsufficientData => "INSUFFICIENT_DATA", NonCompliant => "NON_COMPLIANT");
words!(Step, "a step of a history",
    Opened => "opened", Reopened => "reopened", Worse => "worse", Changed => "changed", Undecided => "undecided",
    Confirmed => "confirmed", Resolved => "resolved", Gone => "gone");

/// Who or what made an evaluation happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// A run over an inventory, by its id.
    Run(String),
    /// Something that somebody did.
    Event(Box<Actor>),
}

/// An event with who did it, as CloudTrail tells it (CloudTrail User Guide, "CloudTrail record contents").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Actor {
    /// The event's id.
    pub event_id: String,
    /// What was called, such as `DeleteBackupPlan`.
    pub event_name: String,
    /// The ARN of who called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub principal: String,
    /// The ARN of the role or user that a session was issued for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_issuer: String,
    /// From where: an IP address or an AWS service.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source_address: String,
    /// What was there before, as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// What is there after, as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actor = match self {
            Self::Run(id) => return write!(f, "run {id}"),
            Self::Event(actor) => actor,
        };
        write!(f, "{}", actor.event_name)?;
        for (word, value) in [
            ("by", &actor.principal),
            ("through", &actor.session_issuer),
            ("from", &actor.source_address),
            ("before:", &actor.before),
            ("after:", &actor.after),
        ] {
            if !value.is_empty() {
                write!(f, " {word} {value}")?;
            }
        }
        write!(f, " (event {})", actor.event_id)
    }
}

/// All that is known of a finding that is or was a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is about.
    pub key: Key,
    /// The violation as it was last seen.
    pub violation: Violation,
    /// When the violation was first seen.
    pub first_seen: Timestamp,
    /// When the violation was last seen.
    pub last_seen: Timestamp,
    /// What the newest look that decided anything came to; never INSUFFICIENT_DATA.
    pub decided: Outcome,
    /// When that was.
    pub decided_at: Timestamp,
    /// What the newest look came to.
    pub answer: Outcome,
    /// Since when the answer is this one.
    pub since: Timestamp,
    /// When that newest look was.
    pub looked_at: Timestamp,
    /// What could not be learned, where the answer is INSUFFICIENT_DATA.
    pub missing: Vec<MissingFact>,
    /// When it was resolved or gone; `None` while it is open.
    pub resolved_at: Option<Timestamp>,
    /// What made the last step of its history.
    pub cause: Cause,
    /// How many steps its history has.
    pub steps: u32,
    /// How often it was written: a write holds only if nobody else wrote since it was read.
    pub version: u32,
}

impl Record {
    /// Whether it is a violation still, as far as is known.
    pub fn is_open(&self) -> bool {
        self.decided == Outcome::NonCompliant
    }

    /// Whether it is open and could not be looked at.
    pub fn is_undecided(&self) -> bool {
        self.is_open() && self.answer == Outcome::InsufficientData
    }

    /// The word people read: open, undecided or resolved.
    pub fn state(&self) -> &'static str {
        match (self.is_open(), self.is_undecided()) {
            (_, true) => "undecided",
            (true, false) => "open",
            (false, false) => "resolved",
        }
    }
}

/// A step of a history, as it was taken; entries are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the history of its record, from 1.
    pub sequence: u32,
    /// The evaluation time, or the time before it at which asking began there.
    pub at: Timestamp,
    /// What happened.
    pub step: Step,
    /// The answer that made it happen.
    pub answer: Outcome,
    /// The severity of the violation then.
    pub severity: Severity,
    /// The reasons of the violation then.
    pub reasons: Vec<String>,
    /// The first of its sentences then; what could not be learned, where that is the step.
    pub message: String,
    /// Who or what made it happen.
    pub cause: Cause,
}
