//! Tests of events: what every one that is understood is about, what it makes one look at, and what is ignored and why.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::call::{CALLS, SERVICE_EVENTS};
use super::*;
use crate::catalog::Catalog;
use crate::vocabulary::Type;

mod table;

const HERE: &str = "111122223333/eu-west-1";

/// What EventBridge puts around a detail.
fn envelope(source: &str, detail_type: &str, resources: Value, detail: Value) -> Value {
    json!({
        "version": "0", "id": "e-1", "detail-type": detail_type, "source": source, "account": "111122223333",
        "time": "2026-01-10T09:05:00Z", "region": "eu-west-1", "resources": resources, "detail": detail,
    })
}

/// A call as CloudTrail records it (audit-trail envelope of the AWS Backup Developer Guide's samples).
fn call(source: &str, name: &str, parameters: Value, more: Value) -> Value {
    let mut detail = json!({
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
            "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/Admin"}},
        },
        "eventTime": "2026-01-10T09:00:00Z", "eventSource": source, "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7", "requestParameters": parameters, "responseElements": null,
        "eventID": "c-1", "readOnly": false, "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
    });
    merge(&mut detail, more);
    let service = source.split('.').next().unwrap();
    envelope(&format!("aws.{service}"), "AWS API Call via CloudTrail", json!([]), detail)
}

fn backup(name: &str, parameters: Value) -> Value {
    call("backup.amazonaws.com", name, parameters, json!({}))
}

/// What AWS Backup does itself, as CloudTrail records it.
fn service(name: &str, details: Value) -> Value {
    let more = json!({
        "userIdentity": {"accountId": "111122223333", "invokedBy": "backup.amazonaws.com"},
        "sourceIPAddress": "backup.amazonaws.com", "eventType": "AwsServiceEvent", "serviceEventDetails": details,
    });
    let mut event = call("backup.amazonaws.com", name, Value::Null, more);
    event["detail-type"] = "AWS Service Event via CloudTrail".into();
    event
}

fn own(kind: &str, resource: &str, detail: Value) -> Value {
    let resources = if resource.is_empty() { json!([]) } else { json!([resource]) };
    envelope("aws.backup", &format!("{kind} State Change"), resources, detail)
}

