//! What holds for every schedule, and the comparison with a second implementation.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

/// The six fields of schedules that differ in every way the dialect allows, over one to three years.
fn fields() -> impl Strategy<Value = [String; 6]> {
    let minutes = one_of("0 30 45 59 7,8 0/20 55-5/5 15/30");
    let hours = one_of("* 0 1 2 3 5 23 0/12 13/12 22-2 1-3 0,2,12 */7 9-17/4");
    let day_of_month = one_of("* 1 15 29 30 31 L LW 1W 15W 30W 31W 1,15,L 28-3 */10 2/9 1W,LW,10-12");
    let day_of_week = one_of("* 1 SUN MON-FRI FRI-MON L 6L SUNL 3#2 sat#5 1#5 2,4 2/2 MON,6L */3 7-1/2");
    let month = one_of("* 1 2 MAR 3,10 JAN-JUN 11-2 */3 2/5 4,OCT");
    let days = prop_oneof![
        day_of_month.prop_map(|days| (days, "?".to_owned())),
        day_of_week.prop_map(|days| ("?".to_owned(), days)),
    ];
    let years = (1970..2197_i16, 0..3_i16).prop_map(|(year, more)| format!("{year}-{}", year + more));
    (minutes, hours, days, month, years).prop_map(
        |(minutes, hours, (day_of_month, day_of_week), month, years)| {
            [minutes, hours, day_of_month, month, day_of_week, years]
        },
    )
}

/// Zones with clock changes of every kind: none, half an hour, two hours, at midnight, a whole day, by decree.
fn timezones() -> impl Strategy<Value = String> {
    one_of(
        "UTC Europe/Berlin America/Los_Angeles America/Santiago America/Nuuk Africa/Cairo Africa/Casablanca \
         Africa/Monrovia Asia/Kolkata Asia/Tehran Antarctica/Troll Antarctica/Casey Australia/Lord_Howe \
         Pacific/Apia Pacific/Chatham Pacific/Kwajalein",
    )
}

fn one_of(words: &'static str) -> impl Strategy<Value = String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::sample::select(words).prop_map(str::to_owned)
}

