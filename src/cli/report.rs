//! `backproof report`: what runs on AWS have published, for whoever audits them.
//!
//! Reads one bucket and changes nothing in it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod get;
mod run_id;

use super::{ExitStatus, Failure};
use crate::aws::{ObjectError, Objects, Options, Session};
use crate::model::{Answer, Region};
use run_id::RunId;

/// What runs on AWS have published.
#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// List runs, the newest first
    List {
        #[command(flatten)]
        from: BucketArgs,
        /// Only runs that began then or later
        #[arg(long, value_name = "RFC3339")]
        since: Option<Timestamp>,
        /// Read the totals of each run too
        #[arg(long)]
        totals: bool,
        /// What to print
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Download the reports of a run, and check that they are what was published
    Get {
        /// The run's id, or `latest`
        run: String,
        /// The folder to write into
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        from: BucketArgs,
        /// Fetch what was collected too, into DIR/inventory, so that it can be judged again
        #[arg(long)]
        inventory: bool,
    },
    /// Print a link with which anybody can read one report for some time
    Link {
        /// The run's id, or `latest`
        run: String,
        /// The report's key, or the end of it: summary.json, or BACKUP_JOB_REPORT….csv
        report: String,
        #[command(flatten)]
        from: BucketArgs,
        /// For how long: 15m, 1h, 7d at most
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = expiry)]
        expires: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table
    Text,
    /// A JSON array
    Json,
}

/// Where runs publish.
#[derive(Debug, clap::Args)]
pub(super) struct BucketArgs {
    /// The bucket that runs publish into
    #[arg(long, value_name = "NAME")]
    bucket: String,
    /// The bucket's Region [default: that of the environment or profile]
    #[arg(long, value_name = "CODE")]
    region: Option<Region>,
    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Ask this address in place of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// The longest that S3 lets a link live (Amazon S3 User Guide, "Download and upload objects with presigned URLs").
const MAX_EXPIRY: Duration = Duration::from_secs(7 * 24 * 3_600);

fn expiry(text: &str) -> Result<Duration, String> {
    let refuse = || "expected a time such as `15m`, `1h` or `2d`, seven days at most".to_owned();
    let end = text.len().checked_sub(1).ok_or_else(refuse)?;
    let (number, unit) = text.split_at_checked(end).ok_or_else(refuse)?;
    let number: u64 = number.parse().map_err(|_| refuse())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(refuse()),
    };
    let expiry = number.checked_mul(seconds).map(Duration::from_secs);
    expiry.filter(|it| !it.is_zero() && *it <= MAX_EXPIRY).ok_or_else(refuse)
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        Self::Message(error.to_string())
    }
}

/// The longest small file read: a summary, a manifest.
const MAX_SMALL_BYTES: u64 = 64 << 20;

/// A bucket of published runs.
struct Runs {
    objects: Objects,
}

pub(super) fn run(
    command: &ReportCommand,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            ReportCommand::List { from, since, totals, format } => {
                let runs = Runs::open(from).await?;
                let listed = runs.list(*since, *totals).await?;
                write_list(&listed, *format, stdout)?;
                if listed.is_empty() {
                    writeln!(stderr, "bucket `{}` has no such runs", runs.objects.bucket())?;
                }
                Ok(ExitStatus::Success)
            }
            ReportCommand::Get { run, folder, from, inventory } => {
                let runs = Runs::open(from).await?;
                let run = runs.resolve(run).await?;
                get::get(&runs, &run, folder, *inventory, stdout, stderr).await
            }
            ReportCommand::Link { run, report, from, expires } => {
                let runs = Runs::open(from).await?;
                let run = runs.resolve(run).await?;
                let key = runs.find(&run, report).await?;
                writeln!(stdout, "{}", runs.objects.link(&key, *expires).await?)?;
                Ok(ExitStatus::Success)
            }
        }
    })
}

/// A run as it is listed.
#[derive(Debug, Serialize)]
struct ListedRun {
    run: String,
    #[serde(rename = "startedAt")]
    started_at: Timestamp,
    /// Its totals by answer; `null` where it has no summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Option<TotalsOfRun>>,
}

/// How many findings of each answer a run has.
type TotalsOfRun = BTreeMap<Answer, u64>;

impl Runs {
    async fn open(from: &BucketArgs) -> Result<Self, Failure> {
        let region = from.region.as_ref().map(ToString::to_string);
        let options =
            Options { profile: from.profile.clone(), region, endpoint_url: from.endpoint_url.clone() };
        let session = Session::open(&options).await;
        let session = session.map_err(|error| Failure::Message(error.to_string()))?;
        Ok(Self { objects: Objects::new(&session, from.region.as_ref(), &from.bucket) })
    }

