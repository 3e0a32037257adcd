//! Numbers that AWS cannot have meant, or that sums in a policy could overflow with, become no facts.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use backproof::catalog::Catalog;
use backproof::facts::{Fact, Facts, Thing, Wanted};
use backproof::inventory::read_from_memory;
use backproof::model::{greatest, is_possible};

/// Every number in a fact, by the name that says its unit.
fn numbers(name: &str, fact: &Fact, found: &mut BTreeMap<String, Vec<i64>>) {
    match fact {
        Fact::Long(it) => found.entry(name.to_owned()).or_default().push(*it),
        Fact::Record(fields) => fields.iter().for_each(|(name, it)| numbers(name, it, found)),
        Fact::Set(items) => items.iter().for_each(|it| numbers(name, it, found)),
        Fact::Bool(_) | Fact::String(_) | Fact::Entity(_) => {}
    }
}

/// All numbers among the facts of an account and Region where AWS says this number everywhere.
fn numbers_where_aws_says(number: &str) -> BTreeMap<String, Vec<i64>> {
    let volume = "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1";
    let files = [
        ("ec2.describe-volumes", r#""request":{}"#, r#"{"Volumes":[{"VolumeId":"vol-1"}]}"#.to_owned()),
        ("backup.list-backup-vaults", r#""request":{}"#, format!(r#"{{"BackupVaultList":[{{"BackupVaultName":"v","NumberOfRecoveryPoints":{number},"Locked":true,"MinRetentionDays":{number},"MaxRetentionDays":{number}}}]}}"#)),
        ("backup.list-recovery-points-by-backup-vault", r#""request":{"BackupVaultName":"v"}"#, format!(r#"{{"RecoveryPoints":[{{"RecoveryPointArn":"arn:aws:ec2:eu-west-1::snapshot/snap-1","BackupVaultName":"v","ResourceArn":"{volume}","BackupSizeInBytes":{number},"Lifecycle":{{"DeleteAfterDays":{number},"MoveToColdStorageAfterDays":{number}}}}}]}}"#)),
        ("backup.describe-protected-resource", r#""request":{"ResourceArn":"arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"}"#, format!(r#"{{"ResourceArn":"{volume}","ResourceType":"EBS","LatestRestoreExecutionTimeMinutes":{number}}}"#)),
        ("backup.list-backup-plans", r#""request":{}"#, r#"{"BackupPlansList":[{"BackupPlanId":"p","BackupPlanArn":"arn:aws:backup:eu-west-1:111122223333:backup-plan:p","BackupPlanName":"p"}]}"#.to_owned()),
        ("backup.get-backup-plan", r#""request":{"BackupPlanId":"p"}"#, format!(r#"{{"BackupPlan":{{"BackupPlanName":"p","Rules":[{{"RuleName":"r","RuleId":"r","TargetBackupVaultName":"v","StartWindowMinutes":{number},"CompletionWindowMinutes":{number}}}]}}}}"#)),
    ];
    let files = files.map(|(operation, request, response)| {
        let line = format!("{{{request},\"response\":{response}}}\n");
        (format!("111122223333/eu-west-1/{operation}.ndjson"), line.into_bytes())
    });
    let inventory = read_from_memory(files.into(), 1, jiff::Timestamp::MAX);
    let vocabulary = Catalog::built_in().unwrap().vocabulary;
    let facts = Facts::new(&inventory, "2026-03-01T06:00:00Z".parse().unwrap());
    let mut found = BTreeMap::new();
    let mut learn =
        |thing: &Thing| thing.attributes.iter().for_each(|(name, it)| numbers(name, it, &mut found));
    facts.each_that_flows(&Wanted::all_of(vocabulary.type_names()), &mut |it| learn(&it)).unwrap();
    for place in facts.places() {
        for family in facts.families(place, &Wanted::all_of(vocabulary.type_names())) {
            family.subject.iter().chain(family.members.iter().map(|it| &it.thing)).for_each(&mut learn);
            let vaults = family.members.iter().flat_map(|it| &it.thing.parents);
            vaults.for_each(|it| learn(&facts.shared(it)));
        }
    }
    found
}

/// Facts whose number is AWS's own, and no count or age of ours.
const TOLD: [&str; 9] = [
    "numberOfRecoveryPoints",
    "minRetentionDays",
    "maxRetentionDays",
    "backupSizeInBytes",
    "deleteAfterDays",
    "moveToColdStorageAfterDays",
    "executionTimeMinutes",
    "startWindowMinutes",
    "completionWindowMinutes",
];

#[test]
fn numbers_beyond_their_range_are_not_facts() {
    for number in
        ["-9223372036854775808", "-2", "1000001", "1440000001", "9007199254740992", "9223372036854775807"]
    {
        for (fact, numbers) in numbers_where_aws_says(number) {
            let beyond: Vec<_> = numbers.iter().filter(|it| !is_possible(&fact, **it)).collect();
            assert!(beyond.is_empty(), "{fact} is {beyond:?} where AWS says {number}");
        }
    }
}

#[test]
fn the_greatest_numbers_of_every_range_are_facts() {
    for fact in TOLD {
        let greatest = greatest(fact);
        let found = numbers_where_aws_says(&greatest.to_string());
        let told = found.get(fact).is_some_and(|it| it.contains(&greatest));
        assert!(told, "{fact} is not {greatest}: {found:?}");
    }
}
