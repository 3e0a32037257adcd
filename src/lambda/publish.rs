//! `publish`: judges what the units of a run collected, writes the reports, moves the ledger, and alerts.
//!
//! A unit that left nothing is in the reports as not judged, with the reason. A run that is published again, because it
//! was cut off, comes to the same reports and records.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

mod gathered;

use gathered::{gather, lambda_use};

use super::alerts::{self, Kept};
use super::controls::{self, Chosen};
use super::failure::Failure;
use super::run::{LATEST, Latest, Run, RunId, WATCHED};
use super::state::{Scratch, State};
use crate::alert::{self, News, Occasion};
use crate::aws::Objects;
use crate::collect::folder;
use crate::control::hexadecimal;
use crate::cost::Counts;
use crate::facts::Facts;
use crate::inventory::Problem;
use crate::ledger::{self, Change, Recorder, Store, scopes};
use crate::model::Place;
use crate::report::jobs::jobs_since;
use crate::report::rows::Files;
use crate::report::{Basis, Report};
use crate::report_folder::{ReportFolder, ReportManifest};
use crate::shard;

#[derive(Debug, Deserialize)]
struct Input {
    run: RunId,
}

pub(super) async fn publish(state: &State, payload: Value) -> Result<Value, Failure> {
    let begun = Instant::now();
    let Input { run: id } = serde_json::from_value(payload).map_err(Failure::input)?;
    let environment = state.environment()?;
    let evidence = state.evidence().await?;
    let scratch = Scratch::new()?;
    let run = super::sweep::run(&evidence, &id).await?;
    let gathered = gather(&evidence, &run, &scratch, environment.sweep_memory).await?;
    controls::fetch(&evidence, &id.key("controls/"), &scratch.path("controls")).await?;
    let chosen = controls::choose(&scratch.path("controls"), &run.frameworks)?;
    let mut news = News::new(Occasion::Run { id: id.to_string(), at: gathered.at });
    for (place, why) in &gathered.failed {
        news.add_failure(place, why);
    }
    for why in &chosen.broken {
        news.add_broken("custom controls", why);
    }
    let troubles = digest_of(gathered.failed.keys().map(ToString::to_string), &chosen.broken);
    alerts::explain(&mut news, &chosen);
    let region = state.session().await?.region().map_or_else(String::new, |it| it.to_string());
    news.link(alerts::link(&region, evidence.bucket(), &id.to_string()));
    let mut store = state.ledger(Handle::current()).await?;
    let (failed, at) = (gathered.failed.len(), gathered.at);
    let judging = Judging {
        inventory: scratch.path("inventory"),
        reports: scratch.path("reports"),
        run: id.to_string(),
        again: is_again(&evidence, &id).await?,
        partial: run.sweep != environment.sweep,
        at,
        asked: gathered.asked,
        used: gathered.used,
        begun,
        memory: environment.memory,
    };
    let judged = tokio::task::spawn_blocking(move || judging.judge(&chosen, &mut store, news));
    let Judged { manifest, news, answer } = judged.await.map_err(std::io::Error::other)??;
    upload(&evidence, &id, &scratch.path("reports"), manifest).await?;
    let latest = latest(&evidence).await?;
    let known = latest.as_ref().is_some_and(|it| it.troubles == troubles);
    let alert = alert(&evidence, &id, &news, known).await?;
    if latest.is_none_or(|it| it.at <= at) {
        let latest = Latest { run: id.clone(), at, troubles };
        point_to(&evidence, &run, &latest, environment.sweep == run.sweep).await?;
    }
    send(state, &evidence, &id, alert).await?;
    tracing::info!(run = %id, failed, %answer, "published");
    Ok(json!({ "run": id, "failed": failed, "judged": answer }))
}

/// What tells troubles of one run from those of another.
fn digest_of(failed: impl Iterator<Item = String>, broken: &[String]) -> String {
    let all: Vec<String> = failed.chain(broken.iter().cloned()).collect();
    hexadecimal(&Sha256::digest(all.join("\n")))
}

/// What judging a run came to.
struct Judged {
    manifest: ReportManifest,
    news: News,
    answer: Value,
}

/// Whether this run was published before, to its end or not.
async fn is_again(evidence: &Objects, id: &RunId) -> Result<bool, Failure> {
    let key = id.key("published-from.json");
    let again = evidence.get(&key).await?.is_some();
    if !again {
        evidence.put(&key, json!({ "at": Timestamp::now().to_string() }).to_string().into_bytes()).await?;
    }
    Ok(again)
}

/// A run that is to be judged.
struct Judging {
    inventory: PathBuf,
    reports: PathBuf,
    run: String,
    again: bool,
    /// Whether it was started for a part of what is swept otherwise.
    partial: bool,
    at: Timestamp,
    asked: BTreeMap<Place, Timestamp>,
    used: Counts,
    begun: Instant,
    /// This function's memory in MB.
    memory: u32,
}

