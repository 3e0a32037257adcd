//! The first look at recovery points and jobs: what was asked and how that ended, what is recorded twice, and which few
//! records reports on jobs need. They are judged at the second look, and nothing here holds them until then.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::CallError;
use super::block::Block;
use super::coverage::Call;
use super::flow::{Flowing, Items, ReadLine, digest_of, linked, on_items, read_line};
use super::line::{Asked, Ended};
use super::page::Page;
use super::path::RecordedPath;
use super::record::{Recorded, Text};
use crate::model::Time;

/// What reports on jobs need.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    /// Jobs that ended before are not in any report; `None` where every job is wanted.
    since: Option<Timestamp>,
    pub(super) points: HashSet<Arc<str>>,
    pub(super) backups: HashSet<Arc<str>>,
    pub(super) backups_of: HashSet<Arc<str>>,
}

impl Wants {
    /// What reports on jobs that had not ended at a time need.
    pub(super) fn since(time: Timestamp) -> Self {
        Self { since: Some(time), ..Self::default() }
    }

    pub(super) fn is_over(&self, state: Option<&str>, completed: Option<Time>) -> bool {
        let running = matches!(state, Some("CREATED" | "PENDING" | "RUNNING" | "ABORTING"));
        let before = |since| completed.is_some_and(|it| it.0 <= since);
        !running && self.since.is_some_and(before)
    }
}

pub(super) fn insert(into: &mut HashSet<Arc<str>>, text: Option<&Text>) {
    into.extend(text.map(Text::shared));
}

pub(super) fn is_in(set: &HashSet<Arc<str>>, text: Option<&Text>) -> bool {
    text.is_some_and(|it| set.contains(&**it))
}

/// What the first look at some items finds, beside their page.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) count: usize,
    pub(super) digests: Vec<u64>,
    /// The vaults of those that are not linked to a resource; one without a name for jobs.
    pub(super) unlinked: BTreeSet<Option<Arc<str>>>,
    /// Those that reports on jobs may need.
    pub(super) wanted: Items,
}

impl Items {
    /// Looks at them for the first time.
    pub(super) fn find(self, wants: &Wants) -> Found {
        fn find<T: Flowing>(mut records: Vec<Recorded<T>>, wants: &Wants) -> Found {
            let vault = |it: &Recorded<T>| it.value.vault().map(Text::shared);
            let unlinked = records.iter().filter(|it| linked(it).is_none()).map(vault).collect();
            let (count, digests) = (records.len(), records.iter().map(digest_of).collect());
            records.retain(|it| it.value.is_wanted(wants));
            // Few are wanted of many pages that would else keep the room of all.
            records.shrink_to_fit();
            Found { count, digests, unlinked, wanted: T::items(records) }
        }
        on_items!(self, it => find(it, wants))
    }

    /// Adds what reports on jobs say of these that stands elsewhere.
    pub(super) fn want(&self, wants: &mut Wants) {
        on_items!(self, it => it.iter().for_each(|of| of.value.want(wants)));
    }

    /// The vault that all of them say they are in, if they do.
    pub(super) fn only_vault(&self) -> Option<&Text> {
        let Self::RecoveryPoints(points) = self else {
            return None;
        };
        let vault = points.first()?.value.backup_vault_name.as_ref()?;
        points.iter().all(|it| it.value.backup_vault_name.as_ref() == Some(vault)).then_some(vault)
    }
}

/// What the first look at a line finds.
pub(super) struct Outline {
    pub(super) line: u64,
    /// The call; an error says why nothing of the line counts.
    pub(super) call: Result<OutlineOfCall, String>,
}

/// What the first look at a call finds.
pub(super) struct OutlineOfCall {
    pub(super) call: Call,
    pub(super) filter: Option<String>,
    pub(super) windows: Vec<(&'static str, Option<Time>)>,
    pub(super) ended: OutlineOfAnswer,
}

/// How it ended.
pub(super) enum OutlineOfAnswer {
    Refused(CallError),
    Answered(Result<Page, String>, Vec<Found>),
}

/// Looks at lines for the first time.
pub(super) fn outline(recorded: &RecordedPath, file: u32, block: &Block, wants: &Wants) -> Vec<Outline> {
    let outline = |line: Result<&str, String>| {
        let ReadLine { asked, answer } = read_line(recorded, file, line?)?;
        let Asked { call, filter, windows, ended } = asked;
        let ended = match (ended, answer) {
            (Ended::Refused(error), _) => OutlineOfAnswer::Refused(error),
            (Ended::Answered(_), answer) => {
                let (page, items) = answer.unwrap_or_else(|| (Ok(Page::default()), Vec::new()));
                let found = items.into_iter().map(|it| it.find(wants)).collect();
                OutlineOfAnswer::Answered(page, found)
            }
        };
        Ok(OutlineOfCall { call, filter, windows, ended })
    };
    let lines = block.lines().filter(|(_, line)| line.as_ref().map_or(true, |it| !it.trim().is_empty()));
    lines.map(|(number, line)| Outline { line: number, call: outline(line) }).collect()
}
