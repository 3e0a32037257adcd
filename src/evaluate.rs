//! The only place that asks Cedar: one question per control, resource and piece of evidence.
//!
//! Pure and synchronous: the same facts, frameworks and evaluation time give the same findings in the same order.
//! Nothing is formatted or sorted for output here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod ask;
mod case;
mod entity;
mod finding;
mod missing;

pub use case::{CaseFailure, run_case};
pub use finding::{Evidence, Finding, MissingFact};

use ask::{Asker, Store, Verdict};

use crate::control::{EvidenceFrom, MISSING_REASON, SatisfiedBy};
use crate::facts::{Facts, Family, Member, NearMiss, Thing, Uid, types};
use crate::framework::{ChosenControl, Framework, InScope};
use crate::model::{Answer, Place};
use crate::vocabulary::Vocabulary;

/// The reason where the things to be judged could not be listed.
pub const NOT_LISTED_REASON: &str = "not-listed";
/// The reason where tags decide what is in scope, and could not be learned.
pub const SCOPE_REASON: &str = "scope-unknown";

/// The most pieces of evidence a finding tells of; how many were left out is said.
const MAX_EVIDENCE: usize = 10;

/// Judges everything that was recorded, place by place, handing each finding on as it is made.
pub fn evaluate<'a>(
    frameworks: &'a [Framework],
    facts: &'a Facts<'a>,
    vocabulary: &'a Vocabulary,
    sink: &mut dyn FnMut(Finding<'a>),
) {
    let mut judge = Judge {
        asker: Asker::new(vocabulary, Some(&facts.inventory().coverage)),
        by_type: by_type(frameworks),
        sink,
    };
    let evidence = judge.by_type.values().flatten().flat_map(|(_, chosen)| &chosen.control.evidence);
    let wanted: BTreeSet<&str> = judge.by_type.keys().copied().chain(evidence.map(String::as_str)).collect();
    for place in facts.places() {
        for framework in frameworks {
            for chosen in &framework.controls {
                judge.things_not_listed(framework, chosen, facts, place);
            }
        }
        for family in facts.families(place, &wanted) {
            judge.family(&family, facts, place);
        }
    }
}

type ByType<'a> = BTreeMap<&'a str, Vec<(&'a Framework, &'a ChosenControl)>>;

/// Who judges things of each type.
fn by_type(frameworks: &[Framework]) -> ByType<'_> {
    let mut by_type = ByType::new();
    for framework in frameworks {
        for chosen in &framework.controls {
            for resource in chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it)) {
                by_type.entry(resource).or_default().push((framework, chosen));
            }
        }
    }
    by_type
}

struct Judge<'a, 's> {
    asker: Asker<'a>,
    by_type: ByType<'a>,
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

    fn family(&mut self, family: &Family, facts: &Facts<'_>, place: &Place) {
        let wanted = |thing: &Thing| self.by_type.contains_key(&*thing.uid.type_name);
        if !family.judged().any(wanted) {
            return;
        }
        let account = facts.account_uid(place);
        let members = family.members.iter().map(|it| &it.thing);
        let things = family.subject.iter().chain(members);
        let store = self.asker.store(things, &account, &|uid| facts.shared(uid));
        let subject = family.subject.as_ref().map(|it| &it.uid);
        for thing in family.judged() {
            let evidence = if Some(&thing.uid) == subject { family.members.as_slice() } else { &[] };
            let choosers = self.by_type.get(&*thing.uid.type_name).cloned().unwrap_or_default();
            for (framework, chosen) in choosers {
                let near = if Some(&thing.uid) == subject { family.near.as_slice() } else { &[] };
                let question = Question { chosen, thing, evidence, near, store: &store, account: &account };
                if let Some((verdict, told)) = question.answer(&self.asker) {
                    let mut finding = Finding::new(framework, chosen, place, thing.uid.clone(), verdict);
                    finding.name = thing.name().to_owned();
                    finding.source = Arc::clone(&thing.source);
                    finding.tell(told, MAX_EVIDENCE);
                    (self.sink)(finding);
                }
            }
        }
    }
}

/// One control and one thing, with what can be put forward for it.
struct Question<'q> {
    chosen: &'q ChosenControl,
    thing: &'q Thing,
    evidence: &'q [Member],
    near: &'q [NearMiss],
    store: &'q Store<'q>,
    account: &'q Uid,
}

