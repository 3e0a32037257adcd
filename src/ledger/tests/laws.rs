//! Laws: time decides, not order; nothing resolves because something is missing; history only grows.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_seen() -> impl Strategy<Value = Seen> {
    let severity = prop_oneof![Just(Severity::Low), Just(Severity::High)];
    prop_oneof![
        3 => (severity, "a?b?").prop_map(|(severity, reasons)| violation(severity, &reasons)),
        2 => "[xy]".prop_map(|why| undecided(&why)),
        2 => Just(Seen::Compliant),
        1 => Just(Seen::NotApplicable),
        1 => Just(Seen::Gone),
    ]
}

/// A violation at hour 0, and what was seen after it, with several observations of one hour.
fn life() -> impl Strategy<Value = Vec<Observation>> {
    vec((1_i64..8, any_seen()), 0..12).prop_map(|seen| {
        let first = (0, violation(Severity::Low, "a"));
        [first].into_iter().chain(seen).map(|(at, seen)| observed(at, seen)).collect()
    })
}

/// What stands, whatever the order in which it was heard.
fn standing(record: &Record) -> impl PartialEq + std::fmt::Debug + use<> {
    let times = (record.first_seen, record.last_seen, record.decided_at, record.looked_at);
    (record.violation.clone(), times, record.decided, record.answer, record.missing.clone(), record.state())
}

proptest! {
    #[test]
    fn any_order_ends_in_the_same_record(life in life(), order in any::<u64>()) {
        let mut shuffled = life.clone();
        // The first stays first: what was never a violation is not recorded.
        for index in (2..shuffled.len()).rev() {
            let other = 1 + usize::try_from(order.rotate_left(index as u32 * 7) % index as u64).unwrap();
            shuffled.swap(index, other);
        }
        let (one, two) = (replay(&life).0.unwrap(), replay(&shuffled).0.unwrap());
        prop_assert_eq!(standing(&one), standing(&two));
        for record in [one, two] {
            prop_assert_eq!(record.resolved_at.is_none(), record.is_open());
            prop_assert!(record.resolved_at.is_none_or(|at| at > record.last_seen && at <= record.decided_at));
            prop_assert!(record.since <= record.looked_at && record.first_seen <= record.last_seen);
        }
    }

    #[test]
    fn what_is_known_is_recorded_once(life in life(), again in any::<prop::sample::Index>()) {
        let record = replay(&life).0.unwrap();
        let change = transition(Some(&record), again.get(&life));
        prop_assert_eq!(change, Change::Nothing);
    }

    #[test]
    fn the_older_never_overwrites_the_newer(life in life(), seen in any_seen()) {
        let later: Vec<Observation> =
            life.into_iter().map(|it| Observation { at: it.at + jiff::SignedDuration::from_hours(10), ..it }).collect();
        let known = replay(&later).0.unwrap();
        let change = transition(Some(&known), &observed(9, seen));
        prop_assert_eq!(change.entry(), None);
        if let Some(record) = change.record() {
            // Only that the violation is older than was thought may be learned.
            let expected = Record { first_seen: hour(9), version: known.version + 1, ..known };
            prop_assert_eq!(record, &expected);
        }
    }

    #[test]
    fn nothing_resolves_because_something_is_missing(life in life(), at in 0_i64..10) {
        let known = replay(&life).0.unwrap();
        let change = transition(Some(&known), &observed(at, undecided("denied")));
        prop_assert_eq!(change.record().unwrap_or(&known).is_open(), known.is_open());
        prop_assert!(change.entry().is_none_or(|it| it.step == Step::Undecided));
    }

    #[test]
    fn history_only_grows_and_tells_what_stands(mut life in life()) {
        life.sort_by_key(|it| it.at);
        let (record, history) = replay(&life);
        let record = record.unwrap();
        let numbers: Vec<u32> = history.iter().map(|it| it.sequence).collect();
        prop_assert_eq!(numbers, (1..=record.steps).collect::<Vec<_>>());
        prop_assert!(history.is_sorted_by_key(|it| it.at));
        let last = history.last().unwrap();
        prop_assert_eq!(record.is_open(), !matches!(last.step, Step::Resolved | Step::Gone));
        prop_assert_eq!(record.is_undecided(), last.step == Step::Undecided);
        prop_assert_eq!(&record.cause, &last.cause);
        for pair in history.windows(2) {
            let closed = matches!(pair[0].step, Step::Resolved | Step::Gone);
            prop_assert_eq!(closed, pair[1].step == Step::Reopened);
        }
    }
}
