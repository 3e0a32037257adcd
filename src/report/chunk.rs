//! A run of a report's rows in memory: formatted, and compressed if so asked, wherever findings are made.
//!
//! Whoever appends chunks to a file in order decides where a part of the report ends, and then writes what stands before
//! and after its rows.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::cell;

/// What stands around the rows of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CSV, with this header.
    Csv(&'static [&'static str]),
    /// `{"reportItems":[…]}`.
    Json,
    /// A line a row.
    Lines,
}

impl Form {
    /// What stands before the first row.
    pub fn head(self) -> Vec<u8> {
        match self {
            Self::Csv(header) => {
                let mut line = Vec::new();
                cell::line(header, &mut line);
                line
            }
            Self::Json => b"{\"reportItems\":[".to_vec(),
            Self::Lines => Vec::new(),
        }
    }

    /// What stands between two rows.
    pub fn between(self) -> &'static [u8] {
        match self {
            Self::Json => b",",
            Self::Csv(_) | Self::Lines => b"",
        }
    }

    /// What stands after the last row.
    pub fn tail(self) -> &'static [u8] {
        match self {
            Self::Json => b"\n]}\n",
            Self::Csv(_) | Self::Lines => b"",
        }
    }
}

/// A piece is cut when it has so many bytes, so that no part of a report need be longer than it should.
const PIECE_BYTES: usize = 1 << 20;

/// Rows that stay together.
#[derive(Debug)]
struct Piece {
    /// Where it ends among the bytes of the chunk.
    end: usize,
    /// The check of what was compressed, and its length.
    check: Crc,
}

/// Rows of one report, in order.
#[derive(Debug)]
pub struct Chunk {
    form: Form,
    /// Compresses each piece by itself; nothing if pieces are kept as they are.
    deflate: Option<Box<Compress>>,
    /// The rows of the piece that is not yet cut, where pieces are compressed.
    open: Vec<u8>,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Chunk {
    /// No rows of a report of this form.
    pub fn new(form: Form, compress: bool) -> Self {
        // What reports hold repeats so much that higher levels save next to nothing, and take thrice the time or more.
        let deflate = compress.then(|| Box::new(Compress::new(Compression::new(2), false)));
        Self { form, deflate, open: Vec::new(), bytes: Vec::new(), pieces: Vec::new() }
    }

    /// Where the next row is to be written, with whatever separates it from the one before.
    pub fn row(&mut self) -> &mut Vec<u8> {
        if self.open_bytes() >= PIECE_BYTES {
            self.cut();
        }
        let between = if self.open_bytes() > 0 { self.form.between() } else { b"" };
        let form = self.form;
        let output = if self.deflate.is_some() { &mut self.open } else { &mut self.bytes };
        output.extend_from_slice(between);
        if form == Form::Json {
            output.push(b'\n');
        }
        output
    }

    /// Ends the last row: what is left is compressed. Best done where the rows were made.
    pub fn seal(&mut self) {
        if self.open_bytes() > 0 {
            self.cut();
        }
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.open.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the rows, and keeps the memory.
    pub fn clear(&mut self) {
        self.open.clear();
        self.bytes.clear();
        self.pieces.clear();
    }

    /// Each piece of a sealed chunk: its bytes, and the check and length of what they were before they were compressed.
    pub fn pieces(&self) -> impl Iterator<Item = (&[u8], &Crc)> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|it| it.end));
        let pieces = starts.zip(&self.pieces);
        pieces.map(|(start, it)| (self.bytes.get(start..it.end).unwrap_or_default(), &it.check))
    }

    fn open_bytes(&self) -> usize {
        match self.deflate {
            Some(_) => self.open.len(),
            None => self.bytes.len() - self.pieces.last().map_or(0, |it| it.end),
        }
    }

    fn cut(&mut self) {
        let mut check = Crc::new();
        if let Some(deflate) = &mut self.deflate {
            check.update(&self.open);
            deflate_whole(deflate, &self.open, &mut self.bytes);
            self.open.clear();
        }
        self.pieces.push(Piece { end: self.bytes.len(), check });
    }
}

/// Deflates (RFC 1951) so that what comes next begins at a whole byte and looks back at nothing.
fn deflate_whole(deflate: &mut Compress, input: &[u8], output: &mut Vec<u8>) {
    let begin = output.len();
    // More than what cannot be compressed takes: a flush that is asked for twice may be written twice.
    output.reserve(input.len() + input.len() / 4 + 1_024);
    deflate.reset();
    let status = deflate.compress_vec(input, output, FlushCompress::Full);
    let whole = deflate.total_in() == input.len() as u64 && output.len() < output.capacity();
    if !(whole && matches!(status, Ok(Status::Ok))) {
        output.truncate(begin);
        stored(input, output);
    }
}

/// The ten bytes that a gzip file begins with (RFC 1952): deflated, without a time or a name.
pub const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Bytes among deflated ones that are not compressed themselves: blocks of RFC 1951 that are stored.
pub fn stored(bytes: &[u8], output: &mut Vec<u8>) {
    for block in bytes.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        output.push(0);
        output.extend_from_slice(&length.to_le_bytes());
        output.extend_from_slice(&(!length).to_le_bytes());
        output.extend_from_slice(block);
    }
}

/// What a gzip file ends with: an empty last block, and the check and length of what was compressed.
pub fn gzip_tail(check: &Crc) -> [u8; 10] {
    let ([a, b, c, d], [e, f, g, h]) = (check.sum().to_le_bytes(), check.amount().to_le_bytes());
    [3, 0, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    /// The chunk as a gzip file of its own.
    fn gzip(chunk: &Chunk) -> Vec<u8> {
        let (mut file, mut all) = (GZIP_HEAD.to_vec(), Crc::new());
        for (bytes, check) in chunk.pieces() {
            all.combine(check);
            file.extend_from_slice(bytes);
        }
        file.extend_from_slice(&gzip_tail(&all));
        file
    }

    fn check(rows: &[Vec<u8>]) {
        let (mut plain, mut packed) = (Chunk::new(Form::Lines, false), Chunk::new(Form::Lines, true));
        for row in rows {
            plain.row().extend_from_slice(row);
            packed.row().extend_from_slice(row);
        }
        plain.seal();
        packed.seal();
        let joined: Vec<u8> = plain.pieces().flat_map(|(bytes, _)| bytes.to_vec()).collect();
        assert_eq!(joined, rows.concat());
        assert!(plain.pieces().all(|(bytes, _)| bytes.len() < 2 * PIECE_BYTES));
        assert_eq!(plain.pieces().count(), packed.pieces().count());
        let mut unpacked = Vec::new();
        GzDecoder::new(gzip(&packed).as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == joined);
    }

    #[test]
    fn long_chunks_are_cut_into_pieces_that_unpack_to_the_same() {
        let line =
            |it: u32| format!("{{\"resource\":\"snap-{it:08x}\",\"answer\":\"COMPLIANT\"}}\n").into_bytes();
        check(&(0..100_000).map(line).collect::<Vec<_>>());
        // What cannot be compressed.
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        check(&noise.take(3 << 20).collect::<Vec<_>>().chunks(1_000).map(<[u8]>::to_vec).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn any_rows_unpack_to_the_same(rows in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
            check(&rows);
        }
    }
}
