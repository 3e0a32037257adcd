//! To whom a vault's policy denies an action: the question of who can still delete.
//! Denials add up, so what one statement exempts counts only if no other statement denies it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::arn::{Arn, is_account};
use super::claim::{Claim, Proof, add_up};
use super::extent::{Certain, Extent};
use super::limit::{Budget, Group, Home, Limit, Subject};
use super::resource::{COPY_INTO, Coverage, RESOURCE, arn_pattern, coverage};
use super::statement::{Effect, Statement, StatementRef, VaultPolicy};

/// To whom an action is denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "to", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeniedTo {
    /// To every caller AWS Backup would take the action from.
    Everyone,
    /// To everyone who is in none of these groups; whether those in them are denied is not said.
    EveryoneBut {
        /// In order; never empty.
        exempt: Vec<Group>,
    },
    /// To these groups, and to others not for certain.
    Some {
        /// In order; never empty.
        who: Vec<Group>,
    },
    /// To nobody.
    Nobody,
    /// Not decidable from the policy: a statement denies it under a condition on something else than the caller, or
    /// under one that cannot be evaluated.
    Undecidable {
        /// Condition keys, policy variables, [`RESOURCE`] or [`PRINCIPAL`](super::PRINCIPAL), sorted.
        depends_on: Vec<String>,
    },
}

/// The answer of [`denied_to`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// To whom.
    #[serde(flatten)]
    pub denied: DeniedTo,
    /// The statements that say so, in their order; when undecidable, also those it hinges on.
    pub statements: Vec<StatementRef>,
    /// The same if every condition that could not be decided held; only for telling "no" from "unknown".
    #[serde(skip)]
    at_most: Option<DeniedTo>,
}

/// An answer with "could not know" as a value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// The policy alone does not tell.
    Unknown,
}

/// To whom the policy denies `action` (`backup:DeleteRecoveryPoint`) on the vault, or for an action on recovery
/// points on every recovery point in it.
///
/// With the vault's ARN, the vault's own account counts as everyone for all actions but `backup:CopyIntoBackupVault`,
/// since AWS Backup rejects every other request from another account ("Vault access policies").
pub fn denied_to(policy: &VaultPolicy, action: &str, vault_arn: Option<&str>) -> Denial {
    let home = if action.eq_ignore_ascii_case(COPY_INTO) { None } else { vault_arn.and_then(home_of) };
    let claims = claims_on(policy, action, vault_arn, home);
    let mut budget = Budget::new();
    let sure = add_up(&claims.certain, Proof::Certain, &mut budget);
    let most = add_up(&claims.possible, Proof::Possible, &mut budget);
    let is_open = !claims.hinges.is_empty()
        && match (&sure.denied, &most.denied) {
            (DeniedTo::Everyone | DeniedTo::EveryoneBut { .. }, _) => false,
            (_, DeniedTo::Everyone | DeniedTo::EveryoneBut { .. }) => true,
            (sure, most) => *sure == DeniedTo::Nobody && *most != DeniedTo::Nobody,
        };
    let at_most = (!budget.is_spent()).then_some(most.denied);
    if !is_open {
        return Denial { denied: sure.denied, statements: sure.statements, at_most };
    }
    let says_so = |(index, statement): (usize, &Statement)| {
        let is_one = claims.hinges.contains(&index) || sure.statements.contains(&statement.name);
        is_one.then(|| statement.name.clone())
    };
    Denial {
        statements: policy.statements.iter().enumerate().filter_map(says_so).collect(),
        denied: DeniedTo::Undecidable { depends_on: claims.depends_on.into_iter().collect() },
        at_most,
    }
}

/// What the statements that deny an action claim.
#[derive(Default)]
struct Claims<'a> {
    certain: Vec<Claim<'a>>,
    possible: Vec<Claim<'a>>,
    /// The positions of those that are not certain.
    hinges: BTreeSet<usize>,
    /// What these depend on.
    depends_on: BTreeSet<String>,
}

