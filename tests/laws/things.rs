//! Everything in a world that can be judged, as far as it was recorded, with the id that findings give it.

use std::collections::BTreeSet;

use backproof::facts::types;

use super::estate::{Ending, KINDS, Keeping, Member, Place, Plan, World};
use super::oracle::{is_known, known_vaults, point_arn, seen};

/// A place, a type and an id.
pub(crate) type Thing = (String, &'static str, String);

/// All things of a world.
pub(crate) fn things(world: &World) -> BTreeSet<Thing> {
    let mut things = BTreeSet::new();
    for (index, place) in world.places.iter().enumerate() {
        let name = format!("{}/{}", place.account, place.region);
        let mut add = |kind: &'static str, id: String| _ = things.insert((name.clone(), kind, id));
        let backup = |it: &str| format!("arn:aws:backup:{}:{}:{it}", place.region, place.account);
        for (number, vault) in place.vaults.iter().enumerate() {
            if known_vaults(place).any(|it| std::ptr::eq(it, vault)) {
                add(types::BACKUP_VAULT, backup(&format!("backup-vault:v{number}")));
            }
            for (at, point) in vault.points.iter().enumerate().filter(|_| seen(vault.listing)) {
                add(types::RECOVERY_POINT, point_arn(world, index, number, at, point));
            }
        }
        for (number, resource) in place.resources.iter().enumerate() {
            if is_known(world, place, resource) {
                add(KINDS[resource.kind].2, world.arn((index, number)));
            }
        }
        for (number, plan) in place.plans.iter().enumerate().filter(|_| seen(place.plan_list)) {
            let id = if number == 0 { format!("orgs/{index}") } else { format!("plan-{index}-{number}") };
            let arn = backup(&format!("backup-plan:{id}"));
            add(types::BACKUP_PLAN, arn.clone());
            plan_parts(plan, &arn, &format!("s-{index}-{number}"), &mut add);
        }
        let kinds = [types::BACKUP_JOB, types::COPY_JOB, types::RESTORE_JOB];
        for (kind, ending) in place.job_lists.iter().enumerate().filter(|(_, it)| seen(**it)) {
            assert_ne!(*ending, Ending::NotAsked);
            for (number, _) in jobs(place, kind) {
                add(kinds[kind], format!("{index}-{kind}-{number}"));
            }
        }
    }
    things
}

fn jobs(place: &Place, kind: usize) -> impl Iterator<Item = (usize, &super::estate::Job)> {
    place.jobs.iter().enumerate().filter(move |(_, it)| it.kind == kind)
}

fn plan_parts(plan: &Plan, arn: &str, selection: &str, add: &mut dyn FnMut(&'static str, String)) {
    // A wrong type anywhere in the rules loses them all.
    let broken = plan.rules.iter().any(|it| it.keeping == Member::Is(Keeping::BrokenInside));
    if plan.body.is_whole() && !broken {
        for (number, rule) in plan.rules.iter().enumerate() {
            let rule_id = format!("{arn}/rule/id-{number}");
            for copy in 0..rule.copies {
                add(types::COPY_ACTION, format!("{rule_id}/copy/{copy}"));
            }
            add(types::BACKUP_RULE, rule_id);
        }
    }
    for index in 0..plan.selections.len() {
        if seen(plan.selection_list) {
            add(types::BACKUP_SELECTION, format!("{arn}/selection/{selection}-{index}"));
        }
    }
}
