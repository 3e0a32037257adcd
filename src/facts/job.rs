//! Backup, copy and restore jobs.

use std::sync::Arc;

use super::recovery_point::created_by;
use super::{Fact, Facts, Thing, Uid, types};
use crate::inventory::Recorded;
use crate::inventory::record::{BackupJob, CopyJob, JobCreator, RestoreJob, Text};
use crate::model::Place;

/// Facts by the member they are read from, for all three kinds of job.
const MEMBERS: [(&str, &str); 14] = [
    ("state", "State"),
    ("status", "Status"),
    ("messageCategory", "MessageCategory"),
    ("resourceArn", "ResourceArn"),
    ("sourceResourceArn", "SourceResourceArn"),
    ("resourceType", "ResourceType"),
    ("backupVaultName", "BackupVaultName"),
    ("recoveryPointArn", "RecoveryPointArn"),
    ("sourceBackupVaultArn", "SourceBackupVaultArn"),
    ("destinationBackupVaultArn", "DestinationBackupVaultArn"),
    ("validation", "ValidationStatus"),
    ("createdBy", "CreatedBy"),
    ("ageHours", "CreationDate"),
    ("ageDays", "CreationDate"),
];

impl Facts<'_> {
    /// The facts of a backup job.
    pub(crate) fn backup_job(&self, place: &Place, job: &Recorded<BackupJob>) -> Thing {
        let of = &job.value;
        let mut thing = self.job(place, types::BACKUP_JOB, &of.backup_job_id, job);
        thing.learn("backupJobId", Some(&*of.backup_job_id));
        thing.learn("state", of.state.as_deref());
        // AWS leaves these out of jobs that have just been created.
        thing.learn("messageCategory", Some(of.message_category.as_deref().unwrap_or_default()));
        thing.learn("backupVaultName", Some(of.backup_vault_name.as_deref().unwrap_or_default()));
        thing.learn("resourceArn", of.resource_arn.as_deref());
        thing.learn("resourceType", of.resource_type.as_deref());
        thing.learn("createdBy", Some(created_by_plan(of.created_by.as_deref())));
        self.learn_age(&mut thing, of.creation_date);
        forget_unreadable(&mut thing, job);
        thing
    }

    /// The facts of a copy job.
    pub(crate) fn copy_job(&self, place: &Place, job: &Recorded<CopyJob>) -> Thing {
        let of = &job.value;
        let mut thing = self.job(place, types::COPY_JOB, &of.copy_job_id, job);
        thing.learn("copyJobId", Some(&*of.copy_job_id));
        thing.learn("state", of.state.as_deref());
        thing.learn("resourceArn", of.resource_arn.as_deref());
        thing.learn("resourceType", of.resource_type.as_deref());
        thing.learn("sourceBackupVaultArn", of.source_backup_vault_arn.as_deref());
        thing.learn("destinationBackupVaultArn", of.destination_backup_vault_arn.as_deref());
        thing.learn("createdBy", Some(created_by_plan(of.created_by.as_deref())));
        self.learn_age(&mut thing, of.creation_date);
        forget_unreadable(&mut thing, job);
        thing
    }

    /// The facts of a restore job.
    pub(crate) fn restore_job(&self, place: &Place, job: &Recorded<RestoreJob>) -> Thing {
        let of = &job.value;
        let mut thing = self.job(place, types::RESTORE_JOB, &of.restore_job_id, job);
        thing.learn("restoreJobId", Some(&*of.restore_job_id));
        thing.learn("status", of.status.as_deref());
        thing.learn("sourceResourceArn", of.source_resource_arn.as_deref());
        thing.learn("resourceType", of.resource_type.as_deref());
        thing.learn("recoveryPointArn", of.recovery_point_arn.as_deref());
        let validation =
            Fact::record([("validationStatus", of.validation_status.as_deref().map(Fact::from))]);
        thing.learn("validation", Some(validation));
        self.learn_age(&mut thing, of.creation_date);
        forget_unreadable(&mut thing, job);
        thing
    }

    fn job<T>(&self, place: &Place, type_name: &'static str, id: &str, job: &Recorded<T>) -> Thing {
        let mut thing = self.thing_in(place, Uid::new(type_name, id));
        thing.source = Arc::clone(self.source_of(job));
        thing.tags = Some(std::collections::BTreeMap::new());
        thing.learn("region", Some(place.region.as_str()));
        thing
    }
}

fn created_by_plan(by: Option<&JobCreator>) -> Fact {
    let told = |of: fn(&JobCreator) -> &Option<Text>| by.and_then(|it| of(it).as_ref());
    let (plan, rule) = (told(|it| &it.backup_plan_id), told(|it| &it.backup_rule_id));
    created_by(plan, rule, told(|it| &it.backup_rule_name))
}

fn forget_unreadable<T>(thing: &mut Thing, job: &Recorded<T>) {
    for (fact, member) in MEMBERS {
        if let Some(why) = job.why_unreadable(member) {
            thing.attributes.retain(|(name, _)| name != fact);
            thing.excuse(fact, why);
        }
    }
}
