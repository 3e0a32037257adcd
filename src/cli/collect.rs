//! `backproof collect`, and the collecting of `audit --live`: which accounts and Regions, and what is told of it.
//!
//! What is asked is `collect::question`'s, how it is recorded is `collect::journal`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{ControlsArgs, ExitStatus, Failure, audit};
use crate::aws::{Assumed, Options, Session};
use crate::collect::journal::{self, Chain, Ended, FileRecord, Journal, UNFINISHED};
use crate::collect::manifest::{Manifest, Skipped};
use crate::collect::matrix::Matrix;
use crate::collect::question::{
    ACCOUNT, ENABLED_REGION, MANAGEMENT_ACCOUNT, OTHER_REGION, QUESTIONS, Question, SUSPENDED_ACCOUNT, Scope,
    needed_by,
};
use crate::collect::unit::{self, Collected, Found, Settings};
use crate::control::escape_controls;
use crate::inventory::{CallError, Calls, Operation};
use crate::model::{AccountId, Place, Region};

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
    let asked = Asked::of(&args.live, only)?;
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

/// Which accounts are asked.
#[derive(Clone, Debug)]
enum Accounts {
    Own,
    All,
    These(Vec<AccountId>),
    Under(Vec<String>),
}

/// Which Regions are asked in each account.
#[derive(Clone, Debug)]
enum Regions {
    OfSession,
    Enabled,
    All,
    These(BTreeSet<Region>),
}

/// What is asked, of whom.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    accounts: Accounts,
    regions: Regions,
    role: Option<String>,
    only: Option<BTreeSet<&'static str>>,
}

impl Asked {
    pub(super) fn of(live: &LiveArgs, only: Option<BTreeSet<&'static str>>) -> Result<Self, Failure> {
        let accounts = match live.accounts.as_deref() {
            Some(_) if !live.ou.is_empty() => {
                return Err(message("--accounts and --ou: give one of them"));
            }
            Some("all") => Accounts::All,
            Some(ids) => Accounts::These(list(ids, "--accounts")?),
            None if live.ou.is_empty() => Accounts::Own,
            None => Accounts::Under(live.ou.clone()),
        };
        let regions = match live.regions.as_deref() {
            None => Regions::OfSession,
            Some("all") => Regions::All,
            Some("enabled") => Regions::Enabled,
            Some(codes) => Regions::These(list(codes, "--regions")?.into_iter().collect()),
        };
        if let Regions::These(codes) = &regions
            && codes.iter().any(Region::is_global)
        {
            return Err(message("--regions: `global` is no Region; what is not regional is always asked"));
        }
        let mut only = only;
        if let Some(only) = &mut only
            && matches!(regions, Regions::All | Regions::Enabled)
        {
            only.insert(DESCRIBE_REGIONS);
        }
        if let Some(only) = &mut only {
            match accounts {
                Accounts::Own | Accounts::These(_) => {}
                Accounts::All => _ = only.insert("organizations.list-accounts"),
                Accounts::Under(_) => only.extend(TREE),
            }
        }
        Ok(Self { accounts, regions, role: live.assume_role.clone(), only })
    }

    fn questions(&self) -> impl Iterator<Item = &'static Question> {
        QUESTIONS.iter().filter(|it| self.only.as_ref().is_none_or(|only| only.contains(it.name)))
    }

    /// The IAM policy that allows all of it and nothing else.
    fn policy(&self) -> serde_json::Value {
        let actions: BTreeSet<&str> = self.questions().flat_map(Question::actions).collect();
        let mut statements =
            vec![serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })];
        if let Some(role) = &self.role {
            let resource = format!("arn:*:iam::*:role/{role}");
            statements.push(
                serde_json::json!({ "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": resource }),
            );
        }
        serde_json::json!({ "Version": "2012-10-17", "Statement": statements })
    }

    fn describe(&self, output: &mut dyn Write) -> io::Result<()> {
        for (scope, heading) in [
            (Scope::Organization, "once, if the credentials' account manages an organization"),
            (Scope::Account, "once in every account"),
            (Scope::Region, "in every Region of every account"),
        ] {
            writeln!(output, "{heading}:")?;
            for question in self.questions().filter(|it| it.scope == scope) {
                match question.of {
                    [] => writeln!(output, "  {}", question.name)?,
                    of => {
                        writeln!(output, "  {} for each that is named by {}", question.name, of.join(", "))?
                    }
                }
            }
        }
        Ok(())
    }
}

