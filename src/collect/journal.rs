//! Recording calls as they are answered, so that a collection that is killed can go on where it was.
//!
//! Each operation of each place has two files under `.collect` until the whole collection is complete: the calls as they
//! came, and an index of them. Once all of its questions have ended the calls are written in order to the inventory's own file, under
//! another name first, and renamed. Nothing here knows what the calls say.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::control::hexadecimal;
use crate::inventory::Operation;
use crate::model::Place;

/// The folder of what is not whole yet.
pub const UNFINISHED: &str = ".collect";

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// Every page was answered.
    Whole,
    /// AWS says that there is none.
    None,
    /// AWS refused or failed, with this code.
    Refused(String),
    /// It was answered in part; why no more.
    CutOff(String),
}

/// What is known of a question that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// How it ended.
    pub ended: Ended,
    /// What its answers name that others are asked of: parameter and value.
    pub found: Vec<(String, String)>,
}

/// A line of the index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Entry {
    /// A call, by where it stands among the calls, in bytes.
    Call { of: String, page: u32, at: u64, bytes: u64 },
    /// A question's end, and how many calls it took.
    End { of: String, pages: u32, chain: Chain },
    /// The inventory's file is whole.
    File(FileRecord),
}

/// A file of the inventory, as the manifest records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRecord {
    /// Relative to the inventory, with `/` between parts.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many calls it records.
    pub calls: u64,
    /// How many of them AWS refused or failed.
    pub errors: u64,
}

/// A call among the calls.
#[derive(Clone, Copy, Debug)]
struct Span {
    at: u64,
    bytes: u64,
}

/// The calls of one operation in one place.
#[derive(Debug)]
pub struct Journal {
    root: PathBuf,
    name: String,
    calls: File,
    index: File,
    end: u64,
    spans: BTreeMap<(String, u32), Span>,
    chains: BTreeMap<String, Chain>,
    whole: Option<FileRecord>,
}

impl Journal {
    /// Begins a journal, or goes on with the one that is there.
    ///
    /// Questions that ended in a refusal or half-way are forgotten, so that they are asked again.
    pub fn open(root: &Path, place: &Place, operation: &Operation) -> io::Result<Self> {
        let name = format!("{}/{}/{}.ndjson", place.account, place.region, operation.name);
        let unfinished = root.join(UNFINISHED).join(&name);
        if let Some(folder) = unfinished.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        let calls = options.open(&unfinished)?;
        let index = options.open(unfinished.with_extension("index"))?;
        let end = calls.metadata()?.len();
        let mut journal = Self {
            root: root.to_owned(),
            name,
            calls,
            index,
            end,
            spans: BTreeMap::new(),
            chains: BTreeMap::new(),
            whole: None,
        };
        journal.read_index()?;
        Ok(journal)
    }

    /// Reads what an earlier collection left; a line that is not whole was being written when it was killed.
    fn read_index(&mut self) -> io::Result<()> {
        let mut lines = BufReader::new(self.index.try_clone()?);
        let mut line = Vec::new();
        let mut whole = 0;
        while lines.read_until(b'\n', &mut line)? > 0 {
            let entry = line.strip_suffix(b"\n").and_then(|it| serde_json::from_slice(it).ok());
            let Some(entry) = entry else {
                break;
            };
            whole += line.len() as u64;
            line.clear();
            match entry {
                Entry::Call { of, page, at, bytes } => {
                    self.whole = None;
                    self.keep(of, page, Span { at, bytes });
                }
                Entry::End { of, pages, chain } => {
                    let (spans, end) = (&self.spans, self.end);
                    let is_there =
                        |page| spans.get(&(of.clone(), page)).is_some_and(|span| span.at + span.bytes <= end);
                    if matches!(chain.ended, Ended::Whole | Ended::None) && (0..pages).all(is_there) {
                        self.chains.insert(of, chain);
                    } else {
                        self.chains.remove(&of);
                    }
                }
                Entry::File(record) => self.whole = Some(record),
            }
        }
        self.index.set_len(whole)?;
        let chains = &self.chains;
        self.spans.retain(|(of, _), _| chains.contains_key(of));
        let is_there = |it: &FileRecord| {
            it.errors == 0 && fs::metadata(self.root.join(&it.path)).is_ok_and(|file| file.len() == it.bytes)
        };
        self.whole = self.whole.take().filter(is_there);
        Ok(())
    }

