//! Where controls and frameworks come from: the binary itself, and a folder of one's own.
//!
//! Reads files and hands their text on; parsing is `control`'s and `framework`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::control::{BuiltIn, CompiledControl, Control, ControlError, ControlSource, Controls};
use crate::framework::{self, Framework, FrameworkError};
use crate::vocabulary::{Vocabulary, VocabularyError};

mod compiled;

use compiled::Compiled;
pub use compiled::{COMPILED, compile};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/controls");

/// The file of the vocabulary.
const VOCABULARY: &str = "backup.cedarschema";

/// The framework used when none is named.
pub const DEFAULT_FRAMEWORK: &str = "aws-backup";
/// The framework that judges by custom controls which no chosen framework names.
pub const CUSTOM_FRAMEWORK: &str = "custom_controls";
/// The longest file read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// The most controls read from a folder.
const MAX_CONTROLS: usize = 1_000;

/// The files of a control's folder.
pub const CONTROL_FILES: [&str; 4] = ["control.cedarschema", "control.cedar", "README.md", "cases.json"];

/// Why something could not be taken from a folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The vocabulary cannot be used.
    #[error("the vocabulary cannot be used: {0}")]
    Vocabulary(#[source] Box<VocabularyError>),
    /// A file or folder cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file or folder is not what was expected.
    #[error("`{path}` {message}")]
    Unexpected {
        /// The file or folder.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A control is wrong.
    #[error(transparent)]
    Control(Box<ControlError>),
    /// A framework is wrong.
    #[error(transparent)]
    Framework(#[from] FrameworkError),
    /// No framework has this name.
    #[error("there is no framework `{name}`; known are {known}, or give a file")]
    NoFramework {
        /// The name.
        name: String,
        /// The names that would do.
        known: String,
    },
    /// Two of the chosen frameworks have one name.
    #[error("two frameworks are named `{0}`; reports need one name each")]
    SameName(String),
}

/// Controls and frameworks that can be chosen from.
pub struct Catalog {
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// All controls by name.
    pub controls: Controls,
    /// The names of those that are not built in.
    pub custom: Vec<String>,
    frameworks: BTreeMap<String, String>,
}

impl Catalog {
    /// What is built into the binary, as far as possible without parsing it again.
    pub fn built_in() -> Result<Self, Vec<CatalogError>> {
        Self::with(compiled::read())
    }

    /// What is built into the binary, parsed and validated from its texts.
    pub fn parsed() -> Result<Self, Vec<CatalogError>> {
        Self::with(None)
    }

    fn with(compiled: Option<Compiled>) -> Result<Self, Vec<CatalogError>> {
        let (vocabulary, mut compiled) = match compiled {
            Some(compiled) => (compiled.vocabulary, compiled.controls),
            None => (built_in_vocabulary()?, BTreeMap::new()),
        };
        let mut catalog =
            Self { vocabulary, controls: Controls::new(), custom: Vec::new(), frameworks: BTreeMap::new() };
        let mut errors = Vec::new();
        for (folder, texts) in built_in_controls() {
            let added = match compiled.remove(folder) {
                Some(compiled) => catalog.add_compiled(compiled, folder, texts),
                None => catalog.add(&source_of(folder, texts)).map(|_| ()),
            };
            errors.extend(added.err().into_iter().flatten());
        }
        for file in BUILT_IN.get_dir("frameworks").into_iter().flat_map(Dir::files) {
            let stem = file.path().file_stem().unwrap_or_default().to_string_lossy();
            let text = file.contents_utf8().unwrap_or_default();
            catalog.frameworks.insert(stem.into_owned(), text.to_owned());
        }
        if errors.is_empty() { Ok(catalog) } else { Err(errors) }
    }

    fn add_compiled(
        &mut self,
        compiled: CompiledControl,
        folder: &str,
        texts: BuiltIn,
    ) -> Result<(), Vec<CatalogError>> {
        match compiled.control(texts, &self.vocabulary).map_err(boxed)? {
            Some(control) => _ = self.controls.insert(control.name.clone(), Arc::new(control)),
            // Its texts have changed since.
            None => _ = self.add(&source_of(folder, texts))?,
        }
        Ok(())
    }

    fn add(&mut self, source: &ControlSource) -> Result<String, Vec<CatalogError>> {
        let control = Control::parse(source, &self.vocabulary).map_err(boxed)?;
        let name = control.name.clone();
        if self.controls.contains_key(&name) {
            return Err(vec![CatalogError::Unexpected {
                path: source.folder.clone(),
                message: format!(
                    "is control `{name}`, which there is already; a custom control has a name of its own"
                ),
            }]);
        }
        self.controls.insert(name.clone(), Arc::new(control));
        Ok(name)
    }

    /// Adds the controls and frameworks of a folder; all that is wrong with all of them at once.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), Vec<CatalogError>> {
        let mut errors = Vec::new();
        let mut sources = Vec::new();
        for path in entries(folder).map_err(|error| vec![error])? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !path.is_dir() || name.starts_with('.') {
                continue;
            }
            if name == "frameworks" {
                errors.extend(self.add_frameworks(&path).err().into_iter().flatten());
                continue;
            }
            match read_control_folder(&path, &name) {
                Ok(source) => sources.extend(source),
                Err(mut found) => errors.append(&mut found),
            }
        }
        if sources.len() > MAX_CONTROLS {
            let message = format!("holds {} controls; at most {MAX_CONTROLS} are read", sources.len());
            errors.push(unexpected(folder, message));
            return Err(errors);
        }
        if sources.is_empty() && errors.is_empty() {
            let message =
                format!("holds no control; a control is a folder with {}", CONTROL_FILES.join(", "));
            errors.push(unexpected(folder, message));
        }
        for source in sources {
            match self.add(&source) {
                Ok(name) => self.custom.push(name),
                Err(mut found) => errors.append(&mut found),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn add_frameworks(&mut self, folder: &Path) -> Result<(), Vec<CatalogError>> {
        let mut errors = Vec::new();
        for path in entries(folder).map_err(|error| vec![error])? {
            if path.extension().is_none_or(|it| it != "json") {
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match read_file(&path) {
                Ok(text) => {
                    self.frameworks.insert(stem, text);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The names of the frameworks that need no file.
    pub fn framework_names(&self) -> impl Iterator<Item = &str> {
        self.frameworks.keys().map(String::as_str)
    }

    /// The frameworks of a file, or the one with this name.
    pub fn frameworks(&self, file_or_name: &str) -> Result<Vec<Framework>, Vec<CatalogError>> {
        let path = Path::new(file_or_name);
        let (text, stem) = match self.frameworks.get(file_or_name) {
            Some(text) => (text.clone(), file_or_name.to_owned()),
            None if path.is_file() || file_or_name.ends_with(".json") => {
                let text = read_file(path).map_err(|error| vec![error])?;
                (text, path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
            }
            None => {
                let known = self.framework_names().collect::<Vec<_>>().join(", ");
                let name = file_or_name.to_owned();
                return Err(vec![CatalogError::NoFramework { name, known }]);
            }
        };
        framework::parse(&text, &stem, &self.controls)
            .map_err(|errors| errors.into_iter().map(CatalogError::Framework).collect())
    }

    /// The frameworks of these files and names, the default one if there are none, and one of the custom controls that
    /// they do not name; and all that is wrong with any. Only those that nothing is wrong with are given.
    pub fn choose(&self, chosen: &[String]) -> (Vec<Framework>, Vec<CatalogError>) {
        let mut frameworks: Vec<Framework> = Vec::new();
        let mut errors = Vec::new();
        let default = [DEFAULT_FRAMEWORK.to_owned()];
        for name in if chosen.is_empty() { &default } else { chosen } {
            match self.frameworks(name) {
                Ok(mut found) => frameworks.append(&mut found),
                Err(mut found) => errors.append(&mut found),
            }
        }
        match self.custom_framework(&frameworks) {
            Ok(custom) => frameworks.extend(custom),
            Err(mut found) => errors.append(&mut found),
        }
        let mut names = BTreeSet::new();
        frameworks.retain(|it| {
            let new = names.insert(it.name.clone());
            if !new {
                errors.push(CatalogError::SameName(it.name.clone()));
            }
            new
        });
        (frameworks, errors)
    }

    /// A framework of those custom controls that none of the chosen ones names; none if there are none.
    pub fn custom_framework(&self, chosen: &[Framework]) -> Result<Option<Framework>, Vec<CatalogError>> {
        let named = |name: &&String| {
            let controls = chosen.iter().flat_map(|it| &it.controls);
            controls.into_iter().any(|it| it.control.name == **name)
        };
        let unnamed = self.custom.iter().filter(|it| !named(it));
        let controls: Vec<Arc<Control>> = unnamed.filter_map(|it| self.controls.get(it).cloned()).collect();
        if controls.is_empty() {
            return Ok(None);
        }
        let description = "Custom controls that no chosen framework names, at their defaults";
        framework::default_framework(CUSTOM_FRAMEWORK, description, &controls)
            .map(Some)
            .map_err(|errors| errors.into_iter().map(CatalogError::Framework).collect())
    }
}

fn boxed(errors: Vec<ControlError>) -> Vec<CatalogError> {
    errors.into_iter().map(|it| CatalogError::Control(Box::new(it))).collect()
}

fn built_in_vocabulary() -> Result<Vocabulary, Vec<CatalogError>> {
    Vocabulary::parse(embedded(VOCABULARY)).map_err(|error| vec![CatalogError::Vocabulary(Box::new(error))])
}

/// The folders of the built-in controls, with their texts.
fn built_in_controls() -> impl Iterator<Item = (&'static str, BuiltIn)> {
    let folders = BUILT_IN.dirs().filter_map(|it| it.path().to_str()).filter(|it| *it != "frameworks");
    folders.map(|folder| {
        let [schema, policies, readme, cases] = CONTROL_FILES.map(|it| embedded(&format!("{folder}/{it}")));
        (folder, BuiltIn { schema, policies, readme, cases })
    })
}

fn source_of(folder: &str, texts: BuiltIn) -> ControlSource {
    ControlSource {
        folder: folder.to_owned(),
        schema: texts.schema.to_owned(),
        policies: texts.policies.to_owned(),
        readme: texts.readme.to_owned(),
        cases: texts.cases.to_owned(),
    }
}

fn embedded(path: &str) -> &'static str {
    BUILT_IN.get_file(path).and_then(|it| it.contents_utf8()).unwrap_or_default()
}

fn unexpected(path: &Path, message: String) -> CatalogError {
    CatalogError::Unexpected { path: path.display().to_string(), message }
}

fn cannot_read(path: &Path, source: io::Error) -> CatalogError {
    CatalogError::Read { path: path.display().to_string(), source }
}

/// What a folder holds, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
        paths.sort();
        Ok(paths)
    };
    read().map_err(|error| cannot_read(folder, error))
}

/// The texts of a control's folder; none if it is a folder of something else.
fn read_control_folder(folder: &Path, name: &str) -> Result<Option<ControlSource>, Vec<CatalogError>> {
    if !CONTROL_FILES.iter().any(|it| it.starts_with("control.") && folder.join(it).exists()) {
        return Ok(None);
    }
    let mut errors = Vec::new();
    let [schema, policies, readme, cases] = CONTROL_FILES.map(|file| {
        read_file(&folder.join(file)).unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        })
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    let folder = name.to_owned();
    Ok(Some(ControlSource { folder, schema, policies, readme, cases }))
}

/// Reads a text file. Symbolic links are refused: their target's text would show in error messages.
fn read_file(path: &Path) -> Result<String, CatalogError> {
    let metadata = fs::symlink_metadata(path).map_err(|error| cannot_read(path, error))?;
    if metadata.is_symlink() {
        return Err(unexpected(path, "is a symbolic link; the file itself is expected".to_owned()));
    }
    if !metadata.is_file() {
        return Err(unexpected(path, "is not a file".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        let message = format!("is {} bytes long; at most {MAX_BYTES} are read", metadata.len());
        return Err(unexpected(path, message));
    }
    fs::read_to_string(path).map_err(|error| cannot_read(path, error))
}
