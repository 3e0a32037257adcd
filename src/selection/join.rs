//! Many resources against the index: equal answers to the selections' questions are judged once and share one list.

use std::collections::HashMap;
use std::sync::Arc;

use super::gates::Gates;
use super::index::{CoverageIndex, Kind};
use super::judge::{Answers, Facts, Lists};
use super::subset::Subset;
use super::{Candidate, Settings};

/// The selections that cover a resource, and those of which it cannot be told.
///
/// Selections are named by their position in [`CoverageIndex::selections`]; [`super::explain`] gives the clause.
#[derive(Debug, Default)]
pub struct Coverage {
    class: u32,
    /// Positions of the Region's selections, which the lists refer to.
    positions: Arc<[u32]>,
    by_tags: Arc<Lists>,
    by_arn: Lists,
}

impl Coverage {
    /// A number that is equal for two resources of one join only if all its answers are equal for them.
    ///
    /// Zero is for resources of accounts and Regions without any selection.
    #[must_use]
    pub fn class(&self) -> u32 {
        self.class
    }

    /// Positions of the selections that cover the resource, ascending.
    pub fn covering(&self) -> impl Iterator<Item = u32> + '_ {
        self.merged(&self.by_tags.covering, &self.by_arn.covering)
    }

    /// Positions of the selections that may or may not cover it, ascending.
    pub fn undecided(&self) -> impl Iterator<Item = u32> + '_ {
        self.merged(&self.by_tags.undecided, &self.by_arn.undecided)
    }

    /// Whether any selection covers the resource.
    #[must_use]
    pub fn covered(&self) -> Option<bool> {
        let (tags, arn) = (&self.by_tags, &self.by_arn);
        if !tags.covering.is_empty() || !arn.covering.is_empty() {
            return Some(true);
        }
        if tags.undecided.is_empty() && arn.undecided.is_empty() { Some(false) } else { None }
    }

    fn merged<'a>(&'a self, left: &'a Subset, right: &'a Subset) -> impl Iterator<Item = u32> + 'a {
        let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
        let ascending = std::iter::from_fn(move || match (left.peek(), right.peek()) {
            (Some(first), Some(second)) if second < first => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        });
        ascending.filter_map(|number| self.positions.get(number as usize).copied())
    }
}

/// A join of an index with many resources, whose memory grows with the kinds of resources rather than their number.
#[derive(Debug)]
pub struct Join<'a> {
    index: &'a CoverageIndex,
    homes: Vec<Memory>,
    nowhere: Arc<Coverage>,
    classes: u32,
}

/// What a join remembers of one account and Region.
#[derive(Debug, Default)]
struct Memory {
    tag_classes: HashMap<TagClass, (u32, Arc<Lists>)>,
    classes: HashMap<Class, ClassAnswers>,
}

/// All that the answers of entries of kind `Tags` depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TagClass {
    gates: Gates,
    tags: Option<Answers>,
}

/// All that any entry's answer depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Class {
    tag_class: u32,
    gates: Gates,
    service: Option<u32>,
    arn: Answers,
}

#[derive(Debug)]
struct ClassAnswers {
    coverage: Arc<Coverage>,
    nearest: Option<Box<[u32]>>,
}

impl<'a> Join<'a> {
    pub(super) fn new(index: &'a CoverageIndex) -> Self {
        Self { index, homes: Vec::new(), nowhere: Arc::default(), classes: 1 }
    }

    pub(super) fn index(&self) -> &'a CoverageIndex {
        self.index
    }

    /// Every selection that covers or may cover the resource.
    pub fn covering(&mut self, resource: &Candidate<'_>, settings: &Settings<'_>) -> Arc<Coverage> {
        let coverage = self.class_of(resource, settings, |class, _| class.coverage.clone());
        coverage.unwrap_or_else(|| self.nowhere.clone())
    }

    /// Positions of the selections of the resource's account and Region that do not cover it but come nearest.
    ///
    /// Nearest is what fails on the fewest clauses; among equals, what knows the resource's tag keys or service; among
    /// those, what comes first. At most eight.
    pub fn nearest(&mut self, resource: &Candidate<'_>, settings: &Settings<'_>, limit: usize) -> Vec<u32> {
        let nearest = self.class_of(resource, settings, |class, facts| {
            let nearest = class.nearest.get_or_insert_with(|| facts.nearest());
            nearest.iter().copied().take(limit).collect()
        });
        nearest.unwrap_or_default()
    }

    /// Asks the resource all questions of its account and Region, and looks up or works out its class.
    fn class_of<T>(
        &mut self,
        resource: &Candidate<'_>,
        settings: &Settings<'_>,
        use_class: impl FnOnce(&mut ClassAnswers, &Facts<'_>) -> T,
    ) -> Option<T> {
        let (number, home) = self.index.home_of(resource)?;
        if self.homes.len() <= number {
            self.homes.resize_with(number + 1, Memory::default);
        }
        let memory = self.homes.get_mut(number)?;
        let facts = Facts::new(home, resource, settings);

        let tag_class = TagClass { gates: facts.gates.without_shape(), tags: facts.tags.clone() };
        let next = u32::try_from(memory.tag_classes.len()).unwrap_or(u32::MAX);
        let tag_class = memory.tag_classes.entry(tag_class);
        let (tag_class, by_tags) = tag_class.or_insert_with(|| (next, Arc::new(facts.judge(Kind::Tags))));

        let (gates, service, arn) = (facts.gates, facts.service, facts.arn.clone());
        let class = memory.classes.entry(Class { tag_class: *tag_class, gates, service, arn });
        let class = class.or_insert_with(|| {
            let (positions, by_tags, by_arn) =
                (home.positions.clone(), by_tags.clone(), facts.judge(Kind::Arn));
            let coverage = Coverage { class: self.classes, positions, by_tags, by_arn };
            self.classes = self.classes.saturating_add(1);
            ClassAnswers { coverage: Arc::new(coverage), nearest: None }
        });
        Some(use_class(class, &facts))
    }
}
