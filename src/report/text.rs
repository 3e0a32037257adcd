//! The report for a terminal: a table by control, the worst findings, what could not be looked at.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Report, Totals, Unseen};
use crate::control::escape_controls;
use crate::model::{Answer, Place, Severity};

/// The longest sentence printed, in characters; files have all of it.
const MAX_SENTENCE: usize = 400;
/// The most sentences printed for one finding.
const MAX_SENTENCES: usize = 3;
/// The most calls named in one line.
const MAX_CALLS: usize = 3;
/// The most lines printed of what could not be looked at or read.
const MAX_LINES: usize = 15;

/// Writes the report; styles are stripped by the stream where they do not belong.
pub fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    table(report, output)?;
    worst(report, output)?;
    unseen(report, output)?;
    problems(report, output)?;
    for (framework, chosen) in report.empty_scopes() {
        let scope = sentence(&chosen.scope.shown());
        writeln!(
            output,
            "\nNothing is in the scope {scope} of {} in {}",
            chosen.control.name,
            sentence(&framework.name)
        )?;
    }
    let places = report.basis.places.len();
    let totals = report.tally.totals;
    writeln!(
        output,
        "\n{} findings in {places} {}: {} compliant, {} non-compliant, {} not applicable, {} undecided.",
        totals.all(),
        if places == 1 { "account and Region" } else { "accounts × Regions" },
        totals.compliant,
        totals.non_compliant,
        totals.not_applicable,
        totals.insufficient_data,
    )?;
    report.cost().map_or(Ok(()), |cost| writeln!(output, "{cost}"))
}

fn color(answer: Answer) -> Style {
    let color = match answer {
        Answer::Compliant => AnsiColor::Green,
        Answer::NonCompliant => AnsiColor::Red,
        Answer::NotApplicable => return Style::new().dimmed(),
        Answer::InsufficientData => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(color.into()))
}

fn table(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let names = report.frameworks.iter().flat_map(|it| &it.controls).map(|it| it.control.name.len());
    let width = names.max().unwrap_or_default().max(7);
    for (index, framework) in report.frameworks.iter().enumerate() {
        let bold = Style::new().bold();
        writeln!(output, "{bold}{}{bold:#} at {}", escape_controls(&framework.name), report.basis.at)?;
        writeln!(
            output,
            "  {:width$}  {:8}  {:>9}  {:>13}  {:>14}  {:>9}",
            "control", "severity", "compliant", "non-compliant", "not applicable", "undecided"
        )?;
        for (control, chosen) in framework.controls.iter().enumerate() {
            let totals = report.totals_of((index, control));
            let style = color(totals.verdict());
            write!(
                output,
                "  {style}{:width$}{style:#}  {:8}",
                chosen.control.name, chosen.control.severity
            )?;
            row(totals, output)?;
        }
        writeln!(output)?;
    }
    Ok(())
}

fn row(totals: Totals, output: &mut dyn Write) -> io::Result<()> {
    for (answer, count, width) in [
        (Answer::Compliant, totals.compliant, 9),
        (Answer::NonCompliant, totals.non_compliant, 13),
        (Answer::NotApplicable, totals.not_applicable, 14),
        (Answer::InsufficientData, totals.insufficient_data, 9),
    ] {
        let style = if count == 0 { Style::new().dimmed() } else { color(answer) };
        write!(output, "  {style}{count:>width$}{style:#}")?;
    }
    writeln!(output)
}

fn worst(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let shown = report.worst().count();
    if shown == 0 {
        return Ok(());
    }
    let all = report.tally.totals.non_compliant;
    let heading = match u64::try_from(shown) {
        Ok(shown) if shown < all => format!("The worst {shown} of {all} non-compliant findings"),
        _ => "Non-compliant".to_owned(),
    };
    writeln!(output, "{heading}")?;
    for (severity, worst) in report.worst() {
        let style = match severity {
            Severity::Critical | Severity::High => color(Answer::NonCompliant).bold(),
            _ => color(Answer::NonCompliant),
        };
        writeln!(
            output,
            "  {style}{severity:8}{style:#} {} in {}  {}",
            escape_controls(&worst.resource),
            worst.place,
            worst.control
        )?;
        for message in worst.messages.iter().take(MAX_SENTENCES) {
            writeln!(output, "           {}", sentence(message))?;
        }
        if let Some(more @ 1..) = worst.messages.len().checked_sub(MAX_SENTENCES) {
            writeln!(output, "           and {more} more, in findings.ndjson")?;
        }
    }
    Ok(())
}

fn sentence(text: &str) -> String {
    let safe = escape_controls(text);
    match safe.char_indices().nth(MAX_SENTENCE) {
        Some((end, _)) => format!("{}…", safe.get(..end).unwrap_or(&safe)),
        None => safe,
    }
}

/// How many findings lack the answer of these calls, each with the action that allows it.
type Group<'r> = (u64, Vec<(&'r str, &'r str)>);

fn unseen(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    if report.tally.unseen.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nCould not be looked at")?;
    // One line for what is missing in the same way in the same place.
    let mut groups: BTreeMap<(&Place, &str, &str), Group<'_>> = BTreeMap::new();
    for (unseen, count) in &report.tally.unseen {
        let Unseen { place, operation, error, action, why } = unseen;
        let group = groups.entry((place, error, why)).or_default();
        group.0 = group.0.max(*count);
        if !operation.is_empty() {
            group.1.push((operation, action));
        }
    }
    let style = color(Answer::InsufficientData);
    for ((place, error, why), (count, calls)) in groups.iter().take(MAX_LINES) {
        let findings = if *count == 1 { "finding" } else { "findings" };
        let (shown, more) = calls.split_at(calls.len().min(MAX_CALLS));
        let names: Vec<String> =
            shown.iter().map(|(call, action)| format!("{call} (allow {action})")).collect();
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let what = match (calls.is_empty(), *error) {
            (true, _) => sentence(why),
            (false, "") => format!("not asked, or not answered whole: {}{more}", names.join(", ")),
            (false, error) => format!("{}: {}{more}", sentence(error), names.join(", ")),
        };
        writeln!(output, "  {style}{count:>5} {findings}{style:#} in {place}: {what}")?;
    }
    more(groups.len(), output)
}

fn problems(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let problems = &report.basis.problems;
    if problems.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nCould not be read")?;
    for problem in problems.iter().take(MAX_LINES) {
        writeln!(output, "  {}", sentence(&problem.to_string()))?;
    }
    more(problems.len(), output)
}

fn more(all: usize, output: &mut dyn Write) -> io::Result<()> {
    match all.checked_sub(MAX_LINES) {
        Some(more @ 1..) => writeln!(output, "  and {more} more, in summary.json"),
        _ => Ok(()),
    }
}
