//! Ways in which a recorded fact goes missing between AWS and backproof.
//!
//! A loss takes away something that was known; it never says something else instead.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::recording::{File, Line};

/// Something that is lost; the indexes choose what.
#[derive(Clone, Debug)]
pub(crate) enum Loss {
    /// A whole file.
    File(Index),
    /// A line, which is a call.
    Line(Index, Index),
    /// AWS refuses the call instead of answering it.
    Refusal(Index, Index),
    /// The line ends before its end.
    End(Index, Index, Index),
    /// A member that AWS always sends is not there.
    Member(Index, Index, Index),
    /// A value is not of its type.
    Type(Index, Index, Index),
    /// A time or number lies where none can be.
    Bound(Index, Index, Index),
}

/// Any loss.
pub(crate) fn loss() -> impl Strategy<Value = Loss> {
    let index = any::<Index>;
    prop_oneof![
        1 => index().prop_map(Loss::File),
        2 => (index(), index()).prop_map(|(file, line)| Loss::Line(file, line)),
        2 => (index(), index()).prop_map(|(file, line)| Loss::Refusal(file, line)),
        1 => (index(), index(), index()).prop_map(|(file, line, at)| Loss::End(file, line, at)),
        4 => (index(), index(), index()).prop_map(|(file, line, at)| Loss::Member(file, line, at)),
        6 => (index(), index(), index()).prop_map(|(file, line, at)| Loss::Type(file, line, at)),
        2 => (index(), index(), index()).prop_map(|(file, line, at)| Loss::Bound(file, line, at)),
    ]
}

/// Members whose absence says something: AWS leaves them out where there is nothing to say.
///
/// Source: AWS Backup API Reference, the data types' members that are not required, and what they say of their absence.
const ABSENCE_SPEAKS: [&str; 38] = [
    // The last page has none.
    "NextToken",
    "PaginationToken",
    "nextToken",
    "Marker",
    "ContinuationToken",
    "Lifecycle.DeleteAfterDays",
    "Lifecycle.MoveToColdStorageAfterDays",
    "CreatedBy",
    "CreatedBy.BackupPlanId",
    "CreatedBy.BackupRuleId",
    "EncryptionKeyArn",
    "EncryptionKeyType",
    "ParentRecoveryPointArn",
    "SourceBackupVaultArn",
    "LastRestoreTime",
    "LockDate",
    "MinRetentionDays",
    "MaxRetentionDays",
    "LastBackupTime",
    "LastBackupVaultArn",
    "LastRecoveryPointArn",
    "LatestRestoreExecutionTimeMinutes",
    "LatestRestoreJobCreationDate",
    "LastExecutionDate",
    "Rules.ScheduleExpression",
    "Rules.EnableContinuousBackup",
    "Rules.Lifecycle",
    "Rules.CopyActions",
    "CopyActions.Lifecycle",
    // Without an id a rule goes by its name, and is another finding.
    "Rules.RuleId",
    "Resources",
    "NotResources",
    "ListOfTags",
    "Conditions",
    "Conditions.StringEquals",
    "Tags",
    "Tags.env",
    "BackupVaultArn",
];

