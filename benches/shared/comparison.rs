//! What is compared: the engines by the same controls, controls that are awkward to share, and an estate where nothing repeats.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use backproof::catalog::Catalog;
use backproof::framework::Framework;
use backproof::inventory::Inventory;
use backproof::model::Answer;
use jiff::Timestamp;

use super::controls::{AWKWARD, COMPARED, catalog, framework};
use super::engines::{Asking, Cedar, Tell, backproof, closures, read, rows};
use super::estate::{self, AT, Shape};
use super::measure::{Engine, Measured, in_turns};

/// How much is measured, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Recovery points of the estate.
    pub(crate) points: u64,
    /// Rounds, of which the median is told.
    pub(crate) rounds: usize,
}

/// The evaluation time.
pub(crate) fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(AT)
}

/// Answers in the order of [`rows`], one for each control.
type Answers = Vec<Vec<Option<Answer>>>;

/// All answers of an engine.
pub(crate) fn answers(inventory: &Inventory, controls: usize, judge: &mut dyn FnMut(Tell<'_>)) -> Answers {
    let ids: HashMap<&str, usize> =
        rows(inventory).map(|(_, it)| &*it.value.recovery_point_arn).zip(0..).collect();
    let mut answers: Answers = vec![vec![None; controls]; ids.len()];
    judge(&mut |control, id, answer| {
        let row = ids.get(id).and_then(|it| answers.get_mut(*it));
        if let Some(place) = row.and_then(|it| it.get_mut(control)) {
            *place = Some(answer);
        }
    });
    answers
}

#[expect(clippy::panic, reason = "a comparison of different answers compares nothing")]
fn hold_equal(of: &str, answers: &Answers, expected: &Answers) {
    let differ = answers.iter().zip(expected).filter(|(a, b)| a != b).count();
    let unanswered = answers.iter().flatten().filter(|it| it.is_none()).count();
    if differ > 0 || unanswered > 0 || answers.len() != expected.len() {
        panic!(
            "{of}: {differ} recovery points are answered otherwise, {unanswered} questions are not answered"
        );
    }
}

/// A run of an engine that adds its answers up.
fn summing<'e>(judge: impl Fn(Tell<'_>) + 'e) -> Box<dyn FnMut() + 'e> {
    Box::new(move || {
        let mut sum = 0_u64;
        judge(&mut |_, _, answer| sum += answer as u64);
        black_box(sum);
    })
}

/// A rival that this crate does not know.
pub(crate) struct Rival<'r> {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Answers all questions.
    pub(crate) judge: Box<dyn Fn(Tell<'_>) + 'r>,
}

/// The files of an estate in memory, by path.
#[expect(clippy::panic, reason = "without an estate there is nothing to measure")]
pub(crate) fn files(shape: &str, points: u64) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let written = Shape::named(shape, points).map(|shape| {
        estate::write(shape, &mut |path, write| {
            let mut bytes = Vec::new();
            write(&mut bytes)?;
            files.push((path.to_owned(), bytes));
            Ok(())
        })
    });
    if !matches!(written, Some(Ok(()))) {
        panic!("`{shape}` is not a shape of an estate");
    }
    files
}

/// The estate that engines are compared over.
pub(crate) fn ordinary(extent: Extent) -> Inventory {
    read(&files("kept-longer", extent.points))
}

/// All engines by the same five controls, answers held equal first.
#[expect(clippy::panic, reason = "without its controls Cedar measures nothing")]
pub(crate) fn engines(extent: Extent, inventory: &Inventory, rivals: Vec<Rival<'_>>) -> Vec<Measured> {
    let catalog = catalog();
    let five = framework(&catalog, &COMPARED);
    let Some(cedar) = Cedar::new() else { panic!("the controls cannot be read for Cedar alone") };
    let (catalog, five, cedar) = (&catalog, five.as_slice(), &cedar);
    let mut all: Vec<Rival<'_>> = vec![
        Rival {
            name: "backproof",
            judge: Box::new(|tell| backproof((catalog, five), inventory, at(), Asking::Shared, tell)),
        },
        Rival { name: "closures by hand", judge: Box::new(|tell| closures(inventory, at(), tell)) },
        Rival {
            name: "backproof, every question by itself",
            judge: Box::new(|tell| backproof((catalog, five), inventory, at(), Asking::OneByOne, tell)),
        },
        Rival { name: "Cedar, used directly", judge: Box::new(|tell| cedar.judge(inventory, at(), tell)) },
    ];
    all.extend(rivals);
    let mut expected: Option<Answers> = None;
    for it in &all {
        let found = answers(inventory, COMPARED.len(), &mut |tell| (it.judge)(tell));
        hold_equal(it.name, &found, expected.get_or_insert_with(|| found.clone()));
    }
    let questions = expected.map_or(0, |it| it.len() as u64) * COMPARED.len() as u64;
    let mut engines: Vec<Engine<'_>> = all
        .into_iter()
        .map(|it| Engine { name: it.name.to_owned(), questions, run: summing(it.judge) })
        .collect();
    in_turns(&mut engines, extent.rounds)
}

/// Controls that read what is hard to share, each by itself, with shared answers and without; answers held equal first.
pub(crate) fn awkward(extent: Extent, inventory: &Inventory) -> Vec<Measured> {
    let catalog = catalog();
    let frameworks: Vec<(&str, Vec<Framework>)> =
        AWKWARD.iter().map(|(name, reads)| (*reads, framework(&catalog, &[name]))).collect();
    let mut engines = Vec::new();
    for (reads, framework) in &frameworks {
        engines.extend(both(reads, &catalog, framework, inventory));
    }
    in_turns(&mut engines, extent.rounds)
}

/// All controls of recovery points over an estate in which nothing repeats.
pub(crate) fn hostile(extent: Extent, inventory: &Inventory) -> Vec<Measured> {
    let catalog = catalog();
    let names: Vec<&str> = COMPARED.into_iter().chain(AWKWARD.map(|(name, _)| name)).collect();
    let all = framework(&catalog, &names);
    in_turns(&mut both("nothing repeats", &catalog, &all, inventory), extent.rounds)
}

/// The estate in which nothing repeats.
pub(crate) fn unlike(extent: Extent) -> Inventory {
    read(&files("hostile", extent.points))
}

/// backproof with shared answers and without, over the same controls; answers held equal first.
fn both<'e>(
    of: &str,
    catalog: &'e Catalog,
    frameworks: &'e [Framework],
    inventory: &'e Inventory,
) -> Vec<Engine<'e>> {
    let controls: usize = frameworks.iter().map(|it| it.controls.len()).sum();
    let judge =
        move |asking| move |tell: Tell<'_>| backproof((catalog, frameworks), inventory, at(), asking, tell);
    let shared = answers(inventory, controls, &mut |tell| judge(Asking::Shared)(tell));
    let alone = answers(inventory, controls, &mut |tell| judge(Asking::OneByOne)(tell));
    hold_equal(of, &shared, &alone);
    let questions = (shared.len() * controls) as u64;
    let engine =
        |how: &str, asking| Engine { name: format!("{of}, {how}"), questions, run: summing(judge(asking)) };
    vec![engine("shared", Asking::Shared), engine("by itself", Asking::OneByOne)]
}
