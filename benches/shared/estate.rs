//! A made-up estate of any size, the same on every run: recorded calls of four accounts and Regions, onto disk or into memory.
//!
//! Written page by page, so that making it takes no memory. Judges nothing and knows no answers.

use std::io::{self, Write};

use backproof::inventory::OPERATIONS;

/// Accounts and Regions.
const PLACES: [&str; 4] = [
    "111122223333/eu-west-1",
    "111122223333/eu-central-1",
    "222233334444/eu-west-1",
    "444455556666/us-east-1",
];
/// The account whose `global` folder holds the organization.
const MANAGEMENT: &str = "111122223333";
/// The unit that the second account is in; the third is in another.
const PRODUCTION: &str = "ou-ac3e-prod0001";
const SANDBOX: &str = "ou-ac3e-sand0001";
/// Vaults of each account and Region; the last is logically air-gapped, the one before is not locked.
const VAULTS: u64 = 5;
/// Vaults of each account and Region where everything differs.
const HOSTILE_VAULTS: u64 = 250;
/// Items on a page, which is as many as AWS returns.
const PAGE: u64 = 1_000;
/// Recovery points for each backup job of the last month.
const POINTS_OF_A_JOB: u64 = 20;
/// Recovery points for each whose tags were asked for.
const POINTS_OF_A_TAG: u64 = 1_000;
/// The evaluation time: 2026-03-01T06:00:00Z, in epoch seconds.
pub(crate) const AT: u64 = 1_772_344_800;
const DAY: u64 = 86_400;

/// How large an estate is and what it is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Recovery points of all accounts and Regions together; a multiple of four.
    pub(crate) points: u64,
    /// EBS volumes of all together; a multiple of four.
    pub(crate) resources: u64,
    /// Whether every recovery point differs from every other in everything that a control can read of it.
    pub(crate) hostile: bool,
}

impl Shape {
    /// `kept-longer`: the same volumes, kept for longer the more recovery points there are; `more-resources`: fifty recovery
    /// points of each volume; `hostile`: as the first, but no two recovery points are alike.
    pub(crate) fn named(name: &str, points: u64) -> Option<Self> {
        let few = 2_000.min(points / 4);
        let (resources, hostile) = match name {
            "kept-longer" => (few, false),
            "more-resources" => ((points / 50).max(4), false),
            "hostile" => (few, true),
            _ => return None,
        };
        Some(Self { points, resources, hostile })
    }
}

/// Is given a path and what writes the file's text.
pub(crate) type Files<'f> =
    &'f mut dyn FnMut(&str, &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>;

/// Writes the estate, file by file.
pub(crate) fn write(shape: Shape, into: Files<'_>) -> io::Result<()> {
    organization(into)?;
    for (index, place) in PLACES.iter().enumerate() {
        Region { shape, place, index: index as u64 }.write(into)?;
    }
    Ok(())
}

fn call(output: &mut dyn Write, request: &str, response: &str) -> io::Result<()> {
    writeln!(output, "{{\"request\":{{{request}}},\"response\":{{{response}}}}}")
}

/// One call without a subject and its answer, in a file of its own.
fn single(into: Files<'_>, folder: &str, operation: &str, response: &str) -> io::Result<()> {
    into(&format!("{folder}/{operation}.ndjson"), &mut |output| call(output, "", response))
}

