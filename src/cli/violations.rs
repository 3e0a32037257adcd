//! `backproof violations`: what the ledger has recorded, as text, JSON and CSV.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

mod history;
mod list;
mod show;

use super::ledger::{self, Options, failed};
use super::{ExitStatus, Failure, output};
use crate::control::escape_controls;
use crate::ledger::{Filter, Id, Record, StandingFilter, Store, StoreError};
use crate::model::{AccountId, Region, Severity};

/// Reads what audits have recorded.
#[derive(Debug, clap::Args)]
pub(super) struct ViolationsArgs {
    /// Where audits record: a file, or dynamodb:TABLE with a table's name or ARN
    #[arg(long, value_name = "FILE|dynamodb:TABLE", global = true, default_value = "ledger.sqlite")]
    ledger: PathBuf,
    /// Profile of the shared AWS configuration, if the ledger is a table
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    #[command(subcommand)]
    command: ViolationsCommand,
}

#[derive(Debug, Subcommand)]
enum ViolationsCommand {
    /// List violations, the gravest first.
    ///
    /// --control, --account, --region, --resource and --severity may each be given more than once; then any of their
    /// values will do.
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// What to print
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Show everything that is recorded of one violation.
    Show {
        /// Its id, or as much of it as no other has
        id: String,
        /// What to print
        #[arg(long, value_enum, default_value = "text")]
        format: ShowFormat,
    },
    /// Show what happened to one violation, or to all, the newest last.
    History {
        /// Its id, or as much of it as no other has [default: all]
        id: Option<String>,
        /// From which evaluation time on
        #[arg(long, value_name = "RFC3339")]
        since: Option<Timestamp>,
        /// What to print
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table
    Text,
    /// A JSON array
    Json,
    /// CSV
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShowFormat {
    /// Lines
    Text,
    /// A JSON object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Violations still, undecided ones among them
    Open,
    /// Violations no more
    Resolved,
    /// Both
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SeverityArg {
    Critical,
    High,
    Medium,
    Low,
}

/// Which violations are wanted.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// The control's name
    #[arg(long = "control", value_name = "NAME")]
    controls: Vec<String>,
    /// The account's id
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<AccountId>,
    /// The Region's code
    #[arg(long = "region", value_name = "CODE")]
    regions: Vec<Region>,
    /// A part of the resource's ARN, id or name
    #[arg(long = "resource", value_name = "TEXT")]
    resources: Vec<String>,
    /// The severity
    #[arg(long = "severity", value_enum, value_name = "SEVERITY")]
    severities: Vec<SeverityArg>,
    /// Open or resolved
    #[arg(long, value_enum, default_value = "open")]
    state: State,
}

impl FilterArgs {
    fn filter(&self) -> Filter {
        let severity = |it: &SeverityArg| match it {
            SeverityArg::Critical => Severity::Critical,
            SeverityArg::High => Severity::High,
            SeverityArg::Medium => Severity::Medium,
            SeverityArg::Low => Severity::Low,
        };
        Filter {
            controls: self.controls.clone(),
            accounts: self.accounts.clone(),
            regions: self.regions.clone(),
            resources: self.resources.clone(),
            severities: self.severities.iter().map(severity).collect(),
            standing: match self.state {
                State::Open => StandingFilter::Open,
                State::Resolved => StandingFilter::Resolved,
                State::All => StandingFilter::All,
            },
        }
    }
}

pub(super) fn run(args: &ViolationsArgs, stdout: &mut dyn Write) -> Result<ExitStatus, Failure> {
    let path = &args.ledger;
    #[cfg(feature = "aws")]
    let options = Options { profile: args.profile.clone(), ..Options::default() };
    #[cfg(not(feature = "aws"))]
    let options = Options;
    let mut store = ledger::open(path, options)?;
    let text = match &args.command {
        ViolationsCommand::List { format, .. } | ViolationsCommand::History { format, .. } => {
            *format == Format::Text
        }
        ViolationsCommand::Show { format, .. } => *format == ShowFormat::Text,
    };
    let mut visible;
    // Text escapes what it tells; the other formats are whole, so a terminal is kept from them.
    let mut stdout: &mut dyn Write = stdout;
    if !text && io::stdout().is_terminal() {
        visible = output::Visible::new(stdout);
        stdout = &mut visible;
    }
    let told = match &args.command {
        ViolationsCommand::List { filter, format } => {
            list::write(&mut *store, &filter.filter(), *format, stdout)
        }
        ViolationsCommand::Show { id, format } => {
            let record = named(&mut *store, id).map_err(|it| it.failure(path))?;
            show::write(&mut *store, &record, *format, stdout)
        }
        ViolationsCommand::History { id, since, format } => {
            let record = id.as_ref().map(|it| named(&mut *store, it)).transpose();
            let record = record.map_err(|it| it.failure(path))?;
            history::write(&mut *store, record.as_ref(), *since, *format, stdout)
        }
    };
    told.map_err(|it| it.failure(path))?;
    stdout.flush()?;
    Ok(ExitStatus::Success)
}

/// Why something recorded could not be told.
enum Untold {
    Store(StoreError),
    Output(io::Error),
    Message(String),
}

impl Untold {
    fn failure(self, path: &std::path::Path) -> Failure {
        match self {
            Self::Store(error) => failed(path, &error),
            Self::Output(error) => Failure::Output(error),
            Self::Message(message) => Failure::Message(message),
        }
    }
}

impl From<StoreError> for Untold {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for Untold {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The most ids named where one is not enough.
const MAX_NAMED: usize = 5;

/// The one record whose id begins so.
fn named(store: &mut dyn Store, id: &str) -> Result<Record, Untold> {
    let prefix = id.to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(|it| it.is_ascii_hexdigit()) {
        let id: String = id.chars().take(64).collect();
        let expected = "expected hexadecimal digits, such as `violations list` shows";
        return Err(Untold::Message(format!("`{}` is not an id; {expected}", escape_controls(&id))));
    }
    let mut found = store.named(&prefix, MAX_NAMED + 1)?;
    match (found.pop(), found.as_slice()) {
        (Some(record), []) => Ok(record),
        (None, _) => Err(Untold::Message(format!(
            "no violation has an id that begins with `{prefix}`; `violations list --state all` shows them"
        ))),
        (Some(last), others) => {
            let ids = others.iter().chain([&last]).take(MAX_NAMED).map(|it| it.key.id());
            // As many digits as tell them apart are more than are shown otherwise.
            let digits = Id::SHORT.max(prefix.len() + 4);
            let ids: Vec<String> =
                ids.map(|it| format!("`{}`", it.as_str().get(..digits).unwrap_or(it.as_str()))).collect();
            Err(Untold::Message(format!(
                "several violations have an id that begins with `{prefix}`: {}; give more digits",
                ids.join(", ")
            )))
        }
    }
}

/// Hands out what a store has, until writing fails.
fn each<T>(
    mut write: impl FnMut(T) -> io::Result<()>,
    hand_out: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> Result<(), StoreError>,
) -> Result<(), Untold> {
    let mut written = Ok(());
    hand_out(&mut |it| {
        written = write(it);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(written?)
}

/// Writes the items of a JSON array, one a line.
struct JsonArray<'o> {
    output: &'o mut dyn Write,
    any: bool,
}

impl<'o> JsonArray<'o> {
    fn new(output: &'o mut dyn Write) -> io::Result<Self> {
        output.write_all(b"[")?;
        Ok(Self { output, any: false })
    }

    fn write(&mut self, item: &impl serde::Serialize) -> io::Result<()> {
        self.output.write_all(if self.any { b",\n" } else { b"\n" })?;
        self.any = true;
        Ok(serde_json::to_writer(&mut *self.output, item)?)
    }

    fn finish(self) -> io::Result<()> {
        self.output.write_all(b"\n]\n")
    }
}
