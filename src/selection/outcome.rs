//! What was found out about one selection and one resource, down to the clause.
//!
//! Every type prints as a sentence for people and serializes for programs.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::problem::SelectionProblem;

/// Whether a selection covers a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Covered {
        /// The first clause that reaches the resource.
        via: Clause,
    },
    /// It does not.
    NotCovered {
        /// The first clause that keeps the resource out.
        failed: Failed,
    },
    /// It cannot be told.
    Undecided {
        /// What is missing: with it known, the answer could be either.
        unread: Vec<Unread>,
    },
}

impl Outcome {
    /// Yes, no, or not known.
    #[must_use]
    pub fn covered(&self) -> Option<bool> {
        match self {
            Self::Covered { .. } => Some(true),
            Self::NotCovered { .. } => Some(false),
            Self::Undecided { .. } => None,
        }
    }
}

/// One clause of a selection, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "clause", rename_all = "camelCase")]
pub enum Clause {
    /// Neither `Resources` nor `ListOfTags`.
    Everything,
    /// An entry of `Resources`.
    Resources {
        /// The ARN or ARN pattern.
        pattern: Arc<str>,
    },
    /// An entry of `ListOfTags`.
    ListOfTags {
        /// The condition key.
        key: Arc<str>,
        /// The condition value.
        value: Arc<str>,
    },
    /// An entry of `NotResources`.
    NotResources {
        /// The ARN or ARN pattern.
        pattern: Arc<str>,
    },
    /// An entry of `Conditions`.
    Condition {
        /// The operator.
        operator: Arc<str>,
        /// The condition key; empty where the condition could not be read at all.
        key: Arc<str>,
        /// The condition value.
        value: Arc<str>,
    },
}

/// Why a selection does not cover a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Failed {
    /// The selection lives in another account or Region.
    Elsewhere {
        /// The selection's account.
        account: Arc<str>,
        /// The selection's Region.
        region: Arc<str>,
    },
    /// A restore test made the resource, and backup plans ignore those (AWS Backup guide, "Restore testing").
    RestoreTest,
    /// No `Resources` pattern and no `ListOfTags` pair matches.
    NotReached {
        /// How many of both there are.
        clauses: usize,
        /// The clause that comes nearest.
        closest: Clause,
        /// What the resource has for the tag that `closest` asks for.
        found: Option<Arc<str>>,
    },
    /// A clause would reach the resource, but only with its service opted in.
    OptIn {
        /// The clause.
        via: Clause,
        /// The service, as `ResourceTypeOptInPreference` names it.
        service: Arc<str>,
        /// Whose opt-in decided.
        settings: SettingsOf,
    },
    /// A `NotResources` pattern matches.
    Excluded {
        /// The pattern.
        clause: Clause,
    },
    /// A condition does not hold.
    Condition {
        /// The condition.
        clause: Clause,
        /// The resource's value for the tag; absent if it has no such tag.
        found: Option<Arc<str>>,
    },
}

/// Whose Region settings decide about a service opt-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SettingsOf {
    /// Those of the selection's own account.
    Account,
    /// Those of the organization's management account, for plans that AWS Organizations deployed.
    ManagementAccount,
}

/// What is missing for a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "unread", rename_all = "camelCase")]
pub enum Unread {
    /// The resource's tags.
    Tags,
    /// The tags, only to tell whether a restore test made the resource.
    RestoreTestTag,
    /// The service opt-in settings.
    OptIn {
        /// The service, as `ResourceTypeOptInPreference` names it.
        service: Arc<str>,
        /// Whose settings.
        settings: SettingsOf,
        /// The settings were read and do not name the service.
        silent: bool,
    },
    /// The selection itself.
    Selection,
    /// A clause that was read but cannot be decided.
    Clause {
        /// The clause.
        clause: Clause,
        /// Why, as a sentence.
        because: Doubt,
    },
}

/// Why a clause cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The clause is not one that AWS Backup accepts.
    Malformed(Box<SelectionProblem>),
    /// AWS leaves open whether this text is matched, see the module's notes on wildcards.
    Match {
        /// The ARN or tag value compared with.
        text: Arc<str>,
    },
    /// AWS leaves open whether the pattern names a resource type, which would override the opt-in.
    TypeName {
        /// The service that is not opted in.
        service: Arc<str>,
    },
}

impl fmt::Display for Clause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str("neither Resources nor ListOfTags, so every resource"),
            Self::Resources { pattern } => write!(formatter, "Resources `{pattern}`"),
            Self::ListOfTags { key, value } => write!(formatter, "ListOfTags `{key}` = `{value}`"),
            Self::NotResources { pattern } => write!(formatter, "NotResources `{pattern}`"),
            Self::Condition { operator, key, .. } if key.is_empty() => {
                write!(formatter, "{operator}")
            }
            Self::Condition { operator, key, value } => write!(formatter, "{operator} `{key}` = `{value}`"),
        }
    }
}

impl fmt::Display for SettingsOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Account => "the account's Region settings",
            Self::ManagementAccount => "the management account's Region settings",
        })
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere { account, region } => {
                write!(formatter, "selection covers only account `{account}` in Region `{region}`")
            }
            Self::RestoreTest => {
                formatter.write_str("a restore test made the resource, and backup plans ignore those")
            }
            Self::NotReached { clauses: 1, closest, found } => {
                write!(formatter, "{closest} does not match")?;
                write_found(formatter, closest, found.as_deref())
            }
            Self::NotReached { clauses, closest, found } => {
                write!(
                    formatter,
                    "none of {clauses} Resources and ListOfTags entries matches, nearest is {closest}"
                )?;
                write_found(formatter, closest, found.as_deref())
            }
            Self::OptIn { via, service, settings } => {
                write!(formatter, "{via} needs the opt-in of `{service}`, which {settings} do not give")
            }
            Self::Excluded { clause } => write!(formatter, "{clause} excludes it"),
            Self::Condition { clause, found } => {
                write!(formatter, "{clause} does not hold")?;
                write_found(formatter, clause, found.as_deref())
            }
        }
    }
}

fn write_found(formatter: &mut fmt::Formatter<'_>, clause: &Clause, found: Option<&str>) -> fmt::Result {
    match (clause, found) {
        (Clause::ListOfTags { .. } | Clause::Condition { .. }, Some(value)) => {
            write!(formatter, ": the resource has `{value}`")
        }
        (Clause::ListOfTags { .. } | Clause::Condition { .. }, None) => {
            formatter.write_str(": the resource has no such tag")
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tags => formatter.write_str("the resource's tags could not be read"),
            Self::RestoreTestTag => formatter.write_str(
                "the resource's tags could not be read, so a restore test's leftover cannot be told from the rest",
            ),
            Self::OptIn { service, settings, silent: false } => {
                write!(formatter, "{settings} could not be read, and they decide about `{service}`")
            }
            Self::OptIn { service, settings, silent: true } => {
                write!(formatter, "{settings} do not name `{service}`")
            }
            Self::Selection => formatter.write_str("the selection could not be read"),
            Self::Clause { clause, because } => write!(formatter, "{clause} cannot be decided: {because}"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(problem) => problem.fmt(formatter),
            Self::Match { text } => {
                write!(formatter, "AWS does not say whether that matches `{text}`")
            }
            Self::TypeName { service } => write!(
                formatter,
                "AWS does not say whether that names a resource type, and `{service}` is not opted in"
            ),
        }
    }
}

impl Serialize for Doubt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
