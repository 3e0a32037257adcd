//! What things were configured to be, so that an event's handler can say what a value was before.
//!
//! Read from what was collected. Says nothing about compliance, and keeps only what somebody configures: counts and
//! times that change by themselves are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::control::escape_controls;
use crate::event::Thing;
use crate::ledger::dynamodb::configuration::{Configurations, digest};
use crate::model::Place;

/// Something that is configured: an operation, and of what it is asked.
pub(super) type Name = (String, String);

/// What was configured, by name; `null` where AWS says that there is none.
pub(super) type Configuration = BTreeMap<Name, Value>;

/// What is read of an operation's answer.
struct Source {
    operation: &'static str,
    /// The parameters that say of what it was asked, or of a list's members the one that names them.
    subject: &'static [&'static str],
    /// The member of the response that holds it.
    member: Option<&'static str>,
    /// Whether that member is a list.
    list: bool,
    /// The members that are kept; empty for all.
    kept: &'static [&'static str],
}

/// Where what somebody configures stands (AWS Backup API Reference, the operations' response syntax).
const SOURCES: [Source; 7] = [
    Source {
        operation: "backup.get-backup-plan",
        subject: &["BackupPlanId"],
        member: Some("BackupPlan"),
        list: false,
        kept: &[],
    },
    Source {
        operation: "backup.get-backup-selection",
        subject: &["BackupPlanId", "SelectionId"],
        member: Some("BackupSelection"),
        list: false,
        kept: &[],
    },
    Source {
        operation: "backup.get-backup-vault-access-policy",
        subject: &["BackupVaultName"],
        member: Some("Policy"),
        list: false,
        kept: &[],
    },
    Source {
        operation: "backup.get-backup-vault-notifications",
        subject: &["BackupVaultName"],
        member: None,
        list: false,
        kept: &["SNSTopicArn", "BackupVaultEvents"],
    },
    Source {
        operation: "backup.list-backup-vaults",
        subject: &["BackupVaultName"],
        member: Some("BackupVaultList"),
        list: true,
        kept: &["Locked", "MinRetentionDays", "MaxRetentionDays", "LockDate", "EncryptionKeyArn"],
    },
    Source {
        operation: "backup.describe-region-settings",
        subject: &[],
        member: Some("ResourceTypeOptInPreference"),
        list: false,
        kept: &[],
    },
    Source {
        operation: "backup.describe-global-settings",
        subject: &[],
        member: Some("GlobalSettings"),
        list: false,
        kept: &[],
    },
];

/// What is configured in a place, as far as it was collected into this inventory.
pub(super) fn of(root: &Path, place: &Place) -> io::Result<Configuration> {
    let mut configuration = Configuration::new();
    for source in &SOURCES {
        let name = format!("{}/{}/{}.ndjson", place.account, place.region, source.operation);
        let file = match File::open(root.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).lines() {
            // A line that cannot be read is told of where the inventory is.
            if let Ok(call) = serde_json::from_str::<Value>(&line?) {
                source.read(&call, &mut configuration);
            }
        }
    }
    Ok(configuration)
}

impl Source {
    fn read(&self, call: &Value, configuration: &mut Configuration) {
        let found = call.get("response").map(|response| match self.member {
            Some(member) => response.get(member).cloned().unwrap_or(Value::Null),
            None => response.clone(),
        });
        match found {
            Some(Value::Array(items)) if self.list => {
                for item in items {
                    if let Some(subject) = self.subject_in(&item) {
                        configuration.insert((self.operation.to_owned(), subject), self.kept_of(item));
                    }
                }
            }
            Some(_) if self.list => {}
            Some(body) => {
                if let Some(subject) = call.get("request").and_then(|it| self.subject_in(it)) {
                    configuration.insert((self.operation.to_owned(), subject), self.kept_of(body));
                }
            }
            None => {
                let code = call.get("error").and_then(|it| it.get("code")).and_then(Value::as_str);
                let none = code.is_some_and(|it| crate::collect::question::says_none(self.operation, it));
                if let (true, Some(subject)) = (none, call.get("request").and_then(|it| self.subject_in(it)))
                {
                    configuration.insert((self.operation.to_owned(), subject), Value::Null);
                }
            }
        }
    }

    fn subject_in(&self, object: &Value) -> Option<String> {
        let parts: Option<Vec<&str>> = self.subject.iter().map(|it| object.get(it)?.as_str()).collect();
        parts.map(|it| it.join("/"))
    }

