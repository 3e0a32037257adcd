//! `backproof report get`: the reports of a run as they were published, or none of what is not.
//!
//! Every key is looked at before anything is written; a file appears only when its digest is the one that was published.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::run_id::RunId;
use super::{ExitStatus, Failure, Runs};
use crate::aws::ObjectError;
use crate::collect::packed::Unpacking;
use crate::control::{escape_controls, hexadecimal};
use crate::model::Place;
use crate::report_folder::{MANIFEST, ReportFile, ReportManifest, refuse_inventory};

/// Where what was collected is put.
const INVENTORY: &str = "inventory";
/// The largest packed inventory of one account and Region.
const MAX_PACKED_BYTES: u64 = 8 << 30;

/// A report in the bucket and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) key: String,
    /// Relative to the folder, with `/` between the parts.
    pub(super) path: String,
}

/// Where a report that a manifest names is, and where it goes; fails if it leads out of either.
///
/// Keys are the bucket's, under the run's own prefix or `Backup/`, or relative to the run's prefix.
pub(super) fn published(run: &RunId, key: &str) -> Result<Published, Failure> {
    let own = format!("runs/{run}/");
    let path = key.strip_prefix(&own).unwrap_or(key);
    let plain = |part: &str| {
        let hidden = part.chars().any(|it| it.is_control() || "\\:".contains(it));
        !part.is_empty() && !part.chars().all(|it| it == '.') && !hidden && part.len() <= 255
    };
    let first = path.split('/').next().unwrap_or_default();
    let taken = path == MANIFEST || first == INVENTORY || first == "runs";
    if path.len() > 1_024 || !path.split('/').all(plain) || taken {
        let key: String = key.chars().take(128).collect();
        return Err(Failure::Message(format!(
            "the manifest of run `{run}` names `{key}`, which leads elsewhere; expected keys under `{own}` or `Backup/`; nothing was written"
        )));
    }
    let key = if first == "Backup" { path.to_owned() } else { format!("{own}{path}") };
    Ok(Published { key, path: path.to_owned() })
}

/// The manifest of a run, and its bytes.
pub(super) async fn manifest(runs: &Runs, run: &RunId) -> Result<(ReportManifest, Vec<u8>), Failure> {
    let key = format!("runs/{run}/{MANIFEST}");
    let bucket = runs.objects.bucket();
    let bytes = match runs.small(&key).await {
        Err(ObjectError::NotThere { .. }) => {
            return Err(Failure::Message(format!(
                "bucket `{bucket}` has no `{key}`: there is no run `{run}`, or it has not published yet; \
                 `backproof report list --bucket {bucket}` lists runs"
            )));
        }
        other => other?,
    };
    let parsed = serde_json::from_slice(&bytes);
    let parsed = parsed.map_err(|error| {
        Failure::Message(format!("`{key}` in bucket `{bucket}` is not a manifest of reports: {error}"))
    });
    Ok((parsed?, bytes))
}

