//! One recorded call: what was asked, of what, and how it ended. Responses are not read here.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::coverage::{Call, CallError};
use super::once::Once;
use super::operation::Operation;
use super::page::{Page, SoundPage};
use super::path::RecordedPath;
use super::problem::Problem;
use super::record::{Record, Recorded};
use crate::model::Time;

/// Where in a file one is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) path: &'a str,
    pub(super) line: Option<u64>,
    pub(super) file: u32,
}

/// A response, as text already read or as bytes still to be read.
pub(super) enum Response<'a> {
    Text(&'a str),
    Bytes(&'a mut dyn Read),
}

/// A call as it was recorded.
pub(super) struct Asked<'t> {
    pub(super) call: Call,
    /// A request parameter that narrows the list, if there is one.
    pub(super) filter: Option<String>,
    /// Request parameters that leave something out because of when it was, each with its time if that can be read.
    pub(super) windows: Vec<(&'static str, Option<Time>)>,
    pub(super) ended: Ended<'t>,
}

/// How a call ended.
pub(super) enum Ended<'t> {
    Refused(CallError),
    Answered(&'t str),
}

#[derive(Deserialize)]
struct RecordedCall<'a> {
    #[serde(default)]
    request: Option<Once>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<CallError>,
}

/// Reads a line; an error says why nothing of it counts.
pub(super) fn asked<'t>(recorded: &RecordedPath, text: &'t str) -> Result<Asked<'t>, String> {
    let read: RecordedCall<'_> =
        serde_json::from_str(text).map_err(|error| format!("is not a recorded call: {error}"))?;
    let Once(request) = read.request.unwrap_or_default();
    if !matches!(request, Value::Null | Value::Object(_)) {
        return Err("holds a `request` that is not an object".to_owned());
    }
    let ended = match (read.response, read.error) {
        (Some(_), Some(_)) => return Err("holds both a `response` and an `error`".to_owned()),
        (None, None) => return Err("holds neither a `response` nor an `error`".to_owned()),
        (None, Some(error)) => Ended::Refused(error),
        (Some(response), None) => Ended::Answered(response.get()),
    };
    Ok(asked_with(recorded, &request, ended))
}

/// What was asked with a request.
fn asked_with<'t>(recorded: &RecordedPath, request: &Value, ended: Ended<'t>) -> Asked<'t> {
    let operation = recorded.operation;
    let subject = subject_of(operation, request);
    // A list that is of nothing in particular may stand in several files, whatever they are called after.
    let silent = operation.subject.iter().all(|it| request.get(it).is_none());
    let named_after = recorded.subject.clone().filter(|_| !operation.subject.is_empty() && silent);
    let call = Call {
        place: recorded.place.clone(),
        operation,
        says_subject: subject.is_some(),
        subject: subject.or(named_after).unwrap_or_default(),
        token: string_member(request, operation.token.0),
        part: None,
    };
    let filter = filter_of(operation, request).map(str::to_owned);
    Asked { call, filter, windows: windows_of(operation, request), ended }
}

/// Reads a line of which everything is sound: a request and a page, all of whose items can be read.
///
/// Twice as quick as [`asked`] and then reading its response, because nothing is looked at twice; `None` for every other
/// line, which those tell the truth about.
pub(super) fn asked_soundly<T: Record>(
    recorded: &RecordedPath,
    file: u32,
    text: &str,
) -> Option<(Asked<'static>, Page, Vec<Recorded<T>>)> {
    let mut records = Vec::new();
    let operation = recorded.operation;
    let mut line = SoundLine { operation, file, records: &mut records, request: None, page: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(&mut line).ok()?;
    deserializer.end().ok()?;
    let (request, page) = (line.request?, line.page?);
    let sound = request.is_object() && page.has_list;
    sound.then(|| (asked_with(recorded, &request, Ended::Answered("")), page, records))
}

struct SoundLine<'a, T> {
    operation: &'static Operation,
    file: u32,
    records: &'a mut Vec<Recorded<T>>,
    request: Option<Value>,
    page: Option<Page>,
}

impl<'de, T: Record> Visitor<'de> for &mut SoundLine<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a recorded call")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "request" if self.request.is_none() => {
                    let Once(request) = map.next_value()?;
                    self.request = Some(request);
                }
                "response" if self.page.is_none() => {
                    let SoundLine { operation, file, records, .. } = self;
                    let page = SoundPage { operation, file: *file, records };
                    self.page = Some(map.next_value_seed(page)?);
                }
                "request" | "response" | "error" => return Err(A::Error::custom("is not sound")),
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

/// The call of a response that stands alone, without the request that would say of what it is.
pub(super) fn plain_call(recorded: &RecordedPath) -> Call {
    let named_after = recorded.subject.clone().unwrap_or_default();
    let has_subject = !recorded.operation.subject.is_empty();
    Call {
        place: recorded.place.clone(),
        operation: recorded.operation,
        says_subject: false,
        subject: if has_subject { named_after.clone() } else { String::new() },
        token: None,
        part: (!named_after.is_empty()).then_some(named_after),
    }
}

/// What a list of jobs leaves out because of when they were.
fn windows_of(operation: &'static Operation, request: &Value) -> Vec<(&'static str, Option<Time>)> {
    let mut windows = Vec::new();
    for parameter in operation.windows.iter().filter(|it| it.starts_with("By")) {
        if let Some(time) = request.get(parameter).filter(|it| !it.is_null()) {
            windows.push((*parameter, Time::deserialize(time).ok()));
        }
    }
    windows
}

fn string_member(object: &Value, member: &str) -> Option<String> {
    let text = object.get(member)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Of what a request asks: its subject parameters, joined by a slash.
pub(super) fn subject_of(operation: &'static Operation, request: &Value) -> Option<String> {
    let parts: Option<Vec<String>> = operation.subject.iter().map(|it| string_member(request, it)).collect();
    parts.filter(|it| !it.is_empty()).map(|it| it.join("/"))
}

/// What services call the size of a page.
const PAGE_SIZES: [&str; 8] = [
    "MaxResults",
    "maxResults",
    "MaxRecords",
    "MaxItems",
    "MaxBuckets",
    "Limit",
    "ResourcesPerPage",
    "PageSize",
];

/// A request parameter that narrows a list, if there is one.
fn filter_of<'a>(operation: &'static Operation, request: &'a Value) -> Option<&'a str> {
    operation.list?;
    let harmless = |name: &str| {
        operation.subject.contains(&name)
            || operation.windows.contains(&name)
            || name == operation.token.0
            || PAGE_SIZES.contains(&name)
    };
    let given = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(it) => *it,
        _ => true,
    };
    let request = request.as_object()?;
    let filter = request.iter().find(|(name, value)| !harmless(name) && given(value));
    filter.map(|(name, _)| name.as_str())
}

impl At<'_> {
    pub(super) fn problem(&self, field: Option<String>, message: &str) -> Problem {
        Problem { file: self.path.to_owned(), line: self.line, field, message: message.to_owned() }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => f.write_str(self.path),
        }
    }
}
