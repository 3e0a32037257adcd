//! The five controls in Rego, compiled for regorus' virtual machine, asked once for each recovery point.
//!
//! One entry point answers all five, which is the cheapest way to ask it.

use std::collections::BTreeMap;
use std::sync::Arc;

use backproof::inventory::Inventory;
use backproof::inventory::record::{Days, RecoveryPoint};
use backproof::model::{Answer, Place, whole_days};
use jiff::Timestamp;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};

use super::engines::Tell;

const ENTRY: &str = "data.backup.answers";

/// A recovery point's ARN and what the policies read of it.
pub(crate) type Input<'i> = (&'i str, Value);

/// The compiled program, and which vaults are locked.
pub(crate) struct Rego {
    program: Arc<Program>,
    data: Value,
}

fn object(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((Value::from(name), value?)));
    Value::from(present.collect::<BTreeMap<_, _>>())
}

/// A vault's name in its account and Region.
fn vault(place: &Place, name: &str) -> Value {
    Value::from(format!("{place}/{name}"))
}

fn input(place: &Place, point: &RecoveryPoint, at: Timestamp) -> Value {
    let days = |it: Option<Days>| it.and_then(Days::count).map(Value::from);
    let lifecycle = point.lifecycle.as_ref().map(|it| {
        let kept = it.as_ref();
        object([
            ("deleteAfterDays", days(kept.and_then(|it| it.delete_after_days))),
            ("moveToColdStorageAfterDays", days(kept.and_then(|it| it.move_to_cold_storage_after_days))),
        ])
    });
    object([
        ("status", point.status.as_deref().map(Value::from)),
        ("isEncrypted", point.is_encrypted.map(Value::from)),
        ("ageDays", point.creation_date.and_then(|it| whole_days(it, at)).map(Value::from)),
        ("lifecycle", lifecycle),
        ("vault", point.backup_vault_name.as_deref().map(|it| vault(place, it))),
    ])
}

impl Rego {
    /// Compiles the policies and takes down which vaults are locked.
    pub(crate) fn new(inventory: &Inventory) -> Result<Self, Box<dyn std::error::Error>> {
        let mut engine = Engine::new();
        engine.add_policy("policy.rego".to_owned(), include_str!("../policy.rego").to_owned())?;
        let compiled = engine.compile_with_entrypoint(&Rc::from(ENTRY))?;
        let program = Compiler::compile_from_policy(&compiled, &[ENTRY])?;
        let mut locked = BTreeMap::new();
        for (place, estate) in &inventory.estates {
            let of_estate = estate.backup_vaults.iter().map(|it| &it.value);
            let known = |(name, it): (&str, Option<bool>)| Some((vault(place, name), Value::from(it?)));
            locked.extend(of_estate.map(|it| (&*it.backup_vault_name, it.locked)).filter_map(known));
        }
        Ok(Self { program, data: object([("locked", Some(Value::from(locked)))]) })
    }

    /// What the policies read of every recovery point.
    pub(crate) fn inputs<'i>(&self, inventory: &'i Inventory, at: Timestamp) -> Vec<Input<'i>> {
        let of_place = inventory
            .estates
            .iter()
            .flat_map(|(place, estate)| estate.recovery_points.iter().map(move |it| (place, &it.value)));
        of_place.map(|(place, it)| (&*it.recovery_point_arn, input(place, it, at))).collect()
    }

    #[expect(clippy::panic, reason = "a run that failed measures nothing")]
    fn machine(&self) -> RegoVM {
        let mut machine = RegoVM::new();
        machine.load_program(Arc::clone(&self.program));
        machine.set_max_instructions(usize::MAX);
        if let Err(error) = machine.set_data(self.data.clone()) {
            panic!("{error}");
        }
        machine
    }

    #[expect(clippy::panic, reason = "a run that failed measures nothing")]
    fn ask(machine: &mut RegoVM, arn: &str, input: Value, tell: Tell<'_>) {
        machine.set_input(input);
        let answers = match machine.execute() {
            Ok(answers) => answers,
            Err(error) => panic!("{error}"),
        };
        let Ok(answers) = answers.as_array() else { panic!("the policies answer with no list") };
        for (control, answer) in answers.iter().enumerate() {
            let answer = answer.as_i64().ok().and_then(|it| Answer::ALL.get(usize::try_from(it).ok()?));
            tell(control, arn, answer.copied().unwrap_or(Answer::InsufficientData));
        }
    }

    /// Asks with inputs that are ready.
    pub(crate) fn judge(&self, inputs: &[Input<'_>], tell: Tell<'_>) {
        let mut machine = self.machine();
        for (arn, input) in inputs {
            Self::ask(&mut machine, arn, input.clone(), tell);
        }
    }

    /// Makes each input from its record, then asks.
    pub(crate) fn judge_records(&self, inventory: &Inventory, at: Timestamp, tell: Tell<'_>) {
        let mut machine = self.machine();
        for (place, estate) in &inventory.estates {
            for point in estate.recovery_points.iter().map(|it| &it.value) {
                Self::ask(&mut machine, &point.recovery_point_arn, input(place, point, at), tell);
            }
        }
    }
}
