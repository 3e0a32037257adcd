//! Records in one SQLite file, which people may copy, keep and query by themselves.
//!
//! A run is one transaction, so a run that ends early leaves the file as it was. There is one journal mode, the one
//! in which the file alone is everything whenever no run is writing. Times are RFC 3339 in UTC with nine decimals,
//! which sort as texts.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

mod query;
mod row;
mod schema;

#[cfg(test)]
mod tests;

use super::key::{Key, Scope};
use super::record::Record;
use super::recorder::Run;
use super::store::{Filter, Past, Store, StoreError, Take, Whose, Written};
use super::transition::Change;

/// How long is waited for another run to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many prepared statements are kept.
const STATEMENTS: usize = 32;
/// The order of the history of several records.
const BY_TIME: &str = "history.at, history.id, history.sequence";

/// A ledger in a file.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: std::path::PathBuf,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::NotALedger("it is no SQLite file".to_owned()),
            Some(ErrorCode::DatabaseCorrupt) => Self::Unreadable("the file is damaged".to_owned()),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl Sqlite {
    /// Opens a ledger to record in; makes one where there is none.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a ledger to read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // Not read-only: a run that was killed is undone by whoever opens the file next.
        let mut ledger = Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        match ledger.schema()? {
            true => Ok(ledger),
            false => Err(StoreError::NotALedger("it is empty".to_owned())),
        }
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        // An absolute path is never taken for a URI or for a database in memory.
        let path = std::path::absolute(path).map_err(|error| StoreError::Other(error.to_string()))?;
        let connection = Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mut ledger = Self { connection, path };
        // Whatever it is, it is told before anything is written.
        ledger.schema()?;
        ledger.connection.execute_batch(schema::SETTINGS)?;
        Ok(ledger)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write_one(&self, change: &Change) -> Result<Written, StoreError> {
        let Some(record) = change.record() else {
            return Ok(Written::Done);
        };
        let id = record.key.id();
        let written = row::write(&self.connection, &id, record)?;
        if let (Written::Done, Some(entry)) = (written, change.entry()) {
            row::add_entry(&self.connection, &id, entry)?;
        }
        Ok(written)
    }

    /// Whether it has the schema; an error if it has another.
    fn schema(&mut self) -> Result<bool, StoreError> {
        let number = |name: &str| {
            self.connection.query_row(&format!("SELECT * FROM pragma_{name}"), [], |row| row.get::<_, i64>(0))
        };
        let (application, version) = (number("application_id")?, number("user_version")?);
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (application, version) {
            (0, 0) if tables == 0 => Ok(false),
            (schema::APPLICATION, schema::VERSION) => Ok(true),
            (schema::APPLICATION, found) => Err(StoreError::TooNew { found, known: schema::VERSION }),
            _ => Err(StoreError::NotALedger("it is a database of something else".to_owned())),
        }
    }
}

/// The time as it is kept.
fn text(at: Timestamp) -> String {
    format!("{at:.9}")
}

