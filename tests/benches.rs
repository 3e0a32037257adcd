//! What the benchmarks rest on: their engines answer alike, their controls pass their cases, and their estates are whole.

#[path = "../benches/shared/comparison.rs"]
mod comparison;
#[path = "../benches/shared/controls.rs"]
mod controls;
#[path = "../benches/shared/engines.rs"]
mod engines;
#[path = "../benches/shared/estate.rs"]
mod estate;
#[path = "../benches/shared/measure.rs"]
mod measure;

use std::collections::BTreeSet;

use backproof::evaluate::{NOT_LISTED_REASON, evaluate, run_case};
use backproof::facts::Facts;
use backproof::model::Answer;
use comparison::{Extent, answers, at, ordinary, unlike};
use controls::{AWKWARD, COMPARED, catalog, framework};
use engines::{Asking, backproof, read};

/// One run of everything; only the answers count.
const SMALL: Extent = Extent { points: 400, rounds: 0 };

#[test]
fn all_engines_give_the_same_answers() {
    // Each of these holds the answers equal before it measures.
    let measured = comparison::engines(SMALL, &ordinary(SMALL), Vec::new());
    measure::tell("engines", &measured, true);
    assert_eq!(measured.len(), 4);
    assert_eq!(comparison::awkward(SMALL, &ordinary(SMALL)).len(), 2 * AWKWARD.len());
    assert_eq!(comparison::hostile(SMALL, &unlike(SMALL)).len(), 2);
}

#[test]
fn every_control_that_is_measured_gives_more_than_one_answer() {
    let (catalog, inventory) = (catalog(), ordinary(SMALL));
    for name in COMPARED.into_iter().chain(AWKWARD.map(|(name, _)| name)) {
        let framework = framework(&catalog, &[name]);
        let found = answers(&inventory, 1, &mut |tell| {
            backproof((&catalog, &framework), &inventory, at(), Asking::Shared, tell);
        });
        let kinds: BTreeSet<Option<Answer>> = found.into_iter().flatten().collect();
        assert!(kinds.len() > 1, "{name} says {kinds:?} of everything");
        assert!(
            !kinds.contains(&Some(Answer::InsufficientData)),
            "{name}: something of the estate is not known"
        );
    }
}

#[test]
fn the_controls_that_are_measured_pass_their_cases() {
    let catalog = catalog();
    assert_eq!(catalog.custom.len(), 7);
    for control in catalog.custom.iter().map(|it| &catalog.controls[it]) {
        for case in control.cases.iter() {
            run_case(control, case, &catalog.vocabulary)
                .unwrap_or_else(|error| panic!("{}::{}: {error}", control.name, case.name));
        }
    }
}

#[test]
fn estates_are_recorded_whole() {
    let (catalog, errors) = (catalog(), BTreeSet::from([NOT_LISTED_REASON.to_owned()]));
    for shape in ["kept-longer", "more-resources", "hostile"] {
        let inventory = read(&comparison::files(shape, SMALL.points));
        assert_eq!(inventory.problems.len(), 0, "{shape}: {:?}", inventory.problems.first());
        let points: usize = inventory.estates.values().map(|it| it.recovery_points.len()).sum();
        assert_eq!(points as u64, SMALL.points, "{shape}");
        let facts = Facts::new(&inventory, at());
        let (frameworks, _) = catalog.choose(&[]);
        let judged = evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |finding| {
            let gaps = finding.reasons.iter().filter(|it| errors.contains(*it)).count();
            assert_eq!(gaps, 0, "{shape}: {:?}", finding.messages());
        });
        judged.unwrap();
    }
}
