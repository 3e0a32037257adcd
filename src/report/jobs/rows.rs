//! The fields of each job report, in AWS's order, and what stands in them.
//!
//! Order as the AWS Backup Developer Guide prints it ("Choosing your report template"). What concerns the backup itself
//! (its start, its window, its options) is in the reports of copies and restores that of the backup job behind them.

use super::joined::{Joined, Plan, Vault, creator_of, lifecycle_of};
use super::value::{Value, run_time};
use super::{Job, Told};
use crate::inventory::record::{BackupJob, CopyJob, Lifecycle, RecoveryPoint, RestoreJob, Text};
use crate::inventory::{Estate, Recorded};
use crate::model::Place;

pub(super) const BACKUP_FIELDS: [&str; 37] = [
    "reportTimePeriodStart",
    "reportTimePeriodEnd",
    "accountId",
    "region",
    "backupJobId",
    "jobStatus",
    "statusMessage",
    "resourceType",
    "resourceArn",
    "resourceName",
    "backupPlanArn",
    "backupRuleId",
    "initiationDate",
    "backupPlanName",
    "backupRuleName",
    "backupRuleSchedule",
    "backupRuleTimezone",
    "startWindowEnd",
    "backupOptions",
    "isParentJob",
    "parentJobId",
    "creationDate",
    "completionDate",
    "expectedCompletionDate",
    "recoveryPointArn",
    "jobRunTime",
    "backupSizeInBytes",
    "backupVaultName",
    "backupVaultArn",
    "vaultType",
    "vaultLockStatus",
    "isEncrypted",
    "encryptionKeyArn",
    "deleteAfterDays",
    "moveToColdAfterDays",
    "enableArchive",
    "iamRoleArn",
];

pub(super) const COPY_FIELDS: [&str; 34] = [
    "reportTimePeriodStart",
    "reportTimePeriodEnd",
    "accountId",
    "region",
    "copyJobId",
    "jobStatus",
    "jobRunTime",
    "resourceType",
    "resourceArn",
    "resourceName",
    "initiationDate",
    "backupPlanName",
    "backupRuleName",
    "backupRuleSchedule",
    "backupRuleTimezone",
    "startWindowEnd",
    "backupOptions",
    "isParentJob",
    "parentJobId",
    "creationDate",
    "completionDate",
    "backupSizeInBytes",
    "sourceRecoveryPointArn",
    "sourceBackupVaultArn",
    "destinationRecoveryPointArn",
    "destinationBackupVaultArn",
    "vaultType",
    "vaultLockStatus",
    "isEncrypted",
    "encryptionKeyArn",
    "deleteAfterDays",
    "moveToColdAfterDays",
    "enableArchive",
    "iamRoleArn",
];

pub(super) const RESTORE_FIELDS: [&str; 30] = [
    "reportTimePeriodStart",
    "reportTimePeriodEnd",
    "accountId",
    "region",
    "restoreJobId",
    "jobStatus",
    "recoveryPointArn",
    "resourceName",
    "initiationDate",
    "backupPlanName",
    "backupRuleName",
    "backupRuleSchedule",
    "backupRuleTimezone",
    "startWindowEnd",
    "backupOptions",
    "isParentJob",
    "parentJobId",
    "vaultType",
    "vaultLockStatus",
    "isEncrypted",
    "encryptionKeyArn",
    "deleteAfterDays",
    "moveToColdAfterDays",
    "enableArchive",
    "sourceResourceArn",
    "backupVaultArn",
    "creationDate",
    "backupSizeInBytes",
    "percentDone",
    "iamRoleArn",
];

/// Days and archive of a lifecycle; nothing of what was not told.
fn kept(lifecycle: Option<&Lifecycle>) -> [Value; 3] {
    [
        lifecycle.and_then(|it| it.delete_after_days).into(),
        lifecycle.and_then(|it| it.move_to_cold_storage_after_days).into(),
        lifecycle.and_then(|it| it.opt_in_to_archive_for_supported_resources).into(),
    ]
}

