//! Controls that look at everything: for each fact of the vocabulary one that forbids when it is so, and one when it is not.
//!
//! A law that holds for the built-in controls alone says little of what a custom control can ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use backproof::control::{Control, ControlSource};
use backproof::facts::types;
use backproof::framework::{self, Framework};
use backproof::vocabulary::{Attribute, Type, Vocabulary};

/// The types whose facts are looked at; protectable resources are all alike.
const JUDGED: [&str; 12] = [
    types::RECOVERY_POINT,
    types::BACKUP_VAULT,
    types::BACKUP_PLAN,
    types::BACKUP_RULE,
    types::COPY_ACTION,
    types::BACKUP_SELECTION,
    types::BACKUP_JOB,
    types::COPY_JOB,
    types::RESTORE_JOB,
    "AWS::EC2::Volume",
    "AWS::S3::Bucket",
    "AWS::RDS::DBCluster",
];

/// A framework of all probes.
pub(crate) fn framework(vocabulary: &Vocabulary) -> Framework {
    let mut bench = Bench { vocabulary, controls: Vec::new() };
    for judged in JUDGED {
        let declared = vocabulary.entity_type(judged).unwrap();
        for condition in conditions("resource", &declared.attributes) {
            bench.judge(judged, &condition);
        }
        if declared.has_tags {
            bench.judge(judged, r#"resource.hasTag("env")"#);
            bench.judge(judged, r#"resource.hasTag("env") && resource.getTag("env") == "prod""#);
        }
        for unit in ["r-1", "ou-1", "ou-2"] {
            bench.judge(judged, &format!(r#"resource in AWS::Organizations::OrganizationalUnit::"{unit}""#));
        }
    }
    let account = vocabulary.entity_type(types::ACCOUNT).unwrap();
    for condition in conditions("principal", &account.attributes) {
        bench.judge(types::BACKUP_VAULT, &condition);
    }
    bench.judge(types::BACKUP_VAULT, r#"principal.hasTag("env")"#);
    for condition in [
        "resource.vault.locked",
        r#"resource.vault.hasTag("env")"#,
        "resource.vault.accessPolicy has policy",
        r#"resource in AWS::Backup::BackupVault::"arn:aws:backup:eu-west-1:111122223333:backup-vault:v0""#,
        r#"resource is AWS::Backup::RecoveryPoint in AWS::Backup::BackupVault::"arn:aws:backup:eu-west-1:111122223333:backup-vault:v0""#,
        "resource in resource.vault",
        r#"resource in [AWS::Backup::BackupVault::"x", resource.vault]"#,
        r#"resource.isEncrypted || resource.status == "PARTIAL""#,
        r#"if resource has lifecycle.deleteAfterDays then resource.lifecycle.deleteAfterDays > 20 else resource.isParent"#,
    ] {
        bench.judge(types::RECOVERY_POINT, condition);
    }
    for condition in [
        "resource.targetBackupVault.locked",
        r#"resource.plan.name like "plan*""#,
        r#"resource.plan.hasTag("env")"#,
    ] {
        bench.judge(types::BACKUP_RULE, condition);
    }
    for satisfied_by in ["any", "every"] {
        for place in ["region", "inventory"] {
            let fold = format!(r#"@satisfiedBy("{satisfied_by}") @evidence("{place}")"#);
            for judged in ["AWS::EC2::Volume", "AWS::S3::Bucket"] {
                let condition = r#"principal.status != "COMPLETED""#;
                bench.put_forward(&fold, types::RECOVERY_POINT, judged, condition);
                bench.put_forward(&fold, types::RECOVERY_POINT, judged, r#"principal.hasTag("env")"#);
                let condition = r#"principal in AWS::Organizations::Account::"222233334444""#;
                bench.put_forward(&fold, types::RECOVERY_POINT, judged, condition);
                bench.put_forward(&fold, types::RECOVERY_POINT, judged, "!principal.vault.locked");
                let condition = r#"principal.status != "COMPLETED""#;
                bench.put_forward(&fold, types::RESTORE_JOB, judged, condition);
                for job in [types::BACKUP_JOB, types::COPY_JOB] {
                    bench.put_forward(&fold, job, judged, r#"principal.state != "COMPLETED""#);
                }
            }
            let lifecycle =
                "principal.lifecycle has deleteAfterDays && principal.lifecycle.deleteAfterDays < 35";
            for evidence in [types::BACKUP_RULE, types::COPY_ACTION] {
                bench.put_forward(&fold, evidence, types::BACKUP_PLAN, lifecycle);
            }
            let condition = r#"principal.resources.contains("*")"#;
            bench.put_forward(&fold, types::BACKUP_SELECTION, types::BACKUP_PLAN, condition);
        }
    }
    framework::default_framework("probes", "", &bench.controls).unwrap()
}

struct Bench<'a> {
    vocabulary: &'a Vocabulary,
    controls: Vec<Arc<Control>>,
}

impl Bench<'_> {
    /// Two controls: what is so must not be, and what is not so must be.
    fn judge(&mut self, judged: &str, condition: &str) {
        self.add("", types::ACCOUNT, judged, condition);
        self.add("", types::ACCOUNT, judged, &format!("!({condition})"));
        // The same question in the scope.
        self.permit(judged, condition);
    }

    fn put_forward(&mut self, annotations: &str, evidence: &str, judged: &str, condition: &str) {
        self.add(annotations, evidence, judged, condition);
        self.add(annotations, evidence, judged, &format!("!({condition})"));
    }

    fn permit(&mut self, judged: &str, condition: &str) {
        let permit =
            format!("@id(\"in-scope\")\npermit (principal, action, resource) when {{ {condition} }};\n");
        self.control("", types::ACCOUNT, judged, &permit);
    }

    fn add(&mut self, annotations: &str, principal: &str, judged: &str, condition: &str) {
        let kind = if principal == types::ACCOUNT { String::new() } else { format!(" is {principal}") };
        let policies = format!(
            "@id(\"in-scope\")\npermit (principal, action, resource);\n\
             @id(\"forbidden\") @message(\"no\")\nforbid (principal{kind}, action, resource) when {{ {condition} }};\n"
        );
        self.control(annotations, principal, judged, &policies);
    }

    fn control(&mut self, annotations: &str, principal: &str, judged: &str, policies: &str) {
        let name = format!("PROBE_{}", self.controls.len());
        let title: String = policies.lines().last().unwrap_or_default().replace(['"', '\\'], "'");
        let principals = match principal {
            types::ACCOUNT => principal.to_owned(),
            evidence => format!("{}, {evidence}", types::ACCOUNT),
        };
        let source = ControlSource {
            folder: name.to_ascii_lowercase().replace('_', "-"),
            schema: format!(
                "namespace Control {{ @title(\"{title}\") @severity(\"low\") @missing(\"none\") {annotations}\n\
                 action \"{name}\" appliesTo {{ principal: [{principals}], resource: {judged}, context: {{}} }}; }}"
            ),
            policies: policies.to_owned(),
            readme: "A probe.".to_owned(),
            cases: format!(
                r#"[{{"name": "none", "resource": {{"type": "{judged}", "id": "x"}}, "answer": "COMPLIANT"}}]"#
            ),
        };
        match Control::parse(&source, self.vocabulary) {
            Ok(control) => self.controls.push(Arc::new(control)),
            Err(errors) => {
                let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
                panic!("{}\n{policies}", text.join("\n"));
            }
        }
    }
}

/// Questions about every fact of a thing.
fn conditions(root: &str, attributes: &BTreeMap<String, Attribute>) -> Vec<String> {
    let mut conditions = Vec::new();
    for (name, attribute) in attributes {
        let path = format!("{root}.{name}");
        match &attribute.value {
            Type::Record(fields) => {
                for (field, declared) in fields {
                    let inner = format!("{path}.{field}");
                    let Some(condition) = condition(&inner, &declared.value) else {
                        continue;
                    };
                    if declared.required {
                        conditions.push(condition);
                    } else {
                        conditions.push(format!("{path} has {field}"));
                        conditions.push(format!("{path} has {field} && {condition}"));
                    }
                }
            }
            other => conditions.extend(condition(&path, other)),
        }
    }
    conditions
}

fn condition(path: &str, of: &Type) -> Option<String> {
    Some(match of {
        Type::Long => format!("{path} > 20"),
        Type::Bool => path.to_owned(),
        Type::String => format!(r#"{path} like "*e*""#),
        Type::Set(element) if **element == Type::String => format!(r#"{path}.contains("*")"#),
        Type::Entity(name) => {
            format!(r#"{path} == {name}::"arn:aws:backup:eu-west-1:111122223333:backup-vault:v0""#)
        }
        Type::Set(_) | Type::Record(_) => return None,
    })
}
