//! Which ledger is meant: a file, or with `dynamodb:` before its name a table.

use std::path::Path;

use super::Failure;
use crate::control::escape_controls;
use crate::ledger::{Store, StoreError};

/// What AWS's configuration is overridden by, where the ledger is a table.
#[cfg(feature = "aws")]
pub(super) type Options = crate::aws::Options;
/// There are no tables in this build.
#[cfg(not(feature = "aws"))]
#[derive(Default)]
pub(super) struct Options;

/// The table's name or ARN, if the ledger is one.
pub(super) fn table(ledger: &Path) -> Option<&str> {
    ledger.to_str()?.strip_prefix("dynamodb:")
}

/// Opens a ledger to record in; makes a file where there is none.
pub(super) fn create(ledger: &Path, options: Options) -> Result<Box<dyn Store>, Failure> {
    if let Some(table) = table(ledger) {
        return open_table(ledger, table, options).map(|(store, _)| store);
    }
    if let Some(folder) = ledger.parent() {
        // Opening the file tells better what is wrong.
        let _ = std::fs::create_dir_all(folder);
    }
    create_file(ledger)
}

/// Opens a ledger to read.
pub(super) fn open(ledger: &Path, options: Options) -> Result<Box<dyn Store>, Failure> {
    if let Some(table) = table(ledger) {
        return match open_table(ledger, table, options)? {
            (store, true) => Ok(store),
            (_, false) => {
                let error = StoreError::NotALedger("nothing was recorded in the table yet".to_owned());
                Err(failed(ledger, &error))
            }
        };
    }
    if !ledger.exists() {
        let hint = "`backproof audit` makes it with --ledger or --out";
        return Err(Failure::Message(format!("ledger `{}` does not exist; {hint}", shown(ledger))));
    }
    open_file(ledger)
}

#[cfg(feature = "ledger")]
fn create_file(path: &Path) -> Result<Box<dyn Store>, Failure> {
    use crate::ledger::sqlite::Sqlite;
    Sqlite::create(path).map(|it| Box::new(it) as _).map_err(|error| failed(path, &error))
}

#[cfg(feature = "ledger")]
fn open_file(path: &Path) -> Result<Box<dyn Store>, Failure> {
    use crate::ledger::sqlite::Sqlite;
    Sqlite::open(path).map(|it| Box::new(it) as _).map_err(|error| failed(path, &error))
}

#[cfg(not(feature = "ledger"))]
fn create_file(path: &Path) -> Result<Box<dyn Store>, Failure> {
    open_file(path)
}

#[cfg(not(feature = "ledger"))]
fn open_file(path: &Path) -> Result<Box<dyn Store>, Failure> {
    let error = "this backproof is built without files as ledgers; give dynamodb:TABLE";
    Err(failed(path, &StoreError::Other(error.to_owned())))
}

/// The ledger in a table, and whether there is one in it.
#[cfg(feature = "aws")]
fn open_table(ledger: &Path, table: &str, mut options: Options) -> Result<(Box<dyn Store>, bool), Failure> {
    use crate::ledger::dynamodb::DynamoDb;
    // An ARN says where the table is.
    if let Some(region) = table.strip_prefix("arn:").and_then(|it| it.split(':').nth(2)) {
        options.region = Some(region.to_owned());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let config = runtime.block_on(crate::aws::configuration(&options));
    if config.region().is_none() {
        let hint = "set AWS_REGION, or give the table's ARN";
        return Err(Failure::Message(format!("ledger `{}` is in no Region; {hint}", shown(ledger))));
    }
    let client = aws_sdk_dynamodb::Client::new(&config);
    let handle = runtime.handle().clone();
    // Its own thread runs it, as long as the process runs.
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    let store = DynamoDb::new(client, handle, table.to_owned());
    let recorded = store.is_ledger().map_err(|error| failed(ledger, &error))?;
    Ok((Box::new(store), recorded))
}

#[cfg(not(feature = "aws"))]
fn open_table(ledger: &Path, _: &str, _: Options) -> Result<(Box<dyn Store>, bool), Failure> {
    let error = "this backproof is built without AWS; give a file";
    Err(failed(ledger, &StoreError::Other(error.to_owned())))
}

fn shown(ledger: &Path) -> String {
    escape_controls(&ledger.display().to_string())
}

/// The failure of a ledger.
pub(super) fn failed(ledger: &Path, error: &StoreError) -> Failure {
    Failure::Message(format!("ledger `{}`: {}", shown(ledger), escape_controls(&error.to_string())))
}
