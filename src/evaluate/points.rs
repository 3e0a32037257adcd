//! Judging recovery points, of which there are the most: what a control says of one of a kind it says of all.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::EvaluateError;
use super::ask::Pair;
use super::class::Keyed;
use super::finding::Finding;
use super::fold::{Fold, Put};
use super::judge::{Folds, Judge, Numbered, Sink};
use super::point::{Row, Said, Side, Table, Together, Verdict, columns, is_evidence};
use super::store::Store;
use crate::control::EvidenceFrom;
use crate::facts::{Resource, Thing, Uid, types};
use crate::inventory::record::RecoveryPoint;
use crate::inventory::{Recorded, linked};
use crate::model::{Answer, Place};

/// The controls that recovery points have to do with, with what they have said of them.
#[derive(Default)]
pub(super) struct Points<'a> {
    judging: Vec<Judging<'a>>,
    /// What all that judge say; none if one of them must be asked about each.
    together: Option<Together<'a>>,
    taking: Vec<Taking<'a>>,
    /// Those that take recovery points as evidence, by the type of the resource.
    by_type: BTreeMap<&'a str, Vec<usize>>,
    /// How many recovery points were judged as others of their kind.
    shared: Cell<u64>,
    /// Resources that recovery points were put forward for of late, by number.
    lately: RefCell<Lately>,
}

/// Resources with their facts, by number.
type Lately = HashMap<u32, Rc<Thing>, RandomState>;

/// The most resources that are kept of late.
const MAX_LATELY: usize = 1 << 12;

/// A control that judges recovery points.
struct Judging<'a> {
    sheet: Rc<Numbered<'a>>,
    /// What it has said; none if it must be asked about each.
    table: Option<Table<'a>>,
}

/// A control that takes recovery points as evidence.
struct Taking<'a> {
    sheet: Rc<Numbered<'a>>,
    table: Option<Table<'a>>,
    /// Numbers of what it looks at of resources, beginning at 1.
    kinds: HashMap<Box<[u8]>, u64>,
    /// Those of the resources, by number; 0 where it is not known yet.
    of_resource: Vec<u64>,
}

impl<'a> Points<'a> {
    pub(super) fn new(by_type: &BTreeMap<&'a str, Vec<Rc<Numbered<'a>>>>, shares: bool) -> Self {
        let table = |sheet: &Numbered<'a>, side: Side| {
            let sharing = &sheet.chosen.control.policies.sharing;
            columns(sharing, side).filter(|_| shares).map(Table::new)
        };
        let judging = by_type.get(types::RECOVERY_POINT).into_iter().flatten();
        let judging = judging.map(|sheet| {
            let scope = &sheet.chosen.scope;
            let all = scope.tag.is_none() && scope.ids.is_empty() && sheet.chosen.control.evidence.is_empty();
            Judging { sheet: Rc::clone(sheet), table: table(sheet, Side::Resource).filter(|_| all) }
        });
        let judging: Vec<Judging<'a>> = judging.collect();
        let tables = judging.iter().filter_map(|it| it.table.as_ref());
        let all = tables.clone().count() == judging.len();
        let together = if all { Together::new(tables.map(|it| &it.columns)) } else { None };
        let (mut taking, mut by_resource) = (Vec::new(), BTreeMap::new());
        let mut known: HashMap<u32, usize> = HashMap::new();
        for (type_name, sheets) in by_type {
            for sheet in sheets.iter().filter(|it| is_evidence(&it.chosen.control.evidence)) {
                let index = *known.entry(sheet.number).or_insert_with(|| {
                    let (kinds, of_resource) = (HashMap::new(), Vec::new());
                    let table = table(sheet, Side::Principal);
                    taking.push(Taking { sheet: Rc::clone(sheet), table, kinds, of_resource });
                    taking.len() - 1
                });
                by_resource.entry(*type_name).or_insert_with(Vec::new).push(index);
            }
        }
        let (shared, lately) = Default::default();
        Self { judging, together, taking, by_type: by_resource, shared, lately }
    }
}

/// A recovery point on its way, with its facts if somebody wanted them.
struct Passing<'p> {
    place: &'p Place,
    point: &'p Recorded<RecoveryPoint>,
    uid: Uid,
    thing: OnceCell<Thing>,
}

