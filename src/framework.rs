//! Frameworks: controls, parameters and scope chosen together, in AWS's own forms.
//!
//! Reads `CreateFramework` and `DescribeFramework` JSON and the CloudFormation form of `AWS::Backup::Framework`.
//! Everything that is wrong with a framework is found at once; one that is wrong judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

mod control_scope;
mod read;
mod scope;

pub use read::{FrameworkError, default_framework, parse};
pub use scope::{InScope, Scope};

use crate::control::Control;
use crate::facts::Fact;

/// A framework.
#[derive(Clone, Debug)]
pub struct Framework {
    /// Its name.
    pub name: String,
    /// Its description; empty if it has none.
    pub description: String,
    /// Its controls, in its own order.
    pub controls: Vec<ChosenControl>,
}

/// A control with its parameters and scope.
#[derive(Clone, Debug)]
pub struct ChosenControl {
    /// The control.
    pub control: Arc<Control>,
    /// Its parameters, typed: the context of every question.
    pub parameters: BTreeMap<String, Fact>,
    /// The same as AWS passes them, defaults included.
    pub given: BTreeMap<String, String>,
    /// What of the control's types is judged.
    pub scope: Scope,
}

/// The members of a JSON object, if it is one.
fn object(value: &Value) -> Option<&serde_json::Map<String, Value>> {
    value.as_object()
}
