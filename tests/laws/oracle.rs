//! What the controls' READMEs say, written again in the plainest Rust, over the typed estate: no JSON, no Cedar, no families.

use std::collections::{BTreeMap, BTreeSet};

use backproof::model::Answer::{self, Compliant, InsufficientData, NonCompliant, NotApplicable};

use super::estate::{Detail, KINDS, Keeping, Member, Place, Point, Resource, Vault, World};

/// Answers by control, place and resource.
pub(crate) type Answers = BTreeMap<(&'static str, String, String), Answer>;

const ENCRYPTED: &str = "BACKUP_RECOVERY_POINT_ENCRYPTED";
const RETENTION: &str = "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK";
const LAST: &str = "BACKUP_LAST_RECOVERY_POINT_CREATED";
const RESTORE: &str = "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET";
const AIR_GAPPED: &str = "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT";

/// The controls that are known here.
pub(crate) const CONTROLS: [&str; 5] = [ENCRYPTED, RETENTION, LAST, RESTORE, AIR_GAPPED];

const DAY: i64 = 86_400;
const ALL_KINDS: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7];
const AIR_GAPPED_VAULT: &str = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT";

/// What each control must say of everything in a world, at the defaults of `aws-backup`.
pub(crate) fn answers(world: &World) -> Answers {
    let mut answers = Answers::new();
    for (index, place) in world.places.iter().enumerate() {
        let name = format!("{}/{}", place.account, place.region);
        for (number, vault) in place.vaults.iter().enumerate().filter(|(_, it)| seen(it.listing)) {
            for (at, point) in vault.points.iter().enumerate() {
                let arn = point_arn(world, index, number, at, point);
                answers.insert((ENCRYPTED, name.clone(), arn.clone()), encrypted(point));
                answers.insert((RETENTION, name.clone(), arn), kept_long_enough(point));
            }
        }
        if points_may_be_missing(place) {
            for control in [ENCRYPTED, RETENTION] {
                answers.insert((control, name.clone(), place.account.to_owned()), InsufficientData);
            }
        }
        let known = place.resources.iter().enumerate().filter(|(_, it)| is_known(world, place, it));
        for (number, resource) in known {
            let arn = world.arn((index, number));
            let judge = |control| (control, name.clone(), arn.clone());
            answers.insert(judge(LAST), last_recovery_point(world, index, &arn));
            answers.insert(judge(RESTORE), restore_time(place, resource));
            if ![6, 7].contains(&resource.kind) {
                let answer =
                    if resource.kind == 5 { NotApplicable } else { in_air_gapped_vault(world, &arn) };
                answers.insert(judge(AIR_GAPPED), answer);
            }
        }
        for (control, kinds) in [(LAST, ALL_KINDS), (RESTORE, ALL_KINDS), (AIR_GAPPED, &[0, 1, 2, 3, 4])] {
            if kinds.iter().any(|kind| !world.service_list(place, *kind).is_whole()) {
                answers.insert((control, name.clone(), place.account.to_owned()), InsufficientData);
            }
        }
    }
    answers
}

/// Whether what a list holds was recorded; a list that was cut off lost its last page, which nobody knows.
pub(crate) fn seen(ending: super::estate::Ending) -> bool {
    use super::estate::Ending::{CutOff, Whole};
    matches!(ending, Whole(_) | CutOff)
}

pub(crate) fn point_arn(world: &World, place: usize, vault: usize, number: usize, point: &Point) -> String {
    let Place { account, region, .. } = &world.places[place];
    let id = format!("{place}-{vault}-{number}");
    match point.of.map(|it| world.short_name(it)) {
        Some("EBS") => format!("arn:aws:ec2:{region}::snapshot/snap-{id}"),
        _ => format!("arn:aws:backup:{region}:{account}:recovery-point:{id}"),
    }
}

/// A resource is known if its service lists it. Where that list is not whole, it is also known if AWS Backup names it,
/// or its tags do and its ARN says what it is.
pub(crate) fn is_known(world: &World, place: &Place, resource: &Resource) -> bool {
    let services = world.service_list(place, resource.kind);
    if services.is_whole() {
        return resource.exists;
    }
    let owned = resource.exists && seen(services);
    let named =
        (resource.listed && seen(place.resource_list)) || matches!(resource.detail, Detail::Answer(..));
    let tagged = resource.tags.is_some() && seen(place.tag_list);
    owned || named || (tagged && !KINDS[resource.kind].0.contains("cluster:"))
}

fn encrypted(point: &Point) -> Answer {
    match (point.status, point.encrypted) {
        (Member::Is("CREATING" | "DELETING"), _) => NotApplicable,
        (Member::Is(_), Member::Is(true)) => Compliant,
        (Member::Is(_), Member::Is(false)) => NonCompliant,
        _ => InsufficientData,
    }
}

fn kept_long_enough(point: &Point) -> Answer {
    match (point.status, point.keeping) {
        (Member::Is("DELETING" | "EXPIRED"), _) => NotApplicable,
        (Member::Is(_), Member::Is(Keeping::Days(days))) if days < 35 => NonCompliant,
        (Member::Is(_), Member::Is(Keeping::BrokenInside)) => InsufficientData,
        (Member::Is(_), Member::Is(_)) => Compliant,
        _ => InsufficientData,
    }
}

