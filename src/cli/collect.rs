//! `backproof collect`, and the collecting of `audit --live`: which accounts and Regions, and what is told of it.
//!
//! What is asked is `collect::question`'s, how it is recorded is `collect::journal`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::sync::Semaphore;

mod folder;

use folder::{Folder, close};

use super::{ControlsArgs, ExitStatus, Failure, audit};
use crate::aws::{Options, Session};
use crate::collect::journal::UNFINISHED;
use crate::collect::manifest::Manifest;
use crate::collect::matrix::Matrix;
use crate::collect::question::needed_by;
use crate::collect::unit::Settings;
use crate::control::escape_controls;
use crate::inventory::Calls;
use crate::survey::{Accounts, Asked, Regions, Survey, SurveyError};

/// What AWS is asked, of whom, and how.
#[derive(Debug, clap::Args)]
pub(super) struct LiveArgs {
    /// Accounts to ask: `all` of the organization, or ids joined by commas [default: the credentials' own]
    #[arg(long, value_name = "all|ID,…", help_heading = "Asking AWS")]
    accounts: Option<String>,

    /// Organizational units or roots whose accounts to ask, with the units in them; ids joined by commas
    #[arg(long, value_name = "ID,…", value_delimiter = ',', help_heading = "Asking AWS")]
    ou: Vec<String>,

    /// Regions to ask: codes joined by commas, those `enabled` in each account, or `all`
    /// [default: the Region of the environment or profile]
    #[arg(long, value_name = "REGION,…|enabled|all", help_heading = "Asking AWS")]
    regions: Option<String>,

    /// Name of the role to assume in every account but the credentials' own
    #[arg(long, value_name = "NAME", help_heading = "Asking AWS")]
    assume_role: Option<String>,

    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", requires = "assume_role", help_heading = "Asking AWS")]
    external_id: Option<String>,

    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME", help_heading = "Asking AWS")]
    profile: Option<String>,

    /// Ask this address in place of AWS
    #[arg(long, value_name = "URL", help_heading = "Asking AWS")]
    endpoint_url: Option<String>,

    /// Ask only what the chosen frameworks read
    #[arg(long, help_heading = "Asking AWS")]
    only_needed: bool,

    /// Jobs created in so many days up to today
    #[arg(long, value_name = "DAYS", default_value_t = 31, value_parser = clap::value_parser!(u16).range(1..=3650), help_heading = "Asking AWS")]
    job_days: u16,

    /// Calls a second, at most, for each service in an account and Region
    #[arg(long, value_name = "CALLS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Asking AWS")]
    rate: u32,

    /// Go on with the collection in this folder: ask only what it lacks, or what AWS refused
    #[arg(long, help_heading = "Asking AWS")]
    resume: bool,
}

/// Arguments of `backproof collect`.
#[derive(Debug, clap::Args)]
pub(super) struct CollectArgs {
    /// The folder to record into: new, empty, or with --resume one that was begun
    #[arg(value_name = "INVENTORY", required_unless_present = "dry_run")]
    inventory: Option<PathBuf>,

    /// A framework by name or file, for --only-needed; may be given more than once
    #[arg(long = "framework", value_name = "NAME|FILE")]
    frameworks: Vec<String>,

    #[command(flatten)]
    controls: ControlsArgs,

    #[command(flatten)]
    live: LiveArgs,

    /// Ask nothing: print the IAM policy that is needed on stdout, and what would be asked on stderr
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(
    args: &CollectArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let only = needed(&args.live, &args.controls, &args.frameworks)?;
    let asked = args.live.asked(only)?;
    let Some(inventory) = args.inventory.as_ref().filter(|_| !args.dry_run) else {
        asked.describe(stderr)?;
        serde_json::to_writer_pretty(&mut *stdout, &asked.policy()).map_err(io::Error::from)?;
        writeln!(stdout)?;
        return Ok(ExitStatus::Success);
    };
    let manifest = collect(&args.live, asked, inventory, stderr)?;
    if !manifest.complete {
        let _ = writeln!(stderr, "not everything was seen; mend it and go on with --resume");
    }
    // Whoever reads may have gone; what was seen is what counts.
    let _ = writeln!(stdout, "{}", inventory.display());
    Ok(if manifest.complete { ExitStatus::Success } else { ExitStatus::Undecided })
}

impl LiveArgs {
    /// What is asked, of whom.
    pub(super) fn asked(&self, only: Option<BTreeSet<&'static str>>) -> Result<Asked, Failure> {
        let said = |option: &str, error| Failure::Message(format!("{option}: {error}"));
        if self.accounts.is_some() && !self.ou.is_empty() {
            return Err(Failure::Message("--accounts and --ou: give one of them".to_owned()));
        }
        let accounts = Accounts::parse(self.accounts.as_deref(), &self.ou);
        let accounts = accounts.map_err(|error| said("--accounts", error))?;
        let regions = Regions::parse(self.regions.as_deref()).map_err(|error| said("--regions", error))?;
        Ok(Asked::new(accounts, regions, self.assume_role.clone(), only))
    }

