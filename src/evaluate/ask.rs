//! One question to Cedar, and what its answer means.
//!
//! Questions that agree on all that a control's policies look at are asked once; what the finding tells is filled in
//! from the facts of the very finding. One question in a thousand is asked directly as well.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use cedar_policy::{Authorizer, Context, Entities, EntityUid, Request};

use super::EvaluateError;
use super::class::{Found, Keyed, Kinds};
use super::entity::TypeNames;
use super::finding::MissingFact;
use super::missing;
use super::store::Store;
use crate::control::{Filling, Policy, Root, Template};
use crate::facts::{Fact, Thing, Uid};
use crate::framework::ChosenControl;
use crate::inventory::Coverage;
use crate::model::Answer;
use crate::vocabulary::Vocabulary;

/// One question in so many is asked directly as well: a prime near a thousand, because pages have a thousand items.
const CHECKED: u64 = 997;

/// What Cedar says of one question, or of several folded together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) answer: Answer,
    pub(super) reasons: Vec<String>,
    pub(super) messages: Vec<String>,
    pub(super) missing: Vec<MissingFact>,
}

impl Verdict {
    pub(super) fn of(answer: Answer) -> Self {
        Self { answer, reasons: Vec::new(), messages: Vec::new(), missing: Vec::new() }
    }
}

/// What Cedar says of all questions of a kind.
pub(super) struct Decision<'a> {
    answer: Answer,
    /// The ids of those that forbid it, where that is the answer.
    reasons: Arc<[String]>,
    /// The policies that decided, by id.
    decided: Vec<&'a Policy>,
    /// The policies that erred, by id, with Cedar's words.
    erred: Vec<(&'a Policy, String)>,
    /// Whether the question could be put to Cedar at all.
    asked: bool,
}

/// A control with what is the same for every question of a run.
pub(super) struct Sheet<'a> {
    pub(super) chosen: &'a ChosenControl,
    /// Action and context.
    question: Option<(EntityUid, Context)>,
    kinds: RefCell<Kinds<Decision<'a>>>,
    pub(super) asked: Cell<u64>,
}

#[cfg(test)]
impl Sheet<'_> {
    /// How many questions were answered as one of their kind had been.
    pub(super) fn shared(&self) -> u64 {
        self.kinds.borrow().shared
    }
}

/// Who is asked about whom.
#[derive(Clone, Copy)]
pub(super) struct Pair<'q> {
    pub(super) principal: &'q Thing,
    pub(super) resource: &'q Thing,
    pub(super) store: &'q Store<'q>,
}

/// Asks Cedar.
pub(super) struct Asker<'a> {
    vocabulary: &'a Vocabulary,
    coverage: Option<&'a Coverage>,
    authorizer: Authorizer,
    type_names: RefCell<TypeNames>,
    /// One question in so many is asked directly as well.
    pub(super) checked: u64,
    /// Whether questions share answers at all.
    pub(super) shares: bool,
}

impl<'a> Asker<'a> {
    pub(super) fn new(vocabulary: &'a Vocabulary, coverage: Option<&'a Coverage>) -> Self {
        let (authorizer, type_names) = (Authorizer::new(), RefCell::default());
        Self { vocabulary, coverage, authorizer, type_names, checked: CHECKED, shares: true }
    }

