//! On which days and at which local times a cron expression runs, from 1970 to 2199.
//!
//! A day is its number since 1970-01-01, a local time the seconds since that day's midnight as if no clock ever
//! changed. Knows nothing of time zones.

use super::cron::{Cron, Days};

/// The first year of AWS cron (Cron expressions reference).
pub(super) const FIRST_YEAR: i64 = 1970;

/// The last year of AWS cron (Cron expressions reference).
pub(super) const LAST_YEAR: i64 = 2199;

/// The local second at which AWS's calendar is over.
pub(super) const CALENDAR_END: i64 = first_day(MONTHS) * SECONDS_PER_DAY;

pub(super) const SECONDS_PER_DAY: i64 = 86_400;
pub(super) const SECONDS_PER_MINUTE: i64 = 60;
pub(super) const MINUTES_PER_DAY: i64 = 1_440;

/// Months from January 1970 to December 2199.
const MONTHS: i64 = (LAST_YEAR - FIRST_YEAR + 1) * 12;

impl Cron {
    /// The earliest run at or after a local second.
    pub(super) fn run_at_or_after(&self, local: i64) -> Option<i64> {
        let minute =
            local.div_euclid(SECONDS_PER_MINUTE) + i64::from(local.rem_euclid(SECONDS_PER_MINUTE) > 0);
        let (day, minute_of_day) = (minute.div_euclid(MINUTES_PER_DAY), minute.rem_euclid(MINUTES_PER_DAY));
        let found = self.day_at_or_after(day)?;
        if found > day {
            return Some(second(found, self.first_minute_of_day()));
        }
        match self.minute_at_or_after(minute_of_day) {
            Some(minute_of_day) => Some(second(day, minute_of_day)),
            None => Some(second(self.day_at_or_after(day + 1)?, self.first_minute_of_day())),
        }
    }

    /// The latest run before a local second.
    pub(super) fn run_before(&self, local: i64) -> Option<i64> {
        let minute = (local - 1).div_euclid(SECONDS_PER_MINUTE);
        let (day, minute_of_day) = (minute.div_euclid(MINUTES_PER_DAY), minute.rem_euclid(MINUTES_PER_DAY));
        let found = self.day_at_or_before(day)?;
        if found < day {
            return Some(second(found, self.last_minute_of_day()));
        }
        match self.minute_at_or_before(minute_of_day) {
            Some(minute_of_day) => Some(second(day, minute_of_day)),
            None => Some(second(self.day_at_or_before(day - 1)?, self.last_minute_of_day())),
        }
    }

    /// The earliest day with runs that is not before this one.
    pub(super) fn day_at_or_after(&self, day: i64) -> Option<i64> {
        let day = day.max(0);
        let start = month_of(day);
        let in_month = self.days_of(start) & (u32::MAX << (day - first_day(start)));
        if in_month != 0 {
            return Some(first_day(start) + lowest(in_month));
        }
        (start + 1..MONTHS)
            .find_map(|month| Some(self.days_of(month)).filter(|days| *days != 0).map(|days| (month, days)))
            .map(|(month, days)| first_day(month) + lowest(days))
    }

    /// The latest day with runs that is not after this one.
    fn day_at_or_before(&self, day: i64) -> Option<i64> {
        let day = day.min(first_day(MONTHS) - 1);
        let start = month_of(day);
        let in_month = self.days_of(start) & (u32::MAX >> (31 - (day - first_day(start))));
        if in_month != 0 {
            return Some(first_day(start) + highest(in_month));
        }
        (0..start)
            .rev()
            .find_map(|month| Some(self.days_of(month)).filter(|days| *days != 0).map(|days| (month, days)))
            .map(|(month, days)| first_day(month) + highest(days))
    }

    /// The days of a month on which the schedule runs, bit 0 being the first; none outside AWS's calendar.
    pub(super) fn days_of(&self, month: i64) -> u32 {
        if !(0..MONTHS).contains(&month)
            || !self.years.contains((month / 12) as u32)
            || self.months >> (month % 12) & 1 == 0
        {
            return 0;
        }
        let start = first_day(month);
        let length = (first_day(month + 1) - start) as u32;
        // 1970-01-01 was a Thursday, which is 4 counted from Sunday.
        let first_weekday = ((start + 4) % 7) as u32;
        self.days.in_month(length, first_weekday)
    }

    pub(super) fn minute_at_or_after(&self, minute_of_day: i64) -> Option<i64> {
        let (hour, minute) = (minute_of_day / 60, minute_of_day % 60);
        let minutes = self.minutes & (u64::MAX << minute);
        if self.hours >> hour & 1 == 1 && minutes != 0 {
            return Some(hour * 60 + i64::from(minutes.trailing_zeros()));
        }
        let hours = self.hours & (u64::MAX << (hour + 1));
        (hours != 0).then(|| i64::from(hours.trailing_zeros() * 60 + self.minutes.trailing_zeros()))
    }

