//! `backproof audit`: judge an inventory and report.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

mod ledger;

use super::{ControlsArgs, ExitStatus, Failure, output};
use crate::catalog::{Catalog, DEFAULT_FRAMEWORK};
use crate::collect::folder;
use crate::evaluate::{Finding, evaluate};
use crate::facts::Facts;
use crate::framework::Framework;
use crate::ledger::{Movement, Recorder};
use crate::model::Severity;
use crate::report::layout::{CONTROL_COMPLIANCE_REPORT, RESOURCE_COMPLIANCE_REPORT, key};
use crate::report::{Basis, Report, control_compliance, findings, resource_compliance, summary, text};

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
    /// Where to write the reports: AWS's two compliance reports, findings.ndjson and summary.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: ledger::LedgerArgs,
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
    let collected = read(inventory)?;
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
        Some(folder) => Some(Files::create(folder, &report)?),
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
        report.add(&finding);
        if written.is_ok() {
            written = files.as_mut().map_or(Ok(()), |it| it.write(&finding));
        }
        if recorded.is_ok() {
            recorded = recorder.as_mut().map_or(Ok(()), |it| it.observe(&finding));
        }
        if printed.is_ok() {
            printed = printer.write(&finding);
        }
    });
    evaluated.map_err(|error| Failure::Message(error.to_string()))?;
    written?;
    recorded.map_err(ledger_failed)?;
    if let Some(files) = files {
        files.finish(&report)?;
    }
    let movement = recorder.map(Recorder::finish).transpose().map_err(ledger_failed)?;
    printed?;
    printer.finish(&report, movement.as_ref())?;
    if let Some(folder) = &args.out {
        writeln!(stderr, "reports are in {}", folder.display())?;
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
            let asked = super::collect::Asked::of(&args.asking, only)?;
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
    let mut frameworks = Vec::new();
    let mut errors = Vec::new();
    let default = [DEFAULT_FRAMEWORK.to_owned()];
    for name in if chosen.is_empty() { &default } else { chosen } {
        match catalog.frameworks(name) {
            Ok(mut found) => frameworks.append(&mut found),
            Err(mut found) => errors.append(&mut found),
        }
    }
    match catalog.custom_framework(&frameworks) {
        Ok(custom) => frameworks.extend(custom),
        Err(mut found) => errors.append(&mut found),
    }
    if !errors.is_empty() {
        return Err(Failure::Catalog(errors));
    }
    for (index, framework) in frameworks.iter().enumerate() {
        if frameworks.iter().take(index).any(|it| it.name == framework.name) {
            let name = &framework.name;
            return Err(Failure::Message(format!(
                "two frameworks are named `{name}`; reports need one name each"
            )));
        }
    }
    Ok(frameworks)
}

fn read(inventory: &Path) -> Result<folder::Collected, Failure> {
    let bar = if io::stderr().is_terminal() {
        let bar = ProgressBar::with_draw_target(Some(folder::size(inventory)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("reading {bar:40} {bytes} of {total_bytes}, {eta} left");
        style.map(|it| bar.set_style(it)).ok();
        bar
    } else {
        ProgressBar::hidden()
    };
    let collected = folder::read(inventory, &mut |bytes| bar.inc(bytes));
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

/// A file that appears whole or not at all.
struct NewFile {
    path: PathBuf,
    part: PathBuf,
    output: BufWriter<File>,
}

impl NewFile {
    fn create(folder: &Path, key: &str) -> Result<Self, Failure> {
        let path = folder.join(key);
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let create = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(&part)
        };
        let file = create()
            .map_err(|error| Failure::Message(format!("cannot write `{}`: {error}", path.display())))?;
        let output = BufWriter::with_capacity(1 << 16, file);
        Ok(Self { path, part, output })
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::Message(format!("cannot write `{}`: {error}", self.path.display()))
    }

    fn finish(mut self) -> Result<(), Failure> {
        let done = self.output.flush().and_then(|()| fs::rename(&self.part, &self.path));
        done.map_err(|error| self.failed(&error))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// The files of `--out`.
struct Files {
    folder: PathBuf,
    at: String,
    findings: NewFile,
    resources: Vec<(resource_compliance::Csv<NewFile>, resource_compliance::Json<NewFile>)>,
    names: Vec<String>,
}

fn cannot_write(error: io::Error) -> Failure {
    Failure::Message(format!("cannot write a report: {error}"))
}

impl Files {
    fn create(folder: &Path, report: &Report<'_>) -> Result<Self, Failure> {
        let names: Vec<String> = report.frameworks.iter().map(|it| it.name.clone()).collect();
        let mut resources = Vec::new();
        for name in &names {
            let file = |extension| {
                let key =
                    key(&report.basis.places, report.basis.at, name, RESOURCE_COMPLIANCE_REPORT, extension);
                NewFile::create(folder, &key)
            };
            let csv = resource_compliance::Csv::new(file("csv")?).map_err(cannot_write)?;
            let json = resource_compliance::Json::new(file("json")?).map_err(cannot_write)?;
            resources.push((csv, json));
        }
        Ok(Self {
            folder: folder.to_owned(),
            at: report.basis.at.to_string(),
            findings: NewFile::create(folder, "findings.ndjson")?,
            resources,
            names,
        })
    }

    fn write(&mut self, finding: &Finding<'_>) -> Result<(), Failure> {
        findings::write_ndjson(finding, &mut self.findings).map_err(cannot_write)?;
        let index = self.names.iter().position(|it| *it == finding.framework.name);
        if let Some((csv, json)) = index.and_then(|it| self.resources.get_mut(it)) {
            let row = resource_compliance::Row::of(finding, &self.at);
            csv.write(&row).and_then(|()| json.write(&row)).map_err(cannot_write)?;
        }
        Ok(())
    }

    fn finish(self, report: &Report<'_>) -> Result<(), Failure> {
        self.findings.finish()?;
        for (csv, json) in self.resources {
            csv.finish().map_err(cannot_write)?.finish()?;
            json.finish().map_err(cannot_write)?.finish()?;
        }
        for (index, name) in self.names.iter().enumerate() {
            let rows = control_compliance::rows(report, index, &self.at);
            for extension in ["csv", "json"] {
                let key =
                    key(&report.basis.places, report.basis.at, name, CONTROL_COMPLIANCE_REPORT, extension);
                let mut file = NewFile::create(&self.folder, &key)?;
                let written = match extension {
                    "csv" => control_compliance::write_csv(&rows, &mut file),
                    _ => control_compliance::write_json(&rows, &mut file),
                };
                written.map_err(cannot_write)?;
                file.finish()?;
            }
        }
        let mut file = NewFile::create(&self.folder, "summary.json")?;
        summary::write(report, &mut file).map_err(cannot_write)?;
        file.finish()
    }
}
