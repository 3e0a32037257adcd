//! The only place that asks Cedar: one question per control, resource and piece of evidence.
//!
//! Questions that agree on all that a control's policies look at share one answer; the first of each kind is asked.
//! Recovery points and jobs flow past once, on several threads if so wanted; what they say of the resources they are of
//! is kept until those are judged. The same facts, frameworks and evaluation time give the same findings in the same
//! order, whatever the number of threads. Nothing is formatted or sorted for output here.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

mod ask;
mod case;
mod class;
mod entity;
mod finding;
mod fold;
mod judge;
mod missing;
mod point;
mod points;
mod question;
mod store;

pub use case::{CaseFailure, run_case};
pub use finding::{Evidence, Finding, Messages, MissingFact};

use judge::{Folds, Judge, Sink, tell};
use question::Question;
use store::Store;

use crate::control::Template;
use crate::facts::{Facts, Family, Resource, Thing, Uid, Wanted, types};
use crate::framework::{ChosenControl, Framework};
use crate::inventory::{FlowError, Flowed, Piece};
use crate::model::{Answer, Place};
use crate::ordered::{Work, in_order};
use crate::vocabulary::Vocabulary;

/// The reason where the things to be judged could not be listed.
pub const NOT_LISTED_REASON: &str = "not-listed";
/// The reason where tags decide what is in scope, and could not be learned.
pub const SCOPE_REASON: &str = "scope-unknown";

/// Why judging was stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A question that was asked directly as well was answered otherwise than others of its kind.
    #[error(
        "control `{control}` says {shared} of `{resource}` with `{principal}` where the answer is shared, and {direct} where it is asked directly; nothing it said can be relied on"
    )]
    Unequal {
        /// The control.
        control: String,
        /// What was put forward.
        principal: String,
        /// What was judged.
        resource: String,
        /// The answer of its kind.
        shared: Answer,
        /// Its own answer.
        direct: Answer,
    },
    /// Recovery points or jobs could not be read again as they were read first.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Judges everything that was recorded, handing each finding on as it is made: recovery points and jobs as they are
/// recorded, then place by place everything else.
///
/// An error says that what was handed on is not to be believed.
pub fn evaluate<'a>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    sink: &mut dyn FnMut(&Finding<'_>),
) -> Result<(), EvaluateError> {
    Run::new(frameworks, facts, vocabulary, true).judge(sink)
}

/// Judges as [`evaluate`] does, but asks Cedar every question by itself: for comparison, because it takes its time.
pub fn evaluate_one_by_one<'a>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    sink: &mut dyn FnMut(&Finding<'_>),
) -> Result<(), EvaluateError> {
    Run::new(frameworks, facts, vocabulary, false).judge(sink)
}

/// What becomes of findings that are made on several threads: they are added to shards where they are made, and the
/// shards are done with one after the other, in order.
pub struct Shards<'s, S> {
    /// How many threads judge.
    pub threads: usize,
    /// Begins a shard, on any thread.
    pub begin: &'s (dyn Fn() -> S + Sync),
    /// Adds a finding, on the thread that made it.
    pub add: &'s (dyn Fn(&mut S, &Finding<'_>) + Sync),
    /// Ends a shard, on the thread that began it.
    pub end: &'s (dyn Fn(&mut S) + Sync),
}

/// Judges as [`evaluate`] does, on several threads; `done` is handed the same findings in the same order, in shards.
pub fn evaluate_in_shards<'a, S: Send>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    shards: &Shards<'_, S>,
    done: &mut dyn FnMut(S),
) -> Result<(), EvaluateError> {
    Run::new(frameworks, facts, vocabulary, true).judge_in_shards(shards, done)
}

/// All that every thread of a run needs to know.
struct Run<'a> {
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    wanted: Wanted<'a>,
    resources: Resources<'a>,
    /// Whether questions share answers at all.
    shares: bool,
}

