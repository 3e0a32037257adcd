//! When a backup rule runs, and how often it really runs.
//!
//! A rule's `ScheduleExpression` is read in AWS's own cron dialect, its `ScheduleExpressionTimezone` with every
//! clock change that zone has; from both follow the next runs and the longest gap between two runs.
//! Deliberately absent: start windows and the jobs themselves, this is what was promised and not what happened.
//! Where AWS Backup's pages are silent, those of EventBridge (to which they point for cron) and of EventBridge
//! Scheduler (for time zones) decide.

mod calendar;
mod clock;
mod cron;
mod error;
mod gap;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Serialize;

pub use error::ScheduleError;

use cron::Cron;

/// What AWS Backup runs when a rule has no expression (`BackupRule.ScheduleExpression`).
pub const DEFAULT_EXPRESSION: &str = "cron(0 5 ? * * *)";

/// The zone of a rule that names none (`BackupRule.ScheduleExpressionTimezone`).
pub const DEFAULT_TIMEZONE: &str = "UTC";

/// The longest name in the time zone database is far below this many bytes.
const LONGEST_TIMEZONE: usize = 64;

/// When one backup rule runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    expression: String,
    timezone: String,
    cron: Cron,
    zone: TimeZone,
}

/// How often a schedule runs from some instant on.
///
/// Looks at every run until the end of 2199, the last year AWS cron knows (Cron expressions reference), so a
/// clock change that swallows one run in thirty years is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// Two runs or more are still to come.
    Every {
        /// Longest time between two consecutive runs in hours, rounded up.
        longest_gap_hours: u64,
        /// The last run there will ever be, when the year field ends before AWS's calendar does.
        last_run: Option<Timestamp>,
    },
    /// One run is still to come, so there is no gap to measure.
    Once {
        /// That run.
        run: Timestamp,
    },
    /// The schedule never runs again.
    Never,
}

/// The answer of `backproof explain schedule`, in its stable JSON shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleExplanation {
    /// The next runs in UTC as RFC 3339, earliest first.
    pub next: Vec<String>,
    /// Longest time between two consecutive runs in hours, `null` when fewer than two runs are still to come.
    pub longest_gap_hours: Option<u64>,
}

impl Schedule {
    /// Reads the two fields of a backup rule as the AWS API gives them; each takes AWS's default when it is absent,
    /// so a rule with a time zone and no expression runs at 05:00 in that zone.
    pub fn parse(expression: Option<&str>, timezone: Option<&str>) -> Result<Schedule, ScheduleError> {
        let expression = expression.unwrap_or(DEFAULT_EXPRESSION);
        let timezone = timezone.unwrap_or(DEFAULT_TIMEZONE);
        Ok(Schedule {
            cron: Cron::parse(expression)?,
            zone: zone(timezone)?,
            expression: expression.to_owned(),
            timezone: timezone.to_owned(),
        })
    }

    /// The expression as it was given, or AWS's default.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone as it was given, or `UTC`.
    pub fn timezone(&self) -> &str {
        &self.timezone
    }

    /// Whether some runs are less than 60 minutes apart, which AWS Backup refuses when a plan is created
    /// ("The interval between backup jobs shouldn't be less than 60 minutes", status 400; re:Post).
    pub fn finer_than_hourly(&self) -> bool {
        self.cron.has_several_minutes()
    }

    /// Every run strictly after `from`, earliest first, until the schedule or AWS's calendar (2199) ends.
    ///
    /// A local time that a clock change skips does not run; one that a clock change repeats runs the first time
    /// only (EventBridge Scheduler: Schedule types, Daylight savings time).
    pub fn runs_after(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> {
        clock::runs(&self.cron, &self.zone, from)
    }

    /// How often the schedule runs after `from`.
    ///
    /// A gap is the time that really passes between two consecutive runs, less what a clock set back in
    /// between has added to it.
    pub fn frequency(&self, from: Timestamp) -> Frequency {
        gap::frequency(&self.cron, &self.zone, from)
    }

    /// The next `count` runs after `from` and the longest gap.
    pub fn explain(&self, from: Timestamp, count: usize) -> ScheduleExplanation {
        ScheduleExplanation {
            next: self.runs_after(from).take(count).map(|run| run.to_string()).collect(),
            longest_gap_hours: self.frequency(from).longest_gap_hours(),
        }
    }
}

impl Frequency {
    /// Longest time between two consecutive runs in hours, rounded up, if there are two.
    pub fn longest_gap_hours(&self) -> Option<u64> {
        match self {
            Frequency::Every { longest_gap_hours, .. } => Some(*longest_gap_hours),
            Frequency::Once { .. } | Frequency::Never => None,
        }
    }
}

/// Looks the name up in the bundled database only, so a verdict does not depend on the machine it is reached on.
fn zone(name: &str) -> Result<TimeZone, ScheduleError> {
    // `Factory` and `Etc/Unknown` are in the database and mean that no zone was chosen.
    let known = (name.len() <= LONGEST_TIMEZONE && !name.eq_ignore_ascii_case("Factory"))
        .then(|| TimeZoneDatabase::bundled().get(name).ok())
        .flatten()
        .filter(|zone| !zone.is_unknown());
    known.ok_or_else(|| ScheduleError::UnknownTimezone { timezone: error::quotable(name) })
}

#[cfg(test)]
mod tests;
