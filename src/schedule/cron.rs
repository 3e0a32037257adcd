//! AWS's cron dialect: six fields of text to what each of them allows.
//!
//! The grammar is that of the page "Cron expressions reference" (Amazon EventBridge User Guide). Where the page is
//! silent, what can only mean one thing is read (`15,L`, `FRIL`, `MON-6`) and everything else is refused (`L-3`, an
//! empty item). `cron(...)` around the fields may be missing, as it is in the examples of `API_BackupRule`.
//! Knows nothing of time zones or gaps.

use super::calendar::{FIRST_YEAR, LAST_YEAR};
use super::error::{ScheduleError, quotable};

/// The longest expression that is looked at, in characters.
const LONGEST_EXPRESSION: usize = 256;

/// What the six fields allow, each as a set of bits counted from the field's first value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: Days,
    pub(super) months: u64,
    pub(super) years: Bits,
}

/// The one of the two day fields that is not `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    /// Day-of-month: `5`, `L`, `LW` and `5W`.
    OfMonth { days: u64, last: bool, last_weekday: bool, nearest_weekday: u64 },
    /// Day-of-week, from Sunday: `6`, `6L` and `6#3` (the weekday's bit number and which one of the month).
    OfWeek { weekdays: u64, last: u64, nth: Option<(u32, u32)> },
}

/// A set of numbers below 256; the years need 230.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bits {
    low: u128,
    high: u128,
}

/// One field of the dialect. AWS's page gives values and wildcards.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    /// EventBridge refuses steps larger than the field (`*/60`); SageMaker's `ScheduleConfig` has hours up to `/24`.
    largest_step: u32,
    names: &'static [&'static str],
    /// Whether `20-2` goes past the end, as the hours of an example on the page do. Each field is held against a day
    /// by itself, so these are hours 0 to 2 and 20 to 23 of every day chosen, though the page says "following day".
    wraps: bool,
    allowed: &'static str,
}

const MINUTES: Field = Field {
    name: "minutes",
    first: 0,
    last: 59,
    largest_step: 59,
    names: &[],
    wraps: true,
    allowed: "0-59 with `,` `-` `*` `/`",
};
const HOURS: Field = Field {
    name: "hours",
    first: 0,
    last: 23,
    largest_step: 24,
    names: &[],
    wraps: true,
    allowed: "0-23 with `,` `-` `*` `/`",
};
const DAY_OF_MONTH: Field = Field {
    name: "day-of-month",
    first: 1,
    last: 31,
    largest_step: 31,
    names: &[],
    wraps: true,
    allowed: "1-31 with `,` `-` `*` `/`, `L`, `LW` and `W` after a day, or `?` alone",
};
const MONTH: Field = Field {
    name: "month",
    first: 1,
    last: 12,
    largest_step: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    wraps: true,
    allowed: "1-12 or JAN-DEC with `,` `-` `*` `/`",
};
const DAY_OF_WEEK: Field = Field {
    name: "day-of-week",
    first: 1,
    last: 7,
    largest_step: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    wraps: true,
    allowed: "1-7 or SUN-SAT with `,` `-` `*` `/`, `L` alone or after a day, `#1` to `#5` after a day, or `?` alone",
};
const YEAR: Field = Field {
    name: "year",
    first: FIRST_YEAR as u32,
    last: LAST_YEAR as u32,
    largest_step: (LAST_YEAR - FIRST_YEAR) as u32,
    names: &[],
    wraps: false,
    allowed: "1970-2199 with `,` `-` `*` `/`",
};

