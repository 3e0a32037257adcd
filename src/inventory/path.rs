//! Where a recorded call stands: `<account>/<region>/<service>.<operation>[.<of what>].(ndjson|json)`.
//!
//! Reads the path's text only; nothing is opened here.

use super::operation::Operation;
use super::problem::Problem;
use crate::model::Place;

/// How calls are recorded in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One call a line, with its request.
    Calls,
    /// One response, as the AWS CLI prints it.
    Response,
}

/// A file of an inventory whose operation is read.
#[derive(Clone, Debug)]
pub(super) struct RecordedPath {
    pub(super) place: Place,
    pub(super) operation: &'static Operation,
    pub(super) form: Form,
    /// What the person who made the file called it after: a vault's or plan's name.
    pub(super) subject: Option<String>,
}

/// Reads a path with `/` between its parts; `Ok(None)` for what is none of backproof's business.
pub(super) fn recorded_path(path: &str) -> Result<Option<RecordedPath>, Problem> {
    let parts: Vec<&str> = path.split('/').collect();
    let refuse = |message: String| Err(Problem::with_file(path, message));
    let [.., name] = parts.as_slice() else {
        return Ok(None);
    };
    let (stem, form) = if let Some(stem) = name.strip_suffix(".ndjson") {
        (stem, Form::Calls)
    } else if let Some(stem) = name.strip_suffix(".json") {
        (stem, Form::Response)
    } else {
        return Ok(None);
    };
    let mut words = stem.splitn(3, '.');
    let (service, verb) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let subject = words.next().map(str::to_owned);
    let operation = Operation::named(&format!("{service}.{verb}"));
    let [account, region, _] = parts.as_slice() else {
        return match operation {
            Some(_) => refuse("stands in the wrong folder; expected `<account>/<region>/`".to_owned()),
            None => Ok(None),
        };
    };
    let Some(operation) = operation else {
        return Ok(None);
    };
    // One problem for the folder, not one for each of its files.
    let place = match (account.parse(), region.parse()) {
        (Ok(account), Ok(region)) => Place { account, region },
        (Err(error), _) => {
            return Err(Problem::with_file(*account, format!("{error}; nothing in this folder was read")));
        }
        (_, Err(error)) => {
            let folder = format!("{account}/{region}");
            return Err(Problem::with_file(folder, format!("{error}; nothing in this folder was read")));
        }
    };
    Ok(Some(RecordedPath { place, operation, form, subject }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_or_refused_or_left_alone() {
        for (path, expected) in [
            (
                "111122223333/eu-west-1/backup.list-backup-vaults.ndjson",
                "111122223333/eu-west-1 backup.list-backup-vaults None",
            ),
            (
                "111122223333/eu-west-1/backup.list-backup-vaults.json",
                "111122223333/eu-west-1 backup.list-backup-vaults None",
            ),
            (
                "111122223333/eu-west-1/backup.list-recovery-points-by-backup-vault.aws.vault.json",
                "111122223333/eu-west-1 backup.list-recovery-points-by-backup-vault Some(\"aws.vault\")",
            ),
            (
                "111122223333/global/organizations.list-roots.json",
                "111122223333/global organizations.list-roots None",
            ),
            ("111122223333/eu-west-1/backup.list-report-jobs.json", "ignored"),
            ("111122223333/eu-west-1/notes.txt", "ignored"),
            ("README.md", "ignored"),
            ("manifest.json", "ignored"),
            (
                "prod/eu-west-1/backup.list-backup-vaults.json",
                "`prod` is not an account id; an account id is 12 digits; nothing in this folder was read",
            ),
            (
                "111122223333/ireland/backup.list-backup-vaults.json",
                "`ireland` is not a Region; expected a code such as `eu-west-1`, or `global`; nothing in this folder was read",
            ),
            ("backup.list-backup-vaults.json", "stands in the wrong folder; expected `<account>/<region>/`"),
        ] {
            let read = match recorded_path(path) {
                Ok(Some(it)) => format!("{} {} {:?}", it.place, it.operation.name, it.subject),
                Ok(None) => "ignored".to_owned(),
                Err(problem) => problem.message,
            };
            assert_eq!(read, expected, "{path}");
        }
    }
}
