//! Texts that are safe to show: bounded, in one line, and with no link but our own.

use crate::control::escape_controls;

/// The most characters of a name, an id or an ARN.
pub(super) const MAX_NAME: usize = 300;
/// The most characters of a sentence.
pub(super) const MAX_SENTENCE: usize = 400;

/// At most so many characters, the cut marked.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A text from AWS in one line of at most so many characters: none that hides or fakes something, and nothing that mail
/// programs make a link of.
pub(super) fn line(text: &str, most: usize) -> String {
    // Escaping lengthens, so it is cut before, which bounds the work, and after.
    let safe = cut(&escape_controls(&cut(text, most)), most).replace("://", "[:]//");
    let mut unlinked = String::with_capacity(safe.len());
    let mut rest = safe.as_str();
    // In ASCII lower case every byte stays where it is.
    while let Some(at) = rest.to_ascii_lowercase().find("www.") {
        let (before, after) = rest.split_at(at + 3);
        unlinked.push_str(before);
        unlinked.push_str("[.]");
        rest = after.get(1..).unwrap_or_default();
    }
    unlinked + rest
}

/// Several lines, each safe; for texts of one's own controls, whose links are wanted.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(escape_controls)
}

/// A subject as SNS takes it: ASCII, no control characters, less than 100 characters (SNS API Reference, `Publish`).
pub(super) fn subject(text: &str) -> String {
    const MOST: usize = 99;
    let plain: String =
        text.chars().map(|it| if it == ' ' || it.is_ascii_graphic() { it } else { '?' }).collect();
    match plain.get(..MOST - 3) {
        Some(start) if plain.len() > MOST => format!("{start}..."),
        _ => plain,
    }
}

/// The section of a control's README that says how to fix what it finds.
pub(super) fn how_to_fix(readme: &str) -> Option<&str> {
    const HEADING: &str = "## How to fix it";
    let mut start = None;
    let (mut at, mut in_code) = (0, false);
    for line in readme.split_inclusive('\n') {
        let end = at + line.len();
        let text = line.trim_end();
        in_code ^= text.trim_start().starts_with("```");
        match start {
            None if text == HEADING && !in_code => start = Some(end),
            Some(from) if text.starts_with("## ") && !in_code => return readme.get(from..at).map(str::trim),
            _ => {}
        }
        at = end;
    }
    readme.get(start?..).map(str::trim).filter(|it| !it.is_empty())
}

/// `1 word` or `2 words`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
