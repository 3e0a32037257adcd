//! Tables of cases, each with what its expectation is from.

mod laws;
mod naive;
mod refusals;

use jiff::Timestamp;

use super::*;

const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

fn schedule(expression: &str, timezone: &str) -> Schedule {
    let expression =
        if expression.starts_with("cron(") { expression.to_owned() } else { format!("cron({expression})") };
    Schedule::parse(Some(&expression), Some(timezone)).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The cells of a table with a row to a line and `|` between cells; a line that starts with `//` is a comment.
fn rows<const CELLS: usize>(table: &str) -> impl Iterator<Item = [&str; CELLS]> {
    let lines = table.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        cells.try_into().unwrap_or_else(|_| panic!("a row has {CELLS} cells: {line}"))
    })
}

/// An instant in UTC of which a table may leave out what is zero at the end.
fn instant(text: &str) -> Timestamp {
    let start = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ => text.to_owned(),
    };
    at(&start)
}

/// Cells: expression, time zone and from, the next runs in UTC (`-` for no more), where the expectation is from.
///
/// "EventBridge" is the page Cron expressions reference of its User Guide, "Scheduler" the page Schedule types of
/// EventBridge Scheduler's. "Quartz" is its CronTrigger tutorial, whose dialect AWS extends without saying so.
fn check_runs(table: &str) {
    for [expression, zone_and_from, next, source] in rows(table) {
        let (timezone, from) = zone_and_from.split_once(' ').unwrap();
        let expected: Vec<Option<Timestamp>> =
            next.split(' ').map(|run| (run != "-").then(|| instant(run))).collect();
        let schedule = schedule(expression, timezone);
        let mut runs = schedule.runs_after(instant(from));
        let found: Vec<Option<Timestamp>> = expected.iter().map(|_| runs.next()).collect();
        assert_eq!(found, expected, "{expression} in {timezone} after {from} ({source})");
    }
}

#[test]
fn the_examples_of_aws_run_as_aws_says() {
    check_runs(
        r"
        0 10 * * ? *             | UTC 2026-01-01 | 2026-01-01T10:00 2026-01-02T10:00 | EventBridge
        15 12 * * ? *            | UTC 2026-01-01 | 2026-01-01T12:15 2026-01-02T12:15 | EventBridge
        0 18 ? * MON-FRI *       | UTC 2026-01-01 | 2026-01-01T18:00 2026-01-02T18:00 2026-01-05T18:00 | EventBridge
        0 8 1 * ? *              | UTC 2026-01-01 | 2026-01-01T08:00 2026-02-01T08:00 2026-03-01T08:00 | EventBridge
        0/15 * * * ? *           | UTC 2026-01-01 | 2026-01-01T00:15 2026-01-01T00:30 2026-01-01T00:45 2026-01-01T01:00 | EventBridge
        0/10 * ? * MON-FRI *     | UTC 2026-01-01 | 2026-01-01T00:10 2026-01-01T00:20 | EventBridge
        0/5 8-17 ? * MON-FRI *   | UTC 2026-01-02T17:50 | 2026-01-02T17:55 2026-01-05T08:00 | EventBridge
        5,35 14 * * ? *          | UTC 2026-01-01 | 2026-01-01T14:05 2026-01-01T14:35 2026-01-02T14:05 | EventBridge
        15 10 ? * 6L 2019-2022   | UTC 2022-11-01 | 2022-11-25T10:15 2022-12-30T10:15 - | EventBridge
        1/10 0 1 1 ? *           | UTC 2026-01-01 | 2026-01-01T00:01 2026-01-01T00:11 2026-01-01T00:21 2026-01-01T00:31 | EventBridge
        0 0 7 * ? *              | UTC 2026-01-01 | 2026-01-07 2026-02-07 | EventBridge
        0 0 1 JAN,FEB,MAR ? *    | UTC 2026-01-01 | 2026-02-01 2026-03-01 2027-01-01 | EventBridge
        0 0 ? * 3#2 *            | UTC 2026-01-01 | 2026-01-13 2026-02-10 | EventBridge
        0 0 3W * ? *             | UTC 2026-01-01 | 2026-01-02 2026-02-03 2026-03-03 2026-04-03 2026-05-04 | EventBridge
        15 * ? * * *             | UTC 2026-01-01 | 2026-01-01T00:15 2026-01-01T01:15 | API_BackupRule
        0 12 * * ? *             | UTC 2026-01-01 | 2026-01-01T12:00 2026-01-02T12:00 | API_BackupRule
        0 5 ? * * *              | UTC 2026-01-01 | 2026-01-01T05:00 2026-01-02T05:00 | API_BackupRule
        0 13/12 ? * * *          | UTC 2026-01-01 | 2026-01-01T13:00 2026-01-02T13:00 | AWS Backup Developer Guide: a day is 00:00 to 23:59
        0 0/24 ? * * *           | UTC 2026-01-01 | 2026-01-02 2026-01-03 | SageMaker, ScheduleConfig
        ",
    );
}

