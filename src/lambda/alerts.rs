//! What there is to tell, and sending it to the topic: one message, or none.

use super::controls::Chosen;
use super::failure::Failure;
use super::state::State;
use crate::alert::{Attribute, Link, Message, News};
use crate::aws::failure;

/// Says how to fix what the chosen controls find.
pub(super) fn explain(news: &mut News, chosen: &Chosen) {
    for control in chosen.frameworks.iter().flat_map(|it| &it.controls).map(|it| &it.control) {
        news.explain(&control.name, &control.title, &control.readme);
    }
}

/// Where the reports of a run are.
pub(super) fn link(region: &str, bucket: &str, run: &str) -> Link {
    let url = format!("https://{region}.console.aws.amazon.com/s3/buckets/{bucket}?prefix=runs/{run}/");
    Link { url, command: format!("backproof report get {run} --bucket {bucket} report") }
}

/// Where the record of a violation is.
pub(super) fn ledger(table: &str) -> Link {
    Link { url: String::new(), command: format!("backproof violations --ledger dynamodb:{table} list") }
}

/// Sends the news, if they are any.
pub(super) async fn send(state: &State, news: &News) -> Result<(), Failure> {
    match news.message() {
        Some(message) => publish(state, &Kept::from(&message)).await,
        None => Ok(()),
    }
}

/// A message as it can be kept and sent again.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Kept {
    subject: String,
    body: String,
    /// Name, type and value of each attribute.
    attributes: Vec<(String, String, String)>,
}

impl From<&Message> for Kept {
    fn from(message: &Message) -> Self {
        let attribute = |it: &Attribute| (it.name.to_owned(), it.data_type.to_owned(), it.value.clone());
        Self {
            subject: message.subject.clone(),
            body: message.body(),
            attributes: message.attributes.iter().map(attribute).collect(),
        }
    }
}

/// Publishes a message; where there is no topic nobody wants to be told.
pub(super) async fn publish(state: &State, message: &Kept) -> Result<(), Failure> {
    let topic = &state.environment()?.topic;
    if topic.is_empty() {
        return Ok(());
    }
    let request = state.sns().await?.publish().topic_arn(topic).message_structure("json");
    let mut request = request.subject(&message.subject).message(&message.body);
    for (name, data_type, value) in &message.attributes {
        let value =
            aws_sdk_sns::types::MessageAttributeValue::builder().data_type(data_type).string_value(value);
        let value = value.build().map_err(|error| Failure::Internal(error.to_string()))?;
        request = request.message_attributes(name, value);
    }
    request.send().await.map_err(|error| {
        let error = failure(&error);
        Failure::of_call(&error, format!("sns:Publish to `{topic}`: {}: {}", error.code, error.message))
    })?;
    Ok(())
}
