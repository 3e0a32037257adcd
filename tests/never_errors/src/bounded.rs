//! Conditions that say what numbers a policy can meet: of facts by their names, of parameters by their declared bounds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::range::greatest;

/// The declared types of facts and the bounds of parameters.
pub(crate) struct Bounds {
    vocabulary: Value,
    control: String,
    parameters: Value,
}

impl Bounds {
    /// Of the vocabulary's and the control's schemas in Cedar's JSON form.
    pub(crate) fn of(vocabulary: Value, declared: Value) -> Self {
        let actions = declared.pointer("/Control/actions").and_then(Value::as_object);
        let (control, action) = actions
            .and_then(|it| it.iter().next())
            .map_or_else(|| (String::new(), Value::Null), |(name, action)| (name.clone(), action.clone()));
        let parameters = action.pointer("/appliesTo/context/attributes").cloned().unwrap_or_default();
        Self { vocabulary, control, parameters }
    }

    /// The control's name.
    pub(crate) fn control(&self) -> &str {
        &self.control
    }

    /// One condition for each number that a policy reads, given the types of principal and resource.
    pub(crate) fn conditions(&self, policy: &Value, types: &BTreeMap<&str, String>) -> Vec<Value> {
        let mut paths = BTreeSet::new();
        walk(policy, &mut paths);
        paths.iter().filter_map(|path| self.condition(path, types)).collect()
    }

    fn condition(&self, path: &[String], types: &BTreeMap<&str, String>) -> Option<Value> {
        let (root, steps) = path.split_first()?;
        let (least, most, optional) = match root.as_str() {
            "context" => self.parameter(steps)?,
            root => (0, greatest(steps.last()?), self.fact(types.get(root)?, steps)?),
        };
        let mut value = json!({ "Var": root });
        let mut present = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            if optional.contains(&index) {
                present.push(json!({ "has": { "left": value, "attr": step } }));
            }
            value = json!({ ".": { "left": value, "attr": step } });
        }
        let above = json!({ ">=": { "left": value, "right": { "Value": least } } });
        let below = json!({ "<=": { "left": value, "right": { "Value": most } } });
        let within = json!({ "&&": { "left": above, "right": below } });
        let always = json!({ "Value": true });
        let body = present.into_iter().rev().fold(
            within,
            |then, present| json!({ "if-then-else": { "if": present, "then": then, "else": always } }),
        );
        Some(json!({ "kind": "when", "body": body }))
    }

    /// The least and greatest value of a parameter, and whether it may be left out; none if it is no number.
    fn parameter(&self, steps: &[String]) -> Option<(i64, i64, BTreeSet<usize>)> {
        let [name] = steps else { return None };
        let declared = self.parameters.get(name)?;
        is_long(declared).then_some(())?;
        let bounds = |annotation: &str| {
            let text = declared.get("annotations")?.get(annotation)?.as_str()?;
            // `N`, or `N when PARAMETER is VALUE; N when …`.
            let limits = text.split(';').map(|it| it.split_whitespace().next()?.parse::<i64>().ok());
            limits.collect::<Option<Vec<i64>>>()
        };
        let least = bounds("min").and_then(|it| it.into_iter().min()).unwrap_or(i64::MIN);
        let most = bounds("max").and_then(|it| it.into_iter().max()).unwrap_or(i64::MAX);
        Some((least, most, if is_optional(declared) { BTreeSet::from([0]) } else { BTreeSet::new() }))
    }

    /// Which steps of a path may be left out; none if it leads to no number.
    fn fact(&self, type_name: &str, steps: &[String]) -> Option<BTreeSet<usize>> {
        let (mut namespace, name) = type_name.rsplit_once("::")?;
        let mut declared = self.vocabulary.get(namespace)?.get("entityTypes")?.get(name)?.get("shape")?;
        let mut optional = BTreeSet::new();
        for (index, step) in steps.iter().enumerate() {
            declared = self.resolve(&mut namespace, declared)?.get("attributes")?.get(step)?;
            if is_optional(declared) {
                optional.insert(index);
            }
        }
        is_long(declared).then_some(optional)
    }

    /// What a reference to an entity or to a common type stands for; what is neither stands for itself.
    fn resolve<'a>(&'a self, namespace: &mut &'a str, declared: &'a Value) -> Option<&'a Value> {
        let Some(name) = declared.get("name").and_then(Value::as_str) else {
            return Some(declared);
        };
        let (within, name) = name.rsplit_once("::").unwrap_or((namespace, name));
        *namespace = within;
        let body = self.vocabulary.get(within)?;
        let common = body.get("commonTypes").and_then(|it| it.get(name));
        common.or_else(|| body.get("entityTypes")?.get(name)?.get("shape"))
    }
}

fn is_long(declared: &Value) -> bool {
    let names = [declared.get("type"), declared.get("name")];
    names.into_iter().flatten().any(|it| matches!(it.as_str(), Some("Long" | "__cedar::Long")))
}

fn is_optional(declared: &Value) -> bool {
    declared.get("required").and_then(Value::as_bool) == Some(false)
}

/// All paths from a variable, each by its names.
fn walk(expression: &Value, paths: &mut BTreeSet<Vec<String>>) {
    paths.extend(path_of(expression).filter(|it| it.len() > 1));
    match expression {
        Value::Array(items) => items.iter().for_each(|it| walk(it, paths)),
        Value::Object(members) => members.values().for_each(|it| walk(it, paths)),
        _ => {}
    }
}

fn path_of(expression: &Value) -> Option<Vec<String>> {
    if let Some(variable) = expression.get("Var").and_then(Value::as_str) {
        return Some(vec![variable.to_owned()]);
    }
    let access = expression.get(".")?;
    let mut path = path_of(access.get("left")?)?;
    path.push(access.get("attr")?.as_str()?.to_owned());
    Some(path)
}