/// The file with something missing; `None` where there is nothing of that sort to lose.
pub(crate) fn lose(files: &[File], loss: &Loss) -> Option<Vec<File>> {
    let mut files = files.to_vec();
    files.retain(|it| !it.lines.is_empty());
    if files.is_empty() {
        return None;
    }
    let (file, line) = match loss {
        Loss::File(file) => {
            files.remove(file.index(files.len()));
            return Some(files);
        }
        Loss::Line(file, line)
        | Loss::Refusal(file, line)
        | Loss::End(file, line, _)
        | Loss::Member(file, line, _)
        | Loss::Type(file, line, _)
        | Loss::Bound(file, line, _) => (file.index(files.len()), line),
    };
    let plain = files[file].is_plain();
    let number = line.index(files[file].lines.len());
    let Line::Json(value) = &mut files[file].lines[number] else {
        return None;
    };
    match loss {
        Loss::File(_) => {}
        Loss::Line(..) => {
            files[file].lines.remove(number);
            if plain {
                files.remove(file);
            }
        }
        Loss::Refusal(..) => {
            let call = value.as_object_mut().filter(|_| !plain)?;
            call.shift_remove("response")?;
            call.insert("error".to_owned(), json!({ "code": "AccessDeniedException", "message": "no" }));
        }
        Loss::End(_, _, at) => {
            let mut text = value.to_string();
            text.truncate(text.floor_char_boundary(at.index(text.len())));
            // An empty line is no line, and an empty plain file is no answer.
            if text.is_empty() {
                text.push('{');
            }
            files[file].lines[number] = Line::Text(text);
        }
        Loss::Member(_, _, at) => {
            let mut members = Vec::new();
            collect(value, &mut Vec::new(), &mut members, &|path, _| {
                // What was asked is the recorder's own word, not a fact of AWS.
                let asked = path.first().is_some_and(|it| it == "request");
                !asked && path.last().is_some_and(|it| it.parse::<usize>().is_err()) && !speaks(path)
            });
            let path = pick(&members, at)?;
            let (last, way) = path.split_last()?;
            find(value, way)?.as_object_mut()?.shift_remove(last)?;
        }
        Loss::Type(_, _, at) => {
            let mut values = Vec::new();
            // What is broken already must not become of its type.
            let breakable = |path: &[String], value: &Value| {
                let broken = *value == json!("broken") || value.get("broken").is_some();
                !path.is_empty() && !broken && path.last().is_none_or(|it| it != "broken")
            };
            collect(value, &mut Vec::new(), &mut values, &breakable);
            let path = pick(&values, at)?;
            let found = find(value, path)?;
            *found = if found.is_string() { json!({ "broken": true }) } else { json!("broken") };
        }
        Loss::Bound(_, _, at) => {
            let mut values = Vec::new();
            collect(value, &mut Vec::new(), &mut values, &|path, _| {
                path.last().is_some_and(|it| out_of_bounds(it).is_some())
            });
            let path = pick(&values, at)?;
            *find(value, path)? = out_of_bounds(path.last()?)?;
        }
    }
    Some(files)
}

/// Puts a value in the place of another, anywhere.
pub(crate) fn replace(value: &mut Value, at: &Index, by: Value) {
    let mut values = Vec::new();
    collect(value, &mut Vec::new(), &mut values, &|_, _| true);
    if let Some(found) = pick(&values, at).and_then(|path| find(value, path)) {
        *found = by;
    }
}

/// A value that no member of this name can have, but that is of its type.
fn out_of_bounds(name: &str) -> Option<Value> {
    Some(match name {
        // A day after the evaluation time.
        "CreationDate"
        | "LastRestoreTime"
        | "LastBackupTime"
        | "LatestRestoreJobCreationDate"
        | "LastExecutionDate" => json!(super::estate::AT + 86_400),
        "BackupSizeInBytes" | "NumberOfRecoveryPoints" | "LatestRestoreExecutionTimeMinutes" => json!(-5),
        "DeleteAfterDays" => json!(-7),
        _ => return None,
    })
}

fn pick<'a>(paths: &'a [Vec<String>], at: &Index) -> Option<&'a Vec<String>> {
    (!paths.is_empty()).then(|| &paths[at.index(paths.len())])
}

/// Whether the absence of the member at this path says something.
fn speaks(path: &[String]) -> bool {
    let names: Vec<&str> =
        path.iter().map(String::as_str).filter(|it| it.parse::<usize>().is_err()).collect();
    ABSENCE_SPEAKS.iter().any(|it| {
        let wanted: Vec<&str> = it.split('.').collect();
        names.ends_with(&wanted)
    })
}

type Wanted<'a> = &'a dyn Fn(&[String], &Value) -> bool;

fn collect(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>, wanted: Wanted<'_>) {
    if wanted(path, value) {
        found.push(path.clone());
    }
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect(),
        _ => Vec::new(),
    };
    for (name, member) in members {
        path.push(name);
        collect(member, path, found, wanted);
        path.pop();
    }
}

fn find<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => members.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}
