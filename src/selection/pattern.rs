//! ARN patterns of `Resources` and `NotResources`: what they match and whether they name a resource type.
//!
//! Patterns are compared as text, so a `*` may run across colons. Region and account of the resource are not looked at
//! here: a bucket's ARN has neither.

use std::sync::Arc;

use super::problem::SelectionProblem;
use super::wildcard::{LONGEST, Wildcard, only_stars};

/// How far a pattern overrides the service opt-in (AWS Backup guide, "Filter by services or resource types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Names at most a service, so the opt-in decides.
    Service,
    /// Names a resource type or a resource, which overrides the opt-in unless services share the ARN's shape.
    Type,
    /// The guide does not say, for example `arn:aws:ec2:*:*:inst*`.
    Unclear,
}

/// An ARN pattern as written, and compiled if it can be read.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) text: Arc<str>,
    pub(super) reading: Result<Reading, Box<SelectionProblem>>,
}

/// A pattern that could be read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) wildcard: Wildcard,
    pub(super) reach: Reach,
    /// Whether part of a resource's own name is given, so that few resources match.
    pub(super) narrow: bool,
}

impl Pattern {
    /// Reads a pattern of a selection that lives in `account` and `region`, noting what is odd about it.
    pub(super) fn new(text: &str, account: &str, region: &str, problems: &mut Vec<SelectionProblem>) -> Self {
        let shared: Arc<str> = text.into();
        let reading = match unreadable(&shared) {
            Some(problem) => {
                problems.push(problem.clone());
                Err(Box::new(problem))
            }
            None => {
                note_oddities(&shared, account, region, problems);
                Ok(Reading {
                    wildcard: Wildcard::of_arn(text, &fill_empty_fields(text)),
                    reach: reach_of(text),
                    narrow: gives_a_name(text),
                })
            }
        };
        Self { text: shared, reading }
    }

    /// The service the pattern names, if it names one.
    pub(super) fn service(&self) -> Option<&str> {
        service_of(&self.text).filter(|service| !is_wild(service))
    }
}

/// The service field of an ARN.
pub(super) fn service_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(2).filter(|service| !service.is_empty())
}

/// Whether several AWS Backup services use this ARN's shape, so that each needs its own opt-in.
///
/// Clusters of Aurora, RDS, Neptune and DocumentDB are all `arn:aws:rds:*:*:cluster:*`, and the FSx kinds are all
/// `arn:aws:fsx:*` (AWS Backup guide, "Shared resource types"). FSx volumes are counted in: the guide names file systems
/// only, and asking for the opt-in is the stricter reading.
pub(super) fn shares_its_shape(arn: &str) -> bool {
    match service_of(arn) {
        Some("rds") => arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("cluster:")),
        Some("fsx") => true,
        _ => false,
    }
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn unreadable(text: &Arc<str>) -> Option<SelectionProblem> {
    if text.len() > LONGEST {
        return Some(SelectionProblem::TooLong { bytes: text.len() });
    }
    // The last two are those of AWS Organizations backup policies.
    if ["${", "$account", "$region"].iter().any(|placeholder| text.contains(placeholder)) {
        return Some(SelectionProblem::Placeholder { text: text.clone() });
    }
    let head = text.split(['*', '?']).next().unwrap_or_default();
    let could_be_an_arn = if is_wild(text) {
        head.starts_with("arn:") || "arn:".starts_with(head)
    } else {
        text.starts_with("arn:") && text.splitn(6, ':').nth(5).is_some_and(|resource| !resource.is_empty())
    };
    (!could_be_an_arn).then(|| SelectionProblem::NotAnArn { pattern: text.clone() })
}

fn note_oddities(text: &Arc<str>, account: &str, region: &str, problems: &mut Vec<SelectionProblem>) {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let field = |at: usize| {
        let before = fields.get(..at)?;
        // A `*` further left may stand for whole fields unless all six are there.
        let certain =
            before.first() == Some(&"arn") && (fields.len() == 6 || !before.iter().any(|text| is_wild(text)));
        fields.get(at).copied().filter(|field| certain && !field.is_empty() && !is_wild(field))
    };
    if let Some(found) = field(1).filter(|found| *found != partition_of(region)) {
        problems.push(SelectionProblem::OtherPartition { pattern: text.clone(), partition: found.into() });
    }
    if let Some(found) = field(3).filter(|found| *found != region) {
        problems.push(SelectionProblem::OtherRegion { pattern: text.clone(), region: found.into() });
    }
    if let Some(found) = field(4) {
        if found.len() != 12 || !found.bytes().all(|byte| byte.is_ascii_digit()) {
            problems.push(SelectionProblem::NotAnAccount { pattern: text.clone(), account: found.into() });
        } else if found != account {
            problems.push(SelectionProblem::OtherAccount { pattern: text.clone(), account: found.into() });
        }
    }
    if *fill_empty_fields(text) != **text {
        problems.push(SelectionProblem::EmptyField { pattern: text.clone() });
    }
    if text.contains('?') {
        problems.push(SelectionProblem::QuestionMark { text: text.clone() });
    }
    let resource = fields.get(5).copied().unwrap_or_default();
    if resource.trim_end_matches('*').contains('*') {
        problems.push(SelectionProblem::StarBeforeText { pattern: text.clone() });
    }
}

/// The partition a Region belongs to (AWS General Reference, "Amazon Resource Names").
fn partition_of(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 8] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
        ("", "aws"),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// The pattern with `*` where Region or account are left empty, as the guide's prose writes `arn:aws:ec2:::instance/*`.
///
/// Bucket ARNs are left alone: theirs are empty by right.
fn fill_empty_fields(text: &str) -> String {
    let mut fields: Vec<&str> = text.splitn(6, ':').collect();
    if let [_, _, service, region, account, _] = fields.as_mut_slice()
        && *service != "s3"
    {
        for field in [region, account] {
            if field.is_empty() {
                *field = "*";
            }
        }
    }
    fields.join(":")
}

fn reach_of(text: &str) -> Reach {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    if let [_, _, service, _, _, resource] = fields.as_slice() {
        return match names_a_type(service, resource) {
            Some(false) => Reach::Service,
            Some(true) if !is_wild(service) => Reach::Type,
            _ => Reach::Unclear,
        };
    }
    // With fewer fields the last `*` stands for the rest; only one further left can hide a type in what follows it.
    let last_is_open = fields.last().is_some_and(|last| only_stars(last));
    if last_is_open || !is_wild(text.trim_end_matches('*')) { Reach::Service } else { Reach::Unclear }
}

/// Whether the resource part names a type; `None` where a wildcard cuts through the type's name.
fn names_a_type(service: &str, resource: &str) -> Option<bool> {
    let Some(wild) = resource.find(['*', '?']) else {
        return Some(true);
    };
    // A bucket's ARN has no type in it, and the guide counts S3 among the types that can be assigned by name.
    if service == "s3" {
        return Some(true);
    }
    if resource.find(['/', ':']).is_some_and(|separator| separator < wild) {
        return Some(true);
    }
    only_stars(resource).then_some(false)
}

/// Whether the pattern gives at least a part of a resource's own name.
fn gives_a_name(text: &str) -> bool {
    let Some(resource) = text.splitn(6, ':').nth(5) else {
        return false;
    };
    let name = resource.split_once(['/', ':']).map_or(resource, |(_, name)| name);
    name.contains(|character| !matches!(character, '*' | '?'))
}
