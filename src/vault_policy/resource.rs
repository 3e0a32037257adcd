//! Which resource an action of AWS Backup is asked about, and whether a statement's `Resource` covers it.
//! Taken from the Service Authorization Reference for AWS Backup, column "Resource types".

use super::arn::Arn;
use super::pattern::{Pattern, Token};
use super::statement::Resources;
use super::template::{Shape, Template};

/// Stands in an answer's dependencies for "it depends on which resource is asked for".
pub const RESOURCE: &str = "Resource";

/// Copying into a vault, the one action AWS Backup takes from other accounts ("Vault access policies").
pub(super) const COPY_INTO: &str = "backup:CopyIntoBackupVault";

const VAULT_ACTIONS: [&str; 19] = [
    "AssociateBackupVaultMpaApprovalTeam",
    "CopyIntoBackupVault",
    "DeleteBackupVault",
    "DeleteBackupVaultAccessPolicy",
    "DeleteBackupVaultLockConfiguration",
    "DeleteBackupVaultNotifications",
    "DeleteBackupVaultSharingPolicy",
    "DescribeBackupVault",
    "DisassociateBackupVaultMpaApprovalTeam",
    "GetBackupVaultAccessPolicy",
    "GetBackupVaultNotifications",
    "GetBackupVaultSharingPolicy",
    "ListProtectedResourcesByBackupVault",
    "ListRecoveryPointsByBackupVault",
    "PutBackupVaultAccessPolicy",
    "PutBackupVaultLockConfiguration",
    "PutBackupVaultNotifications",
    "PutBackupVaultSharingPolicy",
    "StartBackupJob",
];

const RECOVERY_POINT_ACTIONS: [&str; 14] = [
    "CopyFromBackupVault",
    "CreateBackupAccessPoint",
    "DeleteRecoveryPoint",
    "DescribeRecoveryPoint",
    "DisassociateRecoveryPoint",
    "DisassociateRecoveryPointFromParent",
    "GetPITRMalwareScanResults",
    "GetRecoveryPointIndexDetails",
    "GetRecoveryPointRestoreMetadata",
    "StartCopyJob",
    "StartRestoreJob",
    "StartScanJob",
    "UpdateRecoveryPointIndexSettings",
    "UpdateRecoveryPointLifecycle",
];

/// Recovery point actions for which the Developer Guide ("API permissions: actions, resources, and conditions
/// reference") lists the vault's ARN as well, against the Service Authorization Reference.
const PERHAPS_VAULT_ACTIONS: [&str; 4] = [
    "DescribeRecoveryPoint",
    "GetRecoveryPointRestoreMetadata",
    "StartRestoreJob",
    "UpdateRecoveryPointLifecycle",
];

/// What an action is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceKind {
    /// The vault.
    Vault,
    /// A recovery point, whose ARN may belong to another service (`arn:aws:ec2:…:snapshot/…`).
    RecoveryPoint,
    /// Not known here.
    Other,
}

/// How much of what an action may be asked about a `Resource` covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// All of it.
    All,
    /// Some of it, or it cannot be told.
    Part,
    /// None of it.
    None,
}

/// What the action is asked about.
pub(super) fn resource_kind(action: &str) -> ResourceKind {
    let Some((service, name)) = action.split_once(':') else {
        return ResourceKind::Other;
    };
    if !service.eq_ignore_ascii_case("backup") {
        return ResourceKind::Other;
    }
    if lists(&VAULT_ACTIONS, name) {
        ResourceKind::Vault
    } else if lists(&RECOVERY_POINT_ACTIONS, name) {
        ResourceKind::RecoveryPoint
    } else {
        ResourceKind::Other
    }
}

/// How much of what `action` may be asked about in the vault (or, without one, in any vault) the `Resource` covers.
pub(super) fn coverage(resources: &Resources, action: &str, vault: Option<&str>) -> Coverage {
    let vault = vault
        .and_then(|text| Arn::parse(text).filter(|arn| arn.vault_name().is_some()).map(|arn| (text, arn)));
    let vault_target = match vault {
        Some((text, _)) => Pattern::literal(text),
        None => vaults_of("*"),
    };
    match resource_kind(action) {
        ResourceKind::Vault => cover(resources, &vault_target, false),
        ResourceKind::Other => cover(resources, &Pattern::glob("*"), false),
        ResourceKind::RecoveryPoint => {
            let target = match vault {
                Some((_, arn)) => arn_pattern(&format!("arn:{}:*:{}:*:*", arn.partition, arn.region)),
                None => arn_pattern("arn:*:*:?*:*:*"),
            };
            let covered = cover(resources, &target, true);
            let name = action.split_once(':').map_or(action, |(_, name)| name);
            let perhaps = covered == Coverage::None
                && lists(&PERHAPS_VAULT_ACTIONS, name)
                && cover(resources, &vault_target, false) != Coverage::None;
            if perhaps { Coverage::Part } else { covered }
        }
    }
}

/// The ARNs of the vaults of an account, or with `*` of any; a vault's name has no colon (`CreateBackupVault`).
pub(super) fn vaults_of(account: &str) -> Pattern {
    let vaults = Template::parse(&format!("arn:*:backup:?*:{account}:backup-vault:"), true, false);
    let (head, _) = vaults.unresolved(Shape::Arn);
    head.followed_by(Token::Run { colon: false })
}

/// The ARNs that `text` means with wildcards kept within their part.
pub(super) fn arn_pattern(text: &str) -> Pattern {
    Template::parse(text, true, false).unresolved(Shape::Arn).0
}

fn lists(names: &[&str], name: &str) -> bool {
    names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

fn cover(resources: &Resources, target: &Pattern, no_vaults: bool) -> Coverage {
    let vaults = arn_pattern("arn:*:backup:*:*:backup-vault:*");
    let mut all = false;
    let mut some = false;
    for template in &resources.members {
        let (pattern, complete) = template.unresolved(Shape::Resource);
        if no_vaults && vaults.covers(&pattern) {
            continue;
        }
        all |= complete && pattern.covers(target);
        some |= pattern.intersects(target);
    }
    match (resources.except, all, some) {
        (false, true, _) | (true, _, false) => Coverage::All,
        (false, false, false) | (true, true, _) => Coverage::None,
        (_, false, true) => Coverage::Part,
    }
}
