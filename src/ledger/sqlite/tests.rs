//! What is SQLite's own: files that are something else, runs that are killed, runs that meet.

use super::*;
use crate::ledger::tests::conformance;
use crate::ledger::tests::records::{observed, run_at, scope, violation};
use crate::ledger::{Recorder, Seen, advance};
use crate::model::Severity;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn it_is_a_store() {
    let folder = folder();
    let mut number = 0;
    conformance::conforms(|| {
        number += 1;
        Sqlite::create(&folder.path().join(format!("{number}.sqlite"))).unwrap()
    });
}

fn opened() -> crate::ledger::Observation {
    observed(1, violation(Severity::Low, "a"))
}

/// Records one violation in a run that ends.
fn record_one(path: &Path) {
    let mut store = Sqlite::create(path).unwrap();
    store.begin(&[]).unwrap();
    advance(&mut store, &opened()).unwrap();
    store.commit().unwrap();
}

#[test]
fn a_run_that_is_killed_leaves_the_file_as_it_was() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    for recorded in [false, true] {
        if recorded {
            record_one(&path);
        }
        let before = std::fs::read(&path).unwrap_or_default();
        {
            let mut store = Sqlite::create(&path).unwrap();
            let scopes = [scope("CONTROL", "111122223333/eu-west-1")];
            let mut recorder = Recorder::begin(&mut store, run_at("killed", 1), scopes).unwrap();
            recorder.see(opened().key, Seen::Compliant).unwrap();
            recorder.see(observed(1, Seen::Gone).key, violation(Severity::High, "b")).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap_or_default(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a journal is left");
    }
    let mut store = Sqlite::open(&path).unwrap();
    assert!(store.record(&opened().key).unwrap().unwrap().is_open());
}

#[test]
fn one_run_waits_for_another_and_then_says_so() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    record_one(&path);
    let mut first = Sqlite::create(&path).unwrap();
    first.begin(&[]).unwrap();
    let mut second = Sqlite::create(&path).unwrap();
    second.connection.busy_timeout(Duration::ZERO).unwrap();
    assert!(matches!(second.begin(&[]), Err(StoreError::Locked)));
    // Whoever reads need not wait.
    assert!(second.record(&opened().key).unwrap().is_some());
    first.commit().unwrap();
    second.begin(&[]).unwrap();
}

#[test]
fn files_that_are_something_else_are_refused_and_left_alone() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("text"), "a text that is long enough to be taken for something".repeat(100)).unwrap();
    let other = Connection::open(file("other")).unwrap();
    other.execute_batch("CREATE TABLE other (id)").unwrap();
    let later = Connection::open(file("later")).unwrap();
    later
        .execute_batch("PRAGMA application_id = 0x6261636b; PRAGMA user_version = 2; CREATE TABLE other (id)")
        .unwrap();
    for (name, expected) in [
        ("text", "it is not a ledger of backproof: it is no SQLite file"),
        ("other", "it is not a ledger of backproof: it is a database of something else"),
        (
            "later",
            "it has schema 2, and this backproof knows schemas up to 1; use the backproof that wrote it",
        ),
    ] {
        let before = std::fs::read(file(name)).unwrap();
        for open in [Sqlite::create, Sqlite::open] {
            assert_eq!(open(&file(name)).unwrap_err().to_string(), expected);
        }
        assert_eq!(std::fs::read(file(name)).unwrap(), before);
    }
    assert!(matches!(Sqlite::open(&file("none")), Err(StoreError::Other(_))));
    assert!(!file("none").exists());
    std::fs::write(file("empty"), "").unwrap();
    assert!(matches!(Sqlite::open(&file("empty")), Err(StoreError::NotALedger(_))));
    assert!(Sqlite::create(&file("empty")).is_ok());
}

#[test]
fn a_damaged_record_is_an_error() {
    let folder = folder();
    let path = folder.path().join("ledger.sqlite");
    for (column, value) in
        [("reasons", "not json"), ("first_seen", "yesterday"), ("answer", "PERHAPS"), ("account", "1")]
    {
        let _ = std::fs::remove_file(&path);
        record_one(&path);
        let mut store = Sqlite::open(&path).unwrap();
        store.connection.execute(&format!("UPDATE violation SET {column} = ?1"), [value]).unwrap();
        let error = store.record(&opened().key).unwrap_err();
        assert!(matches!(error, StoreError::Unreadable(_)), "{column}: {error}");
    }
}
