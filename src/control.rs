//! A control, parsed and checked: what it judges, its parameters, its policies, its cases.
//!
//! Turns text into a control or into all that is wrong with it. Reads no files and judges nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

mod asked;
mod bounds;
mod case;
mod compiled;
mod error;
mod look;
mod parameter;
mod policy;
pub(crate) mod rewrite;
mod template;

pub use case::{Case, CaseEntity, Cases};
pub use compiled::{BuiltIn, CompiledControl, compile};
pub use error::{ControlError, ControlProblem};
pub use look::{Look, Looks, Sharing, TagKey, tag_key};
pub use parameter::{Parameter, ParameterError};
pub use policy::{Policies, Policy, Read, Root};
pub use template::{Filling, Template, escape_controls};

use crate::facts::types;
use crate::model::Severity;
use crate::vocabulary::{Action, Vocabulary};

/// The reason where something is in scope and nothing was put forward for it.
pub const MISSING_REASON: &str = "missing";

/// The texts of a control's folder.
#[derive(Clone, Debug, Default)]
pub struct ControlSource {
    /// The folder's name, kebab-case.
    pub folder: String,
    /// `control.cedarschema`.
    pub schema: String,
    /// `control.cedar`.
    pub policies: String,
    /// `README.md`.
    pub readme: String,
    /// `cases.json`.
    pub cases: String,
}

/// How the answers over several pieces of evidence make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SatisfiedBy {
    /// One good piece is enough.
    Any,
    /// All must be good.
    Every,
}

/// Where evidence may be recorded to count for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceFrom {
    /// The resource's own account and Region.
    Region,
    /// Any account and Region of the inventory.
    Inventory,
}

/// A control that can be put to use.
#[derive(Debug)]
pub struct Control {
    /// AWS's name where AWS has one: `BACKUP_RECOVERY_POINT_ENCRYPTED`.
    pub name: String,
    /// What is true of what passes.
    pub title: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// How evidence is folded.
    pub satisfied_by: SatisfiedBy,
    /// Where evidence counts from.
    pub evidence_from: EvidenceFrom,
    /// What is said when something is in scope and nothing was put forward for it.
    pub missing: Option<Template>,
    /// AWS Config's word for how often AWS evaluates it, for AWS's report; none for a change-triggered control.
    pub frequency: Option<String>,
    /// Types that can be put forward beside the account.
    pub evidence: Vec<String>,
    /// Types that are judged.
    pub resources: Vec<String>,
    /// Its parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// What decides.
    pub policies: Policies,
    /// Its prose.
    pub readme: Cow<'static, str>,
    /// Its cases.
    pub cases: Cases,
    /// SHA-256 over schema and policies, in hexadecimal: what judged.
    pub digest: String,
}

impl Control {
    /// Parses a folder's texts; all that is wrong with them at once.
    pub fn parse(source: &ControlSource, vocabulary: &Vocabulary) -> Result<Self, Vec<ControlError>> {
        let name = source.folder.to_ascii_uppercase().replace('-', "_");
        let mut errors = Errors { control: name.clone(), found: Vec::new() };
        if let Err((file, problem)) = bounds::check(source) {
            errors.add(file, problem);
            return Err(errors.found);
        }
        let declared = vocabulary.read_actions(&source.schema);
        let (action, schema) = match declared.map(|(actions, schema)| (only_action(actions, &name), schema)) {
            Ok((Ok(action), schema)) => (action, schema),
            Ok((Err(problem), _)) => {
                errors.add("control.cedarschema", problem);
                return Err(errors.found);
            }
            Err(error) => {
                errors.add("control.cedarschema", ControlProblem::Schema(Box::new(error)));
                return Err(errors.found);
            }
        };
        let policies = Policies::parse(&source.policies, &action, &schema, vocabulary);
        let policies = errors.take_all("control.cedar", policies);
        let cases = errors.take("cases.json", case::parse(&source.cases));
        let mut control = Self::from_action(action, vocabulary, &mut errors);
        if let (Some(policies), Some(cases)) = (policies, cases) {
            control.policies = policies;
            control.cases = Cases::from(cases);
        }
        control.readme = Cow::Owned(source.readme.clone());
        control.digest = digest(&source.schema, &source.policies);
        if source.readme.trim().is_empty() {
            errors
                .add("README.md", ControlProblem::Other("is empty; say what the control checks".to_owned()));
        }
        if errors.found.is_empty() { Ok(control) } else { Err(errors.found) }
    }

