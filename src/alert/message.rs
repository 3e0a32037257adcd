//! An SNS message: subject, texts by protocol, attributes.
//!
//! Sizes and keys are those of the SNS API Reference, `Publish`, and of the SNS Developer Guide, "Message attributes".

use serde_json::{Value, json};

use super::item::Change;
use super::json::{self, escaped_len};
use super::text::{counted, cut, subject};
use super::{News, Occasion, Values, email};

/// The most bytes of a message with its attributes (SNS API Reference, `Publish`).
pub const MAX_BYTES: usize = 262_144;
/// What a message is kept under: SNS's envelope, in which a queue or a function gets it, needs room as well.
pub const TARGET_BYTES: usize = 240_000;

/// An attribute that subscriptions can filter by.
///
/// The developer guide says that attributes are sent only where the message structure is not JSON, so the JSON has the
/// same in its member `filter`, for filters of the message's body. With raw delivery to a queue a message may have ten at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// `String` or `String.Array`.
    pub data_type: &'static str,
    /// The text, or a JSON array of texts.
    pub value: String,
}

/// A message as it is to be published, with `MessageStructure` `json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The subject, in ASCII and less than 100 characters.
    pub subject: String,
    /// The text for people.
    pub email: String,
    /// The JSON for programs.
    pub json: String,
    /// What subscriptions can filter by.
    pub attributes: Vec<Attribute>,
}

impl Message {
    pub(super) fn of(news: &News) -> Self {
        let subject = subject(&summary(news));
        let email = email::text(news, &subject);
        let attributes = attributes(news);
        let mut message = Self { subject, email, json: String::new(), attributes };
        let filter = message.attributes.iter().map(|it| {
            let array = || serde_json::from_str(&it.value).unwrap_or(Value::Null);
            let value = if it.data_type == "String" { Value::from(it.value.as_str()) } else { array() };
            (it.name.to_owned(), value)
        });
        let filter = Value::Object(filter.collect());
        let room = TARGET_BYTES.saturating_sub(message.size());
        message.json = json::document(news, &message.subject, &filter, room);
        message
    }

    /// The `Message` parameter: a JSON object with a text for each protocol.
    ///
    /// Programs get `default`, which holds for `sqs`, `lambda`, `http`, `https`, `firehose` and `application` alike:
    /// a text of their own for each would use up the message's size as often.
    pub fn body(&self) -> String {
        json!({"default": self.json, "email": self.email, "sms": self.subject}).to_string()
    }

    /// How many bytes SNS counts: the body and the attributes' names, types and values.
    pub fn size(&self) -> usize {
        let attribute = |it: &Attribute| it.name.len() + it.data_type.len() + it.value.len();
        let texts = [&self.json, &self.email, &self.subject];
        let frame = json!({"default": "", "email": "", "sms": ""}).to_string().len();
        let body = frame + texts.iter().map(|it| escaped_len(it)).sum::<usize>();
        body + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// The most characters of an event's name in the subject: the counts must have room.
const MAX_EVENT: usize = 45;

/// What a tired person has to know, in a line.
fn summary(news: &News) -> String {
    let mut parts = Vec::new();
    for change in Change::ALL {
        match (change, news.count(change)) {
            (_, 0) => {}
            (Change::New, count) => parts.push(counted(count, "new violation", "new violations")),
            (_, count) => parts.push(format!("{count} {}", change.as_str())),
        }
    }
    if let (Some(severity), Some(first)) = (news.severity, parts.first_mut()) {
        let all: u64 =
            Change::ALL.iter().filter(|it| **it != Change::Resolved).map(|it| news.count(*it)).sum();
        let up_to = if all == 1 { "" } else { "up to " };
        *first = format!("{first} ({up_to}{severity})");
    }
    for (count, what) in [
        (news.failures.count, "not looked at"),
        (news.broken.count, "broken"),
        (news.notices.count, "to know"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let what = match &news.occasion {
        Occasion::Run { .. } => "backproof".to_owned(),
        Occasion::Event { actor, .. } => format!("backproof, {}", cut(&actor.event_name, MAX_EVENT)),
    };
    format!("{what}: {}", parts.join(", "))
}

fn attributes(news: &News) -> Vec<Attribute> {
    let text =
        |name: &'static str, value: &str| Attribute { name, data_type: "String", value: value.to_owned() };
    let kind = match news.occasion {
        Occasion::Run { .. } => "run",
        Occasion::Event { .. } => "event",
    };
    let trouble = news.failures.count + news.broken.count > 0;
    let mut attributes = vec![text("kind", kind), text("failed", if trouble { "true" } else { "false" })];
    attributes.extend(news.gravest().map(|it| text("severity", it.as_str())));
    let changes: Vec<&str> =
        Change::ALL.into_iter().filter(|it| news.count(*it) > 0).map(Change::as_str).collect();
    for (name, values) in [
        ("change", changes),
        ("answer", listed(&news.answers)),
        ("account", listed(&news.accounts)),
        ("region", listed(&news.regions)),
        ("control", listed(&news.controls)),
    ] {
        if !values.is_empty() {
            attributes.push(Attribute { name, data_type: "String.Array", value: json!(values).to_string() });
        }
    }
    attributes
}

/// The values; `...` where there are more than can be told, so that a filter can ask for that as well.
fn listed(values: &Values) -> Vec<&str> {
    let more = values.more.then_some("...");
    values.values.iter().map(String::as_str).chain(more).collect()
}
