//! Files of recorded calls, some lines at a time: enough for a thread to work on, and no more than fits.
//!
//! Nothing is interpreted here.

use std::io::BufRead;

use super::bounded::{Line, MAX_LINE_BYTES, read_line};

/// How many bytes of lines make a block; a longer line is a block of its own.
const BLOCK_BYTES: usize = 256 << 10;

/// Whole lines that follow one another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// The number of the first line, from 1.
    first: u64,
    /// The lines, each with an end.
    text: Vec<u8>,
    /// A line that could not be read, after those that could, with why.
    lost: Option<String>,
}

impl Block {
    /// The lines with their numbers; an error says why one could not be read.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, Result<&str, String>)> {
        let text = self.text.strip_suffix(b"\n");
        let lines = text.into_iter().flat_map(|it| it.split(|byte| *byte == b'\n'));
        let lines = lines.map(|line| std::str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned()));
        (self.first..).zip(lines.chain(self.lost.iter().map(|why| Err(why.clone()))))
    }
}

/// Reads lines block by block; a line that is too long is lost, and all after one that fails.
pub(super) fn each_block(input: &mut dyn BufRead, give: &mut dyn FnMut(Block)) {
    let (mut line, mut number) = (Vec::new(), 1);
    let mut block = Block { first: number, ..Block::default() };
    loop {
        let read = read_line(input, &mut line);
        match &read {
            Ok(Line::End) => break,
            Ok(Line::Read) => {
                block.text.extend_from_slice(&line);
                block.text.push(b'\n');
            }
            Ok(Line::TooLong) => block.lost = Some(format!("is longer than {} MiB", MAX_LINE_BYTES >> 20)),
            Err(error) => block.lost = Some(format!("could not be read: {error}")),
        }
        number += 1;
        if read.is_err() {
            break;
        }
        if block.lost.is_some() || block.text.len() >= BLOCK_BYTES {
            give(std::mem::replace(&mut block, Block { first: number, ..Block::default() }));
        }
    }
    if block != (Block { first: block.first, ..Block::default() }) {
        give(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_lines_and_lines_keep_their_numbers() {
        let long = "y".repeat(BLOCK_BYTES);
        let mut text = format!("one\n\n{long}\ntwo\n").into_bytes();
        text.extend_from_slice(b"\xff\n");
        text.extend(vec![b'x'; MAX_LINE_BYTES + 1]);
        text.extend_from_slice(b"\nlast");
        let mut found = Vec::new();
        each_block(&mut text.as_slice(), &mut |block| {
            let lines = block.lines().map(|(number, line)| match line {
                Ok(line) => format!("{number}:{}", line.get(..4).unwrap_or(line)),
                Err(why) => format!("{number}!{why}"),
            });
            found.push(lines.collect::<Vec<_>>().join(" "));
        });
        assert_eq!(found, ["1:one 2: 3:yyyy", "4:two 5!is not UTF-8 6!is longer than 64 MiB", "7:last"]);
        each_block(&mut &b""[..], &mut |block| panic!("{block:?}"));
    }
}
