//! Writes an estate down as the calls that AWS would have answered, in AWS's field names.

use backproof::inventory::{OPERATIONS, Operation};
use serde_json::{Map, Value, json};

use super::estate::{
    AT, Detail, Ending, Job, KINDS, Keeping, LISTINGS, Member, Place, Plan, Point, Resource, Rule, Tree,
    Vault, World,
};
use super::recording::{Call, files};

const ROOT: &str = "r-1";
/// The units from the root down; every account is in the last.
const UNITS: [&str; 2] = ["ou-1", "ou-2"];

/// What a failed property shows: the inventory that breaks it.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for file in files(&record(self), self.plain) {
            write!(f, "\n== {}\n{}", file.path, file.text())?;
        }
        Ok(())
    }
}

/// The calls of a world.
pub(crate) fn record(world: &World) -> Vec<Call> {
    let mut book = Book { calls: Vec::new(), folder: String::new() };
    for (index, place) in world.places.iter().enumerate() {
        book.folder = format!("{}/{}", place.account, place.region);
        Scribe { world, place, index, book: &mut book }.record();
    }
    let mut accounts: Vec<&str> = world.places.iter().map(|it| it.account).collect();
    accounts.dedup();
    for account in &accounts {
        book.folder = format!("{account}/global");
        let buckets = world.places.iter().enumerate().filter(|(_, it)| it.account == *account);
        let buckets: Vec<Value> = buckets.flat_map(|(index, it)| listed(world, it, index, &[3])).collect();
        let ending = world.places.iter().find(|it| it.account == *account).unwrap();
        let ending = world.service_list(ending, 3);
        book.list("s3api.list-buckets", json!({}), "Buckets", buckets, ending);
        if world.tree == Tree::Standalone {
            let refusal = Err("AWSOrganizationsNotInUseException");
            book.call("organizations.describe-organization", json!({}), refusal);
        }
    }
    book.organization(world.tree, &accounts);
    book.calls
}

/// What a service lists of these kinds.
fn listed(world: &World, place: &Place, index: usize, kinds: &[usize]) -> Vec<Value> {
    let resources = place.resources.iter().enumerate().filter(|(_, it)| kinds.contains(&it.kind));
    let item = |(number, resource): (usize, &Resource)| {
        let arn = world.arn((index, number));
        let id = arn.rsplit(['/', ':']).next().unwrap();
        let tags: Vec<Value> = resource.tags.iter().map(|it| json!({ "Key": "env", "Value": it })).collect();
        if !resource.exists {
            // EC2 lists for a while what is gone.
            return match resource.kind {
                0 => Some(json!({ "VolumeId": id, "State": "deleting" })),
                1 => Some(json!({ "Instances": [{ "InstanceId": id, "State": { "Name": "terminated" } }] })),
                _ => None,
            };
        }
        let mut item = match resource.kind {
            0 => json!({ "VolumeId": id, "State": "in-use", "Tags": tags }),
            1 => {
                let state = json!({ "Code": 16, "Name": "running" });
                json!({ "Instances": [{ "InstanceId": id, "State": state, "Tags": tags }] })
            }
            2 => json!(id),
            3 => json!({ "Name": id, "BucketRegion": place.region }),
            4 | 5 => {
                let engine = if resource.kind == 4 { "aurora-mysql" } else { "mysql" };
                json!({ "DBClusterArn": arn, "DBClusterIdentifier": id, "Engine": engine, "TagList": tags })
            }
            6 => json!({ "DBInstanceArn": arn, "DBInstanceIdentifier": id, "TagList": tags }),
            _ => json!({ "ResourceARN": arn, "Name": "data", "Tags": tags }),
        };
        if resource.tags.is_none() && resource.kind < 2 {
            // EC2 leaves the member out where there are none.
            let place = if resource.kind == 0 { &mut item } else { &mut item["Instances"][0] };
            place.as_object_mut().unwrap().shift_remove("Tags");
        }
        Some(item)
    };
    resources.filter_map(item).collect()
}

struct Book {
    calls: Vec<Call>,
    folder: String,
}

