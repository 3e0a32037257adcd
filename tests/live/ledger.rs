//! The ledger in a table of local AWS: that it is a store, what it costs, and what becomes of runs that meet or end.

use std::ops::ControlFlow;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use backproof::evaluate::MissingFact;
use backproof::ledger::dynamodb::DynamoDb;
use backproof::ledger::dynamodb::configuration::{Configurations, Known, MAX_BODY, digest};
use backproof::ledger::*;
use backproof::model::{Place, Severity};
use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::Handle;

use super::LocalAws;

#[path = "../shared/conformance.rs"]
mod conformance;
#[path = "../shared/records.rs"]
mod records;

use records::{hour, key, observed, place, run_at, scope, undecided, violation};

const HERE: &str = "111122223333/eu-west-1";
const CONTROL: &str = "CONTROL";

/// Local AWS with tables in it, and what asks it.
struct Tables {
    aws: LocalAws,
    client: Client,
    handle: Handle,
}

impl Tables {
    fn start() -> Self {
        let aws = LocalAws::start(&[], false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(aws.url())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
            .credentials_provider(Credentials::new("111122223333", "test", None, None, "test"))
            .build();
        Self { aws, client: Client::from_conf(config), handle }
    }

    /// Makes a table as the ledger wants it.
    fn make(&self, name: &str) {
        let mut request =
            self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
            let schema = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
            request = request.attribute_definitions(attribute).key_schema(schema);
        }
        self.handle.block_on(request.send()).unwrap();
    }

    fn open(&self, name: &str) -> DynamoDb {
        DynamoDb::new(self.client.clone(), self.handle.clone(), name.to_owned())
    }

    /// A new table.
    fn new_table(&self, name: &str) -> DynamoDb {
        self.make(name);
        self.open(name)
    }

    /// What the table was asked meanwhile, in all and by operation.
    fn asked<T>(&self, what: impl FnOnce() -> T) -> (T, u64, Value) {
        self.aws.forget_calls();
        let result = what();
        let calls = self.aws.calls();
        let operations = calls["operations"].as_object().unwrap().clone();
        (result, operations.values().map(|it| it.as_u64().unwrap()).sum(), Value::from(operations))
    }
}

fn volume(number: usize) -> Key {
    key(CONTROL, HERE, &format!("vol-{number:05}"))
}

fn bad() -> Seen {
    violation(Severity::Low, "a")
}

/// A run over one scope at this hour that sees the first as violations and the others as compliant.
fn run(store: &mut dyn Store, at: i64, bad_ones: usize, all: usize) -> Movement {
    let mut recorder = begin(store, at);
    for number in 0..all {
        let seen = if number < bad_ones { bad() } else { Seen::Compliant };
        recorder.see(volume(number), seen).unwrap();
    }
    recorder.finish().unwrap()
}

fn begin(store: &mut dyn Store, at: i64) -> Recorder<'_> {
    Recorder::begin(store, run_at(&format!("run-{at}"), at), [scope(CONTROL, HERE)]).unwrap()
}

/// Everything that a ledger tells.
fn told(store: &mut dyn Store) -> (Vec<Record>, Vec<Past>) {
    let (mut records, mut past) = (Vec::new(), Vec::new());
    let all = Filter { standing: StandingFilter::All, ..Filter::default() };
    let mut take = |it| {
        records.push(it);
        ControlFlow::Continue(())
    };
    store.find(&all, &mut take).unwrap();
    let mut take = |it| {
        past.push(it);
        ControlFlow::Continue(())
    };
    store.history(Whose::All, None, &mut take).unwrap();
    (records, past)
}

fn steps(past: &[Past]) -> Vec<String> {
    past.iter().map(|it| format!("{} {} {}", it.key.resource, it.entry.sequence, it.entry.step)).collect()
}

#[test]
fn a_table_is_a_store() {
    let tables = Tables::start();
    let mut number = 0;
    conformance::conforms(|| {
        number += 1;
        tables.new_table(&format!("ledger-{number}"))
    });
}

#[test]
fn what_a_run_sees_costs_no_call_and_what_it_changes_costs_one() {
    let tables = Tables::start();
    let mut store = tables.new_table("ledger");
    for (what, at, bad_ones, most) in [
        ("nothing is wrong", 1, 0, 7),
        ("nothing is wrong still", 2, 0, 6),
        ("some are", 3, 100, 107),
        ("some are still", 4, 100, 107),
        ("they are mended", 5, 0, 107),
    ] {
        let (movement, calls, operations) = tables.asked(|| run(&mut store, at, bad_ones, 10_000));
        assert_eq!(movement.open, u64::try_from(bad_ones).unwrap(), "{what}");
        assert!(calls <= most, "{what}: {calls} calls, {operations}");
    }
    let (_, calls, _) = tables.asked(|| told(&mut store));
    // Which there are, and one query for the records and one for the history of the one scope.
    assert_eq!(calls, 4);
    let id = volume(7).id();
    let (found, calls, _) = tables.asked(|| store.named(id.short(), 2).unwrap());
    assert_eq!((found.len(), calls), (1, 2));
}

