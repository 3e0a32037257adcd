//! Claims of single statements ("everyone in these groups but those") and how denials add up.
//! Groups are narrowed and dropped on proof alone, so what is left is never too small.

use std::collections::BTreeSet;

use super::denial::DeniedTo;
use super::limit::{Budget, Group, Limit};
use super::statement::StatementRef;

/// A statement that speaks of everyone within each list of `select` and within none of `exempt`.
pub(super) struct Claim<'a> {
    pub(super) statement: &'a StatementRef,
    pub(super) exempt: Vec<Limit>,
    pub(super) select: Vec<Vec<Limit>>,
}

/// Whether claims are what is certain or what is at most possible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Certain,
    Possible,
}

/// What claims of denial add up to.
pub(super) struct Sum {
    pub(super) denied: DeniedTo,
    /// The statements it takes.
    pub(super) statements: Vec<StatementRef>,
}

/// Adds up denials.
pub(super) fn add_up(claims: &[Claim<'_>], proof: Proof, budget: &mut Budget) -> Sum {
    let of_all = |claim: &&Claim<'_>| claim.select.is_empty() && claim.exempt.is_empty();
    let statements: Vec<StatementRef> =
        claims.iter().filter(of_all).map(|claim| claim.statement.clone()).collect();
    if !statements.is_empty() {
        return Sum { denied: DeniedTo::Everyone, statements };
    }
    let mut full = claims.iter().filter(|claim| claim.select.is_empty());
    let Some(first) = full.next() else {
        return add_up_selections(claims, budget);
    };
    let mut groups: BTreeSet<Group> = first.exempt.iter().cloned().map(Group::of).collect();
    for claim in full {
        groups = narrowed(groups, &claim.exempt, budget);
    }
    let mut used = BTreeSet::new();
    groups.retain(|group| {
        let denier =
            claims.iter().position(|claim| !claim.select.is_empty() && denies(claim, group, proof, budget));
        used.extend(denier);
        denier.is_none()
    });
    let statements = claims
        .iter()
        .enumerate()
        .filter(|(index, claim)| claim.select.is_empty() || used.contains(index))
        .map(|(_, claim)| claim.statement.clone())
        .collect();
    let exempt: Vec<Group> = groups.into_iter().collect();
    let denied = if exempt.is_empty() { DeniedTo::Everyone } else { DeniedTo::EveryoneBut { exempt } };
    Sum { denied, statements }
}

/// None of the claims speaks of all but some.
fn add_up_selections(claims: &[Claim<'_>], budget: &mut Budget) -> Sum {
    let mut who = BTreeSet::new();
    for claim in claims {
        let mut groups = BTreeSet::from([Group::default()]);
        for list in &claim.select {
            groups = narrowed(groups, list, budget);
        }
        who.append(&mut groups);
    }
    let who: Vec<Group> = who.into_iter().collect();
    if who.is_empty() {
        return Sum { denied: DeniedTo::Nobody, statements: Vec::new() };
    }
    let statements = claims.iter().map(|claim| claim.statement.clone()).collect();
    Sum { denied: DeniedTo::Some { who }, statements }
}

/// More groups than this are not told apart.
const MAX_GROUPS: usize = 4_096;

/// Those of the groups who are within one of the limits; the groups unchanged when that would cost too much.
pub(super) fn narrowed(groups: BTreeSet<Group>, limits: &[Limit], budget: &mut Budget) -> BTreeSet<Group> {
    let mut result = BTreeSet::new();
    for group in &groups {
        for limit in limits {
            if result.len() > MAX_GROUPS {
                budget.give_up();
            }
            if budget.is_spent() {
                return groups;
            }
            result.extend(group.within(limit, budget));
        }
    }
    result
}

/// Those who are in one of the groups and in one of the others; the groups unchanged when that would cost too much.
pub(super) fn in_both(groups: BTreeSet<Group>, others: &[Group], budget: &mut Budget) -> BTreeSet<Group> {
    let mut result = BTreeSet::new();
    for other in others {
        let mut shared = groups.clone();
        for limit in &other.limits {
            shared = narrowed(shared, std::slice::from_ref(limit), budget);
        }
        result.append(&mut shared);
        if budget.is_spent() || result.len() > MAX_GROUPS {
            return groups;
        }
    }
    result
}

/// Whether the claim denies everyone in the group: provably, or as far as can be told.
pub(super) fn denies(claim: &Claim<'_>, group: &Group, proof: Proof, budget: &mut Budget) -> bool {
    let mut selects = |limit: &Limit| {
        group.implies(limit, budget) || (proof == Proof::Possible && may_imply(group, limit, budget))
    };
    let selects_all = claim.select.iter().all(|list| list.iter().any(&mut selects));
    selects_all
        && match proof {
            Proof::Certain => claim.exempt.iter().all(|limit| group.excludes(limit, budget)),
            Proof::Possible => !claim.exempt.iter().any(|limit| group.implies(limit, budget)),
        }
}

/// Whether everyone in the group might be within the limit although it is not provable.
fn may_imply(group: &Group, limit: &Limit, budget: &mut Budget) -> bool {
    let settled = group.limits.iter().any(|own| {
        let (own, other) = (&own.language, &limit.language);
        own.subject == other.subject
            && other.complete
            && (own.pattern.is_literal() || other.pattern.is_literal())
    });
    !settled && !group.excludes(limit, budget)
}
