//! What is written for a change: one item, or several together or none, each on its condition.

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put};

use super::item::{self, Fields};
use super::keys;
use super::table::{Item, Table};
use crate::ledger::store::{StoreError, Written};
use crate::ledger::transition::Change;

fn put(table: &Table, item: Item) -> PutBuilder {
    Put::builder().table_name(&table.name).set_item(Some(item))
}

fn built(put: PutBuilder) -> Result<Put, StoreError> {
    put.build().map_err(|error| StoreError::Other(error.to_string()))
}

/// Writes an item that nobody wrote yet.
pub(super) fn new(table: &Table, item: Item) -> Result<Put, StoreError> {
    built(put(table, item).condition_expression("attribute_not_exists(pk)"))
}

/// What is written for a change: its record first, if it still has the version before.
pub(super) fn puts(table: &Table, change: &Change) -> Result<Vec<Put>, StoreError> {
    let Some(record) = change.record() else {
        return Ok(Vec::new());
    };
    let item = item::of_record(record)?;
    let mut puts = vec![match record.version {
        1 => new(table, item)?,
        version => built(
            put(table, item)
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", AttributeValue::N((version - 1).to_string())),
        )?,
    }];
    if let Some(entry) = change.entry() {
        puts.push(new(table, item::of_entry(record, entry)?)?);
    }
    if record.version == 1 {
        let id = record.key.id();
        let digit = id.as_str().chars().next().unwrap_or('0');
        let pointer =
            Fields::new(&keys::ids(digit), id.as_str()).text("scope", keys::scope(&record.key.scope));
        puts.push(built(put(table, pointer.finish(id.as_str())?))?);
    }
    Ok(puts)
}

/// Writes what `puts` gave.
pub(super) async fn write(table: Table, mut puts: Vec<Put>) -> Result<Written, StoreError> {
    match (puts.pop(), puts.is_empty()) {
        (None, _) => Ok(Written::Done),
        (Some(one), true) => table.put(one).await,
        (Some(last), false) => {
            puts.push(last);
            table.put_together(puts).await
        }
    }
}
