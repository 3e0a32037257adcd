//! One run over an inventory: its findings go in as they are made, what moved comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::key::{Id, Key, Scope};
use super::observation::{Observation, Seen, Violation};
use super::record::{Cause, Step};
use super::store::{Past, Store, StoreError, Whose, decide, settle};
use super::transition::Change;
use crate::control::hexadecimal;
use crate::evaluate::{Finding, MissingFact, NOT_LISTED_REASON};
use crate::model::{AccountId, Answer, Place, Region, Severity};
use crate::report::Report;

/// A run: what was judged by what, at which time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first 16 digits of a digest of all that the run rests on: the same run has the same id.
    pub id: String,
    /// The evaluation time.
    pub at: Timestamp,
    /// SHA-256 of the inventory.
    pub inventory: String,
    /// When asking began, by account and Region; where it is not known, everything counts as seen at `at`.
    pub asked: BTreeMap<Place, Timestamp>,
}

impl Run {
    /// The run of a report, whose basis must stand; findings may be missing yet.
    pub fn of(report: &Report<'_>) -> Self {
        let basis = &report.basis;
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        add(&basis.at.to_string());
        add(&basis.inventory_digest);
        for framework in report.frameworks {
            add(&framework.name);
            for chosen in &framework.controls {
                add(&chosen.control.name);
                add(&chosen.control.digest);
                add(&chosen.scope.shown());
                for (name, value) in &chosen.given {
                    add(name);
                    add(value);
                }
            }
        }
        let mut id = hexadecimal(&hasher.finalize());
        id.truncate(16);
        Self { id, at: basis.at, inventory: basis.inventory_digest.clone(), asked: BTreeMap::new() }
    }

    /// The time of what the run saw there: nothing of it is older than when asking began.
    pub fn seen_at(&self, place: &Place) -> Timestamp {
        self.asked.get(place).copied().unwrap_or(self.at)
    }
}

/// What a report judges: every control of every framework in every account and Region.
pub fn scopes(report: &Report<'_>) -> Vec<Scope> {
    let chosen = report.frameworks.iter().flat_map(|framework| {
        framework.controls.iter().map(|it| (framework.name.clone(), it.control.name.clone()))
    });
    let of = |(framework, control): (String, String)| {
        report.basis.places.iter().map(move |place| Scope {
            framework: framework.clone(),
            control: control.clone(),
            place: place.clone(),
        })
    };
    chosen.flat_map(of).collect()
}

/// A violation that took a step in this run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Its severity; the gravest comes first.
    #[serde(serialize_with = "severity")]
    pub severity: std::cmp::Reverse<Severity>,
    /// The control.
    pub control: String,
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The resource's type.
    pub resource_type: String,
    /// What people call the resource.
    pub resource_name: String,
    /// The resource's ARN or id.
    pub resource: String,
    /// All digits of its id.
    pub id: String,
}

fn severity<S: serde::Serializer>(
    severity: &std::cmp::Reverse<Severity>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    severity.0.serialize(serializer)
}

fn time<S: serde::Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|it| it.to_string()).serialize(serializer)
}

impl Moved {
    fn of(key: &Key, name: &str, severity: Severity) -> Self {
        let Key { scope, resource_type, resource } = key;
        Self {
            severity: std::cmp::Reverse(severity),
            control: scope.control.clone(),
            account: scope.place.account,
            region: scope.place.region.clone(),
            resource_type: resource_type.clone(),
            resource_name: name.to_owned(),
            resource: resource.clone(),
            id: key.id().as_str().to_owned(),
        }
    }

    /// The first 12 digits of its id.
    pub fn short_id(&self) -> &str {
        self.id.get(..Id::SHORT).unwrap_or(&self.id)
    }
}

/// The most violations that are named for each step.
const MAX_NAMED: usize = 5;

/// What a run moved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// The run's id.
    pub run: String,
    /// When what the run judges was last judged before; `None` if it never was.
    #[serde(serialize_with = "time")]
    pub since: Option<Timestamp>,
    /// How many violations took which step.
    pub steps: BTreeMap<Step, u64>,
    /// How many violations are open now, of what the run judges.
    pub open: u64,
    /// How many of those could not be looked at.
    pub undecided: u64,
    /// The gravest violations of each step.
    pub gravest: BTreeMap<Step, BTreeSet<Moved>>,
    /// How many controls × accounts × Regions the run judges.
    pub scopes: u64,
    /// How many of those were judged at a later time already, and are left as they are.
    pub left_alone: u64,
    /// Other runs with the same evaluation time.
    pub simultaneous: Vec<String>,
}