#[test]
fn two_who_write_at_once_are_both_heard_in_the_order_of_time() {
    let tables = Tables::start();
    tables.make("ledger");
    let key = observed(1, bad()).key;
    let seen = [bad(), Seen::Compliant, violation(Severity::High, "b"), undecided("denied"), Seen::Gone];
    let by = |at: i64| {
        let observation = observed(at, seen[usize::try_from(at).unwrap() % seen.len()].clone());
        (0..at % 3).for_each(|_| std::thread::yield_now());
        advance(&mut tables.open("ledger"), &observation).unwrap();
    };
    advance(&mut tables.open("ledger"), &observed(0, bad())).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || (0..5).for_each(|round| by(1 + writer + 4 * round)));
        }
    });
    let mut store = tables.open("ledger");
    let record = store.record(&key).unwrap().unwrap();
    let in_order = (0..=20).map(|at| observed(at, seen[usize::try_from(at).unwrap() % seen.len()].clone()));
    let mut expected = None;
    for observation in in_order {
        let change = transition(expected.as_ref(), &observation);
        expected = change.record().cloned().or(expected);
    }
    let expected = expected.unwrap();
    let stands = |it: &Record| (it.violation.clone(), it.answer, it.looked_at, it.decided, it.last_seen);
    assert_eq!(stands(&record), stands(&expected));
    let (_, past) = told(&mut store);
    let numbers: Vec<u32> = past.iter().map(|it| it.entry.sequence).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=record.steps).collect::<Vec<_>>(), "a step is lost or doubled");
}

#[test]
fn a_run_that_is_overtaken_decides_again() {
    let tables = Tables::start();
    let mut store = tables.new_table("ledger");
    run(&mut store, 1, 3, 3);
    let mut other = tables.open("ledger");
    let mut recorder = begin(&mut store, 5);
    // After the run has read: one resolved before its time, one after it, one that is new.
    for (number, at, seen) in [(0, 4, Seen::Compliant), (1, 6, Seen::Compliant), (9, 4, bad())] {
        let observation = Observation { key: volume(number), ..observed(at, seen) };
        assert_ne!(advance(&mut other, &observation).unwrap(), Change::Nothing);
    }
    for number in [0, 1, 2, 9] {
        recorder.see(volume(number), bad()).unwrap();
    }
    let movement = recorder.finish().unwrap();
    assert_eq!(movement.count(Step::Reopened), 1);
    assert_eq!((movement.count(Step::Opened), movement.open), (0, 3));
    let (records, past) = told(&mut store);
    let open = |it: &Record| format!("{} {}", it.key.resource, it.is_open());
    let mut open: Vec<String> = records.iter().map(open).collect();
    open.sort();
    assert_eq!(open, ["vol-00000 true", "vol-00001 false", "vol-00002 true", "vol-00009 true"]);
    // Entries of one time are in the order of their ids.
    let mut told = steps(&past);
    told.sort();
    assert_eq!(
        told,
        [
            "vol-00000 1 opened",
            "vol-00000 2 resolved",
            "vol-00000 3 reopened",
            "vol-00001 1 opened",
            "vol-00001 2 resolved",
            "vol-00002 1 opened",
            "vol-00009 1 opened",
        ]
    );
}

