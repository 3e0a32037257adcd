//! Families: what is judged together because it is evidence for one another.
//!
//! A resource with its recovery points and jobs, a plan with its rules, copy actions and selections, a vault.
//! Built one at a time, so that memory does not grow with the estate's recovery points.

use std::collections::BTreeSet;

use super::{AboutResource, Facts, Thing, UNLINKED, Uid, types};
use crate::model::{Place, ResourceType};

/// A thing of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The thing.
    pub thing: Thing,
    /// Whether it is judged here; if not it is only put forward, and judged where it is recorded.
    pub judged: bool,
    /// Whether it could not be read: it may exist, and what is known of it is all that is known.
    pub unread: bool,
}

/// Things that are judged together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// The thing that the others can be put forward for, if it was found.
    pub subject: Option<Thing>,
    /// The others.
    pub members: Vec<Member>,
}

impl Family {
    /// The things that are judged here, the subject first.
    pub fn judged(&self) -> impl Iterator<Item = &Thing> {
        let members = self.members.iter().filter(|it| it.judged).map(|it| &it.thing);
        self.subject.iter().chain(members)
    }
}

impl<'a> Facts<'a> {
    /// The families of a place, in order: resources by type and ARN, then what is left of them, plans, vaults.
    pub fn families(&self, place: &'a Place) -> impl Iterator<Item = Family> {
        let resources = self.resources(place);
        let subjects: BTreeSet<&str> = resources.keys().map(|(_, arn)| *arn).collect();
        let recorded_here = |about: &AboutResource<'_>| {
            about.recovery_points.iter().any(|(of, _)| *of == place)
                || about.backup_jobs.iter().any(|(of, _)| *of == place)
                || about.copy_jobs.iter().any(|(of, _)| *of == place)
                || about.restore_jobs.iter().any(|(of, _)| *of == place)
        };
        let orphans: Vec<&str> = self
            .about
            .iter()
            .filter(|(arn, about)| !subjects.contains(**arn) && recorded_here(about))
            .map(|(arn, _)| *arn)
            .collect();
        let resources = resources
            .into_iter()
            .map(move |((kind, arn), seen)| self.resource_family(place, kind, arn, seen));
        let orphans = orphans
            .into_iter()
            .map(move |arn| Family { subject: None, members: self.members(place, arn, false) });
        let plans = self.backup_plans(place).into_iter().map(|things| {
            let mut things = things.into_iter();
            let subject = things.next();
            let mut members: Vec<Member> =
                things.map(|thing| Member { thing, judged: true, unread: false }).collect();
            let unread = subject.iter().flat_map(|plan| self.unread_plan_parts(place, plan));
            members.extend(unread.map(|thing| Member { thing, judged: false, unread: true }));
            Family { subject, members }
        });
        let vaults = self
            .backup_vaults(place)
            .into_iter()
            .map(|vault| Family { subject: Some(vault), members: Vec::new() });
        resources.chain(orphans).chain(plans).chain(vaults)
    }

    fn resource_family(
        &self,
        place: &Place,
        kind: ResourceType,
        arn: &str,
        seen: super::resource::Seen<'_>,
    ) -> Family {
        let mut members = self.members(place, arn, true);
        members.extend(self.unread.iter().map(|thing| Member {
            thing: about_resource(thing, arn),
            judged: false,
            unread: true,
        }));
        Family { subject: Some(self.resource(place, kind, arn, seen)), members }
    }

    /// Recovery points and jobs that may exist for any resource: of lists that were not read wholly, or not linked.
    pub(super) fn build_unread(&self) -> Vec<Thing> {
        let mut unread = Vec::new();
        for place in self.inventory.places() {
            unread.extend(self.unread_recovery_points(place));
            for (operation, kind) in JOBS {
                let gap = self.gap(place, operation, "").map(|it| it.to_string());
                let unlinked = self.has_unlinked_jobs(place, kind);
                let unlinked = unlinked.then(|| "a job does not say which resource it is about".to_owned());
                if let Some(why) = gap.or(unlinked) {
                    let mut thing = self.thing_in(place, Uid::new(kind, format!("{place} {operation}")));
                    thing.learn("region", Some(place.region.as_str()));
                    let lost = ["state", "status", "ageHours", "ageDays"];
                    thing.reasons = lost.map(|fact| (fact.into(), why.clone())).into();
                    unread.push(thing);
                }
            }
        }
        unread
    }

    fn has_unlinked_jobs(&self, place: &Place, kind: &str) -> bool {
        let Some(about) = self.about.get(UNLINKED) else {
            return false;
        };
        match kind {
            types::BACKUP_JOB => about.backup_jobs.iter().any(|(of, _)| *of == place),
            types::COPY_JOB => about.copy_jobs.iter().any(|(of, _)| *of == place),
            _ => about.restore_jobs.iter().any(|(of, _)| *of == place),
        }
    }

    /// Recovery points and jobs of a resource: those recorded in this place, and if wanted those recorded elsewhere.
    fn members(&self, place: &Place, arn: &str, with_elsewhere: bool) -> Vec<Member> {
        let nothing = AboutResource::default();
        let about = self.about.get(arn).unwrap_or(&nothing);
        let mut members = Vec::new();
        let mut add = |of: &Place, build: &dyn Fn() -> Thing| {
            if of == place || with_elsewhere {
                let (thing, judged) = (build(), of == place);
                members.push(Member { thing, judged, unread: false });
            }
        };
        for (of, point) in &about.recovery_points {
            add(of, &|| self.recovery_point(of, point));
        }
        for (of, job) in &about.backup_jobs {
            add(of, &|| self.backup_job(of, job));
        }
        for (of, job) in &about.copy_jobs {
            add(of, &|| self.copy_job(of, job));
        }
        for (of, job) in &about.restore_jobs {
            add(of, &|| self.restore_job(of, job));
        }
        // One recovery point can be listed by the account that owns a shared vault and by one that may use it.
        let mut seen = BTreeSet::new();
        members.sort_by(|a, b| (!a.judged, &a.thing.uid).cmp(&(!b.judged, &b.thing.uid)));
        members.retain(|it| seen.insert(it.thing.uid.clone()));
        members
    }
}

/// The lists of jobs, and what is in them.
const JOBS: [(&str, &str); 3] = [
    ("backup.list-backup-jobs", types::BACKUP_JOB),
    ("backup.list-copy-jobs", types::COPY_JOB),
    ("backup.list-restore-jobs", types::RESTORE_JOB),
];

/// Something that could not be read, as it would be if it were about this resource.
fn about_resource(unread: &Thing, arn: &str) -> Thing {
    let mut thing = unread.clone();
    let fact = if *thing.uid.type_name == *types::RESTORE_JOB { "sourceResourceArn" } else { "resourceArn" };
    thing.reasons.retain(|(name, _)| name != fact);
    thing.learn(fact, Some(arn));
    thing
}