/// Whether the module and the second implementation, which found `all` runs, agree on those after `from` and on the gap.
fn check_against_naive(fields: &[&str; 6], timezone: &str, all: &[naive::Run], from: Timestamp) {
    let expected = &all[all.partition_point(|run| run.instant <= from)..];
    let expression = format!("cron({})", fields.join(" "));
    let schedule = match Schedule::parse(Some(&expression), Some(timezone)) {
        Ok(schedule) => schedule,
        Err(ScheduleError::ImpossibleDate { .. }) => {
            assert!(expected.is_empty(), "{expression} in {timezone} has runs");
            return;
        }
        Err(error) => panic!("{expression}: {error}"),
    };
    let label = format!("{expression} in {timezone} after {from}");
    let ours: Vec<Timestamp> = schedule.runs_after(from).collect();
    let theirs: Vec<Timestamp> = expected.iter().map(|run| run.instant).collect();
    if let Some((ours, theirs)) = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs) {
        panic!("{label}: {ours} is {theirs}");
    }
    assert_eq!(ours.len(), theirs.len(), "{label}");
    assert!(ours.is_sorted_by(|one, next| one < next), "{label}");
    assert_eq!(schedule.frequency(from).longest_gap_hours(), naive::longest_gap_hours(expected), "{label}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_implementation_finds_the_same_runs_and_the_same_gap(
        fields in fields(),
        timezone in timezones(),
        change in 0..8_usize,
        seconds in prop_oneof![-10_000..10_000_i64, -300_000..300_000_i64, -30_000_000..30_000_000_i64],
    ) {
        let fields = fields.each_ref().map(String::as_str);
        let (first, last) = fields[5].split_once('-').unwrap();
        let years: (i16, i16) = (first.parse().unwrap(), last.parse().unwrap());
        // What goes wrong goes wrong near a clock change.
        let new_year = instant(&format!("{first}-01-01"));
        let zone = super::super::zone(&timezone).unwrap();
        let near = zone.following(new_year).nth(change).map_or(new_year, |change| change.timestamp());
        let all = naive::runs(&fields, &timezone, years);
        check_against_naive(&fields, &timezone, &all, near + seconds.seconds());
    }

    #[test]
    fn no_text_makes_reading_panic(expression in any::<String>(), timezone in any::<String>()) {
        let _ = Schedule::parse(Some(&expression), Some(&timezone));
        let _ = Schedule::parse(Some(&format!("cron({expression})")), None);
    }

    #[test]
    fn no_text_in_the_alphabet_of_cron_makes_anything_panic(
        fields in prop::collection::vec("([0-9]{1,4}|[*?LW#,/-]|MON|SAT|FEB|DEC|l|w){1,6}", 6),
        tail in "[cron()0-9*?LW#,/ -]{0,40}",
        from in any::<i32>(),
        timezone in timezones(),
    ) {
        let _ = Schedule::parse(Some(&tail), None);
        if let Ok(schedule) = Schedule::parse(Some(&format!("cron({})", fields.join(" "))), Some(&timezone)) {
            let from = Timestamp::from_second(i64::from(from)).unwrap();
            prop_assert!(schedule.runs_after(from).take(50).is_sorted_by(|one, next| one < next));
            schedule.frequency(from);
        }
    }

    #[test]
    fn moving_a_daily_or_weekly_schedule_by_a_day_keeps_its_gap(
        minute in 0..60,
        hour in 0..24,
        weekdays in prop::collection::btree_set(0..7, 1..8),
        start in 0..4_000_000_000_i64,
    ) {
        let weekly = |by: i32| {
            let days: Vec<String> = weekdays.iter().map(|day: &i32| ((day + by) % 7 + 1).to_string()).collect();
            schedule(&format!("{minute} {hour} ? * {} *", days.join(",")), "UTC")
        };
        let from = Timestamp::from_second(start).unwrap();
        let gap = weekly(0).frequency(from).longest_gap_hours();
        for by in 1..7 {
            prop_assert_eq!(weekly(by).frequency(from).longest_gap_hours(), gap);
        }
        prop_assert_eq!(weekly(0).frequency(from + 24.hours()).longest_gap_hours(), gap);
        prop_assert!(gap >= Some(24) && gap <= Some(168));
    }

    #[test]
    fn later_questions_get_the_rest_of_the_same_runs(
        fields in fields(),
        timezone in timezones(),
        skip in 0..20_usize,
    ) {
        let Ok(schedule) = Schedule::parse(Some(&format!("cron({})", fields.join(" "))), Some(&timezone)) else {
            return Ok(());
        };
        let all: Vec<Timestamp> = schedule.runs_after(Timestamp::UNIX_EPOCH - 48.hours()).take(60).collect();
        if let Some(from) = all.get(skip) {
            let rest: Vec<Timestamp> = schedule.runs_after(*from).take(59 - skip).collect();
            prop_assert_eq!(&all[skip + 1..], &rest);
        }
    }
}

#[test]
fn rare_schedules_have_the_gap_a_second_implementation_finds_over_all_of_the_calendar() {
    for (fields, timezone) in [
        (["0", "5", "29", "2", "?", "*"], "UTC"),
        (["0", "5", "?", "2", "7#5", "*"], "UTC"),
        (["0", "5", "?", "*", "6#5", "*"], "America/New_York"),
        (["30", "2", "29", "3", "?", "*"], "Europe/Berlin"),
        (["30", "2", "?", "3", "1L", "*"], "Europe/Berlin"),
        (["15", "2", "?", "10", "1#1", "*"], "Australia/Lord_Howe"),
        (["30", "2", "?", "*", "SUN", "*"], "Africa/Casablanca"),
        (["0", "0", "31W", "*", "?", "1971/3"], "Africa/Cairo"),
        (["0", "2", "L", "2,10", "?", "*"], "Europe/Paris"),
    ] {
        let all = naive::runs(&fields, timezone, (1970, 2199));
        for from in ["1969-01-01T00:00:00Z", "2011-12-30T12:00:00Z", NEW_YEAR, "2150-06-01T00:00:00Z"] {
            check_against_naive(&fields, timezone, &all, at(from));
        }
    }
}
