//! `backproof violations history`.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{Format, JsonArray, Untold, each};
use crate::control::escape_controls;
use crate::ledger::{EntryRow, Past, Record, Store, Whose};
use crate::report::cell::Cells;

/// The header of the CSV form.
const FIELDS: [&str; 15] = [
    "at",
    "step",
    "answer",
    "severity",
    "id",
    "sequence",
    "framework",
    "control",
    "account",
    "region",
    "resourceType",
    "resource",
    "reasons",
    "message",
    "cause",
];

pub(super) fn write(
    store: &mut dyn Store,
    of: Option<&Record>,
    since: Option<Timestamp>,
    format: Format,
    output: &mut dyn Write,
) -> Result<(), Untold> {
    let whose = of.map_or(Whose::All, |it| Whose::Of(&it.key));
    match format {
        Format::Text => {
            let mut any = false;
            let line = |it: Past| {
                any = true;
                let scope = &it.key.scope;
                let (id, resource) = (it.key.id(), escape_controls(&it.key.resource));
                write!(output, "{:20}  {:9}  {:8}  {id}  ", at(&it), it.entry.step, it.entry.severity)?;
                writeln!(output, "{}  {}  {resource}", scope.control, scope.place)?;
                why(&it, output)
            };
            each(line, |take| store.history(whose, since, take))?;
            if !any {
                writeln!(output, "Nothing is recorded.")?;
            }
            Ok(())
        }
        Format::Json => {
            let mut array = JsonArray::new(output)?;
            each(|it| array.write(&EntryRow::of(&it)), |take| store.history(whose, since, take))?;
            Ok(array.finish()?)
        }
        Format::Csv => {
            let mut csv = Cells::new(output, &FIELDS)?;
            each(|it| csv.write(&cells(&it)), |take| store.history(whose, since, take))?;
            Ok(csv.finish()?.flush()?)
        }
    }
}

/// The time to the second.
pub(super) fn at(past: &Past) -> String {
    format!("{:.0}", past.entry.at)
}

/// Why it happened, and through whom.
pub(super) fn why(past: &Past, output: &mut dyn Write) -> io::Result<()> {
    if !past.entry.message.is_empty() {
        writeln!(output, "                      {}", escape_controls(&past.entry.message))?;
    }
    writeln!(output, "                      {}", escape_controls(&past.entry.cause.to_string()))
}

fn cells(past: &Past) -> [String; FIELDS.len()] {
    let (key, entry) = (&past.key, &past.entry);
    [
        entry.at.to_string(),
        entry.step.to_string(),
        entry.answer.to_string(),
        entry.severity.to_string(),
        key.id().as_str().to_owned(),
        entry.sequence.to_string(),
        key.scope.framework.clone(),
        key.scope.control.clone(),
        key.scope.place.account.to_string(),
        key.scope.place.region.to_string(),
        key.resource_type.clone(),
        key.resource.clone(),
        entry.reasons.join("; "),
        entry.message.clone(),
        entry.cause.to_string(),
    ]
}
