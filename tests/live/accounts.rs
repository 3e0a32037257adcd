//! Many accounts by assumed roles, with IAM enforced, and the policy that a role needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{FAST, LocalAws, MANAGEMENT, PRODUCTION, findings, reports, root};
use crate::shared::{Run, binary, run};

const MEMBERS: [&str; 5] = ["222233334444", "444455556666", "555566667777", "666677778888", "777788889999"];
const REGIONS: [&str; 3] = ["eu-west-1", "eu-central-1", "us-east-1"];

/// Makes a role that the management account may assume with an external id.
fn make_role(aws: &LocalAws, account: &str, policy: &Path) {
    let script = root().join("tests/live/make_role.py");
    let words =
        [script.to_str().unwrap(), "backproof", MANAGEMENT, "external-4711", policy.to_str().unwrap()];
    let made = aws.python(account, &words);
    assert_eq!(made.status, 0, "{}", made.stderr);
}

/// The policy that a dry run prints, without the part that allows to assume the role itself.
fn needed_policy(aws: &LocalAws) -> Value {
    let dry = aws.backproof(PRODUCTION, &["collect", "--dry-run"]);
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    serde_json::from_str(&dry.stdout).unwrap()
}

fn collect(aws: &LocalAws, inventory: &Path, accounts: &str, regions: &str) -> Run {
    let mut words = vec!["collect", inventory.to_str().unwrap(), "--accounts", accounts];
    words.extend(["--regions", regions, "--assume-role", "backproof", "--external-id", "external-4711"]);
    words.extend(FAST);
    aws.backproof(MANAGEMENT, &words)
}

#[test]
fn a_missing_role_and_a_denied_region_are_rows_that_say_why_and_the_rest_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    // The example has three accounts; three more are empty.
    let organization = folder.path().join("organization");
    let global = organization.join(MANAGEMENT).join("global");
    fs::create_dir_all(&global).unwrap();
    let account = |id: &str| json!({ "Id": id, "Name": format!("account {id}"), "Status": "ACTIVE" });
    let suspended = json!({ "Id": "999900001111", "Name": "closed", "Status": "SUSPENDED" });
    let mut accounts: Vec<Value> = [MANAGEMENT].iter().chain(&MEMBERS).map(|it| account(it)).collect();
    accounts.push(suspended);
    let listed = json!({ "Accounts": accounts });
    fs::write(global.join("organizations.list-accounts.json"), listed.to_string()).unwrap();
    let described = json!({ "Organization": { "Id": "o-acme", "MasterAccountId": MANAGEMENT } });
    fs::write(global.join("organizations.describe-organization.json"), described.to_string()).unwrap();
    let aws = LocalAws::start(&[&organization], true);

    let policy = folder.path().join("policy.json");
    let mut allowed = needed_policy(&aws);
    fs::write(&policy, allowed.to_string()).unwrap();
    // The last account has no role at all.
    for member in MEMBERS.iter().take(3) {
        make_role(&aws, member, &policy);
    }
    let denial = json!({
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestedRegion": "eu-central-1" } },
    });
    allowed["Statement"].as_array_mut().unwrap().push(denial);
    fs::write(&policy, allowed.to_string()).unwrap();
    make_role(&aws, MEMBERS[3], &policy);

    let inventory = folder.path().join("inventory");
    let run = collect(&aws, &inventory, "all", &REGIONS.join(","));
    assert_eq!(run.status, 4, "{}", run.stderr);
    let rows: Vec<&str> =
        run.stderr.lines().filter(|it| it.starts_with(|c: char| c.is_ascii_digit())).collect();
    let seen = |account: &str, region: &str| {
        let row = rows.iter().find(|it| it.starts_with(account) && it.contains(region)).unwrap();
        let (whole, of) = row.split_once(" of ").unwrap();
        whole.rsplit(' ').next().unwrap() == of.split(' ').next().unwrap()
    };
    let mut unseen = BTreeSet::new();
    for account in [MANAGEMENT].iter().chain(&MEMBERS) {
        for region in REGIONS {
            if !seen(account, region) {
                unseen.insert(format!("{account} {region}"));
            }
        }
    }
    let missing = MEMBERS[4];
    let expected: BTreeSet<String> = (REGIONS.iter().map(|it| format!("{missing} {it}")))
        .chain([format!("{} eu-central-1", MEMBERS[3])])
        .collect();
    assert_eq!(unseen, expected, "{}", run.stderr);
    assert!(run.stderr.contains("sts.assume-role: 1 of 1 not seen: AccessDenied"), "{}", run.stderr);
    assert!(
        run.stderr.contains("999900001111  left out: Organizations says that it is suspended"),
        "{}",
        run.stderr
    );

    let reports = reports(&inventory, &[]);
    let judged = findings(&reports);
    let undecided: BTreeSet<String> = (judged.iter())
        .filter(|it| it["answer"] == "INSUFFICIENT_DATA")
        .map(|it| format!("{} {}", it["account"].as_str().unwrap(), it["region"].as_str().unwrap()))
        .collect();
    assert_eq!(undecided, expected);
    let why =
        |account: &str| judged.iter().find(|it| it["account"] == account).unwrap()["missing"].to_string();
    assert!(why(missing).contains("AccessDenied"), "{}", why(missing));
}

