//! The API calls that are understood, as CloudTrail names them: what each is about, and what it does.
//!
//! Parameters are named as CloudTrail records them, which is the API's name with a small first letter
//! (AWS Backup Developer Guide, "Logging AWS Backup API calls with AWS CloudTrail").

/// What a call is about: which members of its record say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Plan,
    Vault,
    RecoveryPoint,
    Resource,
    /// Whatever `resourceArn` names.
    Tagged,
    Key,
    RegionSettings,
    GlobalSettings,
    Organization,
    /// Something of this kind, named by this member.
    Other(&'static str, &'static str),
}

/// What a call does to findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Plan,
    VaultPolicy,
    VaultLock,
    VaultExistence,
    RecoveryPoint,
    RegionSettings,
    Organization,
    Tags,
    /// It turns none, and somebody should know: why, in words.
    Tell(&'static str),
    /// It turns none: why, in words.
    Nothing(&'static str),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) source: &'static str,
    pub(super) name: &'static str,
    pub(super) about: About,
    pub(super) effect: Effect,
}

pub(super) const BACKUP: &str = "backup.amazonaws.com";
const KMS: &str = "kms.amazonaws.com";
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const CONFIG: &str = "config.amazonaws.com";
const ORGANIZATIONS: &str = "organizations.amazonaws.com";

const fn call(source: &'static str, name: &'static str, about: About, effect: Effect) -> Call {
    Call { source, name, about, effect }
}

const fn backup(name: &'static str, about: About, effect: Effect) -> Call {
    call(BACKUP, name, about, effect)
}

const JOB_FOLLOWS: Effect = Effect::Nothing("AWS Backup sends an event of its own when the job ends");
const NO_FACT: Effect = Effect::Nothing("no control can look at this");
const NOTIFICATIONS_GONE: Effect = Effect::Tell("AWS Backup no longer sends the vault's notifications");
const HOLD_GONE: Effect = Effect::Tell("the legal hold no longer keeps recovery points from being deleted");
const TESTS_GONE: Effect = Effect::Tell("restores are no longer tested by this");
const AUDIT_GONE: Effect = Effect::Tell("AWS Backup Audit Manager no longer reports by this");
const SETTINGS: Effect = Effect::Tell("settings of AWS Backup for the whole organization changed");
const KEY_GOES: Effect = Effect::Tell("what the key encrypts cannot be restored once it is gone");
const KEY_OFF: Effect = Effect::Tell("what the key encrypts cannot be restored while it is off");
const KEY_BACK: Effect = Effect::Nothing("the key can be used, as before");
const BLIND: Effect = Effect::Tell("calls may go unrecorded, and nothing wakes backproof but its schedule");
const RECORDER_OFF: Effect = Effect::Tell("AWS Config no longer records, and AWS's own controls see nothing");
const DELEGATION: Effect = Effect::Tell("accounts of the organization may no longer be readable or managed");

const VAULT_LOCK: Effect = Effect::VaultLock;
const FRAMEWORK: About = About::Other("framework", "frameworkName");
const REPORT_PLAN: About = About::Other("report plan", "reportPlanName");
const TEST_PLAN: About = About::Other("restore testing plan", "restoreTestingPlanName");
const TRAIL: About = About::Other("trail", "name");

/// All calls that are understood, by source and name.
pub(super) const CALLS: &[Call] = &[
    backup("AssociateBackupVaultMpaApprovalTeam", About::Vault, NO_FACT),
    backup("CancelLegalHold", About::Other("legal hold", "legalHoldId"), HOLD_GONE),
    backup("CreateBackupPlan", About::Plan, Effect::Plan),
    backup("CreateBackupSelection", About::Plan, Effect::Plan),
    backup("CreateBackupVault", About::Vault, Effect::VaultExistence),
    backup("CreateFramework", FRAMEWORK, NO_FACT),
    backup("CreateLegalHold", About::Other("legal hold", "legalHoldId"), NO_FACT),
    backup("CreateLogicallyAirGappedBackupVault", About::Vault, Effect::VaultExistence),
    backup("CreateReportPlan", REPORT_PLAN, NO_FACT),
    backup("CreateRestoreAccessBackupVault", About::Vault, Effect::VaultExistence),
    backup("CreateRestoreTestingPlan", TEST_PLAN, NO_FACT),
    backup("CreateRestoreTestingSelection", TEST_PLAN, NO_FACT),
    backup("DeleteBackupAccessPoint", About::Other("access point", "accessPointArn"), NO_FACT),
    backup("DeleteBackupPlan", About::Plan, Effect::Plan),
    backup("DeleteBackupSelection", About::Plan, Effect::Plan),
    backup("DeleteBackupVault", About::Vault, Effect::VaultExistence),
    backup("DeleteBackupVaultAccessPolicy", About::Vault, Effect::VaultPolicy),
    backup("DeleteBackupVaultLockConfiguration", About::Vault, VAULT_LOCK),
    backup("DeleteBackupVaultNotifications", About::Vault, NOTIFICATIONS_GONE),
    backup("DeleteFramework", FRAMEWORK, AUDIT_GONE),
    backup("DeleteRecoveryPoint", About::RecoveryPoint, Effect::RecoveryPoint),
    backup("DeleteReportPlan", REPORT_PLAN, AUDIT_GONE),
    backup("DeleteRestoreTestingPlan", TEST_PLAN, TESTS_GONE),
    backup("DeleteRestoreTestingSelection", TEST_PLAN, TESTS_GONE),
    backup(
        "DeleteTieringConfiguration",
        About::Other("tiering configuration", "tieringConfigurationName"),
        NO_FACT,
    ),
    backup("DisassociateBackupVaultMpaApprovalTeam", About::Vault, NO_FACT),
    backup("DisassociateRecoveryPoint", About::RecoveryPoint, Effect::RecoveryPoint),
    backup("DisassociateRecoveryPointFromParent", About::RecoveryPoint, Effect::RecoveryPoint),
    backup("PutBackupVaultAccessPolicy", About::Vault, Effect::VaultPolicy),
    backup("PutBackupVaultLockConfiguration", About::Vault, VAULT_LOCK),
    backup("PutBackupVaultNotifications", About::Vault, NO_FACT),
    backup("RevokeRestoreAccessBackupVault", About::Vault, NO_FACT),
    backup("StartBackupJob", About::Resource, JOB_FOLLOWS),
    backup("StartCopyJob", About::RecoveryPoint, JOB_FOLLOWS),
    backup("StartRestoreJob", About::RecoveryPoint, JOB_FOLLOWS),
    backup("StopBackupJob", About::Other("backup job", "backupJobId"), JOB_FOLLOWS),
    backup("TagResource", About::Tagged, Effect::Tags),
    backup("UntagResource", About::Tagged, Effect::Tags),
    backup("UpdateBackupPlan", About::Plan, Effect::Plan),
    backup("UpdateFramework", FRAMEWORK, NO_FACT),
    backup("UpdateGlobalSettings", About::GlobalSettings, SETTINGS),
    backup("UpdateRecoveryPointIndexSettings", About::RecoveryPoint, NO_FACT),
    backup("UpdateRecoveryPointLifecycle", About::RecoveryPoint, Effect::RecoveryPoint),
    backup("UpdateRegionSettings", About::RegionSettings, Effect::RegionSettings),
    backup("UpdateReportPlan", REPORT_PLAN, NO_FACT),
    backup("UpdateRestoreTestingPlan", TEST_PLAN, NO_FACT),
    backup("UpdateRestoreTestingSelection", TEST_PLAN, NO_FACT),
    backup(
        "UpdateTieringConfiguration",
        About::Other("tiering configuration", "tieringConfigurationName"),
        NO_FACT,
    ),
    call(CLOUDTRAIL, "DeleteEventDataStore", About::Other("event data store", "eventDataStore"), NO_FACT),
    call(CLOUDTRAIL, "DeleteTrail", TRAIL, BLIND),
    call(CLOUDTRAIL, "PutEventSelectors", About::Other("trail", "trailName"), BLIND),
    call(
        CLOUDTRAIL,
        "StopEventDataStoreIngestion",
        About::Other("event data store", "eventDataStore"),
        NO_FACT,
    ),
    call(CLOUDTRAIL, "StopLogging", TRAIL, BLIND),
    call(CLOUDTRAIL, "UpdateTrail", TRAIL, BLIND),
    call(CONFIG, "DeleteConfigurationRecorder", RECORDER, RECORDER_OFF),
    call(CONFIG, "StopConfigurationRecorder", RECORDER, RECORDER_OFF),
    call(KMS, "CancelKeyDeletion", About::Key, KEY_BACK),
    call(KMS, "DeleteImportedKeyMaterial", About::Key, KEY_OFF),
    call(KMS, "DisableKey", About::Key, KEY_OFF),
    call(KMS, "DisableKeyRotation", About::Key, NO_FACT),
    call(KMS, "EnableKey", About::Key, KEY_BACK),
    call(KMS, "PutKeyPolicy", About::Key, NO_FACT),
    call(KMS, "RetireGrant", About::Key, NO_FACT),
    call(KMS, "RevokeGrant", About::Key, NO_FACT),
    call(KMS, "ScheduleKeyDeletion", About::Key, KEY_GOES),
    call(ORGANIZATIONS, "AttachPolicy", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "DeletePolicy", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "DeregisterDelegatedAdministrator", About::Organization, DELEGATION),
    call(ORGANIZATIONS, "DetachPolicy", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "DisableAWSServiceAccess", About::Organization, DELEGATION),
    call(ORGANIZATIONS, "DisablePolicyType", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "EnablePolicyType", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "LeaveOrganization", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "MoveAccount", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "RemoveAccountFromOrganization", About::Organization, Effect::Organization),
    call(ORGANIZATIONS, "UpdatePolicy", About::Organization, Effect::Organization),
];

const RECORDER: About = About::Other("configuration recorder", "configurationRecorderName");

const TOLD: Effect = Effect::Nothing("AWS Backup sends an event of its own for this");
const LIFECYCLE: Effect =
    Effect::Nothing("AWS Backup deletes it at the end of its lifecycle, and a run sees it");

/// What AWS Backup does itself and CloudTrail records (the same page, "AWS Backup service events"), by name.
pub(super) const SERVICE_EVENTS: &[Call] = &[
    backup("AssociateBackupVaultMpaApprovalTeamCompleted", About::Vault, NO_FACT),
    backup("AssociateBackupVaultMpaApprovalTeamFailed", About::Vault, NO_FACT),
    backup("BackupDeleted", About::RecoveryPoint, LIFECYCLE),
    backup("BackupJobCompleted", About::Resource, TOLD),
    backup("BackupJobStarted", About::Resource, JOB_FOLLOWS),
    backup("BackupSelectionDeletedDueToSLRDeletion", About::Plan, Effect::Plan),
    backup("BackupTransitionedToCold", About::RecoveryPoint, NO_FACT),
    backup("CopyJobCompleted", About::Resource, TOLD),
    backup("CopyJobStarted", About::Resource, JOB_FOLLOWS),
    backup("CreateOrganizationalBackupPlan", About::Plan, Effect::Plan),
    backup("CreateRestoreAccessBackupVaultFailed", About::Vault, NO_FACT),
    backup("DeleteOrganizationalBackupPlan", About::Plan, Effect::Plan),
    backup("DisassociateBackupVaultMpaApprovalTeamFailed", About::Vault, NO_FACT),
    backup("InvalidOrganizationBackupPlan", About::Plan, Effect::Plan),
    backup("PutBackupVaultNotifications", About::Vault, NO_FACT),
    backup("RecoveryPointCreated", About::RecoveryPoint, TOLD),
    backup("ReportJobCompleted", REPORT_PLAN, NO_FACT),
    backup("ReportJobStarted", REPORT_PLAN, NO_FACT),
    backup("RestoreAccessBackupVaultDeleted", About::Vault, Effect::VaultExistence),
    backup("RestoreCompleted", About::RecoveryPoint, TOLD),
    backup("RestoreStarted", About::RecoveryPoint, JOB_FOLLOWS),
    backup("RevokeRestoreAccessBackupVaultFailed", About::Vault, NO_FACT),
    backup("ScanJobCompleted", About::RecoveryPoint, NO_FACT),
    backup("ScanJobCreated", About::RecoveryPoint, NO_FACT),
    backup("ScanJobFailed", About::RecoveryPoint, NO_FACT),
    backup("ScanJobStarted", About::RecoveryPoint, NO_FACT),
    backup("UpdateOrganizationalBackupPlan", About::Plan, Effect::Plan),
];

/// What AWS Backup and Amazon EFS do by themselves every day: only what adds something, or ends as a lifecycle says.
///
/// A run sees it. All else that AWS does is looked at like anybody's call.
pub(super) const ORDINARY: &[&str] =
    &["CreateBackupPlan", "CreateBackupSelection", "CreateBackupVault", "DeleteRecoveryPoint", "TagResource"];

impl Call {
    pub(super) fn find(table: &'static [Self], source: &str, name: &str) -> Option<&'static Self> {
        table.iter().find(|it| it.source == source && it.name == name)
    }

    /// Whether a rule should wake somebody for it.
    pub(super) fn is_wanted(&self) -> bool {
        !matches!(self.effect, Effect::Nothing(_))
    }
}
