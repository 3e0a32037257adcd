//! The join of resources with backup selections, as `benches/coverage.rs` measures it, for the same table as the rest.

#[path = "../../coverage/estate.rs"]
mod estate;

use std::hint::black_box;

use backproof::selection::{CoverageIndex, OptIn, Settings};

use super::measure::{Engine, Measured, in_turns};
use estate::{Mix, Tags};

const SELECTIONS: u32 = 30_000;

/// How long it takes to tell for each resource whether a plan covers it, by what selections and tags are like.
pub(crate) fn measured(resources: u64, rounds: usize) -> Vec<Measured> {
    let cases = [
        ("realistic", Mix::Realistic, Tags::Own),
        ("all resources with one tag", Mix::Realistic, Tags::Shared),
        ("tags not read", Mix::Realistic, Tags::Unread),
        ("all selections with conditions", Mix::EverythingWithConditions, Tags::Own),
        ("all selections but one value", Mix::EverythingExcept, Tags::Own),
    ];
    let mut engines: Vec<Engine<'_>> = cases
        .into_iter()
        .map(|(name, mix, tags)| {
            let index = CoverageIndex::new(estate::read(&estate::selections(mix, SELECTIONS)));
            let owned = estate::resources(resources, tags);
            let opt_in = estate::opt_in();
            let run = Box::new(move || {
                let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
                let mut join = index.join();
                let covered = owned.iter().filter(|it| {
                    it.ask(|candidate| join.covering(candidate, &settings).covered()) == Some(true)
                });
                black_box(covered.count());
            });
            let name = format!("each of {resources} resources with {SELECTIONS} selections, {name}");
            Engine { name, questions: resources, run }
        })
        .collect();
    in_turns(&mut engines, rounds)
}
