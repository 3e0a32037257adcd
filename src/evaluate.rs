//! The only place that asks Cedar: one question per control, resource and piece of evidence.
//!
//! Questions that agree on all that a control's policies look at share one answer; the first of each kind is asked.
//! Pure and synchronous: the same facts, frameworks and evaluation time give the same findings in the same order.
//! Nothing is formatted or sorted for output here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

mod ask;
mod case;
mod class;
mod entity;
mod finding;
mod missing;
mod store;

pub use case::{CaseFailure, run_case};
pub use finding::{Evidence, Finding, MissingFact};

use ask::{Asker, Decision, Pair, Sheet, Verdict};
use store::Store;

use crate::control::{EvidenceFrom, MISSING_REASON, SatisfiedBy, Template};
use crate::facts::{Facts, Family, Member, NearMiss, Thing, Uid, Wanted, types};
use crate::framework::{ChosenControl, Framework, InScope};
use crate::model::{Answer, Place};
use crate::vocabulary::Vocabulary;

/// The reason where the things to be judged could not be listed.
pub const NOT_LISTED_REASON: &str = "not-listed";
/// The reason where tags decide what is in scope, and could not be learned.
pub const SCOPE_REASON: &str = "scope-unknown";

/// The most pieces of evidence a finding tells of; how many were left out is said.
const MAX_EVIDENCE: usize = 10;

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
}

/// Judges everything that was recorded, place by place, handing each finding on as it is made.
///
/// An error says that what was handed on is not to be believed.
pub fn evaluate<'a>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    sink: &mut dyn FnMut(Finding<'a>),
) -> Result<(), EvaluateError> {
    let asker = Asker::new(vocabulary, Some(&facts.inventory().coverage));
    judge(asker, frameworks, facts, sink)
}

/// Judges as [`evaluate`] does, but asks Cedar every question by itself: for comparison, because it takes its time.
pub fn evaluate_one_by_one<'a>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    sink: &mut dyn FnMut(Finding<'a>),
) -> Result<(), EvaluateError> {
    let mut asker = Asker::new(vocabulary, Some(&facts.inventory().coverage));
    asker.shares = false;
    judge(asker, frameworks, facts, sink)
}

fn judge<'a>(
    asker: Asker<'a>,
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    sink: &mut dyn FnMut(Finding<'a>),
) -> Result<(), EvaluateError> {
    let by_type = by_type(frameworks, &asker);
    let wanted = wanted(&by_type);
    let mut judge = Judge { asker, by_type: &by_type, sink };
    for place in facts.places() {
        for framework in frameworks {
            for chosen in &framework.controls {
                judge.things_not_listed(framework, chosen, facts, place);
            }
        }
        for family in facts.families(place, &wanted) {
            judge.family(&family, facts, place)?;
        }
    }
    Ok(())
}

type ByType<'a> = BTreeMap<&'a str, Vec<(&'a Framework, Rc<Sheet<'a>>)>>;

/// Who judges things of each type.
fn by_type<'a>(frameworks: &'a [Framework], asker: &Asker<'a>) -> ByType<'a> {
    let mut by_type = ByType::new();
    for framework in frameworks {
        for chosen in &framework.controls {
            let sheet = Rc::new(asker.sheet(chosen));
            for resource in chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it)) {
                by_type.entry(resource).or_default().push((framework, Rc::clone(&sheet)));
            }
        }
    }
    by_type
}

/// What the controls look at or tell of.
fn wanted<'a>(by_type: &ByType<'a>) -> Wanted<'a> {
    let controls = || by_type.values().flatten().map(|(_, sheet)| sheet.chosen);
    let evidence = controls().flat_map(|it| &it.control.evidence).map(String::as_str);
    let mut wanted = Wanted::all_of(by_type.keys().copied().chain(evidence));
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

struct Judge<'a, 's> {
    asker: Asker<'a>,
    by_type: &'s ByType<'a>,
    sink: &'s mut dyn FnMut(Finding<'a>),
}

