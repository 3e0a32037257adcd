//! Which fact was missing, which call would have told it, and which IAM action allows that call.

use std::borrow::Cow;

use crate::control::{Read, Root};
use crate::facts::{Doubt, Fact, Thing, types};
use crate::inventory::{Coverage, Gap, Operation, State};
use crate::model::{Place, Region};
use crate::vocabulary::{Attribute, Vocabulary};

use super::finding::MissingFact;
use super::store::Store;

/// Finds what is missing behind what a policy reads.
pub(super) struct Finder<'a, 't> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) coverage: Option<&'a Coverage>,
    pub(super) store: &'a Store<'t>,
    pub(super) place: Option<&'a Place>,
}

type Lookup<'l, 'a> = dyn Fn(Root) -> (&'static str, &'a Thing) + 'l;

impl<'a> Finder<'a, '_> {
    /// What is missing of one thing that a policy reads, if anything is.
    pub(super) fn missing(&self, read: &Read, lookup: &Lookup<'_, 'a>) -> Option<MissingFact> {
        let (Read::Fact(root, path) | Read::Tags(root, path) | Read::Units(root, path)) = read;
        let (name, thing) = lookup(*root);
        let (mut name, mut thing) = (name.to_owned(), Cow::Borrowed(thing));
        for step in path {
            let declared = self.vocabulary.entity_type(&thing.uid.type_name)?.attributes.get(step)?;
            name = format!("{name}.{step}");
            thing = match thing.attribute(step) {
                None => return Some(self.fact(&name, step, &thing, declared)),
                Some(Fact::Entity(uid)) => self.store.thing(uid),
                // Inside a record, what is absent was left out by AWS.
                Some(_) => return None,
            }
        }
        match read {
            Read::Tags(..) if thing.tags.is_none() => match elsewhere(&thing) {
                Some(doubt) => Some(MissingFact { fact: format!("{name}'s tags"), ..of_doubt(doubt) }),
                None => Some(tags(&name, &thing, self.coverage)),
            },
            Read::Units(..) if !thing.units_known => match elsewhere(&thing) {
                Some(doubt) => {
                    let fact = format!("{name} in an organizational unit");
                    Some(MissingFact { fact, ..of_doubt(doubt) })
                }
                None => Some(self.units(&name)),
            },
            _ => None,
        }
    }

    fn fact(&self, name: &str, step: &str, thing: &Thing, declared: &Attribute) -> MissingFact {
        if let Some(doubt) = elsewhere(thing) {
            return MissingFact { fact: name.to_owned(), ..of_doubt(doubt) };
        }
        let told = thing.reasons.iter().find(|(fact, _)| fact == step).map(|(_, why)| why.clone());
        // Where the whole thing is in doubt, the call that would tell of it comes before the one that tells this fact.
        if let Some(doubt) = thing.doubts.iter().find(|it| it.gap.is_some() && told.as_ref() == Some(&it.why))
        {
            return MissingFact { fact: name.to_owned(), ..of_doubt(doubt) };
        }
        let Some(operation) = Operation::allowed_by(&declared.action) else {
            return MissingFact {
                fact: name.to_owned(),
                ..in_words(told.as_deref().unwrap_or("it could not be learned"))
            };
        };
        let subject: Vec<&str> = operation
            .subject
            .iter()
            .filter_map(|wanted| thing.subjects.iter().find(|(of, _)| of == wanted))
            .map(|(_, it)| &**it)
            .collect();
        let place = thing.place.as_ref().or(self.place);
        of_call(name, operation, &subject.join("/"), place, self.coverage, told)
    }

    fn units(&self, name: &str) -> MissingFact {
        let operation = Operation::named("organizations.list-accounts-for-parent");
        let global = self.place.map(|place| Place { account: place.account, region: Region::global() });
        let why = "the way from the account up to the organization's root was not read whole".to_owned();
        let fact = format!("{name} in an organizational unit");
        match operation {
            Some(operation) => of_call(&fact, operation, "", global.as_ref(), None, Some(why)),
            None => in_words(&why),
        }
    }
}

/// What is doubted of something that may be in any place: no call of a known place would have told of it.
fn elsewhere(thing: &Thing) -> Option<&Doubt> {
    thing.doubts.first().filter(|_| thing.place.is_none())
}

/// What is missing of a thing whose tags could not be learned.
pub(super) fn tags(name: &str, thing: &Thing, coverage: Option<&Coverage>) -> MissingFact {
    let backups_own =
        thing.uid.type_name.starts_with("AWS::Backup::") && thing.uid.type_name != types::RECOVERY_POINT;
    let action = if backups_own { "backup:ListTags" } else { "tag:GetResources" };
    let fact = format!("{name}'s tags");
    match Operation::allowed_by(action) {
        Some(operation) => {
            let subject = if operation.subject.is_empty() { "" } else { &*thing.uid.id };
            of_call(&fact, operation, subject, thing.place.as_ref(), coverage, None)
        }
        None => in_words("its tags could not be learned"),
    }
}

/// A list that was not read whole.
pub(super) fn of_gap(gap: &Gap) -> MissingFact {
    MissingFact {
        fact: String::new(),
        operation: gap.operation.name.to_owned(),
        subject: gap.subject.clone(),
        error: error_of(&gap.state),
        action: gap.operation.action.to_owned(),
        why: gap.to_string(),
    }
}

/// What keeps one from knowing whether something is evidence.
pub(super) fn of_doubt(doubt: &Doubt) -> MissingFact {
    match &doubt.gap {
        Some(gap) => MissingFact { why: doubt.why.clone(), ..of_gap(gap) },
        None => in_words(&doubt.why),
    }
}

/// Something that is missing and not a fact.
pub(super) fn in_words(why: &str) -> MissingFact {
    MissingFact {
        fact: String::new(),
        operation: String::new(),
        subject: String::new(),
        error: String::new(),
        action: String::new(),
        why: why.to_owned(),
    }
}

fn of_call(
    fact: &str,
    operation: &'static Operation,
    subject: &str,
    place: Option<&Place>,
    coverage: Option<&Coverage>,
    told: Option<String>,
) -> MissingFact {
    let gap = place.zip(coverage).map(|(place, coverage)| Gap {
        place: place.clone(),
        operation,
        subject: subject.to_owned(),
        state: coverage.state(place, operation, subject),
    });
    let why = match (&gap, told) {
        (_, Some(told)) => told,
        (Some(gap), None) if gap.state == State::Complete => {
            format!("the answer of `{}` does not say", operation.name)
        }
        (Some(gap), None) => gap.to_string(),
        (None, None) => "it could not be learned".to_owned(),
    };
    MissingFact {
        fact: fact.to_owned(),
        operation: operation.name.to_owned(),
        subject: subject.to_owned(),
        error: gap.map(|it| error_of(&it.state)).unwrap_or_default(),
        action: operation.action.to_owned(),
        why,
    }
}

fn error_of(state: &State) -> String {
    match state {
        State::Refused(error) => error.code.clone(),
        _ => String::new(),
    }
}
