//! One thread's part of a run: judges what flows past as it comes, and keeps what it says of the resources it is of.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::ask::{Asker, Sheet, Verdict};
use super::finding::Finding;
use super::fold::{Fold, Told};
use super::points::Points;
use super::question::Question;
use super::store::Store;
use super::{EvaluateError, Run};
use crate::control::EvidenceFrom;
use crate::facts::{Member, Thing, Uid, types};
use crate::framework::Framework;
use crate::inventory::{Flowing, Recorded, Records, linked};
use crate::model::Place;

/// What flowed past has said of each resource, by the resource's number and the control's.
pub(super) type Folds = HashMap<(u32, u32), Fold, RandomState>;

/// A control, as one of those of a run.
pub(super) struct Numbered<'a> {
    /// Its number among all controls of the run.
    pub(super) number: u32,
    /// Where it stands in the run: the framework among all, the control in it.
    pub(super) position: (usize, usize),
    pub(super) framework: &'a Framework,
    pub(super) sheet: Sheet<'a>,
}

impl<'a> Deref for Numbered<'a> {
    type Target = Sheet<'a>;

    fn deref(&self) -> &Sheet<'a> {
        &self.sheet
    }
}

/// What findings are handed to.
pub(super) type Sink<'s> = dyn FnMut(&Finding<'_>) + 's;

/// One thread's part of a run.
pub(super) struct Judge<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    pub(super) asker: Asker<'a>,
    by_type: BTreeMap<&'a str, Vec<Rc<Numbered<'a>>>>,
    pub(super) points: Points<'a>,
    pub(super) folds: Folds,
}

impl<'r, 'a> Judge<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>) -> Self {
        let mut asker = Asker::new(run.vocabulary, Some(&run.facts.inventory().coverage));
        asker.shares = run.shares;
        let mut by_type: BTreeMap<&str, Vec<Rc<Numbered<'a>>>> = BTreeMap::new();
        for (number, position, framework, chosen) in run.controls() {
            let sheet = Rc::new(Numbered { number, position, framework, sheet: asker.sheet(chosen) });
            for resource in chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it)) {
                by_type.entry(resource).or_default().push(Rc::clone(&sheet));
            }
        }
        let points = Points::new(&by_type, run.shares);
        Self { run, asker, by_type, points, folds: Folds::default() }
    }

    /// What it has gathered of resources.
    pub(super) fn into_folds(self) -> Folds {
        self.folds
    }

    /// The controls that judge things of a type.
    pub(super) fn sheets(&self, type_name: &str) -> &[Rc<Numbered<'a>>] {
        self.by_type.get(type_name).map_or(&[], Vec::as_slice)
    }

    /// Judges records as they flow past, and puts them forward for the resources they are of.
    pub(super) fn items(
        &mut self,
        place: &Place,
        items: Records<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        let facts = self.run.facts;
        match items {
            Records::RecoveryPoints(points) => self.recovery_points(place, points, sink),
            Records::BackupJobs(jobs) => {
                self.records(types::BACKUP_JOB, place, jobs, sink, &|it| facts.backup_job(place, it))
            }
            Records::CopyJobs(jobs) => {
                self.records(types::COPY_JOB, place, jobs, sink, &|it| facts.copy_job(place, it))
            }
            Records::RestoreJobs(jobs) => {
                self.records(types::RESTORE_JOB, place, jobs, sink, &|it| facts.restore_job(place, it))
            }
        }
    }

    fn records<T: Flowing>(
        &mut self,
        type_name: &str,
        place: &Place,
        records: &[Recorded<T>],
        sink: &mut Sink<'_>,
        build: &dyn Fn(&Recorded<T>) -> Thing,
    ) -> Result<(), EvaluateError> {
        if !self.run.wanted.types.contains(type_name) {
            return Ok(());
        }
        for record in records {
            let thing = build(record);
            self.thing(place, &thing, sink)?;
            if let Some(arn) = linked(record) {
                let told = |place: &Place| self.run.facts.inventory().tells(place, record);
                self.put(place, &thing, arn, &told)?;
            }
        }
        Ok(())
    }

    /// Judges a thing for which nothing but its account is put forward.
    pub(super) fn thing(
        &self,
        place: &Place,
        thing: &Thing,
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        let sheets = self.sheets(&thing.uid.type_name);
        if sheets.is_empty() {
            return Ok(());
        }
        let shared = |uid: &Uid| self.run.shared(uid);
        let store = Store::new(vec![thing], shared(&self.run.facts.account_uid(place)), &shared);
        for sheet in sheets {
            self.question(sheet, place, thing, &store, sink)?;
        }
        Ok(())
    }

    pub(super) fn question<'q>(
        &self,
        sheet: &'q Numbered<'a>,
        place: &Place,
        thing: &'q Thing,
        store: &'q Store<'q>,
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        let question = Question { sheet, thing, evidence: &[], near: &[], store };
        if let Some((verdict, told)) = question.answer(&self.asker, None)? {
            tell(sheet, place, thing, &verdict, &told, sink);
        }
        Ok(())
    }

    /// Puts a record forward for the resource that it is about, wherever that is.
    fn put(
        &mut self,
        place: &Place,
        thing: &Thing,
        arn: &str,
        tells: &dyn Fn(&Place) -> bool,
    ) -> Result<(), EvaluateError> {
        let type_name = &*thing.uid.type_name;
        let run = self.run;
        for (number, resource) in run.resources.about(arn) {
            let own = resource.place == place;
            let sheets = self.by_type.get(resource.type_name()).map_or(&[][..], Vec::as_slice);
            let wanted = |it: &&Rc<Numbered<'a>>| {
                let control = &it.chosen.control;
                (own || control.evidence_from == EvidenceFrom::Inventory)
                    && control.evidence.iter().any(|it| it == type_name)
            };
            let mut sheets = sheets.iter().filter(wanted).peekable();
            // What two accounts list is one piece of evidence: that of the resource's own, else of the first.
            if sheets.peek().is_none() || (!own && run.is_told_before(place, resource.place, tells)) {
                continue;
            }
            let judged = run.facts.thing_of(resource);
            let shared = |uid: &Uid| run.shared(uid);
            let account = shared(&run.facts.account_uid(resource.place));
            let store = Store::new(vec![&judged, thing], account, &shared);
            let member = Member { thing: thing.clone(), judged: own, unread: false };
            for sheet in sheets {
                let question = Question { sheet, thing: &judged, evidence: &[], near: &[], store: &store };
                let fold = self.folds.entry((number, sheet.number)).or_default();
                question.put(&self.asker, &member, fold)?;
            }
        }
        Ok(())
    }
}

/// Hands a finding on.
pub(super) fn tell(
    sheet: &Numbered<'_>,
    place: &Place,
    thing: &Thing,
    verdict: &Verdict,
    told: &Told,
    sink: &mut Sink<'_>,
) {
    sink(&Finding {
        framework: sheet.framework,
        chosen: sheet.chosen,
        position: sheet.position,
        place,
        resource: &thing.uid,
        answer: verdict.answer,
        reasons: &verdict.reasons,
        evidence: &told.evidence,
        evidence_omitted: told.omitted,
        missing: &verdict.missing,
        source: &thing.source,
        called: Some(thing.name()),
        said: verdict.messages.as_slice().into(),
    });
}