#[test]
fn a_run_that_is_killed_is_recorded_to_its_end_when_it_comes_again() {
    let tables = Tables::start();
    let (mut killed, mut whole) = (tables.new_table("killed"), tables.new_table("whole"));
    for store in [&mut killed, &mut whole] {
        run(store, 1, 40, 60);
    }
    let record = |store: &mut dyn Store| {
        let mut recorder = begin(store, 2);
        for number in 20..80 {
            recorder.see(volume(number), bad())?;
        }
        recorder.finish()
    };
    // It ends among records, then among looks; part of it stands.
    let dies = |operation: &str, after: u64| {
        serde_json::json!([{ "operation": operation, "effect": "error", "after": after, "status": 400,
            "code": "ValidationException", "message": "no" }])
    };
    for (operation, after) in
        [("dynamodb.put-item", 10), ("dynamodb.transact-write-items", 20), ("dynamodb.update-item", 0)]
    {
        tables.aws.set_faults(&dies(operation, after));
        record(&mut tables.open("killed")).unwrap_err();
        tables.aws.set_faults(&serde_json::json!([]));
        assert_ne!(told(&mut killed), told(&mut tables.open("whole")), "{operation}");
    }
    let again = |store: &mut dyn Store| record(store).unwrap();
    let (of_killed, of_whole) = (again(&mut tables.open("killed")), again(&mut whole));
    assert_eq!(of_killed.open, of_whole.open);
    assert_ne!(of_killed.steps, of_whole.steps);
    // Who asks is told of the steps of all attempts.
    let retold = begin(&mut tables.open("killed"), 2).again().finish().unwrap();
    assert_eq!((retold.steps, retold.gravest), (of_whole.steps, of_whole.gravest));
    assert_eq!(told(&mut killed), told(&mut whole));
    // And once more, by which nothing is written.
    let (movement, calls, operations) = tables.asked(|| again(&mut tables.open("whole")));
    assert_eq!((movement.steps.len(), movement.open), (0, of_whole.open));
    assert!(calls <= 8, "{operations}");
    assert_eq!(told(&mut killed), told(&mut whole));
    assert_eq!(whole.looked_at(&scope(CONTROL, HERE)).unwrap(), Some(hour(2)));
    assert_eq!(whole.runs_at(hour(2)).unwrap(), ["run-2"]);
    // One that is older than what is known changes nothing.
    let before = told(&mut whole);
    assert_eq!(run(&mut whole, 1, 0, 60).left_alone, 1);
    assert_eq!(told(&mut whole), before);
}

#[test]
fn what_is_too_large_is_refused_whole_and_what_is_no_ledger_is_told() {
    let tables = Tables::start();
    let mut store = tables.new_table("ledger");
    run(&mut store, 1, 1, 1);
    let before = told(&mut store);
    let Seen::Violation(seen) = bad() else { panic!() };
    let large = Violation { messages: vec!["é".repeat(250 << 10)], ..seen };
    let large = Observation { key: volume(2), ..observed(2, Seen::Violation(large)) };
    let small = Observation { key: volume(3), ..observed(2, bad()) };
    let changes = [&small, &large].map(|it| transition(None, it));
    let error = store.write(&changes).unwrap_err();
    assert!(matches!(&error, StoreError::TooLarge { bytes: 500_000.., most: 409_600, .. }), "{error}");
    assert_eq!(told(&mut store), before);
    // As large as may be: what is counted here is not less than what AWS counts.
    let mut room = 409_600;
    loop {
        let Seen::Violation(seen) = bad() else { panic!() };
        let fits = Violation { messages: vec!["x".repeat(room)], ..seen };
        let fits = Observation { key: volume(4), ..observed(2, Seen::Violation(fits)) };
        match advance(&mut store, &fits) {
            Ok(change) => break assert_eq!(store.record(&fits.key).unwrap().as_ref(), change.record()),
            Err(StoreError::TooLarge { bytes, most, .. }) => room -= bytes - most,
            Err(error) => panic!("{error}"),
        }
    }
    let error = tables.open("none").begin(&[]).unwrap_err();
    let expected = "it is not a ledger of backproof: there is no table `none` in this account and Region";
    assert_eq!(error.to_string(), expected);
    tables.make("later");
    let text = |it: &str| AttributeValue::S(it.to_owned());
    let put = tables.client.put_item().table_name("later").item("pk", text("ledger"));
    let put = put.item("sk", text("schema")).item("version", AttributeValue::N("2".to_owned()));
    tables.handle.block_on(put.send()).unwrap();
    let error = tables.open("later").begin(&[]).unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 2, known: 1 }), "{error}");
}

