//! How a person asks: commands, their options, exit status.
//!
//! Results go to stdout, talk goes to stderr. Nothing is judged here, and nothing stands here that another front end would need.

use std::io::{self, Write};
use std::process::{ExitCode, Termination};

use clap::{Parser, Subcommand};

mod audit;
#[cfg(feature = "aws")]
mod collect;
mod controls;
mod explain;
#[cfg_attr(
    not(any(feature = "aws", feature = "ledger")),
    expect(dead_code, reason = "there is no ledger to open in this build")
)]
mod ledger;
mod output;
#[cfg(feature = "aws")]
mod report;
mod scaffold;
#[cfg(any(feature = "aws", feature = "ledger"))]
mod violations;

use crate::catalog::{Catalog, CatalogError};
use crate::report_folder::ReportFolderError;

/// What the process returns. The same table stands in `--help` and in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing is wrong.
    Success,
    /// The command could not run.
    CouldNotRun,
    /// Something is non-compliant at or above `--fail-on`, or a control or case does not hold.
    NonCompliant,
    /// Nothing is, but something could not be judged.
    Undecided,
}

impl ExitStatus {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::CouldNotRun => 1,
            Self::NonCompliant => 3,
            Self::Undecided => 4,
        }
    }
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing is non-compliant at or above --fail-on
  1  the command could not run
  2  wrong usage
  3  something is non-compliant at or above --fail-on, or a control or a case of one is wrong
  4  nothing is, but something could not be judged, or AWS did not say all it was asked";

/// Proves, or disproves, that backups on AWS are what policy says they must be.
#[derive(Debug, Parser)]
#[command(name = "backproof", version, after_help = EXIT_STATUS, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask AWS and record what it says as an inventory.
    #[cfg(feature = "aws")]
    Collect(collect::CollectArgs),
    /// Judge an inventory and report.
    Audit(audit::AuditArgs),
    /// List, show, check, test and begin controls.
    #[command(subcommand)]
    Controls(controls::ControlsCommand),
    /// Explain what a schedule, a selection or a vault policy means.
    #[command(subcommand)]
    Explain(explain::ExplainCommand),
    /// List, download, check and link to what runs on AWS have published.
    #[cfg(feature = "aws")]
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// List and show recorded violations, and their history.
    #[cfg(any(feature = "aws", feature = "ledger"))]
    Violations(violations::ViolationsArgs),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitStatus {
    let arguments = Arguments::parse();
    let mut stdout = anstream::stdout().lock();
    let mut stderr = anstream::stderr();
    let result = match arguments.command {
        #[cfg(feature = "aws")]
        Command::Collect(args) => collect::run(&args, &mut stdout, &mut stderr),
        Command::Audit(args) => audit::run(&args, &mut stdout, &mut stderr),
        Command::Controls(command) => controls::run(&command, &mut stdout, &mut stderr),
        Command::Explain(command) => explain::run(&command, &mut stdout),
        #[cfg(feature = "aws")]
        Command::Report(command) => report::run(&command, &mut stdout, &mut stderr),
        #[cfg(any(feature = "aws", feature = "ledger"))]
        Command::Violations(args) => violations::run(&args, &mut stdout),
    };
    match result.and_then(|status| stdout.flush().map(|()| status).map_err(Failure::Output)) {
        Ok(status) => status,
        // Whoever reads has read enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitStatus::Success,
        Err(failure) => {
            let _ = failure.show(&mut stderr);
            ExitStatus::CouldNotRun
        }
    }
}

/// Why a command could not run.
#[derive(Debug)]
enum Failure {
    /// Output could not be written.
    Output(io::Error),
    /// Something that was asked for could not be had, in sentences.
    Message(String),
    /// Controls or frameworks are wrong.
    Catalog(Vec<CatalogError>),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Vec<CatalogError>> for Failure {
    fn from(errors: Vec<CatalogError>) -> Self {
        Self::Catalog(errors)
    }
}

impl From<ReportFolderError> for Failure {
    fn from(error: ReportFolderError) -> Self {
        Self::Message(error.to_string())
    }
}

impl Failure {
    fn show(&self, stderr: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Output(error) => writeln!(stderr, "error: cannot write: {error}"),
            Self::Message(message) => {
                writeln!(stderr, "error: {}", crate::control::escape_controls(message))
            }
            Self::Catalog(errors) => output::show_errors(errors, stderr),
        }
    }
}

/// Options of every command that uses controls.
#[derive(Debug, clap::Args)]
struct ControlsArgs {
    /// A folder of controls beside the built-in ones; may be given more than once.
    #[arg(long = "controls", value_name = "DIR")]
    folders: Vec<std::path::PathBuf>,
}

impl ControlsArgs {
    fn load(&self) -> Result<Catalog, Failure> {
        let mut catalog = Catalog::built_in()?;
        let mut errors = Vec::new();
        for folder in &self.folders {
            errors.extend(catalog.add_folder(folder).err().into_iter().flatten());
        }
        if errors.is_empty() { Ok(catalog) } else { Err(Failure::Catalog(errors)) }
    }
}