const DESCRIBE_REGIONS: &str = "ec2.describe-regions";
const ACCOUNTS_OF_UNIT: &str = "organizations.list-accounts-for-parent";
const UNITS_OF_UNIT: &str = "organizations.list-organizational-units-for-parent";
/// What says which accounts are in which units.
const TREE: [&str; 3] = ["organizations.list-roots", ACCOUNTS_OF_UNIT, UNITS_OF_UNIT];

fn message(text: &str) -> Failure {
    Failure::Message(text.to_owned())
}

fn list<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, option: &str) -> Result<Vec<T>, Failure> {
    let parsed = text.split(',').map(|it| it.trim().parse());
    parsed.collect::<Result<_, _>>().map_err(|error| Failure::Message(format!("{option}: {error}")))
}

/// What a collection began with: going on with it asks the same of the same, in the same window of jobs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beginning {
    started_at: Timestamp,
    since: Date,
    /// Who and what is asked.
    asked: String,
}

/// The folder of a collection, held by this process alone.
struct Folder {
    beginning: Beginning,
    _lock: File,
}

impl Folder {
    fn open(root: &Path, live: &LiveArgs, asked: &Asked) -> Result<Self, Failure> {
        let asked = format!("{asked:?}, {} days", live.job_days);
        let cannot =
            |error: io::Error| Failure::Message(format!("`{}` cannot be written: {error}", root.display()));
        let unfinished = root.join(UNFINISHED);
        let begun = unfinished.is_dir() || root.join(crate::collect::manifest::MANIFEST).is_file();
        let empty = fs::read_dir(root).is_ok_and(|mut it| it.next().is_none());
        if root.exists() && !empty && !(live.resume && begun) {
            let advice = match (live.resume, begun) {
                (true, _) => "holds no collection to go on with; give a folder that is new or empty",
                (false, true) => "holds a collection; go on with it with --resume, or give another folder",
                (false, false) => "is not empty; give a folder that is new or empty",
            };
            return Err(Failure::Message(format!("`{}` {advice}", root.display())));
        }
        fs::create_dir_all(&unfinished).map_err(cannot)?;
        let lock = File::create(unfinished.join("lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("`{}` is being collected by another process", root.display());
                return Err(Failure::Message(text));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let file = unfinished.join("beginning.json");
        let beginning = match fs::read(&file) {
            Ok(text) => serde_json::from_slice::<Beginning>(&text).map_err(|error| {
                let text =
                    format!("`{}` cannot be read, so the collection cannot go on: {error}", file.display());
                Failure::Message(text)
            })?,
            Err(_) => Beginning::now(live.job_days, asked.clone()).write(&file).map_err(cannot)?,
        };
        if beginning.asked != asked {
            let text = format!(
                "`{}` was begun with other accounts, Regions, role, --only-needed or --job-days; give the same, or another folder",
                root.display()
            );
            return Err(Failure::Message(text));
        }
        Ok(Self { beginning, _lock: lock })
    }
}

impl Beginning {
    fn now(job_days: u16, asked: String) -> Self {
        let started_at = Timestamp::now();
        let today = started_at.to_zoned(TimeZone::UTC).date();
        Self { started_at, since: today.saturating_sub(i64::from(job_days).days()), asked }
    }

    /// Writes it whole or not at all.
    fn write(self, file: &Path) -> io::Result<Self> {
        let part = file.with_extension("part");
        let mut output = File::create(&part)?;
        serde_json::to_writer(&mut output, &self)?;
        output.sync_all()?;
        fs::rename(&part, file)?;
        Ok(self)
    }
}

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
    let options =
        Options { profile: live.profile.clone(), region: None, endpoint_url: live.endpoint_url.clone() };
    let session = runtime.block_on(Session::open(&options));
    let session = session.map_err(|error| Failure::Message(error.to_string()))?;
    if matches!(asked.regions, Regions::OfSession) && session.region().is_none() {
        return Err(message(
            "no Region to ask: set AWS_REGION to a code such as eu-west-1, or give --regions",
        ));
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
    };
    let collection = Collection {
        session: Arc::new(session),
        settings: Arc::new(settings),
        asked: Arc::new(asked),
        external_id: live.external_id.clone(),
        units: Arc::new(Semaphore::new(UNITS_AT_ONCE)),
        bar: bar.clone(),
    };
    let result = runtime.block_on(collection.run(&folder.beginning));
    let result = result.map_err(|failure| match failure {
        Failure::Output(error) => {
            Failure::Message(format!("`{}` cannot be written: {error}", root.display()))
        }
        other => other,
    });
    bar.finish_and_clear();
    let (matrix, manifest) = result?;
    close(root, &manifest)
        .map_err(|error| Failure::Message(format!("`{}` cannot be written: {error}", root.display())))?;
    // Whoever reads may have gone; what was seen is what counts.
    let _ = tell(&matrix, &manifest, root, stderr);
    Ok(manifest)
}

/// Leaves in the inventory what this collection is made of, and nothing that an earlier run of it wrote beside.
fn close(root: &Path, manifest: &Manifest) -> io::Result<()> {
    let before = Manifest::read(root).ok().flatten();
    let earlier = before.into_iter().flat_map(|it| it.files).map(|it| it.path);
    let now: BTreeSet<&str> = manifest.files.iter().map(|it| it.path.as_str()).collect();
    for path in earlier.chain(journal::begun(root)?).filter(|it| !now.contains(it.as_str())) {
        match fs::remove_file(root.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    manifest.write(root)?;
    if manifest.complete { fs::remove_dir_all(root.join(UNFINISHED)) } else { Ok(()) }
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

/// Calls at once in an account and Region.
const AT_ONCE: usize = 8;
/// Accounts and Regions at once.
const UNITS_AT_ONCE: usize = 4;

#[derive(Clone)]
struct Collection {
    session: Arc<Session>,
    settings: Arc<Settings>,
    asked: Arc<Asked>,
    external_id: Option<String>,
    units: Arc<Semaphore>,
    bar: ProgressBar,
}

/// What of an account or of all was collected.
#[derive(Default)]
struct Gathered {
    matrix: Matrix,
    files: Vec<FileRecord>,
}

impl Gathered {
    fn add(&mut self, matrix: Matrix, files: Vec<FileRecord>) {
        self.matrix.join(matrix);
        self.files.extend(files);
    }
}

impl Collection {
    async fn run(self, beginning: &Beginning) -> Result<(Matrix, Manifest), Failure> {
        let own = self.session.own();
        let account = self.session.identity().account;
        let first = self.unit(&own, global(account), &[Scope::Account]).await?;
        let found = first.found.clone();
        let manages = found.iter().any(|it| it.name == MANAGEMENT_ACCOUNT && it.value == account.to_string());
        let mut gathered = Gathered::default();
        let mut tree = Vec::new();
        if manages || matches!(self.asked.accounts, Accounts::All | Accounts::Under(_)) {
            let mut organization = self.unit(&own, global(account), &[Scope::Organization]).await?;
            tree = std::mem::take(&mut organization.found);
            gathered.add(organization.matrix, organization.files);
        }
        gathered.add(first.matrix.clone(), first.files.clone());
        let (accounts, skipped) = self.accounts(account, &tree)?;
        let own_regions = self.regions(&found);
        if own_regions.is_empty() {
            gathered.matrix.join(without_regions(account));
        }
        let mut running = JoinSet::new();
        for other in accounts {
            let (collection, own_regions) = (self.clone(), own_regions.clone());
            let first = (other == account).then(|| own.clone());
            running.spawn(async move { collection.account(other, first, own_regions).await });
        }
        while let Some(ended) = running.join_next().await {
            let account = ended.map_err(io::Error::other)??;
            gathered.add(account.matrix, account.files);
        }
        gathered.files.sort_by(|a, b| a.path.cmp(&b.path));
        let unnamed: Vec<String> = gathered.matrix.unseen(&self.naming()).collect();
        let complete = gathered.matrix.is_complete() && unnamed.is_empty();
        let manifest = Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            caller: self.session.identity().arn.clone(),
            started_at: beginning.started_at.to_string(),
            ended_at: Timestamp::now().to_string(),
            complete,
            unnamed,
            skipped,
            calls: self.session.counts().calls(),
            files: gathered.files,
        };
        Ok((gathered.matrix, manifest))
    }

    /// The operations whose answers say which accounts and Regions there are.
    fn naming(&self) -> Vec<&'static str> {
        let mut names = match self.asked.accounts {
            Accounts::Own | Accounts::These(_) => Vec::new(),
            Accounts::All => vec!["organizations.list-accounts"],
            Accounts::Under(_) => TREE.to_vec(),
        };
        if matches!(self.asked.regions, Regions::Enabled | Regions::All) {
            names.push(DESCRIBE_REGIONS);
        }
        names
    }

    /// The accounts to ask, and those that are left out.
    fn accounts(
        &self,
        own: AccountId,
        tree: &[Found],
    ) -> Result<(BTreeSet<AccountId>, Vec<Skipped>), Failure> {
        let within: Box<dyn Fn(&Found) -> bool> = match &self.asked.accounts {
            Accounts::Own => return Ok((BTreeSet::from([own]), Vec::new())),
            Accounts::These(ids) => return Ok((ids.iter().copied().collect(), Vec::new())),
            Accounts::All => Box::new(|it| it.operation == "organizations.list-accounts"),
            Accounts::Under(units) => {
                let units = units_under(units, tree)?;
                Box::new(move |it| it.operation == ACCOUNTS_OF_UNIT && units.contains(&it.of))
            }
        };
        let named = |what: &str| -> BTreeSet<AccountId> {
            let found = tree.iter().filter(|it| within(it) && it.name == what);
            found.filter_map(|it| it.value.parse().ok()).collect()
        };
        let accounts = named(ACCOUNT);
        if accounts.is_empty() {
            return Err(message(
                "Organizations named no account to ask; --accounts all and --ou need credentials of the management account or of a delegated administrator that may call organizations:ListAccounts and the calls of --dry-run",
            ));
        }
        let why = "Organizations says that it is suspended or closed";
        let skipped = |it: AccountId| Skipped { account: it.to_string(), why: why.to_owned() };
        Ok((accounts, named(SUSPENDED_ACCOUNT).into_iter().map(skipped).collect()))
    }

    /// The Regions to ask in an account, from what it says of them.
    fn regions(&self, found: &[Found]) -> BTreeSet<Region> {
        let session = self.session.region();
        let named = |names: &[&str]| -> BTreeSet<Region> {
            let found = found.iter().filter(|it| names.contains(&it.name.as_str()));
            found.filter_map(|it| it.value.parse().ok()).collect()
        };
        match &self.asked.regions {
            Regions::These(regions) => regions.clone(),
            Regions::OfSession => session.into_iter().collect(),
            Regions::Enabled => named(&[ENABLED_REGION]),
            Regions::All => named(&[ENABLED_REGION, OTHER_REGION]),
        }
    }

    /// One account: its role, what is not regional, and its Regions at once.
    async fn account(
        self,
        account: AccountId,
        own: Option<Assumed>,
        own_regions: BTreeSet<Region>,
    ) -> io::Result<Gathered> {
        let mut gathered = Gathered::default();
        let (assumed, regions) = match own {
            Some(own) => (own, own_regions),
            None => match self.assume(account).await {
                Err(error) => return self.locked_out(account, &own_regions, &error),
                Ok(assumed) => {
                    let first = self.unit(&assumed, global(account), &[Scope::Account]).await?;
                    let regions = self.regions(&first.found);
                    gathered.add(first.matrix, first.files);
                    // An account that does not say which Regions it may use is asked in those that the first one may.
                    if regions.is_empty() {
                        gathered.matrix.join(without_regions(account));
                        (assumed, own_regions)
                    } else {
                        (assumed, regions)
                    }
                }
            },
        };
        let mut running = JoinSet::new();
        for region in regions {
            let (collection, assumed) = (self.clone(), assumed.clone());
            let place = Place { account, region };
            running.spawn(async move { collection.unit(&assumed, place, &[Scope::Region]).await });
        }
        while let Some(ended) = running.join_next().await {
            let unit = ended.map_err(io::Error::other)??;
            gathered.add(unit.matrix, unit.files);
        }
        Ok(gathered)
    }

    async fn unit(&self, assumed: &Assumed, place: Place, scopes: &'static [Scope]) -> io::Result<Collected> {
        let _permit = self.units.acquire().await.map_err(io::Error::other)?;
        self.bar.set_message(format!("asking {place}"));
        let clients = self.session.clients(assumed, &place.region);
        unit::collect(Arc::new(clients), place, scopes, Arc::clone(&self.settings)).await
    }

    async fn assume(&self, account: AccountId) -> Result<Assumed, CallError> {
        match &self.asked.role {
            Some(role) => self.session.assume(account, role, self.external_id.as_deref()).await,
            None => Err(CallError {
                code: "NoRole".to_owned(),
                message: "the credentials are another account's; give --assume-role".to_owned(),
            }),
        }
    }

    /// Records in each Region that the role could not be assumed, which stands for every call there.
    fn locked_out(
        &self,
        account: AccountId,
        regions: &BTreeSet<Region>,
        error: &CallError,
    ) -> io::Result<Gathered> {
        let mut gathered = Gathered::default();
        let Some(operation) = Operation::named("sts.assume-role") else {
            return Ok(gathered);
        };
        let role = self.asked.role.as_deref().map(|it| self.session.role_arn(account, it));
        let role = role.unwrap_or_default();
        let call = serde_json::json!({ "request": { "RoleArn": role }, "error": error }).to_string();
        for region in regions.iter().cloned().chain([Region::global()]) {
            let place = Place { account, region };
            let mut journal = Journal::open(&self.settings.root, &place, operation)?;
            journal.record(&role, 0, &call)?;
            journal.end(&role, Chain { ended: Ended::Refused(error.code.clone()), found: Vec::new() })?;
            if let Some((file, chains)) = journal.finish(|of| of == role)? {
                let mut matrix = Matrix::default();
                matrix.add(&place, operation.name, chains.values());
                gathered.add(matrix, vec![file]);
            }
        }
        Ok(gathered)
    }
}

/// That an account named no Region to ask.
fn without_regions(account: AccountId) -> Matrix {
    let ended = Ended::CutOff("it named no Region".to_owned());
    let mut matrix = Matrix::default();
    matrix.add(&global(account), DESCRIBE_REGIONS, [&Chain { ended, found: Vec::new() }]);
    matrix
}

fn global(account: AccountId) -> Place {
    Place { account, region: Region::global() }
}

/// These units and all that are in them; an id that the organization does not have is an error.
fn units_under(wanted: &[String], tree: &[Found]) -> Result<BTreeSet<String>, Failure> {
    let units: Vec<&Found> = tree.iter().filter(|it| it.name == "ParentId").collect();
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unit in units.iter().filter(|it| it.operation == UNITS_OF_UNIT) {
        children.entry(&unit.of).or_default().push(&unit.value);
    }
    let mut within = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for id in wanted {
        if !units.iter().any(|it| it.value == *id) {
            let text = format!("--ou: Organizations names no root or unit `{id}`");
            return Err(Failure::Message(text));
        }
        open.push(id);
    }
    while let Some(id) = open.pop() {
        if within.insert(id.to_owned()) {
            open.extend(children.get(id).into_iter().flatten());
        }
    }
    Ok(within)
}