    fn from_action(action: Action, vocabulary: &Vocabulary, errors: &mut Errors) -> Self {
        let file = "control.cedarschema";
        let annotation = |name: &str| action.annotations.get(name).cloned();
        let severity = annotation("severity").unwrap_or_default();
        let severity = severity.parse().map_err(|error: crate::model::SeverityError| {
            ControlProblem::Other(format!("`@severity`: {error}"))
        });
        let severity = errors.take(file, severity).unwrap_or(Severity::Low);
        if annotation("title").is_none_or(|it| it.trim().is_empty()) {
            errors.add(file, ControlProblem::Other("has no `@title`".to_owned()));
        }
        let satisfied_by = match annotation("satisfiedBy").as_deref() {
            Some("any") => SatisfiedBy::Any,
            None | Some("every") => SatisfiedBy::Every,
            Some(other) => {
                errors.add(file, not_allowed("satisfiedBy", other, "any, every"));
                SatisfiedBy::Every
            }
        };
        let evidence_from = match annotation("evidence").as_deref() {
            None | Some("region") => EvidenceFrom::Region,
            Some("inventory") => EvidenceFrom::Inventory,
            Some(other) => {
                errors.add(file, not_allowed("evidence", other, "region, inventory"));
                EvidenceFrom::Region
            }
        };
        let missing = annotation("missing").map(|text| Template::parse(&text, &action, vocabulary));
        let missing = missing.and_then(|it| errors.take(file, it.map_err(ControlProblem::Other)));
        let mut parameters = BTreeMap::new();
        for (name, attribute) in &action.parameters {
            let parameter = Parameter::parse(name, attribute).map_err(ControlProblem::Other);
            parameters.extend(errors.take(file, parameter).map(|it| (name.clone(), it)));
        }
        for problem in check_types(&action) {
            errors.add(file, ControlProblem::Other(problem));
        }
        let evidence: Vec<String> =
            action.principals.iter().filter(|it| *it != types::ACCOUNT).cloned().collect();
        if !evidence.is_empty() && missing.is_none() {
            let text = "puts evidence forward and has no `@missing` to say when there is none";
            errors.add(file, ControlProblem::Other(text.to_owned()));
        }
        Self {
            title: annotation("title").unwrap_or_default(),
            severity,
            satisfied_by,
            evidence_from,
            missing,
            frequency: annotation("frequency"),
            evidence,
            resources: action.resources,
            parameters,
            policies: Policies::default(),
            readme: Cow::Borrowed(""),
            cases: Cases::from(Vec::new()),
            digest: String::new(),
            name: action.name,
        }
    }
}

fn not_allowed(annotation: &str, found: &str, allowed: &str) -> ControlProblem {
    ControlProblem::Other(format!("`@{annotation}` is `{found}`; allowed are {allowed}"))
}

struct Errors {
    control: String,
    found: Vec<ControlError>,
}

impl Errors {
    fn add(&mut self, file: &'static str, problem: ControlProblem) {
        self.found.push(ControlError { control: self.control.clone(), file, problem });
    }

    fn take<T>(&mut self, file: &'static str, result: Result<T, ControlProblem>) -> Option<T> {
        result.map_err(|problem| self.add(file, problem)).ok()
    }

    fn take_all<T>(&mut self, file: &'static str, result: Result<T, Vec<ControlProblem>>) -> Option<T> {
        let add_all = |problems: Vec<_>| problems.into_iter().for_each(|it| self.add(file, it));
        result.map_err(add_all).ok()
    }
}

fn only_action(mut actions: Vec<Action>, name: &str) -> Result<Action, ControlProblem> {
    match (actions.len(), actions.pop()) {
        (1, Some(action)) if action.name == name => Ok(action),
        (1, Some(action)) => Err(ControlProblem::Other(format!(
            "declares action `{}`, but its folder says `{name}`; folder and action are the same name in kebab-case and upper case",
            action.name
        ))),
        (count, _) => Err(ControlProblem::Other(format!(
            "declares {count} actions; a control is exactly one, `{name}`"
        ))),
    }
}

/// The types an action names must be ones that can be judged, and evidence must be linked to what it is put forward for.
fn check_types(action: &Action) -> Vec<String> {
    let mut problems = Vec::new();
    if action.resources.is_empty() {
        problems.push("judges no type of resource".to_owned());
    }
    if !action.principals.iter().any(|it| it == types::ACCOUNT) {
        problems.push(format!("does not name `{}` as a principal, which decides scope", types::ACCOUNT));
    }
    for principal in action.principals.iter().filter(|it| *it != types::ACCOUNT) {
        for resource in &action.resources {
            let allowed = types::evidence_for(resource);
            if !allowed.contains(&principal.as_str()) {
                let allowed = match allowed {
                    [] => "nothing but the account can be".to_owned(),
                    allowed => format!("allowed are {}", allowed.join(", ")),
                };
                problems.push(format!("`{principal}` cannot be put forward for `{resource}`; {allowed}"));
            }
        }
    }
    for resource in action.resources.iter().filter(|it| [types::ACCOUNT, types::UNIT].contains(&it.as_str()))
    {
        problems.push(format!("judges `{resource}`, which is not listed by any call"));
    }
    problems
}

fn digest(schema: &str, policies: &str) -> String {
    let mut hasher = Sha256::new();
    for text in [schema, policies] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hexadecimal(&hasher.finalize())
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Controls by name, shared by frameworks.
pub type Controls = BTreeMap<String, Arc<Control>>;
