//! What is recorded twice, found without keeping what is recorded: memory does not grow with how much that is.
//!
//! Some that were recorded once may be taken for twice, which costs a second look; none the other way round.

use std::collections::HashSet;

/// Bits that are set, by digest: 16 MiB, in which a million records leave 99 % free, and ten million two thirds.
const BITS: u64 = 1 << 27;
/// Bits of a record.
const BITS_OF_ONE: u64 = 6;

/// Digests that were seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    bits: Vec<u64>,
    twice: HashSet<u64>,
}

impl Seen {
    /// Takes in the digest of something.
    pub(super) fn add(&mut self, digest: u64) {
        if self.bits.is_empty() {
            self.bits = vec![0; usize::try_from(BITS / 64).unwrap_or_default()];
        }
        // An odd step leads to different bits (Kirsch and Mitzenmacher, "Less Hashing, Same Performance").
        let step = (digest >> 32) | 1;
        let mut known = true;
        for number in 0..BITS_OF_ONE {
            let bit = digest.wrapping_add(number.wrapping_mul(step)) % BITS;
            if let Some(word) = usize::try_from(bit / 64).ok().and_then(|it| self.bits.get_mut(it)) {
                known &= *word >> (bit % 64) & 1 == 1;
                *word |= 1 << (bit % 64);
            }
        }
        if known {
            self.twice.insert(digest);
        }
    }

    /// The digests that were taken in twice, and perhaps others.
    pub(super) fn twice(self) -> HashSet<u64> {
        self.twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_twice_is_found_and_next_to_nothing_else() {
        let digest = |it: u64| it.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut seen = Seen::default();
        for number in 0..300_000 {
            seen.add(digest(number));
        }
        for number in (0..300_000).step_by(1_000) {
            seen.add(digest(number));
        }
        let twice = seen.twice();
        assert!((0..300_000).step_by(1_000).all(|it| twice.contains(&digest(it))));
        assert!(twice.len() < 310, "{}", twice.len());
    }
}