impl Book {
    fn call(&mut self, operation: &'static str, request: Value, outcome: Result<Value, &'static str>) {
        let file = u8::try_from(self.calls.len() % 3).unwrap();
        let folder = self.folder.clone();
        self.calls.push(Call { folder, operation, request, outcome, file });
    }

    fn list(
        &mut self,
        operation: &'static str,
        request: Value,
        member: &str,
        items: Vec<Value>,
        ending: Ending,
    ) {
        let (asked_with, answered_with) = Operation::named(operation).unwrap().token;
        let pages = match ending {
            Ending::NotAsked => return,
            Ending::Denied => return self.call(operation, request, Err("AccessDeniedException")),
            Ending::CutOff => 1,
            Ending::Whole(pages) => pages,
        };
        let size = items.len().div_ceil(pages).max(1);
        let mut chunks: Vec<&[Value]> = items.chunks(size).collect();
        chunks.resize(pages, &[]);
        for (index, chunk) in chunks.iter().enumerate() {
            let mut request = request.clone();
            if index > 0 {
                request[asked_with] = json!(format!("page-{index}"));
            }
            let mut response = json!({});
            response[member] = json!(chunk);
            if index + 1 < pages || ending == Ending::CutOff {
                response[answered_with] = json!(format!("page-{}", index + 1));
            }
            self.call(operation, request, Ok(response));
        }
    }

    fn organization(&mut self, tree: Tree, accounts: &[&str]) {
        if matches!(tree, Tree::None | Tree::Standalone) {
            return;
        }
        let whole = Ending::Whole(1);
        let organization = json!({ "Organization": { "Id": "o-1", "MasterAccountId": accounts[0] } });
        self.call("organizations.describe-organization", json!({}), Ok(organization));
        let [first, second] = UNITS;
        let account = |id: &&str| json!({ "Id": id, "Name": format!("account {id}"), "State": "ACTIVE" });
        let listed: Vec<Value> = accounts.iter().map(account).collect();
        self.list("organizations.list-accounts", json!({}), "Accounts", listed.clone(), whole);
        if matches!(tree, Tree::Down | Tree::Both) {
            let roots = vec![json!({ "Id": ROOT, "Name": "Root" })];
            self.list("organizations.list-roots", json!({}), "Roots", roots, whole);
            let mut children = |parent: &str, units: Vec<Value>, accounts: Vec<Value>| {
                let request = json!({ "ParentId": parent });
                let operation = "organizations.list-organizational-units-for-parent";
                self.list(operation, request.clone(), "OrganizationalUnits", units, whole);
                self.list("organizations.list-accounts-for-parent", request, "Accounts", accounts, whole);
            };
            children(ROOT, vec![json!({ "Id": first, "Name": "first" })], Vec::new());
            children(first, vec![json!({ "Id": second, "Name": "second" })], Vec::new());
            children(second, Vec::new(), listed);
        }
        if matches!(tree, Tree::Up | Tree::Both) {
            let mut parent = |child: &str, id: &str, kind: &str| {
                let parents = vec![json!({ "Id": id, "Type": kind })];
                let request = json!({ "ChildId": child });
                self.list("organizations.list-parents", request, "Parents", parents, whole);
            };
            accounts.iter().for_each(|it| parent(it, second, "ORGANIZATIONAL_UNIT"));
            parent(second, first, "ORGANIZATIONAL_UNIT");
            parent(first, ROOT, "ROOT");
        }
    }
}

struct Scribe<'w, 'b> {
    world: &'w World,
    place: &'w Place,
    index: usize,
    book: &'b mut Book,
}

/// A member of a type other than the one it should be of.
fn broken(like: &Value) -> Value {
    if like.is_string() { json!({ "broken": true }) } else { json!("broken") }
}

fn put<T: Clone>(
    item: &mut Map<String, Value>,
    name: &str,
    member: &Member<T>,
    like: &Value,
    value: impl Fn(T) -> Value,
) {
    match member {
        Member::Is(it) => {
            item.insert(name.to_owned(), value(it.clone()));
        }
        Member::Absent => {}
        Member::Broken => {
            item.insert(name.to_owned(), broken(like));
        }
    }
}

