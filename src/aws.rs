//! Asking AWS: the adapters behind the ports of `collect`, over AWS's own SDK.
//!
//! What is asked and in which order is `collect`'s. Nothing here judges, records or knows a policy.

mod answer;
mod backup;
mod clients;
mod ec2;
mod evidence;
mod lists;
mod objects;
mod organizations;
mod services;
mod session;
mod xml;

pub use answer::Counts;
#[cfg(feature = "lambda")]
pub(crate) use answer::failure;
pub use clients::Clients;
pub use objects::{ObjectError, Objects};
pub use session::{Assumed, Identity, Options, Session, SessionError, configuration};

use serde_json::{Map, Value};

use crate::collect::{Answer, Port};
use crate::inventory::{CallError, Operation};

/// What came of a call.
type Reply = Result<Answer, CallError>;

/// A request in the API's own names.
#[derive(Clone, Copy)]
struct Request<'a>(&'a Map<String, Value>);

impl Request<'_> {
    fn text(self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn number(self, name: &str) -> Option<i32> {
        self.0.get(name)?.as_i64()?.try_into().ok()
    }
}

impl Port for Clients {
    async fn ask(&self, operation: &'static Operation, request: &Map<String, Value>) -> Reply {
        let request = Request(request);
        let name = operation.name;
        let service = name.split('.').next().unwrap_or_default();
        let reply = match service {
            "backup" => backup::ask(self, name, request).await,
            "organizations" => organizations::ask(self, name, request).await,
            "cloudtrail" | "kms" => evidence::ask(self, name, request).await,
            "ec2" => ec2::ask(self, name, request).await,
            "cloudformation" | "docdb" | "neptune" | "rds" | "redshift" | "s3api" => {
                services::ask(self, name, request).await
            }
            _ => lists::ask(self, name, request).await,
        };
        reply.unwrap_or_else(|| {
            Err(CallError { code: "NotAsked".to_owned(), message: format!("backproof cannot ask `{name}`") })
        })
    }
}