impl<'a> Judge<'_, 'a> {
    /// Judges recovery points, and puts them forward for the resources they are of.
    pub(super) fn recovery_points(
        &mut self,
        place: &Place,
        points: &[Recorded<RecoveryPoint>],
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        if !self.run.wanted.types.contains(types::RECOVERY_POINT) {
            return Ok(());
        }
        let number = self.run.place_number(place);
        let (mut own, mut folds) = (std::mem::take(&mut self.points), std::mem::take(&mut self.folds));
        let mut judged = Ok(());
        for point in points {
            let uid = Uid::new(types::RECOVERY_POINT, point.value.recovery_point_arn.shared());
            let passing = Passing { place, point, uid, thing: OnceCell::new() };
            // What could not be read of it, and what is still to come, is told in words of its own.
            let age = self.run.facts.ages(point.value.creation_date).ok();
            let last_restore = self.run.facts.ages(point.value.last_restore_time).ok();
            let row = match (age, last_restore) {
                (Some(age), Some(last_restore)) if point.is_whole() => {
                    let last_restore = last_restore.map(|(_, days)| days);
                    Some(Row { place: number, point: &point.value, age, last_restore })
                }
                _ => None,
            };
            judged = judged.and_then(|()| self.judge_point(&mut own, &passing, row.as_ref(), sink));
            judged = judged.and_then(|()| self.put_point(&mut own, &mut folds, &passing, row.as_ref()));
        }
        (self.points, self.folds) = (own, folds);
        judged
    }

    fn thing_of<'p>(&self, passing: &'p Passing<'_>) -> &'p Thing {
        passing.thing.get_or_init(|| {
            self.run.facts.recovery_point(passing.place, passing.point, self.run.wanted.of_points())
        })
    }

    /// What every control that judges recovery points says of one.
    fn judge_point(
        &self,
        points: &mut Points<'a>,
        passing: &Passing<'_>,
        row: Option<&Row<'_>>,
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        let Points { judging, together, shared, .. } = points;
        if row.is_none() || judging.iter().all(|it| it.table.is_none()) {
            return self.thing(passing.place, self.thing_of(passing), sink);
        }
        let key = row.zip(together.as_ref()).and_then(|(row, together)| together.key(row));
        if let (Some(key), Some(together)) = (&key, &mut *together)
            && let Some(verdicts) = together.find(key)
        {
            for (Judging { sheet, .. }, verdict) in judging.iter().zip(verdicts.iter()) {
                self.tell_point(sheet, passing, verdict, sink);
            }
            let sheets = judging.iter().map(|it| &*it.sheet).zip(verdicts.iter());
            return self.check_point(shared, passing, sheets);
        }
        let mut verdicts = Vec::new();
        for judging in &mut *judging {
            verdicts.extend(self.judge_point_by(judging, passing, row, sink)?);
        }
        if let (Some(key), Some(row), Some(together)) = (key, row, together)
            && verdicts.len() == judging.len()
        {
            together.keep(key, row, verdicts);
        }
        Ok(())
    }

    /// What a control says of one; what it would say of all of its kind, if that is the same.
    fn judge_point_by(
        &self,
        judging: &mut Judging<'a>,
        passing: &Passing<'_>,
        row: Option<&Row<'_>>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Rc<Verdict<'a>>>, EvaluateError> {
        let Judging { sheet, table } = judging;
        let known = table.as_mut().zip(row).map(|(table, row)| {
            let key = row.key(&table.columns, 0);
            (table.find(&key), key, row)
        });
        if let Some((Said::Told(verdict), ..)) = known {
            self.tell_point(sheet, passing, &verdict, sink);
            self.check_point(&sheet.asked, passing, [(&**sheet, &verdict)].into_iter())?;
            return Ok(Some(verdict));
        }
        let shared = |uid: &Uid| self.run.shared(uid);
        let thing = self.thing_of(passing);
        let account = shared(&self.run.facts.account_uid(passing.place));
        let store = Store::new(vec![thing], account, &shared);
        let mut kept = None;
        if let (Some((Said::New, key, row)), Some(table)) = (known, table) {
            let pair = Pair { principal: &store.account, resource: thing, store: &store };
            let (told, decision) = self.asker.ask(sheet, pair)?;
            let reasons = self.asker.reasons_of(&told, &decision);
            let verdict = Rc::new(Verdict { answer: told.answer, reasons, decision });
            kept = Some(verdict).filter(|it| it.answer != Answer::InsufficientData);
            table.keep(key, row, kept.clone());
        }
        self.question(sheet, passing.place, thing, &store, sink)?;
        Ok(kept)
    }

    /// Asks directly, of one recovery point in a thousand, what was told of it as of others of its kind.
    fn check_point<'c>(
        &self,
        count: &Cell<u64>,
        passing: &Passing<'_>,
        mut told: impl Iterator<Item = (&'c Numbered<'a>, &'c Rc<Verdict<'a>>)>,
    ) -> Result<(), EvaluateError>
    where
        'a: 'c,
    {
        if !self.asker.is_one_of(count) {
            return Ok(());
        }
        let mut checked = Ok(());
        self.alone(passing, &mut |pair| {
            checked = told.try_for_each(|(sheet, verdict)| {
                self.asker.check(sheet, pair, &verdict.told(), &verdict.decision)
            });
        });
        checked
    }

    /// A recovery point as a question of its account.
    fn alone(&self, passing: &Passing<'_>, what: &mut dyn FnMut(Pair<'_>)) {
        let shared = |uid: &Uid| self.run.shared(uid);
        let thing = self.thing_of(passing);
        let account = shared(&self.run.facts.account_uid(passing.place));
        let store = Store::new(vec![thing], account, &shared);
        what(Pair { principal: &store.account, resource: thing, store: &store });
    }

    /// Tells of one what is said of all of its kind.
    fn tell_point(
        &self,
        sheet: &Numbered<'a>,
        passing: &Passing<'_>,
        verdict: &Verdict<'a>,
        sink: &mut Sink<'_>,
    ) {
        let messages = || {
            let mut messages = Vec::new();
            self.alone(passing, &mut |pair| {
                messages = self.asker.messages(sheet, &verdict.decision, pair);
            });
            messages
        };
        let said: &dyn Fn() -> Vec<String> = &messages;
        sink(&Finding {
            framework: sheet.framework,
            chosen: sheet.chosen,
            position: sheet.position,
            place: passing.place,
            resource: &passing.uid,
            answer: verdict.answer,
            reasons: &verdict.reasons,
            evidence: &[],
            evidence_omitted: 0,
            missing: &[],
            source: self.run.facts.source_of(passing.point),
            called: None,
            said: said.into(),
        });
    }

    /// Puts a recovery point forward for the resources that it may be of, wherever they are.
    fn put_point(
        &self,
        points: &mut Points<'a>,
        folds: &mut Folds,
        passing: &Passing<'_>,
        row: Option<&Row<'_>>,
    ) -> Result<(), EvaluateError> {
        let Some(arn) = linked(passing.point) else {
            return Ok(());
        };
        let run = self.run;
        for (number, resource) in run.resources.about(arn) {
            let own = resource.place == passing.place;
            let tells = |place: &Place| run.facts.inventory().tells(place, passing.point);
            // What two accounts list is one piece of evidence: that of the resource's own, else of the first.
            if !own && run.is_told_before(passing.place, resource.place, &tells) {
                continue;
            }
            let Points { taking, by_type, lately, .. } = points;
            for index in by_type.get(resource.type_name()).into_iter().flatten() {
                let Some(taking) = taking.get_mut(*index) else {
                    continue;
                };
                let control = &taking.sheet.chosen.control;
                if own || control.evidence_from == EvidenceFrom::Inventory {
                    let fold = folds.entry((number, taking.sheet.number)).or_default();
                    self.put_point_for((taking, lately), fold, passing, row, (number, resource, own))?;
                }
            }
        }
        Ok(())
    }

    fn put_point_for(
        &self,
        (taking, lately): (&mut Taking<'a>, &RefCell<Lately>),
        fold: &mut Fold,
        passing: &Passing<'_>,
        row: Option<&Row<'_>>,
        (number, resource, own): (u32, &Resource<'a>, bool),
    ) -> Result<(), EvaluateError> {
        let run = self.run;
        let ask = |what: &mut dyn FnMut(Pair<'_>)| {
            let shared = |uid: &Uid| run.shared(uid);
            let mut lately = lately.borrow_mut();
            if lately.len() >= MAX_LATELY {
                lately.clear();
            }
            let judged = lately.entry(number).or_insert_with(|| Rc::new(run.facts.thing_of(resource)));
            let (thing, judged) = (self.thing_of(passing), Rc::clone(judged));
            drop(lately);
            let account = shared(&run.facts.account_uid(resource.place));
            let store = Store::new(vec![&judged, thing], account, &shared);
            what(Pair { principal: thing, resource: &judged, store: &store });
        };
        let sheet = Rc::clone(&taking.sheet);
        let kind = if row.is_some() { self.kind_of(taking, number, resource) } else { None };
        let (mut known, mut to_keep) = (None, None);
        if let (Some(row), Some(kind), Some(table)) = (row, kind, &mut taking.table) {
            let key = row.key(&table.columns, kind);
            match table.find(&key) {
                Said::Told(verdict) => known = Some(verdict),
                Said::New => to_keep = Some((key, row)),
                Said::Ask => {}
            }
        }
        let mut missing = Vec::new();
        let verdict = match known {
            Some(verdict) => {
                if self.asker.is_checked(&sheet) {
                    let mut checked = Ok(());
                    ask(&mut |pair| {
                        checked = self.asker.check(&sheet, pair, &verdict.told(), &verdict.decision);
                    });
                    checked?;
                }
                verdict
            }
            None => {
                let mut asked = None;
                ask(&mut |pair| asked = Some(self.asker.ask(&sheet, pair)));
                let Some((told, decision)) = asked.transpose()? else {
                    return Ok(());
                };
                let reasons = self.asker.reasons_of(&told, &decision);
                let verdict = Rc::new(Verdict { answer: told.answer, reasons, decision });
                if let (Some((key, row)), Some(table)) = (to_keep, &mut taking.table) {
                    let same = verdict.answer != Answer::InsufficientData;
                    table.keep(key, row, same.then(|| Rc::clone(&verdict)));
                }
                missing = told.missing;
                verdict
            }
        };
        let messages = || {
            let mut messages = Vec::new();
            ask(&mut |pair| messages = self.asker.messages(&sheet, &verdict.decision, pair));
            messages
        };
        fold.put(
            sheet.chosen.control.satisfied_by,
            &Put {
                uid: &passing.uid,
                answer: verdict.answer,
                reasons: &verdict.reasons,
                missing: &missing,
                source: run.facts.source_of(passing.point),
                own,
                unread: false,
                messages: &messages,
            },
        );
        Ok(())
    }

    /// The number of what a control looks at of a resource; `None` if that cannot be told.
    fn kind_of(&self, taking: &mut Taking<'a>, number: u32, resource: &Resource<'a>) -> Option<u64> {
        let Taking { sheet, table: Some(_), kinds, of_resource } = taking else {
            return None;
        };
        let at = usize::try_from(number).ok()?;
        if of_resource.len() <= at {
            of_resource.resize(at + 1, 0);
        }
        let kind = of_resource.get_mut(at)?;
        if *kind == 0 {
            let looks = sheet.chosen.control.policies.sharing.looks()?;
            let judged = match looks.resource.follows() || looks.resource.whole {
                true => self.run.facts.thing_of(resource),
                false => Thing::unknown(Uid::new(resource.type_name(), resource.arn)),
            };
            let shared = |uid: &Uid| self.run.shared(uid);
            let account = shared(&self.run.facts.account_uid(resource.place));
            let store = Store::new(vec![&judged], account, &shared);
            let parameters = &sheet.chosen.parameters;
            let keyed = Keyed { looks, parameters, principal: &judged, resource: &judged, store: &store };
            let mut key = Vec::new();
            keyed.write_resource(&mut key)?;
            let next = kinds.len() as u64 + 1;
            *kind = *kinds.entry(key.into()).or_insert(next);
        }
        Some(*kind)
    }
}
