//! Three-valued logic (Kleene): true, false, or not decidable together with what the answer depends on.
//! It never turns "not decidable" into one of the other two.

use std::collections::BTreeSet;

/// Whether something holds for a request, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// It holds whatever else is learned.
    Yes,
    /// It does not hold whatever else is learned.
    No,
    /// It cannot be decided; the set names what it depends on and may be empty when AWS does not document the answer.
    Unknown(BTreeSet<String>),
}

impl Truth {
    /// Not decidable, because AWS documents no answer.
    pub(super) fn undocumented() -> Self {
        Self::Unknown(BTreeSet::new())
    }

    /// Not decidable without knowing `name`.
    pub(super) fn depends(name: impl Into<String>) -> Self {
        Self::Unknown(BTreeSet::from([name.into()]))
    }

    /// Yes or no.
    pub(super) fn known(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both must hold.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, truth) | (truth, Self::Yes) => truth,
            (Self::Unknown(left), Self::Unknown(right)) => Self::Unknown(merge(left, right)),
        }
    }

    /// One of the two must hold.
    pub(super) fn or(self, other: Self) -> Self {
        self.negate().and(other.negate()).negate()
    }

    /// The opposite.
    pub(super) fn negate(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// All must hold; nothing at all holds.
    pub(super) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::Yes;
        for truth in truths {
            result = result.and(truth);
            if result == Self::No {
                break;
            }
        }
        result
    }

    /// One must hold; nothing at all does not hold.
    pub(super) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for truth in truths {
            result = result.or(truth);
            if result == Self::Yes {
                break;
            }
        }
        result
    }
}

/// Moves the smaller set into the larger one, so that adding up many stays cheap.
fn merge(left: BTreeSet<String>, right: BTreeSet<String>) -> BTreeSet<String> {
    let (mut larger, smaller) = if left.len() < right.len() { (right, left) } else { (left, right) };
    larger.extend(smaller);
    larger
}
