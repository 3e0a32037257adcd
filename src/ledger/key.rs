//! What a violation is told apart by, and the short name people call it by.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::control::hexadecimal;
use crate::evaluate::Finding;
use crate::model::Place;

/// Where something is looked for: one control of one framework in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The framework's name.
    pub framework: String,
    /// The control's name.
    pub control: String,
    /// The account and Region.
    pub place: Place,
}

/// What a finding is about; no two findings of a run have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Where it was looked for.
    pub scope: Scope,
    /// The resource's type, in CloudFormation's names.
    pub resource_type: String,
    /// The resource's ARN or id.
    pub resource: String,
}

impl Key {
    /// The key of a finding.
    pub fn of(finding: &Finding<'_>) -> Self {
        Self {
            scope: Scope {
                framework: finding.framework.name.clone(),
                control: finding.chosen.control.name.clone(),
                place: finding.place.clone(),
            },
            resource_type: finding.resource.type_name.to_string(),
            resource: finding.resource.id.to_string(),
        }
    }

    /// The id, which is the same in every ledger.
    pub fn id(&self) -> Id {
        let Scope { framework, control, place } = &self.scope;
        let (account, region) = (place.account.to_string(), place.region.as_str());
        let mut hasher = Sha256::new();
        for part in [framework, control, &account, region, &self.resource_type, &self.resource] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Id(hexadecimal(&hasher.finalize()))
    }
}

/// SHA-256 over a key, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// How many digits people are shown; any number that is unique in the ledger names a violation.
    pub const SHORT: usize = 12;

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits.
    pub fn short(&self) -> &str {
        self.0.get(..Self::SHORT).unwrap_or(&self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.short())
    }
}
