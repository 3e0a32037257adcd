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

use super::alerts;
use super::configuration::{self, Changed};
use super::controls::{self, Chosen};
use super::failure::Failure;
use super::plan::AT_ONCE;
use super::run::{Unit, WATCHED};
use super::state::{Scratch, State};
use super::sweep::until;
use crate::alert::{self, News};
use crate::aws::Objects;
use crate::collect::folder;
use crate::collect::question::{QUESTIONS, Scope as Asking, needed_by};
use crate::collect::unit::Settings;
use crate::control::{Control, SatisfiedBy};
use crate::evaluate::evaluate;
use crate::event::{self, Event, Look, Reaction, Thing};
use crate::facts::{Facts, types};
use crate::framework::Framework;
use crate::ledger::{Actor, Change, Glance, Key, Occasion, Scope, Store, StoreError};
use crate::model::{Place, Region};
use crate::survey::{Accounts, Asked, Regions, Survey};

pub(super) async fn react(state: &State, payload: Value, deadline: SystemTime) -> Result<Value, Failure> {
    let event = event::read(&payload.to_string()).map_err(Failure::input)?;
    let looks = match event.reaction() {
        Reaction::Ignore(why) => return Ok(ignored(&event, why)),
        Reaction::Tell(why) => return tell_of(state, &event, why).await,
        // What is not regional is judged with everything else, by the next run.
        Reaction::Look(looks) if looks.iter().all(|it| it.place.region.is_global()) => {
            return tell_of(state, &event, "it concerns more than one Region, so the next run judges it")
                .await;
        }
        Reaction::Look(looks) => looks,
    };
    let scratch = Scratch::new()?;
    let (session, environment) = (state.session().await?, state.environment()?);
    let config = Objects::new(&session, None, &environment.config_bucket);
    let chosen = Arc::new(controls::of_now(&config, environment, &scratch.path("controls")).await?);
    let watched = watched(state).await?;
    let mut by_place: BTreeMap<&Place, Vec<&Look>> = BTreeMap::new();
    for look in looks.iter().filter(|it| !it.place.region.is_global() && watched(&it.place)) {
        let frameworks = concerned(&chosen, &[look]);
        if !frameworks.is_empty() && !is_needless(state, &event, look, &frameworks).await? {
            by_place.entry(&look.place).or_default().push(look);
        }
    }
    if by_place.is_empty() {
        let why =
            "it concerns no control, no account and Region that is watched, or only mends what is not broken";
        return Ok(ignored(&event, why));
    }
    let told = state.told().await?;
    let mut reacting = Reacting {
        state,
        event: &event,
        chosen: &chosen,
        scratch: &scratch,
        deadline,
        untold: !told.of(&event.actor.event_id).await?,
        news: News::new(occasion(&event, event.actor.clone())),
        judged: 0,
        moved: 0,
        unanswered: None,
        configured: Vec::new(),
    };
    alerts::explain(&mut reacting.news, &chosen);
    reacting.news.link(alerts::ledger(&environment.table));
    for (place, looks) in by_place {
        for group in groups(looks) {
            reacting.look(place, &group).await?;
        }
    }
    let Reacting { news, judged, moved, unanswered, configured, .. } = reacting;
    alerts::send(state, &news).await?;
    let known = state.known().await?;
    for changed in configured {
        changed.remember(&known).await?;
    }
    told.remember(&event.actor.event_id, Timestamp::now()).await?;
    if let Some(why) = unanswered {
        // What could be judged is recorded and told; the next attempt looks at the rest.
        return Err(Failure::Transient(format!("not all of it was answered: {why}")));
    }
    tracing::info!(event = event.id, name = event.name, judged, moved, "judged");
    Ok(json!({ "judged": judged, "moved": moved }))
}

/// Whether an event can only mend what a look is at, and nothing there is broken: of the thousands of backups that end
/// well in a night few need a look.
async fn is_needless(
    state: &State,
    event: &Event,
    look: &Look,
    frameworks: &[Framework],
) -> Result<bool, Failure> {
    let Thing::Resource { arn, .. } = &look.thing else {
        return Ok(false);
    };
    let controls = frameworks.iter().flat_map(|it| &it.controls).map(|it| &it.control);
    let more_is_better = |it: &Control| it.satisfied_by == SatisfiedBy::Any && !it.evidence.is_empty();
    if !event.name.ends_with(" COMPLETED") || !controls.into_iter().all(|it| more_is_better(it)) {
        return Ok(false);
    }
    let mut store = state.ledger(Handle::current()).await?;
    let (scopes, arn) = (scopes(frameworks, &look.place), arn.clone());
    let looking = tokio::task::spawn_blocking(move || {
        for scope in scopes {
            let open = store.open_before(&scope, Timestamp::MAX)?;
            if open.iter().any(|it| it.key.resource == arn) {
                return Ok(false);
            }
        }
        Ok::<_, StoreError>(true)
    });
    Ok(looking.await.map_err(std::io::Error::other)??)
}

