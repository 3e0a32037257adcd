//! Texts of records: most occur again and again, and one that was read a moment ago is shared instead of kept twice.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A text that others may share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// The text itself, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Where it is in memory; no other text is there as long as this one, or one that shares it, is kept.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<u8>().addr()
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self("".into())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.as_ref().to_owned()
    }
}

/// How many texts are remembered, a power of two.
pub(super) const REMEMBERED: usize = 1 << 12;
/// The longest text that is remembered, in bytes; longer ones seldom occur twice.
const MAX_BYTES: usize = 256;

thread_local! {
    /// Texts read of late, each in the one place that its bytes give it. What is in here changes memory and nothing else.
    static LATELY: RefCell<Vec<Option<Arc<str>>>> = const { RefCell::new(Vec::new()) };
}

/// Where a text is remembered; texts that meet there take turns.
pub(super) fn place_of(text: &str) -> usize {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let bytes = text.as_bytes();
    // ARNs differ at their ends.
    let hash = bytes.iter().rev().take(24).fold(0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64, mix);
    usize::try_from(hash >> 40).unwrap_or_default() & (REMEMBERED - 1)
}

fn remembered(text: &str) -> Arc<str> {
    if text.len() > MAX_BYTES {
        return text.into();
    }
    LATELY.with_borrow_mut(|lately| {
        if lately.is_empty() {
            lately.resize(REMEMBERED, None);
        }
        let Some(place) = lately.get_mut(place_of(text)) else {
            return text.into();
        };
        match place {
            Some(known) if **known == *text => Arc::clone(known),
            _ => {
                let new: Arc<str> = text.into();
                *place = Some(Arc::clone(&new));
                new
            }
        }
    })
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(remembered(text)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_just_read_is_shared_and_nothing_is_mixed_up() {
        let texts: Vec<String> = (0..20_000).map(|it| format!("arn:aws:x:::{}", it % 9_000)).collect();
        for text in &texts {
            let json = serde_json::to_string(&[text, text]).unwrap();
            let [one, other]: [Text; 2] = serde_json::from_str(&json).unwrap();
            assert_eq!((&*one, &*other), (text.as_str(), text.as_str()));
            assert!(Arc::ptr_eq(&one.0, &other.0));
        }
        let error = serde_json::from_str::<Text>("7").unwrap_err();
        assert_eq!(error.to_string(), "invalid type: integer `7`, expected a string at line 1 column 1");
    }
}
