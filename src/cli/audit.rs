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
use crate::evaluate::{Finding, evaluate};
use crate::facts::Facts;
use crate::framework::Framework;
use crate::ledger::{Movement, Recorder};
use crate::model::Severity;
use crate::report::jobs::{JobList, jobs_since};
use crate::report::{Basis, Report, findings, summary, text};
use crate::report_folder::ReportFolder;

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
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
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
        Some(folder) => Some(ReportFolder::create(folder, &report)?),
        None => None,
    };
    let mut visible;
    // The text report escapes what it tells; the other formats are whole, so a terminal is kept from them.
    let stdout: &mut dyn Write = if args.format != Format::Text && io::stdout().is_terminal() {
        visible = output::Visible::new(stdout);
        &mut visible
    } else {
        stdout
    };
    let mut printer = Printer::new(args.format, stdout)?;
    // Whoever reads what is printed may stop; the files are written all the same.
    let (mut written, mut recorded, mut printed) = (Ok(()), Ok(()), Ok(()));
    let evaluated = evaluate(&frameworks, &facts, &catalog.vocabulary, &mut |finding| {
        report.add(finding);
        if written.is_ok() {
            written = files.as_mut().map_or(Ok(()), |it| it.write(finding));
        }
        if recorded.is_ok() {
            recorded = recorder.as_mut().map_or(Ok(()), |it| it.observe(finding));
        }
        if printed.is_ok() {
            printed = printer.write(finding);
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

/// What is printed as findings flow.
enum Printer<'o> {
    Text(&'o mut dyn Write),
    Json { output: &'o mut dyn Write, any: bool },
    Csv(Box<findings::Csv<&'o mut dyn Write>>),
}

impl<'o> Printer<'o> {
    fn new(format: Format, output: &'o mut dyn Write) -> io::Result<Self> {
        Ok(match format {
            Format::Text => Self::Text(output),
            Format::Json => {
                output.write_all(b"{\"findings\":[")?;
                Self::Json { output, any: false }
            }
            Format::Csv => Self::Csv(Box::new(findings::Csv::new(output)?)),
        })
    }

    fn write(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Json { output, any } => {
                output.write_all(if *any { b",\n" } else { b"\n" })?;
                *any = true;
                serde_json::to_writer(&mut **output, &findings::Row::of(finding)).map_err(io::Error::from)
            }
            Self::Csv(csv) => csv.write(finding),
        }
    }

    fn finish(self, report: &Report<'_>, movement: Option<&Movement>) -> io::Result<()> {
        match self {
            Self::Text(output) => {
                text::write(report, output)?;
                movement.map_or(Ok(()), |it| ledger::write(it, output))
            }
            Self::Json { output, .. } => {
                output.write_all(b"\n],\"summary\":")?;
                serde_json::to_writer(&mut *output, &summary::Summary::of(report))?;
                if let Some(movement) = movement {
                    output.write_all(b",\"ledger\":")?;
                    serde_json::to_writer(&mut *output, movement)?;
                }
                output.write_all(b"}\n")
            }
            Self::Csv(csv) => csv.finish().map(|_| ()),
        }
    }
}
