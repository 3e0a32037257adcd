//! What a vault's access policy denies, and whom it lets in.
//!
//! IAM's rules are `vault_policy`'s; here its answers become facts, and what it cannot decide stays missing.

use super::{Fact, Thing};
use crate::vault_policy::{
    self, DeniedTo, Group, Limit, MANUAL_DELETION_ACTIONS, PRINCIPAL, SENSITIVE_ACTIONS, VaultPolicy,
    managed_rule_agrees, open_to_outside,
};

/// The fact of each action that deletes by hand.
const DENIALS: [&str; 3] =
    ["deleteRecoveryPointDenial", "updateRecoveryPointLifecycleDenial", "putBackupVaultAccessPolicyDenial"];

/// Adds what a vault's policy denies; `policy` is none where the vault has none.
pub(super) fn learn(thing: &mut Thing, arn: &str, account: &str, policy: Option<&str>) {
    let Some(text) = policy else {
        for fact in DENIALS {
            thing.learn(fact, Some(Fact::record([])));
        }
        thing.learn("hasManagedRuleShape", Some(false));
        thing.learn("deniedToEveryone", Some(Fact::Set(Vec::new())));
        thing.learn("copyIntoOpenTo", Some(Fact::Set(Vec::new())));
        return;
    };
    match vault_policy::parse(text) {
        Ok(policy) => learn_parsed(thing, arn, account, &policy),
        Err(error) => {
            let why = format!("its access policy cannot be read: {error}");
            for fact in
                DENIALS.into_iter().chain(["hasManagedRuleShape", "deniedToEveryone", "copyIntoOpenTo"])
            {
                thing.excuse(fact, why.clone());
            }
        }
    }
}

fn learn_parsed(thing: &mut Thing, arn: &str, account: &str, policy: &VaultPolicy) {
    let mut exempt_somewhere: Vec<String> = Vec::new();
    for action in MANUAL_DELETION_ACTIONS {
        let Some(fact) = fact_of(action) else {
            continue;
        };
        let denial = vault_policy::denied_to(policy, action, Some(arn));
        let exempt = match &denial.denied {
            DeniedTo::Everyone => Some(Vec::new()),
            DeniedTo::EveryoneBut { exempt } => {
                let mut names: Vec<String> = exempt.iter().map(name_of).collect();
                names.sort();
                names.dedup();
                exempt_somewhere.extend(denial.exempt_principals());
                Some(names)
            }
            DeniedTo::Some { .. } | DeniedTo::Nobody => None,
            DeniedTo::Undecidable { depends_on } => {
                thing.excuse(
                    fact,
                    format!("whether its access policy denies {action} depends on {}", listed(depends_on)),
                );
                continue;
            }
        };
        thing.learn(fact, Some(Fact::record([("exempt", exempt.as_deref().map(texts))])));
    }
    let exempt: Vec<&str> = exempt_somewhere.iter().map(String::as_str).collect();
    thing.learn("hasManagedRuleShape", Some(managed_rule_agrees(policy, &exempt)));
    let denials =
        SENSITIVE_ACTIONS.map(|action| (action, vault_policy::denied_to(policy, action, Some(arn)).denied));
    let undecided = denials.iter().find_map(|(action, denied)| match denied {
        DeniedTo::Undecidable { depends_on } => Some((action, depends_on)),
        _ => None,
    });
    match undecided {
        Some((action, depends_on)) => {
            let why = format!("whether its access policy denies {action} depends on {}", listed(depends_on));
            thing.excuse("deniedToEveryone", why);
        }
        None => {
            let everyone = denials.iter().filter(|(_, denied)| matches!(denied, DeniedTo::Everyone));
            let actions: Vec<String> = everyone.map(|(action, _)| (*action).to_owned()).collect();
            thing.learn("deniedToEveryone", Some(texts(&actions)));
        }
    }
    // A condition that may keep callers out is not believed here: they count as let in.
    let mut open: Vec<String> = open_to_outside(policy, account).iter().map(|it| name_of(&it.who)).collect();
    open.sort();
    open.dedup();
    thing.learn("copyIntoOpenTo", Some(texts(&open)));
}

fn fact_of(action: &str) -> Option<&'static str> {
    match action {
        "backup:DeleteRecoveryPoint" => Some("deleteRecoveryPointDenial"),
        "backup:UpdateRecoveryPointLifecycle" => Some("updateRecoveryPointLifecycleDenial"),
        "backup:PutBackupVaultAccessPolicy" => Some("putBackupVaultAccessPolicyDenial"),
        _ => None,
    }
}

/// Who a group is: ARNs of principals as they are, anything else with the condition key it hangs on.
fn name_of(group: &Group) -> String {
    let name = |limit: &Limit| match limit.key.as_str() {
        PRINCIPAL | "aws:PrincipalArn" => limit.value.clone(),
        key => format!("{key} {}", limit.value),
    };
    let names: Vec<String> = group.limits.iter().map(name).collect();
    if names.is_empty() { "*".to_owned() } else { names.join(" and ") }
}

fn texts(items: &[String]) -> Fact {
    Fact::Set(items.iter().map(|it| Fact::from(it.as_str())).collect())
}

fn listed(keys: &[String]) -> String {
    match keys {
        [] => "what AWS does not document".to_owned(),
        keys => keys.join(", "),
    }
}
