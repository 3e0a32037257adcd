//! How long it takes to read, judge and report an estate of 100,000 recovery points: `cargo bench --bench evaluation`.
//!
//! Everything is in memory, so the disk is not measured.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Duration;

use backproof::catalog::Catalog;
use backproof::evaluate::{Finding, evaluate};
use backproof::facts::Facts;
use backproof::framework::Framework;
use backproof::inventory::{Inventory, InventoryReader};
use backproof::report::{Basis, Report, findings, resource_compliance, summary, text};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

const POINTS: u64 = 100_000;
const PLACES: [&str; 4] = [
    "111122223333/eu-west-1",
    "111122223333/eu-central-1",
    "222233334444/eu-west-1",
    "444455556666/us-east-1",
];
const VAULTS: u64 = 5;
/// Recovery points of each resource: about three months of daily backups.
const POINTS_OF_A_RESOURCE: u64 = 100;
/// Recovery points on a page, which is as many as AWS returns.
const PAGE: u64 = 1_000;
/// 2026-03-01T06:00:00Z.
const AT: u64 = 1_772_344_800;

/// The files of the estate, by path.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let per_place = POINTS / PLACES.len() as u64;
    let resources = per_place / POINTS_OF_A_RESOURCE;
    for place in PLACES {
        let (account, region) = place.split_once('/').unwrap_or_default();
        let volume = |number: u64| format!("arn:aws:ec2:{region}:{account}:volume/vol-{number}");
        let mut add = |operation: &str, text: String| {
            files.push((format!("{place}/{operation}.ndjson"), text.into_bytes()));
        };
        let vaults: Vec<String> = (0..VAULTS)
            .map(|it| format!(r#"{{"BackupVaultName":"v{it}","VaultType":"BACKUP_VAULT","Locked":true}}"#))
            .collect();
        let vaults = vaults.join(",");
        add("backup.list-backup-vaults", call("", &format!(r#""BackupVaultList":[{vaults}]"#)));
        let listed: Vec<String> =
            (0..resources).map(|it| format!(r#"{{"VolumeId":"vol-{it}","State":"in-use"}}"#)).collect();
        add("ec2.describe-volumes", call("", &format!(r#""Volumes":[{}]"#, listed.join(","))));
        let protected: Vec<String> = (0..resources)
            .map(|it| {
                format!(r#"{{"ResourceArn":"{}","ResourceType":"EBS","LastBackupTime":{AT}}}"#, volume(it))
            })
            .collect();
        add("backup.list-protected-resources", call("", &format!(r#""Results":[{}]"#, protected.join(","))));
        let mut points = String::new();
        for vault in 0..VAULTS {
            let of_vault: Vec<u64> = (0..per_place).filter(|it| it % VAULTS == vault).collect();
            let pages = of_vault.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX));
            let last = pages.len().saturating_sub(1);
            for (index, page) in pages.enumerate() {
                let items: Vec<String> =
                    page.iter().map(|it| point(*it, &volume(it % resources), vault)).collect();
                let token = if index == 0 { String::new() } else { format!(r#","NextToken":"{index}""#) };
                let next =
                    if index == last { String::new() } else { format!(r#","NextToken":"{}""#, index + 1) };
                let request = format!(r#""BackupVaultName":"v{vault}"{token}"#);
                points.push_str(&call(&request, &format!(r#""RecoveryPoints":[{}]{next}"#, items.join(","))));
            }
        }
        add("backup.list-recovery-points-by-backup-vault", points);
    }
    files
}

fn call(request: &str, response: &str) -> String {
    format!("{{\"request\":{{{request}}},\"response\":{{{response}}}}}\n")
}

/// A recovery point as AWS sends it, with the members that are most of its text.
fn point(number: u64, resource: &str, vault: u64) -> String {
    let created = AT - (number % POINTS_OF_A_RESOURCE) * 86_400 - number % 7 * 60;
    let encrypted = !number.is_multiple_of(50);
    let days = if number.is_multiple_of(20) { 7 } else { 35 };
    format!(
        r#"{{"RecoveryPointArn":"arn:aws:ec2:eu-west-1::snapshot/snap-{number:017x}","BackupVaultName":"v{vault}","BackupVaultArn":"arn:aws:backup:eu-west-1:111122223333:backup-vault:v{vault}","ResourceArn":"{resource}","ResourceType":"EBS","CreatedBy":{{"BackupPlanId":"8c0b36b5-2b92-4be3-aca4-72679c643a59","BackupPlanArn":"arn:aws:backup:eu-west-1:111122223333:backup-plan:8c0b36b5-2b92-4be3-aca4-72679c643a59","BackupPlanVersion":"M2Q0","BackupRuleId":"f5f42707-ff80-4f9a-a591-e78fccea101e"}},"IamRoleArn":"arn:aws:iam::111122223333:role/backup","Status":"COMPLETED","CreationDate":{created}.25,"CompletionDate":{created}.75,"BackupSizeInBytes":8589934592,"CalculatedLifecycle":{{"DeleteAt":{created}}},"Lifecycle":{{"DeleteAfterDays":{days}}},"IsEncrypted":{encrypted},"IsParent":false,"VaultType":"BACKUP_VAULT"}}"#
    )
}

fn read(files: &[(String, Vec<u8>)]) -> Inventory {
    let mut reader = InventoryReader::default();
    for (path, bytes) in files {
        reader.read(path, &mut bytes.as_slice());
    }
    reader.finish()
}

/// The built-in frameworks and the vocabulary.
#[expect(clippy::panic, reason = "without controls there is nothing to measure")]
fn controls() -> (Catalog, Vec<Framework>) {
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
    let (catalog, frameworks) = controls();
    let inventory = read(&files());
    let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(AT);
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

fn writing(criterion: &mut Criterion) {
    let (catalog, frameworks) = controls();
    let inventory = read(&files());
    let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(AT);
    let facts = Facts::new(&inventory, at);
    let mut found: Vec<Finding<'_>> = Vec::new();
    evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |finding| found.push(finding))
        .unwrap_or_default();
    let write = || -> std::io::Result<usize> {
        let mut report = Report::new(&frameworks, Basis::of(&inventory, String::new(), at));
        let (mut ndjson, time) = (Vec::new(), at.to_string());
        let mut csv = resource_compliance::Csv::new(Vec::new())?;
        let mut json = resource_compliance::Json::new(Vec::new())?;
        for finding in &found {
            report.add(finding);
            findings::write_ndjson(finding, &mut ndjson)?;
            let row = resource_compliance::Row::of(finding, &time);
            csv.write(&row)?;
            json.write(&row)?;
        }
        summary::write(&report, &mut ndjson)?;
        text::write(&report, &mut ndjson)?;
        ndjson.flush()?;
        Ok(ndjson.len() + csv.finish()?.len() + json.finish()?.len())
    };
    let bytes = write().unwrap_or_default();
    let mut group = short(criterion, "writing");
    group.throughput(Throughput::ElementsAndBytes { elements: found.len() as u64, bytes: bytes as u64 });
    group.bench_function(format!("{} findings", found.len()), |bencher| bencher.iter(write));
    group.finish();
}

criterion_group!(benches, reading, evaluating, writing);
criterion_main!(benches);
