//! AWS Backup: plans, selections, vaults, recovery points, jobs, settings, legal holds, restore tests, frameworks.

use aws_sdk_backup::primitives::{DateTime, DateTimeFormat};
use aws_sdk_backup::types::EncryptionKeyType;

use super::answer::{Named, as_sent};
use super::clients::send;
use super::{Clients, Reply, Request};

pub(super) async fn ask(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    match name {
        "backup.list-backup-vaults"
        | "backup.get-backup-vault-access-policy"
        | "backup.get-backup-vault-notifications"
        | "backup.list-recovery-points-by-backup-vault"
        | "backup.list-protected-resources"
        | "backup.describe-protected-resource" => ask_vaults(clients, name, request).await,
        "backup.list-backup-plans"
        | "backup.get-backup-plan"
        | "backup.list-backup-selections"
        | "backup.get-backup-selection" => ask_plans(clients, name, request).await,
        "backup.list-backup-jobs" | "backup.list-copy-jobs" | "backup.list-restore-jobs" => {
            ask_jobs(clients, name, request).await
        }
        "backup.describe-global-settings"
        | "backup.describe-region-settings"
        | "backup.get-supported-resource-types" => ask_settings(clients, name).await,
        _ => ask_evidence(clients, name, request).await,
    }
}

/// The parameter by which KMS is asked of a key.
const KEY: &str = "KeyId";

/// A key that KMS can be asked about: AWS's own keys answer nobody.
fn key(arn: Option<String>, kind: Option<&EncryptionKeyType>) -> Option<String> {
    arn.filter(|it| it.contains(":key/") && kind != Some(&EncryptionKeyType::AwsOwnedKmsKey))
}

