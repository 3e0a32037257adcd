//! `backproof audit`: judge an inventory and report.

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

mod ledger;

use super::{ControlsArgs, ExitStatus, Failure, output};
use crate::catalog::Catalog;
use crate::collect::folder;
use crate::facts::Facts;
use crate::framework::Framework;
use crate::ledger::{Movement, Recorder};
use crate::model::Severity;
use crate::report::chunk::Form;
use crate::report::jobs::{JobList, jobs_since};
use crate::report::rows::{Files, Printed, RowMaker, Rows};
use crate::report::{Basis, Report, findings, summary, text};
use crate::report_folder::{ReportFolder, ReportFolderError};
use crate::shard;

/// Judges the inventory in a folder, as AWS Backup Audit Manager would and better.
#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    /// The folder of the inventory: <account>/<region>/<service>.<operation>.ndjson or .json
    #[cfg_attr(feature = "aws", arg(required_unless_present = "live"))]
    inventory: Option<PathBuf>,
    /// A framework: a file in AWS's CreateFramework or CloudFormation form, or the name of a built-in one [default: aws-backup]
    #[arg(long = "framework", value_name = "FILE|NAME")]
    frameworks: Vec<String>,
    #[command(flatten)]
    controls: ControlsArgs,
    /// The evaluation time, which ages are computed from [default: now]
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// Where to write the reports: AWS's compliance and job reports, findings.ndjson, summary.json and manifest.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: ledger::LedgerArgs,
    /// How many threads read and judge; what is said does not depend on it [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// What to print, and what to write beside the reports, joined by commas
    #[arg(long = "format", value_enum, value_name = "FORMAT", value_delimiter = ',', default_value = "text")]
    #[cfg_attr(feature = "parquet", arg(requires_if("parquet", "out")))]
    formats: Vec<Format>,
    /// Compress the reports in DIR with gzip, all but summary.json and manifest.json
    #[arg(long, requires = "out")]
    compress: bool,
    /// The least severity that makes the exit status 3
    #[arg(long, value_enum, default_value = "low")]
    fail_on: FailOn,
    /// Ask AWS first, and record what it says in INVENTORY, or nowhere if none is given
    #[cfg(feature = "aws")]
    #[arg(long)]
    live: bool,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    asking: super::collect::LiveArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table by control, the worst findings, and what moved in the ledger
    Text,
    /// The summary, every finding, and what moved in the ledger, as one JSON object
    Json,
    /// Every finding, as CSV
    Csv,
    /// Every finding, a line of JSON each
    Ndjson,
    /// Prints nothing, and writes findings as Parquet into DIR too
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// Whether it is printed.
    fn is_printed(self) -> bool {
        #[cfg(feature = "parquet")]
        if self == Self::Parquet {
            return false;
        }
        true
    }

    /// The one that is printed.
    fn printed(formats: &[Self]) -> Result<Self, Failure> {
        let mut printed: Vec<Self> = formats.iter().copied().filter(|it| it.is_printed()).collect();
        printed.dedup();
        match printed.as_slice() {
            [] => Ok(Self::Text),
            [one] => Ok(*one),
            _ => Err(Failure::Message("only one of text, json, csv and ndjson can be printed".to_owned())),
        }
    }

    /// What is printed of every finding.
    fn of_findings(self) -> Option<Printed> {
        match self {
            Self::Csv => Some(Printed::Csv),
            Self::Json => Some(Printed::Json),
            Self::Ndjson => Some(Printed::Lines),
            _ => None,
        }
    }
}

impl AuditArgs {
    /// How reports are written.
    fn files(&self) -> Files {
        Files {
            compress: self.compress,
            #[cfg(feature = "parquet")]
            parquet: self.formats.contains(&Format::Parquet),
            ..Files::default()
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Never,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Never => None,
        }
    }
}

