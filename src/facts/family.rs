//! Families: what is judged together because it is evidence for one another.
//!
//! A resource with what plans put forward for it, a plan with its rules, copy actions and selections, a vault.
//! Recovery points and jobs, which are evidence too, are not gathered: they flow past.

use std::sync::Arc;

use super::coverage::{Asked, PlaceCoverage};
use super::{Doubt, Facts, NearMiss, Resource, Thing, Uid, Wanted, types};
use crate::inventory::{Estate, FlowError, Records};
use crate::model::Place;

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
    /// The families of a place, in order: resources by type and ARN, plans, vaults.
    ///
    /// Only what is wanted is built. Recovery points and jobs are in none:
    /// they are too many to be gathered.
    pub fn families<'f>(
        &'f self,
        place: &'a Place,
        wanted: &'f Wanted<'f>,
    ) -> impl Iterator<Item = Family> + 'f {
        let mut coverage = PlaceCoverage {
            join: self.coverage_index.join(),
            opt_ins: self.opt_ins(place),
            unread: self.unread_plans(place),
        };
        let resources = self.resources_of(place).filter(|it| wanted.has_type(it.type_name()));
        let resources = resources.map(move |it| self.resource_family(&it, wanted, &mut coverage));
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
        resources.chain(plans).chain(vaults)
    }

    fn resource_family(
        &self,
        resource: &Resource<'_>,
        wanted: &Wanted<'_>,
        coverage: &mut PlaceCoverage<'_>,
    ) -> Family {
        let unread = self.unread.iter().filter(|it| wanted.has_type(&it.uid.type_name));
        let unread = unread.map(|thing| Member {
            thing: about_resource(thing, resource.arn),
            judged: false,
            unread: true,
        });
        let mut members: Vec<Member> = unread.collect();
        let subject = self.thing_of(resource);
        let mut near = Vec::new();
        if [types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION]
            .iter()
            .any(|it| wanted.has_type(it))
        {
            let opt_in_name = resource.short_name();
            let asked = Asked { place: resource.place, thing: &subject, opt_in_name };
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
                let unlinked = self.unlinked(place, kind).next().map(|_| Doubt {
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

    /// Builds every recovery point and job in turn; an error says that they could not be read again.
    pub fn each_that_flows(&self, wanted: &Wanted<'_>, sink: &mut dyn FnMut(Thing)) -> Result<(), FlowError> {
        let of_points = wanted.of_points();
        self.inventory.each_piece(&mut |piece| {
            self.inventory.read_piece(piece, &mut |place, items| match items {
                Records::RecoveryPoints(of) => {
                    of.iter().for_each(|it| sink(self.recovery_point(place, it, of_points)))
                }
                Records::BackupJobs(of) => of.iter().for_each(|it| sink(self.backup_job(place, it))),
                Records::CopyJobs(of) => of.iter().for_each(|it| sink(self.copy_job(place, it))),
                Records::RestoreJobs(of) => of.iter().for_each(|it| sink(self.restore_job(place, it))),
            });
        })
    }

    /// That records of a type do not say which resource they are about: of which list, and of which vault.
    pub(super) fn unlinked(
        &self,
        place: &Place,
        type_name: &str,
    ) -> impl Iterator<Item = &'a (&'static str, Option<Arc<str>>)> + use<'a> {
        let points = ("backup.list-recovery-points-by-backup-vault", types::RECOVERY_POINT);
        let lists = JOBS.into_iter().chain([points]);
        let operation = lists.into_iter().find(|(_, of)| *of == type_name).map(|(operation, _)| operation);
        let estate: &'a Estate = self.inventory.estate(place);
        estate.unlinked.iter().filter(move |(of, _)| Some(*of) == operation)
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
