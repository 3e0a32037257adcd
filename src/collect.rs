//! Where inventories come from: a folder on disk, or AWS through a port.
//!
//! Decides what is asked, in which order, how fast, and how it is recorded; what the bytes mean is `inventory`'s, and
//! how AWS is reached is `aws`'s.

pub mod folder;
pub mod journal;
pub mod manifest;
pub mod matrix;
pub mod pace;
#[cfg(feature = "aws")]
pub mod packed;
pub mod question;
#[cfg(feature = "aws")]
pub mod unit;

use std::future::Future;

use serde_json::{Map, Value};

use crate::inventory::{CallError, Operation};

/// The code of a call that reached nobody.
pub const UNREACHABLE: &str = "Unreachable";

/// What AWS said to one call.
#[derive(Debug)]
pub struct Answer {
    /// The response as JSON: AWS's own bytes where it speaks JSON, else in the shape that the AWS CLI prints.
    pub body: String,
    /// The token of the next page.
    pub next: Option<String>,
    /// What it names that other operations are asked of: parameter and value.
    pub found: Vec<(&'static str, String)>,
}

/// Asks AWS in one account and Region.
pub trait Port: Send + Sync + 'static {
    /// Makes one call, retries included; `request` is in the API's own names.
    fn ask(
        &self,
        operation: &'static Operation,
        request: &Map<String, Value>,
    ) -> impl Future<Output = Result<Answer, CallError>> + Send;
}
