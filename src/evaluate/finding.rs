//! A finding: what one control says of one resource, and everything it rests on.

use std::cell::OnceCell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::facts::Uid;
use crate::framework::{ChosenControl, Framework};
use crate::inventory::is_passing;
use crate::model::{Answer, Arn, Place};

/// What one control of one framework says of one resource; borrowed, because there are millions.
pub struct Finding<'f> {
    /// The framework.
    pub framework: &'f Framework,
    /// The control with its parameters and scope.
    pub chosen: &'f ChosenControl,
    /// Where framework and control stand in the run: the framework among all, the control in it.
    pub position: (usize, usize),
    /// The account and Region.
    pub place: &'f Place,
    /// What was judged; the account itself where things could not be listed.
    pub resource: &'f Uid,
    /// The answer.
    pub answer: Answer,
    /// Ids of the policies that forbid it, or why it could not be judged.
    pub reasons: &'f [String],
    /// What was put forward and decided; the nearest misses first where nothing sufficed.
    pub evidence: &'f [Evidence],
    /// How many pieces of evidence are not told of.
    pub evidence_omitted: usize,
    /// What could not be learned, where that decided.
    pub missing: &'f [MissingFact],
    /// The file of the inventory that the resource was read from.
    pub source: &'f str,
    /// What people call the resource, where that is not the last part of its ARN.
    pub called: Option<&'f str>,
    /// Sentences, one for each reason and piece of evidence.
    pub said: Messages<'f>,
}

/// Sentences, filled in when somebody wants to read them.
pub struct Messages<'f>(Said<'f>);

enum Said<'f> {
    Told(&'f [String]),
    Untold { told: OnceCell<Vec<String>>, tell: &'f dyn Fn() -> Vec<String> },
}

impl<'f> From<&'f [String]> for Messages<'f> {
    fn from(messages: &'f [String]) -> Self {
        Self(Said::Told(messages))
    }
}

impl<'f> From<&'f dyn Fn() -> Vec<String>> for Messages<'f> {
    fn from(tell: &'f dyn Fn() -> Vec<String>) -> Self {
        Self(Said::Untold { told: OnceCell::new(), tell })
    }
}

impl Finding<'_> {
    /// What people call the resource: its name, else the last part of its ARN, else its id.
    pub fn name(&self) -> &str {
        let id = &*self.resource.id;
        self.called.unwrap_or_else(|| Arn::parse(id).map_or(id, |it| it.resource_id()))
    }

    /// Sentences, one for each reason and piece of evidence.
    pub fn messages(&self) -> &[String] {
        match &self.said.0 {
            Said::Told(messages) => messages,
            Said::Untold { told, tell } => told.get_or_init(tell),
        }
    }
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its ARN or id.
    pub id: String,
    /// What the control says of it.
    pub answer: Answer,
    /// The policies that forbid it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Why, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// The file it was read from.
    #[serde(skip_serializing_if = "str_is_empty")]
    pub source: Arc<str>,
    /// Whether it may exist but could not be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

fn str_is_empty(text: &Arc<str>) -> bool {
    text.is_empty()
}

/// A fact that could not be learned, and what would mend it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MissingFact {
    /// The fact as policies name it, such as `resource.lifecycle`; empty where it is a whole list.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fact: String,
    /// The call that would tell, as the AWS CLI spells it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// Of what it is asked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// AWS's error code, if it refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The IAM action that allows the call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Why it is missing, in words.
    pub why: String,
}

impl MissingFact {
    /// Whether AWS refused it for good: not just not asked, throttled or broken off.
    pub fn is_refused(&self) -> bool {
        !self.error.is_empty() && !is_passing(&self.error)
    }
}
