//! Every operation refused, throttled, garbled or cut, one at a time: nothing becomes COMPLIANT, and it is told.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{FAST, LocalAws, PRODUCTION, findings, reports, root};
use crate::shared::{Run, binary, run};

type Answers = BTreeMap<[String; 3], String>;

fn answers(inventory: &Path) -> Answers {
    let key = |it: &Value| ["control", "region", "resource"].map(|of| it[of].as_str().unwrap().to_owned());
    let found = findings(&reports(inventory, &[]));
    found.iter().map(|it| (key(it), it["answer"].as_str().unwrap().to_owned())).collect()
}

/// Collects production's main Region, trying each call so often.
fn collect(aws: &LocalAws, inventory: &Path, attempts: &str) -> Run {
    let mut command = aws.command(binary(), PRODUCTION);
    command.args(["collect", inventory.to_str().unwrap(), "--regions", "eu-west-1"]).args(FAST);
    run(command.env("AWS_MAX_ATTEMPTS", attempts))
}

/// How many findings are undecided that were not, once it is sure that no other answer came of it.
fn undecided(before: &Answers, after: &Answers, what: &str) -> usize {
    let mut count = 0;
    for (key, answer) in after {
        let was = before.get(key).map(String::as_str);
        if was == Some(answer) {
            continue;
        }
        assert!(was.is_none() || answer != "COMPLIANT", "{what}: {key:?} was {was:?}");
        if answer == "INSUFFICIENT_DATA" {
            count += 1;
        } else {
            assert!(was.is_none(), "{what}: {key:?} was {was:?} and is {answer}");
        }
    }
    // What is no longer judged is told of by the list that is not whole.
    let not_listed = after.iter().any(|(key, it)| !before.contains_key(key) && it == "INSUFFICIENT_DATA");
    assert!(before.keys().all(|key| after.contains_key(key)) || not_listed, "{what}: findings vanished");
    count
}

/// Collects with one fault and returns the run and what it leaves undecided.
fn check(aws: &LocalAws, before: &Answers, fault: &Value) -> (Run, usize) {
    let folder = tempfile::tempdir().unwrap();
    aws.set_faults(&json!([fault]));
    let run = collect(aws, folder.path(), "2");
    aws.set_faults(&json!([]));
    let cost = undecided(before, &answers(folder.path()), &fault.to_string());
    (run, cost)
}

fn start() -> (LocalAws, Answers, Vec<String>) {
    let aws = LocalAws::start(&[&root().join("examples/acme"), &root().join("tests/live/evidence")], false);
    let folder = tempfile::tempdir().unwrap();
    aws.forget_calls();
    let run = collect(&aws, folder.path(), "2");
    assert_eq!(run.status, 0, "{}", run.stderr);
    let operations = aws.operations().into_iter().filter(|it| !it.starts_with("sts.")).collect();
    (aws, answers(folder.path()), operations)
}

/// The operations with what denying each costs; half of them by each of two servers.
#[test]
fn each_operation_denied_alone_costs_its_findings_and_no_more() {
    let costs: Vec<BTreeMap<String, usize>> = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let (aws, before, operations) = start();
                let mut costs = BTreeMap::new();
                for name in operations.iter().skip(half).step_by(2) {
                    let fault = json!({ "operation": name, "effect": "deny", "reason": "explicit" });
                    let (run, cost) = check(&aws, &before, &fault);
                    assert_eq!(run.status, 4, "{name}: {}", run.stderr);
                    // Timestream is asked where it is before it is asked anything.
                    let row = name.replace("describe-endpoints", "list-tables");
                    let told = run.stderr.lines().any(|line| line.contains(&row));
                    assert!(told, "{name}: {}", run.stderr);
                    costs.insert(name.clone(), cost);
                }
                costs
            })
        });
        halves.map(|it| it.join().unwrap()).into()
    });
    let costs: BTreeMap<String, usize> = costs.into_iter().flatten().collect();
    let table: String = costs.iter().map(|(name, cost)| format!("{cost:4}  {name}\n")).collect();
    insta::assert_snapshot!("undecided_by_denied_operation", table);
}

#[test]
fn whatever_goes_wrong_is_told_and_decides_nothing() {
    let (aws, before, _) = start();
    const POINTS: &str = "backup.list-recovery-points-by-backup-vault";
    for (name, effect, told) in [
        (POINTS, json!({ "effect": "garble", "how": "not-json" }), "UnreadableResponse"),
        (POINTS, json!({ "effect": "garble", "how": "truncated" }), "UnreadableResponse"),
        (POINTS, json!({ "effect": "garble", "how": "empty" }), "UnreadableResponse"),
        (POINTS, json!({ "effect": "drop" }), "Unreachable"),
        (POINTS, json!({ "effect": "expired" }), "ExpiredToken"),
        (POINTS, json!({ "effect": "opted-out" }), "UnrecognizedClientException"),
        (POINTS, json!({ "effect": "deny", "reason": "scp" }), "AccessDenied"),
        (POINTS, json!({ "effect": "repeat-token" }), "its page tokens repeat"),
        (POINTS, json!({ "effect": "throttle" }), "Throttling"),
        ("ec2.describe-volumes", json!({ "effect": "garble", "how": "truncated" }), "UnreadableResponse"),
        ("ec2.describe-volumes", json!({ "effect": "throttle" }), "RequestLimitExceeded"),
        (
            "ec2.describe-volumes",
            json!({ "effect": "error", "code": "OptInRequired", "status": 401 }),
            "OptInRequired",
        ),
        ("rds.describe-db-instances", json!({ "effect": "garble", "how": "not-json" }), "UnreadableResponse"),
        ("dynamodb.list-tables", json!({ "effect": "garble", "how": "not-json" }), "UnreadableResponse"),
    ] {
        let mut fault = effect.clone();
        fault["operation"] = json!(name);
        let (run, cost) = check(&aws, &before, &fault);
        assert_eq!(run.status, 4, "{fault}: {}", run.stderr);
        let row = run.stderr.lines().any(|it| it.contains(name) && it.contains(told));
        assert!(row && cost > 0, "{fault} cost {cost}: {}", run.stderr);
    }
}

#[test]
fn what_passes_is_waited_for() {
    let (aws, before, _) = start();
    let folder = tempfile::tempdir().unwrap();
    aws.set_faults(&json!([
        { "operation": "backup.*", "effect": "throttle", "times": 2 },
        { "operation": "ec2.*", "effect": "throttle", "times": 2 },
        { "operation": "dynamodb.list-tables", "effect": "drop", "times": 1 },
    ]));
    let run = collect(&aws, folder.path(), "6");
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(!run.stderr.contains(" 0 retries"), "{}", run.stderr);
    assert!(answers(folder.path()) == before);
}
