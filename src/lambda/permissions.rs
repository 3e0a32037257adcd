//! What each function calls itself, as IAM actions; the template allows just this.
//!
//! What collecting asks is `collect::question`'s.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::question::{QUESTIONS, Question, Scope};

/// What every function does with what is encrypted by the stack's key: objects, and what it is configured with.
const KEY: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];
/// What DynamoDB does with the key in the caller's name (DynamoDB Developer Guide, "Encryption at rest: usage notes").
const KEY_OF_THE_TABLE: [&str; 4] =
    ["kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

/// The ledger's calls. A transaction's puts are allowed as puts.
const LEDGER: [&str; 4] = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"];

/// The IAM actions of every function, by its handler.
pub fn permissions() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let asked = |scopes: &[Scope]| -> BTreeSet<&'static str> {
        QUESTIONS.iter().filter(|it| scopes.contains(&it.scope)).flat_map(Question::actions).collect()
    };
    let all =
        |parts: &[&[&'static str]]| parts.iter().flat_map(|it| it.iter().copied()).collect::<BTreeSet<_>>();
    let mut plan = asked(&[Scope::Organization, Scope::Account]);
    plan.extend(all(&[&["s3:GetObject", "s3:ListBucket", "s3:PutObject", "sts:AssumeRole"], &KEY]));
    let mut sweep = asked(&[Scope::Account, Scope::Region]);
    sweep.extend(all(&[
        &["s3:GetObject", "s3:ListBucket", "s3:PutObject", "sts:AssumeRole"],
        &["dynamodb:PutItem", "dynamodb:Query"],
        &KEY,
        &KEY_OF_THE_TABLE,
    ]));
    let publish = all(&[
        &["s3:GetObject", "s3:ListBucket", "s3:PutObject", "sns:Publish"],
        &LEDGER,
        &KEY,
        &KEY_OF_THE_TABLE,
    ]);
    let mut react = asked(&[Scope::Account, Scope::Region]);
    react.extend(all(&[
        // Lambda itself puts what failed for good into the queue, as the function.
        &["s3:GetObject", "s3:ListBucket", "sns:Publish", "sqs:SendMessage", "sts:AssumeRole"],
        &LEDGER,
        &KEY,
        &KEY_OF_THE_TABLE,
    ]));
    BTreeMap::from([("plan", plan), ("publish", publish), ("react", react), ("sweep", sweep)])
}
