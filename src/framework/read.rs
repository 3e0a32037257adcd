//! Reading a framework's JSON, and all that is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::control_scope::read_scope;
use super::{ChosenControl, Framework, Scope, object};
use crate::control::{Control, Controls};

/// Something that is wrong with a framework.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("framework `{framework}`: {message}")]
pub struct FrameworkError {
    /// The framework, by its name or its file's.
    pub framework: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// A framework being read, and what was found wrong so far.
pub(super) struct Reading<'a> {
    name: String,
    controls: &'a Controls,
    pub(super) errors: Vec<FrameworkError>,
}

impl Reading<'_> {
    pub(super) fn wrong(&mut self, message: impl Into<String>) {
        self.errors.push(FrameworkError { framework: self.name.clone(), message: message.into() });
    }

    pub(super) fn unknown_members(&mut self, what: &str, value: &Value, allowed: &[&str]) {
        for name in object(value).into_iter().flat_map(|it| it.keys()) {
            if !allowed.contains(&name.as_str()) {
                self.wrong(format!("{what} has a member `{name}`; allowed are {}", allowed.join(", ")));
            }
        }
    }
}

/// Reads a file's frameworks: one, or every `AWS::Backup::Framework` of a CloudFormation template.
///
/// `stem` names a framework that does not name itself.
pub fn parse(text: &str, stem: &str, controls: &Controls) -> Result<Vec<Framework>, Vec<FrameworkError>> {
    let refuse = |message: String| Err(vec![FrameworkError { framework: stem.to_owned(), message }]);
    let json: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(json) => json,
        Err(error) => {
            return refuse(format!("is not JSON: {error}; frameworks and templates are read as JSON"));
        }
    };
    let found = match frameworks_in(&json, stem) {
        Ok(found) => found,
        Err(message) => return refuse(message),
    };
    let (mut frameworks, mut errors) = (Vec::new(), Vec::new());
    for (name, body) in found {
        match read_framework(name, body, controls) {
            Ok(framework) => frameworks.push(framework),
            Err(mut found) => errors.append(&mut found),
        }
    }
    if errors.is_empty() { Ok(frameworks) } else { Err(errors) }
}

/// A framework of these controls at their defaults, under this name; everything of every type.
pub fn default_framework(
    name: &str,
    description: &str,
    chosen: &[Arc<Control>],
) -> Result<Framework, Vec<FrameworkError>> {
    let mut reading = Reading { name: name.to_owned(), controls: &Controls::new(), errors: Vec::new() };
    let mut controls = Vec::new();
    for control in chosen {
        controls.extend(choose(&mut reading, control, BTreeMap::new(), Scope::default()));
    }
    if !reading.errors.is_empty() {
        return Err(reading.errors);
    }
    Ok(Framework { name: name.to_owned(), description: description.to_owned(), controls })
}

type Found<'a> = Vec<(String, &'a Value)>;

fn frameworks_in<'a>(json: &'a Value, stem: &str) -> Result<Found<'a>, String> {
    const TYPE: &str = "AWS::Backup::Framework";
    let is_framework = |it: &Value| it.get("Type").and_then(Value::as_str) == Some(TYPE);
    let properties = |it: &'a Value| it.get("Properties").unwrap_or(&Value::Null);
    if object(json).is_none() {
        return Err("is not a JSON object; expected AWS's CreateFramework or CloudFormation form".to_owned());
    }
    if let Some(kind) = json.get("Type") {
        return if is_framework(json) {
            Ok(vec![(stem.to_owned(), properties(json))])
        } else {
            Err(format!("is a resource of type `{}`; expected `{TYPE}`", kind.as_str().unwrap_or_default()))
        };
    }
    if let Some(resources) = json.get("Resources").and_then(object) {
        let found: Found<'a> = resources
            .iter()
            .filter(|(_, it)| is_framework(it))
            .map(|(id, it)| (id.clone(), properties(it)))
            .collect();
        return match found.is_empty() {
            true => Err(format!("is a template without a resource of type `{TYPE}`")),
            false => Ok(found),
        };
    }
    Ok(vec![(stem.to_owned(), json)])
}

fn read_framework(name: String, body: &Value, controls: &Controls) -> Result<Framework, Vec<FrameworkError>> {
    let mut reading = Reading { name, controls, errors: Vec::new() };
    read_name(&mut reading, body);
    let description = body.get("FrameworkDescription").and_then(Value::as_str).unwrap_or_default();
    let mut chosen: Vec<ChosenControl> = Vec::new();
    match body.get("FrameworkControls") {
        Some(Value::Array(items)) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                chosen.extend(read_control(&mut reading, index, item));
            }
        }
        Some(Value::Array(_)) => reading.wrong("`FrameworkControls` is empty, so nothing would be judged"),
        Some(_) => reading.wrong("`FrameworkControls` is not a list"),
        None => {
            reading.wrong("has no `FrameworkControls`; expected AWS's CreateFramework or CloudFormation form")
        }
    }
    for (index, one) in chosen.iter().enumerate() {
        let same = |other: &ChosenControl| {
            other.control.name == one.control.name && other.given == one.given && other.scope == one.scope
        };
        if chosen.iter().take(index).any(same) {
            let name = &one.control.name;
            reading.wrong(format!("control `{name}` is there twice, with the same parameters and scope"));
        }
    }
    if !reading.errors.is_empty() {
        return Err(reading.errors);
    }
    Ok(Framework { name: reading.name, description: description.to_owned(), controls: chosen })
}