#[test]
fn fields_mean_what_they_mean_in_this_dialect_and_in_no_other() {
    check_runs(
        r"
        // 1 is Sunday; in Unix cron it is Monday.
        0 0 ? * 1 *              | UTC 2026-01-01 | 2026-01-04 2026-01-11 | EventBridge
        0 0 ? * 7 *              | UTC 2026-01-01 | 2026-01-03 2026-01-10 | EventBridge
        0 0 ? * 2-6 *            | UTC 2026-01-01 | 2026-01-02 2026-01-05 2026-01-06 | EventBridge
        // `L` in the day-of-week is every Saturday, after a day it is the last one of the month.
        0 0 ? * L *              | UTC 2026-01-01 | 2026-01-03 2026-01-10 | EventBridge
        0 0 ? * 7L *             | UTC 2026-01-01 | 2026-01-31 2026-02-28 | EventBridge
        0 0 ? * 5L *             | UTC 2026-01-01 | 2026-01-29 2026-02-26 | grumBit/aws_cron_expression_validator#12
        0 0 ? * fril *           | UTC 2026-01-01 | 2026-01-30 2026-02-27 | Quartz
        0 2 ? * SAT#3 *          | UTC 2026-01-01 | 2026-01-17T02:00 2026-02-21T02:00 | localstack's tests, validated on AWS
        0 2 ? * 1#5 *            | UTC 2026-01-01 | 2026-03-29T02:00 2026-05-31T02:00 | calendar
        0 0 L * ? *              | UTC 2026-01-01 | 2026-01-31 2026-02-28 2026-03-31 2026-04-30 | EventBridge
        0 21 LW * ? *            | UTC 2026-01-01 | 2026-01-30T21:00 2026-02-27T21:00 2026-03-31T21:00 2026-04-30T21:00 2026-05-29T21:00 | serverless/serverless-local-schedule#12
        0 21 lw * ? *            | UTC 2026-01-01 | 2026-01-30T21:00 | Quartz
        // The nearest weekday stays in its month.
        0 0 1W 2,8 ? *           | UTC 2026-01-01 | 2026-02-02 2026-08-03 | Quartz
        0 0 31W * ? *            | UTC 2026-01-01 | 2026-01-30 2026-03-31 2026-05-29 2026-07-31 | Quartz
        0 0 15W 2,3 ? *          | UTC 2026-01-01 | 2026-02-16 2026-03-16 | Quartz
        // Lists of several kinds of days are all of them together.
        0 0 1,15,L * ? *         | UTC 2026-01-01 | 2026-01-15 2026-01-31 2026-02-01 | EventBridge
        0 0 15W,LW * ? *         | UTC 2026-01-01 | 2026-01-15 2026-01-30 2026-02-16 | EventBridge
        0 0 ? * MON,6L *         | UTC 2026-01-01 | 2026-01-05 2026-01-12 2026-01-19 2026-01-26 2026-01-30 | EventBridge
        0 0 ? * 2,3,4,5,6,7,1 *  | UTC 2026-01-01 | 2026-01-02 2026-01-03 2026-01-04 | EventBridge
        // Ranges go past the end of their field.
        0/30 20-2 ? * MON-FRI *  | UTC 2026-01-02T02:00 | 2026-01-02T02:30 2026-01-02T20:00 2026-01-02T20:30 | EventBridge
        0/30 20-2 ? * MON-FRI *  | UTC 2026-01-02T23:00 | 2026-01-02T23:30 2026-01-05 | each day by itself, as AWS Backup counts steps
        0 0 ? * FRI-MON *        | UTC 2026-01-01 | 2026-01-02 2026-01-03 2026-01-04 2026-01-05 2026-01-09 | Quartz
        0 0 1 NOV-FEB ? *        | UTC 2026-01-01 | 2026-02-01 2026-11-01 2026-12-01 2027-01-01 | Quartz
        0 0 30-2 * ? *           | UTC 2026-01-01 | 2026-01-02 2026-01-30 2026-01-31 2026-02-01 2026-02-02 2026-03-01 | Quartz
        50-10/10 0 * * ? *       | UTC 2026-01-01 | 2026-01-01T00:10 2026-01-01T00:50 2026-01-02 | Quartz
        0 20-2/3 2 1 ? 2026      | UTC 2026-01-01 | 2026-01-02T02:00 2026-01-02T20:00 2026-01-02T23:00 - | Quartz
        // A step starts anew in every minute field, day, month, week and year.
        0 0 1-31/30 * ? *        | UTC 2026-01-01 | 2026-01-31 2026-02-01 2026-03-01 2026-03-31 | localstack/localstack#13572, validated on AWS
        0-15/1 8-8 ? * 2,3,4,5,6,7 * | UTC 2026-01-01 | 2026-01-01T08:00 2026-01-01T08:01 | localstack/localstack#13572, validated on AWS
        30-30 13-13 ? * 2,4,6 *  | UTC 2026-01-01 | 2026-01-02T13:30 2026-01-05T13:30 2026-01-07T13:30 | localstack/localstack#13572, validated on AWS
        0 8 1 */3 ? *            | UTC 2026-01-01 | 2026-01-01T08:00 2026-04-01T08:00 2026-07-01T08:00 2026-10-01T08:00 | EventBridge
        0 0 ? * MON/2 *          | UTC 2026-01-01 | 2026-01-02 2026-01-05 2026-01-07 | Quartz
        0 0 */10 * ? *           | UTC 2026-01-01 | 2026-01-11 2026-01-21 2026-01-31 2026-02-01 | EventBridge
        0 0 1 1 ? 2020/4         | UTC 2026-01-01 | 2028-01-01 2032-01-01 | EventBridge
        0 1-7/2,11-23/4 1 1 ? 2026 | UTC 2026-01-01 | 2026-01-01T01:00 2026-01-01T03:00 2026-01-01T05:00 2026-01-01T07:00 2026-01-01T11:00 2026-01-01T15:00 2026-01-01T19:00 2026-01-01T23:00 - | EventBridge
        // Names in any case, and together with numbers.
        0 0 ? jAn-3 mOn *        | UTC 2026-01-01 | 2026-01-05 2026-01-12 | grumBit/aws_cron_expression_validator#18
        0 0 ? * MON,4 *          | UTC 2026-01-01 | 2026-01-05 2026-01-07 | EventBridge
        // Zeros in front and white space are nothing.
        cron(  00	05 01 01 ?   * ) | UTC 2026-01-01 | 2026-01-01T05:00 2027-01-01T05:00 | EventBridge
        0 0 *,5 * ? *            | UTC 2026-01-01 | 2026-01-02 2026-01-03 | EventBridge
        // The calendar of AWS.
        0 0 1 1 ? *              | UTC 2198-06-01 | 2199-01-01 - | EventBridge
        0 0 1 1 ? *              | Pacific/Kiritimati 1900-01-01 | 1970-01-01T10:40 1971-01-01T10:40 | EventBridge
        0 0 29 2 ? *             | UTC 2026-01-01 | 2028-02-29 2032-02-29 | calendar
        0 0 29 2 ? *             | UTC 2096-01-01 | 2096-02-29 2104-02-29 | calendar
        ",
    );
}

