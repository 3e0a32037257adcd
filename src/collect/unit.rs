//! Collecting one account in one Region: every question, its pages, and what its answers name to ask next.
//!
//! One refusal ends one question and nothing else. Only a disk that cannot be written ends the unit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::civil::Date;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::journal::{Chain, Ended, FileRecord, Journal};
use super::matrix::Matrix;
use super::pace::Pace;
use super::question::{QUESTIONS, Question, Scope, Subject, says_none};
use super::{Answer, Port, UNREACHABLE};
use crate::inventory::{CallError, Operation, check_page};
use crate::model::{Place, ResourceType};

/// How a collection asks.
#[derive(Debug)]
pub struct Settings {
    /// The inventory's folder.
    pub root: PathBuf,
    /// The operations to ask; `None` for all.
    pub only: Option<BTreeSet<&'static str>>,
    /// The first day of the window of jobs.
    pub since: Date,
    /// Calls a second for each service of an account and Region.
    pub per_second: u32,
    /// Calls at once in an account and Region.
    pub at_once: usize,
    /// When asking ends: what was not asked by then is recorded as such. `None` for never.
    pub until: Option<Instant>,
    /// The only things to ask of, by parameter; what has no such parameter is asked all the same.
    pub focus: BTreeMap<&'static str, String>,
}

/// The code of a call that there was no time for.
pub const OUT_OF_TIME: &str = "OutOfTime";

/// What was collected of a unit.
#[derive(Debug, Default)]
pub struct Collected {
    /// What was and was not seen.
    pub matrix: Matrix,
    /// The files written.
    pub files: Vec<FileRecord>,
    /// What answers that are not regional named.
    pub found: Vec<Found>,
}

/// Something that an answer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was asked.
    pub operation: &'static str,
    /// Of what it was asked.
    pub of: String,
    /// What it is.
    pub name: String,
    /// Its id.
    pub value: String,
}

