//! What a vault's policy says of one request, with an explicit deny first ("Policy evaluation logic").
//! It speaks of this policy alone: identity policies, permissions boundaries, organization policies and Vault Lock decide too.

use std::collections::BTreeSet;

use serde::Serialize;

use super::arn::Arn;
use super::caller_limit::belongs_to;
use super::condition::{evaluate, lookup};
use super::condition_key::PERMISSIONS_BOUNDARY;
use super::pattern::Pattern;
use super::principal::{Entry, Principal};
use super::request::{Context, Fact, Request, role_arns};
use super::resource::{Coverage, RESOURCE, ResourceKind, arn_pattern, coverage, resource_kind};
use super::statement::{Effect, Principals, Statement, StatementRef, VaultPolicy};
use super::template::{Resolved, Shape};
use super::truth::Truth;

/// Stands in an answer's dependencies for "it depends on who asks".
pub const PRINCIPAL: &str = "Principal";

/// What a policy says of a request, from the most closed to the most open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A statement denies it.
    Deny,
    /// It depends on something that is not known.
    Undecided,
    /// No statement speaks of it.
    None,
    /// A statement allows it and none denies it. Where the statement names an account, that account's own policies
    /// must allow it as well ("AWS account principals").
    Allow,
}

/// The answer of [`decide`]. In JSON: `decision` (`deny`, `undecided`, `none`, `allow`), `statements` (a `Sid`, or the
/// position from 0 as a number) and `dependsOn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What the policy says.
    pub decision: Outcome,
    /// The statements that say so, or, when undecided, those that might and those they would override.
    pub statements: Vec<StatementRef>,
    /// When undecided: condition keys and policy variables, [`PRINCIPAL`], [`RESOURCE`] or [`PERMISSIONS_BOUNDARY`]
    /// (stated as a context key), sorted. Empty when AWS documents no answer.
    pub depends_on: Vec<String>,
}

/// Decides a request.
pub fn decide(policy: &VaultPolicy, request: &Request) -> Decision {
    let spoken: Vec<(&Statement, Truth)> = policy
        .statements
        .iter()
        .map(|statement| (statement, applies(statement, request)))
        .filter(|(_, truth)| *truth != Truth::No)
        .collect();
    let names = |wanted: &dyn Fn(Effect, &Truth) -> bool| -> Vec<StatementRef> {
        spoken
            .iter()
            .filter(|(statement, truth)| wanted(statement.effect, truth))
            .map(|(statement, _)| statement.name.clone())
            .collect()
    };
    let denies = names(&|effect, truth| effect == Effect::Deny && *truth == Truth::Yes);
    if !denies.is_empty() {
        return Decision { decision: Outcome::Deny, statements: denies, depends_on: Vec::new() };
    }
    let allows = names(&|effect, truth| effect == Effect::Allow && *truth == Truth::Yes);
    let may_deny = spoken.iter().any(|(statement, _)| statement.effect == Effect::Deny);
    if may_deny || (allows.is_empty() && !spoken.is_empty()) {
        let depends_on: BTreeSet<String> = spoken
            .iter()
            .filter_map(|(_, truth)| match truth {
                Truth::Unknown(names) => Some(names.iter().cloned()),
                _ => None,
            })
            .flatten()
            .collect();
        let statements = names(&|_, _| true);
        return Decision {
            decision: Outcome::Undecided,
            statements,
            depends_on: depends_on.into_iter().collect(),
        };
    }
    let decision = if allows.is_empty() { Outcome::None } else { Outcome::Allow };
    Decision { decision, statements: allows, depends_on: Vec::new() }
}

fn applies(statement: &Statement, request: &Request) -> Truth {
    if !statement.actions.include(&request.action) {
        return Truth::No;
    }
    let element = covers_resource(statement, request).and(covers_caller(&statement.principals, request));
    statement.clauses.iter().fold(element, |truth, clause| match truth {
        Truth::No => Truth::No,
        truth => truth.and(evaluate(clause, &request.context)),
    })
}

