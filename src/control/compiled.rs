//! Built-in controls as `controls/built-in.json` keeps them: parsed and validated before, not at every start.
//!
//! What is kept of a control is good for the texts it was made of and no others; their digest stands beside it.

use cedar_policy::PolicySet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked::Asked;
use super::{
    Cases, Control, ControlError, ControlProblem, ControlSource, Errors, Policies, Policy, Sharing, digest,
};
use crate::vocabulary::{Action, Vocabulary};

/// A control as it is kept.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct CompiledControl(Kept<Asked>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<P> {
    sha256: String,
    action: Action,
    sharing: Sharing,
    policies: Vec<KeptPolicy<P>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPolicy<P> {
    known: Policy,
    asked: P,
}

/// The texts of a built-in control.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// `control.cedarschema`.
    pub schema: &'static str,
    /// `control.cedar`.
    pub policies: &'static str,
    /// `README.md`.
    pub readme: &'static str,
    /// `cases.json`.
    pub cases: &'static str,
}

impl CompiledControl {
    /// The control of these texts; none if it was made of others.
    pub fn control(self, of: BuiltIn, vocabulary: &Vocabulary) -> Result<Option<Control>, Vec<ControlError>> {
        let Self(kept) = self;
        if kept.sha256 != digest(of.schema, of.policies) {
            return Ok(None);
        }
        let mut errors = Errors { control: kept.action.name.clone(), found: Vec::new() };
        let policies = policies(kept.policies, kept.sharing).map_err(ControlProblem::Other);
        let policies = errors.take("control.cedar", policies).unwrap_or_default();
        let mut control = Control::from_action(kept.action, vocabulary, &mut errors);
        control.policies = policies;
        control.cases = Cases::later(of.cases);
        control.readme = of.readme.into();
        control.digest = kept.sha256;
        if errors.found.is_empty() { Ok(Some(control)) } else { Err(errors.found) }
    }
}

fn policies(kept: Vec<KeptPolicy<Asked>>, sharing: Sharing) -> Result<Policies, String> {
    let mut set = PolicySet::new();
    let mut all = Vec::new();
    for KeptPolicy { known, asked } in kept {
        let policy =
            asked.policy(&known.id).map_err(|message| format!("policy `{}`: {message}", known.id))?;
        set.add(policy).map_err(|error| error.to_string())?;
        all.push(known);
    }
    Ok(Policies::known(set, sharing, all))
}

/// What is to be kept of a control; or all that is wrong with it.
pub fn compile(source: &ControlSource, vocabulary: &Vocabulary) -> Result<Value, Vec<ControlError>> {
    let control = Control::parse(source, vocabulary)?;
    kept(&control, source, vocabulary).map_err(|message| {
        let problem = ControlProblem::Other(format!("cannot be compiled: {message}"));
        vec![ControlError { control: control.name.clone(), file: "control.cedar", problem }]
    })
}

fn kept(control: &Control, source: &ControlSource, vocabulary: &Vocabulary) -> Result<Value, String> {
    const MEMBERS: [&str; 4] = ["effect", "principal", "resource", "conditions"];
    let (actions, _) = vocabulary.read_actions(&source.schema).map_err(|error| error.to_string())?;
    let action = actions.into_iter().next().ok_or("declares no action")?;
    let mut policies = Vec::new();
    // Cedar asks them in the order they are written in.
    for policy in control.policies.set.policies() {
        let known = control.policies.get(policy.id().as_ref()).ok_or("has a policy without a name")?;
        let mut asked = policy.to_json().map_err(|error| error.to_string())?;
        if let Some(members) = asked.as_object_mut() {
            members.retain(|name, _| MEMBERS.contains(&name.as_str()));
        }
        policies.push(KeptPolicy { known: known.clone(), asked });
    }
    let sharing = control.policies.sharing.clone();
    let kept = Kept { sha256: control.digest.clone(), action, sharing, policies };
    serde_json::to_value(kept).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../controls/backup-recovery-point-encrypted/control.cedarschema");
    const POLICIES: &str = include_str!("../../controls/backup-recovery-point-encrypted/control.cedar");

    #[test]
    fn what_was_made_of_other_texts_is_not_used() {
        let vocabulary = Vocabulary::parse(include_str!("../../controls/backup.cedarschema")).unwrap();
        let source = ControlSource {
            folder: "backup-recovery-point-encrypted".to_owned(),
            schema: SCHEMA.to_owned(),
            policies: POLICIES.to_owned(),
            readme: "prose".to_owned(),
            cases: include_str!("../../controls/backup-recovery-point-encrypted/cases.json").to_owned(),
        };
        let kept = compile(&source, &vocabulary).unwrap().to_string();
        for (schema, policies, used) in
            [(SCHEMA, POLICIES, true), (SCHEMA, "", false), ("", POLICIES, false), (POLICIES, SCHEMA, false)]
        {
            let compiled: CompiledControl = serde_json::from_str(&kept).unwrap();
            let texts = BuiltIn { schema, policies, readme: "", cases: "" };
            assert_eq!(compiled.control(texts, &vocabulary).unwrap().is_some(), used);
        }
    }
}