/// Whether a list that could hold recovery points of this place is not whole.
fn points_may_be_missing(place: &Place) -> bool {
    !place.vault_list.is_whole() || known_vaults(place).any(|it| !it.listing.is_whole())
}

/// Vaults that are known to be there, whose lists should therefore have been asked for.
pub(crate) fn known_vaults(place: &Place) -> impl Iterator<Item = &Vault> {
    place.vaults.iter().filter(|it| it.described || seen(place.vault_list))
}

/// What one recovery point proves for one resource: whether it counts as a backup, and is at most a day old.
fn recent(point: &Point) -> Answer {
    match (point.status, point.age) {
        (Member::Is("AVAILABLE"), _) => Compliant,
        // Clocks differ by minutes; more than that in the future is no age.
        (Member::Is("COMPLETED"), Member::Is(age)) if age >= -300 => {
            if age <= DAY {
                Compliant
            } else {
                NonCompliant
            }
        }
        (Member::Is("COMPLETED"), _) => InsufficientData,
        (Member::Is(_), _) => NonCompliant,
        _ => InsufficientData,
    }
}

/// Every recovery point that was seen, with its place and vault.
fn points(world: &World) -> impl Iterator<Item = (usize, &Place, &Vault, &Point)> {
    world.places.iter().enumerate().flat_map(|(index, place)| {
        let vaults = place.vaults.iter().filter(|it| seen(it.listing));
        vaults.flat_map(move |vault| vault.points.iter().map(move |point| (index, place, vault, point)))
    })
}

fn any(pieces: &BTreeSet<Answer>) -> Answer {
    let order = [Compliant, InsufficientData];
    order.into_iter().find(|it| pieces.contains(it)).unwrap_or(NonCompliant)
}

fn last_recovery_point(world: &World, place: usize, arn: &str) -> Answer {
    let mut pieces = BTreeSet::new();
    for (of, _, _, point) in points(world).filter(|(of, ..)| *of == place) {
        match point.of {
            Some(resource) if world.arn(resource) == arn => _ = pieces.insert(recent(point)),
            Some(_) => {}
            // It may be a backup of this very resource.
            None => _ = pieces.insert(InsufficientData),
        }
        assert_eq!(of, place);
    }
    if points_may_be_missing(&world.places[place]) {
        pieces.insert(InsufficientData);
    }
    any(&pieces)
}

/// The type of the vault that holds a recovery point: its own word counts, then the vault's.
fn vault_type(place: &Place, vault: &Vault, point: &Point) -> Option<&'static str> {
    match (point.vault_type, vault.kind) {
        (Member::Broken, _) => None,
        (Member::Is(()), Member::Is(kind)) => Some(kind),
        (_, kind) => kind.known().copied().filter(|_| is_listed(place, vault)),
    }
}

fn is_listed(place: &Place, vault: &Vault) -> bool {
    known_vaults(place).any(|it| std::ptr::eq(it, vault))
}

fn both(one: Answer, other: Answer) -> Answer {
    match (one, other) {
        (NonCompliant, _) | (_, NonCompliant) => NonCompliant,
        (Compliant, Compliant) => Compliant,
        _ => InsufficientData,
    }
}

fn is_air_gapped(kind: Option<&str>) -> Answer {
    match kind {
        Some(AIR_GAPPED_VAULT) => Compliant,
        Some(_) => NonCompliant,
        None => InsufficientData,
    }
}

fn in_air_gapped_vault(world: &World, arn: &str) -> Answer {
    let mut pieces = BTreeSet::new();
    for (_, place, vault, point) in points(world) {
        match point.of {
            Some(resource) if world.arn(resource) == arn => {
                pieces.insert(both(is_air_gapped(vault_type(place, vault, point)), recent(point)));
            }
            Some(_) => {}
            None => {
                let kind = vault.kind.known().copied().filter(|_| is_listed(place, vault));
                let unknown = is_air_gapped(kind) != NonCompliant;
                _ = unknown.then(|| pieces.insert(InsufficientData));
            }
        }
    }
    for place in &world.places {
        let unread = known_vaults(place).filter(|it| !it.listing.is_whole());
        let may_be_air_gapped =
            unread.map(|it| is_air_gapped(it.kind.known().copied())).any(|it| it != NonCompliant);
        if may_be_air_gapped || !place.vault_list.is_whole() {
            pieces.insert(InsufficientData);
        }
    }
    any(&pieces)
}

fn restore_time(place: &Place, resource: &Resource) -> Answer {
    let listed = resource.listed && seen(place.resource_list);
    match resource.detail {
        Detail::Answer(Member::Broken, _) | Detail::Answer(_, Member::Broken) => InsufficientData,
        // What AWS says of a restore after the evaluation time says nothing of the time before.
        Detail::Answer(_, Member::Is(age)) if age < -300 => InsufficientData,
        Detail::Answer(Member::Is(minutes), _) if minutes <= 720 => Compliant,
        Detail::Answer(..) | Detail::Unknown => NonCompliant,
        // A list that is whole and does not have it says that it was never backed up, nor restored.
        Detail::NotAsked | Detail::Denied if !listed && place.resource_list.is_whole() => NonCompliant,
        Detail::NotAsked | Detail::Denied => InsufficientData,
    }
}
