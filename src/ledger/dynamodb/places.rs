//! The item of each account and Region: when which control was last looked at there, and which have records.
//!
//! Looks only go forward: whoever is overtaken reads what the other wrote and adds to it. What has records is a set
//! that only grows.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::item::{Read, at};
use super::keys;
use super::table::{Item, Table, text};
use crate::ledger::store::{ATTEMPTS, StoreError, Written};

/// What is known of an account and Region; frameworks with controls are parts of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// When each was last looked at.
    pub(super) looks: BTreeMap<String, Timestamp>,
    /// Those that have records.
    pub(super) recorded: BTreeSet<String>,
    /// How often looks were written.
    version: u32,
}

/// What an item says.
pub(super) fn known(item: &Item) -> Result<Known, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("{what} of an account and Region"));
    let mut known = Known::default();
    if let Some(looks) = item.get("looks") {
        let looks = looks.as_m().map_err(|_| unreadable("the looks"))?;
        let look = |name: &String| Ok((name.clone(), Read(looks).time(name)?));
        known.looks = looks.keys().map(look).collect::<Result<_, StoreError>>()?;
        known.version = Read(item).number("version")?;
    }
    if let Some(recorded) = item.get("recorded") {
        let recorded = recorded.as_ss().map_err(|_| unreadable("the controls with records"))?;
        known.recorded.extend(recorded.iter().cloned());
    }
    Ok(known)
}

/// What is known of one account and Region.
pub(super) async fn one(table: &Table, place: &str) -> Result<Known, StoreError> {
    table.get(keys::PLACES, place).await?.as_ref().map_or_else(|| Ok(Known::default()), known)
}

/// What is known of all accounts and Regions from one to another.
pub(super) async fn between(
    table: &Table,
    first: &str,
    last: &str,
) -> Result<BTreeMap<String, Known>, StoreError> {
    let query = table
        .query(keys::PLACES)
        .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
        .expression_attribute_values(":first", text(first))
        .expression_attribute_values(":last", text(last));
    let items = table.items(&query).await?;
    items.iter().map(|it| Ok((Read(it).text("sk")?.to_owned(), known(it)?))).collect()
}

/// Notes that these have records.
pub(super) async fn add_recorded(
    table: Table,
    place: String,
    chosen: BTreeSet<String>,
) -> Result<Written, StoreError> {
    let request = table
        .update(keys::PLACES, &place)
        .update_expression("ADD recorded :chosen")
        .expression_attribute_values(":chosen", AttributeValue::Ss(chosen.into_iter().collect()));
    table.updated(request).await
}

/// Moves looks forward; what is known then.
pub(super) async fn look(
    table: Table,
    place: String,
    chosen: Vec<String>,
    time: Timestamp,
    mut before: Option<Known>,
) -> Result<(String, Known), StoreError> {
    for _ in 0..ATTEMPTS {
        let mut known = match before.take() {
            Some(known) => known,
            None => one(&table, &place).await?,
        };
        let newer = |it: &&String| known.looks.get(*it).is_none_or(|known| *known < time);
        let newer: Vec<String> = chosen.iter().filter(newer).cloned().collect();
        if newer.is_empty() {
            return Ok((place, known));
        }
        known.looks.extend(newer.into_iter().map(|it| (it, time)));
        let version = known.version;
        known.version = version.saturating_add(1);
        if write(&table, &place, &known, version).await? == Written::Done {
            return Ok((place, known));
        }
    }
    Err(StoreError::Contended)
}

async fn write(table: &Table, place: &str, known: &Known, before: u32) -> Result<Written, StoreError> {
    let looks = known.looks.iter().map(|(name, time)| (name.clone(), text(at(*time))));
    let number = |it: u32| AttributeValue::N(it.to_string());
    let request = table
        .update(keys::PLACES, place)
        .update_expression("SET looks = :looks, #version = :version")
        .expression_attribute_names("#version", "version")
        .expression_attribute_values(":looks", AttributeValue::M(looks.collect()))
        .expression_attribute_values(":version", number(known.version));
    let request = match before {
        0 => request.condition_expression("attribute_not_exists(#version)"),
        _ => request
            .condition_expression("#version = :before")
            .expression_attribute_values(":before", number(before)),
    };
    table.updated(request).await
}
