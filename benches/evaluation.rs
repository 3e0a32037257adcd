//! How long it takes to read and judge an estate of 100,000 recovery points: `cargo bench --bench evaluation`.
//!
//! Everything is in memory, so the disk is not measured. Then the same controls are judged by several engines, whose
//! answers are the same; `benches/rivals` adds one that takes long to build, `benches/reports.rs` measures writing, and
//! `benches/whole.rs` whole runs.

#[path = "shared/comparison.rs"]
mod comparison;
#[path = "shared/controls.rs"]
mod controls;
#[path = "shared/engines.rs"]
mod engines;
#[path = "shared/estate.rs"]
mod estate;
#[path = "shared/measure.rs"]
mod measure;

use std::hint::black_box;
use std::time::Duration;

use backproof::catalog::Catalog;
use backproof::evaluate::evaluate;
use backproof::facts::Facts;
use backproof::framework::Framework;
use comparison::{Extent, at};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use engines::read;

const POINTS: u64 = 100_000;

fn files() -> Vec<(String, Vec<u8>)> {
    comparison::files("kept-longer", POINTS)
}

/// The built-in frameworks and the vocabulary.
#[expect(clippy::panic, reason = "without controls there is nothing to measure")]
fn built_in() -> (Catalog, Vec<Framework>) {
    let Ok(catalog) = Catalog::built_in() else { panic!("the built-in controls cannot be read") };
    let names: Vec<String> = catalog.framework_names().map(str::to_owned).collect();
    let Ok(frameworks) = names.iter().map(|it| catalog.frameworks(it)).collect::<Result<Vec<_>, _>>() else {
        panic!("the built-in frameworks cannot be read")
    };
    (catalog, frameworks.into_iter().flatten().collect())
}

fn short<'c>(
    criterion: &'c mut Criterion,
    name: &str,
) -> BenchmarkGroup<'c, criterion::measurement::WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group
}

fn reading(criterion: &mut Criterion) {
    let files = files();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut group = short(criterion, "reading");
    group.throughput(Throughput::ElementsAndBytes { elements: POINTS, bytes: bytes as u64 });
    group.bench_function("100,000 recovery points", |bencher| bencher.iter(|| read(black_box(&files))));
    group.finish();
}

fn evaluating(criterion: &mut Criterion) {
    let (catalog, frameworks) = built_in();
    let inventory = read(&files());
    let at = at();
    let mut findings = 0;
    let facts = Facts::new(&inventory, at);
    evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |_| findings += 1).unwrap_or_default();
    let mut group = short(criterion, "evaluating");
    group.throughput(Throughput::Elements(findings));
    group.bench_function(format!("{findings} findings of 100,000 recovery points"), |bencher| {
        bencher.iter(|| {
            let facts = Facts::new(black_box(&inventory), at);
            let mut answers = 0_u64;
            evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |it| answers += it.answer as u64)
                .unwrap_or_default();
            answers
        });
    });
    group.finish();
}

/// The engines that need no other crate, the awkward controls and the hostile estate.
fn comparing(_: &mut Criterion) {
    let extent = Extent { points: POINTS, rounds: 5 };
    let inventory = comparison::ordinary(extent);
    measure::tell(
        "five controls over 100,000 recovery points, for each answer; all answers equal",
        &comparison::engines(extent, &inventory, Vec::new()),
        false,
    );
    let few = Extent { points: POINTS / 5, rounds: 3 };
    let inventory = comparison::ordinary(few);
    measure::tell("controls whose answers are hard to share", &comparison::awkward(few, &inventory), false);
    let inventory = comparison::unlike(few);
    measure::tell(
        "nine controls where no two recovery points are alike",
        &comparison::hostile(few, &inventory),
        false,
    );
}

/// What every run begins with.
fn loading(criterion: &mut Criterion) {
    let mut group = short(criterion, "loading");
    group.bench_function("the built-in controls", |bencher| bencher.iter(|| black_box(built_in())));
    group.finish();
}

criterion_group!(benches, loading, reading, evaluating, comparing);
criterion_main!(benches);