    fn minute_at_or_before(&self, minute_of_day: i64) -> Option<i64> {
        let (hour, minute) = (minute_of_day / 60, minute_of_day % 60);
        let minutes = self.minutes & (u64::MAX >> (63 - minute));
        if self.hours >> hour & 1 == 1 && minutes != 0 {
            return Some(hour * 60 + i64::from(minutes.ilog2()));
        }
        let hours = self.hours & !(u64::MAX << hour);
        (hours != 0).then(|| i64::from(hours.ilog2() * 60 + self.minutes.ilog2()))
    }

    pub(super) fn first_minute_of_day(&self) -> i64 {
        i64::from(self.hours.trailing_zeros() * 60 + self.minutes.trailing_zeros())
    }

    pub(super) fn last_minute_of_day(&self) -> i64 {
        i64::from(self.hours.ilog2() * 60 + self.minutes.ilog2())
    }
}

impl Days {
    /// The days of a month of this length whose first day is this weekday (0 is Sunday), bit 0 being the first.
    fn in_month(&self, length: u32, first_weekday: u32) -> u32 {
        let whole = u32::MAX >> (32 - length);
        let found = match *self {
            Days::OfMonth { days, last, last_weekday, nearest_weekday } => {
                let mut found = days as u32;
                if last {
                    found |= 1 << (length - 1);
                }
                if last_weekday {
                    found |= 1 << nearest_weekday_index(length - 1, length, first_weekday);
                }
                for day in ones(nearest_weekday as u32 & whole) {
                    found |= 1 << nearest_weekday_index(day, length, first_weekday);
                }
                found
            }
            Days::OfWeek { weekdays, last, nth } => {
                let mut found = every_week(weekdays as u32, first_weekday);
                for weekday in ones(last as u32) {
                    found |= 1 << highest(every_week(1 << weekday, first_weekday) & whole);
                }
                if let Some((weekday, nth)) = nth {
                    let nth_week = 0b111_1111 << (7 * (nth - 1));
                    found |= every_week(1 << weekday, first_weekday) & nth_week;
                }
                found
            }
        };
        found & whole
    }
}

/// The Monday to Friday nearest to a day (counted from 0) without leaving the month, as `W` asks for.
fn nearest_weekday_index(day: u32, length: u32, first_weekday: u32) -> u32 {
    match (first_weekday + day) % 7 {
        6 if day == 0 => 2,
        6 => day - 1,
        0 if day == length - 1 => day - 2,
        0 => day + 1,
        _ => day,
    }
}

/// The days of a month that are one of these weekdays (bit 0 is Sunday).
fn every_week(weekdays: u32, first_weekday: u32) -> u32 {
    let first_week = ((weekdays << 7 | weekdays) >> first_weekday) & 0b111_1111;
    // A copy of the first week at bits 0, 7, 14, 21 and 28.
    first_week.wrapping_mul(0x1020_4081)
}

/// The first day of a month counted from January 1970.
pub(super) const fn first_day(month: i64) -> i64 {
    const fn leap_days_through(year: i64) -> i64 {
        year / 4 - year / 100 + year / 400
    }
    let (year, month) = (FIRST_YEAR + month / 12, month % 12);
    let leap = leap_days_through(year) - leap_days_through(year - 1);
    let before = match month {
        0 => 0,
        1 => 31,
        // From March on months of 31 and 30 days alternate, but for July and August.
        _ => 59 + leap + (month - 2) * 30 + (month - 1 + month / 7) / 2,
    };
    365 * (year - FIRST_YEAR) + leap_days_through(year - 1) - leap_days_through(FIRST_YEAR - 1) + before
}

/// The month of a day from 1970 on, counted from January 1970.
pub(super) fn month_of(day: i64) -> i64 {
    let mut month = day * 4_800 / 146_097;
    while first_day(month + 1) <= day {
        month += 1;
    }
    while first_day(month) > day {
        month -= 1;
    }
    month
}

/// The numbers of the bits that are set, lowest first.
pub(super) fn ones(mut bits: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = bits.checked_ilog2().map(|_| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(lowest)
    })
}

fn lowest(bits: u32) -> i64 {
    i64::from(bits.trailing_zeros())
}

pub(super) fn highest(bits: u32) -> i64 {
    i64::from(bits.ilog2())
}

pub(super) fn second(day: i64, minute_of_day: i64) -> i64 {
    day * SECONDS_PER_DAY + minute_of_day * SECONDS_PER_MINUTE
}
