//! What whole runs are measured with and against: estates on disk, and nothing but reading them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use backproof::inventory::{Inventory, InventoryReader, reading_order};
use jiff::Timestamp;

use super::estate::{self, Shape};

/// What went wrong, if anything did.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Does what is asked: `generate FOLDER SHAPE POINTS` or `parse FOLDER`; false if it is neither.
pub(crate) fn asked(arguments: &[String]) -> Outcome<bool> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate", folder, shape, points] => generate(Path::new(folder), shape, points.parse()?)?,
        ["parse", folder] => tell_parsed(parse(Path::new(folder))?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Writes an estate of this shape into a folder.
pub(crate) fn generate(folder: &Path, name: &str, points: u64) -> Outcome {
    let shape = Shape::named(name, points).ok_or_else(|| {
        format!("`{name}` is not a shape; allowed are kept-longer, more-resources, hostile")
    })?;
    let written = estate::write(shape, &mut |path, write| {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        write(&mut file)?;
        file.flush()
    });
    Ok(written?)
}

/// Reads all files into the structures that are judged, with one thread, and does nothing with them.
fn parse(folder: &Path) -> Outcome<Inventory> {
    let mut reader = InventoryReader::new(1, Timestamp::MAX);
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort_by_cached_key(|it| reading_order(&it.to_string_lossy()));
    for file in files {
        let path = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        reader.read(&path, &mut BufReader::with_capacity(1 << 16, File::open(&file)?));
    }
    Ok(reader.finish(BTreeMap::new()))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "how much was read is told, so that reading nothing is seen")]
fn tell_parsed(inventory: Inventory) {
    let questions: usize = inventory.coverage.rows().iter().map(|it| it.complete).sum();
    println!("{questions} questions answered whole, {} problems", inventory.problems.len());
    // To give all of it back piece by piece is no part of reading it.
    std::mem::forget(inventory);
}
