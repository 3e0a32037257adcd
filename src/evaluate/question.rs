//! One control and one thing: what is said of it, with what can be put forward for it.

use std::rc::Rc;
use std::sync::Arc;

use super::ask::{Asker, Decision, Pair, Sheet, Verdict};
use super::finding::Evidence;
use super::fold::{Fold, MAX_EVIDENCE, Put, Told};
use super::store::Store;
use super::{EvaluateError, SCOPE_REASON};
use crate::control::{EvidenceFrom, MISSING_REASON, SatisfiedBy};
use crate::facts::{Member, NearMiss, Thing, types};
use crate::framework::InScope;
use crate::model::Answer;

/// One control and one thing, with what can be put forward for it.
pub(super) struct Question<'q, 'a> {
    pub(super) sheet: &'q Sheet<'a>,
    pub(super) thing: &'q Thing,
    pub(super) evidence: &'q [Member],
    pub(super) near: &'q [NearMiss],
    pub(super) store: &'q Store<'q>,
}

impl<'q, 'a> Question<'q, 'a> {
    /// The verdict, with the evidence it rests on; none if the thing is not in the framework's scope.
    ///
    /// `flowed` is what evidence made of it that went past before.
    pub(super) fn answer(
        &self,
        asker: &Asker<'a>,
        flowed: Option<Fold>,
    ) -> Result<Option<(Verdict, Told)>, EvaluateError> {
        let chosen = self.sheet.chosen;
        Ok(match chosen.scope.has(self.thing) {
            InScope::No => None,
            InScope::TagsUnknown => Some((self.scope_unknown(asker), Told::default())),
            InScope::Yes if chosen.control.evidence.is_empty() => {
                Some((self.of_account(asker)?, Told::default()))
            }
            InScope::Yes => Some(self.over_evidence(asker, flowed)?),
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

    fn over_evidence(
        &self,
        asker: &Asker<'a>,
        flowed: Option<Fold>,
    ) -> Result<(Verdict, Told), EvaluateError> {
        let control = &self.sheet.chosen.control;
        let mut fold = flowed.unwrap_or_default();
        let enough = |fold: &Fold| {
            control.satisfied_by == SatisfiedBy::Any && fold.answer() == Some(Answer::Compliant)
        };
        for member in self.evidence {
            if enough(&fold) {
                break;
            }
            self.put(asker, member, &mut fold)?;
        }
        if let Some(told) = fold.verdict() {
            return Ok(told);
        }
        let verdict = self.without_evidence(asker)?;
        let missing = verdict.answer == Answer::NonCompliant;
        let told = if missing { self.near_misses() } else { Told::default() };
        let mut verdict = verdict;
        for message in told.evidence.iter().flat_map(|it| &it.messages) {
            if !verdict.messages.contains(message) {
                verdict.messages.push(message.clone());
            }
        }
        Ok((verdict, told))
    }

    /// Whether evidence recorded there is put forward by this control.
    fn is_near(&self, evidence: &Thing) -> bool {
        self.sheet.chosen.control.evidence_from == EvidenceFrom::Inventory
            || evidence.place == self.thing.place
    }

    /// Puts a piece of evidence forward.
    pub(super) fn put(
        &self,
        asker: &Asker<'a>,
        member: &'q Member,
        fold: &mut Fold,
    ) -> Result<(), EvaluateError> {
        let control = &self.sheet.chosen.control;
        let Member { thing, unread, .. } = member;
        if !self.is_near(thing) || !control.evidence.iter().any(|it| *it == thing.uid.type_name) {
            return Ok(());
        }
        let (mut verdict, decision) = asker.ask(self.sheet, self.with(thing))?;
        // What is in no known account may be in any, and be anything: that it is not in one says nothing.
        let anyone = *unread && thing.place.is_none() && self.tells_apart();
        match (unread, verdict.answer, control.satisfied_by) {
            _ if anyone => asker.not_read(&mut verdict, thing),
            // What could not have satisfied the control, had it been read, is as good as not there.
            (true, Answer::NonCompliant, SatisfiedBy::Any) | (_, Answer::NotApplicable, _) => return Ok(()),
            // What may exist neither satisfies nor fails.
            (true, ..) => asker.not_read(&mut verdict, thing),
            (false, ..) => {}
        }
        let reasons = asker.reasons_of(&verdict, &decision);
        fold.put(
            control.satisfied_by,
            &Put {
                uid: &thing.uid,
                answer: verdict.answer,
                reasons: &reasons,
                missing: &verdict.missing,
                source: &thing.source,
                own: thing.place == self.thing.place,
                unread: *unread,
                messages: &|| self.messages(asker, &decision, member),
            },
        );
        Ok(())
    }

    fn messages(&self, asker: &Asker<'a>, decision: &Rc<Decision<'a>>, member: &'q Member) -> Vec<String> {
        if member.unread {
            return Vec::new();
        }
        asker.messages(self.sheet, decision, self.with(&member.thing))
    }

    /// Whether it counts which piece of evidence it is or what that is in, or that cannot be told.
    fn tells_apart(&self) -> bool {
        let looks = self.sheet.chosen.control.policies.sharing.looks();
        looks.is_none_or(|it| !it.principal.inside.is_empty() || !it.principal.same_as.is_empty())
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
            source: Arc::from(""),
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
