//! The tables, and what tells a ledger from any other file.

/// "back" in ASCII, where SQLite has room for it (sqlite.org, "PRAGMA application_id").
pub(super) const APPLICATION: i64 = 0x6261_636b;
/// The schema's version; it grows when a table changes.
pub(super) const VERSION: i64 = 1;

/// 64 MiB of cache, so that a large run is not written before it ends.
pub(super) const SETTINGS: &str = "
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
";

pub(super) const TABLES: &str = "
PRAGMA application_id = 0x6261636b;
PRAGMA user_version = 1;
CREATE TABLE run (
  id TEXT PRIMARY KEY NOT NULL,
  at TEXT NOT NULL,
  inventory_sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_time ON run (at);
CREATE TABLE look (
  framework TEXT NOT NULL,
  control TEXT NOT NULL,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (framework, control, account, region)
) STRICT, WITHOUT ROWID;
CREATE TABLE violation (
  id TEXT PRIMARY KEY NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'undecided', 'resolved')),
  severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  framework TEXT NOT NULL,
  control TEXT NOT NULL,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  reasons TEXT NOT NULL,
  messages TEXT NOT NULL,
  evidence_sha256 TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  decided TEXT NOT NULL,
  decided_at TEXT NOT NULL,
  answer TEXT NOT NULL,
  since TEXT NOT NULL,
  looked_at TEXT NOT NULL,
  missing TEXT NOT NULL,
  resolved_at TEXT,
  cause TEXT NOT NULL,
  steps INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX violation_open ON violation (framework, control, account, region, looked_at)
  WHERE state <> 'resolved';
CREATE INDEX violation_by_account ON violation (account, region);
CREATE INDEX violation_by_control ON violation (control);
CREATE TABLE history (
  id TEXT NOT NULL REFERENCES violation (id),
  sequence INTEGER NOT NULL,
  at TEXT NOT NULL,
  step TEXT NOT NULL,
  answer TEXT NOT NULL,
  severity TEXT NOT NULL,
  reasons TEXT NOT NULL,
  message TEXT NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_by_time ON history (at, id, sequence);
";