pub(super) fn run(
    args: &AuditArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let (format, files) = (Format::printed(&args.formats)?, args.files());
    let catalog = args.controls.load()?;
    let frameworks = frameworks(&catalog, &args.frameworks)?;
    let source = Source::of(args, stderr)?;
    let inventory = source.folder();
    let at = args.at.unwrap_or_else(Timestamp::now);
    let threads = args.threads.or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZero::get);
    let collected = read(inventory, threads, at)?;
    let basis = Basis::of(&collected.inventory, collected.digest, at);
    if basis.places.is_empty() || !collected.inventory.coverage.has_any() {
        for problem in &basis.problems {
            writeln!(stderr, "error: {}", crate::control::escape_controls(&problem.to_string()))?;
        }
        let message = "holds no recorded call that could be read; expected <account>/<region>/<service>.<operation>.ndjson or .json";
        return Err(Failure::Message(format!("`{}` {message}", inventory.display())));
    }
    let facts = Facts::new(&collected.inventory, at);
    let mut report = Report::new(&frameworks, basis);
    #[cfg(feature = "aws")]
    let options = args.asking.options();
    #[cfg(not(feature = "aws"))]
    let options = super::ledger::Options;
    let mut ledger = args.ledger.open(args.out.as_deref(), options)?;
    let ledger_path = ledger.as_ref().map(|it| it.path.clone()).unwrap_or_default();
    let ledger_failed = |error| super::ledger::failed(&ledger_path, &error);
    let mut recorder = ledger.as_mut().map(|it| it.begin(&report)).transpose().map_err(ledger_failed)?;
    let mut files = match &args.out {
        Some(folder) => Some(ReportFolder::create(folder, &report, files)?),
        None => None,
    };
    let mut visible;
    // The text report escapes what it tells; the other formats are whole, so a terminal is kept from them.
    let stdout: &mut dyn Write = if format != Format::Text && io::stdout().is_terminal() {
        visible = output::Visible::new(stdout);
        &mut visible
    } else {
        stdout
    };
    let maker = files.as_ref().map_or_else(|| RowMaker::of(&report), |it| it.maker().clone());
    let maker = maker.printing(format.of_findings());
    let mut printer = Printer::new(format, stdout)?;
    // Whoever reads what is printed may stop; the files are written all the same.
    let (mut written, mut recorded, mut printed) = (Ok(()), Ok(()), Ok(()));
    let judged = (frameworks.as_slice(), &facts, &catalog.vocabulary);
    let evaluated = shard::judge(judged, threads, &maker, recorder.is_some(), &mut |mut shard| {
        report.tally.join(shard.tally);
        append(&mut shard.rows, files.as_mut(), &mut written, &mut printer, &mut printed);
        for observed in shard.observed {
            if let (Some(recorder), Ok(())) = (&mut recorder, &recorded) {
                recorded = recorder.take_in(observed);
            }
        }
    });
    evaluated.map_err(|error| Failure::Message(error.to_string()))?;
    written?;
    recorded.map_err(ledger_failed)?;
    if let Some(files) = files {
        files.finish(&report, &collected.inventory)?;
    }
    let movement = recorder.map(Recorder::finish).transpose().map_err(ledger_failed)?;
    printed?;
    printer.finish(&report, movement.as_ref())?;
    if let Some(folder) = &args.out {
        writeln!(stderr, "reports are in {}", folder.display())?;
        for lacks in report.basis.jobs.iter().filter_map(JobList::told) {
            writeln!(stderr, "{}", crate::control::escape_controls(&lacks))?;
        }
    }
    Ok(match args.fail_on.severity() {
        Some(severity) if report.fails_at(severity) => ExitStatus::NonCompliant,
        _ if report.is_undecided() => ExitStatus::Undecided,
        _ => ExitStatus::Success,
    })
}

/// Where the inventory is.
enum Source {
    /// In a folder that stays.
    Folder(PathBuf),
    /// In a folder that goes when the run is over.
    #[cfg(feature = "aws")]
    Passing(tempfile::TempDir),
}