    /// How a question ended in an earlier collection, if it need not be asked again.
    pub fn ended(&self, of: &str) -> Option<&Chain> {
        self.chains.get(of)
    }

    /// Records one call, a line of JSON without its end.
    pub fn record(&mut self, of: &str, page: u32, line: &str) -> io::Result<()> {
        self.whole = None;
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.calls.write_all(&bytes)?;
        let span = Span { at: self.end, bytes: bytes.len() as u64 };
        self.end += span.bytes;
        self.note(&Entry::Call { of: of.to_owned(), page, at: span.at, bytes: span.bytes })?;
        self.keep(of.to_owned(), page, span);
        Ok(())
    }

    /// A first page begins a question anew: pages of an earlier attempt do not belong to it.
    fn keep(&mut self, of: String, page: u32, span: Span) {
        if page == 0 {
            let stale = self.spans.range((of.clone(), 0)..=(of.clone(), u32::MAX));
            for key in stale.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
                self.spans.remove(&key);
            }
        }
        self.spans.insert((of, page), span);
    }

    /// Records that a question has ended.
    pub fn end(&mut self, of: &str, chain: Chain) -> io::Result<()> {
        let pages = self.spans.range((of.to_owned(), 0)..=(of.to_owned(), u32::MAX)).count();
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let entry = Entry::End { of: of.to_owned(), pages, chain };
        self.note(&entry)?;
        if let Entry::End { of, chain, .. } = entry {
            self.chains.insert(of, chain);
        }
        Ok(())
    }

    fn note(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.index.write_all(&line)
    }

    /// Writes the calls of the questions that were `asked` in order to the inventory; `None` if there are none.
    ///
    /// What an earlier run asked and this one did not is no longer there: the vault is gone, the plan is another.
    pub fn finish(
        mut self,
        asked: impl Fn(&str) -> bool,
    ) -> io::Result<Option<(FileRecord, BTreeMap<String, Chain>)>> {
        let before = self.chains.len();
        self.chains.retain(|of, _| asked(of));
        if self.chains.len() < before {
            self.whole = None;
        }
        let chains = &self.chains;
        self.spans.retain(|(of, _), _| chains.contains_key(of));
        if let Some(record) = self.whole {
            return Ok(Some((record, self.chains)));
        }
        if self.chains.is_empty() {
            return Ok(None);
        }
        let path = self.root.join(&self.name);
        let part = path.with_extension("ndjson.part");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut output = BufWriter::with_capacity(1 << 16, File::create(&part)?);
        let mut hasher = Sha256::new();
        let mut record =
            FileRecord { path: self.name.clone(), sha256: String::new(), bytes: 0, calls: 0, errors: 0 };
        let mut line = Vec::new();
        for span in self.spans.values() {
            self.calls.seek(SeekFrom::Start(span.at))?;
            line.resize(usize::try_from(span.bytes).map_err(io::Error::other)?, 0);
            self.calls.read_exact(&mut line)?;
            // A disk that lost power may have kept a file's length and not its bytes.
            if line.first() != Some(&b'{') || line.last() != Some(&b'\n') {
                let message = format!("the calls of `{}` are damaged; collect anew", self.name);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            hasher.update(&line);
            output.write_all(&line)?;
            record.bytes += line.len() as u64;
            record.calls += 1;
        }
        let failed = |it: &&Chain| !matches!(it.ended, Ended::Whole | Ended::None);
        record.errors = self.chains.values().filter(failed).count() as u64;
        record.sha256 = hexadecimal(&hasher.finalize());
        output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, &path)?;
        sync_folder(&path)?;
        self.note(&Entry::File(record.clone()))?;
        self.index.sync_all()?;
        Ok(Some((record, self.chains)))
    }
}

