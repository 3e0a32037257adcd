//! An inventory in a folder on disk.
//!
//! Follows no symbolic link out of the folder, and fails only if the folder itself cannot be listed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::journal::UNFINISHED;
use super::manifest::{MANIFEST, Manifest};
use crate::control::hexadecimal;
use crate::inventory::{Calls, Inventory, InventoryReader, Problem, Recording, reading_order};

/// An inventory and what pins it.
pub struct Collected {
    /// What was recorded.
    pub inventory: Inventory,
    /// SHA-256 over the paths and contents of the files read, in hexadecimal.
    pub digest: String,
}

/// The deepest folder looked into: account, Region, and one to report what stands too deep.
const MAX_DEPTH: usize = 4;

/// Reads the inventory in a folder, on so many threads, with jobs that had not ended at a time; `progress` is told of
/// bytes as they are read.
///
/// Recovery points and other jobs are read again when they are judged, so the files must stay as they are.
pub fn read(
    root: &Path,
    threads: usize,
    jobs_since: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Collected> {
    let canonical = root.canonicalize()?;
    let mut reader = InventoryReader::new(threads, jobs_since);
    let mut files = Vec::new();
    let entries = list(&canonical)?;
    walk(&canonical, entries, 1, &mut files, &mut reader);
    files.sort_by_cached_key(|(path, _)| reading_order(path));
    let mut recorded = Recorded::of(&canonical, &mut reader);
    let mut digests = BTreeMap::new();
    let mut read = Files::default();
    for (path, file) in files {
        if !reader.wants(&path) {
            continue;
        }
        match File::open(&file) {
            Ok(opened) => {
                let mut hashing = Hashing { input: opened, hasher: Sha256::new(), progress };
                let mut buffered = BufReader::with_capacity(1 << 16, &mut hashing);
                reader.read(&path, &mut buffered);
                drain(&mut buffered);
                let of_file = hashing.hasher.finalize();
                recorded.check(&path, &hexadecimal(&of_file), &mut reader);
                digests.insert(path.clone(), of_file);
                read.0.insert(path, file);
            }
            Err(error) => reader.unreadable(&path, &format!("could not be opened: {error}")),
        }
    }
    let mut digest = Sha256::new();
    for (path, of_file) in &digests {
        digest.update((path.len() as u64).to_be_bytes());
        digest.update(path);
        digest.update(of_file);
    }
    let digest = hexadecimal(&digest.finalize());
    let calls = recorded.finish(&mut reader);
    let mut inventory = reader.finish(read);
    inventory.calls = calls;
    Ok(Collected { inventory, digest })
}

/// The files that were read, by their path in the inventory.
#[derive(Default)]
struct Files(BTreeMap<String, PathBuf>);

impl Recording for Files {
    fn open(&self, path: &str) -> io::Result<Box<dyn BufRead + '_>> {
        let file = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(BufReader::with_capacity(1 << 16, File::open(file)?)))
    }
}

/// What the manifest says of the files.
struct Recorded {
    /// Digests by path, of files not read yet; `None` where there is no manifest.
    files: Option<BTreeMap<String, String>>,
    calls: Option<Calls>,
}

impl Recorded {
    fn of(root: &Path, reader: &mut InventoryReader) -> Self {
        let manifest = Manifest::read(root).unwrap_or_else(|error| {
            let message = format!("could not be read, so no file was checked against it: {error}");
            reader.add_problem(Problem::with_file(MANIFEST, message));
            None
        });
        if manifest.is_none() && root.join(UNFINISHED).is_dir() {
            let message = "the collection was not finished; go on with it with `collect --resume`";
            reader.add_problem(Problem::with_file(UNFINISHED, message.to_owned()));
        }
        for call in manifest.iter().flat_map(|it| &it.unnamed) {
            let message = format!("accounts or Regions may be missing: `{call}` did not name them all");
            reader.add_problem(Problem::with_file(MANIFEST, message));
        }
        let calls = manifest.as_ref().map(|it| it.calls);
        let files = manifest.map(|it| it.files.into_iter().map(|it| (it.path, it.sha256)).collect());
        Self { files, calls }
    }

    fn check(&mut self, path: &str, sha256: &str, reader: &mut InventoryReader) {
        let Some(files) = &mut self.files else {
            return;
        };
        let message = match files.remove(path) {
            Some(recorded) if recorded == sha256 => return,
            Some(_) => "is not what was collected: its SHA-256 is not the one in manifest.json",
            None => "was not collected: manifest.json does not name it",
        };
        reader.add_problem(Problem::with_file(path, message.to_owned()));
    }

    fn finish(self, reader: &mut InventoryReader) -> Option<Calls> {
        for path in self.files.into_iter().flatten().map(|(path, _)| path) {
            reader.add_problem(Problem::with_file(
                path,
                "is named by manifest.json and is not there".to_owned(),
            ));
        }
        self.calls
    }
}

/// How many bytes a folder's files have, for a progress bar; what cannot be seen counts nothing.
pub fn size(root: &Path) -> u64 {
    let Ok(entries) = list(root) else {
        return 0;
    };
    let size_of = |path: &PathBuf| match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => size(path),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    let ordinary = |path: &&PathBuf| fs::symlink_metadata(path).is_ok_and(|it| !it.is_symlink());
    entries.iter().filter(ordinary).map(size_of).sum()
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Gathers files with their paths relative to the root.
fn walk(
    root: &Path,
    entries: Vec<PathBuf>,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
    reader: &mut InventoryReader,
) {
    for path in entries {
        let name = relative(root, &path);
        if name == UNFINISHED {
            continue;
        }
        let inside = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => match path.canonicalize() {
                Ok(target) if target.starts_with(root) => Ok(target),
                Ok(_) => {
                    Err("is a symbolic link that leads out of the inventory, so it was not followed"
                        .to_owned())
                }
                Err(error) => Err(format!("is a symbolic link that cannot be followed: {error}")),
            },
            Ok(_) => Ok(path.clone()),
            Err(error) => Err(format!("could not be looked at: {error}")),
        };
        match inside {
            Err(why) => reader.unreadable(&name, &why),
            Ok(target) if target.is_dir() => match list(&path) {
                Ok(entries) if depth < MAX_DEPTH => walk(root, entries, depth + 1, files, reader),
                Ok(_) => {}
                Err(error) => {
                    reader.add_problem(Problem::with_file(name, format!("could not be listed: {error}")));
                }
            },
            Ok(target) if target.is_file() => files.push((name, target)),
            Ok(_) => reader.unreadable(&name, "is neither a file nor a folder"),
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// Reads to the end, so that the digest is of the whole file even where reading gave up.
fn drain(input: &mut impl BufRead) {
    while let Ok(bytes) = input.fill_buf() {
        match bytes.len() {
            0 => return,
            count => input.consume(count),
        }
    }
}

struct Hashing<'p> {
    input: File,
    hasher: Sha256,
    progress: &'p mut dyn FnMut(u64),
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        (self.progress)(count as u64);
        Ok(count)
    }
}
