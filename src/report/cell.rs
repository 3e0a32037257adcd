//! CSV cells that no spreadsheet will run.
//!
//! Names and tags are other people's input: a cell that begins like a formula gets a leading apostrophe (CWE-1236).

use std::borrow::Cow;
use std::io::{self, Write};

use super::json::{any_word, has};

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

/// Writes a cell; in quotes where it holds what separates cells or lines (RFC 4180).
pub fn push(text: &str, output: &mut Vec<u8>) {
    if is_plain(text.as_bytes()) {
        output.extend_from_slice(text.as_bytes());
    } else {
        push_marked(text, output);
    }
}

/// Whether a text is its own cell. Whatever begins with a byte above ASCII is looked at by character.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let begins_plain =
        !matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | b'\'' | 0x80..));
    begins_plain && !is_quoted(text)
}

/// Whether a cell with this text in it stands in quotes.
pub(super) fn is_quoted(text: &[u8]) -> bool {
    any_word(text, |word| has(word, b',') | has(word, b'"') | has(word, b'\n') | has(word, b'\r'))
}

#[cold]
fn push_marked(text: &str, output: &mut Vec<u8>) {
    let cell = neutral(text);
    if !is_quoted(cell.as_bytes()) {
        return output.extend_from_slice(cell.as_bytes());
    }
    output.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            output.push(b'"');
        }
        output.push(byte);
    }
    output.push(b'"');
}

/// Writes a line of cells.
pub fn line<T: AsRef<str>>(cells: &[T], output: &mut Vec<u8>) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            output.push(b',');
        }
        push(cell.as_ref(), output);
    }
    output.push(b'\n');
}

/// How many bytes are written at once.
const BUFFER: usize = 1 << 16;

/// A CSV file of such cells, a header above them.
pub struct Cells<W: Write> {
    output: W,
    lines: Vec<u8>,
}

impl<W: Write> Cells<W> {
    /// Begins with the header.
    pub fn new(output: W, header: &[&str]) -> io::Result<Self> {
        let mut cells = Self { output, lines: Vec::new() };
        cells.write(header)?;
        Ok(cells)
    }

    /// Writes a line.
    pub fn write<T: AsRef<str>>(&mut self, cells: &[T]) -> io::Result<()> {
        self.write_line(|output| line(cells, output))
    }

    /// Writes a line that something else formats.
    pub(super) fn write_line(&mut self, line: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        line(&mut self.lines);
        if self.lines.len() < BUFFER {
            return Ok(());
        }
        self.output.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    /// Ends, and hands the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.write_all(&self.lines)?;
        Ok(self.output)
    }
}

/// The text that a cell was made from.
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
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

        #[test]
        fn lines_are_those_of_the_csv_crate(
            cells in proptest::collection::vec(r#"[=+'＝ -]?([a-z]{0,12}[,"\r\n;é]{0,2}){0,4}"#, 2..5),
        ) {
            let mut expected = csv::Writer::from_writer(Vec::new());
            expected.write_record(cells.iter().map(|it| neutral(it).into_owned())).unwrap();
            let mut written = Vec::new();
            line(&cells, &mut written);
            let expected = String::from_utf8(expected.into_inner().unwrap()).unwrap();
            prop_assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }
}
