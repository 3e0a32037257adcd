//! Plans with their rules, copy actions and selections.

use serde_json::Value;

use super::coverage::selection_uid;
use super::overlap::losers;
use super::recovery_point::lifecycle;
use super::{Doubt, Fact, Facts, Thing, Uid, types};
use crate::inventory::record::{BackupPlan, BackupPlanBody, BackupRule, BackupSelection, CopyAction, Text};
use crate::inventory::{Gap, Recorded, State};
use crate::model::{Arn, Place};
use crate::schedule::{Frequency, Schedule, ScheduleError};

impl Facts<'_> {
    /// A plan, followed by its rules, copy actions and selections.
    pub(super) fn plan_with_parts(&self, place: &Place, plan: &Recorded<BackupPlan>) -> Vec<Thing> {
        let estate = self.inventory.estate(place);
        let id = &*plan.value.backup_plan_id;
        let found = estate.backup_plan_bodies.binary_search_by(|(of, _)| of.as_str().cmp(id)).ok();
        let body = found.and_then(|it| estate.backup_plan_bodies.get(it)).map(|(_, it)| it);
        let mut thing = self.backup_plan(place, plan);
        let plan_uid = thing.uid.clone();
        let mut parts = Vec::new();
        match body.map(|it| (it, it.why_unreadable("BackupPlan"), rules_of(it))) {
            Some((_, Some(why), _)) => thing.excuse("ruleCount", why),
            Some((body, None, Some(rules))) => {
                thing.learn("ruleCount", i64::try_from(rules.len()).ok());
                let source = self.inventory.file_of(body);
                let schedules: Vec<Result<Schedule, ScheduleError>> = rules.iter().map(schedule_of).collect();
                let parsed: Vec<Option<Schedule>> =
                    schedules.iter().map(|it| it.as_ref().ok().cloned()).collect();
                let losers = self.losers(place, rules, &parsed);
                for (index, ((rule, schedule), loses_to)) in
                    rules.iter().zip(schedules).zip(losers).enumerate()
                {
                    let at = PlanPart { place, plan: &plan_uid, plan_id: id, source, index };
                    parts.extend(self.rule_with_copies(&at, rule, schedule, loses_to));
                }
            }
            _ => {}
        }
        let selections: Vec<_> = estate
            .backup_selections
            .iter()
            .filter(|it| it.value.backup_plan_id.as_deref() == Some(id))
            .collect();
        if self.state(place, "backup.list-backup-selections", id) == State::Complete {
            thing.learn("selectionCount", i64::try_from(selections.len()).ok());
        }
        parts.extend(selections.iter().map(|it| self.backup_selection(place, &plan_uid, id, it)));
        parts.insert(0, thing);
        parts
    }

    /// Rules, copy actions and selections that a plan may have and that were not read.
    pub(super) fn unread_plan_parts(&self, place: &Place, plan: &Thing) -> Vec<Thing> {
        let mut unread = Vec::new();
        for (count, operation, types) in [
            ("ruleCount", "backup.get-backup-plan", [types::BACKUP_RULE, types::COPY_ACTION].as_slice()),
            ("selectionCount", "backup.list-backup-selections", &[types::BACKUP_SELECTION]),
        ] {
            if plan.attribute(count).is_some() {
                continue;
            }
            let id = plan.subjects.first().map(|(_, id)| &**id).unwrap_or_default();
            let told = plan.reasons.iter().find(|(fact, _)| fact == count).map(|(_, why)| why.clone());
            let gap = self.gap(place, operation, id);
            let why = told.or_else(|| gap.as_ref().map(ToString::to_string));
            let why = why.unwrap_or_else(|| format!("the answer of `{operation}` does not say"));
            let doubt = Doubt { why, gap };
            unread.extend(types.iter().map(|kind| self.unread_plan_part(place, kind, &doubt, Some(plan))));
        }
        unread
    }

    /// A part that a plan, or any plan of a place, may have.
    pub(super) fn unread_plan_part(
        &self,
        place: &Place,
        kind: &'static str,
        doubt: &Doubt,
        plan: Option<&Thing>,
    ) -> Thing {
        let of = plan.map_or_else(|| place.to_string(), |it| it.uid.id.to_string());
        let mut thing = self.thing_in(place, Uid::new(kind, format!("{of} unread {kind}")));
        if let Some(plan) = plan {
            thing.parents.insert(0, plan.uid.clone());
            thing.subjects.clone_from(&plan.subjects);
            if kind != types::COPY_ACTION {
                thing.learn("plan", Some(plan.uid.clone()));
            }
        }
        let facts: &[&'static str] = match kind {
            types::BACKUP_RULE => &[
                "name",
                "targetBackupVault",
                "targetBackupVaultExists",
                "logicallyAirGapped",
                "frequency",
                "overlap",
                "lifecycle",
                "copyActionCount",
            ],
            types::COPY_ACTION => &[
                "rule",
                "isToOtherRegion",
                "isToOtherAccount",
                "destination",
                "destinationRegion",
                "destinationAccountId",
            ],
            _ => &["name"],
        };
        thing.reasons = facts.iter().map(|fact| ((*fact).into(), doubt.why.clone())).collect();
        thing.doubts = vec![doubt.clone()];
        thing
    }

    fn backup_plan(&self, place: &Place, plan: &Recorded<BackupPlan>) -> Thing {
        let of = &plan.value;
        let id = &*of.backup_plan_id;
        let Place { account, region } = place;
        let arn = match of.backup_plan_arn.as_deref().filter(|it| !it.is_empty()) {
            Some(arn) => arn.to_owned(),
            None => format!("arn:{}:backup:{region}:{account}:backup-plan:{id}", region.partition()),
        };
        let mut thing = self.thing_in(place, Uid::new(types::BACKUP_PLAN, arn.as_str()));
        thing.source = self.inventory.file_of(plan).into();
        thing.subjects = vec![("BackupPlanId", id.into())];
        thing.tags = self.tags(place, &arn);
        thing.learn("arn", Some(arn.as_str()));
        thing.learn("backupPlanId", Some(id));
        thing.learn("region", Some(region.as_str()));
        // Plans that Organizations deploys have ids `orgs/<uuid>` (Organizations User Guide, backup policies).
        thing.learn("isOrganizationPlan", Some(id.starts_with("orgs/")));
        match plan.why_unreadable("BackupPlanName") {
            Some(why) => thing.excuse("name", why),
            None => thing.learn("name", of.backup_plan_name.as_deref()),
        }
        match plan.why_unreadable("LastExecutionDate") {
            Some(why) => thing.excuse("lastExecution", why),
            None => match self.ages(of.last_execution_date) {
                Ok(ages) => {
                    let age = ages.map(|(_, days)| days.into());
                    thing.learn("lastExecution", Some(Fact::record([("ageDays", age)])));
                }
                Err(why) => thing.excuse("lastExecution", why),
            },
        }
        thing
    }

    fn rule_with_copies(
        &self,
        at: &PlanPart<'_>,
        rule: &BackupRule,
        schedule: Result<Schedule, ScheduleError>,
        loses_to: Option<Option<String>>,
    ) -> Vec<Thing> {
        let name = rule.rule_id.as_deref().or(rule.rule_name.as_deref());
        let id = format!("{}/rule/{}", at.plan.id, name.map_or_else(|| at.index.to_string(), str::to_owned));
        let mut thing = self.plan_part(at, Uid::new(types::BACKUP_RULE, id.as_str()), at.plan);
        thing.learn("name", rule.rule_name.as_deref());
        thing.learn("ruleId", Some(rule.rule_id.as_deref().unwrap_or_default()));
        thing.learn("plan", Some(at.plan.clone()));
        self.learn_target(&mut thing, at.place, rule);
        let text = |text: &Option<Text>| text.as_ref().map(Fact::from);
        let written = Fact::record([
            ("scheduleExpression", text(&rule.schedule_expression)),
            ("scheduleExpressionTimezone", text(&rule.schedule_expression_timezone)),
        ]);
        thing.learn("schedule", Some(written));
        thing.learn("frequency", Some(self.frequency(schedule)));
        match loses_to {
            Some(name) => {
                let record = [("losesTo", name.as_deref().map(Fact::from))];
                thing.learn("overlap", Some(Fact::record(record)));
            }
            None => {
                thing.excuse("overlap", "whether the vault of a rule that keeps longer exists is not known")
            }
        }
        // GetBackupPlan returns the rule as it was written: no lifecycle is no expiry (API_BackupRule).
        thing.learn("lifecycle", Some(lifecycle(rule.lifecycle.as_ref())));
        thing.learn("enableContinuousBackup", Some(rule.enable_continuous_backup.unwrap_or(false)));
        let windows = Fact::record([
            ("startWindowMinutes", rule.start_window_minutes.map(Fact::from)),
            ("completionWindowMinutes", rule.completion_window_minutes.map(Fact::from)),
        ]);
        thing.learn("windows", Some(windows));
        let copies = rule.copy_actions.as_deref().unwrap_or_default();
        thing.learn("copyActionCount", i64::try_from(copies.len()).ok());
        let rule_uid = thing.uid.clone();
        let copy = |(index, copy)| self.copy_action(&PlanPart { index, ..*at }, &rule_uid, copy);
        let copies = copies.iter().enumerate().map(copy);
        std::iter::once(thing).chain(copies).collect()
    }

    /// A thing that is part of a plan.
    fn plan_part(&self, at: &PlanPart<'_>, uid: Uid, parent: &Uid) -> Thing {
        let mut thing = self.thing_in(at.place, uid);
        thing.parents.insert(0, parent.clone());
        thing.source = at.source.into();
        thing.subjects = vec![("BackupPlanId", at.plan_id.into())];
        thing.tags = Some(std::collections::BTreeMap::new());
        thing
    }

    fn learn_target(&self, thing: &mut Thing, place: &Place, rule: &BackupRule) {
        let name = rule.target_backup_vault_name.as_deref();
        thing.learn("targetBackupVaultName", name);
        thing.learn("targetBackupVault", name.map(|it| self.vault_uid(place, it, None)));
        let all_known = self.state(place, "backup.list-backup-vaults", "") == State::Complete;
        let exists = name.and_then(|name| {
            let known = self.vaults.contains_key(&(place, name));
            (known || all_known).then_some(known)
        });
        thing.learn("targetBackupVaultExists", exists);
        let air_gapped =
            rule.target_logically_air_gapped_backup_vault_arn.as_deref().filter(|it| !it.is_empty());
        match air_gapped.map_or(Some(None), |arn| self.air_gapped_vault(place, arn)) {
            Some(arn) => {
                let record = [("targetLogicallyAirGappedBackupVaultArn", arn.map(Fact::from))];
                thing.learn("logicallyAirGapped", Some(Fact::record(record)));
            }
            None => {
                let gap = self.gap(place, "backup.list-backup-vaults", "");
                let why =
                    gap.map(|it| format!("whether its logically air-gapped vault exists is not known: {it}"));
                let unknown = || "its logically air-gapped vault's type is not known".to_owned();
                thing.excuse("logicallyAirGapped", why.unwrap_or_else(unknown));
            }
        }
    }

    /// For each rule the names of those it always loses to; `None` where that hangs on vaults that are not known.
    fn losers(
        &self,
        place: &Place,
        rules: &[BackupRule],
        schedules: &[Option<Schedule>],
    ) -> Vec<Option<Option<String>>> {
        let can_store: Vec<Option<bool>> = rules.iter().map(|rule| self.can_store(place, rule)).collect();
        let with = |unknown: bool| {
            let works: Vec<bool> = can_store.iter().map(|it| it.unwrap_or(unknown)).collect();
            losers(rules, schedules, &works, self.at)
        };
        let either_way = with(true).into_iter().zip(with(false));
        either_way.map(|(one, other)| (one == other).then_some(one)).collect()
    }

    /// Whether a rule can store anything: whether its vault exists.
    fn can_store(&self, place: &Place, rule: &BackupRule) -> Option<bool> {
        let name = rule.target_backup_vault_name.as_deref()?;
        let known = self.vaults.contains_key(&(place, name));
        let all_known = self.state(place, "backup.list-backup-vaults", "") == State::Complete;
        (known || all_known).then_some(known)
    }

    /// The air-gapped vault with this ARN, if the place has it; `None` if that is not known.
    ///
    /// A rule stores only into one of its own account and Region (AWS Backup guide, "Logically air-gapped vault").
    fn air_gapped_vault<'v>(&self, place: &Place, arn: &'v str) -> Option<Option<&'v str>> {
        let mut of_place = self.vaults.range((place, "")..).take_while(|((of, _), _)| *of == place);
        match of_place.find(|(_, it)| it.value.backup_vault_arn.as_deref() == Some(arn)) {
            Some((_, vault)) => {
                let kind = vault
                    .value
                    .vault_type
                    .as_deref()
                    .filter(|_| vault.why_unreadable("VaultType").is_none())?;
                Some((kind == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT").then_some(arn))
            }
            None if self.state(place, "backup.list-backup-vaults", "") == State::Complete => Some(None),
            None => None,
        }
    }

    fn frequency(&self, schedule: Result<Schedule, ScheduleError>) -> Fact {
        let first = schedule.as_ref().ok().and_then(|it| it.runs_after(self.at).next());
        let wait = first.map_or(0, |first| first.duration_since(self.at).as_hours());
        let (gap, problem) = match schedule.map(|it| it.frequency(self.at)) {
            // Between any two runs one waits no longer than the longest gap, but for the hour that a clock change adds.
            Ok(Frequency::Every { longest_gap_hours, .. })
                if u64::try_from(wait).is_ok_and(|wait| wait > longest_gap_hours + 1) =>
            {
                (None, first.map(|first| format!("it does not run before {first}")))
            }
            Ok(Frequency::Every { longest_gap_hours, .. }) => (i64::try_from(longest_gap_hours).ok(), None),
            Ok(Frequency::Once { run }) => {
                (None, Some(format!("it runs once more, at {run}, and never again")))
            }
            Ok(Frequency::Never) => (None, Some("it never runs again".to_owned())),
            Err(error) => (None, Some(error.to_string())),
        };
        Fact::record([
            ("longestGapHours", gap.map(Fact::from)),
            ("problem", problem.as_deref().map(Fact::from)),
        ])
    }

    fn copy_action(&self, at: &PlanPart<'_>, rule: &Uid, copy: &CopyAction) -> Thing {
        let id = format!("{}/copy/{}", rule.id, at.index);
        let mut thing = self.plan_part(at, Uid::new(types::COPY_ACTION, id.as_str()), rule);
        thing.learn("rule", Some(rule.clone()));
        let arn = copy.destination_backup_vault_arn.as_deref();
        thing.learn("destinationBackupVaultArn", arn);
        thing.learn("lifecycle", Some(lifecycle(copy.lifecycle.as_ref())));
        let Some((parts, destination)) = arn.and_then(vault_arn) else {
            let why = format!("`{}` is not the ARN of a backup vault", arn.unwrap_or_default());
            for fact in [
                "destinationAccountId",
                "destinationRegion",
                "isToOtherRegion",
                "isToOtherAccount",
                "destination",
            ] {
                thing.excuse(fact, why.clone());
            }
            return thing;
        };
        thing.learn("destinationAccountId", Some(parts.account));
        thing.learn("destinationRegion", Some(parts.region));
        thing.learn("isToOtherRegion", Some(destination.region != at.place.region));
        thing.learn("isToOtherAccount", Some(destination.account != at.place.account));
        // Nothing is copied from one partition to another, so from here that vault is not there.
        let reachable = parts.partition == at.place.region.partition();
        let unreachable = || Some(Fact::record([("exists", Some(false.into()))]));
        let known =
            if reachable { self.destination(arn.unwrap_or_default(), &destination) } else { unreachable() };
        if known.is_none() {
            let gap = self.gap(&destination, "backup.list-backup-vaults", "");
            let told = |it: &Gap| format!("whether that vault exists is not known: in {destination} {it}");
            let why = gap.as_ref().map(told).unwrap_or_default();
            // The call that would tell is one of the destination, and how it went where the plan is says nothing.
            if self.partial {
                thing.doubts = vec![Doubt { why: why.clone(), gap }];
            }
            thing.excuse("destination", why);
        }
        thing.learn("destination", known);
        thing
    }

    /// What is known of the vault a copy goes to: nothing where nobody looked at its account and Region,
    /// and no fact at all where somebody looked and did not see, or somebody else is to look.
    fn destination(&self, arn: &str, place: &Place) -> Option<Fact> {
        let mut known = self.vaults.range((place, "")..).take_while(|((of, _), _)| *of == place);
        let known = known.any(|((of, name), _)| *self.vault_uid(of, name, None).id == *arn);
        match self.state(place, "backup.list-backup-vaults", "") {
            _ if known => Some(Fact::record([("exists", Some(true.into()))])),
            State::Complete => Some(Fact::record([("exists", Some(false.into()))])),
            State::NotAsked if !self.partial && !self.inventory.estates.contains_key(place) => {
                Some(Fact::record([]))
            }
            State::NotAsked | State::Refused(_) | State::CutOff(_) => None,
        }
    }

    fn backup_selection(
        &self,
        place: &Place,
        plan: &Uid,
        plan_id: &str,
        selection: &Recorded<BackupSelection>,
    ) -> Thing {
        let of = &selection.value;
        let subject = format!("{plan_id}/{}", of.selection_id);
        let mut thing = self.thing_in(place, selection_uid(plan, &of.selection_id));
        thing.parents.insert(0, plan.clone());
        thing.subjects = vec![("BackupPlanId", plan_id.into()), ("SelectionId", (&*of.selection_id).into())];
        thing.source = self.inventory.file_of(selection).into();
        thing.tags = Some(std::collections::BTreeMap::new());
        thing.learn("name", of.selection_name.as_deref());
        thing.learn("selectionId", Some(&*of.selection_id));
        thing.learn("plan", Some(plan.clone()));
        let bodies = &self.inventory.estate(place).backup_selection_bodies;
        let found = bodies.binary_search_by(|(of, _)| of.cmp(&subject)).ok();
        let body = found.and_then(|it| bodies.get(it)).map(|(_, it)| it);
        let body = body.and_then(|it| it.value.backup_selection.as_ref());
        let Some(body) = body.filter(|it| it.is_object()) else {
            thing.learn("iamRoleArn", of.iam_role_arn.as_deref());
            return thing;
        };
        let role = body.get("IamRoleArn").and_then(Value::as_str);
        thing.learn("iamRoleArn", role.or(of.iam_role_arn.as_deref()));
        thing.learn("resources", texts(body.get("Resources")));
        thing.learn("notResources", texts(body.get("NotResources")));
        thing.learn("listOfTagsCount", count(body.get("ListOfTags")));
        let operators = match body.get("Conditions") {
            None | Some(Value::Null) => Some(0),
            Some(Value::Object(operators)) => operators.values().map(|it| count(Some(it))).sum(),
            Some(_) => None,
        };
        thing.learn("conditionsCount", operators);
        thing
    }
}

