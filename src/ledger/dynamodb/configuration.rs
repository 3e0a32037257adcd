//! The last known configuration of each thing, in the ledger's table: what AWS said of it, and when.
//!
//! A sweep compares digests and writes what changed; who hears of an event can say what was there before. It is no
//! evidence, and no history: only the newest is kept.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Put;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::item::{Fields, Read, at as text_of};
use super::keys;
use super::table::{Table, text};
use crate::control::hexadecimal;
use crate::ledger::store::{StoreError, Written};
use crate::model::Place;

/// The most bytes of a body that is kept; of a larger one there is the digest alone.
pub const MAX_BODY: usize = 300_000;

/// A configuration as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// When it was seen.
    pub at: Timestamp,
    /// SHA-256 of the body, in hexadecimal.
    pub digest: String,
    /// The body; `None` where it has more than [`MAX_BODY`] bytes.
    pub body: Option<String>,
}

/// What `put` and `all` tell bodies apart by: SHA-256, in hexadecimal.
pub fn digest(body: &str) -> String {
    hexadecimal(&Sha256::digest(body))
}

/// The configurations in a table.
#[derive(Clone, Debug)]
pub struct Configurations {
    table: Table,
}

impl Configurations {
    /// Those in this table; nothing is sent.
    pub fn new(client: Client, table: String) -> Self {
        Self { table: Table { client, name: table } }
    }

    /// Keeps what an operation, such as `backup.get-backup-plan`, said of a subject; overtaken is who comes with
    /// something that is not newer than what is there.
    pub async fn put(
        &self,
        place: &Place,
        operation: &str,
        subject: &str,
        at: Timestamp,
        body: &str,
    ) -> Result<Written, StoreError> {
        let mut fields = Fields::new(&keys::configurations(place), &keys::configuration(operation, subject))
            .text("operation", operation)
            .text("subject", subject)
            .time("at", at)
            .text("digest", digest(body));
        if body.len() <= MAX_BODY {
            fields = fields.text("body", body);
        }
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(fields.finish(&format!("{operation} {subject}"))?))
            .condition_expression("attribute_not_exists(pk) OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", text(text_of(at)))
            .build();
        self.table.put(put.map_err(|error| StoreError::Other(error.to_string()))?).await
    }

    /// What is known of a subject.
    pub async fn get(
        &self,
        place: &Place,
        operation: &str,
        subject: &str,
    ) -> Result<Option<Known>, StoreError> {
        let key = keys::configuration(operation, subject);
        let Some(item) = self.table.get(&keys::configurations(place), &key).await? else {
            return Ok(None);
        };
        let read = Read(&item);
        let body = item.get("body").map(|_| read.text("body")).transpose()?;
        Ok(Some(Known {
            at: read.time("at")?,
            digest: read.text("digest")?.to_owned(),
            body: body.map(str::to_owned),
        }))
    }

    /// When each operation's subject was last seen in an account and Region, and the digest of what was said; a call
    /// for each megabyte of bodies, which are not sent.
    pub async fn all(
        &self,
        place: &Place,
    ) -> Result<BTreeMap<(String, String), (Timestamp, String)>, StoreError> {
        let query = self
            .table
            .query(&keys::configurations(place))
            .projection_expression("#operation, #subject, #at, #digest")
            .expression_attribute_names("#operation", "operation")
            .expression_attribute_names("#subject", "subject")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#digest", "digest");
        let items = self.table.items(&query).await?;
        let row = |read: Read<'_>| {
            let what = (read.text("operation")?.to_owned(), read.text("subject")?.to_owned());
            Ok((what, (read.time("at")?, read.text("digest")?.to_owned())))
        };
        items.iter().map(|it| row(Read(it))).collect()
    }
}
