//! What a glance does to a ledger that a run has filled.

use super::*;
use crate::ledger::sqlite::Sqlite;

const PLACE: &str = "111122223333/eu-west-1";
const OTHER: &str = "111122223333/eu-central-1";

fn refused() -> Seen {
    let error = "AccessDeniedException".to_owned();
    Seen::undecided(&[MissingFact { error, why: "denied".to_owned(), ..MissingFact::default() }])
}

/// What is seen of the volumes 1 and 2 by a glance, and what is not listed.
struct Case {
    name: &'static str,
    /// When the glance is made; the run before it was at 1, and one more, elsewhere, at 9.
    at: i64,
    /// Which volumes the glance is about.
    about: &'static [&'static str],
    seen: &'static [(&'static str, fn() -> Seen)],
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
    let concerns = |_: &str, resource: &str| case.about.contains(&resource);
    let cause = Cause::Event(Box::default());
    let occasion = Occasion { at: hour(case.at), cause: cause.clone(), concerns: &concerns };
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