impl Cron {
    /// Reads an expression, refusing what AWS refuses and what has no certain meaning.
    pub(super) fn parse(expression: &str) -> Result<Cron, ScheduleError> {
        // A character is at most four bytes, so a huge text is refused before it is counted.
        if expression.len() > 4 * LONGEST_EXPRESSION || expression.chars().count() > LONGEST_EXPRESSION {
            return Err(ScheduleError::TooLong {
                characters: expression.chars().count(),
                most: LONGEST_EXPRESSION,
            });
        }
        let fields: Vec<&str> = inside_cron(expression)?.split_ascii_whitespace().collect();
        let &[minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
            return Err(ScheduleError::Fields { expression: quotable(expression), fields: fields.len() });
        };
        let cron = Cron {
            minutes: values(&MINUTES, minutes)?.low(),
            hours: values(&HOURS, hours)?.low(),
            months: values(&MONTH, month)?.low(),
            days: days(day_of_month, day_of_week)?,
            years: values(&YEAR, year)?,
        };
        match cron.day_at_or_after(0) {
            Some(_) => Ok(cron),
            None => Err(ScheduleError::ImpossibleDate { expression: quotable(expression) }),
        }
    }

    /// Whether an hour that runs at all runs more than once; otherwise all runs are whole hours apart.
    pub(super) fn has_several_minutes(&self) -> bool {
        self.minutes.count_ones() > 1
    }

    /// Whether the year field ends before AWS's calendar does.
    pub(super) fn ends(&self) -> bool {
        !self.years.contains((LAST_YEAR - FIRST_YEAR) as u32)
    }
}

impl Bits {
    /// Adds a number below 256.
    fn insert(&mut self, number: u32) {
        match number.checked_sub(128) {
            None => self.low |= 1 << number,
            Some(number) => self.high |= 1 << number,
        }
    }

    /// Whether the set has this number, which is below 256.
    pub(super) fn contains(&self, number: u32) -> bool {
        match number.checked_sub(128) {
            None => self.low >> number & 1 == 1,
            Some(number) => self.high >> number & 1 == 1,
        }
    }

    /// The numbers below 64.
    fn low(&self) -> u64 {
        self.low as u64
    }
}

/// The fields, without what AWS puts around them.
fn inside_cron(expression: &str) -> Result<&str, ScheduleError> {
    let trimmed = expression.trim_ascii();
    if let Some(fields) = trimmed.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')) {
        return Ok(fields);
    }
    let quoted = quotable(expression);
    if trimmed.starts_with("rate(") {
        return Err(ScheduleError::Rate { expression: quoted });
    }
    if trimmed.starts_with("at(") {
        return Err(ScheduleError::At { expression: quoted });
    }
    let bare = trimmed.starts_with(|first: char| first.is_ascii_digit() || first == '*')
        && trimmed.contains(|character: char| character.is_ascii_whitespace());
    if bare { Ok(trimmed) } else { Err(ScheduleError::NotCron { expression: quoted }) }
}

/// The day fields, of which exactly one is `?` (Cron expressions reference, Limitations).
fn days(day_of_month: &str, day_of_week: &str) -> Result<Days, ScheduleError> {
    match (day_of_month, day_of_week) {
        ("?", "?") => Err(ScheduleError::NoDay),
        ("?", _) => days_of_week(day_of_week),
        (_, "?") => days_of_month(day_of_month),
        _ => Err(ScheduleError::BothDays {
            day_of_month: quotable(day_of_month),
            day_of_week: quotable(day_of_week),
        }),
    }
}

fn days_of_month(text: &str) -> Result<Days, ScheduleError> {
    let mut plain = Bits::default();
    let (mut last, mut last_weekday, mut nearest) = (false, false, Bits::default());
    for item in items(&DAY_OF_MONTH, text)? {
        if item.eq_ignore_ascii_case("L") {
            last = true;
        } else if item.eq_ignore_ascii_case("LW") {
            last_weekday = true;
        } else if let Some(day) = item.strip_suffix(['W', 'w']) {
            nearest.insert(value(&DAY_OF_MONTH, day, item)? - DAY_OF_MONTH.first);
        } else {
            add_item(&DAY_OF_MONTH, item, &mut plain)?;
        }
    }
    Ok(Days::OfMonth { days: plain.low(), last, last_weekday, nearest_weekday: nearest.low() })
}

