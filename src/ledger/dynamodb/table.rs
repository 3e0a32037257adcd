//! One table and what is asked of it: items read, found page by page, and written on a condition; what is refused for
//! want of capacity is asked again after a random pause. Knows nothing of ledgers.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use tokio::task::JoinSet;

use crate::ledger::store::{StoreError, Written};

/// An item of the table.
pub(super) type Item = HashMap<String, AttributeValue>;

/// How many calls are under way at a time.
pub(super) const CONCURRENT: usize = 16;
/// How often something is asked that another write is in the way of; the SDK does not try that again.
const ATTEMPTS: u32 = 8;
/// How many of those attempts one counts that the SDK has made several of.
const TRIED: u32 = 3;
/// The longest pause before the first attempt is repeated; it doubles with each.
const PAUSE: Duration = Duration::from_millis(50);

/// What DynamoDB says when it is asked for too much at a time, or for what another write holds (Amazon DynamoDB
/// Developer Guide, "Error handling with DynamoDB"; the reasons of a canceled transaction among them).
const BUSY: [&str; 12] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// What it says to whom it does not serve.
const DENIED: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
];

/// Why something was not done.
#[derive(Debug)]
enum Refusal {
    /// A condition does not hold.
    Condition,
    /// Not now; another write is in the way.
    Busy(String),
    /// Not now, though the SDK tried several times.
    Throttled(String),
    /// For good.
    Error(StoreError),
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

/// A text as a value.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A key.
pub(super) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

impl Table {
    /// The item with this key, as it is after all writes that held.
    pub(super) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.name).consistent_read(true);
        let request = request.set_key(Some(key(pk, sk)));
        let sent = self.patiently(|| async { request.clone().send().await.map_err(|it| self.refusal(&it)) });
        Ok(sent.await.map_err(error_of)?.item)
    }

    /// A query of one partition.
    pub(super) fn query(&self, pk: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
    }

    /// A query of the items of one partition whose sort key begins so; not with nothing.
    pub(super) fn query_beginning(&self, pk: &str, prefix: &str) -> QueryFluentBuilder {
        let query = self.query(pk).key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
        query.expression_attribute_values(":prefix", text(prefix))
    }

    /// One page of a query, and where the next begins.
    pub(super) async fn page(
        &self,
        query: &QueryFluentBuilder,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let query = query.clone().set_exclusive_start_key(from);
        let sent = self.patiently(|| async { query.clone().send().await.map_err(|it| self.refusal(&it)) });
        let page = sent.await.map_err(error_of)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key.filter(|it| !it.is_empty())))
    }

    /// All items of a query.
    pub(super) async fn items(&self, query: &QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(query, from).await?;
            items.extend(page);
            if next.is_none() {
                return Ok(items);
            }
            from = next;
        }
    }

    /// Writes one item if its condition holds.
    pub(super) async fn put(&self, put: Put) -> Result<Written, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values);
        held(self.patiently(|| async { request.clone().send().await.map_err(|it| self.refusal(&it)) }).await)
    }

    /// An update of the item with this key.
    pub(super) fn update(&self, pk: &str, sk: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).set_key(Some(key(pk, sk)))
    }

    /// Updates an item if the condition holds.
    pub(super) async fn updated(&self, request: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
        held(self.patiently(|| async { request.clone().send().await.map_err(|it| self.refusal(&it)) }).await)
    }

    /// Writes all items or none; overtaken is whose first condition does not hold, the others must.
    pub(super) async fn put_together(&self, puts: Vec<Put>) -> Result<Written, StoreError> {
        let items = puts.into_iter().map(|it| TransactWriteItem::builder().put(it).build()).collect();
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        let send = || async {
            request.clone().send().await.map_err(|error| match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let reasons = canceled.cancellation_reasons().iter();
                    canceled_for(&reasons.map(|it| it.code().unwrap_or_default()).collect::<Vec<_>>())
                        .unwrap_or_else(|| Refusal::Error(StoreError::Other(message(&error))))
                }
                _ => self.refusal(&error),
            })
        };
        held(self.patiently(send).await)
    }

    /// Asks until it is not refused for want of capacity.
    async fn patiently<T, F, S>(&self, mut send: F) -> Result<T, Refusal>
    where
        F: FnMut() -> S,
        S: Future<Output = Result<T, Refusal>>,
    {
        let mut attempt = 0;
        loop {
            match send().await {
                Err(Refusal::Busy(_)) if attempt + 1 < ATTEMPTS => attempt += 1,
                Err(Refusal::Throttled(_)) if attempt + TRIED < ATTEMPTS => attempt += TRIED,
                Err(Refusal::Busy(why) | Refusal::Throttled(why)) => {
                    return Err(Refusal::Error(StoreError::Unavailable(why)));
                }
                answer => return answer,
            }
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    fn refusal<E>(&self, error: &SdkError<E, HttpResponse>) -> Refusal
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let message = message(error);
        Refusal::Error(match error.code() {
            Some("ConditionalCheckFailedException") => return Refusal::Condition,
            Some(code) if BUSY.contains(&code) => return Refusal::Throttled(message),
            Some(code) if DENIED.contains(&code) => StoreError::Denied(message),
            Some("ResourceNotFoundException") => StoreError::NotALedger(format!(
                "there is no table `{}` in this account and Region",
                self.name
            )),
            None if matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)) => {
                StoreError::Unavailable(message)
            }
            _ => StoreError::Other(message),
        })
    }
}

