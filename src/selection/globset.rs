//! Many wildcard texts against one text without trying each.
//!
//! A wildcard is filed under the rarest run of eight (or four, or two) literal bytes that all its matches must hold;
//! a text is asked only about the runs it has. What has no such run is tried every time.

use std::collections::HashMap;

use super::truth::Truth;
use super::wildcard::{LONGEST, Wildcard};

/// Lengths of the literal runs, longest first.
const RUNS: [usize; 3] = [8, 4, 2];

/// A set of wildcards, each with a number.
#[derive(Debug, Default)]
pub(super) struct GlobSet {
    exact: HashMap<Box<str>, u32>,
    wild: Vec<(Wildcard, u32)>,
    /// For each length of [`RUNS`], run -> positions in `wild`.
    by_run: [HashMap<u64, Vec<u32>>; RUNS.len()],
    always: Vec<u32>,
}

impl GlobSet {
    pub(super) fn new(wildcards: Vec<(Wildcard, u32)>) -> Self {
        let mut set = Self::default();
        for (wildcard, number) in wildcards {
            match wildcard.exact() {
                Some(text) => {
                    set.exact.insert(text.into(), number);
                }
                None => set.wild.push((wildcard, number)),
            }
        }
        set.file();
        set
    }

    /// Calls `found` with the number of each wildcard that matches or may match the text.
    pub(super) fn matches(&self, text: &str, mut found: impl FnMut(u32, Truth)) {
        if let Some(number) = self.exact.get(text) {
            found(*number, Truth::Yes);
        }
        let mut positions = self.always.clone();
        if text.len() > LONGEST {
            positions = (0..).take(self.wild.len()).collect();
        } else {
            for (length, by_run) in RUNS.into_iter().zip(&self.by_run) {
                if !by_run.is_empty() {
                    positions.extend(runs(text, length).filter_map(|run| by_run.get(&run)).flatten());
                }
            }
            positions.sort_unstable();
            positions.dedup();
        }
        for (wildcard, number) in positions.iter().filter_map(|position| self.wild.get(*position as usize)) {
            match wildcard.matches(text) {
                Truth::No => {}
                truth => found(*number, truth),
            }
        }
    }

    fn file(&mut self) {
        let literals: Vec<Vec<String>> = self.wild.iter().map(|(wildcard, _)| wildcard.literals()).collect();
        let tiers: Vec<Option<usize>> = literals.iter().map(|runs| tier_of(runs)).collect();
        let mut counts: [HashMap<u64, u32>; RUNS.len()] = Default::default();
        for (texts, tier) in literals.iter().zip(&tiers) {
            if let Some((length, counts)) =
                tier.and_then(|tier| Some((*RUNS.get(tier)?, counts.get_mut(tier)?)))
            {
                for run in texts.iter().flat_map(|text| runs(text, length)) {
                    *counts.entry(run).or_default() += 1;
                }
            }
        }
        for (position, (texts, tier)) in (0..).zip(literals.iter().zip(&tiers)) {
            let rarest = tier.and_then(|tier| {
                let (length, counts) = (*RUNS.get(tier)?, counts.get(tier)?);
                let run =
                    texts.iter().flat_map(|text| runs(text, length)).min_by_key(|run| counts.get(run))?;
                Some((tier, run))
            });
            match rarest.and_then(|(tier, run)| Some((self.by_run.get_mut(tier)?, run))) {
                Some((by_run, run)) => by_run.entry(run).or_default().push(position),
                None => self.always.push(position),
            }
        }
    }
}

/// The longest length of [`RUNS`] that one of the literals has, as its position.
fn tier_of(literals: &[String]) -> Option<usize> {
    let longest = literals.iter().map(String::len).max()?;
    RUNS.iter().position(|length| *length <= longest)
}

fn runs(text: &str, length: usize) -> impl Iterator<Item = u64> {
    text.as_bytes()
        .windows(length)
        .map(|run| run.iter().fold(0, |packed, byte| (packed << 8) | u64::from(*byte)))
}