/// The protectable resources of an inventory, by number and by ARN.
#[derive(Default)]
struct Resources<'a> {
    all: Vec<Resource<'a>>,
    /// The numbers in the order of ARNs.
    order: Vec<u32>,
    /// Where in that order an ARN stands, and how often: what two places list is there twice.
    by_arn: HashMap<&'a str, (u32, u32)>,
}

impl<'a> Resources<'a> {
    fn new(all: Vec<Resource<'a>>) -> Self {
        let mut order: Vec<u32> = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
        let arn = |number: &u32| usize::try_from(*number).ok().and_then(|it| all.get(it)).map(|it| it.arn);
        order.sort_by_key(|it| (arn(it), *it));
        let mut by_arn: HashMap<&str, (u32, u32)> = HashMap::with_capacity(all.len());
        for (at, number) in (0..).zip(&order) {
            if let Some(arn) = arn(number) {
                by_arn.entry(arn).or_insert((at, 0)).1 += 1;
            }
        }
        Self { order, by_arn, all }
    }

    /// Those with this ARN, with their numbers.
    fn about(&self, arn: &str) -> impl Iterator<Item = (u32, &Resource<'a>)> {
        let (first, count) = self.by_arn.get(arn).copied().unwrap_or_default();
        let numbers = (first..first + count).filter_map(|it| self.order.get(usize::try_from(it).ok()?));
        numbers.filter_map(|it| Some((*it, self.all.get(usize::try_from(*it).ok()?)?)))
    }
}

impl<'a> Run<'a> {
    fn new(
        frameworks: &'a [Framework],
        facts: &'a Facts<'a>,
        vocabulary: &'a Vocabulary,
        shares: bool,
    ) -> Self {
        let wanted = wanted(frameworks);
        let flows = types::JOBS.iter().chain([&types::RECOVERY_POINT]);
        let resources = match flows.into_iter().any(|it| wanted.types.contains(it)) {
            true => {
                let all = facts.places().flat_map(|it| facts.resources_of(it));
                Resources::new(all.filter(|it| wanted.types.contains(it.type_name())).collect())
            }
            false => Resources::default(),
        };
        Self { frameworks, facts, vocabulary, wanted, resources, shares }
    }

