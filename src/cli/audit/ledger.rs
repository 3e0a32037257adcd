//! The ledger of an audit: which it is, and what is told of what moved.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use crate::cli::Failure;
#[cfg(any(feature = "aws", feature = "ledger"))]
use crate::cli::ledger;
use crate::cli::ledger::Options;
use crate::control::escape_controls;
use crate::ledger::{Movement, Recorder, Run, Step, Store, StoreError, scopes};
use crate::report::Report;

/// Where violations are recorded.
#[derive(Debug, clap::Args)]
pub(super) struct LedgerArgs {
    /// Where violations are recorded from run to run, so that this run says what is new, still open, worse, resolved and undecided: a file, or dynamodb:TABLE with a table's name or ARN [default: ledger.sqlite in the folder of --out; none without --out]
    #[cfg(any(feature = "aws", feature = "ledger"))]
    #[arg(long, value_name = "FILE|dynamodb:TABLE")]
    ledger: Option<PathBuf>,
    /// Record nothing
    #[cfg(any(feature = "aws", feature = "ledger"))]
    #[arg(long, conflicts_with = "ledger")]
    no_ledger: bool,
}

/// A ledger that is open, and how it is called.
pub(super) struct Ledger {
    store: Box<dyn Store>,
    pub(super) path: PathBuf,
}

impl Ledger {
    /// Begins to record the run of a report.
    pub(super) fn begin(&mut self, report: &Report<'_>) -> Result<Recorder<'_>, StoreError> {
        Recorder::begin(&mut *self.store, Run::of(report), scopes(report))
    }
}

impl LedgerArgs {
    /// Whether the ledger is a table.
    #[cfg(feature = "aws")]
    pub(super) fn is_table(&self) -> bool {
        self.ledger.as_deref().and_then(ledger::table).is_some()
    }

    /// Opens the ledger, if there is to be one, before anything is judged.
    #[cfg(any(feature = "aws", feature = "ledger"))]
    pub(super) fn open(&self, out: Option<&Path>, options: Options) -> Result<Option<Ledger>, Failure> {
        let out = out.filter(|_| cfg!(feature = "ledger"));
        let default = || out.map(|folder| folder.join("ledger.sqlite"));
        let Some(path) = self.ledger.clone().or_else(default).filter(|_| !self.no_ledger) else {
            return Ok(None);
        };
        let store = ledger::create(&path, options)?;
        Ok(Some(Ledger { store, path }))
    }

    /// There is no ledger in this build.
    #[cfg(not(any(feature = "aws", feature = "ledger")))]
    pub(super) fn open(&self, _out: Option<&Path>, _options: Options) -> Result<Option<Ledger>, Failure> {
        Ok(None)
    }
}

/// The steps that are told one by one, and how they are called here.
const TOLD: [(Step, &str); 6] = [
    (Step::Opened, "new"),
    (Step::Reopened, "again"),
    (Step::Worse, "worse"),
    (Step::Undecided, "undecided"),
    (Step::Resolved, "resolved"),
    (Step::Gone, "gone"),
];

/// Writes what moved: counts, and the gravest of each kind.
pub(super) fn write(movement: &Movement, output: &mut dyn Write) -> io::Result<()> {
    let count = |step| movement.count(step);
    match movement.since {
        None => writeln!(output, "\nRecorded for the first time: {} open.", movement.open)?,
        Some(since) => {
            let new = count(Step::Opened) + count(Step::Reopened);
            writeln!(
                output,
                "\nSince {since}: {new} new, {} still open ({} worse, {} undecided), {} resolved.",
                movement.open.saturating_sub(new),
                count(Step::Worse),
                movement.undecided,
                count(Step::Resolved) + count(Step::Gone),
            )?;
            gravest(movement, output)?;
        }
    }
    if movement.left_alone > 0 {
        writeln!(
            output,
            "{} of {} controls × accounts × Regions were judged at a later time already, and are left as they are.",
            movement.left_alone, movement.scopes
        )?;
    }
    if !movement.simultaneous.is_empty() && movement.left_alone < movement.scopes {
        writeln!(
            output,
            "Another run of the same evaluation time is recorded: of two answers the graver stands, so nothing is resolved by this one."
        )?;
    }
    Ok(())
}

fn gravest(movement: &Movement, output: &mut dyn Write) -> io::Result<()> {
    for (step, word) in TOLD {
        let named = movement.gravest.get(&step);
        for it in named.into_iter().flatten() {
            let style = color(step);
            writeln!(
                output,
                "  {style}{word:9}{style:#}  {:8}  {}  {} {} in {}/{}  {}",
                it.severity.0,
                it.short_id(),
                escape_controls(&it.resource_type),
                escape_controls(&it.resource_name),
                it.account,
                it.region,
                it.control
            )?;
        }
        let shown = named.map_or(0, |it| u64::try_from(it.len()).unwrap_or(u64::MAX));
        if let Some(more @ 1..) = movement.count(step).checked_sub(shown) {
            writeln!(output, "             and {more} more")?;
        }
    }
    Ok(())
}

/// The color of what a step leaves behind.
fn color(step: Step) -> Style {
    let color = match step {
        Step::Opened | Step::Reopened | Step::Worse => AnsiColor::Red,
        Step::Undecided | Step::Changed | Step::Confirmed => AnsiColor::Yellow,
        Step::Resolved | Step::Gone => AnsiColor::Green,
    };
    Style::new().fg_color(Some(color.into()))
}
