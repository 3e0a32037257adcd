//! `sweep`: collects one account in one Region and stores what AWS says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::configuration;
use super::failure::Failure;
use super::plan::AT_ONCE;
use super::run::{Run, RunId, Unit};
use super::state::{Scratch, State};
use crate::aws::Objects;
use crate::collect::manifest::Manifest;
use crate::collect::packed::pack;
use crate::collect::question::Scope;
use crate::collect::unit::{Collected, OUT_OF_TIME, Settings};
use crate::survey::{Accounts, Asked, Regions};

/// What is kept of a function's time for packing and storing.
const TO_STORE: Duration = Duration::from_secs(60);

pub(super) async fn sweep(state: &State, payload: Value, deadline: SystemTime) -> Result<Value, Failure> {
    let unit: Unit = serde_json::from_value(payload).map_err(Failure::input)?;
    let place = unit.place().map_err(Failure::input)?;
    let environment = state.environment()?;
    let (session, evidence) = (state.session().await?, state.evidence().await?);
    let key = unit.run.inventory(&place);
    let run = run(&evidence, &unit.run).await?;
    let scratch = Scratch::new()?;
    let settings = Settings {
        root: scratch.path("inventory"),
        only: None,
        since: run.since,
        per_second: environment.rate,
        at_once: AT_ONCE,
        until: Some(until(deadline)),
        focus: BTreeMap::new(),
    };
    let asked =
        Asked::new(Accounts::These(vec![place.account]), Regions::OfSession, environment.role.clone(), None);
    let survey = state.survey(asked, settings, 1).await?;
    let started_at = Timestamp::now();
    let before = session.counts().calls();
    // The plan could assume it: the role went, or AWS throttles.
    let assumed = survey.assume(place.account).await;
    let assumed = assumed.map_err(|error| Failure::not_assumed(place.account, &error))?;
    let Collected { matrix, files, .. } = survey.unit(&assumed, place.clone(), &[Scope::Region]).await?;
    let mut calls = session.counts().calls();
    calls.calls -= before.calls;
    calls.retries = calls.retries.saturating_sub(before.retries);
    calls.bytes -= before.bytes;
    let caller = &session.identity().arn;
    let manifest = Manifest::of_part(caller, started_at, matrix.is_complete(), calls, files);
    let packed = scratch.path("packed.tar.gz");
    pack(&scratch.path("inventory"), &manifest, &packed)?;
    // Of two attempts at the same unit the first one stands.
    let first = evidence.put_file_once(&key, &packed).await?;
    if !environment.table.is_empty() {
        let now = configuration::of(&scratch.path("inventory"), &place)?;
        let known = state.known().await?;
        // What a whole look did not see is gone.
        let (_, changed) =
            configuration::compare_with(&known, &place, started_at, &now, None, manifest.complete).await?;
        changed.remember(&known).await?;
    }
    let left = matrix.count(OUT_OF_TIME);
    tracing::info!(
        run = %unit.run, %place, calls = calls.calls, complete = manifest.complete, left, first, "collected"
    );
    Ok(json!({
        "account": place.account,
        "region": place.region,
        "calls": calls.calls,
        "complete": manifest.complete,
        "left": left,
    }))
}

/// When asking must end, so that what was seen can still be stored.
pub(super) fn until(deadline: SystemTime) -> Instant {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    // A short time-out leaves at least half of it for asking.
    Instant::now() + left.saturating_sub(TO_STORE).max(left / 2)
}

/// What a run is made of.
pub(super) async fn run(evidence: &Objects, id: &RunId) -> Result<Run, Failure> {
    let key = id.key("run.json");
    let missing = || Failure::Configuration(format!("bucket `{}` holds no `{key}`", evidence.bucket()));
    let text = evidence.get(&key).await?.ok_or_else(missing)?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::Configuration(format!("`{key}` cannot be read: {error}")))
}
