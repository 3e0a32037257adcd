//! What a run costs at list prices, and what AWS Backup Audit Manager would charge for the same evaluations.
//!
//! An estimate from the run's own counts: the list prices of one Region, us-east-1, without free tiers, discounts, logs,
//! keys, alarms and data transfer. Configuration items of AWS Config, which Audit Manager needs and backproof
//! does not, are left out: a run cannot know how many changes were recorded.

use std::fmt;

use serde::Serialize;

/// Dollars for a GB-second on x86; Arm costs a fifth less (<https://aws.amazon.com/lambda/pricing/>).
pub const LAMBDA_GB_SECOND: f64 = 0.000_016_666_7;
/// Dollars for an invocation (<https://aws.amazon.com/lambda/pricing/>).
pub const LAMBDA_REQUEST: f64 = 0.20 / 1e6;
/// Dollars for a PUT, COPY, POST or LIST to S3 Standard (<https://aws.amazon.com/s3/pricing/>).
pub const S3_PUT: f64 = 0.005 / 1e3;
/// Dollars for a GET from S3 Standard (<https://aws.amazon.com/s3/pricing/>).
pub const S3_GET: f64 = 0.000_4 / 1e3;
/// Dollars for a GiB in S3 Standard for a month (<https://aws.amazon.com/s3/pricing/>).
pub const S3_GIB_MONTH: f64 = 0.023;
/// Dollars for a state transition of a standard workflow (<https://aws.amazon.com/step-functions/pricing/>).
pub const STATE_TRANSITION: f64 = 0.025 / 1e3;
/// Dollars for a read request unit, on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
pub const DYNAMODB_READ: f64 = 0.125 / 1e6;
/// Dollars for a write request unit, on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
pub const DYNAMODB_WRITE: f64 = 0.625 / 1e6;
/// Dollars for a publish to a standard topic (<https://aws.amazon.com/sns/pricing/>).
pub const SNS_PUBLISH: f64 = 0.50 / 1e6;
/// Dollars for an evaluation of one resource by one control, as users quote it for us-east-1;
/// AWS prints it by Region, under Audit Manager (<https://aws.amazon.com/backup/pricing/>).
pub const AUDIT_MANAGER_EVALUATION: f64 = 1.25 / 1e3;

/// The controls of AWS Backup Audit Manager (AWS Backup Developer Guide, "AWS Backup Audit Manager controls and remediation").
pub const CONTROLS_OF_AWS: [&str; 11] = [
    "BACKUP_LAST_RECOVERY_POINT_CREATED",
    "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
    "BACKUP_RECOVERY_POINT_ENCRYPTED",
    "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
    "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT",
    "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET",
];

/// What a run used, as it counted itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Calls that describe and list; AWS does not charge for them.
    pub api_calls: u64,
    /// Each function's use.
    pub lambda: Vec<LambdaUse>,
    /// PUT, COPY, POST and LIST requests to S3.
    pub s3_puts: u64,
    /// GET requests to S3.
    pub s3_gets: u64,
    /// Bytes that stay in S3, priced for one month.
    pub s3_bytes_stored: u64,
    /// State transitions, retries included.
    pub state_transitions: u64,
    /// Read request units.
    pub dynamodb_reads: u64,
    /// Write request units.
    pub dynamodb_writes: u64,
    /// Publishes to the topic.
    pub sns_publishes: u64,
}

/// What one function used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LambdaUse {
    /// Memory in GB times billed seconds, over all invocations.
    pub gb_seconds: f64,
    /// Invocations.
    pub requests: u64,
}

/// What a run costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    basis: &'static str,
    currency: &'static str,
    /// All parts together, in dollars.
    pub dollars: f64,
    /// Each part.
    pub parts: Vec<Part>,
    /// What AWS would charge for the same.
    pub replaces: Replaced,
}

/// One part of what a run costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// What was used.
    pub what: &'static str,
    /// How much of it.
    pub count: f64,
    /// Dollars for one of it.
    pub price: f64,
    /// Dollars for all of it.
    pub dollars: f64,
}

/// The evaluations of AWS Backup Audit Manager that a run stands for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replaced {
    /// Resources decided by AWS's controls, each once for each control.
    pub audit_manager_evaluations: u64,
    /// Dollars for one.
    pub price: f64,
    /// Dollars for all.
    pub dollars: f64,
}