impl Question<'_> {
    /// The verdict, with the evidence it rests on; none if the thing is not in the framework's scope.
    fn answer(&self, asker: &Asker<'_>) -> Option<(Verdict, Vec<Evidence>)> {
        match self.chosen.scope.has(self.thing) {
            InScope::No => None,
            InScope::TagsUnknown => Some((self.scope_unknown(asker), Vec::new())),
            InScope::Yes if self.chosen.control.evidence.is_empty() => {
                let verdict = asker.ask(self.chosen, self.account, &self.thing.uid, self.store);
                Some((verdict, Vec::new()))
            }
            InScope::Yes => Some(self.over_evidence(asker)),
        }
    }

    fn scope_unknown(&self, asker: &Asker<'_>) -> Verdict {
        Verdict {
            answer: Answer::InsufficientData,
            reasons: vec![SCOPE_REASON.to_owned()],
            messages: vec!["its tags decide whether it is in scope, and could not be learned".to_owned()],
            missing: vec![asker.missing_tags("resource", self.thing)],
        }
    }

    fn over_evidence(&self, asker: &Asker<'_>) -> (Verdict, Vec<Evidence>) {
        let control = &self.chosen.control;
        let mut pieces = Vec::new();
        for member in self.evidence {
            let type_name = &member.thing.uid.type_name;
            let near =
                control.evidence_from == EvidenceFrom::Inventory || member.thing.place == self.thing.place;
            if !near || !control.evidence.iter().any(|it| it == type_name) {
                continue;
            }
            let mut verdict = asker.ask(self.chosen, &member.thing.uid, &self.thing.uid, self.store);
            match (member.unread, verdict.answer, control.satisfied_by) {
                // What could not have satisfied the control, had it been read, is as good as not there.
                (true, Answer::NonCompliant, SatisfiedBy::Any) | (_, Answer::NotApplicable, _) => continue,
                // What may exist neither satisfies nor fails.
                (true, ..) => asker.not_read(&mut verdict, &member.thing),
                (false, ..) => {}
            }
            let enough = control.satisfied_by == SatisfiedBy::Any && verdict.answer == Answer::Compliant;
            pieces.push((member, verdict));
            if enough {
                break;
            }
        }
        if pieces.is_empty() {
            let verdict = self.without_evidence(asker);
            let missing = verdict.answer == Answer::NonCompliant;
            let told = if missing { self.near_misses() } else { Vec::new() };
            return (verdict, told);
        }
        // The nearest misses first: those that fail for the fewest reasons.
        pieces
            .sort_by(|(a, x), (b, y)| (x.reasons.len(), &a.thing.uid).cmp(&(y.reasons.len(), &b.thing.uid)));
        fold(control.satisfied_by, pieces)
    }

    /// What came near to being evidence of a kind that would do.
    fn near_misses(&self) -> Vec<Evidence> {
        let plans = [types::BACKUP_SELECTION, types::BACKUP_RULE, types::COPY_ACTION];
        let by_plans = self.chosen.control.evidence.iter().any(|it| plans.contains(&it.as_str()));
        let wanted = |it: &&NearMiss| {
            let same = self.chosen.control.evidence.iter().any(|of| of == it.type_name);
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
        near.collect()
    }

    /// In scope, and nothing to show.
    fn without_evidence(&self, asker: &Asker<'_>) -> Verdict {
        let verdict = asker.ask(self.chosen, self.account, &self.thing.uid, self.store);
        if verdict.answer != Answer::Compliant {
            return verdict;
        }
        let fill = |it| asker.fill(it, self.chosen, self.account, &self.thing.uid, self.store);
        Verdict {
            answer: Answer::NonCompliant,
            reasons: vec![MISSING_REASON.to_owned()],
            messages: self.chosen.control.missing.iter().map(fill).collect(),
            missing: Vec::new(),
        }
    }
}

/// One verdict from several.
fn fold(satisfied_by: SatisfiedBy, pieces: Vec<(&Member, Verdict)>) -> (Verdict, Vec<Evidence>) {
    let order = match satisfied_by {
        SatisfiedBy::Any => [Answer::Compliant, Answer::InsufficientData, Answer::NonCompliant],
        SatisfiedBy::Every => [Answer::NonCompliant, Answer::InsufficientData, Answer::Compliant],
    };
    let has = |answer: &Answer| pieces.iter().any(|(_, verdict)| verdict.answer == *answer);
    let answer = order.into_iter().find(has).unwrap_or(Answer::InsufficientData);
    let mut verdict = Verdict::of(answer);
    let mut told = Vec::new();
    for (member, piece) in pieces.into_iter().filter(|(_, piece)| piece.answer == answer) {
        for reason in &piece.reasons {
            if !verdict.reasons.contains(reason) {
                verdict.reasons.push(reason.clone());
            }
        }
        for missing in piece.missing {
            if !verdict.missing.contains(&missing) {
                verdict.missing.push(missing);
            }
        }
        told.push(Evidence {
            type_name: member.thing.uid.type_name.to_string(),
            id: member.thing.uid.id.to_string(),
            answer,
            reasons: piece.reasons,
            messages: piece.messages,
            source: Arc::clone(&member.thing.source),
            unread: member.unread,
        });
    }
    verdict.reasons.sort();
    (verdict, told)
}
