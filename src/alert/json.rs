//! The message for programs: as many whole items as fit, with counts of what was cut.

use serde_json::{Map, Value, json};

use super::item::{Change, Item};
use super::{News, Occasion, Troubles};

/// The version of this document; a member is only ever added within one.
const SCHEMA_VERSION: &str = "1.0";

/// The most bytes that failures, broken things and notices take of a message, each.
const MAX_TROUBLES: usize = 16_000;

/// How many bytes a value takes as text inside a JSON string.
pub(super) fn escaped_len(text: &str) -> usize {
    let quoted = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.bytes().map(quoted).sum()
}

/// Takes whole values until the room is used up.
fn take(values: impl IntoIterator<Item = Value>, room: &mut usize) -> Vec<Value> {
    let mut taken = Vec::new();
    for value in values {
        let needed = escaped_len(&value.to_string()) + 1;
        if needed > *room {
            break;
        }
        *room -= needed;
        taken.push(value);
    }
    taken
}

/// The document, in at most so many bytes once it stands in a JSON string.
pub(super) fn document(news: &News, subject: &str, attributes: &Value, room: usize) -> String {
    let mut counts = Map::new();
    for change in Change::ALL {
        counts.insert(change.as_str().to_owned(), news.count(change).into());
    }
    let mut lists = Map::new();
    let mut shown = Map::new();
    let mut used = 0;
    for (name, troubles) in troubles(news) {
        let mut room = MAX_TROUBLES.min(room / 8);
        let before = room;
        let of = |it: &super::Trouble| json!({"what": it.what, "why": it.why});
        let taken = take(troubles.kept.iter().map(of), &mut room);
        used += before - room;
        counts.insert(name.to_owned(), troubles.count.into());
        shown.insert(name.to_owned(), taken.len().into());
        lists.insert(name.to_owned(), Value::from(taken));
    }
    let totals = news.totals.as_ref().map(|it| json!(it));
    let mut document = json!({
        "schemaVersion": SCHEMA_VERSION,
        "summary": subject,
        "occasion": occasion(&news.occasion),
        "filter": attributes,
        "totals": totals,
        "link": news.link.url,
        "command": news.link.command,
        "counts": counts,
    });
    // Counts of what is shown and cut have no more digits than the counts.
    let frame = escaped_len(&document.to_string()) + 2 * escaped_len(&Value::from(counts).to_string()) + 400;
    let mut room = room.saturating_sub(frame + used);
    let mut items = Vec::new();
    let mut lacks_room = false;
    for change in Change::ALL {
        let kept = news.changes.get(&change).into_iter().flat_map(|it| &it.kept);
        let kept: Vec<Value> =
            if lacks_room { Vec::new() } else { kept.map(|it| item(change, it)).collect() };
        let of = kept.len();
        let taken = take(kept, &mut room);
        lacks_room |= taken.len() < of;
        shown.insert(change.as_str().to_owned(), taken.len().into());
        items.extend(taken);
    }
    let cut = cut(news, &shown);
    if let Some(members) = document.as_object_mut() {
        members.insert("shown".to_owned(), Value::from(shown));
        members.insert("cut".to_owned(), cut);
        members.insert("items".to_owned(), Value::from(items));
        members.extend(lists);
    }
    document.to_string()
}

pub(super) fn troubles(news: &News) -> [(&'static str, &Troubles); 3] {
    [("failures", &news.failures), ("broken", &news.broken), ("notices", &news.notices)]
}

fn cut(news: &News, shown: &Map<String, Value>) -> Value {
    let counts = Change::ALL.iter().map(|it| (it.as_str(), news.count(*it)));
    let troubles = troubles(news).into_iter().map(|(name, it)| (name, it.count));
    let cut = |(name, count): (&str, u64)| {
        let shown = shown.get(name).and_then(Value::as_u64).unwrap_or(0);
        (name.to_owned(), Value::from(count.saturating_sub(shown)))
    };
    Value::Object(counts.chain(troubles).map(cut).collect())
}

fn occasion(occasion: &Occasion) -> Value {
    match occasion {
        Occasion::Run { id, at } => json!({"kind": "run", "run": id, "at": at.to_string()}),
        Occasion::Event { actor, about, at } => {
            let bounded = |text: &str| super::cut(text, 1_024);
            json!({
                "kind": "event",
                "event": bounded(&actor.event_name),
                "eventId": bounded(&actor.event_id),
                "about": bounded(about),
                "at": at.to_string(),
                "principal": bounded(&actor.principal),
                "sessionIssuer": bounded(&actor.session_issuer),
                "sourceAddress": bounded(&actor.source_address),
                "before": bounded(&actor.before),
                "after": bounded(&actor.after),
            })
        }
    }
}

fn item(change: Change, item: &Item) -> Value {
    json!({
        "change": change.as_str(),
        "step": item.step.as_str(),
        "severity": item.severity.0.as_str(),
        "answer": item.answer.as_str(),
        "framework": item.framework,
        "control": item.control,
        "account": item.account.to_string(),
        "region": item.region.as_str(),
        "resourceType": item.resource_type,
        "resource": item.resource,
        "resourceName": item.name,
        "reasons": item.reasons,
        "message": item.message,
        "firstSeen": item.first_seen.to_string(),
        "lastSeen": item.last_seen.to_string(),
        "cause": item.cause,
        "id": item.id,
    })
}
