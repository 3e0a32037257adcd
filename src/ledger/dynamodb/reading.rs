//! What people read: records and history of many scopes in order, and a record by the beginning of its id.
//!
//! Only the scopes that are asked for are read, each by its own query, many at a time; pages go by as they come.

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use tokio::sync::mpsc;

use super::item;
use super::keys;
use super::places::{self, Known};
use super::table::{CONCURRENT, Item, Table, all};
use crate::ledger::record::Record;
use crate::ledger::store::{Filter, StandingFilter, StoreError};

/// The scopes with records among which there may be some that are wanted, as parts of keys.
pub(super) async fn scopes(table: &Table, filter: &Filter) -> Result<Vec<String>, StoreError> {
    // No account is after the digits.
    let places: BTreeMap<String, Known> = places::between(table, "0", ":").await?;
    let controls: Vec<String> = filter.controls.iter().map(|it| keys::part(it)).collect();
    let accounts: Vec<String> = filter.accounts.iter().map(ToString::to_string).collect();
    let regions: Vec<String> = filter.regions.iter().map(|it| keys::part(it.as_str())).collect();
    let among = |wanted: &[String], it: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == it);
    let mut scopes = Vec::new();
    for (place, known) in &places {
        let (account, region) = place.split_once('/').unwrap_or_default();
        if !among(&accounts, account) || !among(&regions, region) {
            continue;
        }
        let control = |it: &&String| among(&controls, it.rsplit('/').next().unwrap_or_default());
        scopes.extend(known.recorded.iter().filter(control).map(|chosen| format!("{place}/{chosen}")));
    }
    Ok(scopes)
}

/// Whether a record is wanted.
pub(super) fn is_wanted(record: &Record, filter: &Filter) -> bool {
    fn among<T: PartialEq>(wanted: &[T], it: &T) -> bool {
        wanted.is_empty() || wanted.contains(it)
    }
    let (key, name) = (&record.key, &record.violation.name);
    let standing = match filter.standing {
        StandingFilter::Open => record.is_open(),
        StandingFilter::Resolved => !record.is_open(),
        StandingFilter::All => true,
    };
    standing
        && among(&filter.controls, &key.scope.control)
        && among(&filter.accounts, &key.scope.place.account)
        && among(&filter.regions, &key.scope.place.region)
        && among(&filter.severities, &record.violation.severity)
        && (filter.resources.is_empty()
            || filter.resources.iter().any(|it| key.resource.contains(it) || name.contains(it)))
}

/// Runs these queries, many at a time, and gives each item as it comes, in no order.
pub(super) async fn each(
    table: &Table,
    queries: Vec<QueryFluentBuilder>,
    mut take: impl FnMut(&Item) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (sender, mut pages) = mpsc::channel::<Vec<Item>>(CONCURRENT);
    let task = |query: QueryFluentBuilder| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
        let (table, sender) = (table.clone(), sender.clone());
        Box::pin(async move {
            let mut from = None;
            loop {
                let (page, next) = table.page(&query, from).await?;
                // Nobody takes any more after an error.
                if sender.send(page).await.is_err() || next.is_none() {
                    return Ok(());
                }
                from = next;
            }
        })
    };
    let tasks: Vec<_> = queries.into_iter().map(task).collect();
    drop(sender);
    let running = tokio::spawn(all(tasks));
    let mut taken = Ok(());
    while let Some(page) = pages.recv().await {
        taken = page.iter().try_for_each(&mut take);
        if taken.is_err() {
            break;
        }
    }
    drop(pages);
    let ran = running.await.map_err(|error| StoreError::Other(error.to_string()))?;
    taken.and(ran.map(|_: Vec<()>| ()))
}

/// The records whose id begins so, by id, at most as many as asked for.
pub(super) async fn named(table: &Table, prefix: &str, most: usize) -> Result<Vec<Record>, StoreError> {
    let digits: Vec<char> = match prefix.chars().next() {
        Some(first) => vec![first],
        None => "0123456789abcdef".chars().collect(),
    };
    let mut found: Vec<Record> = Vec::new();
    for digit in digits {
        let limit = i32::try_from(most - found.len()).unwrap_or(i32::MAX);
        if limit == 0 {
            break;
        }
        let pk = keys::ids(digit);
        let query = if prefix.is_empty() { table.query(&pk) } else { table.query_beginning(&pk, prefix) };
        let query = query.limit(limit);
        let mut from = None;
        loop {
            let (page, next) = table.page(&query, from).await?;
            for pointer in page.iter().take(most - found.len()) {
                let pointer = item::Read(pointer);
                let pk = keys::records(pointer.text("scope")?);
                let Some(record) = table.get(&pk, pointer.text("sk")?).await? else {
                    return Err(StoreError::Unreadable("an id has no record".to_owned()));
                };
                found.push(item::record(&record)?);
            }
            if next.is_none() || found.len() == most {
                break;
            }
            from = next;
        }
    }
    Ok(found)
}