impl Cost {
    /// What a run with these counts costs, which made so many evaluations that AWS's controls would make.
    pub fn of(counts: &Counts, evaluations: u64) -> Self {
        let gb_seconds: f64 = counts.lambda.iter().map(|it| it.gb_seconds).sum();
        let requests: u64 = counts.lambda.iter().map(|it| it.requests).sum();
        let parts = [
            ("API calls", counts.api_calls as f64, 0.0),
            ("Lambda GB-seconds", gb_seconds, LAMBDA_GB_SECOND),
            ("Lambda requests", requests as f64, LAMBDA_REQUEST),
            ("S3 PUT, COPY, POST and LIST requests", counts.s3_puts as f64, S3_PUT),
            ("S3 GET requests", counts.s3_gets as f64, S3_GET),
            ("S3 GiB-months", counts.s3_bytes_stored as f64 / f64::from(1 << 30), S3_GIB_MONTH),
            ("Step Functions state transitions", counts.state_transitions as f64, STATE_TRANSITION),
            ("DynamoDB read request units", counts.dynamodb_reads as f64, DYNAMODB_READ),
            ("DynamoDB write request units", counts.dynamodb_writes as f64, DYNAMODB_WRITE),
            ("SNS publishes", counts.sns_publishes as f64, SNS_PUBLISH),
        ];
        let sum: f64 = parts.iter().map(|(_, count, price)| count * price).sum();
        let used = parts.iter().filter(|(_, count, _)| *count != 0.0);
        let part = |(what, count, price): &(&'static str, f64, f64)| Part {
            what,
            count: rounded(*count),
            price: *price,
            dollars: rounded(count * price),
        };
        Self {
            basis: "an estimate at the list prices of us-east-1, without free tiers, discounts, logs, keys and data transfer",
            currency: "USD",
            dollars: rounded(sum),
            parts: used.map(part).collect(),
            replaces: Replaced {
                audit_manager_evaluations: evaluations,
                price: AUDIT_MANAGER_EVALUATION,
                dollars: rounded(evaluations as f64 * AUDIT_MANAGER_EVALUATION),
            },
        }
    }
}

/// To a millionth, so that the same counts are the same text on every machine.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// One sentence for people.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dollars, replaces, .. } = self;
        write!(
            f,
            "This run cost about ${dollars:.4} (an estimate at the list prices of us-east-1); \
             AWS Backup Audit Manager would charge about ${:.4} for its {} evaluations.",
            replaces.dollars, replaces.audit_manager_evaluations
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: &Counts, evaluations: u64, expected: (f64, f64)) {
        let cost = Cost::of(counts, evaluations);
        assert_eq!((cost.dollars, cost.replaces.dollars), expected, "{counts:?}");
        let parts: f64 = cost.parts.iter().map(|it| it.dollars).sum();
        assert!((parts - cost.dollars).abs() < 1e-5, "{cost:?}");
        assert!(cost.parts.iter().all(|it| it.count > 0.0), "{cost:?}");
    }

    #[test]
    fn counts_times_list_prices_are_dollars() {
        let none = Counts::default();
        let lambda = |gb_seconds, requests| vec![LambdaUse { gb_seconds, requests }];
        for (counts, evaluations, expected) in [
            (none.clone(), 0, (0.0, 0.0)),
            (none.clone(), 1_000, (0.0, 1.25)),
            (Counts { api_calls: 1_000_000, ..none.clone() }, 1, (0.0, 0.00125)),
            (Counts { lambda: lambda(1e6, 0), ..none.clone() }, 0, (16.6667, 0.0)),
            (Counts { lambda: lambda(0.0, 1_000_000), ..none.clone() }, 0, (0.2, 0.0)),
            (
                Counts { lambda: [lambda(3e5, 1), lambda(3e5, 1)].concat(), ..none.clone() },
                0,
                (10.00002, 0.0),
            ),
            (Counts { s3_puts: 1_000, ..none.clone() }, 0, (0.005, 0.0)),
            (Counts { s3_gets: 1_000_000, ..none.clone() }, 0, (0.4, 0.0)),
            (Counts { s3_bytes_stored: 100 << 30, ..none.clone() }, 0, (2.3, 0.0)),
            (Counts { state_transitions: 40_000, ..none.clone() }, 0, (1.0, 0.0)),
            (Counts { dynamodb_reads: 1_000_000, ..none.clone() }, 0, (0.125, 0.0)),
            (Counts { dynamodb_writes: 1_000_000, ..none.clone() }, 0, (0.625, 0.0)),
            (Counts { sns_publishes: 1_000_000, ..none.clone() }, 0, (0.5, 0.0)),
        ] {
            check(&counts, evaluations, expected);
        }
    }

    #[test]
    fn people_and_programs_are_told_the_same() {
        let counts = Counts { s3_puts: 1_000, api_calls: 7, ..Counts::default() };
        let cost = Cost::of(&counts, 914);
        assert_eq!(
            cost.to_string(),
            "This run cost about $0.0050 (an estimate at the list prices of us-east-1); \
             AWS Backup Audit Manager would charge about $1.1425 for its 914 evaluations."
        );
        let json = serde_json::to_value(&cost).unwrap();
        assert_eq!(json["dollars"], 0.005);
        assert_eq!(json["parts"][0]["what"], "API calls");
        assert_eq!(json["replaces"]["auditManagerEvaluations"], 914);
        assert_eq!(json["replaces"]["dollars"], 1.1425);
        assert!(json["basis"].as_str().unwrap().starts_with("an estimate"));
    }
}
