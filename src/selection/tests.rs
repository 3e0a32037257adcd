//! Named cases with their source, laws on random estates, and a second implementation to differ from.

mod cases;
mod estates;
mod laws;
mod missing;
mod opt_in;
mod oracle;
mod problems;
mod wording;

use std::collections::BTreeMap;

use super::*;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// A resource in test tables: everything a candidate has, owned by nobody.
#[derive(Clone, Debug)]
struct Resource {
    account: &'static str,
    region: &'static str,
    arn: &'static str,
    service: &'static str,
    tags: Option<Vec<(&'static str, &'static str)>>,
    name: &'static str,
    restore_test: Option<bool>,
}

impl Resource {
    fn new(service: &'static str, arn: &'static str, tags: &[(&'static str, &'static str)]) -> Self {
        let tags = Some(tags.to_vec());
        Self { account: ACCOUNT, region: REGION, arn, service, tags, name: "", restore_test: None }
    }

    fn with_unread_tags(service: &'static str, arn: &'static str) -> Self {
        Self { tags: None, restore_test: Some(false), ..Self::new(service, arn, &[]) }
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            account: self.account,
            region: self.region,
            arn: self.arn,
            name: self.name,
            opt_in_name: self.service,
            tags: self.tags.as_deref(),
            restore_test: self.restore_test,
        }
    }
}

fn id(account: &str, region: &str, plan_id: &str) -> SelectionId {
    SelectionId {
        account: account.into(),
        region: region.into(),
        plan_id: plan_id.into(),
        plan_name: "daily".into(),
        selection_id: "s-1".into(),
        selection_name: "selected".into(),
    }
}

/// Reads a selection that the tables write without its name.
fn body(json: &str) -> BackupSelection {
    let named = json.replacen('{', r#"{"SelectionName": "s", "#, 1).replace(", }", "}");
    serde_json::from_str(&named).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Every service opted in, except those named.
fn opted_in_but(out: &[&str]) -> OptIn {
    const SERVICES: [&str; 11] = [
        "Aurora",
        "DocumentDB",
        "DynamoDB",
        "EBS",
        "EC2",
        "EFS",
        "FSx",
        "Neptune",
        "RDS",
        "S3",
        "VirtualMachine",
    ];
    OptIn::Read(
        SERVICES.into_iter().map(|name| (name.to_owned(), !out.contains(&name))).collect::<BTreeMap<_, _>>(),
    )
}
