//! Which operations were asked of each account and Region, and how each call ended.
//!
//! An operation that was never asked is *not asked*, which is not the same as *empty*.
//! Nothing here knows what a gap means for a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::operation::Operation;
use super::problem::Problem;
use crate::model::Place;

/// The error AWS answered a call with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
pub struct CallError {
    /// AWS's error code, such as `AccessDeniedException`.
    #[serde(default)]
    pub code: String,
    /// AWS's message; hostile text like all that comes from AWS.
    #[serde(default)]
    pub message: String,
}

/// Codes for what passes by itself, as far as their names do not say so: AWS's, and backproof's own for calls that
/// reached nobody, broke off or had no time.
const PASSING: [&str; 16] = [
    "ConditionalRequestConflict",
    "CutOff",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "NotSent",
    "OperationAborted",
    "OutOfTime",
    "RequestTimeout",
    "SlowDown",
    "TimedOut",
    "Unreachable",
    "UnreadableResponse",
];

/// Whether what failed with this code may well succeed the next time.
pub fn is_passing(code: &str) -> bool {
    let parts = ["Throttl", "TooManyRequests", "Unavailable", "HTTP5", "RequestLimitExceeded", "InProgress"];
    PASSING.contains(&code) || parts.iter().any(|it| code.contains(it))
}

/// What is known of one question asked of AWS, all its pages together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Every page was answered and read.
    Complete,
    /// Nobody asked.
    NotAsked,
    /// AWS refused or failed.
    Refused(CallError),
    /// Some of it was answered, some is missing or could not be read; with what.
    CutOff(String),
}

/// Something that was not looked at, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The account and Region.
    pub place: Place,
    /// What was or should have been asked.
    pub operation: &'static Operation,
    /// Of what: a vault, a plan; empty where the question has no subject.
    pub subject: String,
    /// Why it is a gap; never [`State::Complete`].
    pub state: State,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.operation.name)?;
        if !self.subject.is_empty() {
            write!(f, " of `{}`", self.subject)?;
        }
        match &self.state {
            State::Complete => f.write_str(" is complete"),
            State::NotAsked => f.write_str(" was not asked"),
            State::Refused(error) => write!(f, " was refused: {}: {}", error.code, error.message),
            State::CutOff(why) => write!(f, " was cut off: {why}"),
        }
    }
}

/// A file and line of the inventory.
type Source = (String, Option<u64>);

#[derive(Clone, Debug)]
enum Page {
    /// By a digest of the keys on the page, whatever their order, the first place that it was answered in.
    Answered {
        next: Option<String>,
        answers: BTreeMap<u64, Source>,
    },
    Refused(CallError),
}

/// The pages of one question.
#[derive(Clone, Debug, Default)]
struct Chain {
    /// Recorded calls, by the token they were asked with.
    pages: BTreeMap<Option<String>, Page>,
    /// Responses without a request, by what their file is called after; they cannot be chained.
    parts: BTreeMap<String, Page>,
    damage: BTreeSet<String>,
}

impl Chain {
    fn state(&self) -> State {
        if let Some(damage) = self.damage.first() {
            return State::CutOff(damage.clone());
        }
        for page in self.parts.values() {
            match page {
                Page::Answered { next: None, .. } => {}
                Page::Answered { .. } => {
                    return State::CutOff("it announces more pages than its file holds".to_owned());
                }
                Page::Refused(error) => return State::Refused(error.clone()),
            }
        }
        let mut token = None;
        let mut seen = 0;
        loop {
            match self.pages.get(&token) {
                None if self.pages.is_empty() && !self.parts.is_empty() => return State::Complete,
                None if self.pages.is_empty() => return State::NotAsked,
                None if token.is_none() => return State::CutOff("its first page is missing".to_owned()),
                None => return State::CutOff("a page was announced and is missing".to_owned()),
                Some(Page::Refused(error)) => return State::Refused(error.clone()),
                Some(Page::Answered { next: None, .. }) => return State::Complete,
                Some(Page::Answered { next, .. }) => token.clone_from(next),
            }
            seen += 1;
            if seen > self.pages.len() {
                return State::CutOff("its page tokens repeat".to_owned());
            }
        }
    }
}