#[test]
fn clock_changes_skip_a_run_or_run_it_once() {
    check_runs(
        r"
        30 2 * * ? *             | America/Los_Angeles 2026-03-07 | 2026-03-07T10:30 2026-03-09T09:30 | Scheduler
        30 1 * * ? *             | America/Los_Angeles 2026-11-01 | 2026-11-01T08:30 2026-11-02T09:30 | Scheduler
        // Asked in the hour that is being repeated.
        30 1 * * ? *             | America/Los_Angeles 2026-11-01T09:00 | 2026-11-02T09:30 | Scheduler
        0 * * * ? *              | Europe/Berlin 2026-10-24T23:00 | 2026-10-25 2026-10-25T02:00 2026-10-25T03:00 | Scheduler
        // Asked after the hour was repeated.
        0 * * * ? *              | Europe/Berlin 2026-10-25T01:30 | 2026-10-25T02:00 2026-10-25T03:00 | Scheduler
        0 * * * ? *              | Europe/Berlin 2026-10-26T12:30 | 2026-10-26T13:00 2026-10-26T14:00 | Scheduler
        0 * * * ? *              | Europe/Berlin 2026-03-28T23:30 | 2026-03-29 2026-03-29T01:00 2026-03-29T02:00 | Scheduler
        30 8 * * ? *             | America/New_York 2026-03-07 | 2026-03-07T13:30 2026-03-08T12:30 | Scheduler
        // The clock changes at midnight, so a day has no 00:00.
        0 0 * * ? *              | Africa/Cairo 2026-04-22T12:00 | 2026-04-22T22:00 2026-04-24T21:00 | Scheduler
        // By half an hour.
        15 2 * * ? *             | Australia/Lord_Howe 2026-10-02T12:00 | 2026-10-02T15:45 2026-10-04T15:15 | Scheduler
        // A whole day that never was.
        0 5 * * ? *              | Pacific/Apia 2011-12-29 | 2011-12-29T15:00 2011-12-30T15:00 | Scheduler
        0 5 30 12 ? 2011         | Pacific/Apia 2011-01-01 | - | Scheduler
        // Strictly after, also by a fraction of a second.
        0 5 * * ? *              | Etc/UTC 2026-01-01T05:00 | 2026-01-02T05:00 | EventBridge
        0 5 * * ? *              | UTC 2026-01-01T04:59:59.999999999Z | 2026-01-01T05:00 | EventBridge
        ",
    );
}