/// Up to twice as long as after the attempt before; random, so that who was refused together does not come together.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE.saturating_mul(1 << attempt.min(6));
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(RandomState::new().build_hasher().finish() % micros)
}

/// Why a transaction was canceled, by the codes of its items.
fn canceled_for(codes: &[&str]) -> Option<Refusal> {
    let failed = |code: &&str| *code == "ConditionalCheckFailed";
    if codes.first().is_some_and(failed) {
        return Some(Refusal::Condition);
    }
    if codes.iter().any(failed) {
        let error = StoreError::Unreadable("a record lags behind its history".to_owned());
        return Some(Refusal::Error(error));
    }
    let busy = codes.iter().find(|it| BUSY.contains(it))?;
    Some(Refusal::Busy((*busy).to_owned()))
}

fn held<T>(answer: Result<T, Refusal>) -> Result<Written, StoreError> {
    match answer {
        Ok(_) => Ok(Written::Done),
        Err(Refusal::Condition) => Ok(Written::Overtaken),
        Err(refusal) => Err(error_of(refusal)),
    }
}

fn error_of(refusal: Refusal) -> StoreError {
    match refusal {
        Refusal::Condition => StoreError::Contended,
        Refusal::Busy(why) | Refusal::Throttled(why) => StoreError::Unavailable(why),
        Refusal::Error(error) => error,
    }
}

/// The code and sentence of an error, or the sentences of what caused it.
fn message<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or_default());
    }
    let mut sentences = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        sentences.push(error.to_string());
        cause = error.source();
    }
    sentences.dedup();
    sentences.join(": ")
}

/// Does all of it, so many at a time; the answers are in the order of what was given.
pub(super) async fn all<T, F>(tasks: impl IntoIterator<Item = F>) -> Result<Vec<T>, StoreError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let mut tasks = tasks.into_iter().enumerate();
    let (mut running, mut answers, mut failed) = (JoinSet::new(), Vec::new(), None);
    loop {
        while failed.is_none() && running.len() < CONCURRENT {
            let Some((index, task)) = tasks.next() else { break };
            running.spawn(async move { (index, task.await) });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((index, Ok(answer)))) => answers.push((index, answer)),
            // What is under way is not cut off.
            Some(Ok((_, Err(error)))) => failed = failed.or(Some(error)),
            Some(Err(error)) => failed = failed.or(Some(StoreError::Other(error.to_string()))),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => {
            answers.sort_by_key(|(index, _)| *index);
            Ok(answers.into_iter().map(|(_, answer)| answer).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canceled_transaction_is_told_by_its_reasons() {
        for (codes, expected) in [
            (&["ConditionalCheckFailed", "None"][..], "condition"),
            (&["ConditionalCheckFailed", "TransactionConflict"], "condition"),
            (
                &["None", "ConditionalCheckFailed"],
                "what it holds cannot be read: a record lags behind its history",
            ),
            (&["None", "TransactionConflict"], "busy"),
            (&["ThrottlingError", "None"], "busy"),
            (&["None", "ValidationError"], "unknown"),
            (&[], "unknown"),
        ] {
            let told = match canceled_for(codes) {
                Some(Refusal::Condition) => "condition".to_owned(),
                Some(Refusal::Busy(_) | Refusal::Throttled(_)) => "busy".to_owned(),
                Some(Refusal::Error(error)) => error.to_string(),
                None => "unknown".to_owned(),
            };
            assert_eq!(told, expected, "{codes:?}");
        }
    }

    #[test]
    fn pauses_are_random_and_bounded() {
        for attempt in 0..40 {
            assert!(pause(attempt) <= Duration::from_millis(50 << 6));
        }
        assert!((0..20).map(|_| pause(6)).collect::<std::collections::BTreeSet<_>>().len() > 1);
    }
}
