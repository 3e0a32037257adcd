//! The message for people: what, where, who, since when, how to fix it; the gravest first.
//!
//! Only this module begins lines; what comes from AWS stands inside them.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::item::{Change, Item};
use super::json::troubles;
use super::text::{MAX_NAME, MAX_SENTENCE, counted, line, lines};
use super::{News, Occasion, Troubles};
use crate::ledger::{Actor, Step};

/// The most bytes of the text; the rest of a message is for programs.
const MAX_BYTES: usize = 48_000;
/// The most characters shown of what was before and after.
const MAX_STATE: usize = 600;
/// The most failures, broken things and notices that are named, each.
const MAX_TROUBLES: usize = 8;
/// The most controls whose fix is told.
const MAX_FIXES: usize = 3;

/// The most violations that are named of each change.
fn most(change: Change) -> usize {
    match change {
        Change::New => 15,
        Change::Worse => 10,
        Change::Undecided | Change::Changed | Change::Resolved => 5,
    }
}

/// The whole text.
pub(super) fn text(news: &News, subject: &str) -> String {
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write(news, subject, &mut text);
    text
}

fn write(news: &News, subject: &str, text: &mut String) -> fmt::Result {
    writeln!(text, "{subject}\n")?;
    occasion(&news.occasion, text)?;
    if !news.link.url.is_empty() {
        writeln!(text, "Report: {}", lines(&news.link.url).next().unwrap_or_default())?;
    }
    if !news.link.command.is_empty() {
        writeln!(text, "Or run: {}", line(&news.link.command, MAX_SENTENCE))?;
    }
    if let Some(totals) = &news.totals {
        writeln!(
            text,
            "All in all: {} non-compliant, {} insufficient data, {} compliant, {} not applicable",
            totals.non_compliant, totals.insufficient_data, totals.compliant, totals.not_applicable
        )?;
    }
    let mut named = BTreeSet::new();
    for change in Change::ALL {
        section(news, change, &mut named, text)?;
    }
    for (name, of) in troubles(news) {
        trouble(name, of, text)?;
    }
    fixes(news, &named, text)
}

fn occasion(occasion: &Occasion, text: &mut String) -> fmt::Result {
    let (actor, about, at) = match occasion {
        Occasion::Run { id, at } => return writeln!(text, "Run {} of {at}.", line(id, MAX_NAME)),
        Occasion::Event { actor, about, at } => (actor, about, at),
    };
    let Actor { event_id, event_name, principal, session_issuer, source_address, before, after } = &**actor;
    writeln!(text, "What: {} on {}", line(event_name, MAX_NAME), shown(about))?;
    writeln!(text, "When: {at}")?;
    let who = if principal.is_empty() { "the event does not say".to_owned() } else { shown(principal) };
    write!(text, "Who:  {who}")?;
    for (word, value) in [("through", session_issuer), ("from", source_address)] {
        if !value.is_empty() {
            write!(text, " {word} {}", shown(value))?;
        }
    }
    writeln!(text)?;
    for (word, value) in [("Before:", before), ("After: ", after)] {
        if !value.is_empty() {
            writeln!(text, "{word} {}", line(value, MAX_STATE))?;
        }
    }
    writeln!(text, "Event id: {}", shown(event_id))
}

fn shown(value: &str) -> String {
    line(value, MAX_NAME)
}

fn heading(change: Change, count: u64) -> String {
    let what = counted(count, "violation", "violations");
    match change {
        Change::New => format!("NEW: {what}"),
        Change::Worse => format!("WORSE: {what}"),
        Change::Undecided => format!("UNDECIDED: {what} that could not be looked at again, and stay open"),
        Change::Changed => format!("CHANGED: {what}, still open and no worse"),
        Change::Resolved => format!("RESOLVED OR GONE: {what}"),
    }
}

