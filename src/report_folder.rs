//! A run's reports in a folder: files appear whole or not at all when the run is over, and `manifest.json` last.
//!
//! Formats nothing, which is `report`'s; knows neither a command line nor AWS.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

mod file;
mod parts;

use crate::inventory::Inventory;
use crate::report::chunk::{Chunk, Form};
use crate::report::jobs::JobReport;
use crate::report::layout::{CONTROL_COMPLIANCE_REPORT, RESOURCE_COMPLIANCE_REPORT, stem, stem_of_run};
use crate::report::rows::{Files, RowMaker, Rows};
use crate::report::{Report, control_compliance, resource_compliance, summary};
use file::NewFile;
#[cfg(feature = "parquet")]
use parts::ColumnParts;
use parts::{Parts, name, report_of};

/// The manifest's name in the folder.
pub const MANIFEST: &str = "manifest.json";
/// The version of the manifest's shape; it grows when a member is added or changes meaning.
const SCHEMA_VERSION: u32 = 1;

/// Rows are best appended when they hold so many bytes or more.
pub const APPEND_BYTES: usize = 1 << 18;

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

fn cannot_write(path: &Path, error: io::Error) -> ReportFolderError {
    ReportFolderError::File { path: path.display().to_string(), error }
}

/// The resource compliance reports of one framework.
struct Resources {
    csv: Parts,
    json: Parts,
}

/// The files of a run, as its findings flow past.
pub struct ReportFolder {
    folder: PathBuf,
    maker: RowMaker,
    files: Files,
    findings: Parts,
    #[cfg(feature = "parquet")]
    columns: Option<ColumnParts>,
    /// By framework, in the order of the run.
    resources: Vec<Resources>,
}

impl ReportFolder {
    /// Begins the reports of a run in a folder, which is made if need be.
    pub fn create(folder: &Path, report: &Report<'_>, files: Files) -> Result<Self, ReportFolderError> {
        refuse_inventory(folder)?;
        let (places, at) = (&report.basis.places, report.basis.at);
        let mut resources = Vec::new();
        for framework in report.frameworks {
            let stem = stem(places, at, &framework.name, RESOURCE_COMPLIANCE_REPORT);
            let begin = |extension, form| Parts::create(name(folder, stem.clone(), extension), form, files);
            let csv = begin("csv", Form::Csv(&resource_compliance::FIELDS))?;
            resources.push(Resources { csv, json: begin("json", Form::Json)? });
        }
        let findings = |extension| name(folder, "findings".to_owned(), extension);
        Ok(Self {
            folder: folder.to_owned(),
            maker: RowMaker::of(report).writing(files),
            files,
            #[cfg(feature = "parquet")]
            columns: match files.parquet {
                true => Some(ColumnParts::create(findings("parquet"), files, at)?),
                false => None,
            },
            findings: Parts::create(findings("ndjson"), Form::Lines, files)?,
            resources,
        })
    }

    /// What makes rows that fit these reports, on whichever thread.
    pub fn maker(&self) -> &RowMaker {
        &self.maker
    }

    /// Empty rows that fit these reports.
    pub fn rows(&self) -> Rows {
        self.maker.rows()
    }

    /// Appends rows; those of files are gone from them afterwards, and their memory is not.
    pub fn append(&mut self, rows: &mut Rows) -> Result<(), ReportFolderError> {
        if let Some(chunk) = rows.findings() {
            self.findings.append(chunk)?;
        }
        for (files, rows) in self.resources.iter_mut().zip(rows.resources()) {
            files.csv.append(&mut rows.csv)?;
            files.json.append(&mut rows.json)?;
        }
        #[cfg(feature = "parquet")]
        if let (Some(files), Some(columns)) = (&mut self.columns, rows.columns()) {
            files.append(columns)?;
        }
        Ok(())
    }

