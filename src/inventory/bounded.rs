//! Readers that keep hostile input from filling memory: lines and JSON strings have a longest length.
//!
//! Nothing is interpreted here.

use std::io::{self, BufRead, Read};

/// The longest line read: a page of 1,000 recovery points is about one mebibyte.
pub(super) const MAX_LINE_BYTES: usize = 64 << 20;

/// The longest JSON string read; the longest that AWS Backup sends, an access policy, is far below.
const MAX_STRING_BYTES: usize = 1 << 20;

/// What [`read_line`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Read,
    TooLong,
    End,
}

/// Reads one line into `buffer`, without its end; a line that is too long is skipped to its end.
pub(super) fn read_line(input: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let read = (&mut *input).take(most).read_until(b'\n', buffer)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
        return Ok(Line::Read);
    }
    if buffer.len() <= MAX_LINE_BYTES {
        return Ok(Line::Read);
    }
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}

/// Skips the byte order mark that some editors put before UTF-8.
pub(super) fn skip_byte_order_mark(input: &mut dyn BufRead) {
    if input.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf")) {
        input.consume(3);
    }
}

/// A reader of JSON that fails at a string longer than a mebibyte, before it is in memory.
pub(super) struct BoundedStrings<'a> {
    input: &'a mut dyn BufRead,
    in_string: bool,
    escaped: bool,
    length: usize,
}

impl<'a> BoundedStrings<'a> {
    pub(super) fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, in_string: false, escaped: false, length: 0 }
    }

    fn watch(&mut self, byte: u8) -> bool {
        if !self.in_string {
            self.in_string = byte == b'"';
            self.length = 0;
        } else if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
        self.length += 1;
        !self.in_string || self.length <= MAX_STRING_BYTES
    }
}

impl Read for BoundedStrings<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.iter().all(|byte| self.watch(*byte)) {
            Ok(count)
        } else {
            Err(io::Error::other("holds a string longer than 1 MiB"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whole_or_skipped_whole() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let mut text = b"one\n\n".to_vec();
        text.extend_from_slice(&long);
        text.extend_from_slice(b"\nlast");
        let mut input = io::BufReader::new(text.as_slice());
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        loop {
            let line = read_line(&mut input, &mut buffer).unwrap();
            if line == Line::End {
                break;
            }
            let text = String::from_utf8_lossy(&buffer);
            lines.push(format!("{line:?} {}", text.get(..8).unwrap_or(&text)));
        }
        assert_eq!(lines, ["Read one", "Read ", "TooLong xxxxxxxx", "Read last"]);
    }

    #[test]
    fn long_strings_fail_and_long_documents_do_not() {
        let many = format!("[{}1]", r#""a\"b","#.repeat(400_000));
        let one = format!("[\"{}\"]", "x".repeat(MAX_STRING_BYTES + 1));
        for (text, good) in [(&many, true), (&one, false)] {
            let mut input = text.as_bytes();
            let read: Result<serde_json::Value, _> = serde_json::from_reader(BoundedStrings::new(&mut input));
            assert_eq!(read.is_ok(), good);
        }
    }
}