fn put_text(item: &mut Map<String, Value>, name: &str, member: &Member<&'static str>) {
    put(item, name, member, &json!(""), |it| json!(it));
}

/// A time so many seconds before the evaluation, as the API sends it or as the AWS CLI prints it.
fn time(age: i64) -> Value {
    let seconds = AT - age;
    if seconds % 2 == 0 {
        return json!(seconds);
    }
    json!(jiff::Timestamp::from_second(seconds).unwrap().to_string())
}

fn put_time(item: &mut Map<String, Value>, name: &str, member: &Member<i64>) {
    put(item, name, member, &json!(0), time);
}

fn lifecycle(keeping: Keeping) -> Value {
    match keeping {
        Keeping::Null => Value::Null,
        Keeping::ForEver => json!({}),
        Keeping::Always => json!({ "DeleteAfterDays": -1 }),
        Keeping::Days(days) if days > 90 => {
            json!({ "DeleteAfterDays": days, "MoveToColdStorageAfterDays": 1 })
        }
        Keeping::Days(days) => json!({ "DeleteAfterDays": days }),
        Keeping::BrokenInside => json!({ "DeleteAfterDays": "broken" }),
    }
}

fn put_lifecycle(item: &mut Map<String, Value>, keeping: &Member<Keeping>) {
    put(item, "Lifecycle", keeping, &json!({}), lifecycle);
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Scribe<'_, '_> {
    fn backup_arn(&self, resource: &str) -> String {
        format!("arn:aws:backup:{}:{}:{resource}", self.place.region, self.place.account)
    }

    /// The ARN of a recovery point: of EBS and EC2 it is a snapshot's or an image's.
    fn point_arn(&self, vault: usize, number: usize, point: &Point) -> String {
        let id = format!("{}-{vault}-{number}", self.index);
        let short = point.of.map(|it| self.world.short_name(it));
        match short {
            Some("EBS") => format!("arn:aws:ec2:{}::snapshot/snap-{id}", self.place.region),
            _ => self.backup_arn(&format!("recovery-point:{id}")),
        }
    }

    fn plan_id(&self, number: usize) -> String {
        if number == 0 { format!("orgs/{}", self.index) } else { format!("plan-{}-{number}", self.index) }
    }

    fn record(mut self) {
        self.vaults();
        self.resources();
        self.plans();
        self.jobs();
        self.tags();
        self.services();
    }

    /// The services' own lists: those of other kinds are whole and empty.
    fn services(&mut self) {
        let place = self.place;
        for operation in OPERATIONS.iter().filter(|it| !it.lists.is_empty()) {
            if operation.name == "s3api.list-buckets" {
                continue;
            }
            let found =
                LISTINGS.iter().zip(&place.service_lists).find(|((name, _), _)| *name == operation.name);
            let (items, ending) = match found {
                Some(((_, kinds), ending)) => (listed(self.world, place, self.index, kinds), *ending),
                None => (Vec::new(), Ending::Whole(1)),
            };
            self.book.list(operation.name, json!({}), operation.list.unwrap(), items, ending);
        }
        let none = Ending::Whole(1);
        self.book.list(
            "backup.list-restore-testing-plans",
            json!({}),
            "RestoreTestingPlans",
            Vec::new(),
            none,
        );
        if let Some(opt_in) = place.opt_in {
            let preferences: Map<String, Value> =
                KINDS.iter().map(|(_, short, _)| ((*short).to_owned(), json!(opt_in))).collect();
            let settings = json!({ "ResourceTypeOptInPreference": preferences });
            self.book.call("backup.describe-region-settings", json!({}), Ok(settings));
        }
    }

    fn vault(&self, number: usize, vault: &Vault) -> Value {
        let name = format!("v{number}");
        let arn = self.backup_arn(&format!("backup-vault:{name}"));
        let mut item = object(json!({ "BackupVaultName": name, "BackupVaultArn": arn }));
        put_text(&mut item, "VaultType", &vault.kind);
        put(&mut item, "Locked", &vault.locked, &json!(true), |it| json!(it));
        put_time(&mut item, "LockDate", &vault.lock_date);
        put(&mut item, "NumberOfRecoveryPoints", &vault.count, &json!(1), |it| json!(it));
        if vault.locked == Member::Is(true) {
            item.insert("MinRetentionDays".to_owned(), json!(7));
            item.insert("EncryptionKeyArn".to_owned(), json!("arn:aws:kms:eu-west-1:111122223333:key/1"));
        }
        Value::Object(item)
    }

    fn vaults(&mut self) {
        let place = self.place;
        let items = place.vaults.iter().enumerate().map(|(number, it)| self.vault(number, it)).collect();
        self.book.list("backup.list-backup-vaults", json!({}), "BackupVaultList", items, place.vault_list);
        for (number, vault) in place.vaults.iter().enumerate() {
            let name = format!("v{number}");
            let request = json!({ "BackupVaultName": name });
            if vault.described {
                let answer = Ok(self.vault(number, vault));
                self.book.call("backup.describe-backup-vault", request.clone(), answer);
            }
            let operation = "backup.get-backup-vault-access-policy";
            match vault.policy {
                Member::Is(Some(policy)) => {
                    let policy = json!({ "BackupVaultName": name, "Policy": policy });
                    self.book.call(operation, request.clone(), Ok(policy));
                }
                Member::Is(None) => {
                    self.book.call(operation, request.clone(), Err("ResourceNotFoundException"));
                }
                Member::Broken => {
                    let policy = json!({ "BackupVaultName": name, "Policy": broken(&json!("")) });
                    self.book.call(operation, request.clone(), Ok(policy));
                }
                Member::Absent => {}
            }
            let points = vault.points.iter().enumerate();
            let items = points.map(|(point, it)| self.point(number, vault, point, it)).collect();
            let operation = "backup.list-recovery-points-by-backup-vault";
            self.book.list(operation, request, "RecoveryPoints", items, vault.listing);
        }
    }

    fn point(&self, number: usize, vault: &Vault, index: usize, point: &Point) -> Value {
        let mut item = object(json!({
            "RecoveryPointArn": self.point_arn(number, index, point),
            "BackupSizeInBytes": 1024,
            "IsParent": point.parent,
        }));
        if point.names_vault {
            item.insert("BackupVaultName".to_owned(), json!(format!("v{number}")));
            let arn = self.backup_arn(&format!("backup-vault:v{number}"));
            item.insert("BackupVaultArn".to_owned(), json!(arn));
        }
        if let Some(of) = point.of {
            item.insert("ResourceArn".to_owned(), json!(self.world.arn(of)));
            item.insert("ResourceType".to_owned(), json!(self.world.short_name(of)));
        }
        match (point.vault_type, vault.kind) {
            (Member::Is(()), Member::Is(kind)) => {
                item.insert("VaultType".to_owned(), json!(kind));
            }
            (Member::Broken, _) => {
                item.insert("VaultType".to_owned(), broken(&json!("")));
            }
            _ => {}
        }
        put_text(&mut item, "Status", &point.status);
        put(&mut item, "IsEncrypted", &point.encrypted, &json!(true), |it| json!(it));
        put_lifecycle(&mut item, &point.keeping);
        put_time(&mut item, "CreationDate", &point.age);
        if point.restored {
            item.insert("LastRestoreTime".to_owned(), time(3_600));
        }
        if point.made_by_plan {
            item.insert("CreatedBy".to_owned(), json!({ "BackupPlanId": "p", "BackupRuleId": "r" }));
            item.insert("EncryptionKeyArn".to_owned(), json!("arn:aws:kms:eu-west-1:111122223333:key/1"));
        }
        Value::Object(item)
    }

    fn resources(&mut self) {
        let place = self.place;
        let mut items = Vec::new();
        for (number, resource) in place.resources.iter().enumerate() {
            let arn = self.world.arn((self.index, number));
            let mut item = object(json!({ "ResourceArn": arn, "ResourceType": KINDS[resource.kind].1 }));
            put_time(&mut item, "LastBackupTime", &resource.last_backup);
            if resource.listed {
                items.push(Value::Object(item.clone()));
            }
            let outcome = match resource.detail {
                Detail::NotAsked => continue,
                Detail::Unknown => Err("ResourceNotFoundException"),
                Detail::Denied => Err("AccessDeniedException"),
                Detail::Answer(minutes, age) => {
                    let name = "LatestRestoreExecutionTimeMinutes";
                    put(&mut item, name, &minutes, &json!(1), |it| json!(it));
                    put_time(&mut item, "LatestRestoreJobCreationDate", &age);
                    Ok(Value::Object(item))
                }
            };
            let request = json!({ "ResourceArn": arn });
            self.book.call("backup.describe-protected-resource", request, outcome);
        }
        self.book.list("backup.list-protected-resources", json!({}), "Results", items, place.resource_list);
    }

    fn plans(&mut self) {
        let place = self.place;
        let plan = |(number, plan): (usize, &Plan)| {
            let id = self.plan_id(number);
            let arn = self.backup_arn(&format!("backup-plan:{id}"));
            let mut item = object(json!({
                "BackupPlanId": id,
                "BackupPlanArn": arn,
                "BackupPlanName": format!("plan {number}"),
            }));
            put_time(&mut item, "LastExecutionDate", &plan.executed);
            Value::Object(item)
        };
        let items = place.plans.iter().enumerate().map(plan).collect();
        self.book.list("backup.list-backup-plans", json!({}), "BackupPlansList", items, place.plan_list);
        for (number, plan) in place.plans.iter().enumerate() {
            self.plan_parts(number, plan);
        }
    }

    fn plan_parts(&mut self, number: usize, plan: &Plan) {
        let id = self.plan_id(number);
        let request = json!({ "BackupPlanId": id });
        let rules: Vec<Value> =
            plan.rules.iter().enumerate().map(|(index, it)| self.rule(index, it)).collect();
        let body = json!({ "BackupPlanId": id, "BackupPlan": { "BackupPlanName": "x", "Rules": rules } });
        match plan.body {
            Ending::Whole(_) => self.book.call("backup.get-backup-plan", request.clone(), Ok(body)),
            Ending::Denied => {
                self.book.call("backup.get-backup-plan", request.clone(), Err("AccessDeniedException"));
            }
            Ending::CutOff | Ending::NotAsked => {}
        }
        let mut items = Vec::new();
        for (index, (patterns, ending)) in plan.selections.iter().enumerate() {
            let selection = format!("s-{}-{number}-{index}", self.index);
            let (name, role) = (format!("selection {index}"), "arn:aws:iam::111122223333:role/backup");
            items.push(json!({
                "SelectionId": selection, "SelectionName": name, "BackupPlanId": id, "IamRoleArn": role,
            }));
            let request = json!({ "BackupPlanId": id, "SelectionId": selection });
            let body = json!({
                "SelectionId": selection,
                "BackupPlanId": id,
                "BackupSelection": {
                    "SelectionName": name,
                    "IamRoleArn": role,
                    "Resources": patterns,
                    "NotResources": [],
                    "Conditions": { "StringEquals": [{ "ConditionKey": "aws:ResourceTag/env", "ConditionValue": "prod" }] },
                },
            });
            match ending {
                Ending::Whole(_) => self.book.call("backup.get-backup-selection", request, Ok(body)),
                Ending::Denied => {
                    self.book.call("backup.get-backup-selection", request, Err("AccessDeniedException"));
                }
                Ending::CutOff | Ending::NotAsked => {}
            }
        }
        let operation = "backup.list-backup-selections";
        self.book.list(operation, request, "BackupSelectionsList", items, plan.selection_list);
    }

    fn rule(&self, index: usize, rule: &Rule) -> Value {
        let mut item = object(json!({
            "RuleName": format!("rule-{index}"),
            "RuleId": format!("id-{index}"),
            "TargetBackupVaultName": format!("v{}", rule.vault),
        }));
        if let Some(schedule) = rule.schedule {
            item.insert("ScheduleExpression".to_owned(), json!(schedule));
        }
        if let Some(continuous) = rule.continuous {
            item.insert("EnableContinuousBackup".to_owned(), json!(continuous));
        }
        // A wrong type anywhere in a rule loses the whole plan; the losses of the law try that too.
        if let Member::Is(keeping) = rule.keeping {
            item.insert("Lifecycle".to_owned(), lifecycle(keeping));
        }
        let copy = |number: usize| {
            // Into a place that may be recorded, and one that is not.
            let account = ["111122223333", "444455556666"][number % 2];
            let arn = format!("arn:aws:backup:eu-central-1:{account}:backup-vault:v{number}");
            json!({ "DestinationBackupVaultArn": arn, "Lifecycle": { "DeleteAfterDays": 35 } })
        };
        let copies: Vec<Value> = (0..rule.copies).map(copy).collect();
        item.insert("CopyActions".to_owned(), json!(copies));
        Value::Object(item)
    }

    fn jobs(&mut self) {
        let place = self.place;
        let kinds = [
            ("backup.list-backup-jobs", "BackupJobs", "BackupJobId", "State", "ResourceArn"),
            ("backup.list-copy-jobs", "CopyJobs", "CopyJobId", "State", "ResourceArn"),
            ("backup.list-restore-jobs", "RestoreJobs", "RestoreJobId", "Status", "SourceResourceArn"),
        ];
        for (kind, (operation, member, id, state, arn)) in kinds.into_iter().enumerate() {
            let job = |(number, job): (usize, &Job)| {
                let mut item = Map::new();
                item.insert(id.to_owned(), json!(format!("{}-{kind}-{number}", self.index)));
                put_text(&mut item, state, &job.state);
                put_time(&mut item, "CreationDate", &job.age);
                if let Some(of) = job.of {
                    item.insert(arn.to_owned(), json!(self.world.arn(of)));
                    item.insert("ResourceType".to_owned(), json!(self.world.short_name(of)));
                }
                Value::Object(item)
            };
            let jobs = place.jobs.iter().enumerate().filter(|(_, it)| it.kind == kind);
            let items = jobs.map(job).collect();
            self.book.list(operation, json!({}), member, items, place.job_lists[kind]);
        }
    }

    /// The tagging API has all that is tagged; `backup:ListTags` says the same of what is AWS Backup's own.
    fn tags(&mut self) {
        let place = self.place;
        let mut tags: Vec<(String, Option<&str>)> = Vec::new();
        for (number, vault) in place.vaults.iter().enumerate() {
            tags.push((self.backup_arn(&format!("backup-vault:v{number}")), vault.tags));
            for (index, point) in vault.points.iter().enumerate() {
                tags.push((self.point_arn(number, index, point), point.tags));
            }
        }
        for (number, plan) in place.plans.iter().enumerate() {
            let arn = self.backup_arn(&format!("backup-plan:{}", self.plan_id(number)));
            tags.push((arn, plan.tags));
        }
        if place.list_tags {
            for (arn, value) in tags.iter().filter(|(arn, _)| arn.contains(":backup:")) {
                let known = value.map_or(json!({}), |it| json!({ "env": it }));
                self.book.call(
                    "backup.list-tags",
                    json!({ "ResourceArn": arn }),
                    Ok(json!({ "Tags": known })),
                );
            }
        }
        for (number, resource) in place.resources.iter().enumerate() {
            tags.push((self.world.arn((self.index, number)), resource.tags));
        }
        let tagged = tags.into_iter().filter_map(|(arn, value)| {
            Some(json!({ "ResourceARN": arn, "Tags": [{ "Key": "env", "Value": value? }] }))
        });
        let items = tagged.collect();
        let operation = "resourcegroupstaggingapi.get-resources";
        self.book.list(operation, json!({}), "ResourceTagMappingList", items, place.tag_list);
    }
}
