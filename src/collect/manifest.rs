//! `manifest.json`: what a collection is made of, who made it, when, and with how many calls.
//!
//! Holds no credentials. What it says of a file is checked when the inventory is read.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::journal::{FileRecord, sync_folder};
use crate::inventory::Calls;

/// The manifest's name in the inventory.
pub const MANIFEST: &str = "manifest.json";

/// What a collection is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// backproof's version.
    pub version: String,
    /// The ARN of whoever asked (`sts:GetCallerIdentity`).
    pub caller: String,
    /// When the collection began, and when it ended.
    pub started_at: String,
    /// When it ended.
    pub ended_at: String,
    /// Whether all that was asked was seen.
    pub complete: bool,
    /// Calls that should have named accounts or Regions and did not, or not all; those were not asked.
    #[serde(default)]
    pub unnamed: Vec<String>,
    /// Accounts that were left out, with why: suspended ones.
    pub skipped: Vec<Skipped>,
    /// Calls made in the last run of the collection.
    pub calls: Calls,
    /// The inventory's files, by path.
    pub files: Vec<FileRecord>,
}

/// An account that was not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its id.
    pub account: String,
    /// Why.
    pub why: String,
}

impl Manifest {
    /// The manifest of one part of a collection, asked by this caller: an account in one Region, or what is not regional.
    pub fn of_part(
        caller: &str,
        started_at: Timestamp,
        complete: bool,
        calls: Calls,
        files: Vec<FileRecord>,
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            caller: caller.to_owned(),
            started_at: started_at.to_string(),
            ended_at: Timestamp::now().to_string(),
            complete,
            unnamed: Vec::new(),
            skipped: Vec::new(),
            calls,
            files,
        }
    }

    /// Writes it whole or not at all.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        let path = root.join(MANIFEST);
        let part = root.join("manifest.json.part");
        let mut file = File::create(&part)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        sync_folder(&path)
    }

    /// Reads it; `None` if there is none, an error if it cannot be read.
    pub fn read(root: &Path) -> io::Result<Option<Self>> {
        match fs::read(root.join(MANIFEST)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
