//! What the template allows is what the functions do, and the events they get are those they understand.

use std::collections::{BTreeMap, BTreeSet};

use backproof::event;
use serde_json::Value;

use super::local_aws::python;
use super::shared::{root, run};

/// What the template says of each function, by its handler.
fn template() -> Value {
    let mut command = std::process::Command::new(python());
    command.arg("-B").arg(root().join("tests/stack/template.py")).arg(root().join("template.yaml"));
    let told = run(&mut command);
    assert_eq!(told.status, 0, "{}", told.stderr);
    serde_json::from_str(&told.stdout).unwrap()
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn each_function_is_allowed_what_it_calls_and_nothing_else() {
    let template = template();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = template
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, it)| (name.as_str(), texts(&it["actions"])))
        .collect();
    assert_eq!(allowed, backproof::lambda::permissions());
}

#[test]
fn the_rules_let_through_the_events_that_are_understood_and_no_others() {
    let template = template();
    let patterns = template["react"]["patterns"].as_array().unwrap();
    let calls = |it: &&Value| it["detail"]["eventName"].is_array();
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for pattern in patterns.iter().filter(calls) {
        for source in texts(&pattern["detail"]["eventSource"]) {
            named.entry(source).or_default().extend(texts(&pattern["detail"]["eventName"]));
        }
    }
    assert_eq!(named, event::event_names());
    let others = patterns.iter().filter(|it| !calls(it));
    let let_through: BTreeSet<(&str, &str)> = others
        .flat_map(|it| {
            texts(&it["source"])
                .into_iter()
                .flat_map(|source| texts(&it["detail-type"]).into_iter().map(move |kind| (source, kind)))
        })
        .collect();
    let understood: BTreeSet<(&str, &str)> =
        event::detail_types().into_iter().map(|(source, kind, _)| (source, kind)).collect();
    assert_eq!(let_through, understood);
}
