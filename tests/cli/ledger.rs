//! The ledger over several runs: what is new, worse, undecided, resolved, and what people read of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::process::{self, Run, backproof, tree};
use super::{acme, audit};

const CONTROL: &str = "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED";
const POLICIES: &str = "222233334444/eu-west-1/backup.get-backup-vault-access-policy.ndjson";
const VAULTS: &str = "222233334444/eu-west-1/backup.list-backup-vaults.ndjson";

/// An estate that a test changes, judged by one control, with a ledger.
struct Estate {
    folder: tempfile::TempDir,
    inventory: PathBuf,
    framework: PathBuf,
    ledger: PathBuf,
}

impl Estate {
    fn new() -> Self {
        let (folder, inventory) = acme();
        let framework = folder.path().join("vaults.json");
        let text = format!(
            r#"{{"FrameworkName": "vaults", "FrameworkControls": [{{"ControlName": "{CONTROL}"}}]}}"#
        );
        fs::write(&framework, text).unwrap();
        let ledger = folder.path().join("ledger.sqlite");
        Self { folder, inventory, framework, ledger }
    }

    /// Judges it at an hour of the day after the example's, and gives what is said of the ledger.
    fn audit(&self, hour: u32) -> String {
        let at = format!("2026-03-02T{hour:02}:00:00Z");
        let (inventory, framework) = (self.inventory.to_str().unwrap(), self.framework.to_str().unwrap());
        let ledger = self.ledger.to_str().unwrap();
        let run = backproof(&["audit", inventory, "--at", &at, "--framework", framework, "--ledger", ledger]);
        assert!([3, 4].contains(&run.status), "{}", run.stderr);
        let (_, said) = run.stdout.rsplit_once("undecided.\n\n").unwrap();
        said.to_owned()
    }

    fn violations(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["violations", "--ledger", self.ledger.to_str().unwrap()];
        all.extend(arguments);
        backproof(&all)
    }

