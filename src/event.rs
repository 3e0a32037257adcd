//! What an event says: what happened, who did it, what it is about, and what has to be looked at again because of it.
//!
//! Reads events as EventBridge delivers them: AWS Backup's own, API calls that CloudTrail recorded, changes of tags.
//! Asks nobody and judges nothing. What turns no finding is ignored with a reason, never in silence.
//!
//! ```text
//! JSON ──► value      ──► about          ──► look
//!          members,       the thing, and     what to judge again,
//!          times, ARNs    where it is        by which controls
//!                  ▲
//!            call, own: tables of what is understood
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

mod about;
mod call;
mod look;
mod own;
#[cfg(test)]
mod tests;
mod value;

pub use look::{Controls, Judged, Look, Thing};

use self::call::{BACKUP, CALLS, Call, Effect, ORDINARY, SERVICE_EVENTS};
use self::look::{BY_ACCESS_POLICY, BY_EXISTENCE, BY_LOCK, TO_A_VAULT};
use self::value::{Members, at, bounded, is_true, text};
use crate::ledger::Actor;
use crate::model::{AccountId, AccountIdError, Place, Region, RegionError};

/// The longest event that is read, in bytes; EventBridge delivers at most 256 KB (EventBridge quotas).
pub const MAX_BYTES: usize = 1 << 20;

/// The most characters kept of a text that says who or what.
const MAX_TEXT: usize = 1_024;

const API_CALL: &str = "AWS API Call via CloudTrail";
const SERVICE_EVENT: &str = "AWS Service Event via CloudTrail";
const TAG_CHANGE: &str = "Tag Change on Resource";

/// A text that is not an event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is longer than any event.
    #[error("the event has {0} bytes; at most {MAX_BYTES} are read")]
    TooLarge(usize),
    /// It is not JSON.
    #[error("the event is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// It lacks what every event has.
    #[error("the event has no readable `{0}`; expected an event as EventBridge delivers it")]
    Lacks(&'static str),
    /// Its account is not one.
    #[error("the event's account: {0}")]
    Account(#[source] AccountIdError),
    /// Its Region is not one.
    #[error("the event's Region: {0}")]
    Region(#[source] RegionError),
}

/// What is to be done about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// These are to be judged again.
    Look(Vec<Look>),
    /// No finding can turn, and somebody should know: why, in words. Of a key only if something of the estate uses it.
    Tell(String),
    /// Nothing: why, in words.
    Ignore(String),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// EventBridge's id of it.
    pub id: String,
    /// Where it happened: the account that CloudTrail or AWS Backup recorded it for, and the Region.
    pub place: Place,
    /// When it happened.
    pub time: Timestamp,
    /// What happened, in AWS's words: `DeleteBackupVaultAccessPolicy`, `Backup Plan State Change MODIFIED`.
    pub name: String,
    /// Who did it; without a principal where the event does not say. What was before and after is not known here.
    pub actor: Actor,
    /// Where the thing is that it is about: what an ARN says counts more than where the event comes from.
    pub about_place: Place,
    /// The thing that it is about.
    pub about: Thing,
    reaction: Reaction,
}

impl Event {
    /// What is to be done about it.
    pub fn reaction(&self) -> &Reaction {
        &self.reaction
    }
}

/// The API calls and service events that are worth a rule, by event source, as CloudTrail names them.
pub fn event_names() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut names: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for call in CALLS.iter().chain(SERVICE_EVENTS).filter(|it| it.is_wanted()) {
        names.entry(call.source).or_default().insert(call.name);
    }
    names
}

/// The detail-types that are worth a rule, by source, each with the states that turn nothing and can be left out.
pub fn detail_types() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let own = own::DETAIL_TYPES.into_iter().filter(|(it, _)| !own::NEVER.contains(it));
    let mut types: Vec<_> = own.map(|(it, quiet)| ("aws.backup", it, quiet)).collect();
    types.push(("aws.tag", TAG_CHANGE, &[]));
    types
}

