//! Finds what an event is about, with the account and Region where that is.
//!
//! An ARN knows its account and Region better than the event, which may come from a delegated administrator.

use serde_json::Value;

use super::call::About;
use super::look::Thing;
use super::value::{Members, arn, at, place_of};
use crate::model::{Arn, Place, Region, ResourceType};

/// What a call is about.
pub(super) fn of_call(about: About, members: &Members<'_>, detail: &Value) -> (Place, Thing) {
    let here = || members.place.clone();
    let global = || Place { account: members.place.account, region: Region::global() };
    match about {
        About::Plan => plan(members),
        About::Vault => vault(members),
        About::RecoveryPoint => recovery_point(members, None),
        About::Resource => resource(members),
        About::Tagged => match members.arn("resourceArn") {
            Some(arn) => tagged(arn, &members.place),
            None => (here(), Thing::Everything),
        },
        About::Key => key(members, detail),
        About::RegionSettings => (here(), Thing::RegionSettings),
        About::GlobalSettings => (global(), Thing::GlobalSettings),
        About::Organization => (global(), Thing::Organization),
        About::Other(kind, member) => match members.arn(member).or_else(|| members.id(member)) {
            Some(name) => (place_of(name, &members.place), Thing::Other { kind, name: name.to_owned() }),
            None => (here(), Thing::Other { kind, name: String::new() }),
        },
    }
}

/// A plan, by its ARN or id.
pub(super) fn plan(members: &Members<'_>) -> (Place, Thing) {
    let named = members.arn("backupPlanArn").or_else(|| members.arn("backupPlanId"));
    if let Some((arn, id)) = named.and_then(|it| Some((it, part_of(it, "backup-plan:")?))) {
        return (place_of(arn, &members.place), Thing::BackupPlan(id.to_owned()));
    }
    let id = members.id("backupPlanId").filter(|it| Arn::parse(it).is_none());
    (members.place.clone(), id.map_or(Thing::Everything, |it| Thing::BackupPlan(it.to_owned())))
}

/// A vault, by its ARN or name.
pub(super) fn vault(members: &Members<'_>) -> (Place, Thing) {
    match vault_of(members) {
        Some((place, name)) => (place, Thing::BackupVault(name.to_owned())),
        None => (members.place.clone(), Thing::Everything),
    }
}

fn vault_of<'v>(members: &Members<'v>) -> Option<(Place, &'v str)> {
    let named = ["backupVaultArn", "restoreAccessBackupVaultArn", "backupVaultName"];
    let by_arn = named.iter().filter_map(|it| members.arn(it));
    let by_arn = by_arn.filter_map(|it| Some((place_of(it, &members.place), vault_name(it)?))).next();
    let by_name = || members.id("backupVaultName").filter(|it| Arn::parse(it).is_none());
    by_arn.or_else(|| by_name().map(|it| (members.place.clone(), it)))
}

/// The vault's name in its ARN.
pub(super) fn vault_name(arn: &str) -> Option<&str> {
    part_of(arn, "backup-vault:")
}

fn part_of<'a>(arn: &'a str, kind: &str) -> Option<&'a str> {
    let arn = Arn::parse(arn).filter(|it| it.service == "backup")?;
    arn.resource.strip_prefix(kind).filter(|it| !it.is_empty())
}

/// A recovery point, in the account and Region of its vault.
pub(super) fn recovery_point(members: &Members<'_>, listed: Option<&str>) -> (Place, Thing) {
    let vault = vault_of(members);
    let named = ["recoveryPointArn", "sourceRecoveryPointArn"].iter().find_map(|it| members.arn(it));
    let Some(arn) = named.or(listed) else {
        return (vault.map_or_else(|| members.place.clone(), |(place, _)| place), Thing::Everything);
    };
    let resource = ["resourceArn", "sourceResourceArn"].iter().find_map(|it| members.arn(it));
    let place = match &vault {
        Some((place, _)) => place.clone(),
        None => place_of(arn, &members.place),
    };
    let vault = vault.map(|(_, name)| name.to_owned());
    (place, Thing::RecoveryPoint { arn: arn.to_owned(), vault, resource: resource.map(str::to_owned) })
}

/// Something that a plan can protect.
pub(super) fn resource(members: &Members<'_>) -> (Place, Thing) {
    let named = ["resourceArn", "sourceResourceArn"].iter().find_map(|it| members.arn(it));
    let Some(arn) = named else {
        return (members.place.clone(), Thing::Everything);
    };
    let short_name = members.id("resourceType").map(str::to_owned);
    (place_of(arn, &members.place), Thing::Resource { arn: arn.to_owned(), short_name })
}

/// What AWS Backup's own tagging calls name.
pub(super) fn tagged(arn: &str, otherwise: &Place) -> (Place, Thing) {
    let place = place_of(arn, otherwise);
    if let Some(id) = part_of(arn, "backup-plan:") {
        return (place, Thing::BackupPlan(id.to_owned()));
    }
    if let Some(name) = vault_name(arn) {
        return (place, Thing::BackupVault(name.to_owned()));
    }
    if is_resource(arn) {
        return (place, Thing::Resource { arn: arn.to_owned(), short_name: None });
    }
    let is_point = Arn::parse(arn).is_some_and(|it| it.service != "backup");
    if is_point || part_of(arn, "recovery-point:").is_some() {
        return (place, Thing::RecoveryPoint { arn: arn.to_owned(), vault: None, resource: None });
    }
    (place, Thing::Other { kind: "resource of AWS Backup", name: arn.to_owned() })
}

/// Whether a plan can protect it.
pub(super) fn is_resource(arn: &str) -> bool {
    let Some(parsed) = Arn::parse(arn) else {
        return false;
    };
    let cluster = parsed.service == "rds" && parsed.resource.starts_with("cluster:");
    // An object has the ARN of its bucket and more.
    let object = parsed.service == "s3" && parsed.resource.contains('/');
    cluster || (!object && ResourceType::of_resource(arn, None).is_some())
}

/// A key: CloudTrail lists the ARN of a key that is named by its id or alias.
fn key(members: &Members<'_>, detail: &Value) -> (Place, Thing) {
    let listed = at(detail, &["resources"]).and_then(Value::as_array).into_iter().flatten();
    let mut listed = listed.filter_map(|it| arn(at(it, &["ARN"])?)).filter(|it| it.contains(":key/"));
    let named = members.arn("keyId").filter(|it| it.contains(":key/")).or_else(|| listed.next());
    if let Some(arn) = named.or_else(|| members.arn("keyId")) {
        return (place_of(arn, &members.place), Thing::Key(arn.to_owned()));
    }
    let key = members.id("keyId").unwrap_or_default();
    (members.place.clone(), Thing::Key(key.to_owned()))
}