    /// Writes what the whole run tells, and the manifest of all that was written, which it also returns.
    pub fn finish(
        self,
        report: &Report<'_>,
        inventory: &Inventory,
    ) -> Result<ReportManifest, ReportFolderError> {
        let Self { folder, maker: _, files, findings, resources, .. } = self;
        let mut closed = findings.close()?;
        #[cfg(feature = "parquet")]
        if let Some(columns) = self.columns {
            closed.append(&mut columns.close()?);
        }
        for parts in resources {
            closed.append(&mut parts.csv.close()?);
            closed.append(&mut parts.json.close()?);
        }
        let earlier = remove_manifest(&folder)?;
        let mut reports = Vec::new();
        for file in closed {
            reports.push(file.appear()?);
        }
        reports.append(&mut write_controls(&folder, report, files)?);
        for jobs in JobReport::ALL {
            reports.append(&mut write_jobs(&folder, jobs, inventory, report, files)?);
        }
        let mut file = NewFile::create(&folder, "summary.json")?;
        summary::write(report, &mut file).map_err(|error| cannot_write(file.path(), error))?;
        reports.push(file.finish()?);
        reports.sort();
        remove_replaced(&folder, &earlier, &reports)?;
        let manifest = ReportManifest {
            schema_version: SCHEMA_VERSION,
            evaluation_time: report.basis.at.to_string(),
            inventory_sha256: report.basis.inventory_digest.clone(),
            reports,
        };
        let mut file = NewFile::create(&folder, MANIFEST)?;
        let written = serde_json::to_writer_pretty(&mut file, &manifest).map_err(io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(|error| cannot_write(file.path(), error))?;
        file.finish()?;
        Ok(manifest)
    }
}

/// Writes the control compliance reports of every framework.
fn write_controls(
    folder: &Path,
    report: &Report<'_>,
    files: Files,
) -> Result<Vec<ReportFile>, ReportFolderError> {
    let (places, at, time) = (&report.basis.places, report.basis.at, report.basis.at.to_string());
    let mut reports = Vec::new();
    for (index, framework) in report.frameworks.iter().enumerate() {
        let stem = stem(places, at, &framework.name, CONTROL_COMPLIANCE_REPORT);
        let mut pair = Pair::create(folder, &stem, &control_compliance::FIELDS, files)?;
        for row in control_compliance::rows(report, index, &time) {
            row.write_csv(pair.csv_rows.row());
            row.write_json(pair.json_rows.row());
            pair.append_if_many()?;
        }
        reports.append(&mut pair.finish()?);
    }
    Ok(reports)
}

/// Writes a report on jobs.
fn write_jobs(
    folder: &Path,
    jobs: JobReport,
    inventory: &Inventory,
    report: &Report<'_>,
    files: Files,
) -> Result<Vec<ReportFile>, ReportFolderError> {
    let (places, at) = (&report.basis.places, report.basis.at);
    let mut pair = Pair::create(folder, &stem_of_run(places, at, jobs.name()), jobs.fields(), files)?;
    jobs.each_row(inventory, at, &mut |row| {
        row.write_csv(pair.csv_rows.row());
        row.write_json(pair.json_rows.row());
        pair.append_if_many()
    })?;
    pair.finish()
}

/// A report as CSV and as JSON, whose rows come one by one.
struct Pair {
    csv: Parts,
    json: Parts,
    csv_rows: Chunk,
    json_rows: Chunk,
}

impl Pair {
    fn create(
        folder: &Path,
        stem: &str,
        fields: &'static [&'static str],
        files: Files,
    ) -> Result<Self, ReportFolderError> {
        let begin = |extension, form| Parts::create(name(folder, stem.to_owned(), extension), form, files);
        let rows = |form| Chunk::new(form, files.compress);
        let (csv, json) = (Form::Csv(fields), Form::Json);
        Ok(Self {
            csv: begin("csv", csv)?,
            json: begin("json", json)?,
            csv_rows: rows(csv),
            json_rows: rows(json),
        })
    }

    fn append_if_many(&mut self) -> Result<(), ReportFolderError> {
        if self.json_rows.len() < APPEND_BYTES {
            return Ok(());
        }
        self.append()
    }

    fn append(&mut self) -> Result<(), ReportFolderError> {
        self.csv.append(&mut self.csv_rows)?;
        self.json.append(&mut self.json_rows)
    }

    fn finish(mut self) -> Result<Vec<ReportFile>, ReportFolderError> {
        self.append()?;
        let mut reports = self.csv.finish()?;
        reports.append(&mut self.json.finish()?);
        Ok(reports)
    }
}

/// Removes the manifest of an earlier run, which tells of files that are no more; what it told of.
fn remove_manifest(folder: &Path) -> Result<Vec<ReportFile>, ReportFolderError> {
    let path = folder.join(MANIFEST);
    let earlier = fs::read(&path).ok().and_then(|it| serde_json::from_slice::<ReportManifest>(&it).ok());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_write(&path, error)),
        _ => Ok(earlier.map(|it| it.reports).unwrap_or_default()),
    }
}

/// Removes parts and forms of these reports that an earlier run wrote, and this one did not.
fn remove_replaced(
    folder: &Path,
    earlier: &[ReportFile],
    reports: &[ReportFile],
) -> Result<(), ReportFolderError> {
    let keys: BTreeSet<&str> = reports.iter().map(|it| it.key.as_str()).collect();
    let written: BTreeSet<&str> = keys.iter().map(|it| report_of(it)).collect();
    for old in earlier.iter().map(|it| it.key.as_str()) {
        if written.contains(report_of(old)) && !keys.contains(old) {
            let path = folder.join(old);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot_write(&path, error));
                }
                _ => {}
            }
        }
    }
    Ok(())
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
