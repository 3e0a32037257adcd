//! What a control says of a resource from its evidence, as that goes past: the answer up to now, and no more of the
//! evidence than a finding tells of.
//!
//! The order in which evidence comes changes nothing, so parts that were gathered apart can be put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::Verdict;
use super::finding::{Evidence, MissingFact};
use crate::control::SatisfiedBy;
use crate::facts::{Name, Uid};
use crate::model::Answer;

/// The most pieces of evidence a finding tells of; how many were left out is said.
pub(super) const MAX_EVIDENCE: usize = 10;

/// The evidence that is told of, and how much more there is.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) evidence: Vec<Evidence>,
    pub(super) omitted: usize,
}

/// Where a piece of evidence stands among others: those that fail for the fewest reasons first, of those that satisfy
/// by themselves those of the resource's own account and Region.
type Order = (usize, Uid);

/// A piece of evidence that may be told of.
#[derive(Debug)]
struct Piece {
    order: Order,
    reasons: Arc<[String]>,
    messages: Vec<String>,
    source: Arc<str>,
    unread: bool,
}

/// What a piece of evidence makes of a resource.
pub(super) struct Put<'p> {
    pub(super) uid: &'p Uid,
    pub(super) answer: Answer,
    pub(super) reasons: &'p Arc<[String]>,
    pub(super) missing: &'p [MissingFact],
    pub(super) source: &'p Arc<str>,
    /// Whether it is recorded in the resource's own account and Region.
    pub(super) own: bool,
    pub(super) unread: bool,
    /// Its sentences; only asked for if it may be told of.
    pub(super) messages: &'p dyn Fn() -> Vec<String>,
}

/// The evidence of a resource up to now.
#[derive(Debug, Default)]
pub(super) struct Fold {
    answer: Option<Answer>,
    count: usize,
    /// In order, the first of them.
    pieces: Vec<Piece>,
    reasons: Vec<String>,
    /// With where in the evidence it came first.
    missing: BTreeMap<MissingFact, (Order, usize)>,
}

/// How an answer counts; the greatest is that of all.
fn weight(satisfied_by: SatisfiedBy, answer: Answer) -> u8 {
    match (satisfied_by, answer) {
        (_, Answer::NotApplicable) => 0,
        (SatisfiedBy::Any, Answer::NonCompliant) | (SatisfiedBy::Every, Answer::Compliant) => 1,
        (_, Answer::InsufficientData) => 2,
        (SatisfiedBy::Any, Answer::Compliant) | (SatisfiedBy::Every, Answer::NonCompliant) => 3,
    }
}

impl Fold {
    /// The answer up to now; `None` if nothing that is applicable was put forward.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// Puts a piece of evidence to the others.
    pub(super) fn put(&mut self, satisfied_by: SatisfiedBy, put: &Put<'_>) {
        let now = self.answer.map_or(0, |it| weight(satisfied_by, it));
        let weight = weight(satisfied_by, put.answer);
        if weight == 0 || weight < now {
            return;
        }
        if weight > now {
            *self = Self { answer: Some(put.answer), ..Self::default() };
        }
        let enough = satisfied_by == SatisfiedBy::Any && put.answer == Answer::Compliant;
        let rank = if enough { usize::from(!put.own) } else { put.reasons.len() };
        self.count = if enough { 1 } else { self.count + 1 };
        for reason in put.reasons.iter() {
            if !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        for (index, fact) in put.missing.iter().enumerate() {
            self.miss(fact, ((rank, put.uid.clone()), index));
        }
        let most = if enough { 1 } else { MAX_EVIDENCE };
        let is_after = |it: &Piece| (it.order.0, &it.order.1) < (rank, put.uid);
        if self.pieces.len() >= most && self.pieces.last().is_some_and(is_after) {
            return;
        }
        self.insert(
            most,
            Piece {
                order: (rank, put.uid.clone()),
                reasons: Arc::clone(put.reasons),
                messages: (put.messages)(),
                source: Arc::clone(put.source),
                unread: put.unread,
            },
        );
    }

    fn insert(&mut self, most: usize, piece: Piece) {
        let at = self.pieces.partition_point(|it| it.order <= piece.order);
        self.pieces.insert(at, piece);
        self.pieces.truncate(most);
    }

    fn miss(&mut self, fact: &MissingFact, order: (Order, usize)) {
        match self.missing.get_mut(fact) {
            Some(known) if *known <= order => {}
            Some(known) => *known = order,
            None => _ = self.missing.insert(fact.clone(), order),
        }
    }

    /// Puts what was gathered apart to this.
    pub(super) fn join(&mut self, satisfied_by: SatisfiedBy, other: Self) {
        let of = |it: &Self| it.answer.map_or(0, |it| weight(satisfied_by, it));
        if of(&other) > of(self) {
            *self = other;
            return;
        }
        if of(&other) < of(self) || other.answer.is_none() {
            return;
        }
        let enough = satisfied_by == SatisfiedBy::Any && self.answer == Some(Answer::Compliant);
        self.count = if enough { 1 } else { self.count + other.count };
        let new = other.reasons.into_iter().filter(|it| !self.reasons.contains(it)).collect::<Vec<_>>();
        self.reasons.extend(new);
        for (fact, order) in other.missing {
            self.miss(&fact, order);
        }
        for piece in other.pieces {
            self.insert(if enough { 1 } else { MAX_EVIDENCE }, piece);
        }
    }

    /// One verdict from all, with the evidence that is told of; `None` if nothing applicable was put forward.
    pub(super) fn verdict(self) -> Option<(Verdict, Told)> {
        let answer = self.answer?;
        let mut verdict = Verdict::of(answer);
        verdict.reasons = self.reasons;
        verdict.reasons.sort();
        let mut missing: Vec<_> = self.missing.into_iter().map(|(fact, order)| (order, fact)).collect();
        missing.sort();
        verdict.missing = missing.into_iter().map(|(_, fact)| fact).collect();
        let mut told = Told { evidence: Vec::new(), omitted: self.count.saturating_sub(self.pieces.len()) };
        for Piece { order: (_, uid), reasons, messages, source, unread } in self.pieces {
            for message in &messages {
                if !verdict.messages.contains(message) {
                    verdict.messages.push(message.clone());
                }
            }
            let type_name = Name::into_owned(uid.type_name);
            let (id, reasons) = (uid.id.to_string(), reasons.to_vec());
            told.evidence.push(Evidence { type_name, id, answer, reasons, messages, source, unread });
        }
        Some((verdict, told))
    }
}