/// All that is known of one operation in one place.
#[derive(Clone, Debug, Default)]
struct Asked {
    chains: BTreeMap<String, Chain>,
    /// Files of this operation of which something could not be read, so its subjects are unknown.
    damage: BTreeSet<String>,
}

/// The record of what was asked. The inventory's files *are* this record; here it can be looked up.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    asked: BTreeMap<(Place, &'static str), Asked>,
}

/// AWS's way of saying that what was asked for is not there; no failure, which a later answer would mend.
const NOTHING: &str = "ResourceNotFoundException";
const CONTRADICTION: &str = "it was answered both that there is none and that there is one";

/// Refused, one of these stands for every call that could not even be made: no role could be assumed, or what should
/// have asked failed.
const BEFORE_ALL: [&str; 2] = ["sts.assume-role", "lambda.invoke"];

/// One call as it was recorded.
pub(super) struct Call {
    pub(super) place: Place,
    pub(super) operation: &'static Operation,
    pub(super) subject: String,
    /// Whether the request itself says the subject; else the file's name does, or nothing.
    pub(super) says_subject: bool,
    pub(super) token: Option<String>,
    /// What the file of a response without a request is called after.
    pub(super) part: Option<String>,
}

impl Call {
    fn page<'a>(&self, chain: &'a mut Chain) -> Option<&'a mut Page> {
        match &self.part {
            Some(part) => chain.parts.get_mut(part),
            None => chain.pages.get_mut(&self.token),
        }
    }

    fn insert(&self, chain: &mut Chain, page: Page) {
        match &self.part {
            Some(part) => chain.parts.insert(part.clone(), page),
            None => chain.pages.insert(self.token.clone(), page),
        };
    }
}

impl Coverage {
    fn chain(&mut self, call: &Call) -> &mut Chain {
        let key = (call.place.clone(), call.operation.name);
        let asked = self.asked.entry(key).or_default();
        asked.chains.entry(call.subject.clone()).or_default()
    }

    /// Records an answer; `members` is a digest of the keys on the page, whatever their order.
    pub(super) fn answered(&mut self, call: &Call, next: Option<String>, members: u64, source: Source) {
        let chain = self.chain(call);
        match call.page(chain) {
            Some(Page::Answered { next: known, answers }) => {
                // The smallest of several, so that the order of reading does not matter.
                *known = known.take().min(next);
                let first = answers.entry(members).or_insert_with(|| source.clone());
                if source < *first {
                    *first = source;
                }
            }
            Some(page) => *page = Page::Answered { next, answers: BTreeMap::from([(members, source)]) },
            None => {
                call.insert(chain, Page::Answered { next, answers: BTreeMap::from([(members, source)]) });
            }
        }
    }

    /// Pages that were answered with different members, each once; their questions are not whole.
    pub(super) fn settle(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let chains = self.asked.values_mut().flat_map(|it| it.chains.values_mut());
        for Chain { pages, parts, damage } in chains {
            for page in pages.values().chain(parts.values()) {
                let Page::Answered { answers, .. } = page else {
                    continue;
                };
                let sources: BTreeSet<&Source> = answers.values().collect();
                let mut sources = sources.into_iter();
                if let (Some((file, line)), Some((other, other_line))) = (sources.next(), sources.next()) {
                    let other_line = other_line.map_or_else(String::new, |line| format!(":{line}"));
                    let message =
                        format!("answers a question that `{other}{other_line}` answers too, and differently");
                    let problem = Problem { file: file.clone(), line: *line, field: None, message };
                    damage.insert(problem.to_string());
                    problems.push(problem);
                }
            }
        }
        problems
    }

    /// Records a refusal; an answer to the same question counts more.
    pub(super) fn refused(&mut self, call: &Call, error: CallError) {
        let chain = self.chain(call);
        match call.page(chain) {
            Some(Page::Answered { .. }) if error.code == NOTHING => {
                chain.damage.insert(CONTRADICTION.to_owned());
            }
            Some(Page::Answered { .. }) => {}
            Some(Page::Refused(known)) => *known = known.clone().min(error),
            None => call.insert(chain, Page::Refused(error)),
        }
    }

    /// Records that part of an answer could not be read.
    pub(super) fn damaged(&mut self, call: &Call, why: String) {
        self.chain(call).damage.insert(why);
    }

