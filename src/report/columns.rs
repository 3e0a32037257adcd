//! Findings in columns, and the Parquet file that they make.
//!
//! What is in `findings.ndjson` but the evidence: flat, and lists of texts, as Athena reads them. Columns are gathered
//! until there are enough rows for a group, so memory does not grow with the run.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::findings::{Row, sentence};

/// The columns, as Parquet spells their types.
const SCHEMA: &str = "
message findings {
  REQUIRED BYTE_ARRAY framework (STRING);
  REQUIRED BYTE_ARRAY control (STRING);
  REQUIRED BYTE_ARRAY severity (STRING);
  REQUIRED BYTE_ARRAY answer (STRING);
  REQUIRED BYTE_ARRAY account (STRING);
  REQUIRED BYTE_ARRAY region (STRING);
  REQUIRED BYTE_ARRAY resource_type (STRING);
  REQUIRED BYTE_ARRAY resource (STRING);
  REQUIRED BYTE_ARRAY resource_name (STRING);
  REQUIRED GROUP reasons (LIST) { REPEATED GROUP list { REQUIRED BYTE_ARRAY element (STRING); } }
  REQUIRED GROUP messages (LIST) { REPEATED GROUP list { REQUIRED BYTE_ARRAY element (STRING); } }
  REQUIRED GROUP missing (LIST) { REPEATED GROUP list { REQUIRED BYTE_ARRAY element (STRING); } }
  REQUIRED INT64 evaluation_time (TIMESTAMP(MILLIS, true));
}";

/// A group is written when it has so many rows.
const GROUP_ROWS: usize = 1 << 16;
/// Or so many bytes of text.
const GROUP_BYTES: usize = 32 << 20;

/// Texts one after another.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
    }

    fn append(&mut self, other: &Self) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|it| start + it));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The texts, which share their bytes; empty afterwards.
    fn take(&mut self) -> Vec<ByteArray> {
        let bytes = ByteArray::from(std::mem::take(&mut self.bytes));
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let texts = starts.zip(&self.ends).map(|(start, end)| bytes.slice(start, end - start)).collect();
        self.ends.clear();
        texts
    }
}

/// Lists of texts one after another.
#[derive(Debug, Default)]
struct Lists {
    texts: Texts,
    /// How many texts each list has.
    counts: Vec<usize>,
}

impl Lists {
    fn push<T: AsRef<str>>(&mut self, list: impl ExactSizeIterator<Item = T>) {
        self.counts.push(list.len());
        list.for_each(|it| self.texts.push(it.as_ref()));
    }

    /// Definition and repetition levels (Apache Parquet, "Nested encoding"): an empty list is one value that is not.
    fn levels(&self) -> (Vec<i16>, Vec<i16>) {
        let (mut definition, mut repetition) = (Vec::new(), Vec::new());
        for count in &self.counts {
            definition.push(i16::from(*count > 0));
            repetition.push(0);
            for _ in 1..*count {
                definition.push(1);
                repetition.push(1);
            }
        }
        (definition, repetition)
    }
}

const TEXTS: usize = 9;
const LISTS: usize = 3;

/// Findings in columns.
#[derive(Debug)]
pub struct Columns {
    at: Timestamp,
    texts: [Texts; TEXTS],
    lists: [Lists; LISTS],
    rows: usize,
}

impl Columns {
    /// No findings of a run at this time.
    pub(super) fn new(at: Timestamp) -> Self {
        Self { at, texts: Default::default(), lists: Default::default(), rows: 0 }
    }

