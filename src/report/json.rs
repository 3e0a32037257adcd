//! JSON text into bytes, as `serde_json` writes it.
//!
//! Most texts hold nothing to be escaped: eight bytes are looked at in one step, and then copied.

use serde::Serialize;

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);

/// A word whose top bits are not all 0 if a byte of the word is this one.
pub(super) const fn has(word: u64, byte: u8) -> u64 {
    let zeros = word ^ u64::from_ne_bytes([byte; 8]);
    zeros.wrapping_sub(ONES) & !zeros & TOPS
}

/// Whether any eight bytes of a text are suspicious, seen as a word; a text that is shorter is padded.
pub(super) fn any_word(text: &[u8], suspicious: impl Fn(u64) -> u64) -> bool {
    let mut found = 0;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        found |= suspicious(u64::from_ne_bytes(*word));
    }
    found |= match (rest, text.last_chunk::<8>()) {
        ([], _) => 0,
        (_, Some(last)) => suspicious(u64::from_ne_bytes(*last)),
        (rest, None) => {
            let mut last = [b'a'; 8];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            suspicious(u64::from_ne_bytes(last))
        }
    };
    found != 0
}

fn is_plain(text: &[u8]) -> bool {
    let control = |word: u64| word.wrapping_sub(ONES * 0x20) & !word & TOPS;
    !any_word(text, |word| control(word) | has(word, b'"') | has(word, b'\\'))
}

/// Writes the inside of a string.
pub(super) fn inside(text: &str, output: &mut Vec<u8>) {
    if is_plain(text.as_bytes()) {
        output.extend_from_slice(text.as_bytes());
    } else {
        escape(text, output);
    }
}

#[cold]
fn escape(text: &str, output: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in text.bytes() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\x08' => b'b',
            b'\x0c' => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            ..0x20 => {
                let digit = |it: u8| DIGITS.get(usize::from(it)).copied().unwrap_or(b'0');
                output.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
                continue;
            }
            _ => {
                output.push(byte);
                continue;
            }
        };
        output.extend_from_slice(&[b'\\', short]);
    }
}

/// Writes a string.
pub(super) fn string(text: &str, output: &mut Vec<u8>) {
    output.push(b'"');
    inside(text, output);
    output.push(b'"');
}

/// Writes an array, each item by the function.
pub(super) fn array<T>(items: &[T], output: &mut Vec<u8>, mut item: impl FnMut(&T, &mut Vec<u8>)) {
    output.push(b'[');
    for (index, it) in items.iter().enumerate() {
        if index > 0 {
            output.push(b',');
        }
        item(it, output);
    }
    output.push(b']');
}

/// Writes a member with its comma before, its name being plain.
pub(super) fn member(name: &str, text: &str, output: &mut Vec<u8>) {
    output.extend_from_slice(b",\"");
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\":\"");
    inside(text, output);
    output.push(b'"');
}

/// Writes a value that says itself how; what cannot be written leaves nothing.
pub(super) fn object(value: &impl Serialize, output: &mut Vec<u8>) {
    let begin = output.len();
    if serde_json::to_writer(&mut *output, value).is_err() {
        output.truncate(begin);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) {
        let mut written = Vec::new();
        string(text, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(text).unwrap());
    }

    #[test]
    fn every_byte_is_escaped_as_serde_json_does_wherever_it_stands() {
        for character in (0..=0x100).filter_map(char::from_u32) {
            for before in 0..20 {
                for after in [0, 1, 7, 8, 9] {
                    check(&format!("{}{character}{}", "x".repeat(before), "y".repeat(after)));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn strings_are_those_of_serde_json(text in r#"([\x00-\x30"\\é𝄞]{0,3}[a-z]{0,20}){0,4}"#) {
            check(&text);
        }
    }
}
