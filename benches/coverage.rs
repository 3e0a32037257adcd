//! How long it takes to tell which of 30,000 selections cover which of 100,000 resources.

#[path = "coverage/estate.rs"]
mod estate;

use std::hint::black_box;

use backproof::selection::{CoverageIndex, OptIn, Settings};
use criterion::{Criterion, criterion_group, criterion_main};
use estate::{Mix, Owned, Tags};

const SELECTIONS: u32 = 300 * 100;

fn join_all(index: &CoverageIndex, resources: &[Owned]) -> usize {
    let opt_in = estate::opt_in();
    let settings = Settings { opt_in: &opt_in, management_opt_in: &OptIn::Unread };
    let mut join = index.join();
    let covered = |resource: &Owned| resource.ask(|candidate| join.covering(candidate, &settings).covered());
    resources.iter().map(covered).filter(|covered| *covered == Some(true)).count()
}

fn coverage(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("coverage");
    group.sample_size(10);
    let written = estate::selections(Mix::Realistic, SELECTIONS);
    group.bench_function("read and file 30,000 selections", |bencher| {
        bencher.iter(|| black_box(CoverageIndex::new(estate::read(&written))));
    });
    let cases = [
        ("realistic, 10,000 resources", Mix::Realistic, Tags::Own, 10_000),
        ("realistic, 100,000 resources", Mix::Realistic, Tags::Own, 100_000),
        ("realistic, 100,000 resources with one tag", Mix::Realistic, Tags::Shared, 100_000),
        ("realistic, 100,000 resources without tags read", Mix::Realistic, Tags::Unread, 100_000),
        ("all with conditions, 100,000 resources", Mix::EverythingWithConditions, Tags::Own, 100_000),
        ("all but one value, 100,000 resources", Mix::EverythingExcept, Tags::Own, 100_000),
    ];
    for (name, mix, tags, count) in cases {
        let index = CoverageIndex::new(estate::read(&estate::selections(mix, SELECTIONS)));
        let resources = estate::resources(count, tags);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(join_all(&index, &resources))));
    }
    group.finish();
}

criterion_group!(benches, coverage);
criterion_main!(benches);
