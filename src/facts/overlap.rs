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
/// The most runs of a rule that are compared: hourly over the horizon.
const MAX_RUNS: usize = 9_601;

/// For each rule the name of the one it always loses to, if there is one.
pub(super) fn losers(
    rules: &[BackupRule],
    schedules: &[Option<Schedule>],
    at: Timestamp,
) -> Vec<Option<String>> {
    let mut runs: Vec<Option<Vec<Timestamp>>> = vec![None; rules.len()];
    let pairs: Vec<(&BackupRule, Option<&Schedule>)> =
        rules.iter().zip(schedules.iter().map(Option::as_ref)).collect();
    let mut found = Vec::new();
    for (index, (rule, schedule)) in pairs.iter().enumerate() {
        let mut winner = None;
        for (other_index, (other, other_schedule)) in pairs.iter().enumerate() {
            let comparable = index != other_index && schedule.is_some() && other_schedule.is_some();
            if !comparable || !may_win(other, rule) {
                continue;
            }
            for (index, schedule) in [(index, schedule), (other_index, other_schedule)] {
                if let Some(slot) = runs.get_mut(index).filter(|it| it.is_none()) {
                    *slot = schedule.map(|it| runs_of(it, at));
                }
            }
            let of = |index: usize| runs.get(index).and_then(Option::as_deref).unwrap_or_default();
            if always_overlaps(of(index), window(rule), of(other_index), window(other)) {
                winner = other.rule_name.as_deref().map(str::to_owned);
                break;
            }
        }
        found.push(winner);
    }
    found
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

fn runs_of(schedule: &Schedule, at: Timestamp) -> Vec<Timestamp> {
    let end = at.checked_add(SignedDuration::from_hours(HORIZON_HOURS)).unwrap_or(Timestamp::MAX);
    schedule.runs_after(at).take_while(|it| *it <= end).take(MAX_RUNS).collect()
}

/// Whether every run's start window overlaps that of some run of the other rule.
fn always_overlaps(
    runs: &[Timestamp],
    window: SignedDuration,
    others: &[Timestamp],
    other_window: SignedDuration,
) -> bool {
    let end = |run: &Timestamp, window| run.checked_add(window).unwrap_or(Timestamp::MAX);
    let mut others = others.iter().peekable();
    let overlaps = |run: &Timestamp| {
        while others.next_if(|other| end(other, other_window) <= *run).is_some() {}
        others.peek().is_some_and(|other| **other < end(run, window))
    };
    !runs.is_empty() && runs.iter().all(overlaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::record::Lifecycle;

    fn check(rules: &[(&str, &str, Option<i64>, Option<i64>)], expected: &[Option<&str>]) {
        let rule = |(name, _, keeps, window): &(&str, &str, Option<i64>, Option<i64>)| BackupRule {
            rule_name: Some((*name).into()),
            start_window_minutes: *window,
            lifecycle: Some(Lifecycle { delete_after_days: keeps.map(Days::Count), ..Lifecycle::default() }),
            ..BackupRule::default()
        };
        let parsed: Vec<BackupRule> = rules.iter().map(rule).collect();
        let schedules: Vec<Option<Schedule>> =
            rules.iter().map(|(_, cron, ..)| Schedule::parse(Some(cron), None).ok()).collect();
        let found = losers(&parsed, &schedules, "2026-03-01T06:00:00Z".parse().unwrap());
        let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected, "{rules:?}");
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
        check(&[("broken", "rate(1 day)", Some(7), None), ("long", daily, Some(35), None)], &[None, None]);
    }
}
