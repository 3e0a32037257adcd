//! What is asked of AWS: every operation with where it is asked, of what, and with which parameters.
//!
//! Knows the AWS Backup API's dependencies (plans before their selections) and page sizes, and which operations a
//! framework reads. Asks nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::control::{Control, Read, Root};
use crate::framework::Framework;
use crate::inventory::Operation;
use crate::model::ResourceType;
use crate::vocabulary::{Type, Vocabulary};

/// Where an operation is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every Region of every account.
    Region,
    /// Once for every account; recorded under `global`.
    Account,
    /// Once, of the account that asks for the organization; recorded under its `global`.
    Organization,
}

/// A parameter that is always the same.
#[derive(Clone, Copy, Debug)]
enum Given {
    Number(i64),
    Text(&'static str),
    /// The first day of the window of jobs.
    Since,
    /// RDS's filter for the clusters of one engine.
    Engine(&'static str),
    True,
}

/// One operation, and how it is asked.
#[derive(Debug)]
pub struct Question {
    /// As the AWS CLI spells it.
    pub name: &'static str,
    /// Where it is asked.
    pub scope: Scope,
    /// Operations whose answers name what this one is asked of; empty if it is asked of nothing in particular.
    pub of: &'static [&'static str],
    given: &'static [(&'static str, Given)],
    /// IAM actions it needs beside the operation's own.
    also: &'static [&'static str],
}

/// Under this an answer names an account that can be asked.
pub const ACCOUNT: &str = "an account";
/// Under this an answer names an account that is suspended or closed.
pub const SUSPENDED_ACCOUNT: &str = "a suspended account";
/// Under this an answer names the organization's management account.
pub const MANAGEMENT_ACCOUNT: &str = "the management account";
/// Under this an answer names a Region that the account may use.
pub const ENABLED_REGION: &str = "an enabled Region";
/// Under this an answer names a Region that the account may not use.
pub const OTHER_REGION: &str = "another Region";
/// Under this an answer names a key that KMS can rotate.
pub const ROTATING_KEY: &str = "a key that rotates";

/// What an operation is asked of, by parameter: a vault, a plan and one of its selections.
pub type Subject = Vec<(&'static str, String)>;

const fn in_region(name: &'static str, given: &'static [(&'static str, Given)]) -> Question {
    Question { name, scope: Scope::Region, of: &[], given, also: &[] }
}

const fn each(name: &'static str, of: &'static [&'static str]) -> Question {
    Question { name, scope: Scope::Region, of, given: &[], also: &[] }
}

const fn paged_each(
    name: &'static str,
    of: &'static [&'static str],
    given: &'static [(&'static str, Given)],
) -> Question {
    Question { name, scope: Scope::Region, of, given, also: &[] }
}

const fn once(
    name: &'static str,
    of: &'static [&'static str],
    given: &'static [(&'static str, Given)],
) -> Question {
    Question { name, scope: Scope::Organization, of, given, also: &[] }
}

