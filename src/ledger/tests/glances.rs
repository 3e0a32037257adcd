//! What a glance does to a ledger that a run has filled.

use super::*;
use crate::ledger::sqlite::Sqlite;

const PLACE: &str = "111122223333/eu-west-1";
const OTHER: &str = "111122223333/eu-central-1";

fn refused() -> Seen {
    let error = "AccessDeniedException".to_owned();
    Seen::undecided(&[MissingFact { error, why: "denied".to_owned(), ..MissingFact::default() }])
}

/// A volume, and what is seen of it.
type Look = (&'static str, fn() -> Seen);

/// What is seen of the volumes 1 and 2 by a glance, and what is not listed.
struct Case {
    name: &'static str,
    /// When the glance is made; the run before it was at 1, and one more, elsewhere, at 9.
    at: i64,
    /// Which volumes the glance is about.
    about: &'static [&'static str],
    seen: &'static [Look],
    whole: bool,
    /// The states of volumes 1 and 2 afterwards; both are open before.
    states: [&'static str; 2],
    moved: usize,
}

const fn case(name: &'static str) -> Case {
    let about = &["vol-1", "vol-2"];
    Case { name, at: 2, about, seen: &[], whole: true, states: ["open", "open"], moved: 0 }
}

const CASES: &[Case] = &[
    Case {
        seen: &[("vol-1", || Seen::Compliant), ("vol-2", || violation(Severity::Low, "a"))],
        states: ["resolved", "open"],
        moved: 1,
        ..case("what is compliant now is resolved")
    },
    Case {
        about: &["vol-1"],
        seen: &[("vol-1", || Seen::Compliant), ("vol-2", || Seen::Compliant)],
        states: ["resolved", "open"],
        moved: 1,
        ..case("what it is not about stays, whatever was seen")
    },
    Case {
        about: &["vol-1"],
        states: ["resolved", "open"],
        moved: 1,
        ..case("what it is about and was not seen is gone, and nothing else")
    },
    Case { whole: false, ..case("nothing is gone where not everything was listed") },
    Case {
        seen: &[("vol-1", || undecided("not asked")), ("vol-2", || undecided("not asked"))],
        ..case("what nobody asked changes nothing, and is not gone")
    },
    Case {
        seen: &[("vol-1", refused), ("vol-2", || violation(Severity::Low, "a"))],
        states: ["undecided", "open"],
        moved: 1,
        ..case("what was refused stays open, and is undecided")
    },
    Case {
        at: 0,
        seen: &[("vol-1", || Seen::Compliant), ("vol-2", || Seen::Compliant)],
        ..case("an older glance changes nothing that a run saw later")
    },
];

fn check(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Sqlite::create(&folder.path().join("ledger.sqlite")).unwrap();
    let in_run = |store: &mut Sqlite, at: i64, of: &str, volumes: &[&str]| {
        let mut recorder =
            Recorder::begin(store, run_at(&format!("run-{at}"), at), [scope("CONTROL", of)]).unwrap();
        for volume in volumes {
            recorder.see(key("CONTROL", of, volume), violation(Severity::Low, "a")).unwrap();
        }
        recorder.finish().unwrap();
    };
    in_run(&mut store, 1, PLACE, &["vol-1", "vol-2"]);
    in_run(&mut store, 9, OTHER, &["vol-1"]);

    let mut told = Vec::new();
    let mut tell = |change: &Change| told.extend(change.entry().cloned());
    let concerns = |key: &Key| case.about.contains(&&*key.resource);
    let actor = Actor { event_id: "event".to_owned(), ..Actor::default() };
    let cause = Cause::Event(Box::new(actor.clone()));
    let occasion = Occasion { at: hour(case.at), actor, untold: false, concerns: &concerns };
    let mut glance = Glance::begin(&mut store, occasion, vec![scope("CONTROL", PLACE)], &mut tell).unwrap();
    for (volume, seen) in case.seen {
        glance.see(key("CONTROL", PLACE, volume), seen()).unwrap();
        // Another place is not looked at.
        glance.see(key("CONTROL", OTHER, volume), seen()).unwrap();
    }
    if !case.whole {
        glance.not_listed(&scope("CONTROL", PLACE));
    }
    glance.finish().unwrap();

    let state = |store: &mut Sqlite, of: &str, volume: &str| {
        store.record(&key("CONTROL", of, volume)).unwrap().unwrap().state()
    };
    let states = ["vol-1", "vol-2"].map(|it| state(&mut store, PLACE, it));
    assert_eq!(states, case.states, "{}", case.name);
    assert_eq!(state(&mut store, OTHER, "vol-1"), "open", "{}", case.name);
    assert_eq!(told.len(), case.moved, "{}: {told:#?}", case.name);
    assert!(told.iter().all(|it| it.cause == cause), "{}", case.name);
    // A glance is not a look at everything.
    assert_eq!(store.looked_at(&scope("CONTROL", PLACE)).unwrap(), Some(hour(1)), "{}", case.name);
}

#[test]
fn a_glance_changes_what_it_is_about_and_could_see() {
    for case in CASES {
        check(case);
    }
}

/// A glance at volume 1, that finds it to be so; the steps that it tells of.
fn glance(store: &mut Sqlite, at: i64, event: &str, principal: &str, untold: bool, seen: Seen) -> Vec<Step> {
    let mut told = Vec::new();
    let mut tell = |change: &Change| told.extend(change.entry().map(|it| it.step));
    let text = |it: &str| it.to_owned();
    let actor = Actor { event_id: text(event), principal: text(principal), ..Actor::default() };
    let occasion = Occasion { at: hour(at), actor, untold, concerns: &|_| true };
    let mut glance = Glance::begin(store, occasion, vec![scope("CONTROL", PLACE)], &mut tell).unwrap();
    glance.see(key("CONTROL", PLACE, "vol-1"), seen).unwrap();
    glance.finish().unwrap();
    told
}

#[test]
fn what_was_recorded_and_not_told_is_told_when_the_event_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Sqlite::create(&folder.path().join("ledger.sqlite")).unwrap();
    let low = || violation(Severity::Low, "a");
    assert_eq!(glance(&mut store, 1, "one", "alice", true, low()), [Step::Opened]);
    assert_eq!(glance(&mut store, 2, "one", "alice", true, low()), [Step::Opened]);
    assert_eq!(glance(&mut store, 3, "one", "alice", false, low()), []);
    assert_eq!(glance(&mut store, 4, "two", "bob", true, low()), []);
    assert_eq!(store.record(&key("CONTROL", PLACE, "vol-1")).unwrap().unwrap().steps, 1);
}

#[test]
fn who_did_it_is_kept_where_an_event_that_does_not_say_came_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Sqlite::create(&folder.path().join("ledger.sqlite")).unwrap();
    let by = |store: &mut Sqlite| match store.record(&key("CONTROL", PLACE, "vol-1")).unwrap().unwrap().cause
    {
        Cause::Event(actor) => actor.principal,
        Cause::Run(run) => run,
    };
    let low = || violation(Severity::Low, "a");
    assert_eq!(glance(&mut store, 1, "own", "", true, low()), [Step::Opened]);
    assert_eq!(by(&mut store), "");
    assert_eq!(glance(&mut store, 2, "call", "alice", true, low()), []);
    assert_eq!(by(&mut store), "alice");
    assert_eq!(glance(&mut store, 3, "later", "bob", true, low()), []);
    assert_eq!(by(&mut store), "alice");
}
