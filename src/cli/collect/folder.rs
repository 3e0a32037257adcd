//! The folder a collection is recorded into: held by one process, begun once, closed with a manifest.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::LiveArgs;
use crate::cli::Failure;
use crate::collect::journal::{self, UNFINISHED};
use crate::collect::manifest::{MANIFEST, Manifest};
use crate::survey::Asked;

/// What a collection began with: going on with it asks the same of the same, in the same window of jobs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Beginning {
    pub(super) started_at: Timestamp,
    pub(super) since: Date,
    /// Who and what is asked.
    asked: String,
}

/// The folder of a collection, held by this process alone.
pub(super) struct Folder {
    pub(super) beginning: Beginning,
    _lock: File,
}

impl Folder {
    pub(super) fn open(root: &Path, live: &LiveArgs, asked: &Asked) -> Result<Self, Failure> {
        let asked = format!("{asked:?}, {} days", live.job_days);
        let cannot =
            |error: io::Error| Failure::Message(format!("`{}` cannot be written: {error}", root.display()));
        let unfinished = root.join(UNFINISHED);
        let begun = unfinished.is_dir() || root.join(MANIFEST).is_file();
        let empty = fs::read_dir(root).is_ok_and(|mut it| it.next().is_none());
        if root.exists() && !empty && !(live.resume && begun) {
            let advice = match (live.resume, begun) {
                (true, _) => "holds no collection to go on with; give a folder that is new or empty",
                (false, true) => "holds a collection; go on with it with --resume, or give another folder",
                (false, false) => "is not empty; give a folder that is new or empty",
            };
            return Err(Failure::Message(format!("`{}` {advice}", root.display())));
        }
        fs::create_dir_all(&unfinished).map_err(cannot)?;
        let lock = File::create(unfinished.join("lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("`{}` is being collected by another process", root.display());
                return Err(Failure::Message(text));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let file = unfinished.join("beginning.json");
        let beginning = match fs::read(&file) {
            Ok(text) => serde_json::from_slice::<Beginning>(&text).map_err(|error| {
                let text =
                    format!("`{}` cannot be read, so the collection cannot go on: {error}", file.display());
                Failure::Message(text)
            })?,
            Err(_) => Beginning::now(live.job_days, asked.clone()).write(&file).map_err(cannot)?,
        };
        if beginning.asked != asked {
            let text = format!(
                "`{}` was begun with other accounts, Regions, role, --only-needed or --job-days; give the same, or another folder",
                root.display()
            );
            return Err(Failure::Message(text));
        }
        Ok(Self { beginning, _lock: lock })
    }
}

impl Beginning {
    fn now(job_days: u16, asked: String) -> Self {
        let started_at = Timestamp::now();
        let today = started_at.to_zoned(TimeZone::UTC).date();
        Self { started_at, since: today.saturating_sub(i64::from(job_days).days()), asked }
    }

    /// Writes it whole or not at all.
    fn write(self, file: &Path) -> io::Result<Self> {
        let part = file.with_extension("part");
        let mut output = File::create(&part)?;
        serde_json::to_writer(&mut output, &self)?;
        output.sync_all()?;
        fs::rename(&part, file)?;
        Ok(self)
    }
}

/// Leaves in the inventory what this collection is made of, and nothing that an earlier run of it wrote beside.
pub(super) fn close(root: &Path, manifest: &Manifest) -> io::Result<()> {
    let before = Manifest::read(root).ok().flatten();
    let earlier = before.into_iter().flat_map(|it| it.files).map(|it| it.path);
    let now: BTreeSet<&str> = manifest.files.iter().map(|it| it.path.as_str()).collect();
    for path in earlier.chain(journal::begun(root)?).filter(|it| !now.contains(it.as_str())) {
        match fs::remove_file(root.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    manifest.write(root)?;
    if manifest.complete { fs::remove_dir_all(root.join(UNFINISHED)) } else { Ok(()) }
}
