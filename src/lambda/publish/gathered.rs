//! What a run collected, put together: every unit's archive, and for a unit that left none why.
//!
//! Judges nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::aws::Objects;
use crate::collect::journal::{Chain, Ended, Journal};
use crate::collect::manifest::Manifest;
use crate::collect::packed::{Unpacking, pack};
use crate::cost::{Counts, LambdaUse};
use crate::inventory::{CallError, Calls, Operation};
use crate::lambda::failure::Failure;
use crate::lambda::run::{Run, RunId, Unit};
use crate::lambda::state::Scratch;
use crate::model::Place;

/// Objects read or written at once.
const AT_ONCE: usize = 16;

/// Everything a run collected, in a folder.
pub(super) struct Gathered {
    /// When the last of it was seen: the evaluation time.
    pub(super) at: Timestamp,
    /// When asking began, by unit.
    pub(super) asked: BTreeMap<Place, Timestamp>,
    /// The units that left nothing, with why.
    pub(super) failed: BTreeMap<Place, String>,
    pub(super) used: Counts,
}

/// Unpacks what every unit of a run collected into one inventory.
pub(super) async fn gather(
    evidence: &Objects,
    run: &Run,
    scratch: &Scratch,
    sweep_memory: u32,
) -> Result<Gathered, Failure> {
    let id = &run.run;
    let root = scratch.path("inventory");
    let mut unpacking = Unpacking::begin(&root)?;
    let mut archives: BTreeMap<Place, String> = BTreeMap::new();
    for key in evidence.keys(&id.key("inventory/")).await? {
        archives.extend(id.unit_of(&key).map(|place| (place, key)));
    }
    for unit in units(evidence, id).await? {
        let place = unit.place().map_err(Failure::input)?;
        if let Entry::Vacant(missing) = archives.entry(place) {
            let error = why(evidence, id, missing.key()).await?;
            let packed = not_collected(scratch, run, missing.key(), &error)?;
            let key = id.inventory(missing.key());
            // Of a sweep that ended late after all the archive stands.
            evidence.put_file_once(&key, &packed).await?;
            missing.insert(key);
        }
    }
    let transitions = 3 + 2 * run.units as u64;
    let mut used = Counts { state_transitions: transitions, ..Counts::default() };
    let places: Vec<Place> = archives.keys().cloned().collect();
    let mut asked = BTreeMap::new();
    let mut fetched = fetch(evidence, archives, scratch);
    while let Some(file) = fetched.join_next().await {
        let (place, key, file, _permit) = file.map_err(io::Error::other)??;
        let archive = BufReader::new(File::open(&file)?);
        let unpacked = tokio::task::block_in_place(|| unpacking.add(&place, archive));
        let taken = unpacked.map_err(|error| Failure::Internal(format!("`{key}` {error}")))?;
        // No unit was asked before its run began.
        asked.insert(place, taken.began.unwrap_or(run.started_at));
        used.lambda.push(lambda_use(taken.took.as_secs_f64(), sweep_memory));
        used.s3_bytes_stored += fs::metadata(&file)?.len();
        // It was put, it is read, and its function read the run.
        used.s3_puts += 1;
        used.s3_gets += 2;
        fs::remove_file(file)?;
    }
    let failed = not_asked(&root, &places)?;
    unpacking.finish(run.unnamed.is_empty() && failed.is_empty())?;
    let nothing = || Failure::Internal(format!("run `{id}` collected nothing at all"));
    let mut manifest = Manifest::read(&root)?.ok_or_else(nothing)?;
    let at = manifest.ended_at.parse().unwrap_or(run.started_at);
    manifest.caller.clone_from(&run.caller);
    manifest.unnamed.clone_from(&run.unnamed);
    manifest.skipped.clone_from(&run.skipped);
    manifest.write(&root)?;
    used.api_calls = manifest.calls.calls;
    Ok(Gathered { at, asked, failed, used })
}

async fn units(evidence: &Objects, id: &RunId) -> Result<Vec<Unit>, Failure> {
    let key = id.key("units.json");
    let missing = || Failure::Configuration(format!("bucket `{}` holds no `{key}`", evidence.bucket()));
    let text = evidence.get(&key).await?.ok_or_else(missing)?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::Configuration(format!("`{key}` cannot be read: {error}")))
}

/// The places of which it is recorded that nothing could be asked, with why.
fn not_asked(root: &Path, places: &[Place]) -> Result<BTreeMap<Place, String>, Failure> {
    let mut failed = BTreeMap::new();
    for place in places {
        for operation in ["lambda.invoke", "sts.assume-role"] {
            let file = root.join(format!("{}/{}/{operation}.ndjson", place.account, place.region));
            let text = match fs::read_to_string(file) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let told = text.lines().next().and_then(|line| serde_json::from_str::<Value>(line).ok());
            let of = |name: &str| told.as_ref()?.get("error")?.get(name)?.as_str().map(str::to_owned);
            let (code, message) = (of("code").unwrap_or_default(), of("message").unwrap_or_default());
            failed.insert(place.clone(), format!("{operation}: {code}: {message}"));
        }
    }
    Ok(failed)
}

/// A place with its archive's key and file; the file is one of few for as long as the permit is held.
type Fetched = Result<(Place, String, PathBuf, OwnedSemaphorePermit), Failure>;

/// Reads archives into files of their own, several at a time.
fn fetch(evidence: &Objects, archives: BTreeMap<Place, String>, scratch: &Scratch) -> JoinSet<Fetched> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, (place, key)) in archives.into_iter().enumerate() {
        let (evidence, at_once) = (evidence.clone(), Arc::clone(&at_once));
        let file = scratch.path(&format!("{index}.tar.gz"));
        running.spawn(async move {
            let permit = at_once.acquire_owned().await.map_err(io::Error::other)?;
            evidence.read(&key, u64::MAX, &mut BufWriter::new(File::create(&file)?)).await?;
            Ok((place, key, file, permit))
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
    let manifest = Manifest {
        // Nothing was seen later, so it does not move the evaluation time.
        ended_at: run.started_at.to_string(),
        ..Manifest::of_part(&run.caller, run.started_at, false, Calls::default(), files)
    };
    let packed = scratch.path("failed.tar.gz");
    pack(&root, &manifest, &packed)?;
    Ok(packed)
}

/// The use of a function of so much memory, in MB.
pub(super) fn lambda_use(seconds: f64, memory: u32) -> LambdaUse {
    LambdaUse { gb_seconds: seconds.max(0.0) * f64::from(memory) / 1024.0, requests: 1 }
}
