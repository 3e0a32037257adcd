//! The functions on AWS: one program, of which the function's handler chooses a part.
//!
//! ```text
//! plan ──► sweep, sweep, sweep … ──► publish            react
//! which     one account in one        judges all,        one event: asks, judges and
//! accounts  Region: asks and          records, reports,  records what it can have changed
//! and       packs what AWS says       alerts
//! Regions
//! ```
//!
//! Judging stands in `publish`, over everything at once, because facts cross accounts and Regions. Payloads, tags and
//! policies are never logged: ids, counts and reasons are.

use std::env;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

mod alerts;
mod configuration;
mod controls;
mod environment;
mod failure;
mod permissions;
mod plan;
mod publish;
mod react;
mod run;
mod state;
mod sweep;

pub use environment::Environment;
pub use failure::Failure;
pub use lambda_runtime::Error;
pub use permissions::permissions;
pub use run::{Run, RunId, Unit};

use state::State;

/// The functions, by the `Handler` that chooses one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Plan,
    Sweep,
    Publish,
    React,
}

impl Function {
    const ALL: [(&str, Self); 4] =
        [("plan", Self::Plan), ("sweep", Self::Sweep), ("publish", Self::Publish), ("react", Self::React)];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(it, _)| *it == name).map(|(_, function)| *function)
    }
}

/// Serves the function that the environment names, until the environment ends.
pub fn main() -> Result<(), Error> {
    let level = env::var("LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(tracing_subscriber::EnvFilter::new(format!("warn,backproof={level}")))
        .init();
    let handler = env::var("_HANDLER").unwrap_or_default();
    let Some(function) = Function::named(&handler) else {
        let known = Function::ALL.map(|(name, _)| name).join(", ");
        return Err(format!("`{handler}` is not a handler; allowed are {known}").into());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let environment = Environment::of(&|name| env::var(name).ok());
        let state = State::new(environment);
        lambda_runtime::run(service_fn(|event| serve(function, &state, event))).await
    })
}

async fn serve(function: Function, state: &State, event: LambdaEvent<Value>) -> Result<Value, Failure> {
    let LambdaEvent { payload, context } = event;
    let request = context.request_id.clone();
    tracing::info!(request, ?function, "begins");
    let done = match function {
        Function::Plan => plan::plan(state, payload).await,
        Function::Sweep => sweep::sweep(state, payload, context.deadline()).await,
        Function::Publish => publish::publish(state, payload).await,
        Function::React => react::react(state, payload, context.deadline()).await,
    };
    match &done {
        Ok(answer) => tracing::info!(request, ?function, %answer, "done"),
        Err(failure) => tracing::error!(request, ?function, kind = failure.kind(), %failure, "failed"),
    }
    done
}