#[test]
fn the_longest_gap_is_the_one_that_is_counted_by_hand() {
    // Cells: expression, time zone, hours, how they are counted from 2026 on.
    let table = "
        0 5 ? * * *              | UTC                  |     24 | daily
        0 5 ? * * *              | Europe/Berlin        |     24 | the day of 25 hours does not count
        0 13/12 ? * * *          | UTC                  |     24 | once a day
        0 0/12 ? * * *           | UTC                  |     12 | twice a day
        0 0/12 ? * * *           | America/New_York     |     12 | twice a day, clocks notwithstanding
        0 * ? * * *              | UTC                  |      1 | hourly
        0 * ? * * *              | Europe/Berlin        |      1 | one hour does not exist, one is not repeated
        30 * ? * * *             | America/St_Johns     |      1 | hourly
        0 * ? * * *              | Australia/Lord_Howe  |      2 | 02:00 is skipped when the clock goes from 02:00 to 02:30
        0/15 * ? * * *           | UTC                  |      1 | a quarter, rounded up
        0 0,1 ? * * *            | UTC                  |     23 | 01:00 to 00:00
        0,50 5 ? * * *           | UTC                  |     24 | 05:50 to 05:00 is 23:10
        59 23 ? * 7 *            | UTC                  |    168 | weekly
        0 18 ? * MON-FRI *       | UTC                  |     72 | Friday to Monday
        0/30 20-2 ? * MON-FRI *  | UTC                  |     49 | Friday 23:30 to Monday 00:00
        0 5 ? * SUN,WED *        | UTC                  |     96 | Wednesday to Sunday
        0 5 1 * ? *              | UTC                  |    744 | 31 days
        0 5 15 * ? *             | Europe/Berlin        |    744 | 31 days, not an hour more in October
        0 5 L * ? *              | UTC                  |    744 | 31 days
        0 5 31 * ? *             | UTC                  |   1464 | 31 March to 31 May
        0 8 1 */3 ? *            | UTC                  |   2208 | July, August, September
        0 8 1 */6 ? *            | UTC                  |   4416 | July to December
        0 12 15 12 ? *           | UTC                  |   8784 | a year with a leap day
        0 5 28 2 ? *             | UTC                  |   8784 | a year with a leap day
        0 5 29 2 ? *             | UTC                  |  70104 | 2096 to 2104, as 2100 is no leap year
        0 5 29 2 ? 2000-2096     | UTC                  |  35064 | four years
        0 5 L 2 ? *              | UTC                  |   8784 | 28 February to 29 February
        0 5 ? 2 7#5 *            | UTC                  | 350616 | 2076 to 2116, as 2100 is no leap year
        0 5 ? 2 7#5 2000-2080    | UTC                  | 245448 | 2048 to 2076, 28 years
        0 5 1 1 ? 2027,2030      | UTC                  |  26304 | three years, one of them a leap year
        0 2 ? * * *              | Europe/Berlin        |     47 | 02:00 does not exist on one day, which has 23 hours
        30 2 ? * * *             | America/Los_Angeles  |     47 | the example of EventBridge Scheduler
        0 1 ? * * *              | Europe/London        |     47 | 01:00 to 02:00
        45 2 ? * * *             | Pacific/Chatham      |     47 | 02:45 to 03:45
        0 3 ? * * *              | Europe/Berlin        |     24 | 03:00 always exists
        0 2 ? * SUN *            | Europe/Berlin        |    335 | two weeks less the skipped hour
        0 0,6 1 6 ? *            | UTC                  |   8778 | from 06:00 to next year's 00:00
        0 0,6,7 1 6 ? 2027       | UTC                  |      6 | one day only
        0 1,20 27-28 3 ? 2027    | Europe/Berlin        |     19 | 01:00 to 20:00 on the day with 24 hours
        0 0 31 12 ? 2026-2027    | UTC                  |   8760 | two runs
        ";
    for [expression, timezone, hours, why] in rows(table) {
        let found = schedule(expression, timezone).frequency(at(NEW_YEAR)).longest_gap_hours();
        assert_eq!(found, hours.parse().ok(), "{expression} in {timezone}: {why}");
    }
}

