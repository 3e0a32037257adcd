//! What an event is about, and what has to be looked at again because of it.
//!
//! Which controls that concerns is told by what they judge, put forward and read; none is named here.

use std::fmt;

use crate::control::{Control, Read};
use crate::facts::types;
use crate::model::{Place, ResourceType};

/// Something that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A backup plan, by its id.
    BackupPlan(String),
    /// A backup vault, by its name.
    BackupVault(String),
    /// A recovery point.
    RecoveryPoint {
        /// Its ARN.
        arn: String,
        /// Its vault's name, where the event says it.
        vault: Option<String>,
        /// The ARN of what it is a backup of, where the event says it.
        resource: Option<String>,
    },
    /// Something that a plan can protect.
    Resource {
        /// Its ARN.
        arn: String,
        /// What AWS Backup calls its type, such as `EBS`, where the event says it.
        short_name: Option<String>,
    },
    /// What a recovery point is a backup of, where only the recovery point's ARN is known.
    ResourceOf(String),
    /// A KMS key, by its id, ARN or alias.
    Key(String),
    /// AWS Backup's settings of a Region.
    RegionSettings,
    /// AWS Backup's settings of an organization.
    GlobalSettings,
    /// The organization: its accounts, units and policies.
    Organization,
    /// Anything else that has a name.
    Other {
        /// What it is, such as `trail`.
        kind: &'static str,
        /// Its name, id or ARN.
        name: String,
    },
    /// All that the account has in the Region: the event does not say, or not readably, what it is about.
    Everything,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackupPlan(id) => write!(f, "backup plan `{id}`"),
            Self::BackupVault(name) => write!(f, "backup vault `{name}`"),
            Self::RecoveryPoint { arn, .. } => write!(f, "recovery point `{arn}`"),
            Self::Resource { arn, .. } => write!(f, "resource `{arn}`"),
            Self::ResourceOf(arn) => write!(f, "the resource of recovery point `{arn}`"),
            Self::Key(key) => write!(f, "key `{key}`"),
            Self::RegionSettings => f.write_str("AWS Backup's settings of the Region"),
            Self::GlobalSettings => f.write_str("AWS Backup's settings of the organization"),
            Self::Organization => f.write_str("the organization"),
            Self::Other { kind, name } => write!(f, "{kind} `{name}`"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

/// What must be judged by a control for it to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// One of these types.
    Types(&'static [&'static str]),
    /// What a plan can protect.
    Resources,
    /// Anything but these types.
    AnythingBut(&'static [&'static str]),
}

/// Which controls can answer otherwise than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controls {
    /// What they judge.
    pub judged: Judged,
    /// What they put forward: one of these types, or else they read one of those facts. All, if both are empty.
    pub evidence: &'static [&'static str],
    /// What their policies read.
    pub reads: &'static [&'static str],
}

impl Controls {
    const fn that_judge(judged: Judged) -> Self {
        Self { judged, evidence: &[], reads: &[] }
    }

    /// Whether this control is one of them.
    pub fn concern(&self, control: &Control) -> bool {
        let judges = match self.judged {
            Judged::Types(types) => control.resources.iter().any(|it| types.contains(&it.as_str())),
            Judged::Resources => {
                control.resources.iter().any(|it| ResourceType::from_cloudformation(it).is_some())
            }
            Judged::AnythingBut(types) => control.resources.iter().any(|it| !types.contains(&it.as_str())),
        };
        let puts_forward = || control.evidence.iter().any(|it| self.evidence.contains(&it.as_str()));
        let reads = || control.policies.iter().flat_map(|it| &it.reads).any(|it| self.is_read(it));
        let all = self.evidence.is_empty() && self.reads.is_empty();
        judges && (all || puts_forward() || reads())
    }

    fn is_read(&self, read: &Read) -> bool {
        let (Read::Fact(_, path) | Read::Tags(_, path) | Read::Units(_, path)) = read;
        path.iter().any(|it| self.reads.contains(&it.as_str()))
    }
}

/// One thing, or all of an account and Region, that has to be judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub thing: Thing,
    /// Which controls to ask of it.
    pub controls: Controls,
}

impl Look {
    fn new(place: &Place, thing: Thing, judged: Judged) -> Self {
        Self { place: place.clone(), thing, controls: Controls::that_judge(judged) }
    }

    fn everything(place: &Place, controls: Controls) -> Self {
        Self { place: place.clone(), thing: Thing::Everything, controls }
    }
}

/// A plan with its parts.
const PLAN: Judged =
    Judged::Types(&[types::BACKUP_PLAN, types::BACKUP_RULE, types::COPY_ACTION, types::BACKUP_SELECTION]);
/// What selections give to resources.
const BY_SELECTION: &[&str] = &[types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION];
const VAULT: Judged = Judged::Types(&[types::BACKUP_VAULT]);
const POINT: Judged = Judged::Types(&[types::RECOVERY_POINT]);

