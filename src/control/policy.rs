//! The policies of a control: parsed, validated strictly, and what each of them reads.

use std::collections::BTreeMap;

use cedar_policy::{ActionConstraint, Effect, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rewrite::{self, MEMBERSHIPS, VAULT, names};
use super::{ControlProblem, Sharing, Template};
use crate::vocabulary::{Action, Vocabulary};

/// Whose fact a policy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Root {
    /// What was put forward.
    Principal,
    /// What is judged.
    Resource,
}

/// Something a policy looks at, by the way to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Read {
    /// A fact: `resource.vault.locked`.
    Fact(Root, Vec<String>),
    /// Tags of the thing at the end of a path.
    Tags(Root, Vec<String>),
    /// The organizational units of the thing at the end of a path.
    Units(Root, Vec<String>),
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its `@id`, which is the reason in the report.
    pub id: String,
    /// Whether it forbids; else it permits.
    pub forbids: bool,
    /// Its `@message`.
    pub message: Option<Template>,
    /// What it looks at.
    pub reads: Vec<Read>,
}

/// The policies of a control, ready to be asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// What Cedar is asked: looking at something unknown errs, even where Cedar itself would say false.
    pub set: PolicySet,
    /// Which questions have the same answer.
    pub sharing: Sharing,
    /// What is known of each, by Cedar's id.
    by_id: BTreeMap<String, Policy>,
}

impl Policies {
    /// The policy with this id.
    pub fn get(&self, id: &str) -> Option<&Policy> {
        self.by_id.get(id)
    }

    /// All policies, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.by_id.values()
    }

    /// Policies of which all is known.
    pub(super) fn known(set: PolicySet, sharing: Sharing, policies: Vec<Policy>) -> Self {
        let by_id = policies.into_iter().map(|it| (it.id.clone(), it)).collect();
        Self { set, sharing, by_id }
    }

    pub(super) fn parse(
        text: &str,
        action: &Action,
        schema: &Schema,
        vocabulary: &Vocabulary,
    ) -> Result<Self, Vec<ControlProblem>> {
        let parsed: PolicySet = text.parse().map_err(|error| vec![ControlProblem::Parse(Box::new(error))])?;
        let mut problems = Vec::new();
        let mut named = PolicySet::new();
        let mut by_id = BTreeMap::new();
        if parsed.templates().next().is_some() {
            problems.push(other("has a template; a control's policies have no slots".to_owned()));
        }
        for policy in parsed.policies() {
            match read_policy(policy, action, vocabulary) {
                Err(problem) => {
                    problems.push(problem);
                    let _ = named.add(policy.clone());
                }
                Ok(read) => {
                    let again = named.add(policy.new_id(PolicyId::new(&read.id))).is_err();
                    if again {
                        problems.push(other(format!("two policies have the `@id` `{}`", read.id)));
                    }
                    by_id.insert(read.id.clone(), read);
                }
            }
        }
        problems.extend(validate(&named, schema));
        if !by_id.values().any(|it| !it.forbids) && problems.is_empty() {
            problems.push(other("has no `permit`, so nothing is in its scope".to_owned()));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (set, sharing) = rewritten(named).map_err(|problem| vec![problem])?;
        Ok(Self { set, sharing, by_id })
    }
}

fn other(message: String) -> ControlProblem {
    ControlProblem::Other(message)
}

fn validate(policies: &PolicySet, schema: &Schema) -> Vec<ControlProblem> {
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let errors = result.validation_errors();
    let mut problems: Vec<ControlProblem> =
        errors.map(|it| ControlProblem::Validation(Box::new(it.clone()))).collect();
    let warnings = result.validation_warnings();
    problems.extend(warnings.map(|it| ControlProblem::Warning(Box::new(it.clone()))));
    problems
}

