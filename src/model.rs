//! The words every other module uses: accounts, Regions, ARNs, resource types, times, answers.
//!
//! Parsing and printing only; what a word means for compliance is decided elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod arn;
mod range;
mod resource_type;
mod time;

pub use arn::Arn;
pub use range::{greatest, is_possible};
pub use resource_type::ResourceType;
pub use time::{Time, TimeError, whole_days, whole_hours};

/// A 12-digit AWS account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

/// A text that is not a 12-digit account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an account id; an account id is 12 digits")]
pub struct AccountIdError(String);

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Self(number)),
            _ => Err(AccountIdError(text.chars().take(64).collect())),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A Region code such as `eu-west-1`, or `global` for what is not regional.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Region(std::sync::Arc<str>);

/// Partitions by how their Region codes begin, longest first.
const PARTITIONS: [(&str, &str); 6] = [
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-iso-", "aws-iso"),
    ("us-gov-", "aws-us-gov"),
    ("cn-", "aws-cn"),
];

/// A text that is neither a Region code nor `global`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Region; expected a code such as `eu-west-1`, or `global`")]
pub struct RegionError(String);

impl Region {
    /// Where calls that are not regional are recorded.
    pub const GLOBAL: &'static str = "global";

    /// What is not regional.
    pub fn global() -> Self {
        Self(Self::GLOBAL.into())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition its ARNs are in (AWS General Reference, ARN format).
    pub fn partition(&self) -> &'static str {
        let begins = |prefix: &&(&str, &str)| self.0.starts_with(prefix.0);
        PARTITIONS.iter().find(begins).map_or("aws", |(_, partition)| partition)
    }

    /// Whether this stands for what is not regional.
    pub fn is_global(&self) -> bool {
        &*self.0 == Self::GLOBAL
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::GLOBAL || is_region_code(text) {
            Ok(Self(text.into()))
        } else {
            Err(RegionError(text.chars().take(64).collect()))
        }
    }
}

/// Words of lower-case letters joined by hyphens, then a number: `us-gov-west-1`.
fn is_region_code(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    text.len() <= 32
        && words.contains('-')
        && words.split('-').all(word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One account in one Region: the unit in which AWS answers and backproof judges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The Region, or `global`.
    pub region: Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// The four answers; the words are AWS Config's compliance types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// In scope, and nothing forbids it.
    Compliant,
    /// In scope, and at least one policy forbids it.
    NonCompliant,
    /// Out of the control's scope.
    NotApplicable,
    /// A fact that decides could not be learned.
    InsufficientData,
}

impl Answer {
    /// All answers, in the order in which totals are printed.
    pub const ALL: [Self; 4] =
        [Self::Compliant, Self::NonCompliant, Self::NotApplicable, Self::InsufficientData];

    /// The word as AWS Config spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "COMPLIANT",
            Self::NonCompliant => "NON_COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a failed control matters, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth planning for.
    Medium,
    /// Worth interrupting the day for.
    High,
    /// Worth waking somebody for.
    Critical,
}

impl Severity {
    /// The word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is not a severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity; allowed are critical, high, medium, low")]
pub struct SeverityError(String);

impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            "critical" => Ok(Self::Critical),
            other => Err(SeverityError(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_digits_and_keep_leading_zeros() {
        for (text, good) in [
            ("111122223333", true),
            ("000000000001", true),
            ("11112222333", false),
            ("1111222233334", false),
            ("11112222333x", false),
            ("+11112222333", false),
            ("", false),
        ] {
            let parsed = text.parse::<AccountId>();
            assert_eq!(parsed.is_ok(), good, "{text}");
            if let Ok(id) = parsed {
                assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn region_codes_are_recognized() {
        for (text, good) in [
            ("eu-west-1", true),
            ("us-gov-west-1", true),
            ("us-isob-east-1", true),
            ("global", true),
            ("eu-west", false),
            ("EU-WEST-1", false),
            ("eu-west-1a", false),
            ("../eu-west-1", false),
            ("", false),
            ("-1", false),
        ] {
            assert_eq!(text.parse::<Region>().is_ok(), good, "{text}");
        }
    }
}