impl<'a> Judge<'a, '_> {
    /// Things that could not be listed are a finding on the account and Region: something there was not judged.
    fn things_not_listed(
        &mut self,
        framework: &'a Framework,
        chosen: &'a ChosenControl,
        facts: &Facts<'_>,
        place: &Place,
    ) {
        let mut gaps = Vec::new();
        for resource in chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it)) {
            for gap in facts.gaps_in_list(place, resource) {
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
            }
        }
        if gaps.is_empty() {
            return;
        }
        let account = Uid::new(types::ACCOUNT, place.account.to_string());
        let text = match gaps.as_slice() {
            [gap] => format!("what it judges in {place} could not be listed: {gap}"),
            gaps => {
                format!("what it judges in {place} could not be listed: {} lists are not whole", gaps.len())
            }
        };
        let verdict = Verdict {
            answer: Answer::InsufficientData,
            reasons: vec![NOT_LISTED_REASON.to_owned()],
            messages: vec![text],
            missing: gaps.iter().map(missing::of_gap).collect(),
        };
        let finding = Finding::new(framework, chosen, place, account, verdict);
        (self.sink)(finding);
    }

    fn family(&mut self, family: &Family, facts: &Facts<'_>, place: &Place) -> Result<(), EvaluateError> {
        let wanted = |thing: &Thing| self.by_type.contains_key(&*thing.uid.type_name);
        if !family.judged().any(wanted) {
            return Ok(());
        }
        let things = family.subject.iter().chain(family.members.iter().map(|it| &it.thing)).collect();
        let shared = |uid: &Uid| match facts.known(uid) {
            Some(thing) => Cow::Borrowed(thing),
            None => Cow::Owned(Thing::unknown(uid.clone())),
        };
        let store = Store::new(things, shared(&facts.account_uid(place)), &shared);
        let subject = family.subject.as_ref().map(|it| &it.uid);
        for thing in family.judged() {
            let is_subject = Some(&thing.uid) == subject;
            let evidence = if is_subject { family.members.as_slice() } else { &[] };
            let near = if is_subject { family.near.as_slice() } else { &[] };
            let choosers = self.by_type.get(&*thing.uid.type_name);
            for (framework, sheet) in choosers.into_iter().flatten() {
                let question = Question { sheet, thing, evidence, near, store: &store };
                if let Some((verdict, told)) = question.answer(&self.asker)? {
                    let mut finding =
                        Finding::new(framework, sheet.chosen, place, thing.uid.clone(), verdict);
                    finding.name = thing.name().to_owned();
                    finding.source = Arc::clone(&thing.source);
                    finding.tell(told);
                    (self.sink)(finding);
                }
            }
        }
        Ok(())
    }
}

/// One control and one thing, with what can be put forward for it.
struct Question<'q, 'a> {
    sheet: &'q Sheet<'a>,
    thing: &'q Thing,
    evidence: &'q [Member],
    near: &'q [NearMiss],
    store: &'q Store<'q>,
}

/// A piece of evidence and what is said of it.
struct Piece<'q, 'a> {
    member: &'q Member,
    verdict: Verdict,
    decision: Rc<Decision<'a>>,
}

/// The evidence that is told of, and how much more there is.
#[derive(Default)]
struct Told {
    evidence: Vec<Evidence>,
    omitted: usize,
}

impl<'q, 'a> Question<'q, 'a> {
    /// The verdict, with the evidence it rests on; none if the thing is not in the framework's scope.
    fn answer(&self, asker: &Asker<'a>) -> Result<Option<(Verdict, Told)>, EvaluateError> {
        let chosen = self.sheet.chosen;
        Ok(match chosen.scope.has(self.thing) {
            InScope::No => None,
            InScope::TagsUnknown => Some((self.scope_unknown(asker), Told::default())),
            InScope::Yes if chosen.control.evidence.is_empty() => {
                Some((self.of_account(asker)?, Told::default()))
            }
            InScope::Yes => Some(self.over_evidence(asker)?),
        })
    }

