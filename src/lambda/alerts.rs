//! Sends what there is to tell to the topic: one message, or none.

use super::failure::Failure;
use super::state::State;
use crate::alert::{Message, News};
use crate::aws::failure_of;

/// Sends the news, if they are any; the message that was sent.
pub(super) async fn send(state: &State, news: &News) -> Result<Option<Message>, Failure> {
    let topic = &state.environment()?.topic;
    let Some(message) = news.message().filter(|_| !topic.is_empty()) else {
        return Ok(None);
    };
    publish(state, &message).await?;
    Ok(Some(message))
}

/// Publishes a message.
async fn publish(state: &State, message: &Message) -> Result<(), Failure> {
    let topic = &state.environment()?.topic;
    let session = state.session().await?;
    let client = aws_sdk_sns::Client::new(session.config());
    let mut request = client.publish().topic_arn(topic).subject(&message.subject).message(&message.message);
    request = request.message_structure("json");
    for (name, value) in &message.attributes {
        let value = aws_sdk_sns::types::MessageAttributeValue::builder()
            .data_type(value.data_type())
            .string_value(value.string_value())
            .build()
            .map_err(|error| Failure::Internal(error.to_string()))?;
        request = request.message_attributes(name, value);
    }
    request.send().await.map_err(|error| {
        let error = failure_of(&error);
        Failure::of_call(&error, format!("sns:Publish to `{topic}`: {}: {}", error.code, error.message))
    })?;
    Ok(())
}