/// Reads an event as EventBridge delivers it.
///
/// An event that is not known is one to ignore, and says so.
pub fn read(json: &str) -> Result<Event, EventError> {
    if json.len() > MAX_BYTES {
        return Err(EventError::TooLarge(json.len()));
    }
    let event: Value = serde_json::from_str(json).map_err(EventError::NotJson)?;
    let envelope = |name: &'static str| at(&event, &[name]).and_then(text).ok_or(EventError::Lacks(name));
    let (source, detail_type) = (envelope("source")?, envelope("detail-type")?);
    let detail = at(&event, &["detail"]).filter(|it| it.is_object()).ok_or(EventError::Lacks("detail"))?;
    // CloudTrail names the account it recorded for; the envelope the one whose bus it was put on.
    let recipient = at(detail, &["recipientAccountId"]).and_then(text).and_then(|it| it.parse().ok());
    let account: AccountId = match recipient {
        Some(account) => account,
        None => envelope("account")?.parse().map_err(EventError::Account)?,
    };
    let region = at(detail, &["awsRegion"]).and_then(text).and_then(|it| it.parse::<Region>().ok());
    let region = match region.filter(|it| !it.is_global()) {
        Some(region) => region,
        None => envelope("region")?.parse().map_err(EventError::Region)?,
    };
    let time = at(detail, &["eventTime"]).and_then(value::time);
    let time =
        time.or_else(|| at(&event, &["time"]).and_then(value::time)).ok_or(EventError::Lacks("time"))?;
    let place = Place { account, region };
    let said = match (source, detail_type) {
        (_, API_CALL | SERVICE_EVENT) => recorded(detail, &place),
        ("aws.tag", TAG_CHANGE) => tags_changed(&event, &place),
        ("aws.backup", _) => own::read(detail_type, &event, detail, &place).map(|it| Said {
            name: it.name,
            about: it.about,
            reaction: it.reaction,
        }),
        _ => None,
    };
    let said = said.unwrap_or_else(|| Said {
        name: detail_type.to_owned(),
        about: (place.clone(), Thing::Everything),
        reaction: Reaction::Ignore(format!(
            "`{}` of {} is not an event that is understood",
            bounded(detail_type, 128),
            bounded(source, 128)
        )),
    });
    let id = bounded(envelope("id").unwrap_or_default(), MAX_TEXT);
    let name = bounded(&said.name, MAX_TEXT);
    let actor = actor(detail, &id, &name);
    let (about_place, about) = said.about;
    Ok(Event { id, place, time, name, actor, about_place, about, reaction: said.reaction })
}

/// What an event says, beside where, when and who.
struct Said {
    name: String,
    about: (Place, Thing),
    reaction: Reaction,
}

/// Who did it (CloudTrail User Guide, "CloudTrail userIdentity element").
fn actor(detail: &Value, id: &str, name: &str) -> Actor {
    let of = |path: &[&str]| at(detail, path).and_then(text).map(|it| bounded(it, MAX_TEXT));
    let identity = ["arn", "invokedBy", "principalId", "accountId"];
    let principal = identity.iter().find_map(|it| of(&["userIdentity", it]));
    Actor {
        event_id: of(&["eventID"]).unwrap_or_else(|| id.to_owned()),
        event_name: name.to_owned(),
        principal: principal.unwrap_or_default(),
        session_issuer: of(&["userIdentity", "sessionContext", "sessionIssuer", "arn"]).unwrap_or_default(),
        source_address: of(&["sourceIPAddress"]).unwrap_or_default(),
        before: String::new(),
        after: String::new(),
    }
}

/// What CloudTrail recorded: a call, or what AWS did itself.
fn recorded(detail: &Value, place: &Place) -> Option<Said> {
    let of = |name: &str| at(detail, &[name]).and_then(text);
    let (source, name) = (of("eventSource")?, of("eventName")?);
    let by_service = of("eventType").is_some_and(|it| it == "AwsServiceEvent");
    let table = if by_service { SERVICE_EVENTS } else { CALLS };
    let Some(call) = Call::find(table, source, name) else {
        let why =
            format!("`{}` of {} is not a call that is understood", bounded(name, 128), bounded(source, 128));
        let about = (place.clone(), Thing::Everything);
        return Some(Said { name: name.to_owned(), about, reaction: Reaction::Ignore(why) });
    };
    let parts = ["requestParameters", "serviceEventDetails", "responseElements", "additionalEventData"];
    let parts = parts.iter().filter_map(|it| at(detail, &[it])).collect();
    let members = Members::new(parts, place.clone());
    let about = about::of_call(call.about, &members, detail);
    let reaction = match without_effect(detail, call, by_service, &members) {
        Some(why) => Reaction::Ignore(why),
        None => effect(call, &about),
    };
    Some(Said { name: name.to_owned(), about, reaction })
}

