//! Custom controls and frameworks: taken from the bucket, pinned in the run, and read.
//!
//! One that is broken is told of and left out; the others and the built-in ones are used.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::environment::Environment;
use super::failure::Failure;
use super::run::CustomFile;
use crate::aws::Objects;
use crate::catalog::{Catalog, CatalogError};
use crate::control::hexadecimal;
use crate::framework::Framework;

/// The most files of custom controls and frameworks.
const MAX_FILES: usize = 5_000;

/// Writes the files below a prefix into a folder, and says what they are.
///
/// `controls/` at the beginning of a path is left out, so that a folder of controls stands beside `frameworks/`, as
/// `backproof audit --controls` reads it. Files that are not of a control or framework are left alone.
pub(super) async fn fetch(
    objects: &Objects,
    prefix: &str,
    folder: &Path,
) -> Result<Vec<CustomFile>, Failure> {
    fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    for key in objects.keys(prefix).await? {
        let path = key.strip_prefix(prefix).unwrap_or_default();
        let path = path.strip_prefix("controls/").unwrap_or(path);
        if !is_of_a_control(path) {
            continue;
        }
        if files.len() == MAX_FILES {
            let text =
                format!("bucket `{}` holds more than {MAX_FILES} files of custom controls", objects.bucket());
            return Err(Failure::Configuration(text));
        }
        let Some(content) = objects.get(&key).await? else { continue };
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(target, &content)?;
        files.push(CustomFile {
            path: path.to_owned(),
            sha256: hexadecimal(&Sha256::digest(&content)),
            bytes: content.len() as u64,
        });
    }
    Ok(files)
}

fn is_of_a_control(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
    };
    path.split_once('/').is_some_and(|(folder, file)| plain(folder) && plain(file))
}

/// What judges: built-in and custom controls, and the chosen frameworks.
pub(super) struct Chosen {
    pub(super) catalog: Catalog,
    pub(super) frameworks: Vec<Framework>,
    /// What is wrong with custom controls or frameworks; those are left out.
    pub(super) broken: Vec<String>,
    /// Whether the default framework stands for the chosen ones, of which none can be used.
    pub(super) substituted: bool,
}

/// Reads the controls of a folder, if it holds any, and chooses frameworks.
///
/// Where none of the chosen frameworks can be used, the default one is.
pub(super) fn choose(folder: &Path, frameworks: &[String]) -> Result<Chosen, Failure> {
    let said = |errors: Vec<CatalogError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
    let built_in = Catalog::built_in().map_err(|errors| Failure::Internal(said(errors).join("; ")))?;
    let mut catalog = built_in;
    let mut broken = Vec::new();
    if fs::read_dir(folder).is_ok_and(|mut it| it.next().is_some()) {
        broken.extend(catalog.add_folder(folder).err().map(said).unwrap_or_default());
    }
    let (mut chosen, errors) = catalog.choose(frameworks);
    broken.extend(said(errors));
    let substituted = chosen.is_empty();
    if substituted {
        chosen = catalog.choose(&[]).0;
    }
    // Where the files were on this disk is nobody's business.
    let here = format!("{}/", folder.display());
    let broken = broken.into_iter().map(|it| it.replace(&here, "")).collect();
    Ok(Chosen { catalog, frameworks: chosen, broken, substituted })
}

/// Fetches and chooses in one go, for what is not part of a run.
pub(super) async fn of_now(
    objects: &Objects,
    environment: &Environment,
    folder: &Path,
) -> Result<Chosen, Failure> {
    if !environment.config_bucket.is_empty() {
        fetch(objects, &environment.config_prefix, folder).await?;
    }
    let chosen = choose(folder, &environment.frameworks)?;
    if chosen.substituted {
        let text = format!("no chosen framework can be used: {}", chosen.broken.join("; "));
        return Err(Failure::Configuration(text));
    }
    Ok(chosen)
}
