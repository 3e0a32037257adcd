//! `react`: one event: what it can have changed is asked again, judged, recorded with who did it, and told.
//!
//! Facts are those of now, not of the event, so events may come twice, late and in any order. What a glance cannot see,
//! because it lies in other accounts or Regions, is left to the next run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::alerts;
use super::configuration::{self, Difference};
use super::controls::{self, Chosen};
use super::failure::Failure;
use super::plan::AT_ONCE;
use super::run::{LATEST, Latest, Unit};
use super::state::{Scratch, State};
use super::sweep::until;
use crate::alert::{self, News};
use crate::aws::Objects;
use crate::collect::folder;
use crate::collect::question::{QUESTIONS, Scope as Asking, needed_by};
use crate::collect::unit::Settings;
use crate::evaluate::evaluate;
use crate::event::{self, Event, Look, Reaction, Thing};
use crate::facts::Facts;
use crate::framework::Framework;
use crate::ledger::{Actor, Cause, Change, Glance, Occasion, Scope, Store};
use crate::model::Place;
use crate::survey::{Accounts, Asked, Regions, Survey};

pub(super) async fn react(state: &State, payload: Value, deadline: SystemTime) -> Result<Value, Failure> {
    let event = event::read(&payload.to_string()).map_err(Failure::input)?;
    let ignored = |why: &str| {
        tracing::info!(event = event.id, name = event.name, why, "ignored");
        Ok(json!({ "ignored": why }))
    };
    let looks = match event.reaction() {
        Reaction::Ignore(why) => return ignored(why),
        Reaction::Tell(why) => return tell_of(state, &event, why).await,
        Reaction::Look(looks) => looks,
    };
    let scratch = Scratch::new()?;
    let (session, environment) = (state.session().await?, state.environment()?);
    let config = Objects::new(&session, None, &environment.config_bucket);
    let chosen = Arc::new(controls::of_now(&config, environment, &scratch.path("controls")).await?);
    let mut by_place: BTreeMap<&Place, Vec<&Look>> = BTreeMap::new();
    // What is not regional is judged with everything else, by the next run.
    for look in looks.iter().filter(|it| !it.place.region.is_global()) {
        by_place.entry(&look.place).or_default().push(look);
    }
    let watched = watched(state).await?;
    let mut news = News::new(occasion(&event, event.actor.clone()));
    alerts::explain(&mut news, &chosen);
    news.link(alerts::ledger(&environment.table));
    let (mut judged, mut moved, mut looked) = (0, 0, false);
    for (place, looks) in by_place {
        if !watched(place) {
            continue;
        }
        for group in groups(looks) {
            let concerned = concerned(&chosen, &group);
            if concerned.is_empty() {
                continue;
            }
            looked = true;
            let glance = collect(state, place, &group, &concerned, &chosen, &scratch, deadline).await?;
            let difference = remember(state, place, &glance, &event).await?;
            let mut actor = event.actor.clone();
            (actor.before, actor.after) = (difference.before, difference.after);
            if !actor.before.is_empty() || !actor.after.is_empty() {
                news.about(occasion(&event, actor.clone()));
            }
            let recorded = record(state, place, &group, concerned, &chosen, glance, actor, &mut news).await?;
            judged += recorded.0;
            moved += recorded.1;
        }
    }
    if !looked {
        return ignored(
            "it concerns no control, or no account and Region that is watched, or is left to the next run",
        );
    }
    alerts::send(state, &news).await?;
    tracing::info!(event = event.id, name = event.name, judged, moved, "judged");
    Ok(json!({ "judged": judged, "moved": moved }))
}

fn occasion(event: &Event, actor: Actor) -> alert::Occasion {
    alert::Occasion::Event { actor: Box::new(actor), about: event.about.to_string(), at: event.time }
}

/// Somebody should know, though no finding can turn. Of a key, only if a vault there uses it.
async fn tell_of(state: &State, event: &Event, why: &str) -> Result<Value, Failure> {
    if !watched(state).await?(&event.about_place) {
        return Ok(json!({ "ignored": "the account or Region is not watched" }));
    }
    if let Thing::Key(key) = &event.about
        && !is_used(state, &event.about_place, key).await?
    {
        return Ok(json!({ "ignored": "no vault there uses the key" }));
    }
    let mut news = News::new(occasion(event, event.actor.clone()));
    news.add_notice(&event.about_place, why);
    alerts::send(state, &news).await?;
    tracing::info!(event = event.id, name = event.name, "told");
    Ok(json!({ "told": why }))
}

