//! `backproof violations show`: everything of one violation, with its history.

use std::io::{self, Write};

use serde::Serialize;

use super::{ShowFormat, Untold, each, history, list};
use crate::control::escape_controls;
use crate::evaluate::MissingFact;
use crate::ledger::{EntryRow, Outcome, Past, Record, Row, Store, Whose};

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    history: Vec<EntryRow<'a>>,
}

pub(super) fn write(
    store: &mut dyn Store,
    record: &Record,
    format: ShowFormat,
    output: &mut dyn Write,
) -> Result<(), Untold> {
    let mut entries = Vec::new();
    let keep = |it: Past| {
        entries.push(it);
        Ok(())
    };
    each(keep, |take| store.history(Whose::Of(&record.key), None, take))?;
    match format {
        ShowFormat::Json => {
            let history = entries.iter().map(EntryRow::of).collect();
            let shown = Shown { row: Row::of(record), history };
            serde_json::to_writer(&mut *output, &shown).map_err(io::Error::from)?;
            writeln!(output)?;
        }
        ShowFormat::Text => text(record, &entries, output)?,
    }
    Ok(())
}

fn text(record: &Record, entries: &[Past], output: &mut dyn Write) -> io::Result<()> {
    let (scope, violation, style) = (&record.key.scope, &record.violation, list::color(record));
    let name = escape_controls(&violation.name);
    writeln!(output, "{style}{}{style:#}  {}  {name}", record.state(), violation.severity)?;
    let mut line = |name: &str, value: &str| writeln!(output, "  {name:11}  {}", escape_controls(value));
    line("id", record.key.id().as_str())?;
    line("framework", &scope.framework)?;
    line("control", &scope.control)?;
    line("account", &scope.place.account.to_string())?;
    line("region", scope.place.region.as_str())?;
    line("type", &record.key.resource_type)?;
    line("resource", &record.key.resource)?;
    line("answer", &format!("{} since {}", record.answer, record.since))?;
    line("first seen", &record.first_seen.to_string())?;
    line("last seen", &record.last_seen.to_string())?;
    line("looked at", &record.looked_at.to_string())?;
    if let Some(at) = record.resolved_at {
        line("resolved at", &at.to_string())?;
    }
    line("reasons", &violation.reasons.join(", "))?;
    for message in &violation.messages {
        line("", message)?;
    }
    for fact in &record.missing {
        line("missing", &missing(fact))?;
    }
    line("cause", &record.cause.to_string())?;
    line("evidence", &format!("SHA-256 {}", violation.evidence_digest))?;
    writeln!(output, "\nHistory")?;
    for past in entries {
        let entry = &past.entry;
        write!(output, "{:20}  {:9}  {}", history::at(past), entry.step, entry.answer)?;
        match entry.answer {
            Outcome::NonCompliant => writeln!(output, "  {}", escape_controls(&entry.reasons.join(", ")))?,
            _ => writeln!(output)?,
        }
        history::why(past, output)?;
    }
    Ok(())
}

fn missing(fact: &MissingFact) -> String {
    let name = if fact.fact.is_empty() { String::new() } else { format!("{}: ", fact.fact) };
    let allow = if fact.action.is_empty() { String::new() } else { format!(" (allow {})", fact.action) };
    format!("{name}{}{allow}", fact.why)
}
