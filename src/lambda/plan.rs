//! `plan`: which accounts and Regions a run collects; what is not regional is collected here.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::controls;
use super::environment::{Environment, Target, list};
use super::failure::Failure;
use super::run::{Run, RunId, Unit};
use super::state::{Scratch, State};
use crate::aws::{Objects, Session};
use crate::collect::journal::FileRecord;
use crate::collect::manifest::Manifest;
use crate::collect::packed::pack;
use crate::collect::unit::Settings;
use crate::inventory::Calls;
use crate::model::Place;
use crate::survey::{Asked, Begun, Gathered};

/// What the state machine says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    /// The execution's name.
    execution: String,
    /// When it began.
    started_at: Timestamp,
    /// What it was started with.
    #[serde(default)]
    given: Value,
}

/// What an execution may be started with, in place of what the template says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Given {
    /// Names of frameworks, joined by commas.
    framework: Option<String>,
    accounts: Option<String>,
    organizational_units: Option<String>,
    regions: Option<String>,
}

/// Calls at once in an account and Region.
pub(super) const AT_ONCE: usize = 8;
/// Accounts at once.
const ACCOUNTS_AT_ONCE: usize = 16;

pub(super) async fn plan(state: &State, payload: Value) -> Result<Value, Failure> {
    let input: Input = serde_json::from_value(payload).map_err(Failure::input)?;
    let given = match input.given {
        Value::Null => Given::default(),
        given => serde_json::from_value(given).map_err(Failure::input)?,
    };
    let environment = state.environment()?;
    let sweep = target(environment, &given);
    let frameworks = given.framework.as_deref().map_or_else(|| environment.frameworks.clone(), list);
    let id = RunId::of(input.started_at, &input.execution);
    let (session, evidence) = (state.session().await?, state.evidence().await?);
    if let Some(run) = evidence.get(&id.key("run.json")).await? {
        // An attempt before this came to its end.
        let run: Run = serde_json::from_slice(&run).map_err(Failure::input)?;
        return Ok(answer(&evidence, &run));
    }
    let scratch = Scratch::new()?;
    let custom = pin(environment, &session, &evidence, &id, &scratch.path("controls")).await?;
    let today = input.started_at.to_zoned(TimeZone::UTC).date();
    let since = today.saturating_sub(i64::from(environment.job_days).days());
    let settings = Settings {
        root: scratch.path("inventory"),
        only: None,
        since,
        per_second: environment.rate,
        at_once: AT_ONCE,
        until: None,
        focus: BTreeMap::new(),
    };
    let asked = Asked::new(sweep.accounts()?, sweep.regions()?, environment.role.clone(), None);
    let survey = state.survey(asked, settings, ACCOUNTS_AT_ONCE).await?;
    let Begun { gathered, accounts, skipped } = survey.begin().await?;
    let mut naming = survey.asked.naming();
    naming.push("sts.assume-role");
    if let Some(why) = gathered.matrix.passing(&naming) {
        // Who cannot be asked for a moment would be left out for the whole run.
        return Err(Failure::Transient(format!("accounts and Regions could not all be learned: {why}")));
    }
    let unnamed: Vec<String> = gathered.matrix.unseen(&survey.asked.naming()).collect();
    let places = accounts
        .into_iter()
        .flat_map(|(account, it)| it.regions.into_iter().map(move |region| Place { account, region }));
    let units: Vec<Unit> = places.map(|place| Unit::of(&id, &place)).collect();
    let run = Run {
        run: id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: input.started_at,
        since,
        caller: session.identity().arn.clone(),
        sweep,
        frameworks,
        custom,
        skipped,
        unnamed,
        units: units.len(),
    };
    store(&evidence, &run, &scratch, gathered).await?;
    let text = serde_json::to_vec(&units).map_err(Failure::input)?;
    evidence.put(&id.key("units.json"), text).await?;
    let text = serde_json::to_vec_pretty(&run).map_err(Failure::input)?;
    evidence.put(&id.key("run.json"), text).await?;
    Ok(answer(&evidence, &run))
}

fn answer(evidence: &Objects, run: &Run) -> Value {
    let units = run.run.key("units.json");
    json!({ "run": run.run, "bucket": evidence.bucket(), "units": units, "count": run.units })
}

/// What is swept: as the execution was started, else as the template says.
fn target(environment: &Environment, given: &Given) -> Target {
    let names_accounts = given.accounts.is_some() || given.organizational_units.is_some();
    let mut target = environment.sweep.clone();
    if names_accounts {
        target.accounts = given.accounts.clone().unwrap_or_default();
        target.organizational_units = given.organizational_units.clone().unwrap_or_default();
    }
    if let Some(regions) = &given.regions {
        target.regions.clone_from(regions);
    }
    target
}

/// Copies the custom controls into the run, so that it can be judged again as it was.
async fn pin(
    environment: &Environment,
    session: &Session,
    evidence: &Objects,
    id: &RunId,
    folder: &Path,
) -> Result<Vec<super::run::CustomFile>, Failure> {
    if environment.config_bucket.is_empty() {
        return Ok(Vec::new());
    }
    let config = Objects::new(session, None, &environment.config_bucket);
    let files = controls::fetch(&config, &environment.config_prefix, folder).await?;
    for file in &files {
        evidence.put_file(&id.key(&format!("controls/{}", file.path)), &folder.join(&file.path)).await?;
    }
    Ok(files)
}

/// Stores what was collected, by account and Region.
async fn store(evidence: &Objects, run: &Run, scratch: &Scratch, gathered: Gathered) -> Result<(), Failure> {
    let Gathered { matrix, files } = gathered;
    let mut by_place: BTreeMap<Place, Vec<FileRecord>> = BTreeMap::new();
    for file in files {
        let mut parts = file.path.split('/');
        let (account, region) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if let (Ok(account), Ok(region)) = (account.parse(), region.parse()) {
            by_place.entry(Place { account, region }).or_default().push(file);
        }
    }
    for (place, files) in by_place {
        let calls = Calls { calls: files.iter().map(|it| it.calls).sum(), ..Calls::default() };
        let complete = matrix.is_complete_in(&place);
        let manifest = Manifest::of_part(&run.caller, run.started_at, complete, calls, files);
        let packed = scratch.path("packed.tar.gz");
        pack(&scratch.path("inventory"), &manifest, &packed)?;
        evidence.put_file(&run.run.inventory(&place), &packed).await?;
    }
    Ok(())
}