/// Whether a vault of a place is encrypted with a key; true also where that cannot be seen.
async fn is_used(state: &State, place: &Place, key: &str) -> Result<bool, Failure> {
    const VAULTS: &str = "backup.list-backup-vaults";
    let scratch = Scratch::new()?;
    let survey = survey(state, scratch.path("key"), BTreeSet::from([VAULTS]), BTreeMap::new(), None).await?;
    let Ok(assumed) = survey.assume(place.account).await else {
        return Ok(true);
    };
    let collected = survey.unit(&assumed, place.clone(), &[Asking::Region]).await?;
    let vaults = configuration::of(&scratch.path("key"), place)?;
    let id = key.rsplit('/').next().unwrap_or(key);
    let uses = |it: &Value| {
        let arn = it.get("EncryptionKeyArn").and_then(Value::as_str).unwrap_or_default();
        arn == key || arn.rsplit('/').next() == Some(id)
    };
    // An alias is not told apart from the key it stands for.
    let alias = key.contains("alias/");
    Ok(!collected.matrix.is_complete() || (alias && !vaults.is_empty()) || vaults.values().any(uses))
}

/// Looks that are collected for together: all of a place at once if one of them is of everything there.
fn groups<'l>(looks: Vec<&'l Look>) -> Vec<Vec<&'l Look>> {
    if looks.iter().all(|it| parameter_of(&it.thing).is_some()) {
        let mut groups: BTreeMap<&Thing, Vec<&'l Look>> = BTreeMap::new();
        for look in looks {
            groups.entry(&look.thing).or_default().push(look);
        }
        return groups.into_values().collect();
    }
    vec![looks]
}

/// The parameter that questions about one thing have in common, if it can be looked at by itself.
fn parameter_of(thing: &Thing) -> Option<(&'static str, &str)> {
    match thing {
        Thing::BackupPlan(id) => Some(("BackupPlanId", id)),
        Thing::BackupVault(name) => Some(("BackupVaultName", name)),
        Thing::RecoveryPoint { vault: Some(vault), .. } => Some(("BackupVaultName", vault)),
        _ => None,
    }
}

/// The chosen frameworks with those of their controls that the looks concern.
fn concerned(chosen: &Chosen, looks: &[&Look]) -> Vec<Framework> {
    let concerns = |control: &crate::control::Control| looks.iter().any(|it| it.controls.concern(control));
    let narrowed = chosen.frameworks.iter().map(|framework| {
        let controls = framework.controls.iter().filter(|it| concerns(&it.control)).cloned().collect();
        Framework { controls, ..framework.clone() }
    });
    narrowed.filter(|it| !it.controls.is_empty()).collect()
}

/// Whether a look is about a resource.
fn is_about(thing: &Thing, resource_type: &str, resource: &str) -> bool {
    let of_type = |name: &str| resource_type == name;
    let named =
        |id: &str| resource == id || resource.strip_suffix(id).is_some_and(|it| it.ends_with([':', '/']));
    match thing {
        Thing::BackupPlan(id) => of_type(crate::facts::types::BACKUP_PLAN) && named(id),
        Thing::BackupVault(name) => of_type(crate::facts::types::BACKUP_VAULT) && named(name),
        Thing::RecoveryPoint { arn, .. } | Thing::Resource { arn, .. } => resource == arn,
        _ => true,
    }
}

/// Which accounts and Regions are watched: those of the last run that was published, and the function's own account.
async fn watched(state: &State) -> Result<impl Fn(&Place) -> bool + use<>, Failure> {
    let evidence = state.evidence().await?;
    let own = state.session().await?.identity().account;
    let regions = state.environment()?.sweep.regions()?;
    let mut places: Option<BTreeSet<Place>> = None;
    if let Some(text) = evidence.get(LATEST).await?
        && let Ok(latest) = serde_json::from_slice::<Latest>(&text)
        && let Some(units) = evidence.get(&latest.run.key("units.json")).await?
        && let Ok(units) = serde_json::from_slice::<Vec<Unit>>(&units)
    {
        places = Some(units.iter().filter_map(|it| it.place().ok()).collect());
    }
    Ok(move |place: &Place| match &places {
        Some(places) if place.region.is_global() => places.iter().any(|it| it.account == place.account),
        Some(places) => places.contains(place),
        // Nothing was swept yet.
        None => {
            place.account == own
                && match &regions {
                    Regions::These(regions) => regions.contains(&place.region),
                    _ => true,
                }
        }
    })
}

async fn survey(
    state: &State,
    root: PathBuf,
    only: BTreeSet<&'static str>,
    focus: BTreeMap<&'static str, String>,
    deadline: Option<SystemTime>,
) -> Result<Survey, Failure> {
    let environment = state.environment()?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let settings = Settings {
        root,
        only: Some(only.clone()),
        since: today.saturating_sub(i64::from(environment.job_days).days()),
        per_second: environment.rate,
        at_once: AT_ONCE,
        until: deadline.map(until),
        focus,
    };
    let asked = Asked::new(Accounts::Own, Regions::OfSession, environment.role.clone(), Some(only));
    Ok(Survey {
        session: state.session().await?,
        settings: Arc::new(settings),
        asked: Arc::new(asked),
        external_id: environment.external_id.clone(),
        units: Arc::new(Semaphore::new(2)),
        progress: Arc::new(|_| {}),
    })
}

