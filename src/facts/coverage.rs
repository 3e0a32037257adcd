//! Which selections cover a resource, and what their plans put forward for it.
//!
//! The rules of coverage are `selection`'s; here its answers become evidence, and what could not be read of plans
//! and selections becomes evidence that may exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Doubt, Facts, Member, Thing, Uid, types};
use crate::inventory::{Gap, State};
use crate::model::{Arn, Place, ResourceType};
use crate::selection::{
    BackupSelection, Candidate, CoverageIndex, CoveredBy, Explanation, Join, NearMiss as SelectionMiss,
    OptIn, Outcome, Selection, SelectionId, Settings, SettingsOf, UndecidedBy, Unread, explain,
};

/// How many near misses are told of a resource that nothing covers.
const NEAREST: usize = 3;

/// Something that came near to being evidence, and why it is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The type of evidence it would have been.
    pub type_name: &'static str,
    /// What it is.
    pub uid: Uid,
    /// Why it is none.
    pub sentence: String,
}

/// Whether a resource is covered, with everything that says so.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageAnswer {
    /// The resource.
    #[serde(skip)]
    pub arn: String,
    /// Where it is.
    #[serde(skip)]
    pub place: Place,
    /// Whether any selection covers it; `None` if that cannot be told.
    pub covered: Option<bool>,
    /// The selections that do, that may, and that came nearest.
    #[serde(flatten)]
    pub explanation: Explained,
    /// Lists of plans and selections that were not read whole, where they could decide.
    pub unread: Vec<String>,
}

/// The lists of an [`Explanation`].
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The selections that cover it.
    pub by: Vec<CoveredBy>,
    /// The selections of which it cannot be told.
    pub undecided: Vec<UndecidedBy>,
    /// The selections that came nearest without covering it.
    pub nearest: Vec<SelectionMiss>,
}

/// A resource's tags and settings as `selection` takes them.
pub(super) struct Asked<'t> {
    pub(super) place: &'t Place,
    pub(super) thing: &'t Thing,
    pub(super) opt_in_name: &'t str,
}

/// What coverage is asked of in one place.
pub(super) struct PlaceCoverage<'i> {
    pub(super) join: Join<'i>,
    pub(super) opt_ins: OptIns,
    /// Selections, rules and copy actions that may exist in lists that were not read whole.
    pub(super) unread: Vec<Thing>,
}

/// The service opt-in that decides in a place.
pub(super) struct OptIns {
    own: OptIn,
    management: OptIn,
    restore_test: Option<bool>,
    management_place: Option<Place>,
}

impl<'a> Facts<'a> {
    /// All selections of the inventory, ready to be compared.
    pub(super) fn build_coverage_index(&self) -> CoverageIndex {
        let mut selections = Vec::new();
        for (place, estate) in &self.inventory.estates {
            let bodies: BTreeMap<&str, _> =
                estate.backup_selection_bodies.iter().map(|(of, it)| (of.as_str(), it)).collect();
            let names: BTreeMap<&str, &str> = estate
                .backup_plans
                .iter()
                .filter(|it| it.value.deletion_date.is_none())
                .map(|it| {
                    (&*it.value.backup_plan_id, it.value.backup_plan_name.as_deref().unwrap_or_default())
                })
                .collect();
            for listed in &estate.backup_selections {
                let plan = listed.value.backup_plan_id.as_deref().unwrap_or_default();
                let Some(plan_name) = names.get(plan) else {
                    continue;
                };
                let id = SelectionId {
                    account: place.account.to_string().into(),
                    region: place.region.as_str().into(),
                    plan_id: plan.into(),
                    plan_name: (*plan_name).into(),
                    selection_id: (&*listed.value.selection_id).into(),
                    selection_name: listed.value.selection_name.as_deref().unwrap_or_default().into(),
                };
                let body = bodies.get(format!("{plan}/{}", listed.value.selection_id).as_str());
                let body = body.and_then(|it| it.value.backup_selection.clone());
                let read = body.and_then(|it| serde_json::from_value::<BackupSelection>(it).ok());
                selections.push(match read {
                    Some(body) => Selection::new(id, &body).0,
                    None => Selection::unread(id),
                });
            }
        }
        CoverageIndex::new(selections)
    }