fn merge(into: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

fn read_value(event: &Value) -> Event {
    read(&event.to_string()).unwrap_or_else(|error| panic!("{event}: {error}"))
}

/// Why it is ignored; empty if it is not.
fn ignored(event: &Value) -> String {
    match read_value(event).reaction() {
        Reaction::Ignore(why) => why.clone(),
        _ => String::new(),
    }
}

#[test]
fn every_event_is_about_what_it_names_where_that_is() {
    for (event, place, about) in table::events() {
        let read = read_value(&event);
        assert_eq!(read.about.to_string(), about, "{}: {event}", read.name);
        let expected = if place.is_empty() { HERE } else { place };
        assert_eq!(read.about_place.to_string(), expected, "{}: {event}", read.name);
        if let Reaction::Look(looks) = read.reaction() {
            assert!(!looks.is_empty(), "{}", read.name);
            assert_eq!(looks[0].place, read.about_place, "{}", read.name);
        }
    }
}

#[test]
fn the_table_has_every_event_that_is_understood() {
    let seen: BTreeSet<String> = table::events().iter().map(|(event, ..)| read_value(event).name).collect();
    for call in CALLS.iter().chain(SERVICE_EVENTS) {
        assert!(seen.contains(call.name), "{} is not in the table", call.name);
    }
    for (detail_type, quiet) in own::DETAIL_TYPES {
        for state in quiet {
            let name = format!("{detail_type} {state}");
            assert!(seen.contains(&name), "{name} is not in the table");
        }
        assert!(seen.iter().any(|it| it.starts_with(detail_type)), "{detail_type} is not in the table");
    }
    for list in [CALLS, SERVICE_EVENTS] {
        assert!(list.is_sorted_by(|a, b| (a.source, a.name) < (b.source, b.name)));
    }
}

/// What people check when an event did or did not turn a finding: what is done, and because of which events.
#[test]
fn reactions_to_every_event_with_the_built_in_controls_they_ask() {
    let catalog = Catalog::built_in().unwrap();
    let mut because: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (event, ..) in table::events() {
        let event = read_value(&event);
        let reaction = match event.reaction() {
            Reaction::Ignore(why) => format!("ignored: {why}"),
            Reaction::Tell(why) => format!("told: {why}"),
            Reaction::Look(looks) => looks.iter().fold(String::new(), |mut text, look| {
                let asked = catalog.controls.values().filter(|it| look.controls.concern(it));
                let asked: Vec<&str> = asked.map(|it| it.name.as_str()).collect();
                let asked = if asked.len() == catalog.controls.len() { vec!["all"] } else { asked };
                let asked = if asked.is_empty() { vec!["no built-in control"] } else { asked };
                writeln!(text, "look at {} in {}: {}", look.thing, look.place, asked.join(", ")).unwrap();
                text
            }),
        };
        because.entry(reaction).or_default().insert(event.name);
    }
    let mut text = String::new();
    for (reaction, names) in because {
        let names: Vec<String> = names.into_iter().collect();
        writeln!(text, "{}\n  because of {}\n", reaction.trim_end(), names.join(", ")).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_facts_that_changes_turn_are_in_the_vocabulary() {
    let vocabulary = Catalog::built_in().unwrap().vocabulary;
    let facts = |of: &str| &vocabulary.entity_type(of).unwrap().attributes;
    let vault = facts("AWS::Backup::BackupVault");
    for fact in [look::BY_ACCESS_POLICY, look::BY_LOCK, look::BY_COUNT].concat() {
        assert!(vault.contains_key(fact), "{fact}");
    }
    let mut lead: BTreeSet<&str> = BTreeSet::new();
    for of in ["BackupRule", "CopyAction", "RecoveryPoint"] {
        for (name, attribute) in facts(&format!("AWS::Backup::{of}")) {
            if attribute.value == Type::Entity("AWS::Backup::BackupVault".to_owned()) {
                assert!(look::TO_A_VAULT.contains(&name.as_str()), "{of}.{name} leads to a vault");
                lead.insert(name);
            }
            if look::BY_EXISTENCE.contains(&name.as_str()) {
                lead.insert(name);
            }
        }
    }
    assert_eq!(lead, look::BY_EXISTENCE.iter().copied().collect());
    let volume = facts("AWS::EC2::Volume");
    for fact in [look::OF_BACKUPS.reads, look::OF_RESTORES.reads].concat() {
        assert!(volume.contains_key(fact), "{fact}");
    }
    // Every fact of a vault that a change can turn is turned by something, or never changes.
    let never = ["arn", "name", "region", "vaultType", "encryption"];
    for fact in vault.keys().map(String::as_str).filter(|it| !never.contains(it)) {
        let turned = [look::BY_ACCESS_POLICY, look::BY_LOCK, look::BY_COUNT].concat().contains(&fact);
        assert!(turned, "nothing turns a vault's {fact}");
    }
}

#[test]
fn who_did_it_is_told_as_cloudtrail_tells_it() {
    let event = read_value(&backup("DeleteBackupPlan", json!({"backupPlanId": "11aa"})));
    let expected = Actor {
        event_id: "c-1".to_owned(),
        event_name: "DeleteBackupPlan".to_owned(),
        principal: "arn:aws:sts::111122223333:assumed-role/Admin/alice".to_owned(),
        session_issuer: "arn:aws:iam::111122223333:role/Admin".to_owned(),
        source_address: "198.51.100.7".to_owned(),
        before: String::new(),
        after: String::new(),
    };
    assert_eq!(event.actor, expected);
    assert_eq!(event.time.to_string(), "2026-01-10T09:00:00Z");
    for (identity, principal) in [
        (json!({"type": "AWSService", "invokedBy": "backup.amazonaws.com"}), "backup.amazonaws.com"),
        (json!({"type": "SAMLUser", "principalId": "AROA:alice"}), "AROA:alice"),
        (json!({"type": "AWSAccount", "accountId": "444455556666"}), "444455556666"),
        (json!(null), ""),
        (json!({"arn": {}}), ""),
    ] {
        let mut event = backup("DeleteBackupPlan", json!({"backupPlanId": "11aa"}));
        event["detail"]["userIdentity"] = identity;
        assert_eq!(read_value(&event).actor.principal, principal);
    }
    let event = own("Backup Plan", "", json!({"backupPlanId": "11aa", "state": "MODIFIED"}));
    let actor = read_value(&event).actor;
    assert_eq!((actor.event_id.as_str(), actor.principal.as_str()), ("e-1", ""));
}

#[test]
fn calls_without_effect_are_ignored_with_the_reason() {
    let delete =
        |more: Value| call("backup.amazonaws.com", "DeleteBackupPlan", json!({"backupPlanId": "11aa"}), more);
    let by_backup = json!({"type": "AssumedRole", "invokedBy": "backup.amazonaws.com"});
    let by_service = json!({"type": "AWSService", "invokedBy": "elasticfilesystem.amazonaws.com"});
    let by_stack = json!({"type": "AssumedRole", "arn": "a", "invokedBy": "cloudformation.amazonaws.com"});
    let policy = json!({"backupVaultName": "aws/efs/automatic-backup-vault", "policy": "{}"});
    let of = |name: &str, parameters: &Value, identity: &Value| {
        let more = json!({"userIdentity": identity});
        call("backup.amazonaws.com", name, parameters.clone(), more)
    };
    let point = json!({"backupVaultName": "v", "recoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1"});
    let aws = "AWS does this by itself, and a run sees it";
    let organizations = |name, parameters, response| {
        call("organizations.amazonaws.com", name, parameters, json!({"responseElements": response}))
    };
    let scp = json!({"policy": {"policySummary": {"type": "SERVICE_CONTROL_POLICY"}}});
    let backup_policy = json!({"policy": {"policySummary": {"type": "BACKUP_POLICY"}}});
    for (event, expected) in [
        (delete(json!({})), ""),
        (delete(json!({"errorCode": "AccessDenied"})), "the call failed: AccessDenied"),
        (delete(json!({"errorCode": {}})), "the call failed: no code"),
        (delete(json!({"errorCode": null})), ""),
        (delete(json!({"readOnly": true})), "the call only reads"),
        (delete(json!({"readOnly": "true"})), "the call only reads"),
        (delete(json!({"readOnly": "false"})), ""),
        (
            delete(json!({"eventName": "DeleteEverything"})),
            "`DeleteEverything` of backup.amazonaws.com is not a call that is understood",
        ),
        (
            delete(json!({"eventName": null})),
            "`AWS API Call via CloudTrail` of aws.backup is not an event that is understood",
        ),
        (of("DeleteRecoveryPoint", &point, &by_backup), aws),
        (of("DeleteRecoveryPoint", &point, &by_stack), ""),
        (of("CreateBackupPlan", &json!({}), &by_service), aws),
        (of("PutBackupVaultAccessPolicy", &policy, &by_service), aws),
        (of("PutBackupVaultAccessPolicy", &json!({"backupVaultName": "v"}), &by_service), ""),
        (of("PutBackupVaultAccessPolicy", &policy, &by_stack), ""),
        (of("DeleteBackupSelection", &json!({"backupPlanId": "p"}), &by_backup), ""),
        (of("DeleteBackupVault", &json!({"backupVaultName": "v"}), &by_service), ""),
        (
            organizations("UpdatePolicy", json!({"policyId": "p-1"}), scp),
            "it is about a policy of type SERVICE_CONTROL_POLICY",
        ),
        (organizations("UpdatePolicy", json!({"policyId": "p-1"}), backup_policy), ""),
        (
            organizations("DisablePolicyType", json!({"policyType": "TAG_POLICY"}), Value::Null),
            "it is about a policy of type TAG_POLICY",
        ),
        (
            envelope("aws.ec2", "EC2 Instance State-change Notification", json!([]), json!({})),
            "`EC2 Instance State-change Notification` of aws.ec2 is not an event that is understood",
        ),
        (
            envelope("aws.backup", "Framework State Change", json!([]), json!({})),
            "`Framework State Change` of aws.backup is not an event that is understood",
        ),
        (
            envelope("custom", "Backup Plan State Change", json!([]), json!({"state": "MODIFIED"})),
            "`Backup Plan State Change` of custom is not an event that is understood",
        ),
    ] {
        assert_eq!(ignored(&event), expected, "{event}");
    }
}

#[test]
fn a_recovery_point_is_looked_at_when_it_goes_before_its_time() {
    let point = |due: Value| {
        let detail = json!({"status": "DELETING", "backupVaultName": "v", "calculatedLifeCycle": due});
        ignored(&own("Recovery Point", "arn:aws:ec2:eu-west-1::snapshot/snap-1", detail))
    };
    assert_eq!(
        point(json!({"deleteAt": "2026-01-10T09:00:00.000Z"})),
        "its lifecycle ends it at 2026-01-10T09:00:00Z, and a run sees it"
    );
    for due in
        [json!({"deleteAt": "2026-01-11T09:00:00.000Z"}), json!({"deleteAt": {}}), json!({}), json!(null)]
    {
        assert_eq!(point(due.clone()), "", "{due}");
    }
}

#[test]
fn texts_that_are_not_events_are_refused() {
    let whole = backup("DeleteBackupPlan", json!({"backupPlanId": "11aa"}));
    let without = |name: &str| {
        let mut event = whole.clone();
        event.as_object_mut().unwrap().remove(name);
        if let Some(detail) = event.get_mut("detail") {
            merge(detail, json!({"recipientAccountId": null, "awsRegion": null, "eventTime": null}));
        }
        event.to_string()
    };
    let expected = "; expected an event as EventBridge delivers it";
    for (text, error) in [
        ("{".to_owned(), "the event is not JSON: EOF while parsing an object at line 1 column 1".to_owned()),
        ("[]".to_owned(), format!("the event has no readable `source`{expected}")),
        (json!({"Records": []}).to_string(), format!("the event has no readable `source`{expected}")),
        (without("detail-type"), format!("the event has no readable `detail-type`{expected}")),
        (without("detail"), format!("the event has no readable `detail`{expected}")),
        (without("account"), format!("the event has no readable `account`{expected}")),
        (without("region"), format!("the event has no readable `region`{expected}")),
        (without("time"), format!("the event has no readable `time`{expected}")),
        (
            " ".repeat(MAX_BYTES + 1),
            format!("the event has {} bytes; at most {MAX_BYTES} are read", MAX_BYTES + 1),
        ),
    ] {
        assert_eq!(read(&text).unwrap_err().to_string(), error, "{text:.80}");
    }
    let mut event = own("Backup Plan", "", json!({"state": "MODIFIED"}));
    event["account"] = "1112233445566".into();
    let error = "the event's account: `1112233445566` is not an account id; an account id is 12 digits";
    assert_eq!(read(&event.to_string()).unwrap_err().to_string(), error);
}

#[test]
fn an_event_as_large_as_they_come_is_read_and_its_texts_are_bounded() {
    let long = "x".repeat(200_000);
    let mut event = backup("DeleteBackupPlan", json!({"backupPlanId": long, "more": vec![1; 20_000]}));
    event["detail"]["sourceIPAddress"] = long.clone().into();
    let read = read_value(&event);
    assert_eq!(read.about, Thing::Everything, "an id that is too long is none");
    assert_eq!(read.actor.source_address.chars().count(), MAX_TEXT + 1);
    let mut event = backup(&long, json!({}));
    event["detail"]["userIdentity"] = long.as_str().into();
    assert!(read_value(&event).name.len() < 2_000);
    let deep = "[".repeat(200_000);
    assert!(matches!(super::read(&deep), Err(EventError::NotJson(_))));
}

#[test]
fn what_is_worth_a_rule_is_what_is_not_ignored() {
    for (event, ..) in table::events() {
        let read = read_value(&event);
        let source = event["detail"]["eventSource"].as_str();
        if let Some(source) = source {
            let listed = event_names().get(source).is_some_and(|it| it.contains(read.name.as_str()));
            let wanted = !matches!(read.reaction(), Reaction::Ignore(_));
            assert_eq!(listed, wanted, "{}", read.name);
        }
    }
    assert_eq!(detail_types().len(), 8);
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("arn:aws:backup:eu-west-1:111122223333:backup-vault:v".to_owned()),
        Just("arn:aws-us-gov:ec2:us-gov-west-1::snapshot/snap-1".to_owned()),
        Just("arn:::::".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let name = prop_oneof![
        Just("backupPlanId".to_owned()),
        Just("BACKUPVAULTNAME".to_owned()),
        Just("recoveryPointArn".to_owned()),
        Just("resourceArn".to_owned()),
        Just("keyId".to_owned()),
        Just("status".to_owned()),
        Just("policy".to_owned()),
        Just("calculatedLifeCycle".to_owned()),
        Just("deleteAt".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn any_event_of_which_any_member_is_anything_is_read_or_refused(
        index in any::<prop::sample::Index>(), name in any::<prop::sample::Index>(), value in any_json(), inside in any::<bool>(),
    ) {
        let events = table::events();
        let mut event = index.get(&events).0.clone();
        let target = if inside { &mut event["detail"] } else { &mut event };
        let names: Vec<String> = target.as_object().unwrap().keys().cloned().collect();
        target[name.get(&names).as_str()] = value;
        if let Ok(read) = super::read(&event.to_string()) {
            prop_assert!(read.about.to_string().len() < 5_000);
            if let Reaction::Look(looks) = read.reaction() {
                prop_assert!(!looks.is_empty());
            }
        }
    }

    /// Every event that is understood names where to look, whatever its parameters are.
    #[test]
    fn every_known_call_has_a_place_and_a_reaction(index in any::<prop::sample::Index>(), parameters in any_json(), by_service in any::<bool>()) {
        let table = if by_service { SERVICE_EVENTS } else { CALLS };
        let known = index.get(table);
        let mut event = if by_service { service(known.name, parameters) } else { call(known.source, known.name, parameters, json!({})) };
        event["account"] = "444455556666".into();
        let read = read_value(&event);
        prop_assert_eq!(read.name.as_str(), known.name);
        prop_assert_eq!(read.place.to_string(), HERE);
        match read.reaction() {
            Reaction::Look(looks) => prop_assert_eq!(&looks[0].place, &read.about_place),
            Reaction::Tell(why) | Reaction::Ignore(why) => prop_assert!(!why.is_empty()),
        }
    }
}