impl Store for Sqlite {
    fn begin(&mut self, _: &[Scope]) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        if !self.schema()? {
            self.connection.execute_batch(schema::TABLES)?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn runs_at(&mut self, at: Timestamp) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM run WHERE at = ?1 ORDER BY id")?;
        let found = statement.query_map([text(at)], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn add_run(&mut self, run: &Run) -> Result<(), StoreError> {
        let insert = "INSERT INTO run (id, at, inventory_sha256) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.connection.prepare_cached(insert)?.execute(params![run.id, text(run.at), run.inventory])?;
        Ok(())
    }

    fn looked_at(&mut self, scope: &Scope) -> Result<Option<Timestamp>, StoreError> {
        let select =
            "SELECT at FROM look WHERE framework = ?1 AND control = ?2 AND account = ?3 AND region = ?4";
        let mut statement = self.connection.prepare_cached(select)?;
        let found = statement.query_row(row::scope(scope), |row| row.get::<_, String>(0)).optional()?;
        found.map(|it| row::time(&it)).transpose()
    }

    fn look(&mut self, scopes: &[Scope], at: Timestamp) -> Result<(), StoreError> {
        let insert = "INSERT INTO look (framework, control, account, region, at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET at = max(at, excluded.at)";
        let mut statement = self.connection.prepare_cached(insert)?;
        for scope in scopes {
            let [framework, control, account, region] = row::scope(scope);
            statement.execute(params![framework, control, account, region, text(at)])?;
        }
        Ok(())
    }

    fn record(&mut self, key: &Key) -> Result<Option<Record>, StoreError> {
        let select = format!("SELECT {} FROM violation WHERE id = ?1", row::COLUMNS);
        let mut statement = self.connection.prepare_cached(&select)?;
        let mut rows = statement.query([key.id().as_str()])?;
        rows.next()?.map(row::record).transpose()
    }

    fn write(&mut self, changes: &[Change]) -> Result<Vec<Written>, StoreError> {
        changes.iter().map(|it| self.write_one(it)).collect()
    }

    fn open_before(&mut self, scope: &Scope, before: Timestamp) -> Result<Vec<Record>, StoreError> {
        let select = format!(
            "SELECT {} FROM violation WHERE framework = ?1 AND control = ?2 AND account = ?3 AND region = ?4
             AND state <> 'resolved' AND looked_at < ?5 ORDER BY id",
            row::COLUMNS
        );
        let [framework, control, account, region] = row::scope(scope);
        let mut statement = self.connection.prepare_cached(&select)?;
        let mut rows = statement.query(params![framework, control, account, region, text(before)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(row::record(row)?);
        }
        Ok(found)
    }

    fn count_open(&mut self, scope: &Scope) -> Result<(u64, u64), StoreError> {
        let select = "SELECT count(*), count(*) FILTER (WHERE state = 'undecided') FROM violation
            WHERE framework = ?1 AND control = ?2 AND account = ?3 AND region = ?4 AND state <> 'resolved'";
        let mut statement = self.connection.prepare_cached(select)?;
        let (open, undecided): (i64, i64) =
            statement.query_row(row::scope(scope), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((u64::try_from(open).unwrap_or_default(), u64::try_from(undecided).unwrap_or_default()))
    }

    fn find(&mut self, filter: &Filter, take: Take<'_, Record>) -> Result<(), StoreError> {
        let (condition, values) = query::condition(filter);
        let select = format!(
            "SELECT {} FROM violation WHERE {condition} ORDER BY {}, control, account, region, resource, id",
            row::COLUMNS,
            query::GRAVEST_FIRST
        );
        let mut statement = self.connection.prepare(&select)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if take(row::record(row)?) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn named(&mut self, prefix: &str, most: usize) -> Result<Vec<Record>, StoreError> {
        let select = format!(
            "SELECT {} FROM violation WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT ?2",
            row::COLUMNS
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let mut rows = statement.query(params![prefix, i64::try_from(most).unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(row::record(row)?);
        }
        Ok(found)
    }

    fn history(
        &mut self,
        of: Whose<'_>,
        since: Option<Timestamp>,
        take: Take<'_, Past>,
    ) -> Result<(), StoreError> {
        let (condition, values) = query::past(of, since);
        // Within one record the order of recording is the order of its history.
        let (order, scopes) = match of {
            Whose::Of(_) => ("history.sequence", None),
            Whose::All => (BY_TIME, None),
            // There may be more than a statement has parameters; what is before `since` is not read anyway.
            Whose::In(scopes) => (BY_TIME, Some(scopes.iter().collect::<BTreeSet<&Scope>>())),
        };
        let select = format!(
            "SELECT {} FROM history JOIN violation USING (id) WHERE {condition} ORDER BY {order}",
            row::PAST_COLUMNS
        );
        let mut statement = self.connection.prepare(&select)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let past = row::past(row)?;
            let wanted = scopes.as_ref().is_none_or(|it| it.contains(&past.key.scope));
            if wanted && take(past) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}
