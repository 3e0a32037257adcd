//! What was and was not seen: account by Region by operation.
//!
//! Gathers and prints; what a gap means for a verdict is decided where findings are made.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::journal::{Chain, Ended};
use crate::control::escape_controls;
use crate::inventory::{Operation, is_passing};
use crate::model::Place;

/// How the questions of one operation in one place ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Questions that were answered, or of which AWS says that there is none.
    pub seen: usize,
    /// Questions that were not, by why.
    pub unseen: BTreeMap<String, usize>,
}

/// Every place with its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    cells: BTreeMap<Place, BTreeMap<&'static str, Cell>>,
}

impl Matrix {
    /// Adds how questions of an operation in a place ended.
    pub fn add<'a>(
        &mut self,
        place: &Place,
        operation: &'static str,
        chains: impl IntoIterator<Item = &'a Chain>,
    ) {
        let cell = self.cells.entry(place.clone()).or_default().entry(operation).or_default();
        for chain in chains {
            match &chain.ended {
                Ended::Whole | Ended::None => cell.seen += 1,
                Ended::Refused(code) => *cell.unseen.entry(code.clone()).or_default() += 1,
                Ended::CutOff(why) => *cell.unseen.entry(format!("cut off, {why}")).or_default() += 1,
            }
        }
    }

    /// Joins another's places to this.
    pub fn join(&mut self, other: Self) {
        for (place, cells) in other.cells {
            self.cells.entry(place).or_default().extend(cells);
        }
    }

    /// Whether everything asked was seen.
    pub fn is_complete(&self) -> bool {
        self.cells.values().flat_map(BTreeMap::values).all(|it| it.unseen.is_empty())
    }

    /// Whether everything asked in a place was seen.
    pub fn is_complete_in(&self, place: &Place) -> bool {
        self.cells.get(place).is_none_or(|cells| cells.values().all(|it| it.unseen.is_empty()))
    }

    /// The first of what was not seen that may well be seen the next time, with where; of these operations, or of all
    /// if there are none.
    pub fn passing(&self, of: &[&str]) -> Option<String> {
        self.cells.iter().find_map(|(place, cells)| {
            let of = |(name, cell): (&&str, &Cell)| {
                if !of.is_empty() && !of.contains(name) {
                    return None;
                }
                let code = cell.unseen.keys().find(|it| is_passing(it))?;
                Some(format!("{place}: {name}: {code}"))
            };
            cells.iter().find_map(of)
        })
    }

    /// How many questions ended with this code.
    pub fn count(&self, code: &str) -> usize {
        self.cells.values().flat_map(BTreeMap::values).filter_map(|it| it.unseen.get(code)).sum()
    }

    /// Whether any of these operations was not wholly seen; with the places where.
    pub fn unseen<'a>(&'a self, operations: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        self.cells.iter().flat_map(move |(place, cells)| {
            let unseen = cells.iter().filter(|(name, it)| operations.contains(name) && !it.unseen.is_empty());
            unseen.map(move |(name, _)| format!("{place} {name}"))
        })
    }

    /// Prints a row for each place, and one for each operation that was not wholly seen in it.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        let width = self.cells.keys().map(|it| it.region.as_str().len()).max().unwrap_or_default();
        for (place, cells) in &self.cells {
            let whole = cells.values().filter(|it| it.unseen.is_empty()).count();
            let region = place.region.as_str();
            writeln!(
                output,
                "{}  {region:width$}  {whole} of {} operations seen",
                place.account,
                cells.len()
            )?;
            for (name, cell) in cells.iter().filter(|(_, it)| !it.unseen.is_empty()) {
                let total = cell.seen + cell.unseen.values().sum::<usize>();
                let action = Operation::named(name).map_or("", |it| it.action);
                for (why, count) in &cell.unseen {
                    let why = escape_controls(&why.chars().take(100).collect::<String>());
                    writeln!(output, "    {name}: {count} of {total} not seen: {why}; needs {action}")?;
                }
            }
        }
        Ok(())
    }
}
