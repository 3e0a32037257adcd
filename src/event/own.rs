//! AWS Backup's own events (AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge").
//!
//! They say what became of something, and not who did it.

use serde_json::Value;

use super::look::{self, BY_EXISTENCE, BY_LOCK, Look, OF_BACKUPS, OF_RESTORES, Thing};
use super::value::{Members, arn, at, place_of, time};
use super::{Reaction, about};
use crate::facts::types;
use crate::model::Place;

const BACKUP_JOB: &str = "Backup Job State Change";
const COPY_JOB: &str = "Copy Job State Change";
const RESTORE_JOB: &str = "Restore Job State Change";
const RECOVERY_POINT: &str = "Recovery Point State Change";
const INDEX: &str = "Recovery Point Index State Change";
const PLAN: &str = "Backup Plan State Change";
const VAULT: &str = "Backup Vault State Change";
const REGION_SETTING: &str = "Region Setting State Change";
const SCAN_JOB: &str = "Scan Job State Change";

/// Their detail-types, each with the states that turn nothing.
pub(super) const DETAIL_TYPES: [(&str, &[&str]); 9] = [
    (BACKUP_JOB, &["CREATED", "PENDING", "RUNNING", "ABORTING"]),
    (COPY_JOB, &["CREATED", "RUNNING"]),
    (RESTORE_JOB, &["CREATED", "PENDING", "RUNNING"]),
    (RECOVERY_POINT, &["CREATING"]),
    (INDEX, &["ACTIVE", "DELETED", "FAILED", "PENDING", "DELETING"]),
    (PLAN, &[]),
    (VAULT, &[]),
    (REGION_SETTING, &[]),
    (SCAN_JOB, &["CREATED", "RUNNING", "COMPLETED", "COMPLETED_WITH_ISSUES", "FAILED", "CANCELED"]),
];

/// The detail-types that no state of which turns anything.
pub(super) const NEVER: [&str; 2] = [INDEX, SCAN_JOB];

/// What an event of AWS Backup's own says.
pub(super) struct Own {
    pub(super) name: String,
    pub(super) about: (Place, Thing),
    pub(super) reaction: Reaction,
}

/// `None` for a detail-type that is not known.
pub(super) fn read(detail_type: &str, event: &Value, detail: &Value, place: &Place) -> Option<Own> {
    let (detail_type, quiet) = DETAIL_TYPES.into_iter().find(|(it, _)| *it == detail_type)?;
    let members = Members::new(vec![detail], place.clone());
    let state = ["state", "status", "indexStatus"].iter().find_map(|it| members.id(it));
    let state = state.unwrap_or_default().to_ascii_uppercase();
    let name = if state.is_empty() { detail_type.to_owned() } else { format!("{detail_type} {state}") };
    let about = match detail_type {
        BACKUP_JOB | COPY_JOB => about::resource(&members),
        RESTORE_JOB => restored(&members, event),
        RECOVERY_POINT | INDEX | SCAN_JOB => about::recovery_point(&members, first_resource(event)),
        PLAN => about::plan(&members),
        VAULT => about::vault(&members),
        _ => (place.clone(), Thing::RegionSettings),
    };
    let reaction = if NEVER.contains(&detail_type) {
        Reaction::Ignore("no control can look at this".to_owned())
    } else if quiet.contains(&state.as_str()) {
        Reaction::Ignore(format!("nothing has come of it yet: its state is {state}"))
    } else {
        turned(detail_type, event, &members, &about)
    };
    Some(Own { name, about, reaction })
}

fn turned(detail_type: &str, event: &Value, members: &Members<'_>, about: &(Place, Thing)) -> Reaction {
    let (place, thing) = about;
    let looks = match detail_type {
        BACKUP_JOB => look::job(place, thing, OF_BACKUPS, &[types::BACKUP_JOB]),
        COPY_JOB => {
            let mut looks = look::job(place, thing, OF_BACKUPS, &[types::COPY_JOB]);
            looks.extend(copied(members));
            looks
        }
        RESTORE_JOB => restore(place, thing),
        RECOVERY_POINT => match ended_in_time(event, members) {
            Some(why) => return Reaction::Ignore(why),
            None => look::recovery_point(place, thing),
        },
        PLAN => look::plan(place, thing),
        VAULT => {
            let changed = members.id("state").is_some_and(|it| it.eq_ignore_ascii_case("MODIFIED"));
            look::vault(place, thing, if changed { BY_LOCK } else { BY_EXISTENCE })
        }
        _ => look::coverage(place),
    };
    Reaction::Look(looks)
}

fn restore(place: &Place, thing: &Thing) -> Vec<Look> {
    // It may say no more than which recovery point it is of.
    let thing = match thing {
        Thing::RecoveryPoint { arn, .. } => &Thing::ResourceOf(arn.clone()),
        thing => thing,
    };
    look::job(place, thing, OF_RESTORES, &[types::RESTORE_JOB])
}

/// The recovery point that a copy made, in its vault's account and Region.
fn copied(members: &Members<'_>) -> Option<Look> {
    let arn = members.arn("destinationRecoveryPointArn")?;
    let vault = members.arn("destinationBackupVaultArn");
    let place = place_of(vault.unwrap_or(arn), &members.place);
    let vault = vault.and_then(about::vault_name).map(str::to_owned);
    let thing = Thing::RecoveryPoint { arn: arn.to_owned(), vault, resource: None };
    look::recovery_point(&place, &thing).into_iter().next()
}

/// Why a recovery point that is being deleted needs no look: its own lifecycle ends it.
fn ended_in_time(event: &Value, members: &Members<'_>) -> Option<String> {
    members.id("status").filter(|it| it.eq_ignore_ascii_case("DELETING"))?;
    let due = at(members.get("calculatedLifecycle")?, &["deleteAt"]).and_then(time)?;
    let now = at(event, &["time"]).and_then(time)?;
    (due <= now).then(|| format!("its lifecycle ends it at {due}, and a run sees it"))
}

/// What was restored: the resource, or else the recovery point it was restored from.
fn restored(members: &Members<'_>, event: &Value) -> (Place, Thing) {
    match members.arn("sourceResourceArn") {
        Some(_) => about::resource(members),
        None => about::recovery_point(members, first_resource(event)),
    }
}

/// The ARN that the envelope lists first.
pub(super) fn first_resource(event: &Value) -> Option<&str> {
    let first = at(event, &["resources"])?.as_array()?.first()?;
    arn(first)
}
