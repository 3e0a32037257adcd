//! One question to Cedar, and what its answer means.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use cedar_policy::{Authorizer, Context, Entities, EntityUid, Request};

use super::entity::TypeNames;
use super::finding::MissingFact;
use super::missing;
use crate::control::{Filling, Policy, Root, Template};
use crate::facts::{Fact, Thing, Uid};
use crate::framework::ChosenControl;
use crate::inventory::Coverage;
use crate::model::Answer;
use crate::vocabulary::Vocabulary;

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

/// The things a question can be about, each once, as facts and as Cedar entities.
pub(super) struct Store<'t> {
    things: HashMap<Uid, Cow<'t, Thing>>,
    uids: HashMap<Uid, EntityUid>,
    entities: Entities,
}

impl Store<'_> {
    fn thing(&self, uid: &Uid) -> Option<&Thing> {
        self.things.get(uid).map(|it| &**it)
    }
}

/// Asks Cedar.
pub(super) struct Asker<'a> {
    vocabulary: &'a Vocabulary,
    coverage: Option<&'a Coverage>,
    authorizer: Authorizer,
    type_names: RefCell<TypeNames>,
    /// Action and context by control; they are the same for every question of a run.
    prepared: RefCell<HashMap<*const ChosenControl, (EntityUid, Context)>>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(vocabulary: &'a Vocabulary, coverage: Option<&'a Coverage>) -> Self {
        Self {
            vocabulary,
            coverage,
            authorizer: Authorizer::new(),
            type_names: RefCell::default(),
            prepared: RefCell::default(),
        }
    }

    /// Gathers things and all that they refer to.
    pub(super) fn store<'t>(
        &self,
        things: impl Iterator<Item = &'t Thing>,
        account: &Uid,
        shared: &dyn Fn(&Uid) -> Thing,
    ) -> Store<'t> {
        let mut found: HashMap<Uid, Cow<'t, Thing>> = HashMap::new();
        let mut wanted = vec![account.clone()];
        for thing in things {
            refer(thing, &mut wanted);
            found.insert(thing.uid.clone(), Cow::Borrowed(thing));
        }
        while let Some(uid) = wanted.pop() {
            if let Entry::Vacant(place) = found.entry(uid) {
                let thing = shared(place.key());
                refer(&thing, &mut wanted);
                place.insert(Cow::Owned(thing));
            }
        }
        let mut names = self.type_names.borrow_mut();
        let mut uids = HashMap::new();
        let mut entities = Vec::with_capacity(found.len());
        #[expect(clippy::iter_over_hash_type, reason = "a store has no order")]
        for (uid, thing) in &found {
            // INVARIANT: a thing whose facts do not fit the vocabulary is not asked about with them.
            let entity = match thing.check(self.vocabulary) {
                Ok(()) => names.entity(thing, self.vocabulary),
                Err(_) => names.entity(&Thing::unknown(uid.clone()), self.vocabulary),
            };
            uids.extend(names.uid(uid).map(|it| (uid.clone(), it)));
            entities.extend(entity);
        }
        let entities = Entities::from_entities(entities, None).unwrap_or_else(|_| Entities::empty());
        Store { things: found, uids, entities }
    }

    /// Asks whether this principal, put forward, makes this resource comply.
    pub(super) fn ask(
        &self,
        chosen: &ChosenControl,
        principal: &Uid,
        resource: &Uid,
        store: &Store<'_>,
    ) -> Verdict {
        let Some(request) = self.request(chosen, principal, resource, store) else {
            let mut verdict = Verdict::of(Answer::InsufficientData);
            verdict.missing.push(missing::in_words("the question could not be put to Cedar"));
            return verdict;
        };
        let policies = &chosen.control.policies;
        let response = self.authorizer.is_authorized(&request, &policies.set, &store.entities);
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
        if decided.iter().any(|it| it.forbids) {
            let mut verdict = Verdict::of(Answer::NonCompliant);
            for policy in decided {
                verdict.reasons.push(policy.id.clone());
                let message = policy.message.as_ref();
                verdict.messages.extend(message.map(|it| self.fill(it, chosen, principal, resource, store)));
            }
            return verdict;
        }
        if !erred.is_empty() {
            return self.undecided(&erred, principal, resource, store);
        }
        match decided.is_empty() {
            false => Verdict::of(Answer::Compliant),
            true => Verdict::of(Answer::NotApplicable),
        }
    }

    fn request(
        &self,
        chosen: &ChosenControl,
        principal: &Uid,
        resource: &Uid,
        store: &Store<'_>,
    ) -> Option<Request> {
        let key: *const ChosenControl = chosen;
        let mut prepared = self.prepared.borrow_mut();
        if let Entry::Vacant(place) = prepared.entry(key) {
            let mut names = self.type_names.borrow_mut();
            let action = names.uid(&Uid::new("Control::Action", chosen.control.name.as_str()))?;
            let mut pairs = Vec::new();
            for (name, fact) in &chosen.parameters {
                pairs.push((name.clone(), names.expression(fact)?));
            }
            place.insert((action, Context::from_pairs(pairs).ok()?));
        }
        let (action, context) = prepared.get(&key)?;
        let (principal, resource) = (store.uids.get(principal)?, store.uids.get(resource)?);
        Request::new(principal.clone(), action.clone(), resource.clone(), context.clone(), None).ok()
    }

    fn undecided(
        &self,
        erred: &[(&Policy, String)],
        principal: &Uid,
        resource: &Uid,
        store: &Store<'_>,
    ) -> Verdict {
        let mut verdict = Verdict::of(Answer::InsufficientData);
        for (policy, error) in erred {
            let mut found = Vec::new();
            for read in &policy.reads {
                let lookup = |root: Root| match root {
                    Root::Principal => ("principal", store.thing(principal)),
                    Root::Resource => ("resource", store.thing(resource)),
                };
                let finder = missing::Finder {
                    vocabulary: self.vocabulary,
                    coverage: self.coverage,
                    shared: &|uid| store.thing(uid),
                    place: store.thing(resource).and_then(|it| it.place.as_ref()),
                };
                found.extend(finder.missing(read, &lookup));
            }
            if found.is_empty() {
                found.push(missing::in_words(&format!("policy `{}` errs: {error}", policy.id)));
            }
            for fact in found {
                if !verdict.missing.contains(&fact) {
                    verdict.missing.push(fact);
                }
            }
        }
        verdict
    }

    /// What is missing of a thing whose tags could not be learned.
    pub(super) fn missing_tags(&self, name: &str, thing: &Thing) -> MissingFact {
        missing::tags(name, thing, self.coverage)
    }

    /// Makes a verdict on something that could not be read one that decides nothing.
    pub(super) fn not_read(&self, verdict: &mut Verdict, thing: &Thing) {
        if verdict.answer != Answer::InsufficientData {
            let why = thing.reasons.first().map_or("it could not be read", |(_, why)| why.as_str());
            *verdict = Verdict::of(Answer::InsufficientData);
            verdict.missing.push(missing::in_words(why));
        }
    }

    /// A message with its paths filled in.
    pub(super) fn fill(
        &self,
        template: &Template,
        chosen: &ChosenControl,
        principal: &Uid,
        resource: &Uid,
        store: &Store<'_>,
    ) -> String {
        let (Some(principal), Some(resource)) = (store.thing(principal), store.thing(resource)) else {
            return String::new();
        };
        let context: &BTreeMap<String, Fact> = &chosen.parameters;
        template.fill(Filling { principal, resource, context, shared: &|uid| store.thing(uid) })
    }
}

/// Adds what a thing refers to.
fn refer(thing: &Thing, wanted: &mut Vec<Uid>) {
    fn walk(fact: &Fact, wanted: &mut Vec<Uid>) {
        match fact {
            Fact::Entity(uid) => wanted.push(uid.clone()),
            Fact::Set(items) => items.iter().for_each(|it| walk(it, wanted)),
            Fact::Record(fields) => fields.iter().for_each(|(_, it)| walk(it, wanted)),
            _ => {}
        }
    }
    wanted.extend(thing.parents.iter().cloned());
    thing.attributes.iter().for_each(|(_, it)| walk(it, wanted));
}
