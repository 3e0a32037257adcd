//! A file that appears whole or not at all, counted and digested on its way.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ReportFile, ReportFolderError, cannot_write};
use crate::control::hexadecimal;

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

/// The passing name of a file that is not yet to be seen; gone when it is not wanted any more.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // It is gone already where the file has appeared; what cannot be removed, nobody reads.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file that is being written under a passing name.
pub(super) struct NewFile {
    key: String,
    path: PathBuf,
    output: BufWriter<Digested>,
    part: Passing,
}

impl NewFile {
    pub(super) fn create(folder: &Path, key: &str) -> Result<Self, ReportFolderError> {
        let path = folder.join(key);
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = Passing(PathBuf::from(part));
        let create = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(&part.0)
        };
        let file = create().map_err(|error| cannot_write(&path, error))?;
        let digested = Digested { file, hasher: Sha256::new(), bytes: 0 };
        let output = BufWriter::with_capacity(1 << 16, digested);
        Ok(Self { key: key.to_owned(), path, output, part })
    }

    /// Where it will be seen.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes bytes, and says which file it was that could not take them.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), ReportFolderError> {
        self.output.write_all(bytes).map_err(|error| cannot_write(&self.path, error))
    }

    /// Ends what is written; it does not appear yet.
    pub(super) fn close(self) -> Result<Closed, ReportFolderError> {
        let Self { key, path, output, part } = self;
        let ended = output.into_inner().map_err(|it| cannot_write(&path, it.into_error()))?;
        let Digested { hasher, bytes, .. } = ended;
        let report = ReportFile { key, sha256: hexadecimal(&hasher.finalize()), bytes };
        Ok(Closed { report, path, part })
    }

    /// Ends what is written, and has it appear.
    pub(super) fn finish(self) -> Result<ReportFile, ReportFolderError> {
        self.close()?.appear()
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

/// A file that is whole, but not yet to be seen.
pub(super) struct Closed {
    report: ReportFile,
    path: PathBuf,
    part: Passing,
}

impl Closed {
    pub(super) fn appear(self) -> Result<ReportFile, ReportFolderError> {
        fs::rename(&self.part.0, &self.path).map_err(|error| cannot_write(&self.path, error))?;
        Ok(self.report)
    }
}
