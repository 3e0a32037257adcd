//! CSV cells that no spreadsheet will run.
//!
//! Names and tags are other people's input: a cell that begins like a formula gets a leading apostrophe (CWE-1236).

use std::borrow::Cow;
use std::io::{self, Write};

/// The text as a cell. A text that begins with an apostrophe gets another, so that the text can be had back.
pub fn neutral(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        // The full-width forms are formulas to spreadsheets set to East Asian languages.
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\'' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// A CSV file of such cells, a header above them.
pub struct Cells<W: Write>(csv::Writer<W>);

impl<W: Write> Cells<W> {
    /// Begins with the header.
    pub fn new(output: W, header: &[&str]) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(header).map_err(io_error)?;
        Ok(Self(writer))
    }

    /// Writes a line.
    pub fn write<T: AsRef<str>>(&mut self, cells: &[T]) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(neutral(cell.as_ref()).as_bytes()).map_err(io_error)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(io_error)
    }

    /// Ends, and hands the output back.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(|error| error.into_error())
    }
}

/// The text that a cell was made from.
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// The writer's own error: one who stops reading is told apart from a disk that is full.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_begin_no_formula_and_give_their_text_back(text in r"([=+@'\t\r\n＝-].*|.*)") {
            let cell = neutral(&text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']));
            prop_assert_eq!(original(&cell), text.as_str());
        }
    }
}
