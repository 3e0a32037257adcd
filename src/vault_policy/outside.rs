//! Who outside an account may copy recovery points into its vault by what the vault's policy allows.
//! `backup:CopyIntoBackupVault` is the one action AWS Backup takes from other accounts ("Vault access policies").

use std::collections::BTreeSet;

use serde::Serialize;

use super::arn::is_account;
use super::claim::{Claim, Proof, add_up, denies, in_both, narrowed};
use super::denial::DeniedTo;
use super::extent::{Certain, Extent};
use super::limit::{Budget, Group, Limit, Subject};
use super::pattern::Pattern;
use super::resource::{COPY_INTO, vaults_of};
use super::statement::{Effect, Resources, StatementRef, VaultPolicy};
use super::template::Shape;

/// How far an allowance reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Any AWS account: nothing limits the caller to an organization, an account or a principal.
    Anyone,
    /// The accounts of organizations or organizational units.
    Organization,
    /// Whole accounts.
    Account,
    /// Named principals or patterns of them.
    Principal,
    /// An AWS service.
    Service,
}

/// Callers outside the account who may copy into the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutsideCopy {
    /// The statement that allows it.
    pub statement: StatementRef,
    /// How far it reaches.
    pub reach: Reach,
    /// Who; without any limit, anyone.
    pub who: Group,
    /// Conditions on something else than the caller that must hold as well, sorted.
    pub depends_on: Vec<String>,
}

/// Who outside `account` (12 digits) may copy into a vault of that account, widest reach first. What the policy denies
/// for certain is taken off; a condition that only may keep callers out is named, not believed.
pub fn open_to_outside(policy: &VaultPolicy, account: &str) -> Vec<OutsideCopy> {
    let mut budget = Budget::new();
    let denials = denials(policy, account);
    let denied = add_up(&denials, Proof::Certain, &mut budget).denied;
    let mut found = Vec::new();
    for statement in &policy.statements {
        let allows = statement.effect == Effect::Allow && statement.actions.include(COPY_INTO);
        if !allows || !can_be_in(&statement.resources, account) {
            continue;
        }
        let extent = Extent::of(statement, None);
        let Some(claim) = extent.possible() else {
            continue;
        };
        let mut groups = BTreeSet::from([Group::default()]);
        for list in &claim.select {
            groups = narrowed(groups, list, &mut budget);
        }
        groups.retain(|group| !claim.exempt.iter().any(|limit| group.implies(limit, &mut budget)));
        match &denied {
            DeniedTo::Everyone => groups.clear(),
            DeniedTo::EveryoneBut { exempt } => groups = in_both(groups, exempt, &mut budget),
            _ => {}
        }
        groups.retain(|group| {
            let is_denied = denials.iter().any(|claim| denies(claim, group, Proof::Certain, &mut budget));
            !is_denied && !is_inside(group, account)
        });
        found.extend(groups.into_iter().map(|who| OutsideCopy {
            statement: statement.name.clone(),
            reach: reach(&who),
            who,
            depends_on: extent.depends_on.iter().cloned().collect(),
        }));
    }
    found.sort_by_key(|copy| copy.reach);
    found
}

/// What is denied for certain on every vault of the account.
fn denials<'a>(policy: &'a VaultPolicy, account: &str) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    for statement in &policy.statements {
        let covers = statement.effect == Effect::Deny
            && statement.actions.include(COPY_INTO)
            && covers_all_in(&statement.resources, account);
        if covers && let Certain::Claim(claim) = Extent::of(statement, None).certain() {
            claims.push(claim);
        }
    }
    claims
}

/// Whether a vault of the account can be what the statement is about.
fn can_be_in(resources: &Resources, account: &str) -> bool {
    let vaults = vaults_of(if is_account(account) { account } else { "*" });
    let touches = |shape: fn(&Pattern, &Pattern) -> bool| {
        resources.members.iter().any(|template| shape(&template.unresolved(Shape::Resource).0, &vaults))
    };
    if resources.except {
        !resources.members.iter().any(|template| {
            let (pattern, complete) = template.unresolved(Shape::Resource);
            complete && pattern.covers(&vaults)
        })
    } else {
        touches(Pattern::intersects)
    }
}

fn covers_all_in(resources: &Resources, account: &str) -> bool {
    let vaults = vaults_of(if is_account(account) { account } else { "*" });
    let mut members = resources.members.iter().map(|template| template.unresolved(Shape::Resource));
    if resources.except {
        !members.any(|(pattern, _)| pattern.intersects(&vaults))
    } else {
        members.any(|(pattern, complete)| complete && pattern.covers(&vaults))
    }
}

/// Whether everyone in the group certainly belongs to the account.
fn is_inside(group: &Group, account: &str) -> bool {
    group.limits.iter().any(|limit| match limit.language.subject {
        Subject::Account => {
            limit.language.pattern.as_literal().is_some_and(|id| id == account)
                || limit.value.eq_ignore_ascii_case("${aws:ResourceAccount}")
        }
        Subject::PrincipalArn => limit
            .language
            .pattern
            .segment(4)
            .and_then(|part| part.as_literal())
            .is_some_and(|part| part == account),
        Subject::UserId => limit.language.pattern.as_literal().is_some_and(|id| id == account),
        _ => false,
    })
}

fn reach(group: &Group) -> Reach {
    group.limits.iter().map(reach_of).max().unwrap_or(Reach::Anyone)
}

fn reach_of(limit: &Limit) -> Reach {
    let account = limit.language.pattern.segment(4);
    match limit.language.subject {
        Subject::Organization | Subject::OrganizationPath if has_fixed_start(limit) => Reach::Organization,
        Subject::Account if has_fixed_start(limit) => Reach::Account,
        Subject::PrincipalArn if account.is_some_and(|account| account.as_literal().is_some()) => {
            Reach::Principal
        }
        Subject::UserId if has_fixed_start(limit) => Reach::Principal,
        Subject::Service | Subject::IsService => Reach::Service,
        _ => Reach::Anyone,
    }
}

/// Whether the value names an organization, account or id rather than leaving it to a wildcard; a variable names one.
fn has_fixed_start(limit: &Limit) -> bool {
    let start = limit.value.split(['/', ':']).next().unwrap_or("");
    limit.operator.as_deref() != Some("Null") && !start.contains(['*', '?'])
}