fn covers_resource(statement: &Statement, request: &Request) -> Truth {
    let kind = resource_kind(&request.action);
    let covered = |vault: Option<&str>| match coverage(&statement.resources, &request.action, vault) {
        Coverage::All => Truth::Yes,
        Coverage::Part => Truth::depends(RESOURCE),
        Coverage::None => Truth::No,
    };
    match &request.resource {
        None => covered(None),
        Some(arn) if kind == ResourceKind::RecoveryPoint && is_vault(arn) => covered(Some(arn)),
        Some(arn) => {
            let listed = Truth::any(statement.resources.members.iter().map(|template| {
                match template.resolve(Shape::Resource, |key| lookup(&request.context, key)) {
                    Resolved::Null => Truth::No,
                    Resolved::Pattern { pattern, .. } if !pattern.matches(arn) => Truth::No,
                    Resolved::Pattern { missing, .. } if missing.is_empty() => Truth::Yes,
                    Resolved::Pattern { missing, .. } => Truth::Unknown(missing),
                }
            }));
            if statement.resources.except { listed.negate() } else { listed }
        }
    }
}

fn is_vault(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.vault_name().is_some())
}

fn covers_caller(principals: &Principals, request: &Request) -> Truth {
    if principals.except {
        return not_listed(principals, request);
    }
    Truth::any(principals.members.iter().map(|member| is_member(&member.entry, request)))
}

fn is_member(entry: &Entry, request: &Request) -> Truth {
    if *entry == Entry::Everyone {
        return Truth::Yes;
    }
    let Some(caller) = &request.principal else {
        return Truth::depends(PRINCIPAL);
    };
    match entry {
        Entry::Everyone => Truth::Yes,
        Entry::Named(named) => is_principal(named, caller),
        Entry::UniqueId(id) => has_unique_id(id, caller, &request.context),
        Entry::PartialWildcard(text) => could_be(text, caller),
        Entry::Provider(_) => Truth::No,
        Entry::CanonicalUser(_) => Truth::undocumented(),
    }
}

/// Whether a principal named by the policy stands for the caller.
fn is_principal(named: &Principal, caller: &Principal) -> Truth {
    match (named, caller) {
        (Principal::Account { partition, account }, caller) => {
            let of_caller = account_of(caller);
            Truth::known(of_caller.is_some_and(|(caller_partition, caller_account)| {
                caller_account == account
                    && partition.as_deref().is_none_or(|partition| partition == caller_partition)
            }))
        }
        // Names of roles are unique in an account, so the session's role is the named one whatever its path.
        (Principal::Role(named), Principal::Session { role, .. }) => {
            Truth::known(named.same_account(role) && named.name() == role.name())
        }
        (Principal::Session { role, .. }, Principal::Role(caller))
            if role.same_account(caller) && role.name() == caller.name() =>
        {
            Truth::depends(PRINCIPAL)
        }
        // A federated user acts with the user's permissions, and its ARN does not tell which user that is.
        (Principal::User(named), Principal::Federated(caller)) if named.same_account(caller) => {
            Truth::depends(PRINCIPAL)
        }
        (named, caller) => Truth::known(named == caller),
    }
}

fn account_of(caller: &Principal) -> Option<(&str, &str)> {
    match caller {
        Principal::Account { partition, account } => Some((partition.as_deref().unwrap_or("aws"), account)),
        Principal::User(identity) | Principal::Role(identity) | Principal::Federated(identity) => {
            Some((&identity.partition, &identity.account))
        }
        Principal::Session { role, .. } => Some((&role.partition, &role.account)),
        Principal::Service(_) => None,
    }
}

fn has_unique_id(id: &str, caller: &Principal, context: &Context) -> Truth {
    match caller {
        Principal::User(_) | Principal::Role(_) | Principal::Session { .. } => {}
        Principal::Account { .. } | Principal::Federated(_) | Principal::Service(_) => {
            return Truth::No;
        }
    }
    match context.fact("aws:userid") {
        Some(Fact::Values(values)) => {
            Truth::known(values.iter().any(|value| value.split(':').next() == Some(id)))
        }
        _ => Truth::depends("aws:userid"),
    }
}