impl Source {
    /// The folder that was named, collected into first if so asked.
    fn of(args: &AuditArgs, stderr: &mut dyn Write) -> Result<Self, Failure> {
        let named = args.inventory.clone().map(Self::Folder);
        #[cfg(feature = "aws")]
        if args.live {
            let only = super::collect::needed(&args.asking, &args.controls, &args.frameworks)?;
            let asked = args.asking.asked(only)?;
            let source = match named {
                Some(named) => named,
                None => Self::Passing(tempfile::tempdir()?),
            };
            super::collect::collect(&args.asking, asked, source.folder(), stderr)?;
            return Ok(source);
        }
        #[cfg(feature = "aws")]
        {
            // A ledger in a table is AWS's too.
            let of_ledger =
                |it: &&&str| args.ledger.is_table() && ["--profile", "--endpoint-url"].contains(*it);
            if let Some(option) = args.asking.given().iter().find(|it| !of_ledger(it)) {
                return Err(Failure::Message(format!("{option} asks AWS; give --live as well")));
            }
        }
        let _ = stderr;
        named.ok_or_else(|| Failure::Message("no inventory was given".to_owned()))
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            #[cfg(feature = "aws")]
            Self::Passing(folder) => folder.path(),
        }
    }
}

pub(super) fn frameworks(catalog: &Catalog, chosen: &[String]) -> Result<Vec<Framework>, Failure> {
    let (frameworks, errors) = catalog.choose(chosen);
    if errors.is_empty() { Ok(frameworks) } else { Err(Failure::Catalog(errors)) }
}

fn read(inventory: &Path, threads: usize, at: Timestamp) -> Result<folder::Collected, Failure> {
    let bar = if io::stderr().is_terminal() {
        let bar = ProgressBar::with_draw_target(Some(folder::size(inventory)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("reading {bar:40} {bytes} of {total_bytes}, {eta} left");
        style.map(|it| bar.set_style(it)).ok();
        bar
    } else {
        ProgressBar::hidden()
    };
    let collected = folder::read(inventory, threads, jobs_since(at), &mut |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    collected.map_err(|error| Failure::Message(format!("`{}` cannot be read: {error}", inventory.display())))
}

/// Appends rows to the files and to what is printed; what failed once is left alone.
fn append(
    rows: &mut Rows,
    files: Option<&mut ReportFolder>,
    written: &mut Result<(), ReportFolderError>,
    printer: &mut Printer<'_>,
    printed: &mut io::Result<()>,
) {
    if let (Some(files), Ok(())) = (files, &written) {
        *written = files.append(rows);
    }
    if printed.is_ok() {
        *printed = printer.append(rows);
    }
}

/// What is printed as findings flow.
struct Printer<'o> {
    format: Format,
    output: &'o mut dyn Write,
    any: bool,
}

impl<'o> Printer<'o> {
    fn new(format: Format, output: &'o mut dyn Write) -> io::Result<Self> {
        match format {
            Format::Json => output.write_all(b"{\"findings\":[")?,
            Format::Csv => output.write_all(&Form::Csv(&findings::FIELDS).head())?,
            _ => {}
        }
        Ok(Self { format, output, any: false })
    }

    /// Prints rows.
    fn append(&mut self, rows: &mut Rows) -> io::Result<()> {
        let Some(chunk) = rows.printed() else {
            return Ok(());
        };
        for (bytes, _) in chunk.pieces() {
            if self.any && self.format == Format::Json {
                self.output.write_all(Form::Json.between())?;
            }
            self.any = true;
            self.output.write_all(bytes)?;
        }
        Ok(())
    }

    fn finish(self, report: &Report<'_>, movement: Option<&Movement>) -> io::Result<()> {
        let Self { format, output, .. } = self;
        match format {
            Format::Text => {
                text::write(report, output)?;
                movement.map_or(Ok(()), |it| ledger::write(it, output))
            }
            Format::Json => {
                output.write_all(b"\n],\"summary\":")?;
                serde_json::to_writer(&mut *output, &summary::Summary::of(report))?;
                if let Some(movement) = movement {
                    output.write_all(b",\"ledger\":")?;
                    serde_json::to_writer(&mut *output, movement)?;
                }
                output.write_all(b"}\n")
            }
            _ => Ok(()),
        }
    }
}
