//! A report in as many files as it needs, none longer than it may be.
//!
//! The first has the report's name; the others have a number of four digits before the extension, so that names sort as
//! they were written. Each is a report by itself: a CSV has its header, a JSON document is whole.

use std::path::{Path, PathBuf};

use flate2::Crc;

use super::ReportFile;
use super::ReportFolderError;
use super::file::{Closed, NewFile};
use crate::report::chunk::{Chunk, Form, GZIP_HEAD, gzip_tail, stored};
use crate::report::rows::Files;

/// What the end of a file takes, however it is written.
const TAIL_BYTES: u64 = 32;

/// Where a report stands.
pub(super) struct Name {
    pub(super) folder: PathBuf,
    /// The key without its extension.
    pub(super) stem: String,
    /// The extension, `.gz` apart.
    pub(super) extension: &'static str,
}

impl Name {
    /// The key of a part, the first being 1.
    pub(super) fn key(&self, part: usize, compressed: bool) -> String {
        let number = if part == 1 { String::new() } else { format!("_{part:04}") };
        let gz = if compressed { ".gz" } else { "" };
        format!("{}{number}.{}{gz}", self.stem, self.extension)
    }

    pub(super) fn create(&self, part: usize, compressed: bool) -> Result<NewFile, ReportFolderError> {
        NewFile::create(&self.folder, &self.key(part, compressed))
    }
}

/// The report that a key belongs to, whichever part and form of it that is.
pub(super) fn report_of(key: &str) -> &str {
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    let stem = name.split('.').next().unwrap_or_default();
    let stem = match stem.rsplit_once('_') {
        Some((stem, number)) if number.len() >= 4 && number.bytes().all(|it| it.is_ascii_digit()) => stem,
        _ => stem,
    };
    let folder = if folder.is_empty() { 0 } else { folder.len() + 1 };
    key.get(..folder + stem.len()).unwrap_or(key)
}

/// A report of rows.
pub(super) struct Parts {
    name: Name,
    form: Form,
    files: Files,
    part: Part,
    closed: Vec<Closed>,
}

/// The part that is being written.
struct Part {
    file: NewFile,
    compress: bool,
    bytes: u64,
    has_rows: bool,
    /// The check and length of what was compressed.
    check: Crc,
}

impl Parts {
    pub(super) fn create(name: Name, form: Form, files: Files) -> Result<Self, ReportFolderError> {
        let part = Part::create(&name, 1, form, files)?;
        Ok(Self { name, form, files, part, closed: Vec::new() })
    }

    /// Appends rows, which are gone from where they come.
    pub(super) fn append(&mut self, chunk: &mut Chunk) -> Result<(), ReportFolderError> {
        chunk.seal();
        for (bytes, check) in chunk.pieces() {
            let length = bytes.len() as u64 + TAIL_BYTES;
            if self.part.has_rows && self.part.bytes + length > self.files.part_bytes {
                let next = Part::create(&self.name, self.closed.len() + 2, self.form, self.files)?;
                let full = std::mem::replace(&mut self.part, next);
                self.closed.push(full.close(self.form)?);
            }
            self.part.append(bytes, check, self.form)?;
        }
        chunk.clear();
        Ok(())
    }

    /// Ends the report.
    pub(super) fn close(self) -> Result<Vec<Closed>, ReportFolderError> {
        let Self { form, part, mut closed, .. } = self;
        closed.push(part.close(form)?);
        Ok(closed)
    }

    /// Ends the report, and has its files appear.
    pub(super) fn finish(self) -> Result<Vec<ReportFile>, ReportFolderError> {
        self.close()?.into_iter().map(Closed::appear).collect()
    }
}

