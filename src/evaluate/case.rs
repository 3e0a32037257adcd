//! A control's own cases, judged as an inventory's things are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::Asker;
use super::question::Question;
use super::store::Store;
use crate::control::{Case, Control};
use crate::facts::{Member, Thing, Uid, types};
use crate::framework::{ChosenControl, Scope};
use crate::model::{AccountId, Answer, Place};
use crate::vocabulary::Vocabulary;

/// Why a case does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseFailure {
    /// The case itself is wrong: a parameter, or a fact the vocabulary does not have.
    #[error("{0}")]
    Case(String),
    /// The answer is another.
    #[error("answer is {found} ({because}); the case says {expected}")]
    Answer {
        /// What the control says.
        found: Answer,
        /// Its reasons, or the facts that were missing.
        because: String,
        /// What the case says.
        expected: Answer,
    },
    /// The reasons are others.
    #[error("reasons are {found:?}; the case says {expected:?}")]
    Reasons {
        /// What the control says.
        found: Vec<String>,
        /// What the case says.
        expected: Vec<String>,
    },
    /// The messages are others.
    #[error("messages are {found:?}; the case says {expected:?}")]
    Messages {
        /// What the control says.
        found: Vec<String>,
        /// What the case says.
        expected: Vec<String>,
    },
}

/// The account that a case's things are in, unless it says otherwise.
const ACCOUNT: &str = "111122223333";

/// Judges a case; an error is a case that does not hold.
pub fn run_case(control: &Arc<Control>, case: &Case, vocabulary: &Vocabulary) -> Result<(), CaseFailure> {
    let (Ok(account), Ok(region)) = (ACCOUNT.parse::<AccountId>(), "eu-west-1".parse()) else {
        return Err(CaseFailure::Case("the case's account cannot be read".to_owned()));
    };
    let place = Place { account, region };
    let chosen = choose(control, case)?;
    let thing = |entity: &crate::control::CaseEntity| {
        entity.thing(&place, vocabulary).map_err(|error| CaseFailure::Case(error.to_string()))
    };
    let resource = thing(&case.resource)?;
    let mut members = Vec::new();
    for (entities, unread) in [(&case.evidence, false), (&case.unread, true)] {
        for entity in entities {
            members.push(Member { thing: thing(entity)?, judged: false, unread });
        }
    }
    let mut others: BTreeMap<Uid, Thing> = BTreeMap::new();
    for entity in &case.entities {
        let thing = thing(entity)?;
        others.insert(thing.uid.clone(), thing);
    }
    let account = Uid::new(types::ACCOUNT, ACCOUNT);
    let shared = |uid: &Uid| match others.get(uid) {
        Some(thing) => Cow::Borrowed(thing),
        None => {
            let mut thing = Thing::unknown(uid.clone());
            // Where a case says nothing of units, none are above the account.
            thing.units_known = uid.type_name == types::ACCOUNT;
            Cow::Owned(thing)
        }
    };
    let asker = Asker::new(vocabulary, None);
    let things = std::iter::once(&resource).chain(members.iter().map(|it| &it.thing));
    let store = Store::new(things.collect(), shared(&account), &shared);
    let sheet = asker.sheet(&chosen);
    let question = Question { sheet: &sheet, thing: &resource, evidence: &members, near: &[], store: &store };
    let answer = question.answer(&asker, None).map_err(|error| CaseFailure::Case(error.to_string()))?;
    let Some((verdict, _)) = answer else {
        return Err(CaseFailure::Case("its resource is not in scope".to_owned()));
    };
    let messages = verdict.messages;
    if verdict.answer != case.answer {
        let facts = verdict.missing.iter().map(|it| if it.fact.is_empty() { &it.why } else { &it.fact });
        let because: Vec<&str> = verdict.reasons.iter().chain(facts).map(String::as_str).collect();
        return Err(CaseFailure::Answer {
            found: verdict.answer,
            because: because.join(", "),
            expected: case.answer,
        });
    }
    if let Some(expected) = case.reasons.clone().filter(|it| *it != verdict.reasons) {
        return Err(CaseFailure::Reasons { found: verdict.reasons, expected });
    }
    if let Some(expected) = case.messages.clone().filter(|it| *it != messages) {
        return Err(CaseFailure::Messages { found: messages, expected });
    }
    Ok(())
}

fn choose(control: &Arc<Control>, case: &Case) -> Result<ChosenControl, CaseFailure> {
    let wrong = |message: String| CaseFailure::Case(message);
    let mut given = case.parameters.clone();
    if let Some(name) = given.keys().find(|it| !control.parameters.contains_key(*it)) {
        return Err(wrong(format!("parameter `{name}` is not known")));
    }
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &control.parameters {
        if let Some(default) = &parameter.default {
            given.entry(name.clone()).or_insert_with(|| default.clone());
        }
        match given.get(name) {
            Some(text) => {
                let value = parameter.value_of(text).map_err(|it| wrong(it.to_string()))?;
                parameters.insert(name.clone(), value);
            }
            None if parameter.required => return Err(wrong(format!("parameter `{name}` is missing"))),
            None => {}
        }
    }
    for parameter in control.parameters.values() {
        parameter.check_bounds(&parameters).map_err(|it| wrong(it.to_string()))?;
    }
    Ok(ChosenControl { control: Arc::clone(control), parameters, given, scope: Scope::default() })
}
