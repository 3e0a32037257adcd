//! What every store must do, whatever it is made of.

use std::ops::ControlFlow;

use super::*;

const HERE: &str = "111122223333/eu-west-1";
const THERE: &str = "444455556666/us-east-1";

/// Checks a kind of store; each call of `make` gives an empty one.
pub(crate) fn conforms<S: Store>(mut make: impl FnMut() -> S) {
    for begin in [begin_blindly, begin_knowing] {
        gives_back_what_was_written(&mut make(), begin);
        writes_only_what_nobody_wrote_since(&mut make(), begin);
        knows_what_is_open(&mut make(), begin);
        remembers_looks_and_runs(&mut make(), begin);
        finds_what_is_wanted(&mut make(), begin);
        tells_history(&mut make(), begin);
    }
    records_runs(&mut make());
    keeps_what_was_seen_after_asking(&mut make());
}

type Begin = fn(&mut dyn Store);

/// Begins a run that says nothing of what it judges.
fn begin_blindly(store: &mut dyn Store) {
    store.begin(&[]).unwrap();
}

/// Begins a run that says what it judges.
fn begin_knowing(store: &mut dyn Store) {
    let scopes: Vec<Scope> = ["A", "B", "CONTROL"]
        .into_iter()
        .flat_map(|control| [HERE, THERE].map(|place| scope(control, place)))
        .collect();
    store.begin(&scopes).unwrap();
}

/// Writes one change.
fn write(store: &mut dyn Store, change: &Change) -> Written {
    let written = store.write(std::slice::from_ref(change)).unwrap();
    assert_eq!(written.len(), 1);
    written[0]
}

fn see(store: &mut dyn Store, key: &Key, at: i64, seen: Seen) -> Change {
    let cause = Cause::Run(format!("run-{at}"));
    advance(store, &Observation { key: key.clone(), at: hour(at), cause, seen }).unwrap()
}

fn found(store: &mut dyn Store, filter: &Filter) -> Vec<String> {
    let mut found = Vec::new();
    let mut take = |it: Record| {
        found.push(it.key.resource);
        ControlFlow::Continue(())
    };
    store.find(filter, &mut take).unwrap();
    found
}

fn past(store: &mut dyn Store, of: Whose<'_>, since: Option<i64>) -> Vec<String> {
    let mut told = Vec::new();
    let mut take = |it: Past| {
        told.push(format!("{} {}", it.key.resource, it.entry.step));
        ControlFlow::Continue(())
    };
    store.history(of, since.map(hour), &mut take).unwrap();
    told
}

fn gives_back_what_was_written(store: &mut dyn Store, begin: Begin) {
    begin(store);
    // Names are other people's.
    for resource in ["vol-1", "", "'; DROP TABLE violation; --", "\0\u{1b}[31m\n\u{202e}", "名前 🗝", "%_\\"]
    {
        let key = key("CONTROL", HERE, resource);
        assert_eq!(store.record(&key).unwrap(), None);
        for (at, seen) in [
            (1, violation(Severity::High, "ab")),
            (2, undecided(resource)),
            (3, violation(Severity::Low, "a")),
            (4, Seen::Gone),
        ] {
            let change = see(store, &key, at, seen);
            assert_eq!(store.record(&key).unwrap().as_ref(), change.record(), "{resource:?} at {at}");
        }
    }
    let nanosecond = hour(0).saturating_add(jiff::SignedDuration::from_nanos(1)).unwrap();
    let mut fine = observed(0, violation(Severity::Low, "a"));
    fine.at = nanosecond;
    advance(store, &fine).unwrap();
    assert_eq!(store.record(&fine.key).unwrap().unwrap().first_seen, nanosecond);
    store.commit().unwrap();
}

