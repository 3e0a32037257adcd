//! The longest gap between two runs, without walking through all of them.
//!
//! Within a stretch of constant offset only the days count: the gaps inside a day are those of every day, and the
//! gap from one day to the next is the days between, less the time from the first run of a day to its last.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Frequency;
use super::calendar::{
    MINUTES_PER_DAY, SECONDS_PER_DAY, SECONDS_PER_MINUTE, first_day, highest, month_of, ones,
};
use super::clock::{self, Stretch};
use super::cron::Cron;

const SECONDS_PER_HOUR: u64 = 3_600;

/// How often the schedule runs after `from`.
pub(super) fn frequency(cron: &Cron, zone: &TimeZone, from: Timestamp) -> Frequency {
    let mut longest = 0;
    let mut ends_of_runs: Option<(Timestamp, Timestamp)> = None;
    let mut previous: Option<(i64, i64)> = None;
    for (stretch, first) in clock::with_runs(cron, zone, from) {
        let last = cron.run_before(stretch.ends).unwrap_or(first);
        if let Some(previous) = previous {
            longest = longest.max(across(previous, (first, stretch.offset)));
        }
        longest = longest.max(cron.longest_gap(first, last, longest));
        previous = Some((last, stretch.offset));
        ends_of_runs = runs_seen(ends_of_runs, &stretch, first, last);
    }
    match ends_of_runs {
        None => Frequency::Never,
        Some((first, last)) if first == last => Frequency::Once { run: first },
        Some((_, last)) => Frequency::Every {
            longest_gap_hours: longest.unsigned_abs().div_ceil(SECONDS_PER_HOUR),
            last_run: cron.ends().then_some(last),
        },
    }
}

/// The first and the last run so far.
fn runs_seen(
    so_far: Option<(Timestamp, Timestamp)>,
    stretch: &Stretch,
    first: i64,
    last: i64,
) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = (stretch.instant(first)?, stretch.instant(last)?);
    Some((so_far.map_or(first, |(earliest, _)| earliest), last))
}

/// The gap between two runs, each with its local second and offset: what passes, less what a clock set back adds.
fn across(previous: (i64, i64), next: (i64, i64)) -> i64 {
    let on_the_clock = next.0 - previous.0;
    let passed = on_the_clock - (next.1 - previous.1);
    passed.min(on_the_clock)
}

impl Cron {
    /// The longest gap between the runs from `first` to `last`, both of them runs, if longer than `so_far`.
    fn longest_gap(&self, first: i64, last: i64, so_far: i64) -> i64 {
        let (first_day, first_minute) = split(first);
        let (last_day, last_minute) = split(last);
        if first_day == last_day {
            return so_far.max(self.longest_gap_in_day(first_minute, last_minute, so_far));
        }
        let (opening, closing) = (self.first_minute_of_day(), self.last_minute_of_day());
        let days = self.most_days_apart(first_day, last_day);
        let longest = so_far.max((days * MINUTES_PER_DAY - (closing - opening)) * SECONDS_PER_MINUTE);
        if self.day_at_or_after(first_day + 1).is_some_and(|between| between < last_day) {
            return longest.max(self.longest_gap_in_any_day());
        }
        longest.max(self.longest_gap_in_day(first_minute, closing, longest)).max(self.longest_gap_in_day(
            opening,
            last_minute,
            longest,
        ))
    }

    /// The most days between two consecutive days with runs, from one day with runs to a later one.
    fn most_days_apart(&self, first: i64, last: i64) -> i64 {
        let (mut most, mut previous) = (0, first);
        for month in month_of(first)..=month_of(last) {
            let start = first_day(month);
            let mut days = self.days_of(month);
            if start < first {
                days &= u32::MAX << (first - start);
            }
            if last - start < 31 {
                days &= u32::MAX >> (31 - (last - start));
            }
            // The more days a month has, the closer they are: too close here to be worth a look.
            let spare = 32 - i64::from(days.count_ones());
            if days != 0 && spare <= most {
                most = most.max(start + i64::from(days.trailing_zeros()) - previous);
                previous = start + highest(days);
                continue;
            }
            for day in ones(days) {
                let day = start + i64::from(day);
                most = most.max(day - previous);
                previous = day;
            }
        }
        most
    }

    /// The longest gap in seconds between two runs of a day that has them all.
    fn longest_gap_in_any_day(&self) -> i64 {
        let minutes = widest(self.minutes);
        let spread = i64::from(self.minutes.ilog2() - self.minutes.trailing_zeros());
        let hours = match widest(self.hours) {
            0 => 0,
            hours => hours * 60 - spread,
        };
        minutes.max(hours) * SECONDS_PER_MINUTE
    }

    /// The longest gap in seconds between the runs of one day from one minute to another, if longer than `so_far`.
    fn longest_gap_in_day(&self, first: i64, last: i64, so_far: i64) -> i64 {
        if self.longest_gap_in_any_day() <= so_far {
            return so_far;
        }
        let mut longest = so_far;
        let mut previous = first;
        while previous < last {
            let Some(next) = self.minute_at_or_after(previous + 1).filter(|next| *next <= last) else {
                break;
            };
            longest = longest.max((next - previous) * SECONDS_PER_MINUTE);
            previous = next;
        }
        longest
    }
}

/// A local second as its day and minute of the day.
fn split(local: i64) -> (i64, i64) {
    (local.div_euclid(SECONDS_PER_DAY), local.rem_euclid(SECONDS_PER_DAY) / SECONDS_PER_MINUTE)
}

/// The widest distance between two neighboring bits.
fn widest(mut bits: u64) -> i64 {
    let mut widest = 0;
    while bits.count_ones() > 1 {
        let lowest = bits.trailing_zeros();
        bits &= bits - 1;
        widest = widest.max(bits.trailing_zeros() - lowest);
    }
    i64::from(widest)
}