    async fn small(&self, key: &str) -> Result<Vec<u8>, ObjectError> {
        let mut bytes = Vec::new();
        self.objects.read(key, MAX_SMALL_BYTES, &mut bytes).await?;
        Ok(bytes)
    }

    async fn list(&self, since: Option<Timestamp>, totals: bool) -> Result<Vec<ListedRun>, Failure> {
        let mut ids: Vec<RunId> =
            self.objects.folders("runs/").await?.iter().filter_map(|it| it.parse().ok()).collect();
        ids.retain(|it| since.is_none_or(|since| it.started_at() >= since));
        ids.sort_by(|a, b| b.cmp(a));
        let mut listed = Vec::new();
        for id in ids {
            let totals = if totals { Some(self.totals(&id).await?) } else { None };
            listed.push(ListedRun { run: id.to_string(), started_at: id.started_at(), totals });
        }
        Ok(listed)
    }

    /// The totals of a run, if it has published any that can be read.
    async fn totals(&self, id: &RunId) -> Result<Option<TotalsOfRun>, Failure> {
        #[derive(Deserialize)]
        struct Summary {
            totals: TotalsOfRun,
        }
        match self.small(&format!("runs/{id}/summary.json")).await {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok().map(|it: Summary| it.totals)),
            Err(ObjectError::NotThere { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The run with this id, or the one that was published last.
    async fn resolve(&self, run: &str) -> Result<RunId, Failure> {
        let bucket = self.objects.bucket();
        if run != "latest" {
            return run.parse().map_err(|error: run_id::RunIdError| {
                Failure::Message(format!("{error}; `backproof report list --bucket {bucket}` lists them"))
            });
        }
        let bytes = match self.small("latest.json").await {
            Err(ObjectError::NotThere { .. }) => {
                let message = "has no `latest.json`, so no run has been published there yet";
                return Err(Failure::Message(format!("bucket `{bucket}` {message}")));
            }
            other => other?,
        };
        let latest: Option<Value> = serde_json::from_slice(&bytes).ok();
        let id = latest.as_ref().and_then(|it| it.get("run")?.as_str()?.parse().ok());
        id.ok_or_else(|| Failure::Message(format!("`latest.json` in bucket `{bucket}` names no run")))
    }

    /// The key of a run's report by its key, or by the end of it.
    async fn find(&self, run: &RunId, wanted: &str) -> Result<String, Failure> {
        let (manifest, _) = get::manifest(self, run).await?;
        let mut keys: Vec<String> = Vec::new();
        for report in &manifest.reports {
            keys.push(get::published(run, &report.key)?.key);
        }
        keys.push(format!("runs/{run}/manifest.json"));
        let ends =
            |key: &&String| **key == wanted || key.strip_suffix(wanted).is_some_and(|it| it.ends_with('/'));
        let begins = |key: &&String| {
            let name = key.rsplit('/').next().unwrap_or_default();
            wanted.split_once('…').is_some_and(|(start, end)| name.starts_with(start) && name.ends_with(end))
        };
        let found: Vec<&String> = keys.iter().filter(|it| ends(it) || begins(it)).collect();
        match found.as_slice() {
            [key] => {
                if !self.objects.exists(key).await? {
                    let bucket = self.objects.bucket();
                    return Err(Failure::Message(format!(
                        "bucket `{bucket}` has no `{key}`, though the manifest of run `{run}` names it"
                    )));
                }
                Ok((*key).clone())
            }
            [] => {
                let names: Vec<&str> = keys.iter().filter_map(|it| it.rsplit('/').next()).collect();
                let names = names.join("`, `");
                Err(Failure::Message(format!("run `{run}` has no report `{wanted}`; it has `{names}`")))
            }
            several => {
                let several: Vec<&str> = several.iter().map(|it| it.as_str()).collect();
                let several = several.join("`, `");
                Err(Failure::Message(format!("`{wanted}` may be any of `{several}`; give more of the key")))
            }
        }
    }
}

fn write_list(listed: &[ListedRun], format: Format, output: &mut dyn Write) -> io::Result<()> {
    if format == Format::Json {
        serde_json::to_writer_pretty(&mut *output, listed)?;
        return writeln!(output);
    }
    for run in listed {
        write!(output, "{}  {}", run.run, run.started_at)?;
        match &run.totals {
            None => {}
            Some(Some(totals)) => {
                for (answer, count) in totals {
                    write!(output, "  {answer} {count}")?;
                }
            }
            Some(None) => write!(output, "  not published")?,
        }
        writeln!(output)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_live_from_a_second_to_seven_days() {
        for (text, seconds) in [
            ("1s", Some(1)),
            ("15m", Some(900)),
            ("1h", Some(3_600)),
            ("7d", Some(604_800)),
            ("8d", None),
            ("0h", None),
            ("-1h", None),
            ("1", None),
            ("h", None),
            ("1ü", None),
            ("", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(expiry(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
