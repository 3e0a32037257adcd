//! A run's id: `<yyyymmdd>T<hhmmss>Z-<8 hexadecimal digits>`, so that names sort by time.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// A run's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RunId {
    started_at: Timestamp,
    text: String,
}

/// A text that is not a run's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run; expected `latest`, or an id such as `20260301T060000Z-1a2b3c4d`")]
pub(super) struct RunIdError(String);

impl RunId {
    /// When the run began.
    pub(super) fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (time, tail) = text.split_once('-')?;
            let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
            let (day, clock) = time.strip_suffix('Z')?.split_once('T')?;
            let hexadecimal = tail.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
            let good = day.len() == 8 && clock.len() == 6 && digits(day) && digits(clock);
            let started_at = time.parse().ok()?;
            (good && tail.len() == 8 && hexadecimal).then(|| Self { started_at, text: text.to_owned() })
        };
        parse().ok_or_else(|| RunIdError(text.chars().take(64).collect()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_time_and_eight_digits() {
        for (text, started_at) in [
            ("20260301T060000Z-1a2b3c4d", Some("2026-03-01T06:00:00Z")),
            ("20260301T060000Z-1A2B3C4D", None),
            ("20260301T060000Z-1a2b3c4", None),
            ("20260301T060000Z-1a2b3c4d/", None),
            ("20261301T060000Z-1a2b3c4d", None),
            ("2026-03-01T06:00:00Z-1a2b3c4d", None),
            ("../../20260301T060000Z-1a2b3c4d", None),
            ("", None),
        ] {
            let id: Result<RunId, _> = text.parse();
            assert_eq!(
                id.as_ref().ok().map(|it| it.started_at().to_string()).as_deref(),
                started_at,
                "{text}"
            );
            assert!(id.is_err() || id.unwrap().to_string() == text);
        }
    }
}