impl Movement {
    /// How many violations took this step.
    pub fn count(&self, step: Step) -> u64 {
        self.steps.get(&step).copied().unwrap_or_default()
    }

    fn add(&mut self, change: &Change) {
        if let Change::Moved(record, entry) = change {
            let Violation { name, severity, .. } = &record.violation;
            self.step(entry.step, Moved::of(&record.key, name, *severity));
        }
    }

    fn step(&mut self, step: Step, moved: Moved) {
        *self.steps.entry(step).or_default() += 1;
        let named = self.gravest.entry(step).or_default();
        named.insert(moved);
        if named.len() > MAX_NAMED {
            named.pop_last();
        }
    }
}

/// How one scope fares in this run.
#[derive(Default)]
struct Look {
    left_alone: bool,
    /// Whether anything was judged there.
    any: bool,
    /// What kept the scope from being listed whole.
    missing: Vec<MissingFact>,
    whole: bool,
}

/// What a finding says to a ledger; made on any thread, and taken in on one.
pub struct Observed(Said);

enum Said {
    NotListed(Scope, Vec<MissingFact>),
    Seen(Key, Seen),
}

impl Observed {
    /// What this finding says.
    pub fn of(finding: &Finding<'_>) -> Self {
        let key = Key::of(finding);
        let not_listed = finding.answer == Answer::InsufficientData
            && finding.reasons.iter().any(|it| it == NOT_LISTED_REASON);
        Self(match not_listed {
            true => Said::NotListed(key.scope, finding.missing.to_vec()),
            false => Said::Seen(key, Seen::of(finding)),
        })
    }
}

/// Takes the findings of one run into a store.
pub struct Recorder<'s> {
    store: &'s mut dyn Store,
    run: Run,
    looks: BTreeMap<Scope, Look>,
    /// Decided, and not written yet.
    decided: Vec<(Observation, Change)>,
    tell: Option<&'s mut dyn FnMut(&Change)>,
    again: bool,
    movement: Movement,
}

impl<'s> Recorder<'s> {
    /// Begins a run that judges these scopes.
    pub fn begin(
        store: &'s mut dyn Store,
        run: Run,
        scopes: impl IntoIterator<Item = Scope>,
    ) -> Result<Self, StoreError> {
        let scopes: Vec<Scope> = scopes.into_iter().collect();
        store.begin(&scopes)?;
        let mut movement = Movement { run: run.id.clone(), ..Movement::default() };
        let mut looks = BTreeMap::new();
        for scope in scopes {
            let before = store.looked_at(&scope)?;
            let left_alone = before.is_some_and(|it| it > run.seen_at(&scope.place));
            movement.since = movement.since.max(before);
            movement.scopes += 1;
            movement.left_alone += u64::from(left_alone);
            looks.insert(scope, Look { left_alone, whole: true, ..Look::default() });
        }
        movement.simultaneous = store.runs_at(run.at)?;
        movement.simultaneous.retain(|it| *it != run.id);
        Ok(Self { store, run, looks, decided: Vec::new(), tell: None, again: false, movement })
    }

    /// Tells of every change that was written.
    #[must_use]
    pub fn telling(mut self, tell: &'s mut dyn FnMut(&Change)) -> Self {
        self.tell = Some(tell);
        self
    }

    /// Says of a run that was recorded before, to its end or not, all that it moved, and not only what it moves now;
    /// reads the history of what it judges.
    pub fn again(self) -> Self {
        Self { again: true, ..self }
    }

    /// Takes a finding in.
    pub fn observe(&mut self, finding: &Finding<'_>) -> Result<(), StoreError> {
        self.take_in(Observed::of(finding))
    }

    /// Takes in what a finding says.
    pub fn take_in(&mut self, observed: Observed) -> Result<(), StoreError> {
        match observed.0 {
            Said::NotListed(scope, missing) => {
                self.not_listed(&scope, &missing);
                Ok(())
            }
            Said::Seen(key, seen) => self.see(key, seen),
        }
    }