/// The inventory's files that earlier runs of a collection wrote, as its journals tell.
pub fn begun(root: &Path) -> io::Result<Vec<String>> {
    fn walk(folder: &Path, below: &str, found: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                walk(&entry.path(), &format!("{name}/"), found)?;
            } else if name.ends_with(".ndjson") {
                found.push(name);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(&root.join(UNFINISHED), "", &mut found)?;
    Ok(found)
}

/// Makes a rename last: the folder itself is written out.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> Journal {
        let place = Place { account: "111122223333".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let operation = Operation::named("backup.list-backup-selections").unwrap();
        Journal::open(root, &place, operation).unwrap()
    }

    fn finish(journal: Journal) -> FileRecord {
        journal.finish(|_| true).unwrap().unwrap().0
    }

    fn whole(found: &str) -> Chain {
        Chain { ended: Ended::Whole, found: vec![("SelectionId".to_owned(), found.to_owned())] }
    }

    fn text(root: &Path) -> String {
        let file = root.join("111122223333/eu-west-1/backup.list-backup-selections.ndjson");
        fs::read_to_string(file).unwrap()
    }

    #[test]
    fn calls_are_in_order_of_their_subject_and_page_however_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path());
        for (of, page) in [("b", 0), ("a", 0), ("b", 1), ("a", 1)] {
            journal.record(of, page, &format!("{{{of}{page}}}")).unwrap();
        }
        journal.end("b", whole("1")).unwrap();
        journal.end("a", whole("2")).unwrap();
        let record = finish(journal);
        assert_eq!(text(folder.path()), "{a0}\n{a1}\n{b0}\n{b1}\n");
        assert_eq!((record.calls, record.errors, record.bytes), (4, 0, 20));
        // Once whole, it need not be asked again, and still says what it found.
        let again = open(folder.path());
        assert_eq!(again.ended("a"), Some(&whole("2")));
        assert_eq!(finish(again), record);
        // What is added later stands beside what was there, and what is no longer asked goes.
        let mut more = open(folder.path());
        more.record("c", 0, "{c0}").unwrap();
        more.end("c", whole("3")).unwrap();
        more.finish(|of| of != "b").unwrap().unwrap();
        assert_eq!(text(folder.path()), "{a0}\n{a1}\n{c0}\n");
    }

    #[test]
    fn a_file_that_is_gone_is_written_again_and_calls_that_are_gone_are_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path());
        journal.record("a", 0, "{a0}").unwrap();
        journal.end("a", whole("1")).unwrap();
        let record = finish(journal);
        fs::remove_file(folder.path().join(&record.path)).unwrap();
        assert_eq!(finish(open(folder.path())), record);
        assert_eq!(text(folder.path()), "{a0}\n");
        fs::write(folder.path().join(UNFINISHED).join(&record.path), "").unwrap();
        assert_eq!(open(folder.path()).ended("a"), None);
        // As long as it was, and nothing in it.
        fs::write(folder.path().join(UNFINISHED).join(&record.path), [0; 5]).unwrap();
        fs::remove_file(folder.path().join(&record.path)).unwrap();
        let error = open(folder.path()).finish(|_| true).unwrap_err();
        assert!(error.to_string().contains("are damaged; collect anew"), "{error}");
    }

    #[test]
    fn what_was_cut_short_is_asked_again_and_what_was_not_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path());
        journal.record("a", 0, "{kept}").unwrap();
        journal.end("a", whole("1")).unwrap();
        journal.record("b", 0, "{half}").unwrap();
        journal.record("c", 0, "{refused}").unwrap();
        journal
            .end("c", Chain { ended: Ended::Refused("AccessDenied".to_owned()), found: Vec::new() })
            .unwrap();
        // Killed while it wrote a line of each.
        let unfinished =
            folder.path().join(".collect/111122223333/eu-west-1/backup.list-backup-selections.ndjson");
        let append = |path: &Path, text: &str| {
            OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        append(&unfinished, "{\"requ");
        append(&unfinished.with_extension("index"), "{\"call\":{\"of\"");
        drop(journal);
        let mut journal = open(folder.path());
        assert_eq!(["a", "b", "c"].map(|of| journal.ended(of).is_some()), [true, false, false]);
        for of in ["c", "b"] {
            journal.record(of, 0, &format!("{{{of} anew}}")).unwrap();
            journal.end(of, whole("2")).unwrap();
        }
        finish(journal);
        assert_eq!(text(folder.path()), "{kept}\n{b anew}\n{c anew}\n");
    }
}
