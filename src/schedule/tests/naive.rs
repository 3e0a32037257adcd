//! A second implementation, slow and obvious: every day is held against the text of the fields, then every hour and
//! every minute. Shares no code with the module.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

pub(super) struct Run {
    pub(super) instant: Timestamp,
    local: DateTime,
}

/// Every run in these years.
pub(super) fn runs(fields: &[&str; 6], timezone: &str, years: (i16, i16)) -> Vec<Run> {
    let [minutes, hours, day_of_month, month, day_of_week, year] = *fields;
    let zone = TimeZoneDatabase::bundled().get(timezone).unwrap();
    let chosen =
        |text: &str, last: i16| (0..=last).filter(|value| on_list(text, *value, 0, last)).collect::<Vec<_>>();
    let (minutes, hours) = (chosen(minutes, 59), chosen(hours, 23));
    let mut runs = Vec::new();
    for day in date(years.0, 1, 1).series(1.day()).take_while(|day| day.year() <= years.1) {
        let on_day = match day_of_week {
            "?" => on_day_of_month(day_of_month, day),
            _ => on_day_of_week(day_of_week, day),
        };
        if !on_day || !on_list(month, day.month().into(), 1, 12) || !on_list(year, day.year(), 1970, 2199) {
            continue;
        }
        for hour in &hours {
            for minute in &minutes {
                let local = day.at(*hour as i8, *minute as i8, 0, 0);
                runs.extend(instant(local, &zone).map(|instant| Run { instant, local }));
            }
        }
    }
    runs
}

/// The longest gap in hours, rounded up.
pub(super) fn longest_gap_hours(runs: &[Run]) -> Option<u64> {
    let gaps = runs.windows(2).map(|pair| {
        let passed = pair[1].instant.duration_since(pair[0].instant).as_secs();
        passed.min(pair[1].local.duration_since(pair[0].local).as_secs()) as u64
    });
    gaps.max().map(|seconds| seconds.div_ceil(3600))
}

/// The first instant at which the clocks of the zone show a local time, if there is one.
///
/// Tries every offset of the days around. The library's own answer is not asked: for 23:00 on 28 October 2023 in
/// Nuuk, where the rules changed and the clocks did not, it gives the instant of 22:00.
fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let in_utc = local.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let around = (-3..=3).map(|half_days| zone.to_offset(in_utc + (half_days * 12).hours()));
    around
        .filter_map(|offset| {
            let instant = offset.to_timestamp(local).unwrap();
            (zone.to_offset(instant) == offset).then_some(instant)
        })
        .min()
}

fn on_list(text: &str, value: i16, first: i16, last: i16) -> bool {
    text.split(',').any(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (start, end) = match range.split_once('-') {
            _ if range == "*" => (first, last),
            Some((start, end)) => (number(start), number(end)),
            None if item.contains('/') => (number(range), last),
            None => (number(range), number(range)),
        };
        // Walk from the start as a person would on a clock face, until the end was passed.
        let mut here = start;
        let mut walked = 0;
        loop {
            if here == value && walked % number(step) == 0 {
                return true;
            }
            if here == end {
                return false;
            }
            here = if here == last { first } else { here + 1 };
            walked += 1;
        }
    })
}

fn on_day_of_month(text: &str, day: Date) -> bool {
    let workday =
        |day: &Date| !matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
    let workdays = || day.first_of_month().series(1.day()).take(day.days_in_month() as usize).filter(workday);
    text.split(',').any(|item| match item {
        "L" => day == day.last_of_month(),
        "LW" => Some(day) == workdays().last(),
        _ => match item.strip_suffix('W') {
            Some(wanted) => {
                let wanted = number(wanted);
                let nearest = workdays().min_by_key(|workday| (i16::from(workday.day()) - wanted).abs());
                wanted <= day.days_in_month().into() && Some(day) == nearest
            }
            None => on_list(item, day.day().into(), 1, 31),
        },
    })
}

fn on_day_of_week(text: &str, day: Date) -> bool {
    let weekday = i16::from(day.weekday().to_sunday_one_offset());
    text.split(',').any(|item| {
        if let Some((wanted, nth)) = item.split_once('#') {
            return number(wanted) == weekday && i16::from((day.day() - 1) / 7 + 1) == number(nth);
        }
        match item.strip_suffix('L') {
            Some("") => weekday == 7,
            Some(wanted) => number(wanted) == weekday && day.day() + 7 > day.days_in_month(),
            None => on_list(item, weekday, 1, 7),
        }
    })
}

fn number(text: &str) -> i16 {
    const NAMES: &str = "SUN1MON2TUE3WED4THU5FRI6SAT7JAN1FEB2MAR3APR4MAY5JUN6JUL7AUG8SEP9OCT10NOV11DEC12";
    text.parse().unwrap_or_else(|_| {
        let (_, rest) = NAMES.split_once(&text.to_uppercase()).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    })
}