    /// The opt-in settings of a place, and of the management account in its Region.
    pub(super) fn opt_ins(&self, place: &Place) -> OptIns {
        let management =
            self.management_account().map(|account| Place { account, region: place.region.clone() });
        let testing = self.state(place, "backup.list-restore-testing-plans", "") == State::Complete;
        let none = self.inventory.estate(place).restore_testing_plans.is_empty();
        OptIns {
            own: self.opt_in(place),
            management: management.as_ref().map_or(OptIn::Unread, |it| self.opt_in(it)),
            management_place: management,
            // Where there is no restore testing plan, nothing is left over from one.
            restore_test: (testing && none).then_some(false),
        }
    }

    fn opt_in(&self, place: &Place) -> OptIn {
        let operation = "backup.describe-region-settings";
        let settings = &self.inventory.estate(place).settings;
        let mut found = settings.iter().filter(|(name, _)| *name == operation).map(|(_, it)| it);
        let (Some(value), None) = (found.next(), found.next()) else {
            return OptIn::Unread;
        };
        let Some(preferences) = value.get("ResourceTypeOptInPreference").and_then(|it| it.as_object()) else {
            return OptIn::Unread;
        };
        let read = preferences.iter().filter_map(|(name, it)| Some((name.clone(), it.as_bool()?)));
        OptIn::Read(read.collect())
    }

    fn management_account(&self) -> Option<crate::model::AccountId> {
        let estates = self.inventory.estates.values();
        let mut accounts: BTreeSet<crate::model::AccountId> = BTreeSet::new();
        for (name, value) in estates.flat_map(|it| &it.settings) {
            if *name == "organizations.describe-organization" {
                let organization = value.get("Organization");
                let id = organization.and_then(|it| it.get("MasterAccountId")).and_then(|it| it.as_str());
                accounts.extend(id.and_then(|it| it.parse::<crate::model::AccountId>().ok()));
            }
        }
        if accounts.len() == 1 { accounts.pop_first() } else { None }
    }

    /// The whole answer about a resource, with its near misses.
    pub(super) fn explain(&self, join: &mut Join<'_>, asked: &Asked<'_>, opt_ins: &OptIns) -> Explanation {
        ask(asked, opt_ins, &mut |candidate, settings| join.explanation(candidate, settings, NEAREST))
    }

    /// Whether a resource is covered, and why; `None` if neither the inventory nor its ARN says where it is.
    pub fn explain_coverage(&self, arn: &str) -> Option<CoverageAnswer> {
        let known = self.inventory.places().find_map(|place| {
            let resources = self.resources(place);
            let ((kind, _), seen) = resources.into_iter().find(|((_, it), _)| *it == arn)?;
            let opt_in_name = seen.short_name(kind);
            Some((place.clone(), self.resource(place, kind, arn, seen), opt_in_name))
        });
        let (place, thing, opt_in_name) = known.or_else(|| self.unseen_resource(arn))?;
        let asked = Asked { place: &place, thing: &thing, opt_in_name };
        let explanation = self.explain(&mut self.coverage_index.join(), &asked, &self.opt_ins(&place));
        let mut unread: Vec<String> = Vec::new();
        let mut covered = explanation.covered;
        if covered != Some(true) {
            let mut gaps: Vec<Gap> = self.gap(&place, "backup.list-backup-plans", "").into_iter().collect();
            for ((of, id), _) in self.plan_uids.range((&place, "")..) {
                if **of != place {
                    break;
                }
                gaps.extend(self.gap(&place, "backup.list-backup-selections", id));
            }
            unread = gaps.iter().map(ToString::to_string).collect();
            covered = covered.filter(|_| unread.is_empty());
        }
        let Explanation { by, undecided, nearest, .. } = explanation;
        let explanation = Explained { by, undecided, nearest };
        Some(CoverageAnswer { arn: arn.to_owned(), place, covered, explanation, unread })
    }

