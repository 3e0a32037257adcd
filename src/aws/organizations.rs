//! AWS Organizations: accounts, units, backup policies.

use aws_sdk_organizations::types::{Account, AccountState, EffectivePolicyType, PolicyType};

use super::answer::{Named, as_sent};
use super::clients::send;
use super::{Clients, Reply, Request};
use crate::collect::question::{ACCOUNT, MANAGEMENT_ACCOUNT, SUSPENDED_ACCOUNT};

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    match name {
        "organizations.describe-effective-policy"
        | "organizations.describe-policy"
        | "organizations.list-policies"
        | "organizations.list-targets-for-policy" => ask_policies(clients, name, request).await,
        _ => ask_tree(clients, name, request).await,
    }
}

/// Accounts by whether anything in them can be asked.
fn accounts(next: Option<String>, accounts: Option<Vec<Account>>) -> Named {
    let (suspended, others): (Vec<_>, Vec<_>) = accounts.unwrap_or_default().into_iter().partition(is_gone);
    Named::page(next)
        .add(ACCOUNT, others.into_iter().map(|it| it.id))
        .add(SUSPENDED_ACCOUNT, suspended.into_iter().map(|it| it.id))
}

/// Whether an account is suspended or closed; where AWS tells the newer `State` it counts.
fn is_gone(account: &Account) -> bool {
    match (&account.state, &account.status) {
        (Some(state), _) => matches!(state, AccountState::Suspended | AccountState::Closed),
        (None, Some(status)) => status.as_str() == "SUSPENDED",
        (None, None) => false,
    }
}

async fn ask_tree(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.organizations();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let parent = request.text("ParentId");
    match name {
        "organizations.describe-organization" => {
            as_sent(send!(clients, client.describe_organization()), |out| {
                let management = out.organization.and_then(|it| it.master_account_id);
                Named::nothing().add(MANAGEMENT_ACCOUNT, [management])
            })
        }
        "organizations.list-accounts" => as_sent(
            send!(clients, client.list_accounts().set_max_results(size).set_next_token(token)),
            |out| accounts(out.next_token, out.accounts),
        ),
        "organizations.list-accounts-for-parent" => as_sent(
            send!(
                clients,
                client
                    .list_accounts_for_parent()
                    .set_parent_id(parent)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| accounts(out.next_token, out.accounts),
        ),
        "organizations.list-roots" => {
            as_sent(send!(clients, client.list_roots().set_max_results(size).set_next_token(token)), |out| {
                let roots = out.roots.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("ParentId", roots.map(|it| it.id))
            })
        }
        "organizations.list-organizational-units-for-parent" => as_sent(
            send!(
                clients,
                client
                    .list_organizational_units_for_parent()
                    .set_parent_id(parent)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| {
                let units = out.organizational_units.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("ParentId", units.map(|it| it.id))
            },
        ),
        _ => None,
    }
}

async fn ask_policies(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.organizations();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let policy = request.text("PolicyId");
    match name {
        "organizations.list-policies" => as_sent(
            send!(
                clients,
                client
                    .list_policies()
                    .filter(PolicyType::BackupPolicy)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| {
                let policies = out.policies.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("PolicyId", policies.map(|it| it.id))
            },
        ),
        "organizations.describe-policy" => {
            as_sent(send!(clients, client.describe_policy().set_policy_id(policy)), |_| Named::nothing())
        }
        "organizations.list-targets-for-policy" => as_sent(
            send!(
                clients,
                client
                    .list_targets_for_policy()
                    .set_policy_id(policy)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| Named::page(out.next_token),
        ),
        "organizations.describe-effective-policy" => as_sent(
            send!(clients, client.describe_effective_policy().policy_type(EffectivePolicyType::BackupPolicy)),
            |_| Named::nothing(),
        ),
        _ => None,
    }
}
