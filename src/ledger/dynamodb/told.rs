//! Which events somebody was told of, in the ledger's table, so that one that comes again is not told again.
//!
//! Kept for as long as events come again; the table's time to live removes them.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use jiff::Timestamp;

use super::keys;
use super::table::{Table, key};
use crate::ledger::store::StoreError;

/// How long an event is remembered: EventBridge and Lambda try again for a day at most.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The events of a table.
#[derive(Clone, Debug)]
pub struct Told {
    table: Table,
}

impl Told {
    /// Those in this table; nothing is sent.
    pub fn new(client: Client, table: String) -> Self {
        Self { table: Table { client, name: table } }
    }

    /// Whether somebody was told of an event.
    pub async fn of(&self, event: &str) -> Result<bool, StoreError> {
        Ok(self.table.get(&keys::told(event), keys::TOLD).await?.is_some())
    }

    /// Remembers that somebody was told of an event.
    pub async fn remember(&self, event: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut item = key(&keys::told(event), keys::TOLD);
        let expires = now.checked_add(KEPT).unwrap_or(now).as_second();
        item.insert("expires".to_owned(), AttributeValue::N(expires.to_string()));
        let put = Put::builder().table_name(&self.table.name).set_item(Some(item)).build();
        // Whoever told of it at the same time has written the same.
        let _ = self.table.put(put.map_err(|error| StoreError::Other(error.to_string()))?).await?;
        Ok(())
    }
}
