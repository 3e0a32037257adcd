//! What is refused, and the sentence that says so.

use super::*;

fn refusal(expression: &str) -> String {
    match Schedule::parse(Some(expression), None) {
        Err(error) => error.to_string(),
        Ok(schedule) => panic!("{expression} was read as {schedule:?}"),
    }
}

#[test]
fn each_kind_of_refusal_says_what_is_wrong_and_what_is_allowed() {
    let table = "
        rate(1 day) | schedule expression `rate(1 day)` is a rate, which AWS Backup refuses; allowed is `cron(minutes hours day-of-month month day-of-week year)`
        at(2026-01-01T00:00:00) | schedule expression `at(2026-01-01T00:00:00)` is a single date, which AWS Backup refuses; allowed is `cron(minutes hours day-of-month month day-of-week year)`
        daily | schedule expression `daily` is not a cron expression; allowed is `cron(minutes hours day-of-month month day-of-week year)`
        cron(0 5 * * *) | schedule expression `cron(0 5 * * *)` has a field count of 5; six fields are required: minutes, hours, day-of-month, month, day-of-week and year
        cron(0 5 1 * MON *) | day-of-month `1` and day-of-week `MON` are both given; one of the two must be `?`
        cron(0 5 ? * ? *) | day-of-month `?` and day-of-week `?` leave the day open; one of the two must be a value or `*`
        cron(71 8 1 * ? *) | minutes `71` is not understood; allowed are 0-59 with `,` `-` `*` `/`
        cron(0 24 1 * ? *) | hours `24` is not understood; allowed are 0-23 with `,` `-` `*` `/`
        cron(0 8 32 * ? *) | day-of-month `32` is not understood; allowed are 1-31 with `,` `-` `*` `/`, `L`, `LW` and `W` after a day, or `?` alone
        cron(0 8 1 13 ? *) | month `13` is not understood; allowed are 1-12 or JAN-DEC with `,` `-` `*` `/`
        cron(0 8 ? * 8 *) | day-of-week `8` is not understood; allowed are 1-7 or SUN-SAT with `,` `-` `*` `/`, `L` alone or after a day, `#1` to `#5` after a day, or `?` alone
        cron(0 8 1 * ? 2200) | year `2200` is not understood; allowed are 1970-2199 with `,` `-` `*` `/`
        cron(0 8 ? * 3#1,6#3 *) | day-of-week `3#1,6#3` has `#` in a list; allowed is one expression with `#` and nothing else
        cron(*/60 * * * ? *) | minutes `*/60` has a step that is not understood; allowed are steps from 1 to 59
        cron(0 5 31 2 ? *) | schedule expression `cron(0 5 31 2 ? *)` names a date that does not exist; day-of-month, month, day-of-week and year must meet on one day from 1970 to 2199
    ";
    for [expression, message] in rows(table) {
        assert_eq!(refusal(expression), message);
    }
}

/// Cells: expression, the part that is named, the source where there is one.
#[test]
fn what_aws_refuses_and_what_has_no_certain_meaning_is_refused() {
    let table = "
        // The whole of it. AWS Backup takes no rates: hashicorp/terraform-provider-aws#8269.
        rate(14 days)                     | `rate(14 days)` is a rate             | hashicorp/terraform-provider-aws#8269
        @daily                            | `@daily` is not a cron expression     |
        ${var.schedule}                   | `${var.schedule}` is not a cron       |
        cron(0 5 ? * * *                  | is not a cron expression              |
        CRON(0 5 ? * * *)                 | is not a cron expression              |
        cron (0 5 ? * * *)                | is not a cron expression              |
        cron()                            | has a field count of 0                |
        cron(INVALID)                     | has a field count of 1                | localstack's tests, validated on AWS
        0 5 * * *                         | has a field count of 5                |
        cron(*/1 * * * *)                 | has a field count of 5                | cds-snc/notification-terraform#344
        cron(0 0 0/24 ? * * *)            | has a field count of 7                |
        // The two day fields.
        cron(0 1 * * * *)                 | day-of-month `*` and day-of-week `*`  | EventBridge; localstack's tests, validated on AWS
        cron(7 20 * * 1-7 *)              | day-of-month `*` and day-of-week `1-7`| localstack/localstack#12156, validated on AWS
        cron(0 5 ?,1 * ? *)               | day-of-month `?`                      | EventBridge
        // Values.
        cron(60 8 1 * ? *)                | minutes `60`                          | EventBridge
        cron(? 8 1 * ? *)                 | minutes `?`                           | EventBridge
        cron(* ? * * * *)                 | hours `?`                             | aws-solutions/aws-waf-security-automations#261
        cron(-1 8 1 * ? *)                | minutes `-1`                          |
        cron(+1 8 1 * ? *)                | minutes `+1`                          |
        cron(1.5 8 1 * ? *)               | minutes `1.5`                         |
        cron(00000 8 1 * ? *)             | minutes `00000`                       |
        cron(99999999999999999999 8 1 * ? *) | minutes `99999999999999999999`     |
        cron(1-2-3 8 1 * ? *)             | minutes `1-2-3`                       |
        cron(*-5 8 1 * ? *)               | minutes `*-5`                         |
        cron(5- 8 1 * ? *)                | minutes `5-`                          |
        cron(L 8 1 * ? *)                 | minutes `L`                           | EventBridge
        cron(٣ 8 1 * ? *)                 | minutes `٣`                           |
        cron(0 8,25 1 * ? *)              | hours `25`                            | EventBridge
        cron(0 dummy ? * MON-FRI *)       | hours `dummy`                         | localstack's tests, validated on AWS
        cron(0 8 0 * ? *)                 | day-of-month `0`                      | EventBridge
        cron(0 8 MON * ? *)               | day-of-month `MON`                    | EventBridge
        cron(0 8 1 0 ? *)                 | month `0`                             | EventBridge
        cron(0 8 1 JANUARY ? *)           | month `JANUARY`                       | EventBridge
        cron(0 8 ? ? MON *)               | month `?`                             | EventBridge
        cron(0 8 ? * 0 *)                 | day-of-week `0`                       | EventBridge
        cron(0 12 ? * -1 *)               | day-of-week `-1`                      | winglang/wing#7115
        cron(7 20 ? * NOT *)              | day-of-week `NOT`                     | localstack's tests, validated on AWS
        cron(0 8 1 * ? 1969)              | year `1969`                           | EventBridge
        cron(0 8 1 * ? 26)                | year `26`                             | EventBridge
        cron(0 8 1 * ? 2030-2027)         | year `2030-2027`                      |
        // `L`, `W` and `#` in ways that no page of AWS has.
        cron(0 8 L-3 * ? *)               | day-of-month `L-3`                    | grumBit/aws_cron_expression_validator's tests
        cron(0 8 3L * ? *)                | day-of-month `3L`                     | grumBit/aws_cron_expression_validator's tests
        cron(0 8 W * ? *)                 | day-of-month `W`                      |
        cron(0 8 32W * ? *)               | day-of-month `32W`                    |
        cron(0 8 1W-5W * ? *)             | day-of-month `1W-5W`                  |
        cron(0 8 ? * L-2 *)               | day-of-week `L-2`                     |
        cron(0 8 ? * 8L *)                | day-of-week `8L`                      |
        cron(0 8 ? * 15W *)               | day-of-week `15W`                     | EventBridge
        cron(0 8 ? * 6#6 *)               | day-of-week `6#6`                     |
        cron(0 8 ? * 6#0 *)               | day-of-week `6#0`                     |
        cron(0 8 ? * 6# *)                | day-of-week `6#`                      |
        cron(0 8 ? * #2 *)                | day-of-week `#2`                      |
        cron(0 8 ? * MON,6#3 *)           | day-of-week `MON,6#3` has `#`         | EventBridge
        // Lists with nothing in them. EventBridge once took the last of these: aws/aws-sdk#161.
        cron(0, 8 1 * ? *)                | minutes `0,`                          |
        cron(0 8 ,1 * ? *)                | day-of-month `,1`                     |
        cron(0 8 ? * MON,,FRI *)          | day-of-week `MON,,FRI`                |
        cron(0/5, 9-18, ?, *, MON-FRI, *) | minutes `0/5,`                        |
        // Steps.
        cron(*/60 * * * ? *)              | minutes `*/60` has a step             | aws/aws-sdk-js#4212
        cron(0/0 8 1 * ? *)               | minutes `0/0` has a step              |
        cron(0/ 8 1 * ? *)                | minutes `0/` has a step               |
        cron(0/5/5 8 1 * ? *)             | minutes `0/5/5` has a step            |
        cron(/5 8 1 * ? *)                | minutes `/5`                          |
        cron(0 0/25 1 * ? *)              | hours `0/25` has a step               |
        cron(0 0 1/32 * ? *)              | day-of-month `1/32` has a step        |
        cron(0 0 ? * 2/MON *)             | day-of-week `2/MON` has a step        |
        // Dates that never come.
        cron(0 5 30,31 FEB ? *)           | names a date that does not exist      |
        cron(0 5 31 4,6,9,11 ? *)         | names a date that does not exist      |
        cron(0 5 29 2 ? 2027)             | names a date that does not exist      |
        cron(0 5 29 2 ? 2100)             | names a date that does not exist      |
        cron(0 5 31W 4 ? *)               | names a date that does not exist      |
        cron(0 5 ? 2 7#5 2026)            | names a date that does not exist      |
    ";
    for [expression, named, source] in rows(table) {
        let message = refusal(expression);
        assert!(message.contains(named), "{expression} ({source}): {message}");
    }
}

#[test]
fn a_message_is_one_line_whatever_it_repeats() {
    for (expression, repeated) in [
        ("", "``"),
        (" rate(14 days)", "` rate(14 days)`"),
        ("cron(0 5 ? * * *)\n\u{1b}[31m", r"`cron(0 5 ? * * *)\n\u{1b}[31m`"),
        ("cron(0\u{202e} 5 ? * * *)", r"`0\u{202e}`"),
    ] {
        let message = refusal(expression);
        assert!(message.contains(repeated), "{message}");
    }
}

#[test]
fn a_huge_expression_is_refused_before_it_is_read() {
    let list = |items: usize| format!("cron({} 5 ? * * *)", vec!["0"; items].join(","));
    assert_eq!(list(120).len(), 255);
    assert!(Schedule::parse(Some(&list(120)), None).is_ok());
    for text in [list(121), list(500_000), "é".repeat(257), "é".repeat(5_000)] {
        let characters = text.chars().count();
        assert_eq!(
            refusal(&text),
            format!("schedule expression is {characters} characters long; at most 256 are allowed")
        );
    }
}

#[test]
fn a_time_zone_that_does_not_exist_is_refused() {
    for timezone in [
        "Europe/Berlni",
        "",
        "UTC+2",
        "+02:00",
        "Etc/Unknown",
        "Factory",
        "local",
        "../etc/passwd",
        "UTC\u{0}",
    ] {
        assert_eq!(
            Schedule::parse(None, Some(timezone)).unwrap_err().to_string(),
            format!(
                "schedule time zone `{}` does not exist; allowed are names of the IANA time zone database such as `Europe/Berlin` or `UTC`",
                timezone.escape_debug()
            )
        );
    }
    for timezone in [
        "UTC",
        "Etc/UTC",
        "GMT",
        "Europe/Kyiv",
        "US/Pacific",
        "Asia/Kolkata",
        "Etc/GMT+12",
        "america/los_angeles",
    ] {
        let found = Schedule::parse(None, Some(timezone));
        assert_eq!(found.map(|found| found.timezone().to_owned()).as_deref(), Ok(timezone));
    }
    let long = Schedule::parse(None, Some(&"Z".repeat(1_000_000))).unwrap_err().to_string();
    assert!(long.len() < 1_000, "{} bytes", long.len());
}
