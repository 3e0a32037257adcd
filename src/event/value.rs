//! Reading an event's JSON as AWS really writes it: names in any case, empty objects for what is not known yet,
//! numbers and truth as text, three ways to write a time.
//!
//! Whatever is not as expected is absent, and a text that is too long to be true is absent as well.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::model::{AccountId, Arn, Place, Region, Time};

/// The longest name or id that is taken, in bytes.
const MAX_ID: usize = 256;
/// The longest ARN that is taken, in bytes.
const MAX_ARN: usize = 2_048;

/// Objects whose members are looked for one after the other.
pub(super) struct Members<'v> {
    parts: Vec<&'v Value>,
    /// The account and Region of what names neither.
    pub(super) place: Place,
}

impl<'v> Members<'v> {
    pub(super) fn new(parts: Vec<&'v Value>, place: Place) -> Self {
        Self { parts, place }
    }

    /// The first member of this name, in any case.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.parts.iter().filter_map(|part| member(part, name)).find(|it| !it.is_null())
    }

    /// A name or id; an ARN's last part where AWS allows either.
    pub(super) fn id(&self, name: &str) -> Option<&'v str> {
        self.parts.iter().find_map(|part| id(member(part, name)?))
    }

    /// An ARN.
    pub(super) fn arn(&self, name: &str) -> Option<&'v str> {
        self.parts.iter().find_map(|part| arn(member(part, name)?))
    }
}

/// The member of an object by its name, as it stands or else in any case.
pub(super) fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let object = object.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, it)| it))
}

/// The value at the end of a way through objects.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| member(value, name))
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|it| !it.is_empty())
}

fn id(value: &Value) -> Option<&str> {
    text(value).filter(|it| it.len() <= MAX_ID && !it.chars().any(char::is_control))
}

/// A text that is an ARN of any partition.
pub(super) fn arn(value: &Value) -> Option<&str> {
    let text = text(value).filter(|it| it.len() <= MAX_ARN && !it.chars().any(char::is_control))?;
    Arn::parse(text).map(|_| text)
}

/// Truth, as JSON or as text.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A time as ISO 8601 or epoch seconds, as CloudTrail prints it (`Jan 10, 2026 9:00:00 AM`, UTC),
/// or as seconds and nanoseconds (service events).
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) if text.len() <= 64 => {
            Time::parse(text).map(|it| it.0).ok().or_else(|| printed(text))
        }
        Value::Number(_) => serde_json::from_value::<Time>(value.clone()).ok().map(|it| it.0),
        Value::Object(_) => {
            let nanos = member(value, "nanos").and_then(Value::as_i64).unwrap_or(0);
            let time =
                Timestamp::new(member(value, "seconds")?.as_i64()?, i32::try_from(nanos).ok()?).ok()?;
            Time::parse(&time.to_string()).ok().map(|it| it.0)
        }
        _ => None,
    }
}

fn printed(text: &str) -> Option<Timestamp> {
    // Newer Java puts a narrow no-break space before AM and PM.
    let text = text.trim().replace('\u{202f}', " ");
    let time = DateTime::strptime("%b %d, %Y %I:%M:%S %p", text).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
}

/// Where something with this ARN is: AWS leaves account, Region or both out of some.
pub(super) fn place_of(arn: &str, otherwise: &Place) -> Place {
    let Some(arn) = Arn::parse(arn) else {
        return otherwise.clone();
    };
    let region = arn.region.parse::<Region>().ok().filter(|it| !it.is_global());
    Place {
        account: arn.account.parse::<AccountId>().unwrap_or(otherwise.account),
        region: region.unwrap_or_else(|| otherwise.region.clone()),
    }
}

/// At most so many characters, the cut marked.
pub(super) fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_aws_writes() {
        for (value, expected) in [
            (json!("2026-01-10T09:00:00Z"), "2026-01-10T09:00:00Z"),
            (json!("2026-01-10T09:00:00.123Z"), "2026-01-10T09:00:00.123Z"),
            (json!("Jan 10, 2026 9:00:00 AM"), "2026-01-10T09:00:00Z"),
            (json!("Jan 10, 2026 12:00:00 AM"), "2026-01-10T00:00:00Z"),
            (json!("Jan 10, 2026, 9:00:00 PM"), ""),
            (json!("Jan 10, 2026 9:00:00\u{202f}PM"), "2026-01-10T21:00:00Z"),
            (json!({"seconds": 1_768_035_600, "nanos": 5_000_000}), "2026-01-10T09:00:00.005Z"),
            (json!({"seconds": 1_768_035_600}), "2026-01-10T09:00:00Z"),
            (json!({"seconds": i64::MAX, "nanos": 1}), ""),
            (json!({"seconds": -1}), ""),
            (json!(1_768_035_600.5), "2026-01-10T09:00:00.5Z"),
            (json!({}), ""),
            (json!(null), ""),
            (json!("tomorrow"), ""),
        ] {
            let read = time(&value).map(|it| it.to_string()).unwrap_or_default();
            assert_eq!(read, expected, "{value}");
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_what_is_not_a_name_is_absent() {
        let long = "x".repeat(MAX_ID + 1);
        let object = json!({"sNSTopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "empty": {}, "long": long, "n": 3, "c": "a\nb"});
        let place = Place { account: "111122223333".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let members = Members::new(vec![&Value::Null, &object], place);
        assert_eq!(members.arn("SNSTopicArn"), Some("arn:aws:sns:eu-west-1:111122223333:t"));
        for name in ["empty", "long", "n", "c", "absent"] {
            assert_eq!((members.id(name), members.arn(name)), (None, None), "{name}");
        }
    }
}
