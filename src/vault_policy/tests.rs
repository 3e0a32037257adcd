//! Tests of the module: tables of cases, each with the page its expectation comes from, and laws.

mod conditions;
mod decisions;
mod denials;
mod laws;
mod outside;
mod parsing;
mod patterns;

use super::{Context, Decision, Request, VaultPolicy, decide, parse};

/// The action most cases are about.
const DELETE: &str = "backup:DeleteRecoveryPoint";

/// The vault most cases are about.
const VAULT: &str = "arn:aws:backup:eu-west-1:111122223333:backup-vault:prod";

fn policy(text: &str) -> VaultPolicy {
    parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// A policy of these statements, in the current version of the language.
fn statements(text: &str) -> VaultPolicy {
    policy(&format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#))
}

/// `key=value` and `!key`, separated by ` & `.
fn context(text: &str) -> Context {
    let mut context = Context::default();
    for part in text.split(" & ").filter(|part| !part.is_empty()) {
        context.state(part).unwrap();
    }
    context
}

fn ask(policy: &VaultPolicy, principal: Option<&str>, action: &str, known: &str) -> Decision {
    let request = Request::new(principal, action, None, context(known)).unwrap();
    decide(policy, &request)
}

/// The answer as the command line prints it.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