/// Whether a principal with a wildcard in it could mean the caller, its role or its account, were it a pattern.
fn could_be(text: &str, caller: &Principal) -> Truth {
    let Some((partition, account)) = account_of(caller) else {
        return Truth::No;
    };
    let mut meant = vec![Pattern::literal(&format!("arn:{partition}:iam::{account}:root"))];
    match caller {
        Principal::User(user) => meant.push(Pattern::literal(&user.arn("iam", "user"))),
        Principal::Role(role) => {
            meant.push(Pattern::literal(&role.arn("iam", "role")));
            meant
                .push(arn_pattern(&format!("arn:{partition}:sts::{account}:assumed-role/{}/*", role.name())));
        }
        Principal::Session { role, session } => {
            meant.extend(role_arns(role));
            meant.push(Pattern::literal(&format!("{}/{session}", role.arn("sts", "assumed-role"))));
        }
        Principal::Federated(user) => {
            meant.push(arn_pattern(&format!("arn:{partition}:iam::{account}:user/*")));
            meant.push(Pattern::literal(&user.arn("sts", "federated-user")));
        }
        Principal::Account { .. } | Principal::Service(_) => {}
    }
    let pattern = Pattern::glob(text);
    if meant.iter().any(|meant| pattern.intersects(meant)) { Truth::undocumented() } else { Truth::No }
}

/// `NotPrincipal` with `Deny`. AWS checks a caller's account, role and session in turn and may deny a listed caller
/// whose account or role is not listed; with a permissions boundary it denies a listed caller in any case.
fn not_listed(principals: &Principals, request: &Request) -> Truth {
    let Some(caller) = &request.principal else {
        return Truth::depends(PRINCIPAL);
    };
    let listed = |wanted: &dyn Fn(&Entry) -> bool| {
        Truth::any(
            principals
                .members
                .iter()
                .filter(|member| wanted(&member.entry))
                .map(|member| is_member(&member.entry, request)),
        )
    };
    let is_account = |entry: &Entry| matches!(entry, Entry::Named(Principal::Account { .. }));
    let spared = match (listed(&|entry| !is_account(entry)), listed(&is_account)) {
        (Truth::No, Truth::No) => return Truth::Yes,
        (Truth::Yes, Truth::Yes) => role_is_listed(principals, caller),
        (Truth::Yes, _) if principals.members.iter().any(|member| member.entry == Entry::Everyone) => {
            Truth::Yes
        }
        (Truth::Yes, _) if matches!(caller, Principal::Service(_)) => Truth::Yes,
        (Truth::No, Truth::Yes) => match (caller, account_of(caller)) {
            (Principal::Account { .. }, _) => Truth::Yes,
            (_, Some((_, account))) => {
                let beside = principals.members.iter().any(|member| belongs_to(&member.entry, account));
                if beside { Truth::undocumented() } else { Truth::Yes }
            }
            (_, None) => Truth::undocumented(),
        },
        (Truth::Yes, _) => Truth::undocumented(),
        (specific, _) => specific,
    };
    let denied_by_boundary = match caller {
        Principal::Account { .. } | Principal::Service(_) => Truth::No,
        Principal::User(_) | Principal::Role(_) | Principal::Session { .. } | Principal::Federated(_) => {
            match request.context.fact(PERMISSIONS_BOUNDARY) {
                Some(Fact::Absent) => Truth::No,
                Some(_) => Truth::Yes,
                None => Truth::depends(PERMISSIONS_BOUNDARY),
            }
        }
    };
    spared.negate().or(denied_by_boundary)
}

/// A listed session is spared for certain only when its role is listed too.
fn role_is_listed(principals: &Principals, caller: &Principal) -> Truth {
    let Principal::Session { .. } = caller else {
        return Truth::Yes;
    };
    let listed = principals.members.iter().any(|member| match &member.entry {
        Entry::Named(named @ Principal::Role(_)) => is_principal(named, caller) == Truth::Yes,
        _ => false,
    });
    if listed { Truth::Yes } else { Truth::undocumented() }
}
