//! `publish`: judges what the units of a run collected, writes the reports, moves the ledger, and alerts.
//!
//! A unit that left nothing is in the reports as not judged, with the reason. Publishing a run twice is publishing it once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::alerts::{self, Kept};
use super::controls::{self, Chosen};
use super::failure::Failure;
use super::run::{LATEST, Latest, Run, RunId, Unit};
use super::state::{Scratch, State};
use crate::alert::{News, Occasion};
use crate::aws::Objects;
use crate::collect::folder;
use crate::collect::journal::{Chain, Ended, Journal};
use crate::collect::manifest::Manifest;
use crate::collect::packed::{Unpacking, pack};
use crate::evaluate::evaluate;
use crate::facts::Facts;
use crate::inventory::{CallError, Calls, Operation, Problem};
use crate::ledger::{self, Change, Recorder, Store, scopes};
use crate::model::Place;
use crate::report::{Basis, Report};
use crate::report_folder::{ReportFolder, ReportManifest};

#[derive(Debug, Deserialize)]
struct Input {
    run: RunId,
}

/// Objects read or written at once.
const AT_ONCE: usize = 16;

/// Everything a run collected, in a folder.
struct Gathered {
    /// When the last of it was seen: the evaluation time.
    at: Timestamp,
    /// The units that left nothing, with why.
    failed: BTreeMap<Place, String>,
    calls: Calls,
}

pub(super) async fn publish(state: &State, payload: Value) -> Result<Value, Failure> {
    let Input { run: id } = serde_json::from_value(payload).map_err(Failure::input)?;
    let evidence = state.evidence().await?;
    let scratch = Scratch::new()?;
    let run = super::sweep::run(&evidence, &id).await?;
    let gathered = gather(&evidence, &run, &scratch).await?;
    controls::fetch(&evidence, &id.key("controls/"), &scratch.path("controls")).await?;
    let chosen = controls::choose(&scratch.path("controls"), &run.frameworks)?;
    let mut news = News::new(Occasion::Run { id: id.to_string(), at: gathered.at });
    for (place, why) in &gathered.failed {
        news.add_failure(place, why);
    }
    for why in &chosen.broken {
        news.add_broken("custom controls", why);
    }
    alerts::explain(&mut news, &chosen);
    let region = state.session().await?.region().map_or_else(String::new, |it| it.to_string());
    news.link(alerts::link(&region, evidence.bucket(), &id.to_string()));
    let mut store = state.ledger(Handle::current()).await?;
    let (inventory, reports) = (scratch.path("inventory"), scratch.path("reports"));
    let (at, ledger_id) = (gathered.at, id.to_string());
    let judging = tokio::task::spawn_blocking(move || {
        judge(&inventory, &reports, at, ledger_id, &chosen, &mut store, news)
    });
    let Judged { manifest, news, answer } = judging.await.map_err(std::io::Error::other)??;
    upload(&evidence, &id, &scratch.path("reports"), manifest).await?;
    alert(state, &evidence, &id, &news).await?;
    let latest = Latest { run: id.clone(), at };
    evidence.put(LATEST, serde_json::to_vec(&latest).map_err(Failure::input)?).await?;
    tracing::info!(run = %id, failed = gathered.failed.len(), calls = gathered.calls.calls, %answer, "published");
    Ok(json!({ "run": id, "totals": answer, "failed": gathered.failed.len() }))
}

/// What judging a run came to.
struct Judged {
    manifest: ReportManifest,
    news: News,
    answer: Value,
}

