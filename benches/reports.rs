//! How many bytes of reports a second of one core makes: `cargo bench --bench reports`.
//!
//! Everything is in memory, so the disk is not measured. Beside it stands what `serde_json`, the `csv` crate and SHA-256
//! take for the same.

use std::hint::black_box;

use backproof::catalog::Catalog;
use backproof::evaluate::Finding;
use backproof::facts::{Uid, types};
use backproof::framework::Framework;
use backproof::model::{Answer, Place};
use backproof::report::chunk::Chunk;
use backproof::report::rows::{Files, RowMaker, Rows};
use backproof::report::{Basis, Report, resource_compliance};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest, Sha256};

/// About as many recovery points as a page has, and the controls that judge them.
const POINTS: usize = 1_000;
const CONTROLS: [&str; 3] = [
    "BACKUP_RECOVERY_POINT_ENCRYPTED",
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
    "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",
];

type Failed = Box<dyn std::error::Error>;

/// What findings borrow.
struct Lent {
    place: Place,
    points: Vec<Uid>,
    reasons: [String; 1],
    messages: [String; 1],
}

impl Lent {
    fn new(place: Place) -> Self {
        let arn = |number: usize| format!("arn:aws:ec2:eu-west-1::snapshot/snap-{number:017x}");
        Self {
            place,
            points: (0..POINTS).map(|it| Uid::new(types::RECOVERY_POINT, arn(it))).collect(),
            reasons: ["not-encrypted".to_owned()],
            messages: ["the recovery point is not encrypted".to_owned()],
        }
    }
}

/// Findings of recovery points, one in ten of which fails.
fn findings<'a>(framework: &'a Framework, lent: &'a Lent) -> Vec<Finding<'a>> {
    let source = "111122223333/eu-west-1/backup.list-recovery-points-by-backup-vault.ndjson";
    let chosen = framework.controls.iter().enumerate();
    let chosen = chosen.filter(|(_, it)| CONTROLS.contains(&it.control.name.as_str()));
    let of_control = |(number, chosen)| {
        lent.points.iter().enumerate().map(move |(index, resource)| {
            let fails = index % 10 == 0;
            let texts = |texts: &'a [String]| if fails { texts } else { &[] };
            Finding {
                framework,
                chosen,
                position: (0, number),
                place: &lent.place,
                resource,
                called: None,
                answer: if fails { Answer::NonCompliant } else { Answer::Compliant },
                reasons: texts(&lent.reasons),
                said: texts(&lent.messages).into(),
                evidence: &[],
                evidence_omitted: 0,
                missing: &[],
                source,
            }
        })
    };
    chosen.flat_map(of_control).collect()
}

fn bytes_of(chunk: &Chunk) -> u64 {
    chunk.pieces().map(|(bytes, _)| bytes.len() as u64).sum()
}

fn write(rows: &mut Rows, findings: &[Finding<'_>]) {
    rows.clear();
    for finding in findings {
        rows.write(black_box(finding));
    }
    rows.seal();
}

fn reports(criterion: &mut Criterion) -> Result<(), Failed> {
    let catalog = Catalog::built_in().map_err(|errors| format!("{errors:?}"))?;
    let frameworks = catalog.frameworks("aws-backup").map_err(|errors| format!("{errors:?}"))?;
    let framework = frameworks.first().ok_or("no framework")?;
    let place = Place { account: "111122223333".parse()?, region: "eu-west-1".parse()? };
    let basis = Basis {
        at: "2026-03-01T06:00:00Z".parse()?,
        inventory_digest: String::new(),
        places: vec![place.clone()],
        files: 0,
        coverage: Vec::new(),
        problems: Vec::new(),
        calls: None,
        jobs: Vec::new(),
    };
    let time = basis.at.to_string();
    let report = Report::new(&frameworks, basis);
    let lent = Lent::new(place);
    let findings = findings(framework, &lent);
    let mut group = criterion.benchmark_group("reports");
    let maker = RowMaker::of(&report);
    let mut kinds =
        vec![("all", Files::default()), ("all_compressed", Files { compress: true, ..Files::default() })];
    #[cfg(feature = "parquet")]
    kinds.push(("all_and_columns", Files { parquet: true, ..Files::default() }));
    kinds.reverse();
    let plain: u64 = {
        let mut rows = maker.writing(Files::default()).rows();
        write(&mut rows, &findings);
        rows.len() as u64
    };
    for (name, files) in kinds {
        let mut rows = maker.writing(files).rows();
        group.throughput(Throughput::Bytes(plain));
        group.bench_function(name, |it| it.iter(|| write(&mut rows, &findings)));
    }
    let mut output = Vec::new();
    type Write<'w> = &'w dyn Fn(&Finding<'_>, &mut Vec<u8>);
    let by_serde: Write<'_> = &|it, output| {
        let _ = serde_json::to_writer(output, &resource_compliance::Row::of(it, &time));
    };
    let by_csv: Write<'_> = &|it, output| {
        let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(output);
        let _ = csv.serialize(resource_compliance::Row::of(it, &time));
    };
    let formats: [(&str, Write<'_>); 4] = [
        ("resource_csv", &|it, output| resource_compliance::Row::of(it, &time).write_csv(output)),
        ("resource_json", &|it, output| resource_compliance::Row::of(it, &time).write_json(output)),
        ("resource_json_by_serde", by_serde),
        ("resource_csv_by_csv", by_csv),
    ];
    for (name, write) in formats {
        output.clear();
        findings.iter().for_each(|it| write(it, &mut output));
        group.throughput(Throughput::Bytes(output.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                output.clear();
                findings.iter().for_each(|it| write(black_box(it), &mut output));
            });
        });
    }
    let mut rows = maker.writing(Files::default()).rows();
    write(&mut rows, &findings);
    let chunk = rows.findings().ok_or("no rows")?;
    group.throughput(Throughput::Bytes(bytes_of(chunk)));
    group.bench_function("sha256", |it| {
        it.iter(|| chunk.pieces().map(|(bytes, _)| Sha256::digest(bytes)).last());
    });
    group.finish();
    Ok(())
}

#[expect(clippy::panic, reason = "a benchmark that cannot be set up has nothing to say")]
fn all(criterion: &mut Criterion) {
    if let Err(error) = reports(criterion) {
        panic!("{error}");
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