const fn of_account(name: &'static str, given: &'static [(&'static str, Given)]) -> Question {
    Question { name, scope: Scope::Account, of: &[], given, also: &[] }
}

/// The largest page of most lists of AWS Backup (its API Reference, `MaxResults`).
const THOUSAND: &[(&str, Given)] = &[("MaxResults", Given::Number(1000))];
const HUNDRED: &[(&str, Given)] = &[("MaxResults", Given::Number(100))];
const HUNDRED_LOWER: &[(&str, Given)] = &[("maxResults", Given::Number(100))];
const HUNDRED_RECORDS: &[(&str, Given)] = &[("MaxRecords", Given::Number(100))];
/// The largest page of Organizations (its API Reference, `MaxResults`).
const TWENTY: &[(&str, Given)] = &[("MaxResults", Given::Number(20))];
const JOBS: &[(&str, Given)] = &[("ByCreatedAfter", Given::Since), ("MaxResults", Given::Number(1000))];

const VAULTS: &[&str] = &["backup.list-backup-vaults"];
const PLANS: &[&str] = &["backup.list-backup-plans"];
const UNITS: &[&str] = &["organizations.list-roots", "organizations.list-organizational-units-for-parent"];
const POLICIES: &[&str] = &["organizations.list-policies"];

/// All that is asked, in the order in which it begins.
pub static QUESTIONS: &[Question] = &[
    once("organizations.list-accounts", &[], TWENTY),
    once("organizations.list-roots", &[], TWENTY),
    once("organizations.list-organizational-units-for-parent", UNITS, TWENTY),
    once("organizations.list-accounts-for-parent", UNITS, TWENTY),
    once(
        "organizations.list-policies",
        &[],
        &[("Filter", Given::Text("BACKUP_POLICY")), ("MaxResults", Given::Number(20))],
    ),
    once("organizations.describe-policy", POLICIES, &[]),
    once("organizations.list-targets-for-policy", POLICIES, TWENTY),
    of_account("organizations.describe-organization", &[]),
    of_account("organizations.describe-effective-policy", &[("PolicyType", Given::Text("BACKUP_POLICY"))]),
    of_account("ec2.describe-regions", &[("AllRegions", Given::True)]),
    of_account("s3api.list-buckets", &[("MaxBuckets", Given::Number(10_000))]),
    of_account("backup.describe-global-settings", &[]),
    in_region("backup.get-supported-resource-types", &[]),
    in_region("backup.describe-region-settings", &[]),
    in_region("backup.list-backup-vaults", THOUSAND),
    each("backup.get-backup-vault-access-policy", VAULTS),
    each("backup.get-backup-vault-notifications", VAULTS),
    paged_each("backup.list-recovery-points-by-backup-vault", VAULTS, THOUSAND),
    in_region("backup.list-backup-plans", THOUSAND),
    each("backup.get-backup-plan", PLANS),
    paged_each("backup.list-backup-selections", PLANS, THOUSAND),
    each("backup.get-backup-selection", &["backup.list-backup-selections"]),
    in_region("backup.list-protected-resources", THOUSAND),
    each("backup.describe-protected-resource", &["backup.list-protected-resources"]),
    in_region("backup.list-backup-jobs", JOBS),
    in_region("backup.list-copy-jobs", JOBS),
    in_region("backup.list-restore-jobs", JOBS),
    in_region("backup.list-legal-holds", THOUSAND),
    each("backup.get-legal-hold", &["backup.list-legal-holds"]),
    in_region("backup.list-restore-testing-plans", THOUSAND),
    each("backup.get-restore-testing-plan", &["backup.list-restore-testing-plans"]),
    paged_each("backup.list-restore-testing-selections", &["backup.list-restore-testing-plans"], THOUSAND),
    each("backup.get-restore-testing-selection", &["backup.list-restore-testing-selections"]),
    in_region("backup.list-frameworks", THOUSAND),
    each("backup.describe-framework", &["backup.list-frameworks"]),
    in_region("backup.list-report-plans", THOUSAND),
    in_region("resourcegroupstaggingapi.get-resources", &[("ResourcesPerPage", Given::Number(100))]),
    each("kms.describe-key", &["backup.list-backup-vaults", "backup.list-recovery-points-by-backup-vault"]),
    each("kms.get-key-rotation-status", &["kms.describe-key"]),
    in_region("cloudtrail.describe-trails", &[]),
    each("cloudtrail.get-trail-status", &["cloudtrail.describe-trails"]),
    in_region("backup-gateway.list-virtual-machines", HUNDRED),
    in_region("cloudformation.list-stacks", &[]),
    in_region(
        "docdb.describe-db-clusters",
        &[("Filters", Given::Engine("docdb")), ("MaxRecords", Given::Number(100))],
    ),
    in_region("dsql.list-clusters", HUNDRED_LOWER),
    in_region("dynamodb.list-tables", &[("Limit", Given::Number(100))]),
    in_region("ec2.describe-instances", &[("MaxResults", Given::Number(1000))]),
    in_region("ec2.describe-volumes", &[("MaxResults", Given::Number(1000))]),
    in_region("efs.describe-file-systems", &[("MaxItems", Given::Number(100))]),
    in_region("eks.list-clusters", HUNDRED_LOWER),
    in_region("fsx.describe-file-systems", HUNDRED),
    in_region("fsx.describe-volumes", HUNDRED),
    in_region(
        "neptune.describe-db-clusters",
        &[("Filters", Given::Engine("neptune")), ("MaxRecords", Given::Number(100))],
    ),
    in_region("rds.describe-db-clusters", HUNDRED_RECORDS),
    in_region("rds.describe-db-instances", HUNDRED_RECORDS),
    in_region("redshift-serverless.list-namespaces", HUNDRED_LOWER),
    in_region("redshift.describe-clusters", HUNDRED_RECORDS),
    in_region("ssm-sap.list-databases", &[("MaxResults", Given::Number(50))]),
    in_region("storagegateway.list-volumes", &[("Limit", Given::Number(100))]),
    // Timestream's SDK asks for the endpoint first.
    Question {
        also: &["timestream:DescribeEndpoints"],
        ..in_region("timestream-write.list-tables", &[("MaxResults", Given::Number(20))])
    },
];

/// AWS's codes for "there is none", by operation: an answer, not a failure.
const NONE: [(&str, &str); 9] = [
    // Outside an organization (AWS Backup API Reference, DescribeGlobalSettings).
    ("backup.describe-global-settings", "InvalidRequestException"),
    ("backup.get-backup-vault-access-policy", "ResourceNotFoundException"),
    ("backup.get-backup-vault-notifications", "ResourceNotFoundException"),
    ("kms.describe-key", "NotFoundException"),
    ("kms.get-key-rotation-status", "UnsupportedOperationException"),
    ("organizations.describe-effective-policy", "AWSOrganizationsNotInUseException"),
    ("organizations.describe-effective-policy", "EffectivePolicyNotFoundException"),
    ("organizations.describe-organization", "AWSOrganizationsNotInUseException"),
    ("organizations.list-policies", "PolicyTypeNotEnabledException"),
];

/// Whether an error says that there is none of what was asked for.
pub fn says_none(operation: &str, code: &str) -> bool {
    NONE.contains(&(operation, code))
}

impl Question {
    /// The operation.
    pub fn operation(&self) -> Option<&'static Operation> {
        Operation::named(self.name)
    }

    /// The IAM actions it needs.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.operation().map(|it| it.action).into_iter().chain(self.also.iter().copied())
    }

    /// The request for its first page, in the API's own names; `since` is the first day of the window of jobs.
    pub fn request(&self, subject: &Subject, since: Date) -> Map<String, Value> {
        let mut request: Map<String, Value> =
            subject.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        for (name, given) in self.given {
            let value = match given {
                Given::Number(number) => json!(number),
                Given::Text(text) => json!(text),
                Given::True => json!(true),
                Given::Since => json!(format!("{since}T00:00:00Z")),
                Given::Engine(engine) => json!([{ "Name": "engine", "Values": [engine] }]),
            };
            request.insert((*name).to_owned(), value);
        }
        request
    }

    /// Under which name other answers name what this one is asked of.
    fn named_as(&self) -> Option<&'static str> {
        if self.name == "kms.get-key-rotation-status" {
            return Some(ROTATING_KEY);
        }
        self.operation()?.subject.last().copied()
    }

    /// What an answer to another operation, asked of `parent`, gives this one to be asked of; `found` is what it names.
    pub fn subject(&self, parent: &Subject, found: (&str, &str)) -> Option<Subject> {
        let parameters = self.operation()?.subject;
        let (last, before) = parameters.split_last()?;
        if self.named_as() != Some(found.0) {
            return None;
        }
        let inherited = before.iter().map(|name| parent.iter().find(|(it, _)| it == name).cloned());
        let mut subject: Subject = inherited.collect::<Option<_>>()?;
        subject.push((last, found.1.to_owned()));
        Some(subject)
    }

    /// Whether this lists resources of none but types that AWS Backup does not support in the Region.
    pub fn is_of_unsupported(&self, supported: &BTreeSet<ResourceType>) -> bool {
        let lists = self.operation().map_or(&[][..], |it| it.lists);
        let is_supported = |name: &&'static str| {
            ResourceType::from_cloudformation(name).is_none_or(|it| supported.contains(&it))
        };
        !lists.is_empty() && !lists.iter().any(is_supported)
    }
}