/// Where a rule, copy action or selection stands.
#[derive(Clone, Copy)]
struct PlanPart<'p> {
    place: &'p Place,
    plan: &'p Uid,
    plan_id: &'p str,
    source: &'p str,
    index: usize,
}

/// The parts of a backup vault's ARN and where the vault is; `None` if it is no such ARN.
fn vault_arn(arn: &str) -> Option<(Arn<'_>, Place)> {
    let parts = Arn::parse(arn)?;
    let name = parts.resource.strip_prefix("backup-vault:")?;
    let place = Place { account: parts.account.parse().ok()?, region: parts.region.parse().ok()? };
    (parts.service == "backup" && !name.is_empty() && !place.region.is_global()).then_some((parts, place))
}

fn schedule_of(rule: &BackupRule) -> Result<Schedule, ScheduleError> {
    Schedule::parse(rule.schedule_expression.as_deref(), rule.schedule_expression_timezone.as_deref())
}

fn rules_of(body: &Recorded<BackupPlanBody>) -> Option<&[BackupRule]> {
    body.value.backup_plan.as_ref()?.rules.as_deref()
}

/// A list of texts as a set; no list is an empty one, anything else is not known.
fn texts(value: Option<&Value>) -> Option<Fact> {
    match value {
        None | Some(Value::Null) => Some(Fact::Set(Vec::new())),
        Some(Value::Array(items)) => {
            let texts: Option<Vec<Fact>> = items.iter().map(|it| it.as_str().map(Fact::from)).collect();
            texts.map(Fact::Set)
        }
        Some(_) => None,
    }
}

fn count(value: Option<&Value>) -> Option<i64> {
    match value {
        None | Some(Value::Null) => Some(0),
        Some(Value::Array(items)) => i64::try_from(items.len()).ok(),
        Some(_) => None,
    }
}
