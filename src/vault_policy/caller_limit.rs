//! The callers that a value of a condition, or a member of `Principal`, stands for.
//! Where that is not exactly known the limit is wider than the policy's meaning and says so.

use super::limit::{Language, Limit, Subject};
use super::operator::{Comparison, Operator};
use super::pattern::Pattern;
use super::principal::{Entry, Named, Principal};
use super::resource::arn_pattern;
use super::statement::{Clause, Principals};
use super::template::{Lookup, Resolved, Shape, Template};

/// What a condition key says of the caller, if it does.
pub(super) fn subject_of(key: &str) -> Option<Subject> {
    let lower = key.to_ascii_lowercase();
    Some(match lower.as_str() {
        "aws:principalarn" => Subject::PrincipalArn,
        "aws:principalaccount" => Subject::Account,
        "aws:userid" => Subject::UserId,
        "aws:principalorgid" => Subject::Organization,
        "aws:principalorgpaths" => Subject::OrganizationPath,
        "aws:principalservicename" => Subject::Service,
        "aws:principalisawsservice" => Subject::IsService,
        "aws:username" | "aws:principaltype" => Subject::Other(lower),
        _ if lower.starts_with("aws:principaltag/") => Subject::Other(lower),
        _ => return None,
    })
}

/// The callers whose value of the clause's key is in the pattern.
pub(super) fn limit(
    clause: &Clause,
    value: &str,
    subject: Subject,
    pattern: Pattern,
    complete: bool,
) -> Limit {
    Limit {
        key: clause.key.clone(),
        operator: Some(clause.operator_name.clone()),
        value: value.to_owned(),
        language: Language { subject, pattern, complete, partition: None, certain: true },
    }
}

/// The callers that a value matches; none when no caller can have it.
pub(super) fn value_limit(
    clause: &Clause,
    operator: Operator,
    subject: &Subject,
    value: &Template,
    home: Option<&str>,
) -> Option<Limit> {
    if matches!(operator.comparison, Comparison::Text | Comparison::TextAnyCase)
        && cannot_be_a_value(subject, value)
    {
        return None;
    }
    let is_arn = operator.comparison == Comparison::Arn;
    let shape = if is_arn { Shape::Arn } else { Shape::Text };
    let resolved = value.resolve(shape, |key| match home {
        Some(account) if key.eq_ignore_ascii_case("aws:PrincipalAccount") => {
            Lookup::Value(account.to_owned())
        }
        _ => Lookup::Unknown,
    });
    let Resolved::Pattern { pattern, missing } = resolved else {
        return None;
    };
    let pattern = if operator.comparison == Comparison::TextAnyCase { pattern.any_case() } else { pattern };
    if is_arn && value.is_short_of_arn() {
        let (pattern, _) = value.unresolved(Shape::Text);
        return Some(limit(clause, value.text(), subject.clone(), pattern, false));
    }
    Some(limit(clause, value.text(), subject.clone(), pattern, missing.is_empty()))
}

/// A literal `*` or `?` occurs in no account id, organization id, unique id, session name, user name or role name.
fn cannot_be_a_value(subject: &Subject, value: &Template) -> bool {
    match subject {
        Subject::Account | Subject::UserId | Subject::Organization => value.has_literal_wildcard(),
        Subject::PrincipalArn => {
            value.variables().next().is_none()
                && value.text().rsplit('/').next().is_some_and(|name| name.contains(['*', '?']))
        }
        _ => false,
    }
}

/// A member of `Principal` or `NotPrincipal` as a limit; none when it is no caller.
pub(super) fn entry_limit(member: &Named, principals: &Principals) -> Option<Limit> {
    let (subject, pattern, complete) = match &member.entry {
        Entry::Everyone => (Subject::PrincipalArn, Pattern::glob("*"), true),
        Entry::Named(Principal::Account { account, .. }) => {
            (Subject::Account, Pattern::literal(account), true)
        }
        Entry::Named(Principal::User(_) | Principal::Role(_) | Principal::Federated(_)) => {
            (Subject::PrincipalArn, Pattern::literal(&member.text), true)
        }
        Entry::Named(Principal::Session { role, .. }) => {
            let role = format!("arn:{}:iam::{}:role/*{}", role.partition, role.account, role.name());
            (Subject::PrincipalArn, arn_pattern(&role), false)
        }
        Entry::Named(Principal::Service(name)) => (Subject::Service, Pattern::literal(name), true),
        Entry::UniqueId(id) if id.starts_with("AROA") => {
            (Subject::UserId, Pattern::glob(&format!("{id}:*")), true)
        }
        Entry::UniqueId(id) => (Subject::UserId, Pattern::literal(id), true),
        Entry::PartialWildcard(text) => (Subject::PrincipalArn, Pattern::glob(text), false),
        Entry::CanonicalUser(_) => (Subject::Other("canonicaluser".to_owned()), Pattern::glob("*"), false),
        Entry::Provider(_) => return None,
    };
    let partition = match &member.entry {
        Entry::Named(Principal::Account { partition, .. }) => partition.clone(),
        _ => None,
    };
    let key = if principals.except { "NotPrincipal" } else { "Principal" };
    let certain = complete && (!principals.except || is_surely_spared(member, principals));
    Some(Limit {
        key: key.to_owned(),
        operator: None,
        value: member.text.clone(),
        language: Language { subject, pattern, complete, partition, certain },
    })
}

/// Whether `NotPrincipal` is documented to spare the member: a user or role with a permissions boundary is denied all
/// the same, and an account listed beside its members may only be there because AWS asks for it.
fn is_surely_spared(member: &Named, principals: &Principals) -> bool {
    match &member.entry {
        Entry::Named(Principal::Service(_)) => true,
        Entry::Named(Principal::Account { account, .. }) => {
            !principals.members.iter().any(|other| belongs_to(&other.entry, account))
        }
        _ => false,
    }
}

/// Whether the entry is a single principal of the account.
pub(super) fn belongs_to(entry: &Entry, account: &str) -> bool {
    match entry {
        Entry::Named(
            Principal::User(identity) | Principal::Role(identity) | Principal::Federated(identity),
        ) => identity.account == account,
        Entry::Named(Principal::Session { role, .. }) => role.account == account,
        _ => false,
    }
}