    /// What overrides the environment.
    pub(super) fn options(&self) -> Options {
        Options { profile: self.profile.clone(), region: None, endpoint_url: self.endpoint_url.clone() }
    }

    /// Options that mean nothing unless AWS is asked, as far as they were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let given = [
            (self.accounts.is_some(), "--accounts"),
            (!self.ou.is_empty(), "--ou"),
            (self.regions.is_some(), "--regions"),
            (self.assume_role.is_some(), "--assume-role"),
            (self.profile.is_some(), "--profile"),
            (self.endpoint_url.is_some(), "--endpoint-url"),
            (self.only_needed, "--only-needed"),
            (self.resume, "--resume"),
        ];
        given.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect()
    }
}

/// The operations that the chosen frameworks read; `None` for all there are.
pub(super) fn needed(
    live: &LiveArgs,
    controls: &ControlsArgs,
    frameworks: &[String],
) -> Result<Option<BTreeSet<&'static str>>, Failure> {
    if !live.only_needed {
        return Ok(None);
    }
    let catalog = controls.load()?;
    let frameworks = audit::frameworks(&catalog, frameworks)?;
    Ok(Some(needed_by(&frameworks, &catalog.vocabulary)))
}

/// Calls at once in an account and Region.
const AT_ONCE: usize = 8;
/// Accounts and Regions at once.
const UNITS_AT_ONCE: usize = 4;

/// Collects into a folder and tells what was and was not seen.
pub(super) fn collect(
    live: &LiveArgs,
    asked: Asked,
    root: &Path,
    stderr: &mut dyn Write,
) -> Result<Manifest, Failure> {
    if live.resume
        && !root.join(UNFINISHED).exists()
        && let Ok(Some(manifest)) = Manifest::read(root)
    {
        let _ = writeln!(stderr, "{} is complete, nothing is asked", root.display());
        return Ok(manifest);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let session = runtime.block_on(Session::open(&live.options()));
    let session = session.map_err(|error| Failure::Message(error.to_string()))?;
    if matches!(asked.regions, Regions::OfSession) && session.region().is_none() {
        let text = "no Region to ask: set AWS_REGION to a code such as eu-west-1, or give --regions";
        return Err(Failure::Message(text.to_owned()));
    }
    let folder = Folder::open(root, live, &asked)?;
    let bar = if io::stderr().is_terminal() {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
    } else {
        ProgressBar::hidden()
    };
    bar.enable_steady_tick(Duration::from_millis(200));
    let settings = Settings {
        root: root.to_owned(),
        only: asked.only.clone(),
        since: folder.beginning.since,
        per_second: live.rate,
        at_once: AT_ONCE,
        until: None,
        focus: BTreeMap::new(),
    };
    let telling = bar.clone();
    let survey = Survey {
        session: Arc::new(session),
        settings: Arc::new(settings),
        asked: Arc::new(asked),
        external_id: live.external_id.clone(),
        units: Arc::new(Semaphore::new(UNITS_AT_ONCE)),
        progress: Arc::new(move |place| telling.set_message(format!("asking {place}"))),
    };
    let result = runtime.block_on(survey.run(folder.beginning.started_at));
    let result = result.map_err(|error| match error {
        SurveyError::Disk(error) => {
            Failure::Message(format!("`{}` cannot be written: {error}", root.display()))
        }
        SurveyError::NoUnit(_) => Failure::Message(format!("--ou: {error}")),
        SurveyError::NoAccounts => Failure::Message(error.to_string()),
    });
    bar.finish_and_clear();
    let (matrix, manifest) = result?;
    close(root, &manifest)
        .map_err(|error| Failure::Message(format!("`{}` cannot be written: {error}", root.display())))?;
    // Whoever reads may have gone; what was seen is what counts.
    let _ = tell(&matrix, &manifest, root, stderr);
    Ok(manifest)
}

fn tell(matrix: &Matrix, manifest: &Manifest, root: &Path, stderr: &mut dyn Write) -> io::Result<()> {
    matrix.write(stderr)?;
    for skipped in &manifest.skipped {
        writeln!(stderr, "{}  left out: {}", skipped.account, escape_controls(&skipped.why))?;
    }
    for call in &manifest.unnamed {
        writeln!(stderr, "accounts or Regions may be missing: {call} did not name them all")?;
    }
    let Calls { calls, retries, bytes } = manifest.calls;
    let (files, root) = (manifest.files.len(), root.display());
    writeln!(stderr, "{calls} calls, {retries} retries, {bytes} bytes; {files} files in {root}")
}
