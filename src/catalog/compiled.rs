//! `controls/built-in.json`: what the built-in vocabulary and controls are once they are parsed and validated.
//!
//! It can be left out or be out of date: texts whose digests do not stand in it are parsed at every start, which takes
//! longer and gives the same. A test says when it is, and writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{CatalogError, VOCABULARY, boxed, built_in_controls, built_in_vocabulary, embedded, source_of};
use crate::control::{self, CompiledControl, hexadecimal};
use crate::vocabulary::{EntityType, Vocabulary};

/// The file, in the folder of the built-in controls.
pub const COMPILED: &str = "built-in.json";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    vocabulary_sha256: String,
    types: BTreeMap<String, EntityType>,
    controls: BTreeMap<String, CompiledControl>,
}

/// What was compiled before, for the vocabulary that is built in.
pub(super) struct Compiled {
    pub(super) vocabulary: Vocabulary,
    /// By folder.
    pub(super) controls: BTreeMap<String, CompiledControl>,
}

/// Reads the file; none if there is none, or if it is of another vocabulary.
pub(super) fn read() -> Option<Compiled> {
    let kept: Kept = serde_json::from_str(embedded(COMPILED)).ok()?;
    let text = embedded(VOCABULARY);
    (kept.vocabulary_sha256 == digest(text))
        .then(|| Compiled { vocabulary: Vocabulary::known(text, kept.types), controls: kept.controls })
}

fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// What the file is to be: a line for each type and control. Everything is parsed and validated, and all that is wrong found.
pub fn compile() -> Result<String, Vec<CatalogError>> {
    let vocabulary = built_in_vocabulary()?;
    let (mut controls, mut errors) = (BTreeMap::new(), Vec::new());
    for (folder, texts) in built_in_controls() {
        match control::compile(&source_of(folder, texts), &vocabulary).map_err(boxed) {
            Ok(kept) => _ = controls.insert(folder.to_owned(), kept),
            Err(mut found) => errors.append(&mut found),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let digest = digest(embedded(VOCABULARY));
    let types = vocabulary.types_without_annotations();
    let types = lines(types.map(|(name, it)| (name, serde_json::to_value(it).unwrap_or_default())));
    let controls = lines(controls.into_iter());
    Ok(format!(
        "{{\n\"vocabulary_sha256\":\"{digest}\",\n\"types\":{{\n{types}\n}},\n\"controls\":{{\n{controls}\n}}\n}}\n"
    ))
}

fn lines(members: impl Iterator<Item = (String, Value)>) -> String {
    let line = |(name, value): (String, Value)| format!("{}:{value}", Value::from(name));
    members.map(line).collect::<Vec<_>>().join(",\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_built_in_control_is_parsed_at_start() {
        let mut compiled = read().expect("the file can be read, and is of this vocabulary");
        for (folder, texts) in built_in_controls() {
            let control = compiled.controls.remove(folder).map(|it| it.control(texts, &compiled.vocabulary));
            assert!(control.is_some_and(|it| it.unwrap().is_some()), "{folder}");
        }
        assert!(compiled.controls.is_empty(), "{:?}", compiled.controls.keys());
    }
}