fn days_of_week(text: &str) -> Result<Days, ScheduleError> {
    if let Some((weekday, nth)) = text.split_once('#') {
        if text.contains(',') {
            return Err(ScheduleError::HashInList { text: quotable(text) });
        }
        let weekday = value(&DAY_OF_WEEK, weekday, text)? - DAY_OF_WEEK.first;
        let nth =
            number(nth).filter(|nth| (1..=5).contains(nth)).ok_or_else(|| refused(&DAY_OF_WEEK, text))?;
        return Ok(Days::OfWeek { weekdays: 0, last: 0, nth: Some((weekday, nth)) });
    }
    let (mut plain, mut last) = (Bits::default(), Bits::default());
    for item in items(&DAY_OF_WEEK, text)? {
        if item.eq_ignore_ascii_case("L") {
            // The last day of the week is Saturday, every week (Cron expressions reference, `L`).
            plain.insert(DAY_OF_WEEK.last - DAY_OF_WEEK.first);
        } else if let Some(weekday) = item.strip_suffix(['L', 'l']) {
            last.insert(value(&DAY_OF_WEEK, weekday, item)? - DAY_OF_WEEK.first);
        } else {
            add_item(&DAY_OF_WEEK, item, &mut plain)?;
        }
    }
    Ok(Days::OfWeek { weekdays: plain.low(), last: last.low(), nth: None })
}

/// A field of lists, ranges and steps only.
fn values(field: &Field, text: &str) -> Result<Bits, ScheduleError> {
    let mut bits = Bits::default();
    for item in items(field, text)? {
        add_item(field, item, &mut bits)?;
    }
    Ok(bits)
}

/// The items of a list, none of them empty.
fn items<'text>(field: &Field, text: &'text str) -> Result<impl Iterator<Item = &'text str>, ScheduleError> {
    if text.split(',').any(str::is_empty) {
        return Err(refused(field, text));
    }
    Ok(text.split(','))
}

/// `*`, `5`, `5-10`, and each of them with a step; a single value with a step goes to the end of the field.
fn add_item(field: &Field, item: &str, bits: &mut Bits) -> Result<(), ScheduleError> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(self::step(field, step, item)?)),
        None => (item, None),
    };
    let (start, end) = if range == "*" {
        (field.first, field.last)
    } else if let Some((start, end)) = range.split_once('-') {
        (value(field, start, item)?, value(field, end, item)?)
    } else {
        let start = value(field, range, item)?;
        (start, if step.is_some() { field.last } else { start })
    };
    if start > end && !field.wraps {
        return Err(refused(field, item));
    }
    let size = field.last - field.first + 1;
    let length = if start > end { end + size - start } else { end - start };
    for forward in (0..=length).step_by(step.unwrap_or(1) as usize) {
        bits.insert((start - field.first + forward) % size);
    }
    Ok(())
}

fn step(field: &Field, text: &str, item: &str) -> Result<u32, ScheduleError> {
    number(text).filter(|step| (1..=field.largest_step).contains(step)).ok_or_else(|| ScheduleError::Step {
        field: field.name,
        text: quotable(item),
        most: field.largest_step,
    })
}

/// One number or name of a field, which is part of `item`.
fn value(field: &Field, text: &str, item: &str) -> Result<u32, ScheduleError> {
    let named = field.names.iter().zip(field.first..).find(|(name, _)| name.eq_ignore_ascii_case(text));
    named
        .map(|(_, value)| value)
        .or_else(|| number(text))
        .filter(|value| (field.first..=field.last).contains(value))
        .ok_or_else(|| refused(field, item))
}

/// Digits only: `+5` is a number to Rust but not to AWS.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn refused(field: &Field, item: &str) -> ScheduleError {
    ScheduleError::Value { field: field.name, text: quotable(item), allowed: field.allowed }
}
