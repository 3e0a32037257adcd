//! One resource's answers against the entries of its account and Region.

use super::clauses::Polarity;
use super::gates::Gates;
use super::index::{Entry, File, Home, Kind, Way};
use super::pattern::Reach;
use super::subset::Subset;
use super::truth::Truth;
use super::{Candidate, Settings};

/// Most near misses that are kept for a class of resources.
const MOST_NEAREST: usize = 8;

/// The entries of a kind that cover a resource, and those of which it cannot be told.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) covering: Subset,
    pub(super) undecided: Subset,
}

/// The answers of a resource to numbered questions, ascending; what is missing is a plain no.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answers(Box<[(u32, Truth)]>);

impl Answers {
    fn collect(ask: impl FnOnce(&mut dyn FnMut(u32, Truth))) -> Self {
        let mut answers: Vec<(u32, Truth)> = Vec::new();
        ask(&mut |question, truth| answers.push((question, truth)));
        answers.sort_unstable_by_key(|(question, _)| *question);
        // A key that the resource has twice may be asked twice.
        answers.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.or(next.1);
            }
            same
        });
        Self(answers.into())
    }

    fn to(&self, question: u32) -> Truth {
        let found = self.0.binary_search_by_key(&question, |(question, _)| *question);
        found.ok().and_then(|at| self.0.get(at)).map_or(Truth::No, |(_, truth)| *truth)
    }

    fn questions(&self) -> impl Iterator<Item = &u32> {
        self.0.iter().map(|(question, _)| question)
    }
}

/// What is known of one resource, in the terms of its account and Region.
pub(super) struct Facts<'a> {
    home: &'a Home,
    pub(super) gates: Gates,
    pub(super) service: Option<u32>,
    /// `None`: the tags could not be read.
    pub(super) tags: Option<Answers>,
    pub(super) arn: Answers,
}

impl<'a> Facts<'a> {
    /// Asks the resource all questions.
    pub(super) fn new(home: &'a Home, resource: &Candidate<'_>, settings: &Settings<'_>) -> Self {
        Self {
            home,
            gates: Gates::new(resource, settings),
            service: home.service(resource.arn),
            tags: resource.tags.map(|tags| Answers::collect(|note| home.ask_tags(tags, note))),
            arn: Answers::collect(|note| home.ask_arn(resource.arn, note)),
        }
    }

    /// Judges the entries of a kind.
    pub(super) fn judge(&self, kind: Kind) -> Lists {
        let (mut covering, mut undecided) = (Vec::new(), Vec::new());
        for number in self.met(kind) {
            let entry = self.home.entries.get(number as usize);
            match entry.map_or(Truth::No, |entry| self.covers(entry)) {
                Truth::Yes => covering.push(number),
                Truth::Unknown => undecided.push(number),
                Truth::No => {}
            }
        }
        let subset = |numbers: &[u32]| Subset::new(numbers, self.home.entries.len());
        Lists { covering: subset(&covering), undecided: subset(&undecided) }
    }

    /// The entries that are not certain to be a no, in order.
    fn met(&self, kind: Kind) -> Vec<u32> {
        let file: &File = self.home.file(kind);
        let mut met = file.always.clone();
        match &self.tags {
            None => met.extend(&file.with_unread_tags),
            Some(tags) => {
                met.extend(tags.questions().filter_map(|question| file.by_tag.get(question)).flatten())
            }
        }
        if kind == Kind::Arn {
            met.extend(self.arn.questions().filter_map(|question| file.by_arn.get(question)).flatten());
        }
        met.sort_unstable();
        met.dedup();
        met
    }

    fn covers(&self, entry: &Entry) -> Truth {
        let mut covers = self.gates.restore_test.not().and(self.reaches(entry));
        for excluded in &entry.not_resources {
            covers = covers.and(self.arn_answer(*excluded).not());
        }
        for condition in &entry.conditions {
            if covers == Truth::No {
                return covers;
            }
            covers = covers.and(self.condition(*condition));
        }
        covers
    }

    fn reaches(&self, entry: &Entry) -> Truth {
        if entry.unread {
            return Truth::Unknown;
        }
        let mut reaches = Truth::No;
        for way in &entry.ways {
            let (matched, reach) = match *way {
                Way::Everywhere => (Truth::Yes, Reach::Service),
                Way::Arn { question, reach, .. } => (self.arn_answer(Some(question)), reach),
                Way::Tag { question, .. } => (self.tag_answer(question), Reach::Service),
                Way::MalformedArn => (Truth::Unknown, Reach::Type),
                Way::MalformedTag => (Truth::Unknown, Reach::Service),
            };
            reaches = reaches.or(matched.and(self.gates.admits(reach, entry.organization)));
            if reaches == Truth::Yes {
                break;
            }
        }
        reaches
    }

    fn condition(&self, condition: Option<(Polarity, u32)>) -> Truth {
        condition.map_or(Truth::Unknown, |(polarity, question)| polarity.apply(self.tag_answer(question)))
    }

    fn tag_answer(&self, question: u32) -> Truth {
        self.tags.as_ref().map_or(Truth::Unknown, |answers| answers.to(question))
    }

    fn arn_answer(&self, question: Option<u32>) -> Truth {
        question.map_or(Truth::Unknown, |question| self.arn.to(question))
    }

    /// Positions of the selections that do not cover the resource, nearest first.
    pub(super) fn nearest(&self) -> Box<[u32]> {
        let mut nearest: Vec<(u32, u32, u32)> = Vec::with_capacity(MOST_NEAREST + 1);
        for (entry, position) in self.home.entries.iter().zip(&*self.home.positions) {
            if self.covers(entry) != Truth::No {
                continue;
            }
            let (failures, distance) = self.distance(entry);
            let rank = (failures, distance, *position);
            if nearest.len() == MOST_NEAREST && nearest.last().is_some_and(|last| *last <= rank) {
                continue;
            }
            let at = nearest.partition_point(|other| *other < rank);
            nearest.insert(at, rank);
            nearest.truncate(MOST_NEAREST);
        }
        nearest.into_iter().map(|(_, _, position)| position).collect()
    }

    /// How many clauses certainly fail, and how foreign the resource is to the ways in.
    fn distance(&self, entry: &Entry) -> (u32, u32) {
        let conditions = entry.conditions.iter().map(|condition| self.condition(*condition));
        let excluded = entry.not_resources.iter().any(|question| self.arn_answer(*question) == Truth::Yes);
        let failed = conditions.filter(|holds| *holds == Truth::No).count() + usize::from(excluded);
        let failed = u32::try_from(failed).unwrap_or(u32::MAX);
        if self.reaches(entry) != Truth::No {
            return (failed, 0);
        }
        let knows = |way: &Way| match *way {
            Way::Arn { service, .. } => service.is_some() && service == self.service,
            Way::Tag { present, .. } => self.tag_answer(present) != Truth::No,
            _ => true,
        };
        (failed.saturating_add(1), if entry.ways.iter().any(knows) { 1 } else { 2 })
    }
}