/// Whether a backup is encrypted, and with which key, as far as its recovery point tells.
fn encryption(point: Option<&RecoveryPoint>) -> [Value; 2] {
    let key = point.and_then(|it| it.encryption_key_arn.as_ref());
    [point.and_then(|it| it.is_encrypted).into(), key.into()]
}

/// The plan's part of a row, and what the backup job behind it tells of start and options.
fn planned(plan: Plan<'_>, backup: Option<&BackupJob>) -> [Value; 7] {
    [
        backup.and_then(|it| it.initiation_date).into(),
        plan.name,
        plan.rule_name,
        plan.schedule,
        plan.timezone,
        backup.and_then(|it| it.start_by).into(),
        backup.and_then(|it| it.backup_options.as_deref()).into(),
    ]
}

impl Job for BackupJob {
    fn listed_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.backup_jobs
    }

    fn told(&self) -> Told<'_> {
        let (created, completed) = (self.creation_date, self.completion_date);
        Told { state: self.state.as_deref(), created, completed }
    }

    fn named(id: &Text) -> Self {
        Self { backup_job_id: id.clone(), ..Self::default() }
    }

    fn id(&self) -> &Text {
        &self.backup_job_id
    }

    fn row(&self, place: &Place, joined: &Joined<'_>) -> Vec<Value> {
        let vault_arn = self.backup_vault_arn.as_ref();
        let vault = joined.vault(place, vault_arn, self.backup_vault_name.as_ref());
        let point = joined.point(place, vault_arn, self.recovery_point_arn.as_ref());
        let plan = joined.plan(place, self.created_by.as_deref());
        let of_rule = plan.rule.and_then(|it| it.lifecycle.as_ref());
        let lifecycle = self.recovery_point_lifecycle.as_ref().or(lifecycle_of(point)).or(of_rule);
        let [encrypted, key] = encryption(point);
        let mut row = vec![
            Value::from(&self.backup_job_id),
            self.state.as_ref().into(),
            self.status_message.as_ref().into(),
            self.resource_type.as_ref().into(),
            self.resource_arn.as_ref().into(),
            Value::from(self.resource_name.as_ref()).or(|| joined.name_of(place, self.resource_arn.as_ref())),
            plan.arn.clone(),
            plan.rule_id.clone(),
        ];
        row.extend(planned(plan, Some(self)));
        row.extend([
            self.is_parent.into(),
            self.parent_job_id.as_ref().into(),
            self.creation_date.into(),
            self.completion_date.into(),
            self.expected_completion_date.into(),
            self.recovery_point_arn.as_ref().into(),
            run_time(self.creation_date, self.completion_date),
            self.backup_size_in_bytes.into(),
            self.backup_vault_name.as_ref().into(),
            Value::from(vault_arn).or(|| vault.arn()),
            Value::from(self.vault_type.as_ref()).or(|| vault.vault_type()),
            Value::from(self.vault_lock_state.as_ref()).or(|| vault.lock_status()),
            Value::from(self.is_encrypted).or(|| encrypted),
            Value::from(self.encryption_key_arn.as_ref()).or(|| key),
        ]);
        row.extend(kept(lifecycle));
        row.push(self.iam_role_arn.as_ref().into());
        row
    }
}

