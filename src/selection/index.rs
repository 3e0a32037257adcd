//! Very many selections, filed so that a resource meets only those that could cover it.
//!
//! All selections of an account and Region are broken into the questions they ask: does the ARN match this pattern, does
//! this tag answer this test. Equal questions are one. A selection is filed under the questions of which one must not be
//! a certain no, so that nothing undecided is lost; `join` asks each question once per resource and judges by the answers.

use std::collections::HashMap;
use std::sync::Arc;

use super::clauses::Polarity;
use super::filing::Builder;
use super::globset::GlobSet;
use super::join::{Coverage, Join};
use super::pattern::{Reach, service_of};
use super::truth::Truth;
use super::{Candidate, Selection, Settings};

/// All selections of any number of accounts and Regions, filed for [`Join`].
#[derive(Debug)]
pub struct CoverageIndex {
    selections: Vec<Selection>,
    by_account: HashMap<Arc<str>, HashMap<Arc<str>, usize>>,
    homes: Vec<Home>,
}

impl CoverageIndex {
    /// Files the selections; their positions in `selections` are how they are referred to afterwards.
    #[must_use]
    pub fn new(selections: Vec<Selection>) -> Self {
        let mut by_account: HashMap<Arc<str>, HashMap<Arc<str>, usize>> = HashMap::new();
        let mut builders: Vec<Builder> = Vec::new();
        for (position, selection) in (0..).zip(&selections) {
            let by_region = by_account.entry(selection.id.account.clone()).or_default();
            let home = *by_region.entry(selection.id.region.clone()).or_insert_with(|| {
                builders.push(Builder::default());
                builders.len() - 1
            });
            if let Some(builder) = builders.get_mut(home) {
                builder.add(position, selection);
            }
        }
        Self { selections, by_account, homes: builders.into_iter().map(Builder::build).collect() }
    }

    /// The selections, in the order given.
    #[must_use]
    pub fn selections(&self) -> &[Selection] {
        &self.selections
    }

    /// The selection at a position that [`Coverage`] named.
    #[must_use]
    pub fn selection(&self, position: u32) -> Option<&Selection> {
        self.selections.get(position as usize)
    }

    /// Every selection that covers or may cover the resource. For many resources use [`Self::join`].
    #[must_use]
    pub fn covering(&self, resource: &Candidate<'_>, settings: &Settings<'_>) -> Arc<Coverage> {
        self.join().covering(resource, settings)
    }

    /// A join with many resources, which remembers what it has worked out.
    #[must_use]
    pub fn join(&self) -> Join<'_> {
        Join::new(self)
    }

    pub(super) fn home_of(&self, resource: &Candidate<'_>) -> Option<(usize, &Home)> {
        let home = *self.by_account.get(resource.account)?.get(resource.region)?;
        Some((home, self.homes.get(home)?))
    }
}

/// The selections of one account and Region.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) entries: Vec<Entry>,
    /// For each entry, the position of its selection in the index.
    pub(super) positions: Arc<[u32]>,
    pub(super) arns: GlobSet,
    pub(super) keys: HashMap<Arc<str>, Key>,
    pub(super) services: HashMap<Box<str>, u32>,
    pub(super) files: [File; 2],
}

/// Where the entries of one kind are filed.
#[derive(Debug, Default)]
pub(super) struct File {
    /// Entries that any resource may meet.
    pub(super) always: Vec<u32>,
    /// Entries filed under a question about tags: unread tags may answer any of them.
    pub(super) with_unread_tags: Vec<u32>,
    pub(super) by_tag: HashMap<u32, Vec<u32>>,
    pub(super) by_arn: HashMap<u32, Vec<u32>>,
}

/// Whether an entry's answer depends on the resource's ARN; most do not, and are worked out once per set of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tags,
    Arn,
}

/// The questions about one tag key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) present: u32,
    pub(super) equals: HashMap<Arc<str>, u32>,
    pub(super) like: GlobSet,
}

/// A selection as questions.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) organization: bool,
    pub(super) unread: bool,
    pub(super) ways: Box<[Way]>,
    /// Patterns of `NotResources`; `None` cannot be read.
    pub(super) not_resources: Box<[Option<u32>]>,
    /// Conditions; `None` cannot be read.
    pub(super) conditions: Box<[Option<(Polarity, u32)>]>,
}

/// A way into a selection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Everywhere,
    Arn { question: u32, reach: Reach, narrow: bool, service: Option<u32> },
    Tag { question: u32, present: u32 },
    MalformedArn,
    MalformedTag,
}

impl Home {
    /// The questions about tags that these tags answer with yes or perhaps.
    pub(super) fn ask_tags(&self, tags: &[(&str, &str)], mut found: impl FnMut(u32, Truth)) {
        for (name, value) in tags {
            if let Some(key) = self.keys.get(*name) {
                found(key.present, Truth::Yes);
                if let Some(question) = key.equals.get(*value) {
                    found(*question, Truth::Yes);
                }
                key.like.matches(value, &mut found);
            }
        }
    }

    /// The patterns that this ARN matches or may match.
    pub(super) fn ask_arn(&self, arn: &str, found: impl FnMut(u32, Truth)) {
        self.arns.matches(arn, found);
    }

    /// The number of the ARN's service, if a pattern names it.
    pub(super) fn service(&self, arn: &str) -> Option<u32> {
        self.services.get(service_of(arn)?).copied()
    }

    pub(super) fn file(&self, kind: Kind) -> &File {
        let [tags, arn] = &self.files;
        match kind {
            Kind::Tags => tags,
            Kind::Arn => arn,
        }
    }
}