    /// Prepares a control.
    pub(super) fn sheet(&self, chosen: &'a ChosenControl) -> Sheet<'a> {
        let mut names = self.type_names.borrow_mut();
        let action = names.uid(&Uid::new("Control::Action", chosen.control.name.as_str()));
        let pairs: Option<Vec<_>> = chosen
            .parameters
            .iter()
            .map(|(name, fact)| Some((name.clone(), names.expression(fact)?)))
            .collect();
        let context = pairs.and_then(|it| Context::from_pairs(it).ok());
        let question = action.zip(context);
        Sheet { chosen, question, kinds: RefCell::default(), asked: Cell::new(0) }
    }

    /// Asks whether this principal, put forward, makes this resource comply. Messages are not yet filled in.
    pub(super) fn ask(
        &self,
        sheet: &Sheet<'a>,
        pair: Pair<'_>,
    ) -> Result<(Verdict, Rc<Decision<'a>>), EvaluateError> {
        let Some(looks) = sheet.chosen.control.policies.sharing.looks().filter(|_| self.shares) else {
            let entities = pair.store.entities.get_or_init(|| self.everything(pair));
            return Ok(self.ask_directly(sheet, pair, entities));
        };
        let Pair { principal, resource, store } = pair;
        let keyed = Keyed { looks, parameters: &sheet.chosen.parameters, principal, resource, store };
        let is_checked = self.is_checked(sheet);
        let mut kinds = sheet.kinds.borrow_mut();
        let decide = || {
            let entities = self.type_names.borrow_mut().looked_at(&keyed, self.vocabulary);
            Rc::new(self.decide(sheet, pair, &entities))
        };
        let decision = match kinds.find(&keyed) {
            Found::Decided(decision) => decision,
            Found::New => {
                let decision = decide();
                kinds.keep(&decision);
                decision
            }
            Found::GivenUp => decide(),
            Found::NoKey => return Ok(self.ask_directly(sheet, pair, &self.alone(pair))),
        };
        // What Cedar says of an error names the very things, which others of the kind are not.
        let Some(verdict) = self.verdict(&decision, pair, false) else {
            return Ok(self.ask_directly(sheet, pair, &self.alone(pair)));
        };
        if is_checked {
            self.check(sheet, pair, &verdict, &decision)?;
        }
        Ok((verdict, decision))
    }

    /// Counts a question, and says whether it is to be asked directly as well.
    pub(super) fn is_checked(&self, sheet: &Sheet<'a>) -> bool {
        self.is_one_of(&sheet.asked)
    }

    /// Counts, and says whether this is one that is to be asked directly as well.
    pub(super) fn is_one_of(&self, count: &Cell<u64>) -> bool {
        count.replace(count.get().wrapping_add(1)).is_multiple_of(self.checked)
    }

    /// Asks directly what was answered as others of its kind were; fails if its own answer is another.
    pub(super) fn check(
        &self,
        sheet: &Sheet<'a>,
        pair: Pair<'_>,
        verdict: &Verdict,
        decision: &Decision<'a>,
    ) -> Result<(), EvaluateError> {
        let entities = pair.store.entities.get_or_init(|| self.everything(pair));
        let (direct, its_own) = self.ask_directly(sheet, pair, entities);
        let ids = |it: &Decision<'_>| -> Vec<String> { it.decided.iter().map(|it| it.id.clone()).collect() };
        if direct == *verdict && ids(&its_own) == ids(decision) {
            return Ok(());
        }
        Err(EvaluateError::Unequal {
            control: sheet.chosen.control.name.clone(),
            principal: pair.principal.uid.to_string(),
            resource: pair.resource.uid.to_string(),
            shared: verdict.answer,
            direct: direct.answer,
        })
    }

    /// Asks of everything that is known, and of this question alone.
    pub(super) fn ask_directly(
        &self,
        sheet: &Sheet<'a>,
        pair: Pair<'_>,
        entities: &Entities,
    ) -> (Verdict, Rc<Decision<'a>>) {
        let decision = self.decide(sheet, pair, entities);
        let verdict = self.verdict(&decision, pair, true);
        (verdict.unwrap_or_else(|| Verdict::of(Answer::InsufficientData)), Rc::new(decision))
    }

    /// All that is judged together, as Cedar entities.
    pub(super) fn everything(&self, pair: Pair<'_>) -> Entities {
        let things = pair.store.everything();
        self.type_names.borrow_mut().whole(things.values().map(|it| &**it), self.vocabulary)
    }

    /// All that a question can be about, as Cedar entities.
    pub(super) fn alone(&self, pair: Pair<'_>) -> Entities {
        let things = pair.store.reachable(vec![pair.principal.uid.clone(), pair.resource.uid.clone()]);
        self.type_names.borrow_mut().whole(things.values().map(|it| &**it), self.vocabulary)
    }

    fn decide(&self, sheet: &Sheet<'a>, pair: Pair<'_>, entities: &Entities) -> Decision<'a> {
        let Some(request) = self.request(sheet, pair) else {
            let (decided, erred) = (Vec::new(), Vec::new());
            let reasons = Arc::default();
            return Decision { answer: Answer::InsufficientData, reasons, decided, erred, asked: false };
        };
        let policies = &sheet.chosen.control.policies;
        let response = self.authorizer.is_authorized(&request, &policies.set, entities);
        let diagnostics = response.diagnostics();
        let mut decided: Vec<&Policy> =
            diagnostics.reason().filter_map(|id| policies.get(id.as_ref())).collect();
        decided.sort_by(|a, b| a.id.cmp(&b.id));
        let mut erred: Vec<(&Policy, String)> = Vec::new();
        for error in diagnostics.errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            let policy = policies.get(error.policy_id().as_ref());
            erred.extend(policy.map(|it| (it, error.inner().to_string())));
        }
        erred.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let answer = match (decided.iter().any(|it| it.forbids), erred.is_empty(), decided.is_empty()) {
            (true, ..) => Answer::NonCompliant,
            (false, false, _) => Answer::InsufficientData,
            (false, true, true) => Answer::NotApplicable,
            (false, true, false) => Answer::Compliant,
        };
        let reasons = match answer {
            Answer::NonCompliant => decided.iter().map(|it| it.id.clone()).collect(),
            _ => Arc::default(),
        };
        Decision { answer, reasons, decided, erred, asked: true }
    }

    fn request(&self, sheet: &Sheet<'a>, pair: Pair<'_>) -> Option<Request> {
        let (action, context) = sheet.question.as_ref()?;
        let mut names = self.type_names.borrow_mut();
        let (principal, resource) = (names.uid(&pair.principal.uid)?, names.uid(&pair.resource.uid)?);
        Request::new(principal, action.clone(), resource, context.clone(), None).ok()
    }

    /// What a decision says of this question; `None` if that takes Cedar's own words, and they are another question's.
    fn verdict(&self, decision: &Decision<'_>, pair: Pair<'_>, its_own: bool) -> Option<Verdict> {
        let mut verdict = Verdict::of(decision.answer);
        if !decision.asked {
            verdict.missing.push(missing::in_words("the question could not be put to Cedar"));
            return Some(verdict);
        }
        match decision.answer {
            Answer::NonCompliant => verdict.reasons = decision.reasons.to_vec(),
            Answer::InsufficientData => {
                for (policy, error) in &decision.erred {
                    let mut found = self.missing(policy, pair);
                    if found.is_empty() {
                        if !its_own {
                            return None;
                        }
                        found.push(missing::in_words(&format!("policy `{}` errs: {error}", policy.id)));
                    }
                    for fact in found {
                        if !verdict.missing.contains(&fact) {
                            verdict.missing.push(fact);
                        }
                    }
                }
            }
            Answer::Compliant | Answer::NotApplicable => {}
        }
        Some(verdict)
    }

    /// What is missing of all that a policy reads.
    fn missing(&self, policy: &Policy, pair: Pair<'_>) -> Vec<MissingFact> {
        let Pair { principal, resource, store } = pair;
        let (principal, resource) = (store.thing(&principal.uid), store.thing(&resource.uid));
        let lookup = |root: Root| match root {
            Root::Principal => ("principal", &*principal),
            Root::Resource => ("resource", &*resource),
        };
        let finder = missing::Finder {
            vocabulary: self.vocabulary,
            coverage: self.coverage,
            store,
            place: resource.place.as_ref(),
        };
        policy.reads.iter().filter_map(|read| finder.missing(read, &lookup)).collect()
    }

    /// What is missing of a thing whose tags could not be learned.
    pub(super) fn missing_tags(&self, name: &str, thing: &Thing) -> MissingFact {
        missing::tags(name, thing, self.coverage)
    }

    /// Makes a verdict on something that could not be read one that decides nothing.
    pub(super) fn not_read(&self, verdict: &mut Verdict, thing: &Thing) {
        if verdict.answer == Answer::InsufficientData {
            return;
        }
        *verdict = Verdict::of(Answer::InsufficientData);
        verdict.missing = thing.doubts.iter().map(missing::of_doubt).collect();
        if verdict.missing.is_empty() {
            verdict.missing.push(missing::in_words("it may exist and could not be read"));
        }
    }

    /// The reasons of a verdict, shared with all of its kind.
    pub(super) fn reasons_of(&self, verdict: &Verdict, decision: &Decision<'a>) -> Arc<[String]> {
        match verdict.answer {
            Answer::NonCompliant => Arc::clone(&decision.reasons),
            _ => Arc::default(),
        }
    }

    /// The messages of the policies that decided, where they decided.
    pub(super) fn messages(&self, sheet: &Sheet<'a>, decision: &Decision<'a>, pair: Pair<'_>) -> Vec<String> {
        match decision.answer {
            Answer::Compliant | Answer::NonCompliant => {
                let messages = decision.decided.iter().filter_map(|it| it.message.as_ref());
                messages.map(|it| self.fill(it, sheet, pair)).collect()
            }
            Answer::NotApplicable | Answer::InsufficientData => Vec::new(),
        }
    }

    /// A message with its paths filled in.
    pub(super) fn fill(&self, template: &Template, sheet: &Sheet<'a>, pair: Pair<'_>) -> String {
        let Pair { principal, resource, store } = pair;
        let context: &BTreeMap<String, Fact> = &sheet.chosen.parameters;
        template.fill(Filling { principal, resource, context, shared: &|uid| store.known(uid) })
    }
}
