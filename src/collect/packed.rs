//! Inventories as runs on AWS pack and unpack them: of each account and Region a compressed tar with the files and their manifest.
//!
//! Every path is checked before anything is written, every file against the manifest it came with, and neither links nor
//! folders of the archive are followed. Several are unpacked into one inventory, whose manifest names them all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::journal::FileRecord;
use super::manifest::{MANIFEST, Manifest};
use crate::control::hexadecimal;
use crate::model::Place;

/// The most bytes that one archive may unpack to: a million recovery points of one Region are about one GiB.
const MAX_BYTES: u64 = 64 << 30;
/// The most files in one archive; there are fewer operations than that, and a few parts of each.
const MAX_FILES: usize = 100_000;
/// The longest manifest of one archive.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// Why an archive could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    /// It is damaged, or its files could not be written.
    #[error("cannot be unpacked: {0}")]
    Io(#[from] io::Error),
    /// A path leads elsewhere, or is no plain file.
    #[error(
        "holds `{0}`; expected manifest.json and plain files `<account>/<region>/<name>` of its own account"
    )]
    Path(String),
    /// It has no manifest, or one that cannot be read.
    #[error("has no manifest.json that can be read: {0}")]
    Manifest(String),
    /// A file is not what was collected.
    #[error("holds `{path}`, which is not what was collected: {why}")]
    Changed {
        /// The file.
        path: String,
        /// In which way.
        why: &'static str,
    },
    /// It is larger than any inventory.
    #[error("unpacks to more than {MAX_FILES} files or {MAX_BYTES} bytes")]
    TooLarge,
    /// Another archive has the same file.
    #[error("holds `{0}`, which is there already")]
    Twice(String),
}

/// Packs the files of a manifest, which are below a folder, with the manifest before them; the same files give the same
/// bytes.
pub fn pack(root: &Path, manifest: &Manifest, output: &Path) -> io::Result<()> {
    let output = BufWriter::with_capacity(1 << 16, File::create(output)?);
    let mut archive = tar::Builder::new(GzEncoder::new(output, Compression::default()));
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut archive, MANIFEST, text.len() as u64, &*text)?;
    for file in &manifest.files {
        let opened = File::open(root.join(&file.path))?;
        let bytes = opened.metadata()?.len();
        append(&mut archive, &file.path, bytes, BufReader::with_capacity(1 << 16, opened))?;
    }
    archive.into_inner()?.finish()?.flush()
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    bytes: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, path, content)
}

/// An inventory that is put together from archives.
#[derive(Debug)]
pub struct Unpacking {
    root: PathBuf,
    manifest: Option<Manifest>,
    files: BTreeMap<String, FileRecord>,
}

/// When an archive's answers were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// When asking began; `None` if its manifest does not say so readably.
    pub began: Option<Timestamp>,
    /// How long it took; nothing if its manifest does not say so readably.
    pub took: SignedDuration,
}

/// A file that was unpacked under a name of its own, until all of its archive is known to be good.
struct Unpacked {
    sha256: String,
    bytes: u64,
    part: PathBuf,
}