    fn kept_of(&self, body: Value) -> Value {
        match body {
            // A policy is JSON in a text; what is different in it is told member by member.
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            Value::Object(members) if !self.kept.is_empty() => members
                .into_iter()
                .filter(|(name, _)| self.kept.contains(&name.as_str()))
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }
}

/// What is configured and was not before, to be kept.
pub(super) struct Changed {
    place: Place,
    at: Timestamp,
    bodies: Vec<(Name, String)>,
}

impl Changed {
    /// Keeps it; of two who look at once the later one is kept.
    pub(super) async fn remember(self, known: &Configurations) -> Result<(), Failure> {
        for ((operation, subject), body) in &self.bodies {
            let _ = known.put(&self.place, operation, subject, self.at, body).await?;
        }
        Ok(())
    }
}

/// Compares what is configured now with what is known: what of the event's thing was otherwise before, and all that
/// is to be kept.
///
/// Where the place was never looked at before, nothing is said: not known is not the same as none. `deleted` says that
/// what is not there any more was deleted, rather than not looked at.
pub(super) async fn compare_with(
    known: &Configurations,
    place: &Place,
    at: Timestamp,
    now: &Configuration,
    about: Option<&Thing>,
    deleted: bool,
) -> Result<(Difference, Changed), Failure> {
    let before = known.all(place).await?;
    let mut difference = Difference::default();
    let mut bodies = Vec::new();
    let none = Value::Null;
    let missing = before.keys().filter(|it| deleted && !now.contains_key(*it));
    let missing = missing.filter(|it| about.is_none_or(|thing| belongs(it, thing)));
    for (name, value) in now.iter().chain(missing.map(|it| (it, &none))) {
        let body = value.to_string();
        let digest = digest(&body);
        if before.get(name).is_some_and(|(_, it)| *it == digest) {
            continue;
        }
        if !before.is_empty() && about.is_some_and(|thing| belongs(name, thing)) {
            let was = known.get(place, &name.0, &name.1).await?;
            // A body that was too long to be kept is not told of.
            let was = was.and_then(|it| serde_json::from_str::<Value>(&it.body?).ok());
            difference.add(name, was.as_ref(), Some(value));
        }
        bodies.push((name.clone(), body));
    }
    Ok((difference, Changed { place: place.clone(), at, bodies }))
}

/// Whether something that is configured belongs to what an event is about.
pub(super) fn belongs(name: &Name, thing: &Thing) -> bool {
    let (operation, subject) = name;
    let first = subject.split('/').next().unwrap_or_default();
    match thing {
        Thing::BackupPlan(id) => operation.starts_with("backup.get-backup-") && first == id,
        Thing::BackupVault(vault) => operation.contains("vault") && subject == vault,
        Thing::RegionSettings => operation == "backup.describe-region-settings",
        Thing::GlobalSettings => operation == "backup.describe-global-settings",
        _ => false,
    }
}

/// The operations that say what is configured of these things.
pub(super) fn operations_of<'t>(things: impl Iterator<Item = &'t Thing>) -> BTreeSet<&'static str> {
    let asked = |thing: &Thing| match thing {
        Thing::BackupPlan(_) => &[
            "backup.list-backup-plans",
            "backup.get-backup-plan",
            "backup.list-backup-selections",
            "backup.get-backup-selection",
        ][..],
        Thing::BackupVault(_) => &[
            "backup.list-backup-vaults",
            "backup.get-backup-vault-access-policy",
            "backup.get-backup-vault-notifications",
        ],
        Thing::RegionSettings => &["backup.describe-region-settings"],
        _ => &[],
    };
    things.flat_map(|it| asked(it).iter().copied()).collect()
}

/// The most characters told of what was before or after.
const MAX_TOLD: usize = 1_000;

/// What is different, before and after, member by member; empty where nothing is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) before: String,
    pub(super) after: String,
}

impl Difference {
    /// Adds what is different of one thing; `None` says that it is not there.
    pub(super) fn add(&mut self, name: &Name, before: Option<&Value>, after: Option<&Value>) {
        let mut members = Vec::new();
        compare(name.0.strip_prefix("backup.").unwrap_or(&name.0), before, after, &mut members);
        for (path, before, after) in members {
            tell(&mut self.before, &path, before);
            tell(&mut self.after, &path, after);
        }
    }
}

fn tell(text: &mut String, path: &str, value: Option<&Value>) {
    if text.chars().count() >= MAX_TOLD {
        return;
    }
    let value = value.filter(|it| !it.is_null()).map_or_else(|| "none".to_owned(), ToString::to_string);
    let told = format!("{}{path}: {value}", if text.is_empty() { "" } else { "; " });
    text.push_str(&escape_controls(&told));
    if let Some((end, _)) = text.char_indices().nth(MAX_TOLD) {
        text.truncate(end);
        text.push('…');
    }
}

type Member<'v> = (String, Option<&'v Value>, Option<&'v Value>);