/// Facts that a vault's access policy decides.
pub(super) const BY_ACCESS_POLICY: &[&str] = &[
    "accessPolicy",
    "deleteRecoveryPointDenial",
    "updateRecoveryPointLifecycleDenial",
    "putBackupVaultAccessPolicyDenial",
    "hasManagedRuleShape",
    "deniedToEveryone",
    "copyIntoOpenTo",
];
/// Facts that a vault's lock decides.
pub(super) const BY_LOCK: &[&str] = &["locked", "lock"];
/// Facts that say whether a vault is there, or lead to it.
pub(super) const BY_EXISTENCE: &[&str] =
    &["targetBackupVaultExists", "targetBackupVault", "logicallyAirGapped", "destination", "vault"];
/// Facts that lead to a vault, through which its tags are read.
pub(super) const TO_A_VAULT: &[&str] = &["targetBackupVault", "vault"];
/// The fact of a vault that changes with each of its recovery points.
pub(super) const BY_COUNT: &[&str] = &["numberOfRecoveryPoints"];

/// A plan, its rules or its selections are other than before.
pub(super) fn plan(place: &Place, thing: &Thing) -> Vec<Look> {
    let resources = Controls { evidence: BY_SELECTION, ..Controls::that_judge(Judged::Resources) };
    vec![Look::new(place, thing.clone(), PLAN), Look::everything(place, resources)]
}

/// A vault is other than before, and with it what reads these facts of it from elsewhere.
pub(super) fn vault(place: &Place, thing: &Thing, reads: &'static [&'static str]) -> Vec<Look> {
    const ELSEWHERE: Judged = Judged::AnythingBut(&[types::BACKUP_VAULT]);
    let through = Controls { reads, ..Controls::that_judge(ELSEWHERE) };
    vec![Look::new(place, thing.clone(), VAULT), Look::everything(place, through)]
}

/// What a recovery point, a backup or a copy is evidence of for its resource.
pub(super) const OF_BACKUPS: Controls = Controls {
    judged: Judged::Resources,
    evidence: &[types::RECOVERY_POINT, types::BACKUP_JOB, types::COPY_JOB],
    reads: &["lastBackup"],
};
/// What a restore is evidence of for its resource.
pub(super) const OF_RESTORES: Controls = Controls {
    judged: Judged::Resources,
    evidence: &[types::RECOVERY_POINT, types::RESTORE_JOB],
    reads: &["latestRestore"],
};

/// A recovery point is there, gone or other than before.
pub(super) fn recovery_point(place: &Place, thing: &Thing) -> Vec<Look> {
    let Thing::RecoveryPoint { arn, vault, resource } = thing else {
        let points = Look::new(place, Thing::Everything, POINT);
        return vec![points, Look::everything(place, OF_BACKUPS)];
    };
    let mut looks = vec![Look::new(place, thing.clone(), POINT)];
    looks.push(match resource {
        Some(resource) => Look {
            place: super::value::place_of(resource, place),
            thing: Thing::Resource { arn: resource.clone(), short_name: None },
            controls: OF_BACKUPS,
        },
        None => Look { place: place.clone(), thing: Thing::ResourceOf(arn.clone()), controls: OF_BACKUPS },
    });
    if let Some(vault) = vault {
        let counted = Controls { reads: BY_COUNT, ..Controls::that_judge(VAULT) };
        let thing = Thing::BackupVault(vault.clone());
        looks.push(Look { place: place.clone(), thing, controls: counted });
    }
    looks
}

/// Something that a plan can protect is other than before.
pub(super) fn resource(place: &Place, thing: &Thing) -> Vec<Look> {
    vec![Look::new(place, thing.clone(), Judged::Resources)]
}

/// Something was backed up, copied or restored by a job of this type, or was to be.
pub(super) fn job(
    place: &Place,
    thing: &Thing,
    controls: Controls,
    kind: &'static [&'static str],
) -> Vec<Look> {
    let resource = Look { place: place.clone(), thing: thing.clone(), controls };
    vec![resource, Look::new(place, thing.clone(), Judged::Types(kind))]
}

/// What selections give to all resources of a place may be other than before.
pub(super) fn coverage(place: &Place) -> Vec<Look> {
    let resources = Controls { evidence: BY_SELECTION, ..Controls::that_judge(Judged::Resources) };
    vec![Look::everything(place, resources)]
}

/// Anything of a place may be other than before.
pub(super) fn everything(place: &Place) -> Vec<Look> {
    vec![Look::new(place, Thing::Everything, Judged::AnythingBut(&[]))]
}

/// Accounts, units or policies of the organization are other than before.
pub(super) fn organization(place: &Place) -> Vec<Look> {
    vec![Look::new(place, Thing::Organization, Judged::AnythingBut(&[]))]
}
