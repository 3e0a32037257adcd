//! Whether AWS's own rule `backup-recovery-point-manual-deletion-disabled` would accept a policy.
//! The rule looks at the shape of one statement, not at its effect; where its page is silent the narrow reading is taken.

use super::operator::Comparison;
use super::principal::Entry;
use super::statement::{Clause, Effect, Statement, VaultPolicy};

/// The three actions that the rule wants denied (AWS Config Developer Guide, `backup-recovery-point-manual-deletion-disabled`).
pub const MANUAL_DELETION_ACTIONS: [&str; 3] = [
    "backup:DeleteRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
];

/// Whether one `Deny` statement names all three actions with `Principal` and `Resource` a wildcard, and has no condition
/// other than one that exempts principals of `exempt` (the rule's `principalArnList`) by `aws:PrincipalArn`.
pub fn managed_rule_agrees(policy: &VaultPolicy, exempt: &[&str]) -> bool {
    policy.statements.iter().any(|statement| has_shape(statement, exempt))
}

fn has_shape(statement: &Statement, exempt: &[&str]) -> bool {
    let principals = &statement.principals;
    let actions = &statement.actions;
    let resources = &statement.resources;
    statement.effect == Effect::Deny
        && !principals.except
        && principals.members.iter().any(|member| member.entry == Entry::Everyone)
        && !actions.except
        && MANUAL_DELETION_ACTIONS
            .iter()
            .all(|wanted| actions.members.iter().any(|(text, _)| text.eq_ignore_ascii_case(wanted)))
        && !resources.except
        && resources.members.iter().any(|template| template.text() == "*")
        && statement.clauses.iter().all(|clause| only_exempts(clause, exempt))
}

fn only_exempts(clause: &Clause, exempt: &[&str]) -> bool {
    let compares_names = clause.operator.is_some_and(|operator| {
        operator.negated
            && operator.set.is_none()
            && matches!(operator.comparison, Comparison::Arn | Comparison::Text | Comparison::TextLike)
    });
    compares_names
        && clause.key == "aws:PrincipalArn"
        && !clause.values.is_empty()
        && clause.values.iter().all(|value| exempt.contains(&value.text()))
}
