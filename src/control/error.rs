//! What is wrong with a control: which control, which file, and where in it.

use miette::Diagnostic;

use crate::vocabulary::VocabularyError;

/// One thing that is wrong with a control.
#[derive(Debug, thiserror::Error)]
#[error("control `{control}`, {file}: {problem}")]
pub struct ControlError {
    /// The control's name.
    pub control: String,
    /// The file of its folder.
    pub file: &'static str,
    /// What is wrong.
    pub problem: ControlProblem,
}

/// What is wrong. Cedar's own errors carry the span that the command line underlines.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum ControlProblem {
    /// The schema cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Schema(Box<VocabularyError>),
    /// A policy cannot be parsed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Parse(Box<cedar_policy::ParseErrors>),
    /// A policy does not fit the schema.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Validation(Box<cedar_policy::ValidationError>),
    /// A policy fits the schema in a way that cannot be meant.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Warning(Box<cedar_policy::ValidationWarning>),
    /// Anything else, in a sentence.
    #[error("{0}")]
    Other(String),
}