    /// Takes in what was seen of one resource.
    pub fn see(&mut self, key: Key, seen: Seen) -> Result<(), StoreError> {
        let Some(look) = self.looks.get_mut(&key.scope) else {
            return Ok(());
        };
        look.any = true;
        if look.left_alone {
            return Ok(());
        }
        self.take(key, seen)
    }

    fn take(&mut self, key: Key, seen: Seen) -> Result<(), StoreError> {
        let cause = Cause::Run(self.run.id.clone());
        let at = self.run.seen_at(&key.scope.place);
        let observation = Observation { key, at, cause, seen };
        let change = decide(self.store, &observation)?;
        if change != Change::Nothing {
            self.decided.push((observation, change));
        }
        if self.decided.len() >= self.store.at_once() { self.settle() } else { Ok(()) }
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        if !self.decided.is_empty() {
            for change in settle(self.store, std::mem::take(&mut self.decided))? {
                self.movement.add(&change);
                // What was moved before is told with the rest, in the end.
                if let Some(tell) = self.tell.as_mut().filter(|_| !self.again) {
                    tell(&change);
                }
            }
        }
        Ok(())
    }

    /// Takes in that not everything could be listed there: what is absent may exist.
    pub fn not_listed(&mut self, scope: &Scope, missing: &[MissingFact]) {
        if let Some(look) = self.looks.get_mut(scope) {
            look.whole = false;
            look.missing.extend_from_slice(missing);
        }
    }

    /// Ends the run: what is absent is gone where everything was listed, and undecided where it could not be.
    ///
    /// Nothing is kept if this is never called, where the store has transactions.
    pub fn finish(mut self) -> Result<Movement, StoreError> {
        // What is written must be known before it is asked what was not seen.
        self.settle()?;
        let looks = std::mem::take(&mut self.looks);
        for (scope, look) in looks.iter().filter(|(_, look)| !look.left_alone) {
            let at = self.run.seen_at(&scope.place);
            for record in self.store.open_before(scope, at)? {
                let seen = if look.whole { Seen::Gone } else { Seen::undecided(&look.missing) };
                self.take(record.key, seen)?;
            }
        }
        self.settle()?;
        let looked = looks.iter().filter(|(_, look)| !look.left_alone && (look.whole || look.any));
        let mut by_time: BTreeMap<Timestamp, Vec<Scope>> = BTreeMap::new();
        for (scope, _) in looked {
            by_time.entry(self.run.seen_at(&scope.place)).or_default().push(scope.clone());
        }
        for (at, scopes) in by_time {
            self.store.look(&scopes, at)?;
        }
        for scope in looks.keys() {
            let (open, undecided) = self.store.count_open(scope)?;
            self.movement.open += open;
            self.movement.undecided += undecided;
        }
        if self.movement.left_alone < self.movement.scopes {
            self.store.add_run(&self.run)?;
        }
        self.store.commit()?;
        if self.again {
            self.retell(looks.into_keys().collect())?;
        }
        Ok(self.movement)
    }

    /// Counts what the history says that this run moved.
    fn retell(&mut self, scopes: Vec<Scope>) -> Result<(), StoreError> {
        let (run, movement) = (&self.run, &mut self.movement);
        let cause = Cause::Run(run.id.clone());
        let since = scopes.iter().map(|it| run.seen_at(&it.place)).min();
        movement.steps.clear();
        movement.gravest.clear();
        let mut moved = Vec::new();
        self.store.history(Whose::In(&scopes), since, &mut |Past { key, name, entry }| {
            if entry.at == run.seen_at(&key.scope.place) && entry.cause == cause {
                movement.step(entry.step, Moved::of(&key, &name, entry.severity));
                moved.push((key, entry));
            }
            ControlFlow::Continue(())
        })?;
        let Some(tell) = &mut self.tell else {
            return Ok(());
        };
        for (key, entry) in moved {
            if let Some(record) = self.store.record(&key)? {
                tell(&Change::Moved(Box::new(record), Box::new(entry)));
            }
        }
        Ok(())
    }
}