fn answer(frequency: Frequency) -> String {
    match frequency {
        Frequency::Every { longest_gap_hours, last_run: None } => format!("{longest_gap_hours} h"),
        Frequency::Every { longest_gap_hours, last_run: Some(run) } => {
            format!("{longest_gap_hours} h until {run}")
        }
        Frequency::Once { run } => format!("once on {run}"),
        Frequency::Never => "never".to_owned(),
    }
}

#[test]
fn a_schedule_that_ends_says_when_and_one_that_is_over_has_no_gap() {
    // Cells: expression, time zone and from, frequency.
    let table = "
        0 5 * * ? *            | UTC 2026-01-01              | 24 h
        0 5 * * ? 2026/1       | UTC 2026-01-01              | 24 h
        0 5 * * ? 1970-2199    | UTC 2026-01-01              | 24 h
        0 5 * * ? 2026-2027    | UTC 2026-01-01              | 24 h until 2027-12-31T05:00:00Z
        0 5 * * ? 2027,2030    | UTC 2026-01-01              | 17568 h until 2030-12-31T05:00:00Z
        0 5 1 7 ? 2025-2028    | Europe/Berlin 2026-01-01    | 8784 h until 2028-07-01T03:00:00Z
        15 10 ? * 6L 2019-2022 | UTC 2022-11-25T10:14        | 840 h until 2022-12-30T10:15:00Z
        15 10 ? * 6L 2019-2022 | UTC 2022-11-25T10:15        | once on 2022-12-30T10:15:00Z
        15 10 ? * 6L 2019-2022 | UTC 2022-12-30T10:15        | never
        0 5 1 1 ? 2030         | UTC 2026-01-01              | once on 2030-01-01T05:00:00Z
        0 5 1 1 ? 2020         | UTC 2026-01-01              | never
        // The day exists, the time does not.
        30 2 29 3 ? 2026       | Europe/Berlin 2026-01-01    | never
        30 2 29 3 ? 2026       | UTC 2026-01-01              | once on 2026-03-29T02:30:00Z
        0 5 30 12 ? 2011       | Pacific/Apia 2011-01-01     | never
        // Only what is after the question counts.
        0 0 1,20,25 1 ? 2027   | UTC 2027-01-02              | 120 h until 2027-01-25T00:00:00Z
        30 1,10,22 3-4 9 ? 2027 | Pacific/Easter 2027-09-03T20:00 | 9 h until 2027-09-04T16:30:00Z
        // The ends of AWS's calendar and of time.
        0 5 * * ? *            | UTC 2199-12-31              | once on 2199-12-31T05:00:00Z
        0 5 * * ? *            | UTC 2199-12-31T05:00        | never
        0 5 * * ? *            | Europe/Berlin 9999-01-01    | never
        0 5 * * ? *            | Europe/Berlin -009999-01-03T00:00:00Z | 24 h
    ";
    for [expression, zone_and_from, expected] in rows(table) {
        let (timezone, from) = zone_and_from.split_once(' ').unwrap();
        let found = schedule(expression, timezone).frequency(instant(from));
        assert_eq!(answer(found), expected, "{expression} in {timezone} after {from}");
    }
    for end in [Timestamp::MIN, Timestamp::MAX] {
        let berlin = schedule("0/7 * * * ? *", "Europe/Berlin");
        assert_eq!(berlin.runs_after(end).next().is_some(), end == Timestamp::MIN);
        assert_eq!(berlin.frequency(end).longest_gap_hours().is_some(), end == Timestamp::MIN);
    }
}

