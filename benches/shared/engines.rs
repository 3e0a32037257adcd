//! The same five controls by several engines, over the same records: backproof itself, closures written by hand, and Cedar
//! as one would use it without backproof.
//!
//! Each engine is one function that tells every answer. What is made before it begins is what does not hang on the records.

use std::collections::HashMap;

use backproof::catalog::Catalog;
use backproof::evaluate::{evaluate, evaluate_one_by_one};
use backproof::facts::Facts;
use backproof::framework::Framework;
use backproof::inventory::record::{Days, RecoveryPoint};
use backproof::inventory::{Estate, Inventory, Recorded, read_from_memory};
use backproof::model::{Answer, whole_days};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use jiff::Timestamp;

use super::controls::{COMPARED, root};

/// Is told which control, which recovery point, and the answer.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(usize, &str, Answer);

/// The records of an estate, all of them held in memory.
#[expect(clippy::panic, reason = "files in memory can be read again")]
pub(crate) fn read(files: &[(String, Vec<u8>)]) -> Inventory {
    let mut inventory = read_from_memory(files.iter().cloned().collect(), 1, Timestamp::MAX);
    if let Err(error) = inventory.hold() {
        panic!("{error}");
    }
    inventory
}

/// All recovery points of an inventory, each with what was recorded of its account and Region.
pub(crate) fn rows(inventory: &Inventory) -> impl Iterator<Item = (&Estate, &Recorded<RecoveryPoint>)> {
    inventory.estates.values().flat_map(|estate| estate.recovery_points.iter().map(move |it| (estate, it)))
}

/// How backproof asks Cedar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Questions of a kind share an answer.
    Shared,
    /// Every question by itself.
    OneByOne,
}

