//! How selections become questions, and under which of them they are filed.

use std::collections::HashMap;
use std::sync::Arc;

use super::Selection;
use super::clauses::{Clauses, Polarity, TagTest, ValueTest};
use super::globset::GlobSet;
use super::index::{Entry, File, Home, Key, Kind, Way};
use super::pattern::Pattern;
use super::wildcard::Wildcard;

/// The selections of one account and Region while they are being read.
#[derive(Default)]
pub(super) struct Builder {
    entries: Vec<Entry>,
    positions: Vec<u32>,
    patterns: HashMap<Arc<str>, u32>,
    wildcards: Vec<(Wildcard, u32)>,
    keys: HashMap<Arc<str>, KeyBuilder>,
    services: HashMap<Box<str>, u32>,
    /// For each question about tags, how many selections ask it.
    asked: Vec<u32>,
}

#[derive(Default)]
struct KeyBuilder {
    present: u32,
    equals: HashMap<Arc<str>, u32>,
    like: HashMap<Arc<str>, u32>,
    wildcards: Vec<(Wildcard, u32)>,
}

impl Builder {
    pub(super) fn add(&mut self, position: u32, selection: &Selection) {
        let mut entry = match &selection.clauses {
            Some(clauses) => self.entry(clauses),
            None => Entry { unread: true, ..Entry::default() },
        };
        entry.organization = selection.id.is_of_organization();
        self.entries.push(entry);
        self.positions.push(position);
    }

    fn entry(&mut self, clauses: &Clauses) -> Entry {
        let mut ways = Vec::new();
        if clauses.reach_everything() {
            ways.push(Way::Everywhere);
        }
        ways.extend(clauses.resources.iter().map(|pattern| self.way(pattern)));
        ways.extend(clauses.list_of_tags.iter().map(|pair| match &pair.test {
            Ok(test) => Way::Tag { question: self.tag_question(test), present: self.key(&test.key).present },
            Err(_) => Way::MalformedTag,
        }));
        let not_resources = clauses.not_resources.iter().map(|pattern| self.arn_question(pattern)).collect();
        let conditions = clauses
            .conditions
            .iter()
            .map(|condition| {
                let (polarity, test) = condition.test.as_ref().ok()?;
                Some((*polarity, self.tag_question(test)))
            })
            .collect();
        Entry { ways: ways.into(), not_resources, conditions, ..Entry::default() }
    }

    fn way(&mut self, pattern: &Pattern) -> Way {
        match &pattern.reading {
            Err(_) => Way::MalformedArn,
            Ok(reading) if reading.wildcard.is_everything() => Way::Everywhere,
            Ok(reading) => match self.arn_question(pattern) {
                None => Way::MalformedArn,
                Some(question) => Way::Arn {
                    question,
                    reach: reading.reach,
                    narrow: reading.narrow,
                    service: pattern.service().map(|service| self.service(service)),
                },
            },
        }
    }

    fn service(&mut self, service: &str) -> u32 {
        let next = count(self.services.len());
        *self.services.entry(service.into()).or_insert(next)
    }

    fn arn_question(&mut self, pattern: &Pattern) -> Option<u32> {
        let reading = pattern.reading.as_ref().ok()?;
        let next = count(self.patterns.len());
        let question = *self.patterns.entry(pattern.text.clone()).or_insert(next);
        if question == next {
            self.wildcards.push((reading.wildcard.clone(), question));
        }
        Some(question)
    }

    fn key(&mut self, key: &Arc<str>) -> &mut KeyBuilder {
        self.keys.entry(key.clone()).or_insert_with(|| {
            self.asked.push(0);
            KeyBuilder { present: count(self.asked.len() - 1), ..KeyBuilder::default() }
        })
    }

    fn tag_question(&mut self, test: &TagTest) -> u32 {
        // The key has a question of its own, which takes a number first.
        self.key(&test.key);
        let next = count(self.asked.len());
        let key = self.key(&test.key);
        let question = match &test.value {
            ValueTest::Equals(value) => *key.equals.entry(value.clone()).or_insert(next),
            ValueTest::Like(text, wildcard) => {
                let question = *key.like.entry(text.clone()).or_insert(next);
                if question == next {
                    key.wildcards.push(((**wildcard).clone(), question));
                }
                question
            }
        };
        if question == next {
            self.asked.push(0);
        }
        if let Some(asked) = self.asked.get_mut(question as usize) {
            *asked += 1;
        }
        question
    }

    pub(super) fn build(self) -> Home {
        let mut files = [File::default(), File::default()];
        for (number, entry) in (0..).zip(&self.entries) {
            let [tags, arn] = &mut files;
            let file = if entry.kind() == Kind::Tags { tags } else { arn };
            entry.file_in(file, number, &self.asked);
        }
        let finish = |key: KeyBuilder| Key {
            present: key.present,
            equals: key.equals,
            like: GlobSet::new(key.wildcards),
        };
        Home {
            entries: self.entries,
            positions: self.positions.into(),
            arns: GlobSet::new(self.wildcards),
            keys: self.keys.into_iter().map(|(name, key)| (name, finish(key))).collect(),
            services: self.services,
            files,
        }
    }
}

impl Entry {
    pub(super) fn kind(&self) -> Kind {
        let names_an_arn = |way: &Way| matches!(way, Way::Arn { .. } | Way::MalformedArn);
        if self.not_resources.iter().any(Option::is_some) || self.ways.iter().any(names_an_arn) {
            Kind::Arn
        } else {
            Kind::Tags
        }
    }

    /// Files the entry under one condition that must hold, where its ways in are wide, and else under all of those.
    fn file_in(&self, file: &mut File, number: u32, asked: &[u32]) {
        let required = self.conditions.iter().flatten().filter(|(polarity, _)| *polarity == Polarity::Holds);
        let rarest =
            required.map(|(_, question)| *question).min_by_key(|question| asked.get(*question as usize));
        if let Some(question) = rarest.filter(|_| !self.ways.iter().all(Way::is_narrow)) {
            file.by_tag.entry(question).or_default().push(number);
            file.with_unread_tags.push(number);
            return;
        }
        let mut by_tag = false;
        let mut always = self.unread;
        for way in &self.ways {
            match way {
                Way::Arn { question, .. } => file.by_arn.entry(*question).or_default().push(number),
                Way::Tag { question, .. } => {
                    file.by_tag.entry(*question).or_default().push(number);
                    by_tag = true;
                }
                Way::Everywhere | Way::MalformedArn | Way::MalformedTag => always = true,
            }
        }
        if always {
            file.always.push(number);
        }
        if by_tag {
            file.with_unread_tags.push(number);
        }
    }
}

impl Way {
    fn is_narrow(&self) -> bool {
        matches!(self, Self::Tag { .. } | Self::Arn { narrow: true, .. })
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