async fn ask_vaults(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.backup();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let vault = request.text("BackupVaultName");
    match name {
        "backup.list-backup-vaults" => as_sent(
            send!(clients, client.list_backup_vaults().set_max_results(size).set_next_token(token)),
            |out| {
                let vaults = out.backup_vault_list.unwrap_or_default();
                let keys: Vec<_> = vaults
                    .iter()
                    .map(|it| key(it.encryption_key_arn.clone(), it.encryption_key_type.as_ref()))
                    .collect();
                let names = vaults.into_iter().map(|it| it.backup_vault_name);
                Named::page(out.next_token).add("BackupVaultName", names).add(KEY, keys)
            },
        ),
        "backup.get-backup-vault-access-policy" => as_sent(
            send!(clients, client.get_backup_vault_access_policy().set_backup_vault_name(vault)),
            |_| Named::nothing(),
        ),
        "backup.get-backup-vault-notifications" => as_sent(
            send!(clients, client.get_backup_vault_notifications().set_backup_vault_name(vault)),
            |_| Named::nothing(),
        ),
        "backup.list-recovery-points-by-backup-vault" => as_sent(
            send!(
                clients,
                client
                    .list_recovery_points_by_backup_vault()
                    .set_backup_vault_name(vault)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| {
                let points = out.recovery_points.unwrap_or_default().into_iter();
                let keys = points.map(|it| key(it.encryption_key_arn, it.encryption_key_type.as_ref()));
                // A thousand points share a few keys.
                let keys: std::collections::BTreeSet<_> = keys.collect();
                Named::page(out.next_token).add(KEY, keys)
            },
        ),
        "backup.list-protected-resources" => as_sent(
            send!(clients, client.list_protected_resources().set_max_results(size).set_next_token(token)),
            |out| {
                let arns = out.results.unwrap_or_default().into_iter().map(|it| it.resource_arn);
                Named::page(out.next_token).add("ResourceArn", arns)
            },
        ),
        "backup.describe-protected-resource" => as_sent(
            send!(
                clients,
                client.describe_protected_resource().set_resource_arn(request.text("ResourceArn"))
            ),
            |_| Named::nothing(),
        ),
        _ => None,
    }
}

async fn ask_plans(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.backup();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let plan = request.text("BackupPlanId");
    match name {
        "backup.list-backup-plans" => as_sent(
            send!(clients, client.list_backup_plans().set_max_results(size).set_next_token(token)),
            |out| {
                let plans = out.backup_plans_list.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("BackupPlanId", plans.map(|it| it.backup_plan_id))
            },
        ),
        "backup.get-backup-plan" => {
            as_sent(send!(clients, client.get_backup_plan().set_backup_plan_id(plan)), |_| Named::nothing())
        }
        "backup.list-backup-selections" => as_sent(
            send!(
                clients,
                client
                    .list_backup_selections()
                    .set_backup_plan_id(plan)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| {
                let selections = out.backup_selections_list.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("SelectionId", selections.map(|it| it.selection_id))
            },
        ),
        "backup.get-backup-selection" => as_sent(
            send!(
                clients,
                client
                    .get_backup_selection()
                    .set_backup_plan_id(plan)
                    .set_selection_id(request.text("SelectionId"))
            ),
            |_| Named::nothing(),
        ),
        _ => None,
    }
}

async fn ask_jobs(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.backup();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let since = request.text("ByCreatedAfter");
    let since = since.and_then(|it| DateTime::from_str(&it, DateTimeFormat::DateTime).ok());
    match name {
        "backup.list-backup-jobs" => as_sent(
            send!(
                clients,
                client
                    .list_backup_jobs()
                    .set_by_created_after(since)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| Named::page(out.next_token),
        ),
        "backup.list-copy-jobs" => as_sent(
            send!(
                clients,
                client
                    .list_copy_jobs()
                    .set_by_created_after(since)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| Named::page(out.next_token),
        ),
        "backup.list-restore-jobs" => as_sent(
            send!(
                clients,
                client
                    .list_restore_jobs()
                    .set_by_created_after(since)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| Named::page(out.next_token),
        ),
        _ => None,
    }
}

async fn ask_settings(clients: &Clients, name: &str) -> Option<Reply> {
    let client = clients.backup();
    match name {
        "backup.describe-global-settings" => {
            as_sent(send!(clients, client.describe_global_settings()), |_| Named::nothing())
        }
        "backup.describe-region-settings" => {
            as_sent(send!(clients, client.describe_region_settings()), |_| Named::nothing())
        }
        "backup.get-supported-resource-types" => {
            as_sent(send!(clients, client.get_supported_resource_types()), |out| {
                let names = out.resource_types.unwrap_or_default().into_iter().map(Some);
                Named::nothing().add("ResourceType", names)
            })
        }
        _ => None,
    }
}

/// What is kept for people and for later controls.
async fn ask_evidence(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.backup();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    match name {
        "backup.list-legal-holds" => as_sent(
            send!(clients, client.list_legal_holds().set_max_results(size).set_next_token(token)),
            |out| {
                let holds = out.legal_holds.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("LegalHoldId", holds.map(|it| it.legal_hold_id))
            },
        ),
        "backup.get-legal-hold" => as_sent(
            send!(clients, client.get_legal_hold().set_legal_hold_id(request.text("LegalHoldId"))),
            |_| Named::nothing(),
        ),
        "backup.list-frameworks" => as_sent(
            send!(clients, client.list_frameworks().set_max_results(size).set_next_token(token)),
            |out| {
                let frameworks = out.frameworks.unwrap_or_default().into_iter();
                Named::page(out.next_token).add("FrameworkName", frameworks.map(|it| it.framework_name))
            },
        ),
        "backup.describe-framework" => as_sent(
            send!(clients, client.describe_framework().set_framework_name(request.text("FrameworkName"))),
            |_| Named::nothing(),
        ),
        "backup.list-report-plans" => as_sent(
            send!(clients, client.list_report_plans().set_max_results(size).set_next_token(token)),
            |out| Named::page(out.next_token),
        ),
        _ => ask_restore_testing(clients, name, request).await,
    }
}

async fn ask_restore_testing(clients: &Clients, name: &str, request: Request<'_>) -> Option<Reply> {
    let client = clients.backup();
    let (size, token) = (request.number("MaxResults"), request.text("NextToken"));
    let plan = request.text("RestoreTestingPlanName");
    match name {
        "backup.list-restore-testing-plans" => as_sent(
            send!(clients, client.list_restore_testing_plans().set_max_results(size).set_next_token(token)),
            |out| {
                let plans = out.restore_testing_plans.into_iter();
                let names = plans.map(|it| Some(it.restore_testing_plan_name));
                Named::page(out.next_token).add("RestoreTestingPlanName", names)
            },
        ),
        "backup.get-restore-testing-plan" => as_sent(
            send!(clients, client.get_restore_testing_plan().set_restore_testing_plan_name(plan)),
            |_| Named::nothing(),
        ),
        "backup.list-restore-testing-selections" => as_sent(
            send!(
                clients,
                client
                    .list_restore_testing_selections()
                    .set_restore_testing_plan_name(plan)
                    .set_max_results(size)
                    .set_next_token(token)
            ),
            |out| {
                let selections = out.restore_testing_selections.into_iter();
                let names = selections.map(|it| Some(it.restore_testing_selection_name));
                Named::page(out.next_token).add("RestoreTestingSelectionName", names)
            },
        ),
        "backup.get-restore-testing-selection" => as_sent(
            send!(
                clients,
                client
                    .get_restore_testing_selection()
                    .set_restore_testing_plan_name(plan)
                    .set_restore_testing_selection_name(request.text("RestoreTestingSelectionName"))
            ),
            |_| Named::nothing(),
        ),
        _ => None,
    }
}
