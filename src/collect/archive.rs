//! A part of an inventory as one object: a compressed tar of its files and their manifest.
//!
//! The same files give the same bytes. Unpacking trusts nothing: paths are those of inventories or the archive is refused.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::manifest::{MANIFEST, Manifest};
use crate::model::{AccountId, Region};

/// The most bytes an archive's files may have together, so that a small object cannot fill a disk.
const MAX_BYTES: u64 = 16 << 30;
/// The most files in an archive.
const MAX_FILES: usize = 10_000;
/// The longest manifest, in bytes.
const MAX_MANIFEST: u64 = 64 << 20;

/// Packs the files of a manifest, which are below a folder, and the manifest before them.
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
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, path, content)
}

/// Unpacks an archive into a folder and returns its manifest, which is not written.
///
/// An archive that holds anything else than a manifest and files of an inventory is an error; files that were unpacked
/// before it was seen stay.
pub fn unpack(input: impl Read, root: &Path) -> io::Result<Manifest> {
    let mut manifest = None;
    let (mut files, mut bytes) = (0, 0);
    let mut archive = tar::Archive::new(GzDecoder::new(input));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        files += 1;
        bytes += entry.size();
        if !entry.header().entry_type().is_file() {
            return Err(unexpected(&path, "is not a file"));
        }
        if files > MAX_FILES || bytes > MAX_BYTES {
            return Err(unexpected(&path, "and what stands before it is more than an inventory holds"));
        }
        if path == MANIFEST {
            let mut text = Vec::new();
            (&mut entry).take(MAX_MANIFEST).read_to_end(&mut text)?;
            manifest = Some(serde_json::from_slice(&text)?);
            continue;
        }
        if !is_of_an_inventory(&path) {
            return Err(unexpected(&path, "is not <account>/<region>/<service>.<operation>.ndjson"));
        }
        let target = root.join(&path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut output = BufWriter::with_capacity(1 << 16, File::create_new(target)?);
        io::copy(&mut entry, &mut output)?;
        output.flush()?;
    }
    manifest.ok_or_else(|| unexpected(MANIFEST, "is not in it"))
}

fn unexpected(path: &str, what: &str) -> io::Error {
    let path: String = path.chars().take(200).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("`{path}` {what}"))
}

fn is_of_an_inventory(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let [account, region, file] = parts.as_slice() else {
        return false;
    };
    let plain = |it: char| it.is_ascii_alphanumeric() || ".-_".contains(it);
    account.parse::<AccountId>().is_ok()
        && region.parse::<Region>().is_ok()
        && !file.starts_with('.')
        && file.ends_with(".ndjson")
        && file.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::journal::FileRecord;
    use crate::inventory::Calls;

    const FILE: &str = "111122223333/eu-west-1/backup.list-backup-vaults.ndjson";

    fn manifest(paths: &[&str]) -> Manifest {
        let file = |path: &&str| FileRecord {
            path: (*path).to_owned(),
            sha256: String::new(),
            bytes: 3,
            calls: 1,
            errors: 0,
        };
        Manifest {
            version: "1".to_owned(),
            caller: String::new(),
            started_at: String::new(),
            ended_at: String::new(),
            complete: true,
            unnamed: Vec::new(),
            skipped: Vec::new(),
            calls: Calls::default(),
            files: paths.iter().map(file).collect(),
        }
    }

    #[test]
    fn what_is_packed_is_unpacked_and_the_bytes_are_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir_all(source.join(FILE).parent().unwrap()).unwrap();
        fs::write(source.join(FILE), "{}\n").unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        pack(&source, &manifest(&[FILE]), &one).unwrap();
        pack(&source, &manifest(&[FILE]), &two).unwrap();
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        let target = folder.path().join("target");
        let unpacked = unpack(File::open(&one).unwrap(), &target).unwrap();
        assert_eq!(unpacked, manifest(&[FILE]));
        assert_eq!(fs::read(target.join(FILE)).unwrap(), b"{}\n");
    }

    #[test]
    fn an_archive_of_anything_else_is_refused() {
        let check = |name: &str, kind: tar::EntryType, expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            let mut header = tar::Header::new_gnu();
            // As a hostile archive has it: the builder's own methods refuse such names.
            let field = &mut header.as_old_mut().name;
            field[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(0);
            header.set_cksum();
            archive.append(&header, io::empty()).unwrap();
            let bytes = archive.into_inner().unwrap().finish().unwrap();
            let error = unpack(&*bytes, &folder.path().join("in")).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
        };
        for name in [
            "../../etc/passwd",
            "/etc/passwd",
            "111122223333/../x.ndjson",
            "111122223333/eu-west-1/.x.ndjson",
            "111122223333/eu-west-1/x.sh",
            "111122223333/eu-west-1/a/b.ndjson",
            "1/eu-west-1/x.ndjson",
        ] {
            check(name, tar::EntryType::Regular, "is not <account>");
        }
        check(FILE, tar::EntryType::Symlink, "is not a file");
        check(FILE, tar::EntryType::Link, "is not a file");
    }

    #[test]
    fn an_archive_that_is_cut_off_or_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(FILE).parent().unwrap()).unwrap();
        fs::write(folder.path().join(FILE), "{}\n").unwrap();
        let packed = folder.path().join("packed");
        pack(folder.path(), &manifest(&[FILE]), &packed).unwrap();
        let bytes = fs::read(&packed).unwrap();
        for cut in [0, 1, 20, bytes.len() / 2, bytes.len() - 9] {
            let target = folder.path().join(format!("target-{cut}"));
            assert!(unpack(&bytes[..cut], &target).is_err(), "{cut}");
        }
        assert!(unpack(&b"no archive"[..], &folder.path().join("none")).is_err());
    }
}