    fn with(&self, principal: &'q Thing) -> Pair<'q> {
        Pair { principal, resource: self.thing, store: self.store }
    }

    /// What is said where the account alone is put forward.
    fn of_account(&self, asker: &Asker<'a>) -> Result<Verdict, EvaluateError> {
        let pair = self.with(&self.store.account);
        let (mut verdict, decision) = asker.ask(self.sheet, pair)?;
        verdict.messages = asker.messages(self.sheet, &decision, pair);
        Ok(verdict)
    }

    fn scope_unknown(&self, asker: &Asker<'a>) -> Verdict {
        Verdict {
            answer: Answer::InsufficientData,
            reasons: vec![SCOPE_REASON.to_owned()],
            messages: vec!["its tags decide whether it is in scope, and could not be learned".to_owned()],
            missing: vec![asker.missing_tags("resource", self.thing)],
        }
    }

    fn over_evidence(&self, asker: &Asker<'a>) -> Result<(Verdict, Told), EvaluateError> {
        let control = &self.sheet.chosen.control;
        let mut pieces = Vec::new();
        for member in self.evidence {
            let type_name = &member.thing.uid.type_name;
            let near =
                control.evidence_from == EvidenceFrom::Inventory || member.thing.place == self.thing.place;
            if !near || !control.evidence.iter().any(|it| it == type_name) {
                continue;
            }
            let (mut verdict, decision) = asker.ask(self.sheet, self.with(&member.thing))?;
            // What is in no known account may be in any, and be anything: that it is not in one says nothing.
            let anyone = member.unread && member.thing.place.is_none() && self.tells_apart();
            match (member.unread, verdict.answer, control.satisfied_by) {
                _ if anyone => asker.not_read(&mut verdict, &member.thing),
                // What could not have satisfied the control, had it been read, is as good as not there.
                (true, Answer::NonCompliant, SatisfiedBy::Any) | (_, Answer::NotApplicable, _) => continue,
                // What may exist neither satisfies nor fails.
                (true, ..) => asker.not_read(&mut verdict, &member.thing),
                (false, ..) => {}
            }
            let enough = control.satisfied_by == SatisfiedBy::Any && verdict.answer == Answer::Compliant;
            pieces.push(Piece { member, verdict, decision });
            if enough {
                break;
            }
        }
        if pieces.is_empty() {
            let verdict = self.without_evidence(asker)?;
            let missing = verdict.answer == Answer::NonCompliant;
            let told = if missing { self.near_misses() } else { Told::default() };
            return Ok((verdict, told));
        }
        // The nearest misses first: those that fail for the fewest reasons.
        let order = |it: &Piece<'q, 'a>| (it.verdict.reasons.len(), &it.member.thing.uid);
        pieces.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(self.fold(asker, pieces))
    }

    /// Whether it counts which piece of evidence it is or what that is in, or that cannot be told.
    fn tells_apart(&self) -> bool {
        let looks = self.sheet.chosen.control.policies.sharing.looks();
        looks.is_none_or(|it| !it.principal.inside.is_empty() || !it.principal.same_as.is_empty())
    }

    /// One verdict from several.
    fn fold(&self, asker: &Asker<'a>, pieces: Vec<Piece<'q, 'a>>) -> (Verdict, Told) {
        let order = match self.sheet.chosen.control.satisfied_by {
            SatisfiedBy::Any => [Answer::Compliant, Answer::InsufficientData, Answer::NonCompliant],
            SatisfiedBy::Every => [Answer::NonCompliant, Answer::InsufficientData, Answer::Compliant],
        };
        let has = |answer: &Answer| pieces.iter().any(|it| it.verdict.answer == *answer);
        let answer = order.into_iter().find(has).unwrap_or(Answer::InsufficientData);
        let mut verdict = Verdict::of(answer);
        let mut told = Told::default();
        for piece in pieces.into_iter().filter(|it| it.verdict.answer == answer) {
            for reason in &piece.verdict.reasons {
                if !verdict.reasons.contains(reason) {
                    verdict.reasons.push(reason.clone());
                }
            }
            for missing in piece.verdict.missing {
                if !verdict.missing.contains(&missing) {
                    verdict.missing.push(missing);
                }
            }
            if told.evidence.len() >= MAX_EVIDENCE {
                told.omitted += 1;
                continue;
            }
            let Member { thing, unread, .. } = piece.member;
            let decided = if *unread {
                Vec::new()
            } else {
                asker.messages(self.sheet, &piece.decision, self.with(thing))
            };
            told.evidence.push(Evidence {
                type_name: thing.uid.type_name.to_string(),
                id: thing.uid.id.to_string(),
                answer,
                reasons: piece.verdict.reasons,
                messages: decided,
                source: Arc::clone(&thing.source),
                unread: *unread,
            });
        }
        verdict.reasons.sort();
        (verdict, told)
    }

    /// What came near to being evidence of a kind that would do.
    fn near_misses(&self) -> Told {
        let plans = [types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION];
        let by_plans = self.sheet.chosen.control.evidence.iter().any(|it| plans.contains(&it.as_str()));
        let wanted = |it: &&NearMiss| {
            let same = self.sheet.chosen.control.evidence.iter().any(|of| of == it.type_name);
            // Where no selection covers a resource, no rule or copy action of its plan can serve it.
            by_plans && (same || it.type_name == types::BACKUP_SELECTION)
        };
        let near = self.near.iter().filter(wanted).map(|it| Evidence {
            type_name: it.uid.type_name.to_string(),
            id: it.uid.id.to_string(),
            answer: Answer::NonCompliant,
            reasons: Vec::new(),
            messages: vec![it.sentence.clone()],
            source: "".into(),
            unread: false,
        });
        let mut evidence: Vec<Evidence> = near.collect();
        let omitted = evidence.len().saturating_sub(MAX_EVIDENCE);
        evidence.truncate(MAX_EVIDENCE);
        Told { evidence, omitted }
    }

    /// In scope, and nothing to show.
    fn without_evidence(&self, asker: &Asker<'a>) -> Result<Verdict, EvaluateError> {
        let verdict = self.of_account(asker)?;
        if verdict.answer != Answer::Compliant {
            return Ok(verdict);
        }
        let pair = self.with(&self.store.account);
        let fill = |it| asker.fill(it, self.sheet, pair);
        Ok(Verdict {
            answer: Answer::NonCompliant,
            reasons: vec![MISSING_REASON.to_owned()],
            messages: self.sheet.chosen.control.missing.iter().map(fill).collect(),
            missing: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests;