    /// Adds a finding.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        let account = row.account.to_string();
        let cells: [&str; TEXTS] = [
            row.framework,
            row.control,
            row.severity.as_str(),
            row.answer.as_str(),
            &account,
            row.region,
            row.resource_type,
            row.resource,
            row.resource_name,
        ];
        for (column, cell) in self.texts.iter_mut().zip(cells) {
            column.push(cell);
        }
        let [reasons, messages, missing] = &mut self.lists;
        reasons.push(row.reasons.iter());
        messages.push(row.messages.iter());
        missing.push(row.missing.iter().map(sentence));
        self.rows += 1;
    }

    fn append(&mut self, other: &Self) {
        for (column, more) in self.texts.iter_mut().zip(&other.texts) {
            column.append(more);
        }
        for (column, more) in self.lists.iter_mut().zip(&other.lists) {
            column.texts.append(&more.texts);
            column.counts.extend_from_slice(&more.counts);
        }
        self.rows += other.rows;
    }

    /// Forgets all findings, and keeps the memory.
    pub fn clear(&mut self) {
        self.texts.iter_mut().for_each(Texts::clear);
        for column in &mut self.lists {
            column.texts.clear();
            column.counts.clear();
        }
        self.rows = 0;
    }

    /// How many bytes of text there are.
    pub fn len(&self) -> usize {
        let texts = self.texts.iter().chain(self.lists.iter().map(|it| &it.texts));
        texts.map(|it| it.bytes.len()).sum()
    }

    /// Whether there is no finding.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Writes all findings as a group of rows.
    fn write<W: Write + Send>(
        &mut self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        for column in &mut self.texts {
            next::<_, ByteArrayType>(&mut group, &column.take(), None)?;
        }
        for column in &mut self.lists {
            let (definition, repetition) = column.levels();
            column.counts.clear();
            next::<_, ByteArrayType>(&mut group, &column.texts.take(), Some((&definition, &repetition)))?;
        }
        next::<_, Int64Type>(&mut group, &vec![self.at.as_millisecond(); self.rows], None)?;
        self.rows = 0;
        group.close().map(|_| ())
    }
}

fn next<W: Write + Send, T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<(&[i16], &[i16])>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than a finding".to_owned()));
    };
    let (definition, repetition) = levels.unzip();
    column.typed::<T>().write_batch(values, definition, repetition)?;
    column.close()
}

/// A Parquet file of findings.
pub struct ColumnFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Columns,
    /// How many bytes the longest group took.
    longest: u64,
}

impl<W: Write + Send> ColumnFile<W> {
    /// Begins the file of a run at this time.
    pub fn new(output: W, at: Timestamp) -> io::Result<Self> {
        let begin = || {
            let properties = WriterProperties::builder()
                .set_created_by(concat!("backproof version ", env!("CARGO_PKG_VERSION")).to_owned())
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
                .set_statistics_enabled(EnabledStatistics::Chunk)
                .build();
            let schema = Arc::new(parse_message_type(SCHEMA)?);
            SerializedFileWriter::new(output, schema, Arc::new(properties))
        };
        let writer = begin().map_err(io_error)?;
        Ok(Self { writer, group: Columns::new(at), longest: 0 })
    }

    /// Adds findings, which are gone from where they come. Whether another group could make the file longer than it may be.
    pub fn append(&mut self, columns: &mut Columns, most_bytes: u64) -> io::Result<bool> {
        self.group.append(columns);
        columns.clear();
        if self.group.rows < GROUP_ROWS && self.group.len() < GROUP_BYTES {
            return Ok(false);
        }
        self.end_group()?;
        let written = u64::try_from(self.writer.bytes_written()).unwrap_or(u64::MAX);
        Ok(written.saturating_add(self.longest + self.longest / 4) > most_bytes)
    }

    fn end_group(&mut self) -> io::Result<()> {
        let before = self.writer.bytes_written();
        let group = self.writer.next_row_group().map_err(io_error)?;
        self.group.write(group).map_err(io_error)?;
        let took = self.writer.bytes_written().saturating_sub(before);
        self.longest = self.longest.max(u64::try_from(took).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Ends the file, and hands the output back.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.group.is_empty() {
            self.end_group()?;
        }
        self.writer.into_inner().map_err(io_error)
    }
}

/// The writer's own error: a disk that is full is told as such.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