fn writes_only_what_nobody_wrote_since(store: &mut dyn Store, begin: Begin) {
    begin(store);
    let first = transition(None, &observed(1, violation(Severity::Low, "a")));
    assert_eq!(write(store, &first), Written::Done);
    // Another who also thought it new.
    assert_eq!(write(store, &first), Written::Overtaken);
    let known = first.record();
    let mine = transition(known, &observed(2, Seen::Compliant));
    let theirs = transition(known, &observed(3, undecided("denied")));
    assert_eq!(write(store, &theirs), Written::Done);
    assert_eq!(write(store, &mine), Written::Overtaken);
    let key = &observed(1, Seen::Gone).key;
    assert_eq!(store.record(key).unwrap().as_ref(), theirs.record());
    assert_eq!(past(store, Whose::Of(key), None), ["vol-1 opened", "vol-1 undecided"]);
    assert_eq!(write(store, &Change::Nothing), Written::Done);
    // Several at once, with an answer for each.
    let other =
        Observation { key: super::key("B", THERE, "vol-2"), ..observed(1, violation(Severity::Low, "a")) };
    let other = transition(None, &other);
    let written = store.write(&[mine, other.clone(), Change::Nothing]).unwrap();
    assert_eq!(written, [Written::Overtaken, Written::Done, Written::Done]);
    assert_eq!(store.record(&other.record().unwrap().key).unwrap().as_ref(), other.record());
    assert!(store.write(&[]).unwrap().is_empty());
    store.commit().unwrap();
}

fn knows_what_is_open(store: &mut dyn Store, begin: Begin) {
    begin(store);
    for (control, place, resource, at, then) in [
        ("A", HERE, "open", 1, None),
        ("A", HERE, "undecided", 1, Some(undecided("denied"))),
        ("A", HERE, "resolved", 1, Some(Seen::Compliant)),
        ("A", HERE, "late", 5, None),
        ("A", THERE, "elsewhere", 1, None),
        ("B", HERE, "other control", 1, None),
    ] {
        let key = key(control, place, resource);
        see(store, &key, at, violation(Severity::Low, "a"));
        if let Some(seen) = then {
            see(store, &key, at + 1, seen);
        }
    }
    let scope = scope("A", HERE);
    for (before, expected) in
        [(1, &[][..]), (2, &["open"]), (3, &["open", "undecided"]), (9, &["late", "open", "undecided"])]
    {
        let open = store.open_before(&scope, hour(before)).unwrap();
        let mut names: Vec<String> = open.into_iter().map(|it| it.key.resource).collect();
        names.sort();
        assert_eq!(names, expected, "before {before}");
    }
    assert_eq!(store.count_open(&scope).unwrap(), (3, 1));
    store.commit().unwrap();
}

fn remembers_looks_and_runs(store: &mut dyn Store, begin: Begin) {
    begin(store);
    let (here, there) = (scope("A", HERE), scope("A", THERE));
    assert_eq!(store.looked_at(&here).unwrap(), None);
    for (at, expected) in [(3, 3), (2, 3), (5, 5)] {
        store.look(std::slice::from_ref(&here), hour(at)).unwrap();
        assert_eq!(store.looked_at(&here).unwrap(), Some(hour(expected)));
    }
    assert_eq!(store.looked_at(&there).unwrap(), None);
    for id in ["one", "two", "one"] {
        store.add_run(&run_at(id, 1)).unwrap();
    }
    assert_eq!(store.runs_at(hour(1)).unwrap(), ["one", "two"]);
    assert!(store.runs_at(hour(2)).unwrap().is_empty());
    store.commit().unwrap();
}

