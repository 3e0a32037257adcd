//! Recorded calls as a test holds them: files of JSON that can lose anything before they are read.
//!
//! Says nothing of what an estate looks like.

use std::collections::BTreeMap;

use backproof::inventory::{Inventory, InventoryReader, Operation, reading_order};
use serde_json::{Value, json};

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `<account>/<region>`.
    pub(crate) folder: String,
    /// As the AWS CLI spells it.
    pub(crate) operation: &'static str,
    /// What was asked.
    pub(crate) request: Value,
    /// What AWS said: its response, or its error.
    pub(crate) outcome: Result<Value, &'static str>,
    /// Which of several files of this operation it is recorded in.
    pub(crate) file: u8,
}

/// A file of an inventory.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Relative to the inventory.
    pub(crate) path: String,
    /// Its lines; a plain response has one.
    pub(crate) lines: Vec<Line>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// JSON.
    Json(Value),
    /// Anything else.
    Text(String),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Json(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl File {
    /// Whether it is a response as the AWS CLI prints it.
    pub(crate) fn is_plain(&self) -> bool {
        self.path.ends_with(".json")
    }

    /// What stands in the file.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|it| format!("{}\n", it.text())).collect()
    }
}

/// Calls as files; `plain` calls that a person with nothing but the AWS CLI could have recorded become responses.
pub(crate) fn files(calls: &[Call], plain: bool) -> Vec<File> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for call in calls {
        let Call { folder, operation, request, outcome, file } = call;
        let (path, line) = match (outcome, plain_name(call).filter(|_| plain)) {
            (Ok(response), Some(name)) => (format!("{folder}/{operation}{name}.json"), response.clone()),
            (Ok(response), None) => {
                (lines_path(folder, operation, *file), json!({ "request": request, "response": response }))
            }
            (Err(code), _) => {
                let error = json!({ "code": code, "message": "no" });
                (lines_path(folder, operation, *file), json!({ "request": request, "error": error }))
            }
        };
        let file = files.entry(path.clone()).or_insert(File { path, lines: Vec::new() });
        file.lines.push(Line::Json(line));
    }
    files.into_values().collect()
}

fn lines_path(folder: &str, operation: &str, file: u8) -> String {
    match file % 3 {
        0 => format!("{folder}/{operation}.ndjson"),
        number => format!("{folder}/{operation}.{number}.ndjson"),
    }
}

/// What a plain file is called after, if its name and content can say all that the request said.
fn plain_name(call: &Call) -> Option<String> {
    let Call { operation, request, outcome, .. } = call;
    let response = outcome.as_ref().ok()?;
    let (asked_with, answered_with) = Operation::named(operation)?.token;
    let whole = request.get(asked_with).is_none() && response.get(answered_with).is_none();
    if !whole || *operation == "backup.list-tags" {
        return None;
    }
    let subject = |name: &str| {
        let name = request.get(name)?.as_str()?;
        (!name.contains('/')).then(|| format!(".{name}"))
    };
    match *operation {
        "backup.list-recovery-points-by-backup-vault"
        | "backup.get-backup-vault-access-policy"
        | "backup.describe-backup-vault" => subject("BackupVaultName"),
        "backup.get-backup-plan" | "backup.list-backup-selections" => subject("BackupPlanId"),
        "organizations.list-accounts-for-parent" | "organizations.list-organizational-units-for-parent" => {
            subject("ParentId")
        }
        "organizations.list-parents" => subject("ChildId"),
        // Of what it is stands in the response; the file can be called after anything.
        "backup.describe-protected-resource" => {
            let arn = request.get("ResourceArn")?.as_str()?;
            Some(format!(".{}", arn.replace(['/', ':'], "-")))
        }
        "backup.get-backup-selection" => subject("SelectionId"),
        _ => Some(String::new()),
    }
}

/// Reads files in their order, as far as they can be read in any.
pub(crate) fn read(files: &[File]) -> Inventory {
    let mut reader = InventoryReader::new(1, crate::jobs_since());
    let mut files: Vec<(&str, String)> = files.iter().map(|it| (it.path.as_str(), it.text())).collect();
    files.sort_by_key(|(path, _)| reading_order(path).0);
    for (path, text) in &files {
        if reader.wants(path) {
            reader.read(path, &mut text.as_bytes());
        }
    }
    let recording: BTreeMap<String, Vec<u8>> =
        files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
    reader.finish(recording)
}