    /// A resource that nothing lists, as far as its ARN tells: its tags are not known.
    fn unseen_resource(&self, arn: &str) -> Option<(Place, Thing, &'static str)> {
        let parts = Arn::parse(arn)?;
        let place = Place { account: parts.account.parse().ok()?, region: parts.region.parse().ok()? };
        let kind = ResourceType::of_resource(arn, None)?;
        let mut thing = self.thing_in(&place, Uid::new(kind.cloudformation(), arn));
        thing.tags = self.tags(&place, arn);
        Some((place, thing, kind.short_name()))
    }

    /// What plans put forward for a resource, and what came near.
    pub(super) fn coverage_members(
        &self,
        coverage: &mut PlaceCoverage<'_>,
        asked: &Asked<'_>,
        members: &mut Vec<Member>,
        near: &mut Vec<NearMiss>,
    ) {
        let PlaceCoverage { join, opt_ins, unread } = coverage;
        let place = asked.place;
        let coverage =
            ask(asked, opt_ins, &mut |candidate, settings| -> Arc<_> { join.covering(candidate, settings) });
        let mut covering: BTreeSet<&Uid> = BTreeSet::new();
        let mut undecided: BTreeMap<&Uid, Vec<Doubt>> = BTreeMap::new();
        for (positions, unread) in [
            (coverage.covering().collect::<Vec<_>>(), false),
            (coverage.undecided().collect::<Vec<_>>(), true),
        ] {
            for position in positions {
                let Some(selection) = self.coverage_index.selection(position).map(Selection::id) else {
                    continue;
                };
                let Some(plan) = self.plan_uids.get(&(place, &*selection.plan_id)) else {
                    continue;
                };
                let uid = selection_uid(plan, &selection.selection_id);
                let mut thing = self.shared(&uid);
                if unread {
                    thing.doubts = self.doubts_of(position, asked, opt_ins);
                    undecided.entry(plan).or_default().extend(thing.doubts.clone());
                } else {
                    covering.insert(plan);
                }
                members.push(Member { thing, judged: false, unread });
            }
        }
        undecided.retain(|plan, _| !covering.contains(plan));
        for plan in &covering {
            self.plan_members(place, plan, &[], members, near);
        }
        for (plan, doubts) in &undecided {
            self.plan_members(place, plan, doubts, members, near);
        }
        members.extend(unread.iter().map(|thing| Member {
            thing: thing.clone(),
            judged: false,
            unread: true,
        }));
        if coverage.covered() == Some(false) {
            let explanation = self.explain(join, asked, opt_ins);
            for miss in explanation.nearest {
                let Some(plan) = self.plan_uids.get(&(place, miss.plan_id.as_str())) else {
                    continue;
                };
                near.push(NearMiss {
                    type_name: types::BACKUP_SELECTION,
                    uid: selection_uid(plan, &miss.selection_id),
                    sentence: format!(
                        "selection {} of plan {} does not cover it: {}",
                        miss.selection_name, miss.plan_name, miss.failed
                    ),
                });
            }
        }
    }

    /// What keeps one from telling whether a selection covers a resource; never nothing.
    fn doubts_of(&self, position: u32, asked: &Asked<'_>, opt_ins: &OptIns) -> Vec<Doubt> {
        let unknown =
            || vec![Doubt { why: "whether a selection covers it could not be told".to_owned(), gap: None }];
        let Some(selection) = self.coverage_index.selection(position) else {
            return unknown();
        };
        let outcome = ask(asked, opt_ins, &mut |candidate, settings| explain(selection, candidate, settings));
        let unread = match outcome {
            Outcome::Undecided { unread } if !unread.is_empty() => unread,
            _ => return unknown(),
        };
        let id = selection.id();
        let doubt = |it: Unread| {
            let call = match &it {
                Unread::Tags | Unread::RestoreTestTag => {
                    Some(("resourcegroupstaggingapi.get-resources", "".to_owned()))
                }
                Unread::OptIn { .. } => Some(("backup.describe-region-settings", "".to_owned())),
                Unread::Selection => {
                    Some(("backup.get-backup-selection", format!("{}/{}", id.plan_id, id.selection_id)))
                }
                Unread::Clause { .. } => None,
            };
            let place = match (&it, opt_ins.management_place.as_ref()) {
                (Unread::OptIn { settings: SettingsOf::ManagementAccount, .. }, Some(place)) => place,
                _ => asked.place,
            };
            let why = format!(
                "whether selection {} of plan {} covers it depends on {it}",
                id.selection_name, id.plan_name
            );
            Doubt { why, gap: call.and_then(|(operation, subject)| self.gap(place, operation, &subject)) }
        };
        unread.into_iter().map(doubt).collect()
    }