fn ignored(event: &Event, why: &str) -> Value {
    tracing::info!(event = event.id, name = event.name, why, "ignored");
    json!({ "ignored": why })
}

/// An event that is being looked into.
struct Reacting<'r> {
    state: &'r State,
    event: &'r Event,
    chosen: &'r Arc<Chosen>,
    scratch: &'r Scratch,
    deadline: SystemTime,
    /// Whether nobody was told of it yet.
    untold: bool,
    news: News,
    judged: u64,
    moved: u64,
    /// What was not answered, and may well be the next time.
    unanswered: Option<String>,
    /// What is configured now and was not before; kept once all that it explains is told.
    configured: Vec<Changed>,
}

impl Reacting<'_> {
    /// Asks what is looked at together, and judges it.
    async fn look(&mut self, place: &Place, looks: &[&Look]) -> Result<(), Failure> {
        let frameworks = concerned(self.chosen, looks);
        let collected = self.collect(place, looks, &frameworks).await?;
        let mut actor = self.event.actor.clone();
        // AWS Backup's own events do not say who did it; what was before is kept for the one that does.
        if !actor.principal.is_empty() {
            let deleted = self.event.name.starts_with("Delete") && collected.complete;
            let now = configuration::of(&collected.root, place)?;
            let known = self.state.known().await?;
            let about = Some(&self.event.about);
            let (difference, changed) =
                configuration::compare_with(&known, place, collected.at, &now, about, deleted).await?;
            (actor.before, actor.after) = (difference.before, difference.after);
            if !actor.before.is_empty() || !actor.after.is_empty() {
                self.news.about(occasion(self.event, actor.clone()));
            }
            self.configured.push(changed);
        }
        if self.unanswered.is_none() {
            self.unanswered.clone_from(&collected.unanswered);
        }
        self.record(place, looks, frameworks, collected, actor).await
    }

    /// Asks what the concerned controls read, of what the looks are about.
    async fn collect(
        &self,
        place: &Place,
        looks: &[&Look],
        frameworks: &[Framework],
    ) -> Result<Collected, Failure> {
        let at = Timestamp::now();
        let mut only = needed_by(frameworks, &self.chosen.catalog.vocabulary);
        // What was configured is told of, whether or not a control reads it.
        only.extend(configuration::operations_of(looks.iter().map(|it| &it.thing)));
        let focus = match looks {
            [first, rest @ ..] if rest.iter().all(|it| it.thing == first.thing) => parameter_of(&first.thing),
            _ => None,
        };
        let focus = focus.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        let root = self.scratch.path(&format!("{}-{}-{}", place.account, place.region, at.as_nanosecond()));
        let asks_account = QUESTIONS.iter().any(|it| it.scope == Asking::Account && only.contains(it.name));
        let survey = survey(self.state, root.clone(), only, focus, Some(self.deadline)).await?;
        let assumed = survey
            .assume(place.account)
            .await
            .map_err(|error| Failure::not_assumed(place.account, &error))?;
        let mut matrix = survey.unit(&assumed, place.clone(), &[Asking::Region]).await?.matrix;
        if asks_account {
            let global = Place { account: place.account, region: Region::global() };
            matrix.join(survey.unit(&assumed, global, &[Asking::Account]).await?.matrix);
        }
        Ok(Collected { root, at, complete: matrix.is_complete(), unanswered: matrix.passing(&[]) })
    }

    /// Judges what was collected, and takes what is about the looks into the ledger.
    async fn record(
        &mut self,
        place: &Place,
        looks: &[&Look],
        frameworks: Vec<Framework>,
        collected: Collected,
        actor: Actor,
    ) -> Result<(), Failure> {
        let mut store = self.state.ledger(Handle::current()).await?;
        // Of each control, the things that it is asked of.
        let mut about: BTreeMap<String, Vec<Thing>> = BTreeMap::new();
        for chosen in frameworks.iter().flat_map(|it| &it.controls) {
            let looks = looks.iter().filter(|it| it.controls.concern(&chosen.control));
            about.entry(chosen.control.name.clone()).or_default().extend(looks.map(|it| it.thing.clone()));
        }
        let (scopes, place, untold) = (scopes(&frameworks, place), place.clone(), self.untold);
        let chosen = Arc::clone(self.chosen);
        let judging = tokio::task::spawn_blocking(move || {
            let concerns = |key: &Key| {
                let things = about.get(&key.scope.control).into_iter().flatten();
                things.into_iter().any(|it| is_about(it, &key.resource_type, &key.resource))
            };
            let occasion = Occasion { at: collected.at, actor, untold, concerns: &concerns };
            judge(&mut store, occasion, scopes, &place, &frameworks, &chosen, &collected)
        });
        let (judged, changes) = judging.await.map_err(std::io::Error::other)??;
        self.judged += judged;
        for change in &changes {
            if let Change::Moved(record, entry) = change {
                self.moved += 1;
                self.news.add(record, entry);
            }
        }
        Ok(())
    }
}

