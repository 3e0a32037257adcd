//! A run: its id, what it is made of, and where its objects are.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::environment::Target;
use crate::collect::manifest::Skipped;
use crate::control::hexadecimal;
use crate::model::{AccountId, Place, Region};

/// A run's id: when it began, in UTC to the second, and eight digits of a digest of its execution's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

/// A text that is no run's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run; a run is named like 20260301T060000Z-1a2b3c4d")]
pub struct RunIdError(String);

impl RunId {
    /// The id of an execution: the same execution has the same.
    pub fn of(started_at: Timestamp, execution: &str) -> Self {
        let mut digest = hexadecimal(&Sha256::digest(execution));
        digest.truncate(8);
        let time = started_at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
        Self(format!("{time}-{digest}"))
    }

    /// The key of one of the run's objects.
    pub fn key(&self, name: &str) -> String {
        format!("runs/{}/{name}", self.0)
    }

    /// The key of what was collected of a unit.
    pub fn inventory(&self, place: &Place) -> String {
        self.key(&format!("inventory/{}/{}.tar.gz", place.account, place.region))
    }

    /// The unit that a key is the inventory of.
    pub fn unit_of(&self, key: &str) -> Option<Place> {
        let name = key.strip_prefix(&self.key("inventory/"))?.strip_suffix(".tar.gz")?;
        let (account, region) = name.split_once('/')?;
        Some(Place { account: account.parse().ok()?, region: region.parse().ok()? })
    }

    /// The key under which the state machine leaves why a unit failed.
    pub fn failure(&self, place: &Place) -> String {
        self.key(&format!("failures/{}/{}.json", place.account, place.region))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = "dddddddd_dddddd_-xxxxxxxx";
        let fits = |(is, shall): (u8, u8)| match shall {
            b'd' => is.is_ascii_digit(),
            b'x' => is.is_ascii_digit() || (b'a'..=b'f').contains(&is),
            b'_' => is == b'T' || is == b'Z',
            shall => is == shall,
        };
        if text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RunIdError(text.chars().take(64).collect()))
        }
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An account and Region that a run collects; an item of the state machine's map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The run.
    pub run: RunId,
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: String,
}

impl Unit {
    /// The unit of a place.
    pub fn of(run: &RunId, place: &Place) -> Self {
        Self { run: run.clone(), account: place.account, region: place.region.to_string() }
    }

    /// Its place; an error if its Region is none.
    pub fn place(&self) -> Result<Place, crate::model::RegionError> {
        let region: Region = self.region.parse()?;
        Ok(Place { account: self.account, region })
    }
}

/// `run.json`: what a run is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Its id.
    pub run: RunId,
    /// The version of backproof.
    pub version: String,
    /// When its execution began.
    pub started_at: Timestamp,
    /// The first day of its window of jobs.
    pub since: Date,
    /// The ARN of who asks.
    pub caller: String,
    /// What is swept, as it was written.
    pub sweep: Target,
    /// The names of its frameworks.
    pub frameworks: Vec<String>,
    /// The files of its custom controls and frameworks.
    pub custom: Vec<CustomFile>,
    /// Accounts that are left out.
    pub skipped: Vec<Skipped>,
    /// Calls that should have named accounts or Regions and did not.
    pub unnamed: Vec<String>,
    /// How many accounts × Regions are collected.
    pub units: usize,
}

/// A file of custom controls or frameworks, as the run uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomFile {
    /// Relative to the prefix.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The key of the pointer to the last run that was published.
pub(super) const LATEST: &str = "latest.json";

/// The key of the accounts and Regions of the last run of everything: events of these are looked into.
pub(super) const WATCHED: &str = "watched.json";

/// `latest.json`: the last run that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Latest {
    /// The run.
    pub(super) run: RunId,
    /// Its evaluation time.
    pub(super) at: Timestamp,
    /// A digest of what could not be looked at and of what is broken.
    #[serde(default)]
    pub(super) troubles: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_read_back_and_nothing_else_is_one() {
        let id = RunId::of("2026-03-01T06:00:00.5Z".parse().unwrap(), "execution");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert!(id.to_string().starts_with("20260301T060000Z-"), "{id}");
        for text in [
            "",
            "latest",
            "../20260301T060000Z-1a2b3c4d",
            "20260301T060000Z-1A2B3C4D",
            "20260301T060000Z-1a2b3c4d/",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