#[test]
fn a_role_without_the_external_id_is_not_assumed() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], true);
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    fs::write(&policy, needed_policy(&aws).to_string()).unwrap();
    make_role(&aws, PRODUCTION, &policy);
    let inventory = folder.path().join("right");
    let right = collect(&aws, &inventory, PRODUCTION, "eu-west-1");
    assert_eq!(right.status, 0, "{}", right.stderr);
    let inventory = folder.path().join("wrong");
    let words =
        ["collect", inventory.to_str().unwrap(), "--accounts", PRODUCTION, "--assume-role", "backproof"];
    let wrong = aws.backproof(MANAGEMENT, &[&words[..], &["--external-id", "guessed"]].concat());
    assert_eq!(wrong.status, 4, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("sts.assume-role: 1 of 1 not seen: AccessDenied"), "{}", wrong.stderr);
}

#[test]
fn the_policy_of_a_dry_run_is_enough_and_no_action_of_it_too_many() {
    let aws = LocalAws::start(&[&root().join("examples/acme"), &root().join("tests/live/evidence")], true);
    let folder = tempfile::tempdir().unwrap();
    let policy = needed_policy(&aws);
    let actions: Vec<String> = serde_json::from_value(policy["Statement"][0]["Action"].clone()).unwrap();
    let file = folder.path().join("policy.json");
    let script = root().join("tests/live/make_user.py");
    let user = |without: Option<&String>| -> (String, String) {
        let left: Vec<&String> = actions.iter().filter(|it| Some(*it) != without).collect();
        let statement = json!({ "Effect": "Allow", "Action": left, "Resource": "*" });
        fs::write(&file, json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()).unwrap();
        let words = [script.to_str().unwrap(), "auditor", file.to_str().unwrap()];
        let made = aws.python(MANAGEMENT, &words);
        assert_eq!(made.status, 0, "{}", made.stderr);
        let (key, secret) = made.stdout.trim().split_once(' ').unwrap();
        (key.to_owned(), secret.to_owned())
    };
    let collect = |name: &str, (key, secret): (String, String)| {
        let inventory = folder.path().join(name.replace(':', "-"));
        let mut command = aws.command_as(binary(), &key, &secret);
        command.args(["collect", inventory.to_str().unwrap(), "--regions", "eu-west-1"]).args(FAST);
        run(&mut command)
    };
    let whole = collect("whole", user(None));
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    for action in &actions {
        let run = collect(action, user(Some(action)));
        assert_eq!(run.status, 4, "without {action}: {}", run.stderr);
        // Timestream is first asked where it is.
        let named = if action == "timestream:DescribeEndpoints" { "timestream:ListTables" } else { action };
        assert!(run.stderr.contains(&format!("needs {named}")), "without {action}: {}", run.stderr);
    }
}

#[test]
fn the_accounts_of_a_unit_are_asked_and_no_others() {
    let aws = LocalAws::start(&[&root().join("examples/acme")], false);
    let folder = tempfile::tempdir().unwrap();
    let collect = |unit: &str| {
        let inventory = folder.path().join(unit);
        let words = ["collect", inventory.to_str().unwrap(), "--ou", unit, "--assume-role", "any"];
        let run = aws.backproof(MANAGEMENT, &[&words[..], &["--regions", "eu-west-1"], &FAST].concat());
        let regional = |it: &str| it.contains("eu-west-1") && it.starts_with(|c: char| c.is_ascii_digit());
        let rows = run.stderr.lines().filter(|it| regional(it)).map(|it| it[..12].to_owned());
        (rows.collect::<Vec<_>>(), run)
    };
    let (accounts, run) = collect("ou-ac3e-prod0001");
    assert_eq!((run.status, accounts), (0, vec![PRODUCTION.to_owned()]), "{}", run.stderr);
    let (accounts, _) = collect("r-ac3e");
    assert_eq!(accounts, [MANAGEMENT, PRODUCTION, MEMBERS[1]]);
    let (_, run) = collect("ou-ac3e-none0001");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr.contains("no root or unit of the organization is `ou-ac3e-none0001`"),
        "{}",
        run.stderr
    );
}