    /// Answers for one vault's access policy with this error.
    fn refuse_policy(&self, vault: &str, code: &str) {
        let file = self.inventory.join(POLICIES);
        let text = fs::read_to_string(&file).unwrap();
        let request = format!(r#"{{"request":{{"BackupVaultName":"{vault}"}}"#);
        let lines = text.lines().map(|line| match line.starts_with(&request) {
            true => format!(r#"{request},"error":{{"code":"{code}","message":"no"}}}}"#),
            false => line.to_owned(),
        });
        let changed = lines.collect::<Vec<_>>().join("\n");
        assert_ne!(changed, text.trim_end());
        fs::write(&file, changed).unwrap();
    }

    fn mend(&self, file: &str) {
        fs::copy(process::root().join("examples/acme").join(file), self.inventory.join(file)).unwrap();
    }
}

/// Ids of runs and digests say what was judged by what, so they change with any control.
fn assert_shows(name: &str, text: &str) {
    let filters = [("run [0-9a-f]{16}", "run RUN"), ("SHA-256 [0-9a-f]{64}", "SHA-256 DIGEST")];
    insta::with_settings!({ filters => filters }, { insta::assert_snapshot!(name, text) });
}

#[test]
fn a_violation_is_followed_from_run_to_run() {
    let estate = Estate::new();
    let mut told = String::new();
    let mut tell = |what: &str, said: String| told.push_str(&format!("# {what}\n{said}\n"));
    tell("the first run", estate.audit(1));
    estate.refuse_policy("prod-primary", "ResourceNotFoundException");
    tell("a policy is deleted", estate.audit(2));
    tell("the same run again", estate.audit(2));
    estate.refuse_policy("prod-primary", "AccessDeniedException");
    tell("it cannot be looked at", estate.audit(3));
    let before = fs::read(&estate.ledger).unwrap();
    tell("an older run", estate.audit(1));
    estate.mend(POLICIES);
    tell("another older run", estate.audit(2));
    assert!(fs::read(&estate.ledger).unwrap() == before, "an older run changes the file");
    let ids = |run: Run| -> Vec<Value> { serde_json::from_str(&run.stdout).unwrap() };
    let after = ids(estate.violations(&["history", "--format", "json"]));
    assert!(after.iter().all(|it| it["step"] != "resolved"));
    tell("it is mended", estate.audit(4));
    let mended = fs::read(&estate.ledger).unwrap();
    tell("the same run again", estate.audit(4));
    assert!(fs::read(&estate.ledger).unwrap() == mended, "the same run twice changes the file");
    assert_ne!(before, mended);
    assert_shows("ledger_runs", &told);

    assert_shows("violations_list", &estate.violations(&["list", "--state", "all"]).stdout);
    let found = ids(estate.violations(&["list", "--state", "resolved", "--format", "json"]));
    assert_eq!(found.len(), 1);
    let id = found[0]["id"].as_str().unwrap();
    assert_shows("violations_show", &estate.violations(&["show", &id[..12]]).stdout);
    assert_shows(
        "violations_history",
        &estate.violations(&["history", "--since", "2026-03-02T02:00:00Z"]).stdout,
    );
    let shown: Value =
        serde_json::from_str(&estate.violations(&["show", id, "--format", "json"]).stdout).unwrap();
    let steps: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|it| it["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["opened", "undecided", "resolved"]);
    assert_eq!(shown["resolvedAt"], "2026-03-02T04:00:00Z");
}

#[test]
fn of_two_runs_of_one_time_the_graver_answer_stands() {
    let estate = Estate::new();
    estate.audit(1);
    estate.refuse_policy("prod-primary", "ResourceNotFoundException");
    let said = estate.audit(1);
    assert!(said.contains("1 new, 11 still open") && said.contains("Another run of the same"), "{said}");
    estate.mend(POLICIES);
    let said = estate.audit(1);
    assert!(said.contains("12 still open") && said.contains("Another run of the same"), "{said}");
}

#[test]
fn what_is_absent_is_gone_only_where_everything_was_listed() {
    let estate = Estate::new();
    estate.audit(1);
    let open = |state: &str| {
        let run = estate.violations(&[
            "list",
            "--state",
            state,
            "--region",
            "eu-west-1",
            "--account",
            "222233334444",
            "--format",
            "json",
        ]);
        let found: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
        found
            .iter()
            .map(|it| format!("{} {}", it["resourceName"].as_str().unwrap(), it["answer"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let all = ["Default", "acme-org", "legacy", "reporting"].map(|it| format!("{it} NON_COMPLIANT"));
    assert_eq!(open("open"), all);
    // The list of vaults is refused: all of them are absent.
    fs::write(
        estate.inventory.join(VAULTS),
        r#"{"request":{},"error":{"code":"AccessDeniedException","message":"no"}}"#,
    )
    .unwrap();
    let said = estate.audit(2);
    assert!(said.contains("0 new, 11 still open (0 worse, 4 undecided), 0 resolved."), "{said}");
    assert_eq!(
        open("open"),
        ["Default", "acme-org", "legacy", "reporting"].map(|it| format!("{it} INSUFFICIENT_DATA"))
    );
    // The whole place is absent: nothing was looked at.
    let place = estate.inventory.join("222233334444/eu-west-1");
    let aside = estate.folder.path().join("aside");
    fs::rename(&place, &aside).unwrap();
    estate.audit(3);
    assert_eq!(open("open").len(), 4);
    // Everything is listed, and one is not there.
    fs::rename(&aside, &place).unwrap();
    estate.mend(VAULTS);
    let file = estate.inventory.join(VAULTS);
    let mut call: Value = serde_json::from_str(fs::read_to_string(&file).unwrap().trim()).unwrap();
    call["response"]["BackupVaultList"]
        .as_array_mut()
        .unwrap()
        .retain(|it| it["BackupVaultName"] != "legacy");
    fs::write(&file, call.to_string()).unwrap();
    fs::remove_file(place.join("backup.describe-backup-vault.ndjson")).unwrap_or_default();
    let said = estate.audit(4);
    assert!(said.contains("0 new, 10 still open (0 worse, 0 undecided), 1 resolved."), "{said}");
    assert_eq!(open("resolved"), ["legacy GONE"]);
}

#[test]
fn the_ledger_stands_beside_the_reports_unless_told_otherwise() {
    let acme = process::root().join("examples/acme");
    for (arguments, expected) in
        [(&[][..], true), (&["--no-ledger"], false), (&["--ledger", "elsewhere/of/mine.sqlite"], false)]
    {
        let out = tempfile::tempdir().unwrap();
        let mut all = vec!["--out".to_owned(), out.path().to_str().unwrap().to_owned()];
        all.extend(arguments.iter().map(|it| match it.starts_with("elsewhere") {
            true => out.path().join(it).to_str().unwrap().to_owned(),
            false => (*it).to_owned(),
        }));
        let run = audit(&acme, &all.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(run.status, 3, "{}", run.stderr);
        let files = tree(out.path());
        assert_eq!(files.contains_key("ledger.sqlite"), expected, "{arguments:?}");
        assert_eq!(files.contains_key("elsewhere/of/mine.sqlite"), arguments.len() == 2);
        assert_eq!(
            run.stdout.contains("Recorded for the first time: 225 open."),
            arguments != ["--no-ledger"]
        );
    }
    let run = audit(&acme, &[]);
    assert!(!run.stdout.contains("Recorded"), "nothing is recorded unless asked");
}

#[test]
fn other_formats_say_what_moved_and_what_is_recorded() {
    let estate = Estate::new();
    let ledger = estate.ledger.to_str().unwrap();
    let run = audit(&estate.inventory, &["--format", "json", "--ledger", ledger]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["ledger"]["steps"]["opened"], 225);
    assert_eq!((&json["ledger"]["open"], &json["ledger"]["since"]), (&Value::from(225), &Value::Null));
    let count = |arguments: &[&str]| {
        let mut all = vec!["list", "--format", "json"];
        all.extend(arguments);
        serde_json::from_str::<Vec<Value>>(&estate.violations(&all).stdout).unwrap().len()
    };
    assert_eq!(count(&[]), 225);
    let high = count(&["--severity", "high"]);
    assert_eq!(high + count(&["--severity", "medium", "--severity", "low", "--severity", "critical"]), 225);
    assert_eq!(high, 20);
    assert_eq!(count(&["--control", CONTROL]), 11);
    assert_eq!(count(&["--state", "resolved"]), 0);
    assert_eq!(count(&["--resource", "forensic"]), count(&["--resource", "forensic", "--state", "all"]));
    let csv = estate.violations(&["list", "--format", "csv"]).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 225);
    let formulas = records.iter().flatten().filter(|it| it.starts_with("'="));
    assert!(formulas.count() > 0, "the example has names that are formulas");
    assert!(records.iter().flatten().all(|it| !it.starts_with(['=', '+', '-', '@', '\t', '\r'])));
    let csv = estate.violations(&["history", "--format", "csv"]).stdout;
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), 225);
    assert_eq!(process::read_one_line(&["violations", "--ledger", ledger, "list"]), 0);
    assert_eq!(process::read_one_line(&["violations", "--ledger", ledger, "list", "--format", "json"]), 0);
}

#[test]
fn recorded_names_cannot_drive_a_terminal() {
    let estate = Estate::new();
    let file = estate.inventory.join("222233334444/eu-west-1/dynamodb.list-tables.ndjson");
    let text = fs::read_to_string(&file).unwrap().replace("routes-v2", "routes\\u001b[31m\\u0000\\u202ev2");
    fs::write(&file, text).unwrap();
    let ledger = estate.ledger.to_str().unwrap();
    audit(&estate.inventory, &["--ledger", ledger]);
    let shown = "routes\\u{1b}[31m\\u{0}\\u{202e}v2";
    let found = estate.violations(&["list", "--resource", "[31m", "--format", "json"]);
    let found: Vec<Value> = serde_json::from_str(&found.stdout).unwrap();
    let id = found[0]["id"].as_str().unwrap();
    for arguments in [&["list"][..], &["show", id], &["history"], &["history", id]] {
        let run = estate.violations(arguments);
        assert!(run.stdout.contains(shown), "{arguments:?}: {}", run.stdout);
        assert!(!run.stdout.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{arguments:?}");
    }
}

#[test]
fn a_ledger_that_cannot_be_used_is_told_before_anything_is_judged() {
    let estate = Estate::new();
    estate.audit(1);
    let text = estate.folder.path().join("text");
    fs::write(&text, "no ledger ".repeat(1_000)).unwrap();
    let named = |path: &Path| path.to_str().unwrap().to_owned();
    let (ledger, text, folder) = (named(&estate.ledger), named(&text), named(estate.folder.path()));
    for (arguments, status, expected) in [
        (vec!["violations", "--ledger", "no/such", "list"], 1, "ledger `no/such` does not exist"),
        (vec!["violations", "list"], 1, "ledger `ledger.sqlite` does not exist"),
        (
            vec!["violations", "--ledger", &text, "list"],
            1,
            "it is not a ledger of backproof: it is no SQLite file",
        ),
        (vec!["violations", "--ledger", &ledger, "show", "0"], 1, "violation"),
        (
            vec!["violations", "--ledger", &ledger, "show", "ffffffffffff"],
            1,
            "no violation has an id that begins",
        ),
        (vec!["violations", "--ledger", &ledger, "show", "vol-1"], 1, "`vol-1` is not an id"),
        (vec!["violations", "--ledger", &ledger, "list", "--account", "1"], 2, "`1` is not an account id"),
        (vec!["violations", "--ledger", &ledger], 2, "Usage"),
        (vec!["audit", "examples/acme", "--ledger", &text], 1, "it is not a ledger of backproof"),
        (vec!["audit", "examples/acme", "--ledger", &folder], 1, "unable to open database file"),
        (vec!["audit", "examples/acme", "--ledger", &ledger, "--no-ledger"], 2, "cannot be used with"),
    ] {
        let run = backproof(&arguments);
        assert_eq!(run.status, status, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}
