//! Reading a `ControlScope`: types, ids, one tag.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Scope;
use super::read::Reading;
use super::scope::types_named;
use crate::control::Control;

/// Reads a scope; one that can match nothing is wrong.
pub(super) fn read_scope(
    reading: &mut Reading<'_>,
    control: &Control,
    value: Option<&Value>,
) -> Option<Scope> {
    let before = reading.errors.len();
    let what = format!("control `{}`: `ControlScope`", control.name);
    let mut scope = Scope::default();
    let value = match value {
        None | Some(Value::Null) => return Some(scope),
        Some(value @ Value::Object(_)) => value,
        Some(_) => {
            reading.wrong(format!("{what} is not an object"));
            return None;
        }
    };
    reading.unknown_members(&what, value, &["ComplianceResourceIds", "ComplianceResourceTypes", "Tags"]);
    let types = read_texts(reading, &what, value, "ComplianceResourceTypes");
    scope.types = read_types(reading, &what, control, types.as_deref().unwrap_or_default());
    scope.written_types = types.unwrap_or_default();
    match read_texts(reading, &what, value, "ComplianceResourceIds") {
        Some(ids) if ids.is_empty() || ids.iter().any(|it| it.trim().is_empty()) => {
            reading.wrong(format!(
                "{what} has an empty `ComplianceResourceIds` or an empty id, which can match nothing"
            ));
        }
        Some(ids) => scope.ids = ids,
        None => {}
    }
    let tags = read_tags(reading, &what, value.get("Tags"));
    if tags.len() > 1 {
        reading.wrong(format!("{what} has {} tags; one is allowed", tags.len()));
    }
    scope.tag = tags.into_iter().next();
    (reading.errors.len() == before).then_some(scope)
}

fn read_texts(reading: &mut Reading<'_>, what: &str, value: &Value, member: &str) -> Option<Vec<String>> {
    let list = value.get(member).filter(|it| !it.is_null())?;
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let texts = list.as_array().and_then(|items| items.iter().map(text).collect());
    if texts.is_none() {
        reading.wrong(format!("{what}: `{member}` is not a list of texts"));
    }
    texts
}

fn read_types(
    reading: &mut Reading<'_>,
    what: &str,
    control: &Control,
    written: &[String],
) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for name in written {
        let named = types_named(name);
        let ours: Vec<String> = named.into_iter().filter(|it| control.resources.contains(it)).collect();
        if ours.is_empty() {
            let judged = control.resources.join(", ");
            reading.wrong(format!(
                "{what}: `{name}` is not a type it judges, so it can match nothing; allowed are {judged}, and AWS Backup's short names of them"
            ));
        }
        types.extend(ours);
    }
    types
}

/// Tags as the API writes them, a map, or as CloudFormation does, a list of `Key` and `Value`.
fn read_tags(reading: &mut Reading<'_>, what: &str, value: Option<&Value>) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (key, value) in map {
                match value {
                    Value::String(value) => tags.push((key.clone(), value.clone())),
                    Value::Null => tags.push((key.clone(), String::new())),
                    _ => reading.wrong(format!("{what}: tag `{key}` has a value that is not text")),
                }
            }
        }
        Some(Value::Array(items)) => {
            for item in items {
                let key = item.get("Key").and_then(Value::as_str);
                match (key, item.get("Value").map(Value::as_str)) {
                    (Some(key), None) => tags.push((key.to_owned(), String::new())),
                    (Some(key), Some(Some(value))) => tags.push((key.to_owned(), value.to_owned())),
                    _ => reading.wrong(format!("{what}: a tag is not a `Key` and a `Value`, both text")),
                }
            }
        }
        Some(_) => reading.wrong(format!("{what}: `Tags` is neither a map nor a list")),
    }
    if tags.iter().any(|(key, _)| key.is_empty()) {
        reading.wrong(format!("{what}: a tag has an empty key, which can match nothing"));
    }
    tags
}