#[test]
fn an_absent_field_takes_the_default_of_aws() {
    let default = Schedule::parse(None, None).unwrap();
    assert_eq!((default.expression(), default.timezone()), (DEFAULT_EXPRESSION, "UTC"));
    assert_eq!(default, schedule(DEFAULT_EXPRESSION, "UTC"));
    let in_tokyo = Schedule::parse(None, Some("Asia/Tokyo")).unwrap();
    assert_eq!(in_tokyo.runs_after(at(NEW_YEAR)).next(), Some(at("2026-01-01T20:00:00Z")));
}

#[test]
fn the_explanation_has_a_stable_shape() {
    for (expression, timezone, count, expected) in [
        (
            "0 5 ? * * *",
            "Europe/Berlin",
            2,
            r#"{"next":["2026-01-01T04:00:00Z","2026-01-02T04:00:00Z"],"longestGapHours":24}"#,
        ),
        ("0 5 1 1 ? 2020", "UTC", 5, r#"{"next":[],"longestGapHours":null}"#),
        ("0 5 1 1 ? 2030", "UTC", 5, r#"{"next":["2030-01-01T05:00:00Z"],"longestGapHours":null}"#),
        ("0 5 ? * * *", "UTC", 0, r#"{"next":[],"longestGapHours":24}"#),
    ] {
        let explanation = schedule(expression, timezone).explain(at(NEW_YEAR), count);
        assert_eq!(serde_json::to_string(&explanation).unwrap(), expected, "{expression}");
    }
}

#[test]
fn several_minutes_in_an_hour_are_finer_than_hourly() {
    for (expression, expected) in [
        ("0/15 * * * ? *", true),
        ("0/30 5 1 1 ? *", true),
        ("* * * * ? *", true),
        ("0,59 5 ? * MON *", true),
        ("0 * * * ? *", false),
        ("59 23 ? * MON *", false),
        ("30/30 * ? * MON *", false),
    ] {
        assert_eq!(schedule(expression, "UTC").finer_than_hourly(), expected, "{expression}");
    }
}
