//! A part of a Region's selections, in whichever form is smaller: a list of numbers, or one bit for each.

/// Numbers below a bound, ascending.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subset {
    List(Box<[u32]>),
    Bits(Box<[u64]>),
}

impl Default for Subset {
    fn default() -> Self {
        Self::List(Box::default())
    }
}

impl Subset {
    /// The numbers in `ascending`, all of them below `bound`.
    pub(super) fn new(ascending: &[u32], bound: usize) -> Self {
        let words = bound.div_ceil(64);
        if size_of_val(ascending) <= words * size_of::<u64>() {
            return Self::List(ascending.into());
        }
        let mut bits = vec![0; words];
        for number in ascending {
            if let Some(word) = bits.get_mut(*number as usize / 64) {
                *word |= 1_u64 << (number % 64);
            }
        }
        Self::Bits(bits.into())
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Bits(bits) => bits.iter().all(|word| *word == 0),
        }
    }

    /// The numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (list, bits): (&[u32], &[u64]) = match self {
            Self::List(list) => (list, &[]),
            Self::Bits(bits) => (&[], bits),
        };
        let set =
            (0..).step_by(64).zip(bits).flat_map(|(first, word)| ones(*word).map(move |bit| first + bit));
        list.iter().copied().chain(set)
    }
}

/// The positions of the ones in a word, ascending.
fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let lowest = word.trailing_zeros();
        word &= word - 1;
        Some(lowest)
    })
}
