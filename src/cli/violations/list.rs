//! `backproof violations list`.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use super::{Format, JsonArray, Untold, each};
use crate::control::escape_controls;
use crate::ledger::{Filter, Record, Row, Store};
use crate::report::cell::Cells;

/// The header of the CSV form.
const FIELDS: [&str; 19] = [
    "id",
    "state",
    "severity",
    "answer",
    "framework",
    "control",
    "account",
    "region",
    "resourceType",
    "resource",
    "resourceName",
    "reasons",
    "messages",
    "missing",
    "firstSeen",
    "lastSeen",
    "since",
    "resolvedAt",
    "cause",
];

pub(super) fn write(
    store: &mut dyn Store,
    filter: &Filter,
    format: Format,
    output: &mut dyn Write,
) -> Result<(), Untold> {
    match format {
        Format::Text => text(store, filter, output),
        Format::Json => {
            let mut array = JsonArray::new(output)?;
            each(|it| array.write(&Row::of(&it)), |take| store.find(filter, take))?;
            Ok(array.finish()?)
        }
        Format::Csv => {
            let mut csv = Cells::new(output, &FIELDS)?;
            each(|it| csv.write(&cells(&it)), |take| store.find(filter, take))?;
            Ok(csv.finish()?.flush()?)
        }
    }
}

fn cells(record: &Record) -> [String; FIELDS.len()] {
    let (key, violation) = (&record.key, &record.violation);
    let missing = record.missing.iter().map(|it| match it.fact.is_empty() {
        true => it.why.clone(),
        false => format!("{}: {}", it.fact, it.why),
    });
    [
        key.id().as_str().to_owned(),
        record.state().to_owned(),
        violation.severity.to_string(),
        record.answer.to_string(),
        key.scope.framework.clone(),
        key.scope.control.clone(),
        key.scope.place.account.to_string(),
        key.scope.place.region.to_string(),
        key.resource_type.clone(),
        key.resource.clone(),
        violation.name.clone(),
        violation.reasons.join("; "),
        violation.messages.join("; "),
        missing.collect::<Vec<_>>().join("; "),
        record.first_seen.to_string(),
        record.last_seen.to_string(),
        record.since.to_string(),
        record.resolved_at.map(|it| it.to_string()).unwrap_or_default(),
        record.cause.to_string(),
    ]
}

/// Two passes, so that columns fit without all records being in memory.
fn text(store: &mut dyn Store, filter: &Filter, output: &mut dyn Write) -> Result<(), Untold> {
    let (mut control, mut place) = ("control".len(), "account/region".len());
    let (mut open, mut undecided, mut resolved) = (0_u64, 0_u64, 0_u64);
    let measure = |it: Record| {
        control = control.max(it.key.scope.control.chars().count());
        place = place.max(it.key.scope.place.to_string().len());
        *match (it.is_open(), it.is_undecided()) {
            (true, true) => &mut undecided,
            (true, false) => &mut open,
            (false, _) => &mut resolved,
        } += 1;
        Ok(())
    };
    each(measure, |take| store.find(filter, take))?;
    if open + undecided + resolved == 0 {
        return Ok(writeln!(output, "No such violation is recorded.")?);
    }
    writeln!(
        output,
        "{:12}  {:9}  {:8}  {:20}  {:control$}  {:place$}  resource",
        "id", "state", "severity", "since", "control", "account/region"
    )?;
    let row = |it: Record| {
        let style = color(&it);
        let scope = &it.key.scope;
        writeln!(
            output,
            "{:12}  {style}{:9}{style:#}  {:8}  {:20}  {:control$}  {:place$}  {}",
            it.key.id(),
            it.state(),
            it.violation.severity,
            format!("{:.0}", it.since),
            scope.control,
            scope.place.to_string(),
            escape_controls(&it.key.resource)
        )
    };
    each(row, |take| store.find(filter, take))?;
    Ok(writeln!(output, "\n{open} open, {undecided} undecided, {resolved} resolved.")?)
}

/// The color of a record's state.
pub(super) fn color(record: &Record) -> Style {
    let color = match (record.is_open(), record.is_undecided()) {
        (true, false) => AnsiColor::Red,
        (true, true) => AnsiColor::Yellow,
        (false, _) => AnsiColor::Green,
    };
    Style::new().fg_color(Some(color.into()))
}