impl Judging {
    /// Judges as `backproof audit` does: violations into the ledger, reports into a folder.
    fn judge(self, chosen: &Chosen, store: &mut dyn Store, mut news: News) -> Result<Judged, Failure> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let collected = folder::read(&self.inventory, threads, jobs_since(self.at), &mut |_| {})?;
        let mut basis = Basis::of(&collected.inventory, collected.digest, self.at);
        let problem = |why: &String| Problem::with_file("controls".to_owned(), why.clone());
        basis.problems.extend(chosen.broken.iter().map(problem));
        let facts = if self.partial { Facts::partial } else { Facts::new };
        let facts = facts(&collected.inventory, self.at);
        let mut report = Report::new(&chosen.frameworks, basis);
        let mut files = ReportFolder::create(&self.reports, &report, Files::default())?;
        let maker = files.maker().clone();
        let digest = report.basis.inventory_digest.clone();
        let asked = self.asked.clone();
        let run = ledger::Run { id: self.run.clone(), at: self.at, inventory: digest, asked };
        let mut writes = 0;
        let mut tell = |change: &Change| {
            writes += 1;
            if let Change::Moved(record, entry) = change {
                // In a transaction, with the entry: each twice.
                writes += 3;
                news.add(record, entry);
            }
        };
        let mut recorder = Recorder::begin(store, run, scopes(&report))?.telling(&mut tell);
        if self.again {
            recorder = recorder.again();
        }
        let (mut written, mut recorded) = (Ok(()), Ok(()));
        let judged = (chosen.frameworks.as_slice(), &facts, &chosen.catalog.vocabulary);
        let evaluated = shard::judge(judged, threads, &maker, true, &mut |mut shard| {
            report.tally.join(shard.tally);
            if written.is_ok() {
                written = files.append(&mut shard.rows);
            }
            for observed in shard.observed {
                if recorded.is_ok() {
                    recorded = recorder.take_in(observed);
                }
            }
        });
        evaluated.map_err(|error| Failure::Internal(error.to_string()))?;
        written?;
        recorded?;
        let movement = recorder.finish()?;
        report.counts = Some(self.counts(writes, movement.open));
        let manifest = files.finish(&report, &collected.inventory)?;
        news.totals(report.tally.totals);
        let cost = report.cost().map(|it| it.to_string());
        let answer = json!({ "totals": report.tally.totals, "open": movement.open, "cost": cost });
        Ok(Judged { manifest, news, answer })
    }

    /// What the run used, its publishing up to now included.
    fn counts(&self, writes: u64, open: u64) -> Counts {
        /// Reports, what they are, the alert and the pointer to the run.
        const OWN_PUTS: u64 = 16;
        let mut used = self.used.clone();
        used.lambda.push(lambda_use(self.begun.elapsed().as_secs_f64(), self.memory));
        used.s3_puts += OWN_PUTS;
        used.dynamodb_writes = writes;
        // An open record is about a unit to read.
        used.dynamodb_reads = open;
        used.sns_publishes = 1;
        used
    }
}

/// The last run that was published.
async fn latest(evidence: &Objects) -> Result<Option<Latest>, Failure> {
    let text = evidence.get(LATEST).await?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Points to the run as the latest; a run of everything also says what is watched.
async fn point_to(evidence: &Objects, run: &Run, latest: &Latest, everything: bool) -> Result<(), Failure> {
    evidence.put(LATEST, serde_json::to_vec(latest).map_err(Failure::input)?).await?;
    if everything && let Some(units) = evidence.get(&run.run.key("units.json")).await? {
        evidence.put(WATCHED, units).await?;
    }
    Ok(())
}

/// Where a report stands in the bucket: AWS's layout is shared by all runs, the rest is the run's own.
fn key_of(id: &RunId, report: &str) -> String {
    if report.starts_with("Backup/") { report.to_owned() } else { id.key(report) }
}

/// Writes the reports into the bucket, and then what they are.
async fn upload(
    evidence: &Objects,
    id: &RunId,
    folder: &Path,
    mut manifest: ReportManifest,
) -> Result<(), Failure> {
    for report in &mut manifest.reports {
        let file = folder.join(&report.key);
        report.key = key_of(id, &report.key);
        evidence.put_file(&report.key, &file).await?;
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(Failure::input)?;
    Ok(evidence.put(&id.key("manifest.json"), text).await?)
}

/// What is to be told, kept before it is told: a second attempt of the same run, which finds nothing new, tells what the
/// first one found. What cannot be looked at or is broken just as it was in the last run is told only beside news.
async fn alert(
    evidence: &Objects,
    id: &RunId,
    news: &News,
    troubles_are_known: bool,
) -> Result<Option<Alert>, Failure> {
    let key = id.key("alert.json");
    let before = evidence.get(&key).await?;
    if let Some(alert) = before.and_then(|text| serde_json::from_slice::<Alert>(&text).ok()) {
        return Ok(Some(alert));
    }
    let moved = alert::Change::ALL.iter().any(|it| news.count(*it) > 0);
    let Some(message) = news.message().filter(|_| moved || !troubles_are_known) else {
        return Ok(None);
    };
    let alert = Alert { sent: false, message: Kept::from(&message) };
    evidence.put(&key, serde_json::to_vec(&alert).map_err(Failure::input)?).await?;
    Ok(Some(alert))
}

/// Sends what is to be told, unless it was sent.
async fn send(state: &State, evidence: &Objects, id: &RunId, alert: Option<Alert>) -> Result<(), Failure> {
    let Some(alert) = alert.filter(|it| !it.sent) else {
        return Ok(());
    };
    alerts::publish(state, &alert.message).await?;
    let alert = Alert { sent: true, ..alert };
    Ok(evidence.put(&id.key("alert.json"), serde_json::to_vec(&alert).map_err(Failure::input)?).await?)
}

/// `alert.json`: what a run told, or was about to.
#[derive(Debug, Serialize, Deserialize)]
struct Alert {
    sent: bool,
    message: Kept,
}