/// The smallest members that differ. Members of lists that have a name are compared by it, others by their place.
fn compare<'v>(path: &str, before: Option<&'v Value>, after: Option<&'v Value>, found: &mut Vec<Member<'v>>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names = one.keys().chain(other.keys().filter(|it| !one.contains_key(*it)));
            // AWS gives a rule another id whenever its plan is updated.
            for name in names.filter(|it| *it != "RuleId") {
                compare(&format!("{path}.{name}"), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) if is_named(one) && is_named(other) => {
            let named = |items: &'v [Value]| -> BTreeMap<&str, &'v Value> {
                items.iter().filter_map(|it| Some((name_of(it)?, it))).collect()
            };
            let (one, other) = (named(one), named(other));
            let names = one.keys().chain(other.keys().filter(|it| !one.contains_key(*it)));
            for name in names {
                let (before, after) = (one.get(name).copied(), other.get(name).copied());
                compare(&format!("{path}[{name}]"), before, after, found);
            }
        }
        _ => found.push((path.to_owned(), before, after)),
    }
}

fn name_of(item: &Value) -> Option<&str> {
    ["RuleName", "Sid"].iter().find_map(|it| item.get(it)?.as_str())
}

fn is_named(items: &[Value]) -> bool {
    let mut names = BTreeSet::new();
    !items.is_empty() && items.iter().all(|it| name_of(it).is_some_and(|name| names.insert(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: Value, after: Value, expected: (&str, &str)) {
        let name = ("backup.get-backup-plan".to_owned(), "p".to_owned());
        let mut difference = Difference::default();
        let there = |it: &Value| Some(it.clone()).filter(|it| *it != json!("absent"));
        difference.add(&name, there(&before).as_ref(), there(&after).as_ref());
        assert_eq!((difference.before.as_str(), difference.after.as_str()), expected);
    }

    #[test]
    fn the_smallest_members_that_differ_are_told() {
        let plan = |days: u32, name: &str| {
            json!({ "BackupPlanName": name, "Rules": [
                { "RuleName": "daily", "RuleId": days, "Lifecycle": { "DeleteAfterDays": days } },
                { "RuleName": "weekly" }] })
        };
        check(plan(35, "a"), plan(35, "a"), ("", ""));
        check(
            plan(35, "a"),
            plan(7, "a"),
            (
                "get-backup-plan.Rules[daily].Lifecycle.DeleteAfterDays: 35",
                "get-backup-plan.Rules[daily].Lifecycle.DeleteAfterDays: 7",
            ),
        );
        check(
            json!({ "Rules": [{ "RuleName": "a" }, { "RuleName": "b" }] }),
            json!({ "Rules": [{ "RuleName": "b" }] }),
            (r#"get-backup-plan.Rules[a]: {"RuleName":"a"}"#, "get-backup-plan.Rules[a]: none"),
        );
        check(json!([1, 2]), json!([2]), ("get-backup-plan: [1,2]", "get-backup-plan: [2]"));
        check(json!("absent"), json!({ "a": 1 }), ("get-backup-plan: none", r#"get-backup-plan: {"a":1}"#));
        check(
            json!({ "a": "\u{1b}[2J" }),
            json!({}),
            (r#"get-backup-plan.a: "\u001b[2J""#, "get-backup-plan.a: none"),
        );
    }

    #[test]
    fn what_is_told_is_bounded() {
        let name = ("x".to_owned(), String::new());
        let mut difference = Difference::default();
        for _ in 0..10 {
            difference.add(&name, Some(&json!("é".repeat(5_000))), None);
        }
        assert_eq!(difference.before.chars().count(), MAX_TOLD + 1);
    }

    #[test]
    fn what_is_configured_is_read_from_recorded_calls() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { account: "111122223333".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let at = folder.path().join("111122223333/eu-west-1");
        std::fs::create_dir_all(&at).unwrap();
        let write = |name: &str, lines: &[Value]| {
            let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
            std::fs::write(at.join(name), text.join("\n")).unwrap();
        };
        write(
            "backup.get-backup-vault-access-policy.ndjson",
            &[
                json!({ "request": { "BackupVaultName": "a" }, "response": { "Policy": "{\"Statement\":[]}" } }),
                json!({ "request": { "BackupVaultName": "b" }, "error": { "code": "ResourceNotFoundException" } }),
                json!({ "request": { "BackupVaultName": "c" }, "error": { "code": "AccessDeniedException" } }),
            ],
        );
        write(
            "backup.list-backup-vaults.ndjson",
            &[json!({ "request": {}, "response": { "BackupVaultList": [
                { "BackupVaultName": "a", "Locked": true, "NumberOfRecoveryPoints": 4 }] } })],
        );
        let found = of(folder.path(), &place).unwrap();
        let shown: Vec<String> =
            found.iter().map(|((operation, of), body)| format!("{operation} {of} {body}")).collect();
        assert_eq!(
            shown,
            [
                r#"backup.get-backup-vault-access-policy a {"Statement":[]}"#,
                "backup.get-backup-vault-access-policy b null",
                r#"backup.list-backup-vaults a {"Locked":true}"#,
            ]
        );
    }
}