    /// The rules and copy actions of a plan; with doubts, of one that may cover the resource.
    fn plan_members(
        &self,
        place: &Place,
        plan: &Uid,
        doubts: &[Doubt],
        members: &mut Vec<Member>,
        near: &mut Vec<NearMiss>,
    ) {
        let plan_thing = self.shared(plan);
        let unread = !doubts.is_empty();
        for uid in self.plan_parts.get(plan).into_iter().flatten() {
            if *uid.type_name == *types::BACKUP_SELECTION {
                continue;
            }
            let mut thing = self.shared(uid);
            if unread {
                thing.doubts = doubts.to_vec();
            }
            let copies = thing.attribute("copyActionCount");
            if !unread && copies == Some(&super::Fact::Long(0)) {
                near.push(NearMiss {
                    type_name: types::COPY_ACTION,
                    uid: uid.clone(),
                    sentence: format!(
                        "rule {} of plan {}, which covers it, has no copy action",
                        thing.name(),
                        plan_thing.name()
                    ),
                });
            }
            members.push(Member { thing, judged: false, unread });
        }
        let parts = self.unread_plan_parts(place, &plan_thing).into_iter();
        let parts = parts.filter(|it| *it.uid.type_name != *types::BACKUP_SELECTION);
        members.extend(parts.map(|thing| Member { thing, judged: false, unread: true }));
    }

    /// Selections, rules and copy actions that may exist in lists of a place that were not read whole.
    pub(super) fn unread_plans(&self, place: &Place) -> Vec<Thing> {
        let mut unread = Vec::new();
        if let Some(gap) = self.gap(place, "backup.list-backup-plans", "") {
            let doubt = Doubt::from(gap);
            let kinds = [types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION];
            unread.extend(kinds.map(|kind| self.unread_plan_part(place, kind, &doubt, None)));
        }
        let plans = self.plan_uids.range((place, "")..).take_while(|((of, _), _)| *of == place);
        for (_, plan) in plans {
            let parts = self.unread_plan_parts(place, &self.shared(plan));
            let selection = parts.iter().find(|it| *it.uid.type_name == *types::BACKUP_SELECTION);
            let Some(doubts) = selection.map(|it| it.doubts.clone()) else {
                continue;
            };
            // The plan's own rules are known, only not whether it covers the resource.
            for uid in self.plan_parts.get(plan).into_iter().flatten() {
                let mut thing = self.shared(uid);
                thing.doubts.clone_from(&doubts);
                unread.push(thing);
            }
            unread.extend(parts);
        }
        unread
    }
}

/// The id of a selection's thing.
pub(super) fn selection_uid(plan: &Uid, selection_id: &str) -> Uid {
    Uid::new(types::BACKUP_SELECTION, format!("{}/selection/{selection_id}", plan.id))
}

fn ask<T>(
    asked: &Asked<'_>,
    opt_ins: &OptIns,
    question: &mut dyn FnMut(&Candidate<'_>, &Settings<'_>) -> T,
) -> T {
    let tags: Option<Vec<(&str, &str)>> = asked
        .thing
        .tags
        .as_ref()
        .map(|tags| tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect());
    let account = asked.place.account.to_string();
    let candidate = Candidate {
        account: &account,
        region: asked.place.region.as_str(),
        arn: &asked.thing.uid.id,
        name: asked.thing.name(),
        opt_in_name: asked.opt_in_name,
        tags: tags.as_deref(),
        restore_test: opt_ins.restore_test,
    };
    question(&candidate, &Settings { opt_in: &opt_ins.own, management_opt_in: &opt_ins.management })
}