    /// Every chosen control, with a number, its place in the run and its framework.
    fn controls(
        &self,
    ) -> impl Iterator<Item = (u32, (usize, usize), &'a Framework, &'a ChosenControl)> + use<'a> {
        let frameworks = self.frameworks.iter().enumerate();
        let chosen = frameworks.flat_map(|(index, framework)| {
            let controls = framework.controls.iter().enumerate();
            controls.map(move |(control, chosen)| ((index, control), framework, chosen))
        });
        (0..).zip(chosen).map(|(number, (position, framework, chosen))| (number, position, framework, chosen))
    }

    /// The number of an account and Region.
    fn place_number(&self, place: &Place) -> u64 {
        self.facts.inventory().estates.keys().position(|it| it == place).map_or(0, |it| it as u64 + 1)
    }

    /// A thing that others refer to; one that nobody knows has no facts.
    fn shared(&self, uid: &Uid) -> Cow<'a, Thing> {
        match self.facts.known(uid) {
            Some(thing) => Cow::Borrowed(thing),
            None => Cow::Owned(Thing::unknown(uid.clone())),
        }
    }

    /// Whether the resource's own place, or one before this, tells of the same record.
    fn is_told_before(&self, place: &Place, own: &Place, tells: &dyn Fn(&Place) -> bool) -> bool {
        let before = self.facts.inventory().estates.keys().take_while(|it| *it < place);
        tells(own) || before.into_iter().any(tells)
    }

    fn judge(&self, sink: &mut Sink<'_>) -> Result<(), EvaluateError> {
        let inventory = self.facts.inventory();
        let mut judge = Judge::new(self);
        let (mut flowed, mut judged) = (Vec::new(), Ok(()));
        inventory.each_piece(&mut |piece| {
            flowed.push(inventory.read_piece(piece, &mut |place, items| {
                if judged.is_ok() {
                    judged = judge.items(place, items, sink);
                }
            }));
        })?;
        judged?;
        inventory.check_flowed(flowed)?;
        self.judge_the_rest(judge.into_folds(), sink)
    }

    fn judge_in_shards<S: Send>(
        &self,
        shards: &Shards<'_, S>,
        done: &mut dyn FnMut(S),
    ) -> Result<(), EvaluateError> {
        let inventory = self.facts.inventory();
        let piece = |judge: &mut Judge<'_, 'a>, piece: Piece| -> Judged<S> {
            let (mut shard, mut judged) = ((shards.begin)(), Ok(()));
            let flowed = inventory.read_piece(piece, &mut |place, items| {
                if judged.is_ok() {
                    judged = judge.items(place, items, &mut |finding| (shards.add)(&mut shard, finding));
                }
            });
            (shards.end)(&mut shard);
            judged.map(|()| (shard, flowed))
        };
        let work = Work { begin: &|| Judge::new(self), piece: &piece, end: &Judge::into_folds };
        let (mut flowed, mut judged, mut read) = (Vec::new(), Ok(()), Ok(()));
        let mut give = |give: &mut dyn FnMut(Piece)| read = inventory.each_piece(give);
        let folds = in_order(shards.threads, &work, &mut give, &mut |piece: Judged<S>| match piece {
            Ok((shard, of)) if judged.is_ok() => {
                flowed.push(of);
                done(shard);
            }
            Ok(_) => {}
            Err(error) => judged = judged.clone().and(Err(error)),
        });
        read?;
        judged?;
        inventory.check_flowed(flowed)?;
        let (mut shard, mut count) = ((shards.begin)(), 0_u32);
        self.judge_the_rest(self.joined(folds), &mut |finding| {
            (shards.add)(&mut shard, finding);
            count += 1;
            if count.is_multiple_of(FINDINGS_OF_A_SHARD) {
                (shards.end)(&mut shard);
                done(std::mem::replace(&mut shard, (shards.begin)()));
            }
        })?;
        (shards.end)(&mut shard);
        done(shard);
        Ok(())
    }

    /// What several threads gathered of resources, put together.
    fn joined(&self, folds: Vec<Folds>) -> Folds {
        let satisfied_by: Vec<_> = self.controls().map(|it| it.3.control.satisfied_by).collect();
        let mut folds = folds.into_iter();
        let mut all = folds.next().unwrap_or_default();
        for (key, fold) in folds.flatten() {
            if let Some(by) = usize::try_from(key.1).ok().and_then(|it| satisfied_by.get(it)) {
                all.entry(key).or_default().join(*by, fold);
            }
        }
        all
    }

    /// Judges everything that did not flow past, place by place.
    fn judge_the_rest(&self, mut folds: Folds, sink: &mut Sink<'_>) -> Result<(), EvaluateError> {
        let judge = Judge::new(self);
        let mut numbers = 0..;
        for place in self.facts.places() {
            for (_, position, framework, chosen) in self.controls() {
                self.things_not_listed(position, framework, chosen, place, sink);
            }
            for family in self.facts.families(place, &self.wanted) {
                let of_resource = family.subject.as_ref().is_some_and(|it| is_resource(&it.uid));
                let number = of_resource.then(|| numbers.next()).flatten();
                let mut flowed = |control: u32| folds.remove(&(number?, control));
                self.family(&judge, &family, place, &mut flowed, sink)?;
            }
        }
        Ok(())
    }

    /// Things that could not be listed are a finding on the account and Region: something there was not judged.
    fn things_not_listed(
        &self,
        position: (usize, usize),
        framework: &Framework,
        chosen: &ChosenControl,
        place: &Place,
        sink: &mut Sink<'_>,
    ) {
        let mut gaps = Vec::new();
        for resource in chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it)) {
            for gap in self.facts.gaps_in_list(place, resource) {
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
            }
        }
        if gaps.is_empty() {
            return;
        }
        let text = match gaps.as_slice() {
            [gap] => format!("what it judges in {place} could not be listed: {gap}"),
            gaps => {
                format!("what it judges in {place} could not be listed: {} lists are not whole", gaps.len())
            }
        };
        let missing: Vec<MissingFact> = gaps.iter().map(missing::of_gap).collect();
        sink(&Finding {
            framework,
            chosen,
            position,
            place,
            resource: &Uid::new(types::ACCOUNT, place.account.to_string()),
            answer: Answer::InsufficientData,
            reasons: &[NOT_LISTED_REASON.to_owned()],
            evidence: &[],
            evidence_omitted: 0,
            missing: &missing,
            source: "",
            called: None,
            said: [text].as_slice().into(),
        });
    }

    fn family(
        &self,
        judge: &Judge<'_, 'a>,
        family: &Family,
        place: &Place,
        flowed: &mut dyn FnMut(u32) -> Option<fold::Fold>,
        sink: &mut Sink<'_>,
    ) -> Result<(), EvaluateError> {
        if family.judged().all(|it| judge.sheets(&it.uid.type_name).is_empty()) {
            return Ok(());
        }
        let things = family.subject.iter().chain(family.members.iter().map(|it| &it.thing)).collect();
        let shared = |uid: &Uid| self.shared(uid);
        let store = Store::new(things, shared(&self.facts.account_uid(place)), &shared);
        let subject = family.subject.as_ref().map(|it| &it.uid);
        for thing in family.judged() {
            let is_subject = Some(&thing.uid) == subject;
            let evidence = if is_subject { family.members.as_slice() } else { &[] };
            let near = if is_subject { family.near.as_slice() } else { &[] };
            for sheet in judge.sheets(&thing.uid.type_name) {
                let question = Question { sheet, thing, evidence, near, store: &store };
                let flowed = if is_subject { flowed(sheet.number) } else { None };
                if let Some((verdict, told)) = question.answer(&judge.asker, flowed)? {
                    tell(sheet, place, thing, &verdict, &told, sink);
                }
            }
        }
        Ok(())
    }
}