fn occasion(event: &Event, actor: Actor) -> alert::Occasion {
    alert::Occasion::Event { actor: Box::new(actor), about: event.about.to_string(), at: event.time }
}

/// Somebody should know, though no finding can turn now. Of a key, only if a vault there uses it.
async fn tell_of(state: &State, event: &Event, why: &str) -> Result<Value, Failure> {
    if !watched(state).await?(&event.about_place) {
        return Ok(ignored(event, "the account or Region is not watched"));
    }
    let told = state.told().await?;
    if told.of(&event.actor.event_id).await? {
        return Ok(ignored(event, "somebody was told of it before"));
    }
    if let Thing::Key(key) = &event.about
        && !is_used(state, &event.about_place, key).await?
    {
        return Ok(ignored(event, "no vault there uses the key"));
    }
    let mut news = News::new(occasion(event, event.actor.clone()));
    news.add_notice(&event.about_place, why);
    alerts::send(state, &news).await?;
    told.remember(&event.actor.event_id, Timestamp::now()).await?;
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
    let concerns = |control: &Control| looks.iter().any(|it| it.controls.concern(control));
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
        Thing::BackupPlan(id) => of_type(types::BACKUP_PLAN) && named(id),
        Thing::BackupVault(name) => of_type(types::BACKUP_VAULT) && named(name),
        // A job is judged under its own id.
        Thing::RecoveryPoint { arn, .. } | Thing::Resource { arn, .. } => {
            resource == arn || types::JOBS.contains(&resource_type)
        }
        _ => true,
    }
}

/// Which accounts and Regions are watched: those of the last run of everything, and the function's own account.
async fn watched(state: &State) -> Result<impl Fn(&Place) -> bool + use<>, Failure> {
    let evidence = state.evidence().await?;
    let own = state.session().await?.identity().account;
    let regions = state.environment()?.sweep.regions()?;
    let places = match evidence.get(WATCHED).await? {
        Some(text) => {
            let units: Vec<Unit> = serde_json::from_slice(&text)
                .map_err(|error| Failure::Configuration(format!("`{WATCHED}` cannot be read: {error}")))?;
            Some(units.iter().filter_map(|it| it.place().ok()).collect::<BTreeSet<Place>>())
        }
        None => None,
    };
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
    state.survey(asked, settings, 2).await
}

/// What was collected because of an event.
struct Collected {
    root: PathBuf,
    /// When asking began: nothing in it is older.
    at: Timestamp,
    /// Whether all that was asked was seen.
    complete: bool,
    /// What was not, and may well be the next time.
    unanswered: Option<String>,
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
    place: &Place,
    frameworks: &[Framework],
    chosen: &Chosen,
    collected: &Collected,
) -> Result<(u64, Vec<Change>), Failure> {
    let read = folder::read(&collected.root, 1, Timestamp::MAX, &mut |_| {})?;
    let facts = Facts::partial(&read.inventory, occasion.at);
    if !facts.places().any(|it| it == place) {
        return Ok((0, Vec::new()));
    }
    let mut changes = Vec::new();
    let mut tell = |change: &Change| changes.push(change.clone());
    let mut glance = Glance::begin(store, occasion, scopes, &mut tell)?;
    let mut observed = Ok(());
    let evaluated = evaluate(frameworks, &facts, &chosen.catalog.vocabulary, &mut |finding| {
        if observed.is_ok() {
            observed = glance.observe(finding);
        }
    });
    evaluated.map_err(|error| Failure::Internal(error.to_string()))?;
    observed?;
    let judged = glance.finish()?;
    Ok((judged, changes))
}