/// Judges a run as `backproof audit` does: reports into a folder, violations into the ledger.
fn judge(
    inventory: &Path,
    reports: &Path,
    at: Timestamp,
    run: String,
    chosen: &Chosen,
    store: &mut dyn Store,
    mut news: News,
) -> Result<Judged, Failure> {
    let collected = folder::read(inventory, &mut |_| {})?;
    let mut basis = Basis::of(&collected.inventory, collected.digest, at);
    basis
        .problems
        .extend(chosen.broken.iter().map(|why| Problem::with_file("controls".to_owned(), why.clone())));
    let facts = Facts::new(&collected.inventory, at);
    let mut report = Report::new(&chosen.frameworks, basis);
    let mut files = ReportFolder::create(reports, &report)?;
    let of_ledger = ledger::Run { id: run, at, inventory: report.basis.inventory_digest.clone() };
    let mut tell = |change: &Change| {
        if let Change::Moved(record, entry) = change {
            news.add(record, entry);
        }
    };
    let mut recorder = Recorder::begin(store, of_ledger, scopes(&report))?.telling(&mut tell);
    let (mut written, mut recorded) = (Ok(()), Ok(()));
    let evaluated = evaluate(&chosen.frameworks, &facts, &chosen.catalog.vocabulary, &mut |finding| {
        report.add(&finding);
        if written.is_ok() {
            written = files.write(&finding);
        }
        if recorded.is_ok() {
            recorded = recorder.observe(&finding);
        }
    });
    evaluated.map_err(|error| Failure::Internal(error.to_string()))?;
    written?;
    recorded?;
    let manifest = files.finish(&report, &collected.inventory)?;
    recorder.finish()?;
    news.totals(report.totals);
    let answer = serde_json::to_value(report.totals).map_err(Failure::input)?;
    Ok(Judged { manifest, news, answer })
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

/// Tells what is new; a second attempt of the same run, which finds nothing new, tells what the first one found.
async fn alert(state: &State, evidence: &Objects, id: &RunId, news: &News) -> Result<(), Failure> {
    let key = id.key("alert.json");
    let before = evidence.get(&key).await?;
    let alert = match before.and_then(|text| serde_json::from_slice::<Alert>(&text).ok()) {
        Some(Alert { sent: true, .. }) => return Ok(()),
        Some(alert) => alert,
        None => {
            let Some(message) = news.message() else {
                return Ok(());
            };
            let alert = Alert { sent: false, message: Kept::from(&message) };
            evidence.put(&key, serde_json::to_vec(&alert).map_err(Failure::input)?).await?;
            alert
        }
    };
    alerts::publish(state, &alert.message).await?;
    let alert = Alert { sent: true, ..alert };
    Ok(evidence.put(&key, serde_json::to_vec(&alert).map_err(Failure::input)?).await?)
}

/// `alert.json`: what a run told, or was about to.
#[derive(Debug, Serialize, Deserialize)]
struct Alert {
    sent: bool,
    message: Kept,
}

/// Unpacks what every unit of a run collected into one inventory.
async fn gather(evidence: &Objects, run: &Run, scratch: &Scratch) -> Result<Gathered, Failure> {
    let id = &run.run;
    let root = scratch.path("inventory");
    let mut unpacking = Unpacking::begin(&root)?;
    let mut archives: BTreeMap<Place, String> = BTreeMap::new();
    for key in evidence.keys(&id.key("inventory/")).await? {
        archives.extend(id.unit_of(&key).map(|place| (place, key)));
    }
    let mut failed = BTreeMap::new();
    for unit in units(evidence, id).await? {
        let place = unit.place().map_err(Failure::input)?;
        if !archives.contains_key(&place) {
            let error = why(evidence, id, &place).await?;
            let packed = not_collected(scratch, run, &place, &error)?;
            let key = id.inventory(&place);
            evidence.put_file_once(&key, &packed).await?;
            archives.insert(place.clone(), key);
            failed.insert(place, format!("{}: {}", error.code, error.message));
        }
    }
    let mut fetched = fetch(evidence, archives, scratch);
    while let Some(file) = fetched.join_next().await {
        let (place, key, file) = file.map_err(std::io::Error::other)??;
        let archive = BufReader::new(File::open(&file)?);
        let unpacked = unpacking.add(&place, archive);
        unpacked.map_err(|error| Failure::Internal(format!("`{key}` {error}")))?;
        fs::remove_file(file)?;
    }
    unpacking.finish(run.unnamed.is_empty() && failed.is_empty())?;
    let nothing = || Failure::Internal(format!("run `{id}` collected nothing at all"));
    let mut manifest = Manifest::read(&root)?.ok_or_else(nothing)?;
    let at = manifest.ended_at.parse().unwrap_or(run.started_at);
    manifest.caller.clone_from(&run.caller);
    manifest.unnamed.clone_from(&run.unnamed);
    manifest.skipped.clone_from(&run.skipped);
    manifest.write(&root)?;
    Ok(Gathered { at, failed, calls: manifest.calls })
}

async fn units(evidence: &Objects, id: &RunId) -> Result<Vec<Unit>, Failure> {
    let key = id.key("units.json");
    let missing = || Failure::Configuration(format!("bucket `{}` holds no `{key}`", evidence.bucket()));
    let text = evidence.get(&key).await?.ok_or_else(missing)?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::Configuration(format!("`{key}` cannot be read: {error}")))
}