impl Unpacking {
    /// Begins an inventory in a folder that is new or empty.
    pub fn begin(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        if fs::read_dir(root)?.next().is_some() {
            let message = format!("`{}` is not empty; give a new folder", root.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(Self { root: root.to_owned(), manifest: None, files: BTreeMap::new() })
    }

    /// Unpacks the archive of an account and Region: all of it, or nothing. When it was collected.
    pub fn add(&mut self, place: &Place, archive: impl Read) -> Result<Taken, PackedError> {
        let mut unpacked = BTreeMap::new();
        let added = self.unpack(place, archive, &mut unpacked).and_then(|manifest| {
            let files = self.check(&manifest, &unpacked)?;
            for (path, file) in &unpacked {
                fs::rename(&file.part, self.root.join(path))?;
            }
            self.files.extend(files);
            let (began, ended) = (time(&manifest.started_at), time(&manifest.ended_at));
            let took = began.zip(ended).map(|(began, ended)| ended.duration_since(began));
            self.manifest = Some(match self.manifest.take() {
                Some(known) => united(known, manifest),
                None => manifest,
            });
            Ok(Taken { began, took: took.unwrap_or_default() })
        });
        if added.is_err() {
            for file in unpacked.values() {
                // What cannot be removed is a part that nobody reads.
                let _ = fs::remove_file(&file.part);
            }
        }
        added
    }

    fn unpack(
        &self,
        place: &Place,
        archive: impl Read,
        unpacked: &mut BTreeMap<String, Unpacked>,
    ) -> Result<Manifest, PackedError> {
        let mut archive = tar::Archive::new(GzDecoder::new(archive).take(MAX_BYTES + 1));
        let mut manifest = None;
        let mut left = MAX_BYTES;
        // Raw, so that a header that holds a long name is refused and not read into memory, however long.
        for entry in archive.entries()?.raw(true) {
            let mut entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let plain = path.strip_prefix("./").unwrap_or(&path);
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                continue;
            }
            left = left.checked_sub(entry.size()).ok_or(PackedError::TooLarge)?;
            if unpacked.len() >= MAX_FILES {
                return Err(PackedError::TooLarge);
            }
            if !kind.is_file() {
                return Err(PackedError::Path(path));
            }
            if plain == MANIFEST {
                manifest = Some(read_manifest(&mut entry)?);
                continue;
            }
            let folder = folder_of(place, plain).ok_or_else(|| PackedError::Path(path.clone()))?;
            if unpacked.contains_key(plain) || self.files.contains_key(plain) {
                return Err(PackedError::Twice(plain.to_owned()));
            }
            fs::create_dir_all(self.root.join(folder))?;
            let part = self.root.join(format!("{plain}.part"));
            // Known before it is written, so that it is removed if it cannot be.
            let file = Unpacked { sha256: String::new(), bytes: 0, part: part.clone() };
            unpacked.insert(plain.to_owned(), file);
            let (sha256, bytes) = write_digested(&mut entry, &part)?;
            unpacked.insert(plain.to_owned(), Unpacked { sha256, bytes, part });
        }
        manifest.ok_or_else(|| PackedError::Manifest("it is not in the archive".to_owned()))
    }

    /// The manifest's files, if they are the archive's.
    fn check(
        &self,
        manifest: &Manifest,
        unpacked: &BTreeMap<String, Unpacked>,
    ) -> Result<BTreeMap<String, FileRecord>, PackedError> {
        let mut files = BTreeMap::new();
        for record in &manifest.files {
            let changed = |why| PackedError::Changed { path: record.path.clone(), why };
            match unpacked.get(&record.path) {
                Some(file) if file.sha256 == record.sha256 && file.bytes == record.bytes => {}
                Some(_) => return Err(changed("its SHA-256 is not the one in manifest.json")),
                None => return Err(changed("manifest.json names it, and it is not there")),
            }
            files.insert(record.path.clone(), record.clone());
        }
        match unpacked.keys().find(|it| !files.contains_key(*it)) {
            Some(path) => {
                Err(PackedError::Changed { path: path.clone(), why: "manifest.json does not name it" })
            }
            None => Ok(files),
        }
    }

    /// Writes the manifest of all that was unpacked; `whole` unless an account or Region is missing.
    pub fn finish(self, whole: bool) -> io::Result<()> {
        let Some(mut manifest) = self.manifest else {
            return Ok(());
        };
        manifest.complete &= whole;
        manifest.files = self.files.into_values().collect();
        manifest.write(&self.root)
    }
}

/// The folder of a file in an archive of this account; `None` if the path leads elsewhere.
fn folder_of<'p>(place: &Place, path: &'p str) -> Option<&'p str> {
    let (folder, name) = path.rsplit_once('/')?;
    let (account, region) = folder.split_once('/')?;
    let found = Place { account: account.parse().ok()?, region: region.parse().ok()? };
    let good = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    let plain = name.chars().all(good) && name.len() <= 200 && !name.starts_with('.');
    // What is not regional may come with any Region of its account.
    let own = found.account == place.account && (found.region == place.region || found.region.is_global());
    (plain && own && !name.is_empty() && !name.ends_with(".part")).then_some(folder)
}

fn read_manifest(entry: &mut impl Read) -> Result<Manifest, PackedError> {
    let mut text = Vec::new();
    entry.take(MAX_MANIFEST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(PackedError::Manifest("it is too long".to_owned()));
    }
    serde_json::from_slice(&text).map_err(|error| PackedError::Manifest(error.to_string()))
}

fn write_digested(input: &mut impl Read, path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::create(path)?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = input.read(&mut buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok((hexadecimal(&hasher.finalize()), bytes));
        }
        hasher.update(read);
        bytes += count as u64;
        file.write_all(read)?;
    }
}

/// As text, a time with a fraction of a second stands before the same without.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Two collections told as one.
fn united(mut one: Manifest, other: Manifest) -> Manifest {
    if time(&one.started_at) > time(&other.started_at) {
        one.started_at = other.started_at;
    }
    if time(&one.ended_at) < time(&other.ended_at) {
        one.ended_at = other.ended_at;
    }
    one.complete &= other.complete;
    one.unnamed.extend(other.unnamed);
    one.unnamed.sort();
    one.unnamed.dedup();
    one.skipped.extend(other.skipped);
    one.skipped.sort_by(|a, b| (&a.account, &a.why).cmp(&(&b.account, &b.why)));
    one.skipped.dedup();
    one.calls.calls += other.calls.calls;
    one.calls.retries += other.calls.retries;
    one.calls.bytes += other.calls.bytes;
    one
}
