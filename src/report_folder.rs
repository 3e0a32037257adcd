//! A run's reports in a folder: each file appears whole or not at all, and `manifest.json` last.
//!
//! Formats nothing, which is `report`'s; knows neither a command line nor AWS.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::control::hexadecimal;
use crate::evaluate::Finding;
use crate::inventory::Inventory;
use crate::report::jobs::JobReport;
use crate::report::layout::{CONTROL_COMPLIANCE_REPORT, RESOURCE_COMPLIANCE_REPORT, key, key_of_run};
use crate::report::{Report, control_compliance, findings, resource_compliance, summary};

/// The manifest's name in the folder.
pub const MANIFEST: &str = "manifest.json";
/// The version of the manifest's shape; it grows when a member is added or changes meaning.
const SCHEMA_VERSION: u32 = 1;

/// Why reports could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportFolderError {
    /// A file could not be written.
    #[error("cannot write `{path}`: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The folder is an inventory.
    #[error("`{0}` holds an inventory, whose manifest.json would be lost; write reports into another folder")]
    Inventory(String),
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportManifest {
    /// The version of this shape.
    pub schema_version: u32,
    /// The evaluation time, in ISO 8601.
    pub evaluation_time: String,
    /// SHA-256 of the inventory that was judged, in hexadecimal.
    pub inventory_sha256: String,
    /// Every report, by key.
    pub reports: Vec<ReportFile>,
}

/// A report as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportFile {
    /// Where it stands, with `/` between the parts.
    pub key: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Bytes on their way into a file, counted and digested.
struct Digested {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that appears whole or not at all.
struct NewFile {
    key: String,
    path: PathBuf,
    part: PathBuf,
    output: BufWriter<Digested>,
}

impl NewFile {
    fn create(folder: &Path, key: &str) -> Result<Self, ReportFolderError> {
        let path = folder.join(key);
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let create = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(&part)
        };
        let file = create().map_err(|error| cannot_write(&path, error))?;
        let digested = Digested { file, hasher: Sha256::new(), bytes: 0 };
        let output = BufWriter::with_capacity(1 << 16, digested);
        Ok(Self { key: key.to_owned(), path, part, output })
    }

    fn finish(self) -> Result<ReportFile, ReportFolderError> {
        let Self { key, path, part, output } = self;
        let failed = |error| cannot_write(&path, error);
        let Digested { hasher, bytes, .. } = output.into_inner().map_err(|it| failed(it.into_error()))?;
        fs::rename(&part, &path).map_err(failed)?;
        Ok(ReportFile { key, sha256: hexadecimal(&hasher.finalize()), bytes })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn cannot_write(path: &Path, error: io::Error) -> ReportFolderError {
    ReportFolderError::File { path: path.display().to_string(), error }
}

/// The resource compliance reports of one framework.
struct Resources {
    csv: resource_compliance::Csv<NewFile>,
    json: resource_compliance::Json<NewFile>,
}

/// The files of a run, as its findings flow past.
pub struct ReportFolder {
    folder: PathBuf,
    at: String,
    findings: NewFile,
    resources: BTreeMap<String, Resources>,
}

impl ReportFolder {
    /// Begins the reports of a run in a folder, which is made if need be.
    pub fn create(folder: &Path, report: &Report<'_>) -> Result<Self, ReportFolderError> {
        refuse_inventory(folder)?;
        let mut resources = BTreeMap::new();
        for framework in report.frameworks {
            let file = |extension| {
                let basis = &report.basis;
                let key =
                    key(&basis.places, basis.at, &framework.name, RESOURCE_COMPLIANCE_REPORT, extension);
                NewFile::create(folder, &key)
            };
            let failed = |error| cannot_write(folder, error);
            let csv = resource_compliance::Csv::new(file("csv")?).map_err(failed)?;
            let json = resource_compliance::Json::new(file("json")?).map_err(failed)?;
            resources.insert(framework.name.clone(), Resources { csv, json });
        }
        Ok(Self {
            folder: folder.to_owned(),
            at: report.basis.at.to_string(),
            findings: NewFile::create(folder, "findings.ndjson")?,
            resources,
        })
    }

    fn failed(&self, error: io::Error) -> ReportFolderError {
        cannot_write(&self.folder, error)
    }

    /// Writes a finding where it belongs.
    pub fn write(&mut self, finding: &Finding<'_>) -> Result<(), ReportFolderError> {
        let written = findings::write_ndjson(finding, &mut self.findings).and_then(|()| {
            let Some(files) = self.resources.get_mut(&finding.framework.name) else {
                return Ok(());
            };
            let row = resource_compliance::Row::of(finding, &self.at);
            files.csv.write(&row).and_then(|()| files.json.write(&row))
        });
        written.map_err(|error| self.failed(error))
    }

    /// Writes what the whole run tells, and the manifest of all that was written, which it also returns.
    pub fn finish(
        self,
        report: &Report<'_>,
        inventory: &Inventory,
    ) -> Result<ReportManifest, ReportFolderError> {
        let Self { folder, at, findings, resources } = self;
        let failed = |error| cannot_write(&folder, error);
        // From here on the manifest of an earlier run in this folder tells of files that are no more.
        match fs::remove_file(folder.join(MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut reports = vec![findings.finish()?];
        for files in resources.into_values() {
            reports.push(files.csv.finish().map_err(failed)?.finish()?);
            reports.push(files.json.finish().map_err(failed)?.finish()?);
        }
        let mut write = |key: &str, content: &dyn Fn(&mut NewFile) -> io::Result<()>| {
            let mut file = NewFile::create(&folder, key)?;
            content(&mut file).map_err(|error| cannot_write(&file.path, error))?;
            reports.push(file.finish()?);
            Ok(())
        };
        let (places, time) = (&report.basis.places, report.basis.at);
        for (index, framework) in report.frameworks.iter().enumerate() {
            let rows = control_compliance::rows(report, index, &at);
            let name = |extension| key(places, time, &framework.name, CONTROL_COMPLIANCE_REPORT, extension);
            write(&name("csv"), &|file| control_compliance::write_csv(&rows, file))?;
            write(&name("json"), &|file| control_compliance::write_json(&rows, file))?;
        }
        for jobs in JobReport::ALL {
            let name = |extension| key_of_run(places, time, jobs.name(), extension);
            write(&name("csv"), &|file| jobs.write_csv(inventory, time, file))?;
            write(&name("json"), &|file| jobs.write_json(inventory, time, file))?;
        }
        write("summary.json", &|file| summary::write(report, file))?;
        reports.sort();
        let manifest = ReportManifest {
            schema_version: SCHEMA_VERSION,
            evaluation_time: at,
            inventory_sha256: report.basis.inventory_digest.clone(),
            reports,
        };
        let mut file = NewFile::create(&folder, MANIFEST)?;
        let written = serde_json::to_writer_pretty(&mut file, &manifest).map_err(io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.finish()?;
        Ok(manifest)
    }
}

/// Fails if a folder holds an inventory: its manifest names `files`, that of reports `reports`.
pub fn refuse_inventory(folder: &Path) -> Result<(), ReportFolderError> {
    #[derive(Deserialize)]
    struct Known {
        files: Option<serde::de::IgnoredAny>,
    }
    let known = fs::read(folder.join(MANIFEST)).ok().and_then(|it| serde_json::from_slice::<Known>(&it).ok());
    match known {
        Some(Known { files: Some(_) }) => Err(ReportFolderError::Inventory(folder.display().to_string())),
        _ => Ok(()),
    }
}
