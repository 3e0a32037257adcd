//! Errors as people read them: Cedar's underlined source where there is one.

use std::io::{self, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::catalog::CatalogError;
use crate::control::escape_controls;

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