fn finds_what_is_wanted(store: &mut dyn Store, begin: Begin) {
    begin(store);
    for (control, place, resource, severity, then) in [
        ("A", HERE, "arn:one", Severity::Low, None),
        ("A", THERE, "arn:two", Severity::Critical, None),
        ("B", HERE, "arn:three", Severity::High, Some(Seen::Compliant)),
        ("B", HERE, "arn:four", Severity::Medium, Some(undecided("denied"))),
    ] {
        let key = key(control, place, resource);
        see(store, &key, 1, violation(severity, "a"));
        if let Some(seen) = then {
            see(store, &key, 2, seen);
        }
    }
    let all = Filter { standing: StandingFilter::All, ..Filter::default() };
    let of = |text: &[&str]| text.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let here = place(HERE);
    for (filter, expected) in [
        (Filter::default(), &["arn:two", "arn:four", "arn:one"][..]),
        (all.clone(), &["arn:two", "arn:three", "arn:four", "arn:one"]),
        (Filter { standing: StandingFilter::Resolved, ..Filter::default() }, &["arn:three"]),
        (Filter { controls: of(&["A"]), ..all.clone() }, &["arn:two", "arn:one"]),
        (
            Filter { controls: of(&["A", "B", "C"]), accounts: vec![here.account], ..all.clone() },
            &["arn:three", "arn:four", "arn:one"],
        ),
        (Filter { regions: vec![place(THERE).region], ..all.clone() }, &["arn:two"]),
        (Filter { resources: of(&["n:t"]), ..all.clone() }, &["arn:two", "arn:three"]),
        (Filter { resources: of(&["one", "four"]), ..all.clone() }, &["arn:four", "arn:one"]),
        // What is asked for is a text, not a pattern; "data" is what the resource is called.
        (Filter { resources: of(&["%"]), ..all.clone() }, &[]),
        (Filter { resources: of(&["dat"]), severities: vec![Severity::Low], ..all.clone() }, &["arn:one"]),
    ] {
        assert_eq!(found(store, &filter), expected, "{filter:?}");
    }
    let id = key("A", HERE, "arn:one").id();
    for (prefix, most, expected) in [(id.as_str(), 2, 1), (id.short(), 2, 1), ("", 3, 3), ("", 9, 4)] {
        assert_eq!(store.named(prefix, most).unwrap().len(), expected, "{prefix}");
    }
    assert_eq!(store.named(id.short(), 1).unwrap()[0].key.resource, "arn:one");
    store.commit().unwrap();
}

fn tells_history(store: &mut dyn Store, begin: Begin) {
    begin(store);
    let (one, two) = (key("A", HERE, "one"), key("B", THERE, "two"));
    let both = [one.scope.clone(), two.scope.clone()];
    let (here, never) = (one.scope.clone(), scope("A", THERE));
    see(store, &one, 1, violation(Severity::Low, "a"));
    see(store, &two, 2, violation(Severity::Low, "a"));
    see(store, &one, 3, Seen::Compliant);
    see(store, &two, 4, violation(Severity::Low, "ab"));
    store.commit().unwrap();
    for (of, since, expected) in [
        (Whose::All, None, &["one opened", "two opened", "one resolved", "two worse"][..]),
        (Whose::All, Some(3), &["one resolved", "two worse"]),
        (Whose::Of(&one), None, &["one opened", "one resolved"]),
        (Whose::Of(&one), Some(2), &["one resolved"]),
        (Whose::Of(&two), Some(5), &[]),
        (Whose::In(&[here, never]), None, &["one opened", "one resolved"]),
        (Whose::In(&both), None, &["one opened", "two opened", "one resolved", "two worse"]),
        (Whose::In(&both), Some(4), &["two worse"]),
        (Whose::In(&[]), None, &[]),
    ] {
        assert_eq!(past(store, of, since), expected);
    }
    let mut first = Vec::new();
    let mut take = |it: Past| {
        first.push(it.entry);
        ControlFlow::Break(())
    };
    store.history(Whose::All, None, &mut take).unwrap();
    let expected = transition(None, &Observation { key: one, ..observed(1, violation(Severity::Low, "a")) });
    assert_eq!(first.iter().collect::<Vec<_>>(), [expected.entry().unwrap()]);
}

/// A run at this hour: what is seen, and in which places not everything was listed.
fn run(store: &mut dyn Store, at: i64, seen: &[(&Key, Seen)], not_listed: &[&Scope]) -> Movement {
    let scopes = [scope("A", HERE), scope("A", THERE)];
    let mut recorder = Recorder::begin(store, run_at(&format!("run-{at}"), at), scopes).unwrap();
    for scope in not_listed {
        recorder.not_listed(scope, &[MissingFact { why: "denied".to_owned(), ..MissingFact::default() }]);
    }
    for (key, seen) in seen {
        recorder.see((*key).clone(), seen.clone()).unwrap();
    }
    recorder.finish().unwrap()
}