/// backproof, from the records to findings.
#[expect(clippy::panic, reason = "a run that failed measures nothing")]
pub(crate) fn backproof(
    (catalog, frameworks): (&Catalog, &[Framework]),
    inventory: &Inventory,
    at: Timestamp,
    asking: Asking,
    tell: Tell<'_>,
) {
    let facts = Facts::new(inventory, at);
    let names: HashMap<&str, usize> =
        frameworks.iter().flat_map(|it| &it.controls).map(|it| it.control.name.as_str()).zip(0..).collect();
    let ask = if asking == Asking::Shared { evaluate } else { evaluate_one_by_one };
    let judged = ask(frameworks, &facts, &catalog.vocabulary, &mut |it| {
        let control = names.get(it.chosen.control.name.as_str());
        tell(control.copied().unwrap_or_default(), &it.resource.id, it.answer);
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
}

/// Whether each vault of an account and Region is locked, by name.
fn locks(estate: &Estate) -> HashMap<&str, Option<bool>> {
    estate.backup_vaults.iter().map(|it| (&*it.value.backup_vault_name, it.value.locked)).collect()
}

/// The retention of a recovery point; the outer option is whether it is known, the inner whether there is an end.
fn deleted_after(point: &RecoveryPoint) -> Option<Option<i64>> {
    point.lifecycle.as_ref().map(|it| it.as_ref().and_then(|it| it.delete_after_days?.count()))
}

/// The five controls as closures over the records.
pub(crate) fn closures(inventory: &Inventory, at: Timestamp, tell: Tell<'_>) {
    use Answer::{Compliant, InsufficientData, NonCompliant, NotApplicable};
    let unless = |fails: bool| if fails { NonCompliant } else { Compliant };
    let known = |fails: Option<bool>| fails.map_or(InsufficientData, unless);
    let gone = |point: &RecoveryPoint, judge: &dyn Fn() -> Answer| match point.status.as_deref() {
        Some("DELETING" | "EXPIRED") => NotApplicable,
        Some(_) => judge(),
        None => InsufficientData,
    };
    for estate in inventory.estates.values() {
        let locks = locks(estate);
        let locked = |it: &RecoveryPoint| *locks.get(it.backup_vault_name.as_deref()?)?;
        for point in estate.recovery_points.iter().map(|it| &it.value) {
            let encrypted = match point.status.as_deref() {
                Some("CREATING" | "DELETING") => NotApplicable,
                Some(_) => known(point.is_encrypted.map(|it| !it)),
                None => InsufficientData,
            };
            let days = deleted_after(point);
            let retention = gone(point, &|| known(days.map(|it| it.is_some_and(|it| it < 35))));
            let age = || point.creation_date.and_then(|it| whole_days(it, at));
            let age = gone(point, &|| known(age().map(|it| it > 400)));
            let vault = gone(point, &|| known(locked(point).map(|it| !it)));
            let cold = point.lifecycle.as_ref().map(|it| {
                it.as_ref().and_then(|it| it.move_to_cold_storage_after_days.and_then(Days::count))
            });
            let cold = match (cold, days) {
                (Some(None), _) => NotApplicable,
                (Some(Some(cold)), Some(days)) => unless(days.is_some_and(|it| it < cold + 90)),
                _ => InsufficientData,
            };
            for (control, answer) in [encrypted, retention, age, vault, cold].into_iter().enumerate() {
                tell(control, &point.recovery_point_arn, answer);
            }
        }
    }
}

/// Cedar without backproof: a policy set for each control, read from its own text and used without a schema.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    controls: Vec<(PolicySet, EntityUid, Context)>,
    principal: EntityUid,
    point: EntityTypeName,
    vault: EntityTypeName,
}

impl Cedar {
    /// Reads the five controls; `None` if one cannot be read.
    pub(crate) fn new() -> Option<Self> {
        let parameters = [
            &[][..],
            &[("requiredRetentionDays", 35)],
            &[("maxAgeDays", 400)],
            &[],
            &[("minColdStorageDays", 90)],
        ];
        let control = |(name, parameters): (&str, &[(&str, i64)])| {
            let folder = name.to_ascii_lowercase().replace('_', "-");
            let file =
                |below: &str| std::fs::read_to_string(root().join(below).join(&folder).join("control.cedar"));
            let policies = file("controls").or_else(|_| file("benches/controls")).ok()?.parse().ok()?;
            let context =
                parameters.iter().map(|(name, it)| ((*name).to_owned(), RestrictedExpression::new_long(*it)));
            let action = uid("Control::Action", name)?;
            Some((policies, action, Context::from_pairs(context).ok()?))
        };
        Some(Self {
            authorizer: Authorizer::new(),
            controls: COMPARED.into_iter().zip(parameters).map(control).collect::<Option<_>>()?,
            principal: uid("AWS::Organizations::Account", "111122223333")?,
            point: "AWS::Backup::RecoveryPoint".parse().ok()?,
            vault: "AWS::Backup::BackupVault".parse().ok()?,
        })
    }

    /// The vaults of an account and Region, made once.
    fn vaults<'e>(&self, estate: &'e Estate) -> HashMap<&'e str, Entity> {
        let entity = |(name, locked): (&'e str, Option<bool>)| {
            let id = EntityUid::from_type_name_and_id(self.vault.clone(), EntityId::new(name));
            let locked = locked.map(|it| ("locked".to_owned(), RestrictedExpression::new_bool(it)));
            Some((name, Entity::new(id, locked.into_iter().collect(), [].into()).ok()?))
        };
        locks(estate).into_iter().filter_map(entity).collect()
    }

    /// A recovery point with the facts that the five controls read, and no others.
    fn entity(&self, point: &RecoveryPoint, vault: Option<&Entity>, at: Timestamp) -> Option<Entity> {
        let text = |it: &str| RestrictedExpression::new_string(it.to_owned());
        let lifecycle = |point: &RecoveryPoint| {
            let days = |it: Option<Days>| it.and_then(Days::count).map(RestrictedExpression::new_long);
            let kept = point.lifecycle.as_ref()?.as_ref();
            let fields = [
                ("deleteAfterDays", days(kept.and_then(|it| it.delete_after_days))),
                ("moveToColdStorageAfterDays", days(kept.and_then(|it| it.move_to_cold_storage_after_days))),
            ];
            let fields = fields.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
            RestrictedExpression::new_record(fields).ok()
        };
        let age = point.creation_date.and_then(|it| whole_days(it, at));
        let facts = [
            ("status", point.status.as_deref().map(text)),
            ("isEncrypted", point.is_encrypted.map(RestrictedExpression::new_bool)),
            ("ageDays", age.map(RestrictedExpression::new_long)),
            ("lifecycle", lifecycle(point)),
            ("vault", vault.map(|it| RestrictedExpression::new_entity_uid(it.uid()))),
        ];
        let facts = facts.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))).collect();
        let id = EntityId::new(&*point.recovery_point_arn);
        Entity::new(EntityUid::from_type_name_and_id(self.point.clone(), id), facts, [].into()).ok()
    }

    /// Asks every question, each recovery point made an entity once.
    pub(crate) fn judge(&self, inventory: &Inventory, at: Timestamp, tell: Tell<'_>) {
        for estate in inventory.estates.values() {
            let vaults = self.vaults(estate);
            for point in estate.recovery_points.iter().map(|it| &it.value) {
                let vault = point.backup_vault_name.as_deref().and_then(|it| vaults.get(it));
                let Some(entity) = self.entity(point, vault, at) else { continue };
                let resource = entity.uid();
                let all = [entity].into_iter().chain(vault.cloned());
                let Ok(entities) = Entities::from_entities(all, None) else { continue };
                for (control, (policies, action, context)) in self.controls.iter().enumerate() {
                    let (principal, action) = (self.principal.clone(), action.clone());
                    let request = Request::new(principal, action, resource.clone(), context.clone(), None);
                    let Ok(request) = request else { continue };
                    let response = self.authorizer.is_authorized(&request, policies, &entities);
                    let diagnostics = response.diagnostics();
                    let decided = diagnostics.reason().next().is_some();
                    let erred = diagnostics.errors().next().is_some();
                    let answer = match (response.decision(), decided, erred) {
                        (Decision::Deny, true, _) => Answer::NonCompliant,
                        (_, _, true) => Answer::InsufficientData,
                        (Decision::Allow, ..) => Answer::Compliant,
                        (Decision::Deny, ..) => Answer::NotApplicable,
                    };
                    tell(control, &point.recovery_point_arn, answer);
                }
            }
        }
    }
}

fn uid(type_name: &str, id: &str) -> Option<EntityUid> {
    Some(EntityUid::from_type_name_and_id(type_name.parse().ok()?, EntityId::new(id)))
}