fn claims_on<'a>(
    policy: &'a VaultPolicy,
    action: &str,
    vault_arn: Option<&str>,
    home: Option<Home<'a>>,
) -> Claims<'a> {
    let mut claims = Claims::default();
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect != Effect::Deny || !statement.actions.include(action) {
            continue;
        }
        let mut extent = Extent::of(statement, home);
        match coverage(&statement.resources, action, vault_arn) {
            Coverage::None => continue,
            Coverage::Part => {
                extent.depends_on.insert(RESOURCE.to_owned());
            }
            Coverage::All => {}
        }
        claims.possible.extend(extent.at_most());
        match extent.certain() {
            Certain::Claim(claim) => claims.certain.push(claim),
            Certain::Nobody => {}
            Certain::Depends => {
                claims.hinges.insert(index);
                claims.depends_on.append(&mut extent.depends_on);
            }
        }
    }
    claims
}

impl Denial {
    /// The principals and patterns that are exempt, sorted; empty unless the action is denied to everyone but them.
    /// A group of several properties is one string, joined by ` and `.
    pub fn exempt_principals(&self) -> Vec<String> {
        let DeniedTo::EveryoneBut { exempt } = &self.denied else {
            return Vec::new();
        };
        let join = |group: &Group| {
            let values: Vec<&str> = group.limits.iter().map(|limit| limit.value.as_str()).collect();
            values.join(" and ")
        };
        exempt.iter().map(join).collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// Whether everyone but the principals with these ARNs is denied.
    pub fn only_exempts(&self, principals: &[&str]) -> Answer {
        match (only_exempts(&self.denied, principals), &self.at_most) {
            (Answer::Yes, _) => Answer::Yes,
            (_, Some(at_most)) if only_exempts(at_most, principals) == Answer::No => Answer::No,
            _ => Answer::Unknown,
        }
    }
}

fn only_exempts(denied: &DeniedTo, principals: &[&str]) -> Answer {
    match denied {
        DeniedTo::Everyone => Answer::Yes,
        DeniedTo::Some { .. } | DeniedTo::Nobody => Answer::No,
        DeniedTo::Undecidable { .. } => Answer::Unknown,
        DeniedTo::EveryoneBut { exempt } => {
            let answers: BTreeSet<Answer> = exempt.iter().map(|group| is_among(group, principals)).collect();
            match (answers.contains(&Answer::No), answers.contains(&Answer::Unknown)) {
                (true, _) => Answer::No,
                (false, true) => Answer::Unknown,
                (false, false) => Answer::Yes,
            }
        }
    }
}

/// Whether the group consists of listed principals only. "No" is right where single properties are exact, as they are
/// in what is denied at most; "yes" is right anyhow.
fn is_among(group: &Group, principals: &[&str]) -> Answer {
    if group.limits.iter().any(|limit| principals.iter().any(|principal| names(limit, principal))) {
        return Answer::Yes;
    }
    match group.limits.as_slice() {
        // The id of a user or role does not tell its ARN.
        [limit] if limit.language.subject == Subject::UserId && !principals.is_empty() => Answer::Unknown,
        [_] => Answer::No,
        _ => Answer::Unknown,
    }
}

fn names(limit: &Limit, principal: &str) -> bool {
    let pattern = &limit.language.pattern;
    match limit.language.subject {
        Subject::PrincipalArn => {
            limit.value == principal
                || (Arn::parse(principal).is_some() && arn_pattern(principal).covers(pattern))
        }
        Subject::UserId => pattern.as_literal().filter(|id| is_account(id)).is_some_and(|id| {
            principal.strip_suffix(":root").is_some_and(|head| head.ends_with(&format!("::{id}")))
        }),
        Subject::Account => limit.key == "NotPrincipal" && limit.value == principal,
        _ => false,
    }
}

fn home_of(vault: &str) -> Option<Home<'_>> {
    Arn::parse(vault)
        .filter(|arn| arn.vault_name().is_some() && is_account(arn.account))
        .map(|arn| Home { partition: arn.partition, account: arn.account })
}