fn section<'n>(
    news: &'n News,
    change: Change,
    named: &mut BTreeSet<&'n str>,
    text: &mut String,
) -> fmt::Result {
    let Some(changed) = news.changes.get(&change) else {
        return Ok(());
    };
    writeln!(text, "\n{}", heading(change, changed.count))?;
    let mut told = 0;
    for item in changed.kept.iter().take(most(change)) {
        let mut told_of = String::new();
        violation(change, item, news, &mut told_of)?;
        if !add(&told_of, text) {
            break;
        }
        told += 1;
        if change != Change::Resolved {
            named.insert(&item.control);
        }
    }
    more(changed.count, told, text)
}

/// Adds what still has room.
fn add(more: &str, text: &mut String) -> bool {
    let has_room = text.len() + more.len() <= MAX_BYTES;
    if has_room {
        text.push_str(more);
    }
    has_room
}

fn more(count: u64, told: u64, text: &mut String) -> fmt::Result {
    match count.saturating_sub(told) {
        0 => Ok(()),
        more => writeln!(text, "- and {more} more"),
    }
}

fn violation(change: Change, item: &Item, news: &News, text: &mut String) -> fmt::Result {
    writeln!(
        text,
        "- {}: {} in {}/{}",
        item.severity.0,
        line(&item.name, MAX_NAME),
        item.account,
        item.region.as_str()
    )?;
    if item.name != item.resource {
        writeln!(text, "    {} {}", line(&item.resource_type, MAX_NAME), line(&item.resource, MAX_NAME))?;
    }
    let title = news.fixes.get(&item.control).map(|it| format!(": {}", line(&it.title, MAX_SENTENCE)));
    writeln!(text, "    {}{}", line(&item.control, MAX_NAME), title.unwrap_or_default())?;
    if !item.message.is_empty() {
        writeln!(text, "    {}", line(&item.message, MAX_SENTENCE))?;
    }
    let word = match (change, item.step) {
        (_, Step::Reopened) => "it was one before; first seen",
        (Change::Resolved, Step::Gone) => "no longer there or in scope; was open since",
        (Change::Resolved, _) => "was open since",
        _ => "since",
    };
    writeln!(text, "    {word} {}; backproof violations show {}", item.first_seen, item.short_id())
}

fn trouble(name: &str, troubles: &Troubles, text: &mut String) -> fmt::Result {
    if troubles.count == 0 {
        return Ok(());
    }
    let heading = match name {
        "failures" => "COULD NOT BE LOOKED AT",
        "broken" => "BROKEN, AND NOT JUDGED BY",
        _ => "TO KNOW",
    };
    writeln!(text, "\n{heading}: {}", troubles.count)?;
    let mut told = 0;
    for it in troubles.kept.iter().take(MAX_TROUBLES) {
        if !add(&format!("- {}: {}\n", line(&it.what, MAX_NAME), line(&it.why, MAX_SENTENCE)), text) {
            break;
        }
        told += 1;
    }
    more(troubles.count, told, text)
}

fn fixes(news: &News, named: &BTreeSet<&str>, text: &mut String) -> fmt::Result {
    let known = |it: &&&str| news.fixes.get(**it).is_some_and(|fix| !fix.how.is_empty());
    let mut known: Vec<&str> = named.iter().filter(known).copied().collect();
    // The controls of the gravest violations come first.
    let items = || Change::ALL.iter().filter_map(|it| news.changes.get(it)).flat_map(|it| &it.kept);
    known.sort_by_key(|control| items().position(|it| it.control == **control));
    for control in known.iter().take(MAX_FIXES) {
        let Some(fix) = news.fixes.get(*control) else {
            continue;
        };
        let mut how = format!("\nHOW TO FIX {}\n", line(control, MAX_NAME));
        for it in lines(&fix.how) {
            writeln!(how, "{}", format!("    {it}").trim_end())?;
        }
        add(&how, text);
    }
    match known.len().checked_sub(MAX_FIXES) {
        Some(more @ 1..) => {
            let controls = counted(more as u64, "control", "controls");
            writeln!(text, "\nHow to fix what {controls} more found: backproof controls show <control>")
        }
        _ => Ok(()),
    }
}