/// What coverage, linking and listing read whatever the control.
const ALWAYS: [&str; 2] = ["organizations.describe-organization", "backup.get-supported-resource-types"];

/// What says which selections cover a resource, and with which plan.
const COVERING: [&str; 7] = [
    "backup.describe-region-settings",
    "backup.get-backup-plan",
    "backup.get-backup-selection",
    "backup.list-backup-plans",
    "backup.list-backup-selections",
    "backup.list-restore-testing-plans",
    "resourcegroupstaggingapi.get-resources",
];

/// The operations that these frameworks read, and those whose answers name what they are asked of.
pub fn needed_by(frameworks: &[Framework], vocabulary: &Vocabulary) -> BTreeSet<&'static str> {
    let mut names: BTreeSet<&'static str> = ALWAYS.into();
    for chosen in frameworks.iter().flat_map(|it| &it.controls) {
        let types = chosen.control.resources.iter().filter(|it| chosen.scope.has_type(it));
        for name in types.chain(&chosen.control.evidence) {
            names.extend(listing_of(name));
        }
        if chosen.scope.tag.is_some() {
            names.insert("resourcegroupstaggingapi.get-resources");
        }
        names.extend(read_by(&chosen.control, vocabulary));
    }
    loop {
        let asked = QUESTIONS.iter().filter(|it| names.contains(it.name));
        let parents: Vec<&str> = asked.flat_map(|it| it.of.iter().copied()).collect();
        // A key is asked about only if something reads keys; one of the lists that name it is enough.
        let before = names.len();
        names.extend(parents);
        if names.len() == before {
            return names;
        }
    }
}

