//! Families: what is judged together because it is evidence for one another.
//!
//! A resource with its recovery points and jobs, a plan with its rules, copy actions and selections, a vault.
//! Built one at a time, so that memory does not grow with the estate's recovery points.

use std::collections::BTreeSet;

use super::coverage::{Asked, PlaceCoverage};
use super::resource::Seen;
use super::{AboutResource, Doubt, Facts, NearMiss, Thing, UNLINKED, Uid, Wanted, types};
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
    /// What came near to being put forward for the subject.
    pub near: Vec<NearMiss>,
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
    ///
    /// Only what is wanted is built, beside the resources that lead a family.
    pub fn families<'f>(
        &'f self,
        place: &'a Place,
        wanted: &'f Wanted<'f>,
    ) -> impl Iterator<Item = Family> + 'f {
        let resources = self.resources(place);
        let mut coverage = PlaceCoverage {
            join: self.coverage_index.join(),
            opt_ins: self.opt_ins(place),
            unread: self.unread_plans(place),
        };
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
        let resources = resources.into_iter().map(move |((kind, arn), seen)| {
            self.resource_family(place, (kind, arn), seen, wanted, &mut coverage)
        });
        let orphans = orphans.into_iter().map(move |arn| Family {
            subject: None,
            members: self.members(place, arn, false, wanted),
            near: Vec::new(),
        });
        let plans_wanted =
            [types::BACKUP_PLAN, types::BACKUP_RULE, types::COPY_ACTION, types::BACKUP_SELECTION]
                .iter()
                .any(|it| wanted.has_type(it));
        let plans = self.plan_uids.range((place, "")..).take_while(move |((of, _), _)| *of == place);
        let plans = plans.filter(move |_| plans_wanted).map(|(_, plan)| {
            let parts = self.plan_parts.get(plan).into_iter().flatten();
            let subject = self.shared(plan);
            let read = parts.map(|uid| Member { thing: self.shared(uid), judged: true, unread: false });
            let unread = self.unread_plan_parts(place, &subject).into_iter();
            let unread = unread.map(|thing| Member { thing, judged: false, unread: true });
            Family { members: read.chain(unread).collect(), subject: Some(subject), near: Vec::new() }
        });
        let vaults =
            if wanted.has_type(types::BACKUP_VAULT) { self.backup_vaults(place) } else { Vec::new() };
        let vaults = vaults.into_iter().map(|vault| Family {
            subject: Some(vault),
            members: Vec::new(),
            near: Vec::new(),
        });
        resources.chain(orphans).chain(plans).chain(vaults)
    }

    fn resource_family(
        &self,
        place: &Place,
        (kind, arn): (ResourceType, &str),
        seen: Seen<'_>,
        wanted: &Wanted<'_>,
        coverage: &mut PlaceCoverage<'_>,
    ) -> Family {
        let mut members = self.members(place, arn, true, wanted);
        let unread = self.unread.iter().filter(|it| wanted.has_type(&it.uid.type_name));
        members.extend(unread.map(|thing| Member {
            thing: about_resource(thing, arn),
            judged: false,
            unread: true,
        }));
        let subject = self.resource(place, kind, arn, seen);
        let mut near = Vec::new();
        if [types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION]
            .iter()
            .any(|it| wanted.has_type(it))
        {
            let asked = Asked { place, thing: &subject, opt_in_name: seen.short_name(kind) };
            self.coverage_members(coverage, &asked, &mut members, &mut near);
        }
        Family { subject: Some(subject), members, near }
    }

    /// Recovery points and jobs that may exist for any resource: of lists that were not read wholly, or not linked.
    pub(super) fn build_unread(&self) -> Vec<Thing> {
        let mut unread = Vec::new();
        for place in self.inventory.places() {
            unread.extend(self.unread_recovery_points(place));
            for (operation, kind) in JOBS {
                let gap = self.gap(place, operation, "").map(Doubt::from);
                let unlinked = self.has_unlinked_jobs(place, kind).then(|| Doubt {
                    why: "a job does not say which resource it is about".to_owned(),
                    gap: None,
                });
                if let Some(doubt) = gap.or(unlinked) {
                    let mut thing = self.thing_in(place, Uid::new(kind, format!("{place} {operation}")));
                    thing.learn("region", Some(place.region.as_str()));
                    let lost = ["state", "status", "ageHours", "ageDays"];
                    thing.reasons = lost.map(|fact| (fact.into(), doubt.why.clone())).into();
                    thing.doubts = vec![doubt];
                    unread.push(thing);
                }
            }
        }
        if self.partial {
            unread.extend(self.unread_elsewhere());
        }
        unread
    }

    /// Recovery points and jobs that may be recorded where nobody asked, one of each kind.
    ///
    /// They are in no place that is known, so they are evidence only where evidence may be anywhere.
    /// Plans are not among them: a plan covers its own account and Region alone.
    fn unread_elsewhere(&self) -> impl Iterator<Item = Thing> {
        let jobs = JOBS.iter().map(|(_, kind)| *kind);
        std::iter::once(types::RECOVERY_POINT).chain(jobs).map(|kind| {
            let why = "it may be recorded in another account or Region, which was not asked".to_owned();
            let mut thing = Thing::unknown(Uid::new(kind, "in another account or Region"));
            thing.doubts = vec![Doubt { why, gap: None }];
            thing
        })
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
    fn members(&self, place: &Place, arn: &str, with_elsewhere: bool, wanted: &Wanted<'_>) -> Vec<Member> {
        let nothing = AboutResource::default();
        let about = self.about.get(arn).unwrap_or(&nothing);
        let mut members = Vec::new();
        let mut add = |type_name: &str, of: &Place, build: &dyn Fn() -> Thing| {
            if (of == place || with_elsewhere) && wanted.has_type(type_name) {
                let (thing, judged) = (build(), of == place);
                members.push(Member { thing, judged, unread: false });
            }
        };
        let of_points = wanted.of_points();
        for (of, point) in &about.recovery_points {
            add(types::RECOVERY_POINT, of, &|| self.recovery_point(of, point, of_points));
        }
        for (of, job) in &about.backup_jobs {
            add(types::BACKUP_JOB, of, &|| self.backup_job(of, job));
        }
        for (of, job) in &about.copy_jobs {
            add(types::COPY_JOB, of, &|| self.copy_job(of, job));
        }
        for (of, job) in &about.restore_jobs {
            add(types::RESTORE_JOB, of, &|| self.restore_job(of, job));
        }
        // One recovery point can be listed by the account that owns a shared vault and by one that may use it.
        members.sort_by(|a, b| (!a.judged, &a.thing.uid).cmp(&(!b.judged, &b.thing.uid)));
        members.dedup_by(|later, earlier| later.thing.uid == earlier.thing.uid);
        if members.iter().any(|it| !it.judged) {
            let mut seen = BTreeSet::new();
            members.retain(|it| seen.insert(it.thing.uid.clone()));
        }
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
