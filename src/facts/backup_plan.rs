//! Plans with their rules, copy actions and selections.

use serde_json::Value;

use super::recovery_point::lifecycle;
use super::{Fact, Facts, Thing, Uid, types};
use crate::inventory::record::{BackupPlan, BackupPlanBody, BackupRule, BackupSelection, CopyAction};
use crate::inventory::{Recorded, State};
use crate::model::{Arn, Place};

impl Facts<'_> {
    /// Every plan of a place, each followed by its rules, copy actions and selections.
    pub(super) fn backup_plans(&self, place: &Place) -> Vec<Vec<Thing>> {
        let plans = &self.inventory.estate(place).backup_plans;
        let existing = plans.iter().filter(|it| it.value.deletion_date.is_none());
        existing.map(|plan| self.plan_with_parts(place, plan)).collect()
    }

    fn plan_with_parts(&self, place: &Place, plan: &Recorded<BackupPlan>) -> Vec<Thing> {
        let estate = self.inventory.estate(place);
        let id = &*plan.value.backup_plan_id;
        let body = estate.backup_plan_bodies.iter().find(|(of, _)| of == id).map(|(_, it)| it);
        let mut thing = self.backup_plan(place, plan);
        let plan_uid = thing.uid.clone();
        let mut parts = Vec::new();
        match body.map(|it| (it, it.why_unreadable("BackupPlan"), rules_of(it))) {
            Some((_, Some(why), _)) => thing.excuse("ruleCount", why),
            Some((body, None, Some(rules))) => {
                thing.learn("ruleCount", i64::try_from(rules.len()).ok());
                let source = self.inventory.file_of(body);
                for (index, rule) in rules.iter().enumerate() {
                    parts.extend(self.rule_with_copies(place, &plan_uid, id, source, index, rule));
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
            let gap = self.gap(place, operation, id).map(|it| it.to_string());
            let why = told.or(gap).unwrap_or_else(|| format!("the answer of `{operation}` does not say"));
            for of in types {
                let mut thing =
                    self.thing_in(place, Uid::new(*of, format!("{} {operation} {of}", plan.uid.id)));
                thing.parents.insert(0, plan.uid.clone());
                thing.subjects.clone_from(&plan.subjects);
                thing.excuse("name", why.clone());
                if *of != types::COPY_ACTION {
                    thing.learn("plan", Some(plan.uid.clone()));
                }
                unread.push(thing);
            }
        }
        unread
    }

    fn backup_plan(&self, place: &Place, plan: &Recorded<BackupPlan>) -> Thing {
        let of = &plan.value;
        let id = &*of.backup_plan_id;
        let Place { account, region } = place;
        let arn = match &of.backup_plan_arn {
            Some(arn) => arn.to_string(),
            None => format!("arn:aws:backup:{region}:{account}:backup-plan:{id}"),
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
        place: &Place,
        plan: &Uid,
        plan_id: &str,
        source: &str,
        index: usize,
        rule: &BackupRule,
    ) -> Vec<Thing> {
        let name = rule.rule_id.as_deref().or(rule.rule_name.as_deref());
        let id = format!("{}/rule/{}", plan.id, name.map_or_else(|| index.to_string(), str::to_owned));
        let mut thing = self.thing_in(place, Uid::new(types::BACKUP_RULE, id.as_str()));
        thing.parents.insert(0, plan.clone());
        thing.source = source.into();
        thing.subjects = vec![("BackupPlanId", plan_id.into())];
        thing.tags = Some(std::collections::BTreeMap::new());
        thing.learn("name", rule.rule_name.as_deref());
        thing.learn("ruleId", Some(rule.rule_id.as_deref().unwrap_or_default()));
        thing.learn("plan", Some(plan.clone()));
        thing.learn("targetBackupVaultName", rule.target_backup_vault_name.as_deref());
        let vault = rule.target_backup_vault_name.as_deref().map(|it| self.vault_uid(place, it, None));
        thing.learn("targetBackupVault", vault);
        let text = |text: &Option<Box<str>>| text.as_deref().map(Fact::from);
        let schedule = Fact::record([
            ("scheduleExpression", text(&rule.schedule_expression)),
            ("scheduleExpressionTimezone", text(&rule.schedule_expression_timezone)),
        ]);
        thing.learn("schedule", Some(schedule));
        // GetBackupPlan returns the rule as it was written: no lifecycle is no expiry (API_BackupRule).
        thing.learn("lifecycle", Some(lifecycle(rule.lifecycle.as_ref())));
        thing.learn("enableContinuousBackup", Some(rule.enable_continuous_backup.unwrap_or(false)));
        let windows = Fact::record([
            ("startWindowMinutes", rule.start_window_minutes.map(Fact::from)),
            ("completionWindowMinutes", rule.completion_window_minutes.map(Fact::from)),
        ]);
        thing.learn("windows", Some(windows));
        let rule_uid = thing.uid.clone();
        let copies = rule.copy_actions.iter().flatten().enumerate();
        let copies = copies.map(|(index, it)| self.copy_action(place, &rule_uid, plan_id, source, index, it));
        std::iter::once(thing).chain(copies).collect()
    }

    fn copy_action(
        &self,
        place: &Place,
        rule: &Uid,
        plan_id: &str,
        source: &str,
        index: usize,
        copy: &CopyAction,
    ) -> Thing {
        let id = format!("{}/copy/{index}", rule.id);
        let mut thing = self.thing_in(place, Uid::new(types::COPY_ACTION, id.as_str()));
        thing.parents.insert(0, rule.clone());
        thing.source = source.into();
        thing.subjects = vec![("BackupPlanId", plan_id.into())];
        thing.tags = Some(std::collections::BTreeMap::new());
        thing.learn("rule", Some(rule.clone()));
        let arn = copy.destination_backup_vault_arn.as_deref();
        thing.learn("destinationBackupVaultArn", arn);
        let parts = arn.and_then(Arn::parse);
        thing.learn("destinationAccountId", parts.map(|it| it.account));
        thing.learn("destinationRegion", parts.map(|it| it.region));
        thing.learn("lifecycle", Some(lifecycle(copy.lifecycle.as_ref())));
        thing
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
        let id = format!("{}/selection/{}", plan.id, of.selection_id);
        let mut thing = self.thing_in(place, Uid::new(types::BACKUP_SELECTION, id.as_str()));
        thing.parents.insert(0, plan.clone());
        thing.subjects = vec![("BackupPlanId", plan_id.into()), ("SelectionId", (&*of.selection_id).into())];
        thing.source = self.inventory.file_of(selection).into();
        thing.tags = Some(std::collections::BTreeMap::new());
        thing.learn("name", of.selection_name.as_deref());
        thing.learn("selectionId", Some(&*of.selection_id));
        thing.learn("plan", Some(plan.clone()));
        let bodies = &self.inventory.estate(place).backup_selection_bodies;
        let body = bodies.iter().find(|(of, _)| *of == subject).map(|(_, it)| it);
        let Some(body) = body.and_then(|it| it.value.backup_selection.as_ref()) else {
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