/// What was collected because of an event.
struct Collected {
    root: PathBuf,
    /// When asking began: nothing in it is older.
    at: Timestamp,
}

/// Asks what the concerned controls read, of what the looks are about.
async fn collect(
    state: &State,
    place: &Place,
    looks: &[&Look],
    concerned: &[Framework],
    chosen: &Chosen,
    scratch: &Scratch,
    deadline: SystemTime,
) -> Result<Collected, Failure> {
    let at = Timestamp::now();
    let mut only = needed_by(concerned, &chosen.catalog.vocabulary);
    // What was configured is told of, whether or not a control reads it.
    only.extend(configuration::operations_of(looks.iter().map(|it| &it.thing)));
    let focus = match looks {
        [first, rest @ ..] if rest.iter().all(|it| it.thing == first.thing) => parameter_of(&first.thing),
        _ => None,
    };
    let focus = focus.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let root = scratch.path(&format!("{}-{}-{}", place.account, place.region, at.as_nanosecond()));
    let asks_account = QUESTIONS.iter().any(|it| it.scope == Asking::Account && only.contains(it.name));
    let survey = survey(state, root.clone(), only, focus, Some(deadline)).await?;
    let assumed = survey.assume(place.account).await.map_err(|error| {
        let told =
            format!("the role in {} cannot be assumed: {}: {}", place.account, error.code, error.message);
        Failure::of_call(&error, told)
    })?;
    survey.unit(&assumed, place.clone(), &[Asking::Region]).await?;
    if asks_account {
        let global = Place { account: place.account, region: crate::model::Region::global() };
        survey.unit(&assumed, global, &[Asking::Account]).await?;
    }
    Ok(Collected { root, at })
}

/// Keeps what is configured now; what was before and is different now, of what the event is about.
async fn remember(
    state: &State,
    place: &Place,
    collected: &Collected,
    event: &Event,
) -> Result<Difference, Failure> {
    let now = configuration::of(&collected.root, place)?;
    let gone = event.name.starts_with("Delete");
    let known = state.known().await?;
    configuration::remember(&known, place, collected.at, &now, Some(&event.about), gone).await
}

/// Judges what was collected, and takes what is about the looks into the ledger: how much was judged, and moved.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, used once")]
async fn record(
    state: &State,
    place: &Place,
    looks: &[&Look],
    concerned: Vec<Framework>,
    chosen: &Arc<Chosen>,
    collected: Collected,
    actor: Actor,
    news: &mut News,
) -> Result<(u64, u64), Failure> {
    let mut store = state.ledger(Handle::current()).await?;
    let things: Vec<Thing> = looks.iter().map(|it| it.thing.clone()).collect();
    let scopes = scopes(&concerned, place);
    let chosen = Arc::clone(chosen);
    let judging = tokio::task::spawn_blocking(move || {
        let concerns = |kind: &str, id: &str| things.iter().any(|it| is_about(it, kind, id));
        let occasion =
            Occasion { at: collected.at, cause: Cause::Event(Box::new(actor)), concerns: &concerns };
        judge(&mut store, occasion, scopes, &concerned, &chosen, &collected)
    });
    let (judged, changes) = judging.await.map_err(std::io::Error::other)??;
    let mut moved = 0;
    for change in &changes {
        if let Change::Moved(record, entry) = change {
            moved += 1;
            news.add(record, entry);
        }
    }
    Ok((judged, moved))
}

/// Every control of these frameworks in a place.
fn scopes(frameworks: &[Framework], place: &Place) -> Vec<Scope> {
    let of = |framework: &Framework| {
        let name = framework.name.clone();
        let of = move |control: &str| Scope {
            framework: name.clone(),
            control: control.to_owned(),
            place: place.clone(),
        };
        framework.controls.iter().map(|it| of(&it.control.name)).collect::<Vec<_>>()
    };
    frameworks.iter().flat_map(of).collect()
}

/// Judges, and takes what is about the occasion into the ledger: how much was judged, and what changed.
fn judge(
    store: &mut dyn Store,
    occasion: Occasion<'_>,
    scopes: Vec<Scope>,
    frameworks: &[Framework],
    chosen: &Chosen,
    collected: &Collected,
) -> Result<(u64, Vec<Change>), Failure> {
    let read = folder::read(&collected.root, &mut |_| {})?;
    let facts = Facts::partial(&read.inventory, occasion.at);
    let mut changes = Vec::new();
    let mut tell = |change: &Change| changes.push(change.clone());
    let mut glance = Glance::begin(store, occasion, scopes, &mut tell)?;
    let mut observed = Ok(());
    let evaluated = evaluate(frameworks, &facts, &chosen.catalog.vocabulary, &mut |finding| {
        if observed.is_ok() {
            observed = glance.observe(&finding);
        }
    });
    evaluated.map_err(|error| Failure::Internal(error.to_string()))?;
    observed?;
    let judged = glance.finish()?;
    Ok((judged, changes))
}