/// Why a call that is understood did nothing that matters here.
fn without_effect(detail: &Value, call: &Call, by_service: bool, members: &Members<'_>) -> Option<String> {
    if let Some(error) = at(detail, &["errorCode"]).filter(|it| !it.is_null()) {
        return Some(format!("the call failed: {}", bounded(text(error).unwrap_or("no code"), 128)));
    }
    if is_true(at(detail, &["readOnly"])) {
        return Some("the call only reads".to_owned());
    }
    if !by_service && is_by_aws(detail) && is_ordinary(call, members) {
        return Some("AWS does this by itself, and a run sees it".to_owned());
    }
    if call.effect == Effect::Organization
        && let Some(kind) = policy_type(members).filter(|it| *it != "BACKUP_POLICY")
    {
        return Some(format!("it is about a policy of type {}", bounded(kind, 128)));
    }
    None
}

/// Whether AWS made the call, and nobody through it: calls of CloudFormation for a person have that person's identity.
fn is_by_aws(detail: &Value) -> bool {
    let of = |name: &str| at(detail, &["userIdentity", name]).and_then(text);
    of("type") == Some("AWSService") || of("invokedBy") == Some(BACKUP)
}

/// Whether AWS does this every day; the policy of a vault it made for EFS is its own as well.
fn is_ordinary(call: &Call, members: &Members<'_>) -> bool {
    let automatic = |name: &str| name.starts_with("aws/efs/");
    let policy = call.name == "PutBackupVaultAccessPolicy";
    let own_policy = policy && members.id("backupVaultName").is_some_and(automatic);
    call.source == BACKUP && (ORDINARY.contains(&call.name) || own_policy)
}

/// Which type of policy of the organization a call is about, where it says.
fn policy_type<'v>(members: &Members<'v>) -> Option<&'v str> {
    let answered = || at(members.get("policy")?, &["policySummary", "type"]).and_then(text);
    members.id("policyType").or_else(answered)
}

fn effect(call: &Call, about: &(Place, Thing)) -> Reaction {
    let (place, thing) = about;
    Reaction::Look(match call.effect {
        Effect::Plan => look::plan(place, thing),
        Effect::VaultPolicy => look::vault(place, thing, BY_ACCESS_POLICY),
        Effect::VaultLock => look::vault(place, thing, BY_LOCK),
        Effect::VaultExistence => look::vault(place, thing, BY_EXISTENCE),
        Effect::RecoveryPoint => look::recovery_point(place, thing),
        Effect::RegionSettings => look::coverage(place),
        Effect::Organization => look::organization(place),
        Effect::Tags => return tags(place, thing),
        Effect::Tell(why) => return Reaction::Tell(format!("{thing}: {why}")),
        Effect::Nothing(why) => return Reaction::Ignore(why.to_owned()),
    })
}

/// Tags are other than before: scopes, selections and tag controls go by them.
fn tags(place: &Place, thing: &Thing) -> Reaction {
    Reaction::Look(match thing {
        Thing::BackupPlan(_) => look::plan(place, thing),
        Thing::BackupVault(_) => look::vault(place, thing, TO_A_VAULT),
        Thing::RecoveryPoint { .. } => look::recovery_point(place, thing),
        Thing::Resource { .. } => look::resource(place, thing),
        Thing::Everything => look::everything(place),
        _ => return Reaction::Ignore("no control can look at this".to_owned()),
    })
}

/// A change of tags, by whatever service (AWS Tag Editor User Guide, "Monitor tag changes").
fn tags_changed(event: &Value, place: &Place) -> Option<Said> {
    let arn = own::first_resource(event)?;
    let about = about::tagged(arn, place);
    let known = about::is_resource(arn) || matches!(about.1, Thing::BackupPlan(_) | Thing::BackupVault(_));
    let own_point = matches!(&about.1, Thing::RecoveryPoint { arn, .. } if arn.contains(":backup:"));
    if known || own_point {
        let reaction = tags(&about.0, &about.1);
        return Some(Said { name: TAG_CHANGE.to_owned(), about, reaction });
    }
    let thing = Thing::Other { kind: "resource", name: arn.to_owned() };
    let reaction = Reaction::Ignore("it is nothing that a plan can protect".to_owned());
    Some(Said { name: TAG_CHANGE.to_owned(), about: (about.0, thing), reaction })
}
