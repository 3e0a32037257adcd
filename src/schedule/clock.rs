//! Local times to instants: the stretches between a zone's clock changes, and the runs that fall into them.
//!
//! Within a stretch the offset from UTC is constant, so everything else may count in local seconds.

use std::iter;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar::{CALENDAR_END, SECONDS_PER_DAY, SECONDS_PER_MINUTE};
use super::cron::Cron;

/// Local times that one offset from UTC is valid for, none of them in two stretches.
///
/// A time that a clock change skips is in no stretch. One that a clock change repeats is in the earlier stretch
/// only. That is how EventBridge Scheduler runs (Schedule types, Daylight savings time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// First local second.
    pub(super) starts: i64,
    /// First local second that is no longer part of it.
    pub(super) ends: i64,
    /// Seconds that local time is ahead of UTC.
    pub(super) offset: i64,
}

impl Stretch {
    /// The instant of a local second of this stretch; none only where it is beyond any calendar.
    pub(super) fn instant(&self, local: i64) -> Option<Timestamp> {
        Timestamp::from_second(local - self.offset).ok()
    }
}

/// Every run after `from`.
pub(super) fn runs(cron: &Cron, zone: &TimeZone, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    with_runs(cron, zone, from).flat_map(|(stretch, first)| {
        iter::successors(Some(first), |run| cron.run_at_or_after(run + SECONDS_PER_MINUTE))
            .take_while(move |run| *run < stretch.ends)
            .filter_map(move |run| stretch.instant(run))
    })
}

/// The stretches after `from` that have a run, each with its first.
pub(super) fn with_runs(
    cron: &Cron,
    zone: &TimeZone,
    from: Timestamp,
) -> impl Iterator<Item = (Stretch, i64)> {
    // A rare schedule is searched once for many stretches, not once for each.
    let mut next = Some(i64::MIN);
    stretches(zone, from)
        .map_while(move |stretch| {
            if next? < stretch.starts {
                next = cron.run_at_or_after(stretch.starts);
            }
            let first = next?;
            Some((first < stretch.ends).then_some((stretch, first)))
        })
        .flatten()
}

/// The stretches after `from` until AWS's calendar is over.
fn stretches(zone: &TimeZone, from: Timestamp) -> impl Iterator<Item = Stretch> {
    let from = from.as_nanosecond().div_euclid(1_000_000_000) as i64;
    // Two days back, because `from` may lie in an hour that the clock is just repeating.
    let begin = (from.clamp(0, CALENDAR_END) - 2 * SECONDS_PER_DAY).max(-2 * SECONDS_PER_DAY);
    let instant = Timestamp::from_second(begin).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = i64::from(zone.to_offset(instant).seconds());
    let mut changes = zone.following(instant);
    let mut current = Some((begin + offset, offset));
    let all = iter::from_fn(move || {
        let (starts, offset) = current.take().filter(|(starts, _)| *starts < CALENDAR_END)?;
        let mut ends = i64::MAX;
        if let Some(change) = changes.next() {
            let (at, next_offset) = (change.timestamp().as_second(), i64::from(change.offset().seconds()));
            ends = at + offset;
            current = Some((starts.max(ends).max(at + next_offset), next_offset));
        }
        Some(Stretch { starts: starts.max(from + offset + 1), ends, offset })
    });
    // A stretch that `from` leaves nothing of must not be searched: its start would be ahead of the next one's.
    all.filter(|stretch| stretch.starts < stretch.ends)
}
