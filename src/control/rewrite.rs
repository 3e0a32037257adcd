//! Policies rewritten so that looking at something unknown is an error.
//!
//! Cedar answers `has`, `hasTag` and `in` with false where an entity lacks an attribute, a tag or an ancestor,
//! and cannot know that it lacks them because a call failed. Things therefore carry a marker for each fact, their tags
//! or their units where those could not be learned, and every such test first looks for its marker:
//! `resource.hasTag("env")` becomes
//! `if resource has "missing tags" then resource."missing tags!" else resource.hasTag("env")`, whose middle part always errs.
//! Cedar's own short-circuiting stays exact.

use serde_json::{Map, Value, json};

use super::policy::path_of;

/// What begins the name of a marker; no API field has a space in it.
pub(crate) const MARKER: &str = "missing ";
/// The marker's name for tags.
pub(crate) const TAGS: &str = "tags";
/// The marker's name for organizational units.
pub(crate) const UNITS: &str = "units";

/// The fact that says which vault a thing is in; where it is missing, so is the membership.
pub(super) const VAULT: &str = "vault";

/// The types whose membership may be unknown, each with the marker that says so.
pub(super) const MEMBERSHIPS: [(&str, &str); 2] =
    [("AWS::Organizations::OrganizationalUnit", UNITS), ("AWS::Backup::BackupVault", VAULT)];

/// Rewrites a policy set in Cedar's JSON form.
pub(super) fn policy_set(mut json: Value) -> Result<Value, String> {
    let policies = json.get_mut("staticPolicies").and_then(Value::as_object_mut);
    for (id, policy) in policies.into_iter().flatten() {
        rewrite_policy(policy).map_err(|message| format!("policy `{id}`: {message}"))?;
    }
    Ok(json)
}

fn rewrite_policy(policy: &mut Value) -> Result<(), String> {
    // A control is asked about its own action only, and its annotations have been read.
    if let Some(policy) = policy.as_object_mut() {
        policy.insert("action".to_owned(), json!({ "op": "All" }));
        policy.shift_remove("annotations");
    }
    let mut conditions = Vec::new();
    for variable in ["principal", "resource"] {
        if let Some(scope) = policy.get_mut(variable) {
            conditions.extend(scope_condition(variable, scope));
        }
    }
    if let Some(Value::Array(written)) = policy.get_mut("conditions") {
        for condition in written.iter_mut() {
            if let Some(body) = condition.get_mut("body") {
                rewrite(body)?;
            }
        }
        conditions.append(written);
        *written = conditions;
    }
    Ok(())
}

/// Moves `resource in OrganizationalUnit::"…"` and the like from the scope, where they cannot be guarded, into a condition.
fn scope_condition(variable: &str, scope: &mut Value) -> Option<Value> {
    let equality = scope.get("op").and_then(Value::as_str) == Some("==");
    if equality || !MEMBERSHIPS.iter().any(|(kind, _)| names(scope, kind)) {
        return None;
    }
    let holder = scope.get("in").unwrap_or(scope);
    let set = match (holder.get("entity"), holder.get("entities")) {
        (Some(entity), _) => json!({ "Value": { "__entity": entity } }),
        (None, Some(Value::Array(entities))) => {
            let values: Vec<Value> =
                entities.iter().map(|it| json!({ "Value": { "__entity": it } })).collect();
            json!({ "Set": values })
        }
        _ => return None,
    };
    *scope = match scope.get("entity_type") {
        Some(entity_type) => json!({ "op": "is", "entity_type": entity_type }),
        None => json!({ "op": "All" }),
    };
    let left = json!({ "Var": variable });
    let test = json!({ "in": { "left": left, "right": set } });
    Some(json!({ "kind": "when", "body": guarded_membership(&left, &set, test) }))
}

/// Whether an expression names an entity of this type; `AWS::A` is not in `AWS::AB`.
pub(super) fn names(expression: &Value, kind: &str) -> bool {
    expression.to_string().contains(&format!("\"{kind}\""))
}

/// A membership in what may be of a type, or of several where it is not a literal.
fn guarded_membership(left: &Value, right: &Value, test: Value) -> Value {
    let literal = !right.to_string().contains("\"Var\":");
    let possible = MEMBERSHIPS.iter().filter(|(kind, _)| !literal || names(right, kind));
    possible.fold(test, |test, (_, marker)| guarded(left, marker, test))
}

fn guarded(left: &Value, marker: &str, test: Value) -> Value {
    json!({ "if-then-else": {
        "if": { "has": { "left": left, "attr": format!("{MARKER}{marker}") } },
        "then": { ".": { "left": left, "attr": format!("{MARKER}{marker}!") } },
        "else": test,
    } })
}

fn rewrite(expression: &mut Value) -> Result<(), String> {
    match expression {
        Value::Array(items) => items.iter_mut().try_for_each(rewrite),
        Value::Object(members) => {
            if members.contains_key("Value") {
                return Ok(());
            }
            if let Some(Value::Object(fields)) = members.get_mut("Record") {
                return fields.values_mut().try_for_each(rewrite);
            }
            members.values_mut().try_for_each(rewrite)?;
            if let Some(guarded) = guard(members)? {
                *expression = guarded;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The guarded form of a test, if it is one that Cedar would answer with false for want of knowledge.
fn guard(members: &Map<String, Value>) -> Result<Option<Value>, String> {
    for operator in ["hasTag", "in", "is", "has"] {
        let Some(operands) = members.get(operator) else {
            continue;
        };
        let membership = match operator {
            "in" => operands.get("right"),
            "is" => operands.get("in"),
            _ => None,
        };
        if operator == "is" && membership.is_none() {
            return Ok(None);
        }
        let Some(left) = operands.get("left") else {
            return Ok(None);
        };
        let Some((variable, _)) = path_of(left) else {
            return Err(format!(
                "`{operator}` stands behind something computed; only principal, resource and their attributes can be asked"
            ));
        };
        if !matches!(variable.as_str(), "principal" | "resource") {
            return Ok(None);
        }
        let test = Value::Object(members.clone());
        return Ok(Some(match (operator, membership) {
            ("has", _) => guarded_has(left, operands.get("attr").unwrap_or(&Value::Null)),
            (_, Some(right)) => guarded_membership(left, right, test),
            _ => guarded(left, TAGS, test),
        }));
    }
    Ok(None)
}

/// `has` with one name or a way of several: each step is guarded by the marker of its own name.
fn guarded_has(left: &Value, attribute: &Value) -> Value {
    let names: Vec<&str> = match attribute {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    };
    let mut left = left.clone();
    let mut whole: Option<Value> = None;
    for name in names {
        let test = json!({ "has": { "left": left, "attr": name } });
        let step = guarded(&left, name, test);
        whole = Some(match whole {
            None => step,
            Some(before) => json!({ "&&": { "left": before, "right": step } }),
        });
        left = json!({ ".": { "left": left, "attr": name } });
    }
    whole.unwrap_or(json!({ "Value": false }))
}