impl Job for CopyJob {
    fn listed_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.copy_jobs
    }

    fn told(&self) -> Told<'_> {
        let (created, completed) = (self.creation_date, self.completion_date);
        Told { state: self.state.as_deref(), created, completed }
    }

    fn named(id: &Text) -> Self {
        Self { copy_job_id: id.clone(), ..Self::default() }
    }

    fn id(&self) -> &Text {
        &self.copy_job_id
    }

    fn row(&self, place: &Place, joined: &Joined<'_>) -> Vec<Value> {
        let vault_arn = self.destination_backup_vault_arn.as_ref();
        let vault = joined.vault(place, vault_arn, None);
        // Without its vault's ARN nobody knows where the copy is.
        let copy = self.destination_recovery_point_arn.as_ref().filter(|_| vault_arn.is_some());
        let point = joined.point(place, vault_arn, copy);
        let backup = joined.backup(place, self.created_by_backup_job_id.as_ref());
        let by = self.created_by.as_deref().or_else(|| backup?.created_by.as_deref());
        let plan = joined.plan(place, by);
        let lifecycle = self.destination_recovery_point_lifecycle.as_ref().or(lifecycle_of(point));
        let [encrypted, key] = encryption(point);
        let mut row = vec![
            Value::from(&self.copy_job_id),
            self.state.as_ref().into(),
            run_time(self.creation_date, self.completion_date),
            self.resource_type.as_ref().into(),
            self.resource_arn.as_ref().into(),
            Value::from(self.resource_name.as_ref())
                .or(|| backup.and_then(|it| it.resource_name.as_ref()).into())
                .or(|| joined.name_of(place, self.resource_arn.as_ref())),
        ];
        row.extend(planned(plan, backup));
        row.extend([
            self.is_parent.into(),
            self.parent_job_id.as_ref().into(),
            self.creation_date.into(),
            self.completion_date.into(),
            self.backup_size_in_bytes.into(),
            self.source_recovery_point_arn.as_ref().into(),
            self.source_backup_vault_arn.as_ref().into(),
            self.destination_recovery_point_arn.as_ref().into(),
            vault_arn.into(),
            Value::from(self.destination_vault_type.as_ref()).or(|| vault.vault_type()),
            Value::from(self.destination_vault_lock_state.as_ref()).or(|| vault.lock_status()),
            encrypted,
            Value::from(self.destination_encryption_key_arn.as_ref()).or(|| key),
        ]);
        row.extend(kept(lifecycle));
        row.push(self.iam_role_arn.as_ref().into());
        row
    }
}

impl Job for RestoreJob {
    fn listed_in(estate: &Estate) -> &[Recorded<Self>] {
        &estate.restore_jobs
    }

    fn told(&self) -> Told<'_> {
        let (created, completed) = (self.creation_date, self.completion_date);
        Told { state: self.status.as_deref(), created, completed }
    }

    fn named(id: &Text) -> Self {
        Self { restore_job_id: id.clone(), ..Self::default() }
    }

    fn id(&self) -> &Text {
        &self.restore_job_id
    }

    fn row(&self, place: &Place, joined: &Joined<'_>) -> Vec<Value> {
        let vault_arn = self.backup_vault_arn.as_ref();
        let point = joined.point(place, vault_arn, self.recovery_point_arn.as_ref());
        let vault_arn = vault_arn.or_else(|| point?.backup_vault_arn.as_ref());
        let vault: Vault<'_> = joined.vault(place, vault_arn, None);
        let backup = joined.backup_restored(self);
        let of_point = creator_of(point);
        let by = backup.and_then(|it| it.created_by.as_deref()).or(of_point.as_ref());
        let plan = joined.plan(place, by);
        let lifecycle = lifecycle_of(point).or_else(|| backup?.recovery_point_lifecycle.as_ref());
        let [encrypted, key] = encryption(point);
        let resource = self.source_resource_arn.as_ref();
        let mut row = vec![
            Value::from(&self.restore_job_id),
            self.status.as_ref().into(),
            self.recovery_point_arn.as_ref().into(),
            joined.name_of(place, resource).or(|| backup.and_then(|it| it.resource_name.as_ref()).into()),
        ];
        row.extend(planned(plan, backup));
        row.extend([
            self.is_parent.into(),
            self.parent_job_id.as_ref().into(),
            Value::from(point.and_then(|it| it.vault_type.as_ref())).or(|| vault.vault_type()),
            vault.lock_status(),
            encrypted.or(|| backup.and_then(|it| it.is_encrypted).into()),
            key.or(|| backup.and_then(|it| it.encryption_key_arn.as_ref()).into()),
        ]);
        row.extend(kept(lifecycle));
        row.extend([
            resource.into(),
            vault_arn.into(),
            self.creation_date.into(),
            self.backup_size_in_bytes.into(),
            self.percent_done.as_ref().into(),
            self.iam_role_arn.as_ref().into(),
        ]);
        row
    }
}
