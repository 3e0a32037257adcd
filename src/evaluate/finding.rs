//! A finding: what one control says of one resource, and everything it rests on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Told;
use super::ask::Verdict;
use crate::facts::Uid;
use crate::framework::{ChosenControl, Framework};
use crate::inventory::is_passing;
use crate::model::{Answer, Place};

/// What one control of one framework says of one resource.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// The framework.
    pub framework: &'a Framework,
    /// The control with its parameters and scope.
    pub chosen: &'a ChosenControl,
    /// The account and Region.
    pub place: Place,
    /// What was judged; the account itself where things could not be listed.
    pub resource: Uid,
    /// What people call it.
    pub name: String,
    /// The answer.
    pub answer: Answer,
    /// Ids of the policies that forbid it, or why it could not be judged.
    pub reasons: Vec<String>,
    /// Sentences, one for each reason and piece of evidence.
    pub messages: Vec<String>,
    /// What was put forward and decided; the nearest misses first where nothing sufficed.
    pub evidence: Vec<Evidence>,
    /// How many pieces of evidence are not told of.
    pub evidence_omitted: usize,
    /// What could not be learned, where that decided.
    pub missing: Vec<MissingFact>,
    /// The file of the inventory that the resource was read from.
    pub source: Arc<str>,
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

impl<'a> Finding<'a> {
    pub(super) fn new(
        framework: &'a Framework,
        chosen: &'a ChosenControl,
        place: &Place,
        resource: Uid,
        verdict: Verdict,
    ) -> Self {
        Self {
            framework,
            chosen,
            place: place.clone(),
            name: resource.id.to_string(),
            resource,
            answer: verdict.answer,
            reasons: verdict.reasons,
            messages: verdict.messages,
            evidence: Vec::new(),
            evidence_omitted: 0,
            missing: verdict.missing,
            source: "".into(),
        }
    }

    /// Adds the evidence that is told of.
    pub(super) fn tell(&mut self, told: Told) {
        let Told { evidence, omitted } = told;
        self.evidence_omitted = omitted;
        for piece in &evidence {
            for message in &piece.messages {
                if !self.messages.contains(message) {
                    self.messages.push(message.clone());
                }
            }
        }
        self.evidence = evidence;
    }
}
