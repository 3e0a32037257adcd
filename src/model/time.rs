//! Times as AWS writes them, and ages in whole hours and days.
//!
//! The API sends epoch seconds, the AWS CLI prints ISO 8601; both are read. There is no clock here.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::is_possible;

/// A point in time between 1970 and 2200, as AWS Backup can know one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Timestamp);

/// A text or number that is not a time AWS writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time; expected ISO 8601 such as `2026-03-01T06:00:00Z`, or epoch seconds, between 1970 and 2200"
)]
pub struct TimeError(String);

/// 2200-01-01T00:00:00Z, in epoch seconds: later times are mistakes, and ages computed from them could overflow.
const END: i64 = 7_258_118_400;

impl Time {
    /// Reads ISO 8601 with an offset; a time without one is refused, because guessing a zone is not reading.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let refuse = || TimeError(text.chars().take(64).collect());
        let time: Timestamp = text.trim().parse().map_err(|_| refuse())?;
        Self::checked(time).ok_or_else(refuse)
    }

    fn from_epoch_seconds(seconds: f64) -> Result<Self, TimeError> {
        let refuse = || TimeError(seconds.to_string());
        if !(0.0..END as f64).contains(&seconds) {
            return Err(refuse());
        }
        // AWS sends milliseconds at most; rounding there keeps 0.1 + 0.2 out of reports.
        let millis = (seconds * 1000.0).round() as i64;
        Timestamp::from_millisecond(millis).ok().and_then(Self::checked).ok_or_else(refuse)
    }

    fn checked(time: Timestamp) -> Option<Self> {
        (0..END).contains(&time.as_second()).then_some(Self(time))
    }
}

/// Whole hours from `then` to `now`, rounded up, so that `whole_hours(..) <= 24` holds exactly within 24 hours.
///
/// `None` if `then` is more than five minutes in the future: that is not an age. Less is a clock that is off.
/// `None` too where the age is greater than a fact can be, which takes a `now` of a distant century.
pub fn whole_hours(then: Time, now: Timestamp) -> Option<i64> {
    whole(then, now, 3_600).filter(|it| is_possible("ageHours", *it))
}

/// Whole days of 24 hours from `then` to `now`, rounded up; see [`whole_hours`].
pub fn whole_days(then: Time, now: Timestamp) -> Option<i64> {
    whole(then, now, 86_400).filter(|it| is_possible("ageDays", *it))
}

fn whole(then: Time, now: Timestamp, seconds: i64) -> Option<i64> {
    let millis = now.as_millisecond() - then.0.as_millisecond();
    let unit = seconds * 1_000;
    (millis >= -300_000).then(|| (millis.max(0) + unit - 1) / unit)
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time: ISO 8601 or epoch seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Time, E> {
                Time::from_epoch_seconds(seconds).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Time, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Time, E> {
                self.visit_f64(seconds as f64)
            }
        }
        deserializer.deserialize_any(TimeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        serde_json::from_str::<Time>(json).ok().map(|time| time.0.to_string())
    }

    #[test]
    fn both_forms_of_aws_are_read_and_others_refused() {
        for (json, expected) in [
            ("1600721892.929", Some("2020-09-21T20:58:12.929Z")),
            ("1600721892", Some("2020-09-21T20:58:12Z")),
            (r#""2020-09-21T22:58:12.929000+02:00""#, Some("2020-09-21T20:58:12.929Z")),
            (r#""2020-09-21T20:58:12Z""#, Some("2020-09-21T20:58:12Z")),
            (r#""2020-09-21 20:58:12+00:00""#, Some("2020-09-21T20:58:12Z")),
            (r#""2020-09-21T20:58:12""#, None),
            (r#""21/09/2020""#, None),
            (r#""""#, None),
            ("1600721892929", None),
            ("-5", None),
            ("true", None),
        ] {
            assert_eq!(read(json).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn ages_are_rounded_up_so_that_a_limit_is_exact() {
        let now: Timestamp = "2026-03-01T06:00:00Z".parse().unwrap();
        for (then, hours, days) in [
            ("2026-03-01T06:00:00Z", Some(0), Some(0)),
            ("2026-03-01T05:59:59.999Z", Some(1), Some(1)),
            ("2026-02-28T06:00:00Z", Some(24), Some(1)),
            ("2026-02-28T05:59:59.999Z", Some(25), Some(2)),
            ("2026-03-01T06:04:59Z", Some(0), Some(0)),
            ("2026-03-01T06:06:00Z", None, None),
        ] {
            let time = Time::parse(then).unwrap();
            assert_eq!((whole_hours(time, now), whole_days(time, now)), (hours, days), "{then}");
        }
        let then = Time::parse("1970-01-01T00:00:00Z").unwrap();
        for (now, hours, days) in
            [("2200-01-01T00:00:00Z", Some(2_016_144), Some(84_006)), ("9999-01-01T00:00:00Z", None, None)]
        {
            let now = now.parse().unwrap();
            assert_eq!((whole_hours(then, now), whole_days(then, now)), (hours, days), "{now}");
        }
    }
}
