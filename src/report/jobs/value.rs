//! One field of a job: a text, a number, a truth, or not known.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::inventory::record::{BackupOptions, Days, Text};
use crate::model::Time;
use crate::report::{cell, json};

/// What a report says in one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value {
    #[default]
    Unknown,
    Text(Text),
    Written(String),
    Number(i64),
    Truth(bool),
    Options(BackupOptions),
}

impl Value {
    /// What stands in a CSV cell; nothing if it is not known.
    pub(super) fn cell(&self) -> Cow<'_, str> {
        match self {
            Self::Unknown => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Written(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Truth(true) => Cow::Borrowed("true"),
            Self::Truth(false) => Cow::Borrowed("false"),
            Self::Options(options) => Cow::Owned(serde_json::to_string(options).unwrap_or_default()),
        }
    }

    /// This, or what else tells of it.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Unknown { other() } else { self }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Text(text) => text.serialize(serializer),
            Self::Written(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Truth(truth) => truth.serialize(serializer),
            Self::Options(options) => options.serialize(serializer),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Into::into)
    }
}

impl From<&Text> for Value {
    fn from(text: &Text) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&BackupOptions> for Value {
    fn from(options: &BackupOptions) -> Self {
        Self::Options(options.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

/// As the API says it: -1 is always.
impl From<Days> for Value {
    fn from(days: Days) -> Self {
        Self::Number(days.count().unwrap_or(-1))
    }
}

/// In ISO 8601, with milliseconds where there are some, as AWS's own reports print it.
impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Written(match time.as_millisecond().rem_euclid(1_000) {
            0 => format!("{time:.0}"),
            _ => format!("{time:.3}"),
        })
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        time.0.into()
    }
}

/// From a job's creation to its end, as `hours:minutes:seconds`.
pub(super) fn run_time(created: Option<Time>, completed: Option<Time>) -> Value {
    let (Some(created), Some(completed)) = (created, completed) else {
        return Value::Unknown;
    };
    match completed.0.as_second() - created.0.as_second() {
        ..0 => Value::Unknown,
        _ => {
            let seconds = (completed.0.as_millisecond() - created.0.as_millisecond()) / 1_000;
            Value::Written(format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60))
        }
    }
}

/// A row of a report on jobs.
#[derive(Clone, Copy, Debug)]
pub struct JobRow<'a> {
    pub(super) fields: &'static [&'static str],
    pub(super) row: &'a [Value],
}

impl JobRow<'_> {
    /// Writes it as a line of CSV.
    pub fn write_csv(&self, output: &mut Vec<u8>) {
        let cells: Vec<_> = self.row.iter().map(Value::cell).collect();
        cell::line(&cells, output);
    }

    /// Writes it as a JSON object.
    pub fn write_json(&self, output: &mut Vec<u8>) {
        json::object(self, output);
    }
}

/// Without what is not known.
impl Serialize for JobRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (field, value) in self.fields.iter().zip(self.row) {
            if *value != Value::Unknown {
                map.serialize_entry(field, value)?;
            }
        }
        map.end()
    }
}