type Fetched = Result<(Place, String, PathBuf), Failure>;

/// Reads archives into files of their own, several at a time.
fn fetch(evidence: &Objects, archives: BTreeMap<Place, String>, scratch: &Scratch) -> JoinSet<Fetched> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, (place, key)) in archives.into_iter().enumerate() {
        let (evidence, at_once) = (evidence.clone(), Arc::clone(&at_once));
        let file = scratch.path(&format!("{index}.tar.gz"));
        running.spawn(async move {
            let _permit = at_once.acquire().await.map_err(std::io::Error::other)?;
            evidence.read(&key, u64::MAX, &mut BufWriter::new(File::create(&file)?)).await?;
            Ok((place, key, file))
        });
    }
    running
}

/// Why a unit left nothing, as far as the state machine says.
async fn why(evidence: &Objects, id: &RunId, place: &Place) -> Result<CallError, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Left {
        #[serde(default)]
        error: String,
        #[serde(default)]
        cause: String,
    }
    let left = evidence.get(&id.failure(place)).await?;
    let left = left.and_then(|text| serde_json::from_slice::<Left>(&text).ok());
    let Some(Left { error, cause }) = left else {
        return Ok(CallError {
            code: "SweepLeftNothing".to_owned(),
            message: "it left neither what it saw nor why not; the state machine's execution tells more"
                .to_owned(),
        });
    };
    // Lambda's cause is JSON with the message in it.
    let message = serde_json::from_str::<Value>(&cause).ok();
    let message = message.and_then(|it| Some(it.get("errorMessage")?.as_str()?.to_owned())).unwrap_or(cause);
    Ok(CallError { code: error, message: message.chars().take(2000).collect() })
}

/// Packs, of a place, that nothing could be asked there.
fn not_collected(scratch: &Scratch, run: &Run, place: &Place, error: &CallError) -> Result<PathBuf, Failure> {
    const INVOKE: &str = "lambda.invoke";
    const SWEEP: &str = "sweep";
    let unread = || Failure::Internal(format!("`{INVOKE}` is not read"));
    let operation = Operation::named(INVOKE).ok_or_else(unread)?;
    let call = json!({ "request": { "FunctionName": SWEEP }, "error": error }).to_string();
    let root = scratch.path("failed");
    let mut journal = Journal::open(&root, place, operation)?;
    journal.record(SWEEP, 0, &call)?;
    journal.end(SWEEP, Chain { ended: Ended::Refused(error.code.clone()), found: Vec::new() })?;
    let files = journal.finish(|of| of == SWEEP)?.map(|(file, _)| file).into_iter().collect();
    let at = run.started_at.to_string();
    let manifest = Manifest {
        version: run.version.clone(),
        caller: run.caller.clone(),
        started_at: at.clone(),
        ended_at: at,
        complete: false,
        unnamed: Vec::new(),
        skipped: Vec::new(),
        calls: Calls::default(),
        files,
    };
    let packed = scratch.path("failed.tar.gz");
    pack(&root, &manifest, &packed)?;
    Ok(packed)
}