impl Part {
    fn create(name: &Name, number: usize, form: Form, files: Files) -> Result<Self, ReportFolderError> {
        let compress = files.compress;
        let file = name.create(number, compress)?;
        let mut part = Self { file, compress, bytes: 0, has_rows: false, check: Crc::new() };
        if compress {
            part.put(&GZIP_HEAD)?;
        }
        part.frame(&form.head())?;
        Ok(part)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ReportFolderError> {
        self.bytes += bytes.len() as u64;
        self.file.put(bytes)
    }

    /// Writes what stands around rows.
    fn frame(&mut self, text: &[u8]) -> Result<(), ReportFolderError> {
        if !self.compress {
            return self.put(text);
        }
        self.check.update(text);
        let mut block = Vec::new();
        stored(text, &mut block);
        self.put(&block)
    }

    fn append(&mut self, bytes: &[u8], check: &Crc, form: Form) -> Result<(), ReportFolderError> {
        if self.has_rows {
            self.frame(form.between())?;
        }
        self.has_rows = true;
        self.check.combine(check);
        self.put(bytes)
    }

    fn close(mut self, form: Form) -> Result<Closed, ReportFolderError> {
        self.frame(form.tail())?;
        if self.compress {
            self.put(&gzip_tail(&self.check))?;
        }
        self.file.close()
    }
}

/// Findings as Parquet.
#[cfg(feature = "parquet")]
pub(super) struct ColumnParts {
    name: Name,
    files: Files,
    at: jiff::Timestamp,
    part: Option<crate::report::columns::ColumnFile<NewFile>>,
    closed: Vec<Closed>,
}

#[cfg(feature = "parquet")]
impl ColumnParts {
    pub(super) fn create(name: Name, files: Files, at: jiff::Timestamp) -> Result<Self, ReportFolderError> {
        let mut parts = Self { name, files, at, part: None, closed: Vec::new() };
        parts.part()?;
        Ok(parts)
    }

    /// The part that is being written, begun if need be.
    fn part(&mut self) -> Result<&mut crate::report::columns::ColumnFile<NewFile>, ReportFolderError> {
        let part = match self.part.take() {
            Some(part) => part,
            None => {
                let file = self.name.create(self.closed.len() + 1, false)?;
                let path = file.path().to_owned();
                crate::report::columns::ColumnFile::new(file, self.at)
                    .map_err(|it| super::cannot_write(&path, it))?
            }
        };
        Ok(self.part.insert(part))
    }

    /// Appends findings, which are gone from where they come.
    pub(super) fn append(
        &mut self,
        columns: &mut crate::report::columns::Columns,
    ) -> Result<(), ReportFolderError> {
        let path = self.path();
        let most = self.files.part_bytes;
        let full = self.part()?.append(columns, most).map_err(|it| super::cannot_write(&path, it))?;
        if full {
            self.end_part()?;
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.name.folder.join(self.name.key(self.closed.len() + 1, false))
    }

    fn end_part(&mut self) -> Result<(), ReportFolderError> {
        if let Some(part) = self.part.take() {
            let file = part.finish().map_err(|it| super::cannot_write(&self.path(), it))?;
            self.closed.push(file.close()?);
        }
        Ok(())
    }

    /// Ends the report.
    pub(super) fn close(mut self) -> Result<Vec<Closed>, ReportFolderError> {
        self.end_part()?;
        Ok(self.closed)
    }
}

/// The report's place in a folder.
pub(super) fn name(folder: &Path, stem: String, extension: &'static str) -> Name {
    Name { folder: folder.to_owned(), stem, extension }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sort_as_they_were_written_and_belong_to_their_report() {
        let name = name(Path::new(""), "Backup/a/R_x_0001_2026-03-01T06-00-00Z".to_owned(), "csv");
        let keys: Vec<String> =
            [1, 2, 10, 9_999].iter().flat_map(|it| [name.key(*it, false), name.key(*it, true)]).collect();
        assert_eq!(keys[0], "Backup/a/R_x_0001_2026-03-01T06-00-00Z.csv");
        assert_eq!(keys[3], "Backup/a/R_x_0001_2026-03-01T06-00-00Z_0002.csv.gz");
        assert!(keys.is_sorted(), "{keys:?}");
        for key in &keys {
            assert_eq!(report_of(key), name.stem);
        }
    }

    #[test]
    fn what_is_no_part_is_a_report_of_its_own() {
        for (key, report) in [
            ("findings.ndjson", "findings"),
            ("findings_0002.parquet", "findings"),
            ("findings_000.ndjson", "findings_000"),
            ("findings_x002.ndjson", "findings_x002"),
            ("summary.json", "summary"),
            ("Backup/2026_0001/x.csv", "Backup/2026_0001/x"),
            ("", ""),
        ] {
            assert_eq!(report_of(key), report, "{key}");
        }
    }
}