/// What a run moved, and what is open then.
fn steps(movement: &Movement) -> String {
    let steps: Vec<String> = movement.steps.iter().map(|(step, count)| format!("{count} {step}")).collect();
    format!("{}; {} open, {} undecided", steps.join(", "), movement.open, movement.undecided)
}

fn records_runs(store: &mut dyn Store) {
    let (one, two) = (key("A", HERE, "one"), key("A", THERE, "two"));
    let bad = || violation(Severity::Low, "a");
    let movement = run(store, 1, &[(&one, bad()), (&two, bad())], &[]);
    assert_eq!((movement.since, steps(&movement).as_str()), (None, "2 opened; 2 open, 0 undecided"));
    // The same again.
    let movement = run(store, 1, &[(&one, bad()), (&two, bad())], &[]);
    assert_eq!((movement.since, steps(&movement).as_str()), (Some(hour(1)), "; 2 open, 0 undecided"));
    let again =
        Recorder::begin(store, run_at("run-1", 1), [scope("A", HERE), scope("A", THERE)]).unwrap().again();
    assert_eq!(steps(&again.finish().unwrap()), "2 opened; 2 open, 0 undecided");
    // Absent where not everything was listed, twice, and gone where everything was.
    let here = &scope("A", HERE);
    for expected in ["1 undecided, 1 gone; 1 open, 1 undecided", "; 1 open, 1 undecided"] {
        assert_eq!(steps(&run(store, 3, &[], &[here])), expected);
    }
    // Nothing was seen here at 3, so an older look at it counts; there it was, so it does not.
    let movement = run(store, 2, &[(&one, Seen::Compliant), (&two, bad())], &[]);
    assert_eq!((movement.left_alone, steps(&movement).as_str()), (1, "1 resolved; 0 open, 0 undecided"));
    let movement = run(store, 4, &[(&one, bad()), (&two, bad())], &[]);
    assert_eq!(steps(&movement), "2 reopened; 2 open, 0 undecided");
    // Older than everything: nothing changes.
    let before: Vec<_> = [&one, &two].map(|it| store.record(it).unwrap()).into();
    let movement = run(store, 2, &[(&two, Seen::Compliant)], &[]);
    assert_eq!((movement.left_alone, steps(&movement).as_str()), (2, "; 2 open, 0 undecided"));
    assert_eq!([&one, &two].map(|it| store.record(it).unwrap()).to_vec(), before);
    // What the run does not judge is left as it is.
    let movement = Recorder::begin(store, run_at("there", 6), [scope("A", THERE)]).unwrap().finish().unwrap();
    assert_eq!(steps(&movement), "1 gone; 0 open, 0 undecided");
    assert!(store.record(&one).unwrap().unwrap().is_open());
    // One that ended before all was written is recorded to its end when it comes again.
    let three = key("A", THERE, "three");
    assert_eq!(steps(&run(store, 7, &[(&one, bad())], &[])), "; 1 open, 0 undecided");
    let movement = run(store, 7, &[(&one, bad()), (&three, bad())], &[]);
    assert_eq!((movement.left_alone, steps(&movement).as_str()), (0, "1 opened; 2 open, 0 undecided"));
    assert_eq!(
        past(store, Whose::Of(&one), None),
        ["one opened", "one undecided", "one resolved", "one reopened"]
    );
}

/// What an event made look at again at this hour, of all that is there; how many things moved.
fn glance(store: &mut dyn Store, at: i64, key: &Key, seen: Seen) -> usize {
    let mut moved = 0;
    let mut tell = |change: &Change| moved += usize::from(change.entry().is_some());
    let concerns = |seen: &Key| seen == key;
    let occasion = Occasion { at: hour(at), actor: Actor::default(), untold: false, concerns: &concerns };
    let mut glance = Glance::begin(store, occasion, vec![key.scope.clone()], &mut tell).unwrap();
    glance.see(key.clone(), seen).unwrap();
    glance.finish().unwrap();
    moved
}

/// A run at 15 that asked at 11 here and at 14 there.
fn asked_before() -> Run {
    let asked = [(place(HERE), hour(11)), (place(THERE), hour(14))];
    Run { asked: asked.into(), ..run_at("run-15", 15) }
}

