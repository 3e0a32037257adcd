//! Compares engines that judge recovery points: backproof, closures, Cedar used directly, and Rego in regorus' virtual machine.
//!
//! A crate of its own, because regorus takes long to build and nothing else needs it. `--json` tells figures for a program,
//! `--points N` and `--rounds N` how much is measured.

#[path = "../../shared/comparison.rs"]
mod comparison;
#[path = "../../shared/controls.rs"]
mod controls;
#[path = "../../shared/engines.rs"]
mod engines;
#[path = "../../shared/estate.rs"]
mod estate;
mod join;
#[path = "../../shared/measure.rs"]
mod measure;
mod rego;

use std::error::Error;

use comparison::{Extent, Rival};
use rego::Rego;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut extent, mut json) = (Extent { points: 100_000, rounds: 7 }, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--points" => extent.points = arguments.next().unwrap_or_default().parse()?,
            "--rounds" => extent.rounds = arguments.next().unwrap_or_default().parse()?,
            other => Err(format!("`{other}` is not an option; allowed are --json, --points, --rounds"))?,
        }
    }
    let inventory = comparison::ordinary(extent);
    let rego = Rego::new(&inventory)?;
    let inputs = rego.inputs(&inventory, comparison::at());
    let rivals = vec![
        Rival { name: "regorus RVM, inputs ready", judge: Box::new(|tell| rego.judge(&inputs, tell)) },
        Rival {
            name: "regorus RVM, inputs made",
            judge: Box::new(|tell| rego.judge_records(&inventory, comparison::at(), tell)),
        },
    ];
    measure::tell(
        "the same five controls by several engines",
        &comparison::engines(extent, &inventory, rivals),
        json,
    );
    let few = Extent { points: extent.points / 5, ..extent };
    let inventory = comparison::ordinary(few);
    measure::tell("controls whose answers are hard to share", &comparison::awkward(few, &inventory), json);
    let inventory = comparison::unlike(few);
    measure::tell(
        "nine controls where no two recovery points are alike",
        &comparison::hostile(few, &inventory),
        json,
    );
    measure::tell("coverage", &join::measured(extent.points, extent.rounds.div_ceil(2)), json);
    Ok(())
}