fn read_policy(
    policy: &cedar_policy::Policy,
    action: &Action,
    vocabulary: &Vocabulary,
) -> Result<Policy, ControlProblem> {
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    if id.is_empty() {
        return Err(other("a policy has no `@id`, which would be its reason in reports".to_owned()));
    }
    let wrong = |message: String| other(format!("policy `{id}`: {message}"));
    if id == super::MISSING_REASON {
        return Err(wrong("the id is taken: it is the reason where nothing was put forward".to_owned()));
    }
    let ours = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => uid.id().unescaped() == action.name,
        ActionConstraint::In(_) => false,
    };
    if !ours {
        return Err(wrong(format!("is not about `action == Control::Action::\"{}\"`", action.name)));
    }
    let forbids = policy.effect() == Effect::Forbid;
    let message = match policy.annotation("message") {
        Some(text) => Some(Template::parse(text, action, vocabulary).map_err(wrong)?),
        None if forbids => return Err(wrong("forbids and has no `@message` to say why".to_owned())),
        None => None,
    };
    let json = policy.to_json().map_err(|error| wrong(error.to_string()))?;
    let mut reads = Vec::new();
    collect_reads(&json, &mut reads);
    reads.sort();
    reads.dedup();
    Ok(Policy { id, forbids, message, reads })
}

fn rewritten(policies: PolicySet) -> Result<(PolicySet, Sharing), ControlProblem> {
    let json = policies.to_json().map_err(|error| other(error.to_string()))?;
    let json = rewrite::policy_set(json).map_err(other)?;
    let sharing = Sharing::of(&json);
    let set = PolicySet::from_json_value(json).map_err(|error| other(error.to_string()))?;
    Ok((set, sharing))
}

/// The variable and attributes of a path such as `resource.vault.locked`.
pub(super) fn path_of(expression: &Value) -> Option<(String, Vec<String>)> {
    if let Some(variable) = expression.get("Var").and_then(Value::as_str) {
        return Some((variable.to_owned(), Vec::new()));
    }
    let access = expression.get(".")?;
    let (variable, mut path) = path_of(access.get("left")?)?;
    path.push(access.get("attr")?.as_str()?.to_owned());
    Some((variable, path))
}

fn root_of(expression: &Value) -> Option<(Root, Vec<String>)> {
    let (variable, path) = path_of(expression)?;
    match variable.as_str() {
        "principal" => Some((Root::Principal, path)),
        "resource" => Some((Root::Resource, path)),
        _ => None,
    }
}

fn collect_reads(json: &Value, reads: &mut Vec<Read>) {
    if let Some((root, path)) = root_of(json).filter(|(_, path)| !path.is_empty()) {
        reads.push(Read::Fact(root, path));
        return;
    }
    match json {
        Value::Array(items) => items.iter().for_each(|it| collect_reads(it, reads)),
        Value::Object(members) => {
            for (name, value) in members {
                collect_special(name, value, reads);
                if name != "Value" {
                    collect_reads(value, reads);
                }
            }
        }
        _ => {}
    }
}

fn collect_special(name: &str, value: &Value, reads: &mut Vec<Read>) {
    // The scope: `resource in OrganizationalUnit::"…"`.
    let scope = match name {
        "principal" => Some(Root::Principal),
        "resource" => Some(Root::Resource),
        _ => None,
    };
    if let Some(root) = scope
        && value.get("op").is_some()
        && MEMBERSHIPS.iter().any(|(kind, _)| names(value, kind))
    {
        push_membership(root, Vec::new(), reads);
    }
    let Some((root, mut path)) = value.get("left").and_then(root_of) else {
        return;
    };
    match name {
        "has" => {
            let first = match value.get("attr") {
                Some(Value::Array(names)) => names.first().and_then(Value::as_str),
                Some(name) => name.as_str(),
                None => None,
            };
            path.extend(first.map(str::to_owned));
            reads.push(Read::Fact(root, path));
        }
        "hasTag" | "getTag" => reads.push(Read::Tags(root, path)),
        "in" => push_membership(root, path, reads),
        "is" if value.get("in").is_some() => push_membership(root, path, reads),
        _ => {}
    }
}

/// A membership looks at the units above a thing, or at the vault that it is in.
fn push_membership(root: Root, mut path: Vec<String>, reads: &mut Vec<Read>) {
    reads.push(Read::Units(root, path.clone()));
    path.push(VAULT.to_owned());
    reads.push(Read::Fact(root, path));
}