fn organization(into: Files<'_>) -> io::Result<()> {
    let global = format!("{MANAGEMENT}/global");
    let accounts = ["111122223333", "222233334444", "444455556666"];
    let account = |id: &str| format!(r#"{{"Id":"{id}","Name":"{id}","Status":"ACTIVE","State":"ACTIVE"}}"#);
    let all = accounts.map(account).join(",");
    single(into, &global, "organizations.describe-organization", r#""Organization":{"Id":"o-ac3e1f2e3d"}"#)?;
    single(into, &global, "organizations.list-roots", r#""Roots":[{"Id":"r-ac3e","Name":"Root"}]"#)?;
    single(into, &global, "organizations.list-accounts", &format!(r#""Accounts":[{all}]"#))?;
    let units =
        format!(r#"{{"Id":"{PRODUCTION}","Name":"Production"}},{{"Id":"{SANDBOX}","Name":"Sandbox"}}"#);
    let holders =
        [("r-ac3e", accounts[0], units.as_str()), (PRODUCTION, accounts[1], ""), (SANDBOX, accounts[2], "")];
    into(&format!("{global}/organizations.list-accounts-for-parent.ndjson"), &mut |output| {
        holders.iter().try_for_each(|(parent, id, _)| {
            let request = format!(r#""ParentId":"{parent}""#);
            call(output, &request, &format!(r#""Accounts":[{}]"#, account(id)))
        })
    })?;
    let units_of = "organizations.list-organizational-units-for-parent";
    into(&format!("{global}/{units_of}.ndjson"), &mut |output| {
        holders.iter().try_for_each(|(parent, _, units)| {
            let request = format!(r#""ParentId":"{parent}""#);
            call(output, &request, &format!(r#""OrganizationalUnits":[{units}]"#))
        })
    })?;
    for id in accounts {
        single(into, &format!("{id}/global"), "s3api.list-buckets", r#""Buckets":[]"#)?;
    }
    Ok(())
}

/// One account in one Region.
struct Region<'p> {
    shape: Shape,
    place: &'p str,
    index: u64,
}

/// Lists that are written with something in them, or not at all.
const WRITTEN: [&str; 3] = ["ec2.describe-volumes", "organizations.", "s3api.list-buckets"];

impl Region<'_> {
    fn account(&self) -> &str {
        self.place.split_once('/').map_or(self.place, |(account, _)| account)
    }

    fn region(&self) -> &str {
        self.place.split_once('/').map_or("", |(_, region)| region)
    }

    fn points(&self) -> u64 {
        self.shape.points / PLACES.len() as u64
    }

    fn resources(&self) -> u64 {
        (self.shape.resources / PLACES.len() as u64).max(1)
    }

    fn vaults(&self) -> u64 {
        if self.shape.hostile { HOSTILE_VAULTS } else { VAULTS }
    }

    fn volume(&self, number: u64) -> String {
        format!("arn:aws:ec2:{}:{}:volume/vol-{number:017x}", self.region(), self.account())
    }

    fn vault_arn(&self, vault: u64) -> String {
        format!("arn:aws:backup:{}:{}:backup-vault:v{vault}", self.region(), self.account())
    }

    fn write(&self, into: Files<'_>) -> io::Result<()> {
        let place = self.place;
        single(
            into,
            place,
            "backup.describe-region-settings",
            r#""ResourceTypeOptInPreference":{"EBS":true}"#,
        )?;
        single(
            into,
            place,
            "backup.list-backup-vaults",
            &format!(r#""BackupVaultList":[{}]"#, self.vault_list()),
        )?;
        into(&format!("{place}/backup.get-backup-vault-access-policy.ndjson"), &mut |output| {
            (0..self.vaults()).try_for_each(|vault| self.access_policy(output, vault))
        })?;
        self.plan(into)?;
        self.resource_lists(into)?;
        for (operation, member) in
            [("backup.list-copy-jobs", "CopyJobs"), ("backup.list-restore-jobs", "RestoreJobs")]
        {
            single(into, place, operation, &format!(r#""{member}":[]"#))?;
        }
        let lists = OPERATIONS.iter().filter(|it| !it.lists.is_empty());
        for list in lists.filter(|list| !WRITTEN.iter().any(|it| list.name.starts_with(it))) {
            single(into, place, list.name, &format!(r#""{}":[]"#, list.list.unwrap_or_default()))?;
        }
        let jobs = self.points() / POINTS_OF_A_JOB;
        into(&format!("{place}/backup.list-backup-jobs.ndjson"), &mut |output| {
            pages(output, "", "BackupJobs", &mut (0..jobs), &mut |it, text| self.job(it, text))
        })?;
        into(&format!("{place}/backup.list-tags.ndjson"), &mut |output| {
            let every = if self.shape.hostile { 1 } else { POINTS_OF_A_TAG };
            (0..self.points()).filter(|it| it.is_multiple_of(every)).try_for_each(|it| {
                let request = format!(r#""ResourceArn":"{}""#, self.point_arn(it));
                call(output, &request, &format!(r#""Tags":{{"tier":"t{}","keep":"{}"}}"#, it, it % 3))
            })
        })?;
        into(&format!("{place}/backup.list-recovery-points-by-backup-vault.ndjson"), &mut |output| {
            (0..self.vaults()).try_for_each(|vault| {
                let request = format!(r#""BackupVaultName":"v{vault}""#);
                let mut of_vault = (0..self.points()).filter(|it| self.vault_of(*it) == vault);
                pages(output, &request, "RecoveryPoints", &mut of_vault, &mut |it, text| self.point(it, text))
            })
        })
    }

    fn vault_list(&self) -> String {
        let vault = |it: u64| {
            let kind =
                if it + 1 == self.vaults() { "LOGICALLY_AIR_GAPPED_BACKUP_VAULT" } else { "BACKUP_VAULT" };
            let locked = if it + 2 == self.vaults() { r#""Locked":false"# } else { LOCKED };
            format!(
                r#"{{"BackupVaultName":"v{it}","BackupVaultArn":"{}","VaultType":"{kind}","EncryptionKeyArn":"arn:aws:kms:{}:{}:key/{it}","NumberOfRecoveryPoints":{},{locked}}}"#,
                self.vault_arn(it),
                self.region(),
                self.account(),
                self.points() / self.vaults(),
            )
        };
        (0..self.vaults()).map(vault).collect::<Vec<_>>().join(",")
    }

    fn access_policy(&self, output: &mut dyn Write, vault: u64) -> io::Result<()> {
        let policy = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":[\"backup:DeleteRecoveryPoint\",\"backup:UpdateRecoveryPointLifecycle\",\"backup:PutBackupVaultAccessPolicy\"],\"Resource\":\"*\"}]}"#;
        let request = format!(r#""BackupVaultName":"v{vault}""#);
        call(output, &request, &format!(r#""BackupVaultName":"v{vault}","Policy":"{policy}""#))
    }

    fn plan(&self, into: Files<'_>) -> io::Result<()> {
        let (place, plan) = (self.place, format!("plan-{}", self.index));
        let arn = format!("arn:aws:backup:{}:{}:backup-plan:{plan}", self.region(), self.account());
        let listed =
            format!(r#"{{"BackupPlanId":"{plan}","BackupPlanArn":"{arn}","BackupPlanName":"daily"}}"#);
        single(into, place, "backup.list-backup-plans", &format!(r#""BackupPlansList":[{listed}]"#))?;
        let of_plan = format!(r#""BackupPlanId":"{plan}""#);
        let body = r#""BackupPlan":{"BackupPlanName":"daily","Rules":[{"RuleName":"daily-35d","RuleId":"rule-1","TargetBackupVaultName":"v0","ScheduleExpression":"cron(0 5 ? * * *)","Lifecycle":{"DeleteAfterDays":35},"CopyActions":[]}]}"#;
        into(&format!("{place}/backup.get-backup-plan.ndjson"), &mut |it| call(it, &of_plan, body))?;
        let selections = r#""BackupSelectionsList":[{"SelectionId":"s-1","SelectionName":"tagged"}]"#;
        into(&format!("{place}/backup.list-backup-selections.ndjson"), &mut |output| {
            call(output, &of_plan, selections)
        })?;
        let tagged = r#""BackupSelection":{"SelectionName":"tagged","ListOfTags":[{"ConditionType":"STRINGEQUALS","ConditionKey":"backup","ConditionValue":"yes"}]}"#;
        into(&format!("{place}/backup.get-backup-selection.ndjson"), &mut |output| {
            call(output, &format!(r#"{of_plan},"SelectionId":"s-1""#), tagged)
        })
    }

    /// The volumes in their own list, in AWS Backup's, by what is known of each, and by their tags.
    fn resource_lists(&self, into: Files<'_>) -> io::Result<()> {
        let (place, resources) = (self.place, self.resources());
        into(&format!("{place}/ec2.describe-volumes.ndjson"), &mut |output| {
            pages(output, "", "Volumes", &mut (0..resources), &mut |it, text| {
                let backup = if it % 10 == 0 { "no" } else { "yes" };
                let tags = format!(
                    r#"[{{"Key":"Name","Value":"disk-{it}"}},{{"Key":"backup","Value":"{backup}"}}]"#
                );
                text.push_str(&format!(r#"{{"VolumeId":"vol-{it:017x}","State":"in-use","Tags":{tags}}}"#));
            })
        })?;
        into(&format!("{place}/backup.list-protected-resources.ndjson"), &mut |output| {
            pages(output, "", "Results", &mut (0..resources), &mut |it, text| {
                let arn = self.volume(it);
                text.push_str(&format!(
                    r#"{{"ResourceArn":"{arn}","ResourceType":"EBS","LastBackupTime":{},"ResourceName":"disk-{it}"}}"#,
                    AT - it % 100 * 3_600
                ));
            })
        })?;
        into(&format!("{place}/backup.describe-protected-resource.ndjson"), &mut |output| {
            (0..resources).try_for_each(|it| {
                let arn = self.volume(it);
                let restored = if it % 4 == 0 {
                    format!(
                        r#","LatestRestoreExecutionTimeMinutes":{},"LatestRestoreJobCreationDate":{}"#,
                        it % 1_000,
                        AT - DAY * 30
                    )
                } else {
                    String::new()
                };
                let response =
                    format!(r#""ResourceArn":"{arn}","ResourceType":"EBS","LastBackupTime":{AT}{restored}"#);
                call(output, &format!(r#""ResourceArn":"{arn}""#), &response)
            })
        })?;
        into(&format!("{place}/resourcegroupstaggingapi.get-resources.ndjson"), &mut |output| {
            // The key of a vault's tag is the short name of a resource type that it may hold.
            let vaults = (0..self.vaults()).map(|it| {
                let holds = if it % 4 == 1 { "no" } else { "yes" };
                format!(
                    r#"{{"ResourceARN":"{}","Tags":[{{"Key":"EBS","Value":"{holds}"}}]}}"#,
                    self.vault_arn(it)
                )
            });
            let mappings = vaults.collect::<Vec<_>>().join(",");
            call(output, "", &format!(r#""ResourceTagMappingList":[{mappings}]"#))
        })
    }

    fn vault_of(&self, number: u64) -> u64 {
        (number + number / self.resources()) % self.vaults()
    }

    fn point_arn(&self, number: u64) -> String {
        format!("arn:aws:ec2:{}::snapshot/snap-{:01x}{number:016x}", self.region(), self.index)
    }

    /// A recovery point as AWS sends it, with the members that are most of its text.
    fn point(&self, number: u64, text: &mut String) {
        let (resources, vault) = (self.resources(), self.vault_of(number));
        let serial = number * PLACES.len() as u64 + self.index;
        let unlike = self.shape.hostile.then_some(serial);
        // Some minutes after five, of most volumes daily, of some weekly or three times a year; where all differ, one an hour
        // and a second over fifty years.
        let every = [120, 7, 1, 1, 1].get((number % resources % 5) as usize).copied().unwrap_or(1);
        let created = match unlike {
            None => AT - (number / resources + 1) * every % 2_500 * DAY + number % 3_600 - DAY / 24,
            Some(serial) => AT - serial * 3_601 % 1_577_000_000,
        };
        let deleted = |days: u64| if number.is_multiple_of(3) { days + 60 } else { days };
        let lifecycle = match (unlike, number % 40) {
            (None, 0) => String::new(),
            (None, 1..=3) => format!(r#""DeleteAfterDays":{},"MoveToColdStorageAfterDays":30"#, deleted(90)),
            (None, 20) => r#""DeleteAfterDays":7"#.to_owned(),
            (None, _) => r#""DeleteAfterDays":35"#.to_owned(),
            (Some(it), _) => {
                let days = it % 36_000;
                format!(r#""DeleteAfterDays":{},"MoveToColdStorageAfterDays":{days}"#, days + it % 180)
            }
        };
        let status = match (unlike, number % 500) {
            (None, 0) => "EXPIRED".to_owned(),
            (None, 1) => "DELETING".to_owned(),
            (None, 2) => "PARTIAL".to_owned(),
            (None, _) => "COMPLETED".to_owned(),
            (Some(it), _) => format!("STATUS-{it}"),
        };
        let [resource, kind, plan, key] = match unlike {
            None => [self.volume(number % resources), "EBS".to_owned(), "plan".to_owned(), vault.to_string()],
            Some(it) => {
                [self.volume(1 << 40 | it), format!("TYPE-{it}"), format!("plan-{it}"), it.to_string()]
            }
        };
        let vault_arn = self.vault_arn(vault);
        let (account, region, encrypted) = (self.account(), self.region(), !serial.is_multiple_of(50));
        let vault_type =
            if vault + 1 == self.vaults() { "LOGICALLY_AIR_GAPPED_BACKUP_VAULT" } else { "BACKUP_VAULT" };
        let size = (serial.wrapping_mul(2_654_435_761) % 1_000_003) << 20;
        text.push_str(&format!(
            r#"{{"RecoveryPointArn":"{}","BackupVaultName":"v{vault}","BackupVaultArn":"{vault_arn}","ResourceArn":"{resource}","ResourceType":"{kind}","CreatedBy":{{"BackupPlanId":"{plan}-{}","BackupPlanArn":"arn:aws:backup:{region}:{account}:backup-plan:{plan}-{}","BackupPlanVersion":"M2Q0","BackupRuleId":"rule-1"}},"IamRoleArn":"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole","Status":"{status}","CreationDate":{created}.25,"CompletionDate":{}.75,"BackupSizeInBytes":{size},"CalculatedLifecycle":{{"DeleteAt":{}.25}},"Lifecycle":{{{lifecycle}}},"EncryptionKeyArn":"arn:aws:kms:{region}:{account}:key/{key}","EncryptionKeyType":"CUSTOMER_MANAGED_KMS_KEY","IsEncrypted":{encrypted},"IsParent":false,"VaultType":"{vault_type}"}}"#,
            self.point_arn(number),
            self.index,
            self.index,
            created + 700,
            created + 35 * DAY,
        ));
    }

    fn job(&self, number: u64, text: &mut String) {
        let created = AT - number % 30 * DAY - 3_600;
        let state = if number.is_multiple_of(25) { "FAILED" } else { "COMPLETED" };
        let resource = self.volume(number % self.resources());
        let (account, region) = (self.account(), self.region());
        text.push_str(&format!(
            r#"{{"AccountId":"{account}","BackupJobId":"{:08X}-0000-4000-8000-{number:012X}","BackupVaultName":"v0","BackupVaultArn":"{}","ResourceArn":"{resource}","CreationDate":{created}.5,"CompletionDate":{}.5,"State":"{state}","PercentDone":"100.0","BackupSizeInBytes":{},"IamRoleArn":"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole","CreatedBy":{{"BackupPlanId":"plan-{}","BackupPlanArn":"arn:aws:backup:{region}:{account}:backup-plan:plan-{}","BackupRuleId":"rule-1","BackupRuleName":"daily-35d"}},"ResourceType":"EBS","IsParent":false,"MessageCategory":"{}"}}"#,
            self.index,
            self.vault_arn(0),
            created + 700,
            number << 20,
            self.index,
            self.index,
            if state == "FAILED" { "RESOURCE_NOT_FOUND" } else { "SUCCESS" },
        ));
    }
}

/// The lock of a vault, for good.
const LOCKED: &str = r#""Locked":true,"MinRetentionDays":7,"MaxRetentionDays":3650,"LockDate":1760000000.0"#;

/// Pages of one list, linked by their tokens as AWS links them; one empty page where there is nothing.
fn pages(
    output: &mut dyn Write,
    request: &str,
    member: &str,
    numbers: &mut dyn Iterator<Item = u64>,
    item: &mut dyn FnMut(u64, &mut String),
) -> io::Result<()> {
    let mut numbers = numbers.peekable();
    let mut text = String::new();
    for page in 0_u64.. {
        text.clear();
        for (index, number) in numbers.by_ref().take(PAGE as usize).enumerate() {
            text.push_str(if index == 0 { "" } else { "," });
            item(number, &mut text);
        }
        let mut asked = request.to_owned();
        if page > 0 {
            asked.push_str(if request.is_empty() { "" } else { "," });
            asked.push_str(&format!(r#""NextToken":"{page}""#));
        }
        let more = numbers.peek().is_some();
        let next = if more { format!(r#","NextToken":"{}""#, page + 1) } else { String::new() };
        call(output, &asked, &format!(r#""{member}":[{text}]{next}"#))?;
        if !more {
            return Ok(());
        }
    }
    Ok(())
}