pub(super) async fn get(
    runs: &Runs,
    run: &RunId,
    folder: &Path,
    inventory: bool,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<ExitStatus, Failure> {
    let (manifest, bytes) = manifest(runs, run).await?;
    let mut wanted = Vec::new();
    for report in &manifest.reports {
        wanted.push((report, published(run, &report.key)?));
    }
    refuse_inventory(folder)?;
    let mut unpacking = match inventory {
        true => {
            Some(Unpacking::begin(&folder.join(INVENTORY)).map_err(|error| cannot_write(folder, &error))?)
        }
        false => None,
    };
    let mut wrong = Vec::new();
    for (report, from) in &wanted {
        match download(runs, report, from, folder).await? {
            None => {}
            Some(why) => wrong.push(format!("`{}` {why}", from.key)),
        }
    }
    let reports = wanted.len() - wrong.len();
    if let Some(unpacking) = unpacking.take() {
        wrong.append(&mut unpack(runs, run, unpacking, folder, stderr).await?);
    }
    for why in &wrong {
        writeln!(stderr, "error: {}", escape_controls(why))?;
    }
    if !wrong.is_empty() {
        writeln!(
            stderr,
            "error: {} of run `{run}` not had; {reports} reports are in {}",
            wrong.len(),
            folder.display()
        )?;
        return Ok(ExitStatus::CouldNotRun);
    }
    let mut file = NewFile::create(folder, MANIFEST)?;
    file.write_all(&bytes).map_err(|error| cannot_write(folder, &error))?;
    file.finish()?;
    writeln!(stderr, "{reports} reports of run {run}, each as it was published")?;
    writeln!(stdout, "{}", folder.display())?;
    Ok(ExitStatus::Success)
}

/// Fetches one report; why it is not there, if it is not what was published.
async fn download(
    runs: &Runs,
    report: &ReportFile,
    from: &Published,
    folder: &Path,
) -> Result<Option<String>, Failure> {
    let mut file = NewFile::create(folder, &from.path)?;
    let read = runs.objects.read(&from.key, report.bytes, &mut file).await;
    let why = match read {
        Ok(bytes) if bytes != report.bytes => {
            Some(format!("is not what was published: it has {bytes} bytes, {} are expected", report.bytes))
        }
        Ok(_) if file.sha256() != report.sha256 => {
            let (found, expected) = (file.sha256(), &report.sha256);
            Some(format!("is not what was published: its SHA-256 is {found}, {expected} is expected"))
        }
        Ok(_) => None,
        Err(ObjectError::NotThere { .. }) => Some("is not there".to_owned()),
        Err(ObjectError::TooLong { most, .. }) => {
            Some(format!("is not what was published: it has more than the {most} bytes expected"))
        }
        // Others may be had; this one is told with the rest.
        Err(ObjectError::Refused { error, .. }) => {
            Some(format!("could not be read: {}: {}", error.code, error.message))
        }
        Err(error) => {
            file.discard();
            return Err(error.into());
        }
    };
    match why {
        None => file.finish().map(|()| None),
        Some(why) => {
            file.discard();
            Ok(Some(why))
        }
    }
}

/// Fetches and unpacks what was collected; what could not be.
async fn unpack(
    runs: &Runs,
    run: &RunId,
    mut unpacking: Unpacking,
    folder: &Path,
    stderr: &mut dyn Write,
) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    let prefix = format!("runs/{run}/{INVENTORY}/");
    let keys = runs.objects.keys(&prefix).await?;
    if keys.is_empty() {
        wrong.push(format!("`{prefix}` holds nothing that was collected"));
    }
    for key in &keys {
        let Some(place) = key.strip_prefix(&prefix).and_then(place_of) else {
            wrong.push(format!("`{key}` is not `<account>/<region>.tar.gz`"));
            continue;
        };
        let mut packed = tempfile::tempfile_in(folder).map_err(|error| cannot_write(folder, &error))?;
        match runs.objects.read(key, MAX_PACKED_BYTES, &mut packed).await {
            Ok(_) => {}
            Err(error @ ObjectError::Write { .. }) => return Err(error.into()),
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        }
        io::Seek::rewind(&mut packed)?;
        if let Err(error) = unpacking.add(&place, io::BufReader::new(packed).by_ref()) {
            wrong.push(format!("`{key}` {error}"));
        }
    }
    let failures = runs.objects.keys(&format!("runs/{run}/failures/")).await?;
    for key in &failures {
        writeln!(stderr, "not collected: {}", escape_controls(key))?;
    }
    let whole = wrong.is_empty() && failures.is_empty();
    unpacking.finish(whole).map_err(|error| cannot_write(folder, &error))?;
    Ok(wrong)
}

/// The account and Region of `<account>/<region>.tar.gz`.
fn place_of(name: &str) -> Option<Place> {
    let (account, region) = name.strip_suffix(".tar.gz")?.split_once('/')?;
    Some(Place { account: account.parse().ok()?, region: region.parse().ok()? })
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Message(format!("cannot write into `{}`: {error}", path.display()))
}

/// A file that appears whole or not at all.
struct NewFile {
    path: PathBuf,
    part: PathBuf,
    output: BufWriter<File>,
    hasher: Sha256,
}

impl NewFile {
    fn create(folder: &Path, path: &str) -> Result<Self, Failure> {
        let path = folder.join(path);
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let create = || {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            File::create(&part)
        };
        let output = BufWriter::new(create().map_err(|error| cannot_write(&path, &error))?);
        Ok(Self { path, part, output, hasher: Sha256::new() })
    }

    fn sha256(&self) -> String {
        hexadecimal(&self.hasher.clone().finalize())
    }

    fn finish(mut self) -> Result<(), Failure> {
        let done = self.output.flush().and_then(|()| fs::rename(&self.part, &self.path));
        done.map_err(|error| cannot_write(&self.path, &error))
    }

    fn discard(self) {
        drop(self.output);
        // What cannot be removed is a part that nobody reads.
        let _ = fs::remove_file(&self.part);
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_into_the_folder_or_are_refused() {
        let run: RunId = "20260301T060000Z-1a2b3c4d".parse().unwrap();
        let own = "runs/20260301T060000Z-1a2b3c4d";
        let long = "x/".repeat(600) + "x";
        for (key, expected) in [
            ("findings.ndjson", Some((format!("{own}/findings.ndjson"), "findings.ndjson"))),
            (&format!("{own}/summary.json"), Some((format!("{own}/summary.json"), "summary.json"))),
            ("Backup/a/b/2026/x.csv", Some(("Backup/a/b/2026/x.csv".to_owned(), "Backup/a/b/2026/x.csv"))),
            ("Backup/a/x_0002.csv.gz", Some(("Backup/a/x_0002.csv.gz".to_owned(), "Backup/a/x_0002.csv.gz"))),
            ("../../x", None),
            ("Backup/../../x", None),
            ("Backup/./x", None),
            ("Backup//x", None),
            ("Backup/...", None),
            ("/etc/x", None),
            ("a\\..\\x", None),
            ("C:x", None),
            ("a\0b", None),
            ("", None),
            ("manifest.json", None),
            ("inventory/x", None),
            ("runs/20250301T060000Z-1a2b3c4d/x", None),
            (&format!("{own}/"), None),
            (&long, None),
        ] {
            let found = published(&run, key).ok().map(|it| (it.key, it.path));
            assert_eq!(found, expected.map(|(key, path)| (key, path.to_owned())), "{key}");
        }
    }
}
