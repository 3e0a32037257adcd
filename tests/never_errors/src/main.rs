//! Proves with an SMT solver that no built-in policy, and none of the controls that are measured, errs on known facts.
//!
//! A policy is asked under the condition that every number it reads is as small as the vocabulary says, and every parameter
//! within its bounds: what is refused where it is read. Says too whether the proof can fail. The solver is a command's words.

mod bounded;
#[path = "../../../src/model/range.rs"]
#[expect(dead_code, unreachable_pub, reason = "the library's own")]
mod range;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use cedar_policy::{Policy, PolicySet, Schema, SchemaFragment};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy};
use serde_json::Value;
use tokio::process::Command;

use bounded::Bounds;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Solver = CedarSymCompiler<LocalSolver>;

/// Folders of controls, from the project's.
const FOLDERS: [&str; 2] = ["controls", "benches/controls"];

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (program, arguments) = words.split_first().ok_or("expected the command that runs the solver")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    runtime.block_on(async {
        let solver = LocalSolver::from_command(Command::new(program).args(arguments))?;
        let mut solver = CedarSymCompiler::new(solver)?;
        can_fail(&mut solver, &root).await?;
        prove(&mut solver, &root).await
    })
}

/// A control's folder, with its schema joined to the vocabulary.
struct Control {
    name: String,
    schema: Schema,
    bounds: Bounds,
    policies: PolicySet,
}

impl Control {
    fn read(root: &Path, folder: &Path) -> Outcome<Self> {
        let text = |path: PathBuf| fs::read_to_string(path);
        Self::parse(
            &text(root.join("controls/backup.cedarschema"))?,
            &text(folder.join("control.cedarschema"))?,
            &text(folder.join("control.cedar"))?,
        )
    }

    fn parse(vocabulary: &str, schema: &str, policies: &str) -> Outcome<Self> {
        let fragments =
            [vocabulary, schema].map(|it| SchemaFragment::from_cedarschema_str(it).map(|(it, _)| it));
        let [vocabulary, declared] = fragments;
        let (vocabulary, declared) = (vocabulary?, declared?);
        let bounds = Bounds::of(vocabulary.clone().to_json_value()?, declared.clone().to_json_value()?);
        let schema = Schema::from_schema_fragments([vocabulary, declared])?;
        Ok(Self { name: bounds.control().to_owned(), schema, bounds, policies: policies.parse()? })
    }

    /// The policies that may err, each with the types it was asked of; and how many questions were asked.
    async fn that_may_err(&self, solver: &mut Solver) -> Outcome<(Vec<String>, usize)> {
        let (mut found, mut asked) = (Vec::new(), 0);
        for environment in self.schema.request_envs() {
            for policy in self.policies.policies() {
                let of = format!("{} for {}", environment.principal(), environment.resource());
                let bounded = self.bounded(
                    policy,
                    environment.principal().to_string(),
                    environment.resource().to_string(),
                )?;
                let compiled = CompiledPolicy::compile(&bounded, &environment, &self.schema)?;
                asked += 1;
                if !solver.check_never_errors_opt(&compiled).await? {
                    let id = policy.annotation("id").unwrap_or_default();
                    found.push(format!("{}: policy `{id}`, {of}", self.name));
                }
            }
        }
        Ok((found, asked))
    }

    /// The policy, asked only where all that it reads is within its bounds.
    fn bounded(&self, policy: &Policy, principal: String, resource: String) -> Outcome<Policy> {
        let mut json = policy.to_json()?;
        let types = BTreeMap::from([("principal", principal), ("resource", resource)]);
        let conditions = self.bounds.conditions(&json, &types);
        if let Some(Value::Array(written)) = json.get_mut("conditions") {
            written.splice(0..0, conditions);
        }
        Ok(Policy::from_json(None, json)?)
    }
}

#[expect(clippy::print_stdout, reason = "what was proved is told")]
async fn prove(solver: &mut Solver, root: &Path) -> Outcome {
    let (mut found, mut asked, mut controls) = (Vec::new(), 0, 0);
    for below in FOLDERS {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(root.join(below))?.map(|it| it.map(|it| it.path())).collect::<Result<_, _>>()?;
        folders.sort();
        for folder in folders.into_iter().filter(|it| it.join("control.cedar").exists()) {
            let (may_err, questions) = Control::read(root, &folder)?.that_may_err(solver).await?;
            found.extend(may_err);
            asked += questions;
            controls += 1;
        }
    }
    if found.is_empty() && controls > 0 {
        println!("no policy of {controls} controls errs on known facts, in {asked} questions");
        return Ok(());
    }
    Err(format!("policies that may err on known facts:\n{}", found.join("\n")))?
}

/// Policies of which some can overflow, within their bounds, and some cannot.
const KNOWN: [(&str, bool); 5] = [
    (
        "resource.lifecycle has deleteAfterDays && resource.lifecycle.deleteAfterDays * 24 > context.limit",
        false,
    ),
    ("resource.backupSizeInBytes + resource.ageHours > context.limit", false),
    ("resource.backupSizeInBytes * 2048 > context.limit", true),
    ("resource.ageDays + context.unbounded > 0", true),
    ("resource.lifecycle.deleteAfterDays > context.limit", true),
];

/// A proof that cannot fail proves nothing.
async fn can_fail(solver: &mut Solver, root: &Path) -> Outcome {
    let vocabulary = fs::read_to_string(root.join("controls/backup.cedarschema"))?;
    let schema = r#"namespace Control { action "KNOWN" appliesTo {
        principal: [AWS::Organizations::Account], resource: AWS::Backup::RecoveryPoint,
        context: { @max("36500") limit: Long, unbounded: Long }
    }; }"#;
    for (condition, errs) in KNOWN {
        let policy = format!("@id(\"known\") forbid (principal, action, resource) when {{ {condition} }};");
        let control = Control::parse(&vocabulary, schema, &policy)?;
        let found = match control.that_may_err(solver).await {
            Ok((found, _)) => !found.is_empty(),
            // What Cedar's validator refuses is not even asked.
            Err(error) => {
                if !errs {
                    Err(error)?;
                }
                true
            }
        };
        if found != errs {
            Err(format!(
                "the proof is wrong: `{condition}` {}",
                if errs { "can err" } else { "cannot err" }
            ))?;
        }
    }
    Ok(())
}