/// API_CreateFramework: 1 to 256 characters, a letter first, then letters, digits and underscores.
fn read_name(reading: &mut Reading<'_>, body: &Value) {
    match body.get("FrameworkName") {
        Some(Value::String(name)) => {
            let mut characters = name.chars();
            let good = characters.next().is_some_and(|it| it.is_ascii_alphabetic())
                && characters.all(|it| it.is_ascii_alphanumeric() || it == '_')
                && name.len() <= 256;
            if good {
                reading.name.clone_from(name);
            } else {
                reading.wrong(format!(
                    "`FrameworkName` is `{name}`; a letter is expected, then letters, digits and underscores, at most 256"
                ));
            }
        }
        Some(_) => {
            reading.wrong("`FrameworkName` is not text; CloudFormation functions are not resolved here")
        }
        None => {}
    }
}

fn read_control(reading: &mut Reading<'_>, index: usize, item: &Value) -> Option<ChosenControl> {
    let Some(name) = item.get("ControlName").and_then(Value::as_str) else {
        reading.wrong(format!("control {} has no `ControlName`", index + 1));
        return None;
    };
    let what = format!("control `{name}`");
    reading.unknown_members(&what, item, &["ControlName", "ControlInputParameters", "ControlScope"]);
    let before = reading.errors.len();
    let given = read_parameters(reading, &what, item.get("ControlInputParameters"));
    let Some(control) = reading.controls.get(name).cloned() else {
        let known: Vec<&str> = reading.controls.keys().map(String::as_str).collect();
        reading.wrong(format!("control `{name}` is not known; known are {}", known.join(", ")));
        return None;
    };
    let scope = read_scope(reading, &control, item.get("ControlScope"));
    let chosen = choose(reading, &control, given, scope.unwrap_or_default());
    chosen.filter(|_| reading.errors.len() == before)
}

fn read_parameters(reading: &mut Reading<'_>, what: &str, list: Option<&Value>) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    let items = match list {
        None | Some(Value::Null) => return given,
        Some(Value::Array(items)) => items,
        Some(_) => {
            reading.wrong(format!("{what}: `ControlInputParameters` is not a list"));
            return given;
        }
    };
    for item in items {
        let member = |name: &str| item.get(name).and_then(Value::as_str);
        reading.unknown_members(what, item, &["ParameterName", "ParameterValue"]);
        match (member("ParameterName"), member("ParameterValue")) {
            (Some(name), Some(value)) => {
                if given.insert(name.to_owned(), value.to_owned()).is_some() {
                    reading.wrong(format!("{what}: parameter `{name}` is given twice"));
                }
            }
            (Some(name), None) => reading.wrong(format!(
                "{what}: parameter `{name}` has no `ParameterValue` that is text; AWS passes all values as text"
            )),
            (None, _) => reading.wrong(format!("{what}: a parameter has no `ParameterName`")),
        }
    }
    given
}

/// A control with these parameters; what is not given has its default.
fn choose(
    reading: &mut Reading<'_>,
    control: &Arc<Control>,
    mut given: BTreeMap<String, String>,
    scope: Scope,
) -> Option<ChosenControl> {
    let before = reading.errors.len();
    let what = format!("control `{}`", control.name);
    let known: Vec<&str> = control.parameters.keys().map(String::as_str).collect();
    for name in given.keys().filter(|it| !control.parameters.contains_key(*it)) {
        let allowed = match known.as_slice() {
            [] => "it takes none".to_owned(),
            known => format!("it takes {}", known.join(", ")),
        };
        reading.wrong(format!("{what}: parameter `{name}` is not known; {allowed}"));
    }
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &control.parameters {
        if let Some(default) = &parameter.default {
            given.entry(name.clone()).or_insert_with(|| default.clone());
        }
        match given.get(name) {
            Some(text) => match parameter.value_of(text) {
                Ok(value) => {
                    parameters.insert(name.clone(), value);
                }
                Err(error) => reading.wrong(format!("{what}: {error}")),
            },
            None if parameter.required => reading.wrong(format!(
                "{what}: parameter `{name}` is missing and has no default; expected {}",
                parameter.taken()
            )),
            None => {}
        }
    }
    for parameter in control.parameters.values() {
        if let Err(error) = parameter.check_bounds(&parameters) {
            reading.wrong(format!("{what}: {error}"));
        }
    }
    (reading.errors.len() == before).then(|| ChosenControl {
        control: Arc::clone(control),
        parameters,
        given,
        scope,
    })
}