/// Something to ask: an operation and of what.
type Ask = (&'static Question, Subject);

struct Unit<P> {
    port: Arc<P>,
    place: Place,
    settings: Arc<Settings>,
    pace: Arc<Pace>,
    journals: BTreeMap<&'static str, Arc<Mutex<Journal>>>,
    queue: VecDeque<Ask>,
    /// What was put into the queue, by operation and subject.
    queued: BTreeSet<(&'static str, String)>,
    scopes: &'static [Scope],
    /// The types AWS Backup supports in the Region; empty if it does not say.
    supported: BTreeSet<ResourceType>,
}

/// Collects what is asked in these scopes of one place.
pub async fn collect<P: Port>(
    port: Arc<P>,
    place: Place,
    scopes: &'static [Scope],
    settings: Arc<Settings>,
) -> io::Result<Collected> {
    let pace = Arc::new(Pace::new(settings.per_second));
    let mut unit = Unit {
        port,
        place,
        settings,
        pace,
        journals: BTreeMap::new(),
        queue: VecDeque::new(),
        queued: BTreeSet::new(),
        scopes,
        supported: BTreeSet::new(),
    };
    for question in QUESTIONS.iter().filter(|it| it.of.is_empty() && !waits(it)) {
        unit.enqueue(question, Subject::new())?;
    }
    let mut running = JoinSet::new();
    loop {
        while running.len() < unit.settings.at_once.max(1)
            && let Some((question, subject)) = unit.queue.pop_front()
        {
            running.spawn(unit.chain(question, subject)?);
        }
        match running.join_next().await {
            None => break,
            Some(ended) => {
                let (question, subject, chain) = ended.map_err(io::Error::other)??;
                unit.ended(question, &subject, &chain)?;
            }
        }
    }
    unit.finish()
}

/// The name of a subject among others of its operation; no id of AWS holds what stands between its parts.
fn key(subject: &Subject) -> String {
    subject.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\0")
}

fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The operation that says which types AWS Backup supports in a Region.
const SUPPORTED: &str = "backup.get-supported-resource-types";

/// Whether a question waits until it is known which types AWS Backup supports in the Region: where there is no such
/// service, nobody answers.
fn waits(question: &Question) -> bool {
    question.scope == Scope::Region && question.operation().is_some_and(|it| !it.lists.is_empty())
}

impl<P: Port> Unit<P> {
    fn is_asked(&self, question: &Question) -> bool {
        let only = self.settings.only.as_ref();
        self.scopes.contains(&question.scope) && only.is_none_or(|it| it.contains(question.name))
    }

    /// Whether nothing else is looked at, or this is of it.
    fn is_in_focus(&self, subject: &Subject) -> bool {
        subject.iter().all(|(name, value)| self.settings.focus.get(name).is_none_or(|only| only == value))
    }

    /// Puts a question into the queue, unless it is there or was answered in an earlier collection.
    fn enqueue(&mut self, question: &'static Question, subject: Subject) -> io::Result<()> {
        if !self.is_asked(question) || !self.is_in_focus(&subject) {
            return Ok(());
        }
        if !self.queued.insert((question.name, key(&subject))) {
            return Ok(());
        }
        let journal = self.journal(question)?;
        let known = lock(&journal).ended(&key(&subject)).cloned();
        match known {
            Some(chain) => self.ended(question, &subject, &chain),
            None => {
                self.queue.push_back((question, subject));
                Ok(())
            }
        }
    }

    fn journal(&mut self, question: &Question) -> io::Result<Arc<Mutex<Journal>>> {
        if let Some(journal) = self.journals.get(question.name) {
            return Ok(Arc::clone(journal));
        }
        let operation = operation_of(question)?;
        let journal = Journal::open(&self.settings.root, &self.place, operation)?;
        let journal = Arc::new(Mutex::new(journal));
        self.journals.insert(operation.name, Arc::clone(&journal));
        Ok(journal)
    }

    /// Asks what an answered question makes possible to ask.
    fn ended(&mut self, question: &'static Question, subject: &Subject, chain: &Chain) -> io::Result<()> {
        if question.name == SUPPORTED {
            self.enqueue_lists(chain)?;
        }
        for next in QUESTIONS.iter().filter(|it| it.of.contains(&question.name)) {
            for (name, value) in &chain.found {
                if let Some(subject) = next.subject(subject, (name, value)) {
                    self.enqueue(next, subject)?;
                }
            }
        }
        Ok(())
    }

    fn enqueue_lists(&mut self, chain: &Chain) -> io::Result<()> {
        let short_names = chain.found.iter().map(|(_, name)| name.as_str());
        self.supported = short_names.flat_map(ResourceType::from_short_name).collect();
        for question in QUESTIONS.iter().filter(|it| waits(it)) {
            self.enqueue(question, Subject::new())?;
        }
        Ok(())
    }

    /// Asks one question to its end, page by page.
    fn chain(
        &mut self,
        question: &'static Question,
        subject: Subject,
    ) -> io::Result<impl Future<Output = io::Result<(&'static Question, Subject, Chain)>> + Send + use<P>>
    {
        let journal = self.journal(question)?;
        let operation = operation_of(question)?;
        let (port, pace) = (Arc::clone(&self.port), Arc::clone(&self.pace));
        let request = question.request(&subject, self.settings.since);
        let until = self.settings.until;
        let needless = !self.supported.is_empty() && question.is_of_unsupported(&self.supported);
        Ok(async move {
            let of = key(&subject);
            let pages =
                Pages { port: &*port, pace: &pace, journal: &journal, operation, of: &of, needless, until };
            let chain = pages.ask(request).await?;
            lock(&journal).end(&of, chain.clone())?;
            Ok((question, subject, chain))
        })
    }

    fn finish(self) -> io::Result<Collected> {
        let mut collected = Collected::default();
        for (name, journal) in self.journals {
            let journal =
                Arc::into_inner(journal).ok_or_else(|| io::Error::other("a call is still running"))?;
            let journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
            let queued = &self.queued;
            let Some((record, chains)) = journal.finish(|of| queued.contains(&(name, of.to_owned())))? else {
                continue;
            };
            collected.matrix.add(&self.place, name, chains.values());
            collected.files.push(record);
            if !self.scopes.contains(&Scope::Region) {
                for (of, chain) in chains {
                    let found = chain.found.into_iter();
                    let named = |(what, value)| Found { operation: name, of: of.clone(), name: what, value };
                    collected.found.extend(found.map(named));
                }
            }
        }
        Ok(collected)
    }
}

fn operation_of(question: &Question) -> io::Result<&'static Operation> {
    question.operation().ok_or_else(|| io::Error::other(format!("`{}` is not read", question.name)))
}

/// The pages of one question.
struct Pages<'a, P> {
    port: &'a P,
    pace: &'a Pace,
    journal: &'a Mutex<Journal>,
    operation: &'static Operation,
    of: &'a str,
    /// Whether AWS Backup supports nothing of what this lists, so that the service need not be in the Region.
    needless: bool,
    until: Option<Instant>,
}

impl<P: Port> Pages<'_, P> {
    /// One call, as soon as the pace allows.
    async fn call(&self, service: &'static str, request: &Map<String, Value>) -> Result<Answer, CallError> {
        let call = async {
            tokio::time::sleep(self.pace.take(service, Instant::now())).await;
            self.port.ask(self.operation, request).await
        };
        let Some(until) = self.until else {
            return call.await;
        };
        let answered = tokio::time::timeout_at(until.into(), call).await;
        answered.unwrap_or_else(|_| {
            let message = "the time for asking was over before this was answered".to_owned();
            Err(CallError { code: OUT_OF_TIME.to_owned(), message })
        })
    }

    async fn ask(&self, mut request: Map<String, Value>) -> io::Result<Chain> {
        // As IAM names it: three operations of RDS's are one service.
        let service = self.operation.action.split(':').next().unwrap_or_default();
        let mut found: BTreeSet<(&'static str, String)> = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        let mut page = 0;
        let ended = loop {
            let answer = match self.call(service, &request).await {
                Ok(answer) => answer,
                Err(error) => {
                    lock(self.journal).record(self.of, page, &refusal(&request, &error)?)?;
                    let absent = self.needless && error.code == UNREACHABLE;
                    break if absent || says_none(self.operation.name, &error.code) {
                        Ended::None
                    } else {
                        Ended::Refused(error.code)
                    };
                }
            };
            lock(self.journal).record(self.of, page, &answered(&request, &answer)?)?;
            found.extend(answer.found);
            if let Err(why) = check_page(&answer.body, self.operation) {
                break Ended::CutOff(why);
            }
            let Some(next) = answer.next.filter(|it| !it.is_empty()) else {
                break Ended::Whole;
            };
            if !tokens.insert(next.clone()) {
                break Ended::CutOff("its page tokens repeat".to_owned());
            }
            request.insert(self.operation.token.0.to_owned(), Value::from(next));
            page += 1;
        };
        let found = found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Chain { ended, found })
    }
}

fn answered(request: &Map<String, Value>, answer: &Answer) -> io::Result<String> {
    let request = serde_json::to_string(request)?;
    Ok(format!("{{\"request\":{request},\"response\":{}}}", answer.body))
}

fn refusal(request: &Map<String, Value>, error: &CallError) -> io::Result<String> {
    let (request, error) = (serde_json::to_string(request)?, serde_json::to_string(error)?);
    Ok(format!("{{\"request\":{request},\"error\":{error}}}"))
}