#[test]
fn what_is_refused_for_want_of_capacity_is_asked_again() {
    let tables = Tables::start();
    let mut store = tables.new_table("ledger");
    tables.aws.set_faults(&serde_json::json!([
        { "operation": "dynamodb.transact-write-items", "effect": "error", "after": 5, "times": 30, "status": 400,
          "code": "ThrottlingException", "message": "too fast" },
        { "operation": "dynamodb.query", "effect": "error", "times": 4, "status": 400,
          "code": "ProvisionedThroughputExceededException", "message": "too fast" },
    ]));
    assert_eq!(run(&mut store, 1, 100, 100).count(Step::Opened), 100);
    assert_eq!(told(&mut store).1.len(), 100);
    let denied = |code: &str| {
        serde_json::json!([
            { "operation": "dynamodb.*", "effect": "error", "status": 400, "code": code, "message": "no" }
        ])
    };
    tables.aws.set_faults(&denied("AccessDeniedException"));
    let error = tables.open("ledger").begin(&[]).unwrap_err();
    assert!(matches!(error, StoreError::Denied(_)), "{error}");
    tables.aws.set_faults(&denied("ThrottlingException"));
    let error = store.record(&volume(1)).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

#[test]
fn the_last_configuration_is_known_by_its_digest_and_only_a_newer_one_takes_its_place() {
    let tables = Tables::start();
    tables.make("stack");
    let (here, there) = (place(HERE), place("111122223333/us-east-1"));
    let known = Configurations::new(tables.client.clone(), "stack".to_owned());
    tables.handle.block_on(async {
        let mut stands = Vec::new();
        let plan = "backup.get-backup-plan";
        assert_eq!(known.get(&here, plan, "p").await.unwrap(), None);
        for (at, body, expected) in [
            (2, "two", Written::Done),
            (1, "one", Written::Overtaken),
            (2, "too", Written::Overtaken),
            (3, "three", Written::Done),
        ] {
            assert_eq!(known.put(&here, plan, "p", hour(at), body).await.unwrap(), expected, "{body}");
            stands.push(known.get(&here, plan, "p").await.unwrap().unwrap().body.unwrap());
        }
        assert_eq!(stands, ["two", "two", "two", "three"]);
        let large = "x".repeat(MAX_BODY + 1);
        assert_eq!(known.put(&here, plan, "a/b\0 é", hour(1), &large).await.unwrap(), Written::Done);
        let expected = Known { at: hour(1), digest: digest(&large), body: None };
        assert_eq!(known.get(&here, plan, "a/b\0 é").await.unwrap(), Some(expected));
        let most = "y".repeat(MAX_BODY);
        let subject = "s".repeat(5000);
        assert_eq!(
            known.put(&here, "kms.describe-key", &subject, hour(1), &most).await.unwrap(),
            Written::Done
        );
        assert_eq!(known.put(&here, "kms.describe-key", "", hour(1), "").await.unwrap(), Written::Done);
        assert_eq!(known.put(&there, plan, "p", hour(1), "elsewhere").await.unwrap(), Written::Done);
        let all = known.all(&here).await.unwrap();
        let expected = [
            ((plan, "a/b\0 é"), (1, &large[..])),
            ((plan, "p"), (3, "three")),
            (("kms.describe-key", ""), (1, "")),
            (("kms.describe-key", &subject), (1, &most)),
        ];
        let expected = expected.map(|((operation, subject), (at, body))| {
            ((operation.to_owned(), subject.to_owned()), (hour(at), digest(body)))
        });
        assert_eq!(all, expected.into_iter().collect());
        assert_eq!(known.all(&there).await.unwrap().len(), 1);
    });
}

#[test]
fn people_read_the_same_from_a_table_as_from_a_file() {
    let tables = Tables::start();
    tables.make("stack");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let table = "dynamodb:stack";
    let arn = "dynamodb:arn:aws:dynamodb:eu-west-1:111122223333:table/stack";
    let ask = |arguments: &[&str]| tables.aws.backproof("111122223333", arguments);
    let run = ask(&["violations", "--ledger", table, "list"]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("nothing was recorded in the table yet"), "{}", run.stderr);
    let file = file.to_str().unwrap();
    for at in ["2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z", "2026-03-02T06:00:00Z"] {
        let audit = |ledger: &str| ask(&["audit", "examples/acme", "--at", at, "--ledger", ledger]);
        let (one, two) = (audit(table), audit(file));
        assert_eq!((one.status, one.stdout), (3, two.stdout), "{}", one.stderr);
    }
    let all = ask(&["violations", "--ledger", file, "list", "--format", "json"]).stdout;
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    assert!(all.len() > 20);
    let id = all[3]["id"].as_str().unwrap();
    for more in [
        &["list"][..],
        &["list", "--state", "all", "--format", "json"],
        &["list", "--region", "eu-west-1", "--severity", "high", "--format", "csv"],
        &["list", "--account", "222233334444", "--resource", "o"],
        &["show", &id[..12]],
        &["show", "4"],
        &["history", &id[..20], "--format", "json"],
        &["history", "--since", "2026-03-02T00:00:00Z"],
        &["history", "--format", "csv"],
    ] {
        let read = |ledger: &str| ask(&[&["violations", "--ledger", ledger], more].concat());
        let (of_table, of_file) = (read(table), read(file));
        assert_eq!(of_table.stdout, of_file.stdout, "{more:?}: {}", of_table.stderr);
        assert_eq!(of_table.status, of_file.status, "{more:?}");
    }
    assert_eq!(ask(&["violations", "--ledger", arn, "show", id]).status, 0);
    let run = ask(&["violations", "--ledger", "dynamodb:none", "list"]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("there is no table `none`"), "{}", run.stderr);
}
