//! How long it takes to read, judge and report an estate of 100,000 recovery points: `cargo bench --bench evaluation`.
//!
//! Everything is in memory, so the disk is not measured. Then five controls are judged in three ways: with shared
//! answers, asking Cedar every question by itself, and by closures written by hand, whose answers are the same.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use backproof::catalog::Catalog;
use backproof::evaluate::{Finding, evaluate, evaluate_one_by_one};
use backproof::facts::{Facts, types};
use backproof::framework::Framework;
use backproof::inventory::record::RecoveryPoint;
use backproof::inventory::{Inventory, InventoryReader};
use backproof::model::{Answer, Place, Time, whole_days};
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

/// The controls that are compared: all that recovery points decide, and one that they do not.
const COMPARED: [&str; 5] = [
    "BACKUP_RECOVERY_POINT_ENCRYPTED",
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
    "BACKUP_LAST_RECOVERY_POINT_CREATED",
    "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT",
    "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET",
];

/// What a recovery point proves as a backup: COMPLETED and at most a day old, or continuous.
fn recent(point: &RecoveryPoint, at: jiff::Timestamp) -> Answer {
    let day = |created: Time| whole_days(created, at).map(|it| it <= 1);
    match (point.status.as_deref(), point.creation_date.map(day)) {
        (Some("AVAILABLE"), _) | (Some("COMPLETED"), Some(Some(true))) => Answer::Compliant,
        (Some("COMPLETED"), Some(Some(false))) => Answer::NonCompliant,
        (Some("COMPLETED") | None, _) => Answer::InsufficientData,
        (Some(_), _) => Answer::NonCompliant,
    }
}

fn any(pieces: impl Iterator<Item = Answer>) -> Answer {
    let mut answer = Answer::NonCompliant;
    for piece in pieces {
        match piece {
            Answer::Compliant => return Answer::Compliant,
            Answer::InsufficientData => answer = Answer::InsufficientData,
            Answer::NonCompliant | Answer::NotApplicable => {}
        }
    }
    answer
}

/// The five controls as closures over the records of the estate, whose lists are all whole.
fn by_hand<'i>(
    inventory: &'i Inventory,
    at: jiff::Timestamp,
    tell: &mut dyn FnMut(&'i Place, &'static str, &'i str, Answer),
) {
    let [encrypted, retention, last, air_gapped, restore] = COMPARED;
    for (place, estate) in &inventory.estates {
        let mut of_resource: BTreeMap<&str, Vec<&RecoveryPoint>> = BTreeMap::new();
        for point in estate.recovery_points.iter().map(|it| &it.value) {
            let arn = &*point.recovery_point_arn;
            of_resource.entry(point.resource_arn.as_deref().unwrap_or_default()).or_default().push(point);
            tell(
                place,
                encrypted,
                arn,
                match (point.status.as_deref(), point.is_encrypted) {
                    (Some("CREATING" | "DELETING"), _) => Answer::NotApplicable,
                    (Some(_), Some(true)) => Answer::Compliant,
                    (Some(_), Some(false)) => Answer::NonCompliant,
                    _ => Answer::InsufficientData,
                },
            );
            let kept = point.lifecycle.as_ref();
            let days = kept.map(|it| it.as_ref().and_then(|it| it.delete_after_days?.count()));
            tell(
                place,
                retention,
                arn,
                match (point.status.as_deref(), days) {
                    (Some("DELETING" | "EXPIRED"), _) => Answer::NotApplicable,
                    (Some(_), Some(Some(..35))) => Answer::NonCompliant,
                    (Some(_), Some(_)) => Answer::Compliant,
                    _ => Answer::InsufficientData,
                },
            );
        }
        for arn in estate.listed.keys() {
            let points = of_resource.get(arn.as_str()).map(Vec::as_slice).unwrap_or_default();
            tell(place, last, arn, any(points.iter().map(|it| recent(it, at))));
            let kept_apart = |point: &&RecoveryPoint| match point.vault_type.as_deref() {
                Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT") => recent(point, at),
                Some(_) => Answer::NonCompliant,
                None => Answer::InsufficientData,
            };
            tell(place, air_gapped, arn, any(points.iter().map(kept_apart)));
            let known = estate.protected_resources.binary_search_by(|it| (*it.value.resource_arn).cmp(arn));
            let never = known.is_err();
            tell(place, restore, arn, if never { Answer::NonCompliant } else { Answer::InsufficientData });
        }
    }
}

/// The fastest of some runs, in seconds.
fn fastest(runs: u32, run: &mut dyn FnMut()) -> f64 {
    let timed = (0..runs).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    timed.fold(f64::INFINITY, f64::min)
}

#[expect(clippy::print_stdout, reason = "what is measured is told")]
#[expect(clippy::panic, reason = "a comparison of different answers compares nothing")]
fn comparing(_: &mut Criterion) {
    let (catalog, mut frameworks) = controls();
    for framework in &mut frameworks {
        framework.controls.retain(|it| COMPARED.contains(&it.control.name.as_str()));
    }
    let inventory = read(&files());
    let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(AT);
    let facts = Facts::new(&inventory, at);
    let mut answers: [BTreeMap<(Place, String, String), Answer>; 3] = Default::default();
    let [shared, direct, closures] = &mut answers;
    // Findings on an account say that a list is not whole; this estate has few of the lists of other types.
    let keep = |it: Finding<'_>, answers: &mut BTreeMap<(Place, String, String), Answer>| {
        if it.resource.type_name != types::ACCOUNT {
            answers.insert((it.place, it.chosen.control.name.clone(), it.resource.id.to_string()), it.answer);
        }
    };
    let told = evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |it| keep(it, shared));
    let again = evaluate_one_by_one(&frameworks, &facts, &catalog.vocabulary, &mut |it| keep(it, direct));
    by_hand(&inventory, at, &mut |place, control, id, it| {
        closures.insert((place.clone(), control.to_owned(), id.to_owned()), it);
    });
    let same = told.is_ok() && again.is_ok() && shared == direct && shared == closures;
    if !same {
        panic!("answers differ: {} {} {}", shared.len(), direct.len(), closures.len());
    }
    let mut sum = 0_u64;
    let by_closures =
        fastest(9, &mut || by_hand(black_box(&inventory), at, &mut |_, _, _, it| sum += it as u64));
    let with_sharing = fastest(9, &mut || {
        let facts = Facts::new(black_box(&inventory), at);
        evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |it| sum += it.answer as u64)
            .unwrap_or_default();
    });
    let one_by_one = fastest(1, &mut || {
        let facts = Facts::new(black_box(&inventory), at);
        let sink = &mut |it: Finding<'_>| sum += it.answer as u64;
        evaluate_one_by_one(&frameworks, &facts, &catalog.vocabulary, sink).unwrap_or_default();
    });
    black_box(sum);
    let ratio = |it: f64| it / with_sharing;
    println!(
        "comparing: {} findings of five controls over 100,000 recovery points, all answers equal",
        shared.len()
    );
    println!("  shared answers       {:8.1} ms", with_sharing * 1e3);
    println!("  asked one by one     {:8.1} ms, {:.1} times as long", one_by_one * 1e3, ratio(one_by_one));
    println!("  closures by hand     {:8.1} ms, {:.2} times as long", by_closures * 1e3, ratio(by_closures));
}

criterion_group!(benches, reading, evaluating, writing, comparing);
criterion_main!(benches);