fn keeps_what_was_seen_after_asking(store: &mut dyn Store) {
    let [mended, fixed, new, gone, denied] =
        ["mended", "fixed", "new", "gone", "denied"].map(|it| key("A", HERE, it));
    let (two, scopes) = (key("A", THERE, "two"), [scope("A", HERE), scope("A", THERE)]);
    let bad = || violation(Severity::Low, "a");
    let error = "AccessDeniedException".to_owned();
    let refused = Seen::undecided(&[MissingFact { error, ..MissingFact::default() }]);
    run(store, 1, &[(&mended, bad()), (&fixed, bad()), (&gone, bad()), (&denied, bad()), (&two, bad())], &[]);
    // Here it was asked before these, there after.
    for (key, seen) in
        [(&mended, Seen::Compliant), (&new, bad()), (&denied, refused), (&two, Seen::Compliant)]
    {
        assert_eq!(glance(store, 12, key, seen), 1, "{}", key.resource);
    }
    let mut recorder = Recorder::begin(store, asked_before(), scopes.clone()).unwrap();
    for (key, seen) in [(&mended, bad()), (&fixed, Seen::Compliant), (&two, bad())] {
        recorder.see(key.clone(), seen).unwrap();
    }
    let movement = recorder.finish().unwrap();
    assert_eq!((movement.since, movement.left_alone), (Some(hour(1)), 0));
    assert_eq!(steps(&movement), "1 reopened, 1 resolved, 1 gone; 3 open, 1 undecided");
    let mut state = |key: &Key| store.record(key).unwrap().unwrap().state();
    assert_eq!(
        [&mended, &fixed, &new, &gone, &denied, &two].map(&mut state),
        ["resolved", "resolved", "open", "resolved", "undecided", "open"]
    );
    // A look is as old as its asking, and a run's time is the evaluation's.
    for (scope, at) in scopes.iter().zip([11, 14]) {
        assert_eq!(store.looked_at(scope).unwrap(), Some(hour(at)));
    }
    assert_eq!([11, 14, 15].map(|at| store.runs_at(hour(at)).unwrap().len()), [0, 0, 1]);
    assert_eq!(past(store, Whose::All, Some(13)), ["two reopened"]);
    // One that was made before the run's time, and is heard of after it.
    assert_eq!(glance(store, 13, &fixed, bad()), 1);
    assert_eq!(glance(store, 13, &two, Seen::Compliant), 0);
    // The same run again says what it moved, of what it is asked about, and moves nothing.
    let everything = past(store, Whose::All, None);
    for (scopes, expected, expected_told) in [
        (
            &scopes[..],
            "1 reopened, 1 resolved, 1 gone; 4 open, 1 undecided",
            &["fixed 11", "gone 11", "two 14"][..],
        ),
        (&scopes[..1], "1 resolved, 1 gone; 3 open, 1 undecided", &["fixed 11", "gone 11"]),
        (&scopes[1..], "1 reopened; 1 open, 0 undecided", &["two 14"]),
    ] {
        let mut told = Vec::new();
        let mut tell = |change: &Change| {
            let (record, entry) = (change.record().unwrap(), change.entry().unwrap());
            let hours = entry.at.duration_since(hour(0)).as_hours();
            told.push(format!("{} {hours}", record.key.resource));
        };
        let recorder = Recorder::begin(store, asked_before(), scopes.to_vec()).unwrap().telling(&mut tell);
        assert_eq!(steps(&recorder.again().finish().unwrap()), expected);
        told.sort();
        assert_eq!(told, expected_told);
    }
    assert_eq!(past(store, Whose::All, None), everything);
    // It is the asking that makes a run older, and not its evaluation.
    let later = Run { asked: [(place(HERE), hour(10))].into(), ..run_at("run-16", 16) };
    let mut recorder = Recorder::begin(store, later, scopes).unwrap();
    recorder.see(new.clone(), Seen::Compliant).unwrap();
    recorder.see(two.clone(), Seen::Compliant).unwrap();
    let movement = recorder.finish().unwrap();
    assert_eq!((movement.left_alone, steps(&movement).as_str()), (1, "1 resolved; 3 open, 1 undecided"));
}
