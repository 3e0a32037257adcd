//! Errors as people read them: Cedar's underlined source where there is one.

use std::io::{self, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::catalog::CatalogError;
use crate::control::escape_controls;

/// What goes to a terminal with its control characters made visible, line by line.
pub(super) struct Visible<'o> {
    output: &'o mut dyn Write,
    line: Vec<u8>,
}

impl<'o> Visible<'o> {
    pub(super) fn new(output: &'o mut dyn Write) -> Self {
        Self { output, line: Vec::new() }
    }

    fn show(&mut self) -> io::Result<()> {
        let text = escape_controls(&String::from_utf8_lossy(&self.line));
        self.line.clear();
        self.output.write_all(text.as_bytes())
    }
}

impl Write for Visible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    self.show()?;
                    self.output.write_all(b"\n")?;
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.show()?;
        self.output.flush()
    }
}

/// Shows every error.
pub(super) fn show_errors(errors: &[CatalogError], stderr: &mut dyn Write) -> io::Result<()> {
    for error in errors {
        match error {
            CatalogError::Control(control) => {
                writeln!(stderr, "error: {}", escape_lines(&control.to_string()))?;
                write!(stderr, "{}", source_of(&control.problem))?;
            }
            CatalogError::Vocabulary(_) => writeln!(stderr, "error: {error}")?,
            other => writeln!(stderr, "error: {}", escape_lines(&other.to_string()))?,
        }
    }
    let (count, errors) = (errors.len(), if errors.len() == 1 { "error" } else { "errors" });
    writeln!(stderr, "{count} {errors}; nothing was judged")
}

/// Line breaks stay, other control characters do not.
fn escape_lines(text: &str) -> String {
    text.lines().map(escape_controls).collect::<Vec<_>>().join("\n")
}

/// The source with the error underlined; empty where there is no source.
fn source_of(error: &dyn Diagnostic) -> String {
    if error.source_code().is_none() {
        return String::new();
    }
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    match handler.render_report(&mut text, error) {
        Ok(()) => text.lines().skip(1).map(|line| format!("{}\n", escape_controls(line))).collect(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_reaches_a_terminal() {
        let mut shown = Vec::new();
        let mut visible = Visible::new(&mut shown);
        // However the bytes arrive, even inside a character.
        for byte in "a,\u{1b}[31m\u{9b}é\0\nb\u{202e}\n".bytes() {
            visible.write_all(&[byte]).unwrap();
        }
        visible.write_all(b"end").unwrap();
        visible.flush().unwrap();
        let expected = "a,\\u{1b}[31m\\u{9b}é\\u{0}\nb\\u{202e}\nend";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }
}
