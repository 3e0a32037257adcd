//! A vault policy once read: statements whose parts are ready to be compared.
//! Nothing here decides anything.

use std::fmt;

use serde::{Serialize, Serializer};

use super::operator::Operator;
use super::pattern::Pattern;
use super::principal::Named;
use super::remark::Remark;
use super::template::Template;

/// A vault's access policy, accepted by [`parse`](super::parse).
#[derive(Clone, Debug, PartialEq)]
pub struct VaultPolicy {
    pub(super) statements: Vec<Statement>,
    pub(super) remarks: Vec<Remark>,
}

impl VaultPolicy {
    /// What is doubtful, ineffective or surprising in the policy, in the order of its statements.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether the policy has no statement, and so says nothing.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Names a statement: its `Sid`, or its position from 0 when it has none or shares it with another.
///
/// In JSON a string or a number; in text ``statement `AllowCopy` `` or `statement [0]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatementRef {
    /// The statement's own `Sid`.
    Sid(String),
    /// Its position in `Statement`, from 0.
    Index(usize),
}

impl fmt::Display for StatementRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => write!(formatter, "statement `{sid}`"),
            Self::Index(index) => write!(formatter, "statement [{index}]"),
        }
    }
}

impl Serialize for StatementRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sid(sid) => serializer.serialize_str(sid),
            Self::Index(index) => index.serialize(serializer),
        }
    }
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) name: StatementRef,
    pub(super) effect: Effect,
    pub(super) principals: Principals,
    pub(super) actions: Actions,
    pub(super) resources: Resources,
    /// All of them must hold ("Conditions with multiple context keys or values").
    pub(super) clauses: Vec<Clause>,
}

/// `Principal`, or with `except` `NotPrincipal`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Principals {
    pub(super) except: bool,
    pub(super) members: Vec<Named>,
}

/// `Action`, or with `except` `NotAction`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Actions {
    pub(super) except: bool,
    pub(super) members: Vec<(String, Pattern)>,
}

impl Actions {
    /// Whether the statement speaks of the action; action names ignore case ("IAM JSON policy elements: Action").
    pub(super) fn include(&self, action: &str) -> bool {
        self.members.iter().any(|(_, pattern)| pattern.matches(action)) != self.except
    }
}

/// `Resource`, or with `except` `NotResource`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resources {
    pub(super) except: bool,
    pub(super) members: Vec<Template>,
}

/// One key under one operator of `Condition`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    /// Absent when AWS documents no operator of that name.
    pub(super) operator: Option<Operator>,
    /// The operator as written.
    pub(super) operator_name: String,
    /// The key as AWS spells it.
    pub(super) key: String,
    pub(super) values: Vec<Template>,
}
