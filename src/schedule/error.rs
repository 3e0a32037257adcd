//! Why a schedule could not be read, in sentences for the person who wrote it.

use thiserror::Error;

/// The most text of a user that a message repeats, in characters.
const LONGEST_QUOTE: usize = 256;

/// What is wrong with a `ScheduleExpression` or `ScheduleExpressionTimezone`, nearly always something AWS refuses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Longer than any expression AWS takes.
    #[error("schedule expression is {characters} characters long; at most {most} are allowed")]
    TooLong {
        /// Characters given.
        characters: usize,
        /// Characters allowed.
        most: usize,
    },
    /// `rate(...)`, which EventBridge knows and AWS Backup does not.
    #[error(
        "schedule expression `{expression}` is a rate, which AWS Backup refuses; allowed is `cron(minutes hours day-of-month month day-of-week year)`"
    )]
    Rate {
        /// The expression.
        expression: String,
    },
    /// `at(...)`, which EventBridge Scheduler knows and AWS Backup does not.
    #[error(
        "schedule expression `{expression}` is a single date, which AWS Backup refuses; allowed is `cron(minutes hours day-of-month month day-of-week year)`"
    )]
    At {
        /// The expression.
        expression: String,
    },
    /// Neither cron nor anything else AWS knows.
    #[error(
        "schedule expression `{expression}` is not a cron expression; allowed is `cron(minutes hours day-of-month month day-of-week year)`"
    )]
    NotCron {
        /// The expression.
        expression: String,
    },
    /// Too few or too many fields.
    #[error(
        "schedule expression `{expression}` has a field count of {fields}; six fields are required: minutes, hours, day-of-month, month, day-of-week and year"
    )]
    Fields {
        /// The expression.
        expression: String,
        /// Fields given.
        fields: usize,
    },
    /// A value, range or name that the field does not have.
    #[error("{field} `{text}` is not understood; allowed are {allowed}")]
    Value {
        /// The field as AWS names it.
        field: &'static str,
        /// The part of the field that is wrong.
        text: String,
        /// What the field takes.
        allowed: &'static str,
    },
    /// A step of nothing, or of more than the field has.
    #[error("{field} `{text}` has a step that is not understood; allowed are steps from 1 to {most}")]
    Step {
        /// The field as AWS names it.
        field: &'static str,
        /// The part of the field that is wrong.
        text: String,
        /// The largest step.
        most: u32,
    },
    /// `#` in a list.
    #[error("day-of-week `{text}` has `#` in a list; allowed is one expression with `#` and nothing else")]
    HashInList {
        /// The field.
        text: String,
    },
    /// Both day fields given.
    #[error(
        "day-of-month `{day_of_month}` and day-of-week `{day_of_week}` are both given; one of the two must be `?`"
    )]
    BothDays {
        /// The day-of-month field.
        day_of_month: String,
        /// The day-of-week field.
        day_of_week: String,
    },
    /// Neither day field given.
    #[error("day-of-month `?` and day-of-week `?` leave the day open; one of the two must be a value or `*`")]
    NoDay,
    /// A day that no calendar from 1970 to 2199 has.
    #[error(
        "schedule expression `{expression}` names a date that does not exist; day-of-month, month, day-of-week and year must meet on one day from 1970 to 2199"
    )]
    ImpossibleDate {
        /// The expression.
        expression: String,
    },
    /// A time zone that is not in the time zone database.
    #[error(
        "schedule time zone `{timezone}` does not exist; allowed are names of the IANA time zone database such as `Europe/Berlin` or `UTC`"
    )]
    UnknownTimezone {
        /// The time zone.
        timezone: String,
    },
}

/// A user's text in the form in which a message may repeat it: on one line, without control characters, bounded.
pub(super) fn quotable(text: &str) -> String {
    let mut quoted: String = text.chars().take(LONGEST_QUOTE).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        quoted.push('…');
    }
    quoted
}
