//! Rules of a plan that never make a backup because another rule of it always wins.
//!
//! Where start windows of rules of one plan overlap, only the rule that keeps longest makes a backup
//! (AWS Backup guide, "Overlapping backup rules"). A rule that wins even once is not told of here.

use jiff::{SignedDuration, Timestamp};

use crate::inventory::record::{BackupRule, Days};
use crate::schedule::Schedule;

/// Minutes in which a job must start where a rule does not say (AWS Backup guide, "Backup plan options").
const DEFAULT_START_WINDOW: i64 = 480;
/// How far ahead runs are compared: a year and a month, so that every month and both clock changes are seen.
const HORIZON_HOURS: i64 = 400 * 24;
/// The most runs of a rule that are compared: hourly over the horizon, and over as long before it.
const MAX_RUNS: usize = 2 * 9_601;

/// For each rule the names of those it always loses to, together; `works` tells which rules make backups at all.
pub(super) fn losers(
    rules: &[BackupRule],
    schedules: &[Option<Schedule>],
    works: &[bool],
    at: Timestamp,
) -> Vec<Option<String>> {
    let numbered = |index: usize| Some((rules.get(index)?, schedules.get(index)?.as_ref()?));
    let lose = |index: usize| {
        let (rule, schedule) = numbered(index)?;
        let runs = runs_between(schedule, at, after(at, HORIZON_HOURS));
        let mut windows = Vec::new();
        let mut names = Vec::new();
        for other_index in (0..rules.len()).filter(|it| *it != index) {
            let Some((other, other_schedule)) = numbered(other_index) else {
                continue;
            };
            if !may_win(other, rule) || works.get(other_index) != Some(&true) {
                continue;
            }
            let length = window(other);
            // A run before `at` whose window is still open wins too, as does one that begins in the last window.
            let from = at.checked_sub(length.min(SignedDuration::from_hours(HORIZON_HOURS))).unwrap_or(at);
            let until = after(at, HORIZON_HOURS).checked_add(window(rule)).unwrap_or(Timestamp::MAX);
            for run in runs_between(other_schedule, from, until) {
                windows.push((run, run.checked_add(length).unwrap_or(Timestamp::MAX)));
            }
            names.extend(other.rule_name.as_deref());
        }
        windows.sort();
        always_overlaps(&runs, window(rule), &windows).then(|| names.join(", "))
    };
    (0..rules.len()).map(lose).collect()
}

fn after(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}

/// A rule wins over one that keeps less long. Continuous backups go on whatever else runs.
fn may_win(rule: &BackupRule, over: &BackupRule) -> bool {
    let continuous = |rule: &BackupRule| rule.enable_continuous_backup == Some(true);
    let kept = |rule: &BackupRule| {
        let days = rule.lifecycle.as_ref().and_then(|it| it.delete_after_days);
        days.and_then(Days::count).unwrap_or(i64::MAX)
    };
    !continuous(rule) && !continuous(over) && kept(rule) > kept(over)
}

fn window(rule: &BackupRule) -> SignedDuration {
    let minutes = rule.start_window_minutes.filter(|it| *it > 0).unwrap_or(DEFAULT_START_WINDOW);
    SignedDuration::from_mins(minutes.min(52_560_000))
}

fn runs_between(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    schedule.runs_after(from).take_while(|it| *it <= until).take(MAX_RUNS).collect()
}

/// Whether every run's start window overlaps one of these windows, which are in order.
fn always_overlaps(runs: &[Timestamp], window: SignedDuration, others: &[(Timestamp, Timestamp)]) -> bool {
    // The latest end so far, and how many windows have begun: windows of different length may hold one another.
    let mut begun = others.iter().peekable();
    let mut latest_end = Timestamp::MIN;
    let overlaps = |run: &Timestamp| {
        let end = run.checked_add(window).unwrap_or(Timestamp::MAX);
        let mut overlap = latest_end > *run;
        while let Some((_, other_end)) = begun.next_if(|(other, _)| *other < end) {
            overlap |= *other_end > *run;
            latest_end = latest_end.max(*other_end);
        }
        overlap
    };
    !runs.is_empty() && runs.iter().all(overlaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::record::Lifecycle;

    fn check(rules: &[(&str, &str, Option<u32>, Option<i64>)], expected: &[Option<&str>]) {
        let rule = |(name, _, keeps, window): &(&str, &str, Option<u32>, Option<i64>)| BackupRule {
            rule_name: Some((*name).into()),
            start_window_minutes: *window,
            lifecycle: Some(Lifecycle { delete_after_days: keeps.map(Days::Count), ..Lifecycle::default() }),
            ..BackupRule::default()
        };
        let parsed: Vec<BackupRule> = rules.iter().map(rule).collect();
        let schedules: Vec<Option<Schedule>> =
            rules.iter().map(|(_, cron, ..)| Schedule::parse(Some(cron), None).ok()).collect();
        // Whatever the hour, the answer is the same.
        for hour in 0..24 {
            let at = format!("2026-03-01T{hour:02}:45:00Z").parse().unwrap();
            let found = losers(&parsed, &schedules, &vec![true; rules.len()], at);
            let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
            assert_eq!(found, expected, "{rules:?} at {at}");
        }
    }

    #[test]
    fn only_a_rule_that_never_wins_loses() {
        let daily = "cron(0 5 ? * * *)";
        check(&[("short", daily, Some(7), None), ("long", daily, Some(35), None)], &[Some("long"), None]);
        check(&[("short", daily, Some(7), None), ("for-ever", daily, None, None)], &[Some("for-ever"), None]);
        check(&[("a", daily, Some(35), None), ("b", daily, Some(35), None)], &[None, None]);
        // The guide's own example: hourly for a day, twelve-hourly for a week with a window of 8 hours.
        check(
            &[
                ("hourly", "cron(0 * ? * * *)", Some(1), Some(60)),
                ("twice", "cron(0 0,12 ? * * *)", Some(7), Some(480)),
            ],
            &[None, None],
        );
        check(
            &[("daily", daily, Some(7), None), ("monthly", "cron(0 5 1 * ? *)", Some(365), None)],
            &[None, None],
        );
        check(
            &[("monthly", "cron(0 5 1 * ? *)", Some(7), None), ("daily", daily, Some(35), None)],
            &[Some("daily"), None],
        );
        // Windows that only touch do not overlap.
        check(
            &[("five", daily, Some(7), Some(60)), ("six", "cron(0 6 ? * * *)", Some(35), Some(60))],
            &[None, None],
        );
        check(
            &[("five", daily, Some(7), Some(61)), ("six", "cron(0 6 ? * * *)", Some(35), Some(60))],
            &[Some("six"), None],
        );
        check(
            &[
                ("short", "cron(0 7 ? * * *)", Some(7), Some(60)),
                ("long", "cron(0 5 ? * * *)", Some(35), Some(480)),
            ],
            &[Some("long"), None],
        );
        // Two winners together leave nothing.
        check(
            &[
                ("daily", daily, Some(7), None),
                ("weekdays", "cron(0 5 ? * MON-FRI *)", Some(35), None),
                ("weekend", "cron(0 5 ? * SAT,SUN *)", Some(35), None),
            ],
            &[Some("weekdays, weekend"), None, None],
        );
        check(&[("broken", "rate(1 day)", Some(7), None), ("long", daily, Some(35), None)], &[None, None]);
    }
}