    /// Records that something of this operation could not be read, without knowing of what it was.
    pub(super) fn damaged_file(&mut self, place: &Place, operation: &'static Operation, why: String) {
        let asked = self.asked.entry((place.clone(), operation.name)).or_default();
        asked.damage.insert(why);
    }

    /// Whether AWS's word on anything was recorded and could be read: an answer or a refusal.
    pub fn has_any(&self) -> bool {
        let mut chains = self.asked.values().flat_map(|it| it.chains.values());
        chains.any(|it| !it.pages.is_empty() || !it.parts.is_empty())
    }

    /// What is known of a question; `subject` is empty where it has none.
    pub fn state(&self, place: &Place, operation: &'static Operation, subject: &str) -> State {
        let Some(asked) = self.asked.get(&(place.clone(), operation.name)) else {
            return self.locked_out(place).unwrap_or(State::NotAsked);
        };
        let state = asked.chains.get(subject).map_or(State::NotAsked, Chain::state);
        match (&state, asked.damage.first()) {
            // What could not be read may have been the answer to this very question.
            (State::NotAsked, Some(damage)) => State::CutOff(damage.clone()),
            (State::Complete, Some(damage)) if operation.subject.is_empty() && operation.list.is_some() => {
                State::CutOff(damage.clone())
            }
            _ => state,
        }
    }

    /// Why nothing could be asked in a place.
    fn locked_out(&self, place: &Place) -> Option<State> {
        let asked = BEFORE_ALL.iter().filter_map(|it| self.asked.get(&(place.clone(), *it)));
        let mut states = asked.flat_map(|it| it.chains.values()).map(Chain::state);
        states.find(|it| matches!(it, State::Refused(_)))
    }

    /// Whether a question was answered both with a thing and with its absence.
    pub fn is_contradicted(&self, place: &Place, operation: &'static Operation, subject: &str) -> bool {
        let asked = self.asked.get(&(place.clone(), operation.name));
        let chain = asked.and_then(|it| it.chains.get(subject));
        chain.is_some_and(|it| it.damage.contains(CONTRADICTION))
    }

    /// The gap in a question, or `None` if it was answered whole.
    pub fn gap(&self, place: &Place, operation: &'static Operation, subject: &str) -> Option<Gap> {
        match self.state(place, operation, subject) {
            State::Complete => None,
            state => Some(Gap { place: place.clone(), operation, subject: subject.to_owned(), state }),
        }
    }

    /// The subjects an operation was asked of in a place, in order.
    pub fn subjects(&self, place: &Place, operation: &'static Operation) -> Vec<&str> {
        let asked = self.asked.get(&(place.clone(), operation.name));
        asked.map_or_else(Vec::new, |it| it.chains.keys().map(String::as_str).collect())
    }

    /// The places in which an operation was asked, in order.
    pub fn places_asking(&self, operation: &'static Operation) -> Vec<&Place> {
        self.asked
            .iter()
            .filter(|((_, name), asked)| *name == operation.name && !asked.chains.is_empty())
            .map(|((place, _), _)| place)
            .collect()
    }

    /// Every operation asked in every place with how its questions ended, in order.
    pub fn rows(&self) -> Vec<CoverageRow> {
        let mut rows = Vec::new();
        for ((place, name), asked) in &self.asked {
            let Some(operation) = Operation::named(name) else {
                continue;
            };
            let mut row = CoverageRow {
                account: place.account.to_string(),
                region: place.region.to_string(),
                operation: name,
                complete: 0,
                cut_off: asked.damage.len(),
                refused: BTreeMap::new(),
            };
            for subject in asked.chains.keys() {
                match self.state(place, operation, subject) {
                    State::Complete => row.complete += 1,
                    State::Refused(error) => *row.refused.entry(error.code).or_default() += 1,
                    State::NotAsked | State::CutOff(_) => row.cut_off += 1,
                }
            }
            rows.push(row);
        }
        rows
    }
}

/// How the questions of one operation in one place ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageRow {
    /// The account id.
    pub account: String,
    /// The Region, or `global`.
    pub region: String,
    /// The operation as the AWS CLI spells it.
    pub operation: &'static str,
    /// How many questions were answered whole.
    pub complete: usize,
    /// How many were answered in part, or could not be read.
    pub cut_off: usize,
    /// How many AWS refused, by error code.
    pub refused: BTreeMap<String, usize>,
}
