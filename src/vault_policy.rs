//! What a backup vault's access policy allows and denies, by IAM semantics ("IAM JSON policy elements reference").
//!
//! Three questions: [`decide()`] one request, [`denied_to`] whom an action is denied, and who is [`open_to_outside`].
//! What the policy alone does not tell is an answer of its own; nothing is guessed. Other policies (identity,
//! organization, permissions boundary), Vault Lock and legal holds are not looked at.

mod arn;
mod caller_limit;
mod claim;
mod condition;
mod condition_key;
mod decide;
mod denial;
mod document;
mod extent;
mod json;
mod limit;
mod managed_rule;
mod operator;
mod outside;
mod pattern;
mod principal;
mod remark;
mod remarks;
mod request;
mod resource;
mod statement;
mod template;
mod truth;
mod value;

#[cfg(test)]
mod tests;

use json::Json;

pub use condition_key::PERMISSIONS_BOUNDARY;
pub use decide::{Decision, Outcome, PRINCIPAL, decide};
pub use denial::{Answer, Denial, DeniedTo, denied_to};
pub use limit::{Group, Limit};
pub use managed_rule::{MANUAL_DELETION_ACTIONS, managed_rule_agrees};
pub use outside::{OutsideCopy, Reach, open_to_outside};
pub use remark::{Remark, RemarkKind};
pub use request::{Context, Request};
pub use resource::RESOURCE;
pub use statement::{StatementRef, VaultPolicy};

/// Largest policy that is read, in bytes; AWS documents no limit for vault policies (`PutBackupVaultAccessPolicy`).
pub const MAX_POLICY_BYTES: usize = 131_072;

/// The actions whose denial protects a vault and what is in it.
pub const SENSITIVE_ACTIONS: [&str; 14] = [
    "backup:DeleteRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:DeleteBackupVault",
    "backup:DeleteBackupVaultNotifications",
    "backup:PutBackupVaultNotifications",
    "backup:DeleteBackupVaultLockConfiguration",
    "backup:PutBackupVaultLockConfiguration",
    "backup:DisassociateRecoveryPoint",
    "backup:StartCopyJob",
    "backup:StartRestoreJob",
    "backup:CopyFromBackupVault",
    "backup:CopyIntoBackupVault",
];

/// Why a policy or a request could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultPolicyError {
    /// Larger than is read.
    #[error("the policy has {bytes} bytes; at most {MAX_POLICY_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or nested too deeply to be a policy.
    #[error("the policy is not JSON: {reason}")]
    NotJson {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// JSON, but not an object.
    #[error("the policy is {kind}; allowed is an object")]
    NotAnObject {
        /// What it is.
        kind: &'static str,
    },
    /// Outside the grammar of policies; AWS would refuse all of it.
    #[error("AWS would refuse the policy: {}", sentences(problems))]
    Refused {
        /// Every problem found, one sentence each, in the policy's order.
        problems: Vec<String>,
    },
    /// Not someone who makes requests.
    #[error("the principal {reason}")]
    Principal {
        /// What is wrong with it and what is allowed.
        reason: String,
    },
    /// Not an action.
    #[error("`{text}` is not an action; allowed is `service:Action` without wildcards")]
    Action {
        /// As given.
        text: String,
    },
    /// Not a resource.
    #[error("`{text}` is not the ARN of a resource")]
    Resource {
        /// As given.
        text: String,
    },
    /// Not a statement about the context.
    #[error(
        "`{text}` is not a context key; allowed are `key=value` and `!key` for a key the request does not carry"
    )]
    Context {
        /// As given.
        text: String,
    },
}

/// At most this many sentences are put into one message.
const MAX_SENTENCES: usize = 20;

fn sentences(problems: &[String]) -> String {
    let mut text = problems.iter().take(MAX_SENTENCES).cloned().collect::<Vec<_>>().join("; ");
    if problems.len() > MAX_SENTENCES {
        text.push_str(&format!("; and {} more", problems.len() - MAX_SENTENCES));
    }
    text
}

/// Reads a policy as `GetBackupVaultAccessPolicy` returns it in `Policy`.
///
/// Also taken are the policy encoded once more as a JSON string, and the whole response with `Policy` in it.
pub fn parse(text: &str) -> Result<VaultPolicy, VaultPolicyError> {
    let members = match read_json(text)? {
        Json::Object(members) => members,
        Json::String(inner) => inner_members(&inner)?,
        other => return Err(VaultPolicyError::NotAnObject { kind: other.kind() }),
    };
    let is_response = !members.iter().any(|(name, _)| name == "Statement");
    let mut policies = members.iter().filter(|(name, _)| name == "Policy");
    let members = match (is_response, policies.next(), policies.next()) {
        (true, Some((_, Json::String(inner))), None) => inner_members(inner)?,
        _ => members,
    };
    document::read_policy(&members).map_err(|problems| VaultPolicyError::Refused { problems })
}

fn inner_members(text: &str) -> Result<Vec<(String, Json)>, VaultPolicyError> {
    match read_json(text)? {
        Json::Object(members) => Ok(members),
        other => Err(VaultPolicyError::NotAnObject { kind: other.kind() }),
    }
}

fn read_json(text: &str) -> Result<Json, VaultPolicyError> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(VaultPolicyError::TooLarge { bytes: text.len() });
    }
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| VaultPolicyError::NotJson { reason: error.to_string() })
}
