//! Finds what is worth a remark in a statement.
//! It reads the statement only; what a condition means is decided elsewhere.

use std::collections::BTreeMap;

use super::condition_key::{is_key, is_multivalued};
use super::operator::Comparison;
use super::principal::{Entry, Principal};
use super::remark::{Remark, RemarkKind};
use super::resource::{Coverage, ResourceKind, coverage, resource_kind};
use super::statement::{Clause, Statement};
use super::template::Template;

/// The remarks on a statement; `variables` as the policy's `Version` has it.
pub(super) fn remarks_on(statement: &Statement, variables: bool) -> Vec<Remark> {
    let mut found: Vec<(RemarkKind, String)> = Vec::new();
    principal_remarks(statement, &mut found);
    action_remarks(statement, &mut found);
    for template in &statement.resources.members {
        variable_remarks(template, variables, &mut found);
    }
    for clause in &statement.clauses {
        clause_remarks(clause, variables, &mut found);
    }
    found.sort();
    found.dedup();
    found
        .into_iter()
        .map(|(kind, subject)| Remark { statement: statement.name.clone(), kind, subject })
        .collect()
}

fn principal_remarks(statement: &Statement, found: &mut Vec<(RemarkKind, String)>) {
    let principals = &statement.principals;
    if principals.except {
        found.push((RemarkKind::NotPrincipal, "NotPrincipal".to_owned()));
    }
    let lists_account = |wanted: &str| {
        principals.members.iter().any(|member| {
            matches!(&member.entry, Entry::Named(Principal::Account { account, .. }) if account == wanted)
        })
    };
    for member in &principals.members {
        let kind = match &member.entry {
            Entry::UniqueId(_) => RemarkKind::DeletedPrincipal,
            Entry::PartialWildcard(_) => RemarkKind::PartialWildcardPrincipal,
            Entry::Provider(_) | Entry::CanonicalUser(_) => RemarkKind::ForeignPrincipal,
            Entry::Named(
                Principal::User(identity)
                | Principal::Role(identity)
                | Principal::Federated(identity)
                | Principal::Session { role: identity, .. },
            ) if principals.except && !lists_account(&identity.account) => {
                RemarkKind::NotPrincipalWithoutAccount
            }
            _ => continue,
        };
        found.push((kind, member.text.clone()));
    }
}

fn action_remarks(statement: &Statement, found: &mut Vec<(RemarkKind, String)>) {
    let mut named: BTreeMap<String, &str> = BTreeMap::new();
    for (text, _) in &statement.actions.members {
        let service = text.split(':').next().unwrap_or("");
        if text.contains(['*', '?']) {
            found.push((RemarkKind::ActionWildcard, text.clone()));
        } else if !service.eq_ignore_ascii_case("backup") {
            found.push((RemarkKind::ForeignAction, text.clone()));
        } else if resource_kind(text) != ResourceKind::Other {
            named.entry(text.to_ascii_lowercase()).or_insert(text);
        }
    }
    if statement.actions.except {
        return;
    }
    // At most as many as there are actions on vaults and recovery points, however long the list.
    for text in named.into_values() {
        if coverage(&statement.resources, text, None) == Coverage::None {
            found.push((RemarkKind::ResourceCannotApply, text.to_owned()));
        }
    }
}

fn clause_remarks(clause: &Clause, variables: bool, found: &mut Vec<(RemarkKind, String)>) {
    let Some(operator) = clause.operator else {
        found.push((RemarkKind::UnknownOperator, clause.operator_name.clone()));
        return;
    };
    if clause.values.is_empty() {
        found.push((RemarkKind::NoValues, clause.key.clone()));
    }
    let presence_only = operator.comparison == Comparison::Null;
    if is_multivalued(&clause.key) && operator.set.is_none() && !presence_only {
        found.push((RemarkKind::SetOperatorMissing, clause.key.clone()));
    }
    for value in &clause.values {
        let letter_by_letter = matches!(operator.comparison, Comparison::Text | Comparison::TextAnyCase);
        if letter_by_letter && value.text().replace("${*}", "").replace("${?}", "").contains(['*', '?']) {
            found.push((RemarkKind::LiteralWildcard, value.text().to_owned()));
        }
        if operator.comparison == Comparison::Arn && value.is_short_of_arn() {
            found.push((RemarkKind::NotAnArn, value.text().to_owned()));
        }
        let names_session = value.text().starts_with("arn:") && value.text().contains(":assumed-role/");
        if clause.key == "aws:PrincipalArn" && names_session {
            found.push((RemarkKind::SessionInPrincipalArn, value.text().to_owned()));
        }
        variable_remarks(value, variables, found);
    }
}

fn variable_remarks(template: &Template, variables: bool, found: &mut Vec<(RemarkKind, String)>) {
    if !variables && template.text().contains("${") {
        found.push((RemarkKind::VariableAsText, template.text().to_owned()));
    }
    for name in template.variables().filter(|name| !is_key(name)) {
        found.push((RemarkKind::NotAVariable, name.to_owned()));
    }
}