/// The operations that list things of a type, or link them to what they are evidence for.
fn listing_of(type_name: &str) -> Vec<&'static str> {
    use crate::facts::types;
    let mut names = match type_name {
        types::ACCOUNT | types::UNIT => Vec::new(),
        types::BACKUP_PLAN => vec!["backup.list-backup-plans"],
        types::BACKUP_RULE | types::COPY_ACTION | types::BACKUP_SELECTION => COVERING.to_vec(),
        types::BACKUP_VAULT => vec!["backup.list-backup-vaults"],
        types::RECOVERY_POINT => {
            vec!["backup.list-backup-vaults", "backup.list-recovery-points-by-backup-vault"]
        }
        types::BACKUP_JOB => vec!["backup.list-backup-jobs"],
        types::COPY_JOB => vec!["backup.list-copy-jobs"],
        types::RESTORE_JOB => vec!["backup.list-restore-jobs"],
        // A resource is known from its service's list, from its tags and from what AWS Backup has protected.
        _ => vec!["backup.list-protected-resources", "resourcegroupstaggingapi.get-resources"],
    };
    names.extend(Operation::listing(type_name).map(|it| it.name));
    names
}

/// The operations that tell the facts a control's policies look at.
fn read_by(control: &Control, vocabulary: &Vocabulary) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for read in control.policies.iter().flat_map(|it| &it.reads) {
        let (root, path) = match read {
            Read::Fact(root, path) => (root, path),
            Read::Tags(root, path) => {
                names.insert("resourcegroupstaggingapi.get-resources");
                (root, path)
            }
            Read::Units(root, path) => {
                names.extend(["organizations.list-roots", "organizations.list-accounts-for-parent"]);
                names.insert("organizations.list-organizational-units-for-parent");
                (root, path)
            }
        };
        let types = match root {
            Root::Principal => control.evidence.iter(),
            Root::Resource => control.resources.iter(),
        };
        for name in types.map(String::as_str).chain([crate::facts::types::ACCOUNT]) {
            add_sources(&mut names, vocabulary, name, path);
        }
    }
    names
}

/// The operations that tell the attributes on the way along a path.
fn add_sources(
    names: &mut BTreeSet<&'static str>,
    vocabulary: &Vocabulary,
    type_name: &str,
    path: &[String],
) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let Some(attribute) = vocabulary.entity_type(type_name).and_then(|it| it.attributes.get(first)) else {
        return;
    };
    names.extend(Operation::allowed_by(&attribute.action).map(|it| it.name));
    if let Type::Entity(next) = &attribute.value {
        names.extend(listing_of(next));
        add_sources(names, vocabulary, next, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_an_operation_that_is_read_and_asked_of_what_another_names() {
        let mut names = BTreeSet::new();
        for question in QUESTIONS {
            let operation = question.operation().unwrap();
            assert!(names.insert(question.name), "{} is asked twice", question.name);
            let given = question.given.iter().any(|(name, _)| operation.subject.contains(name));
            assert_eq!(question.of.is_empty(), operation.subject.is_empty() || given, "{}", question.name);
            for of in question.of {
                assert!(QUESTIONS.iter().any(|it| it.name == *of), "{of}");
            }
        }
    }
}