/// What a piece of work comes to.
type Judged<S> = Result<(S, Flowed), EvaluateError>;

/// Findings of things that do not flow past are handed on so many at once.
const FINDINGS_OF_A_SHARD: u32 = 1_000;

/// Whether it is a protectable resource.
fn is_resource(uid: &Uid) -> bool {
    crate::model::ResourceType::from_cloudformation(&uid.type_name).is_some()
}

/// What the controls look at or tell of.
fn wanted(frameworks: &[Framework]) -> Wanted<'_> {
    let judges = |it: &&ChosenControl| it.control.resources.iter().any(|of| it.scope.has_type(of));
    let controls = || frameworks.iter().flat_map(|it| &it.controls).filter(judges);
    let judged = controls().flat_map(|of| of.control.resources.iter().map(move |it| (of, it)));
    let judged = judged.filter(|(of, it)| of.scope.has_type(it)).map(|(_, it)| it);
    let evidence = controls().flat_map(|it| &it.control.evidence);
    let mut wanted = Wanted::all_of(judged.chain(evidence).map(String::as_str));
    let mut facts = BTreeSet::from(["name"]);
    (wanted.tags, wanted.parents) = (false, false);
    for chosen in controls() {
        let policies = &chosen.control.policies;
        let Some(looks) = policies.sharing.looks() else {
            return Wanted::all_of(wanted.types);
        };
        wanted.tags |= chosen.scope.tag.is_some();
        for look in [&looks.principal, &looks.resource] {
            facts.extend(look.parts.keys().map(String::as_str));
            wanted.tags |= look.tags_known || !look.tags.is_empty();
            wanted.parents |= !look.inside.is_empty();
        }
        let messages = policies.iter().filter_map(|it| it.message.as_ref());
        facts.extend(messages.chain(&chosen.control.missing).flat_map(Template::facts));
    }
    wanted.facts = Some(facts);
    wanted
}

#[cfg(test)]
mod tests;
