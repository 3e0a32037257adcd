//! Why a function failed, in the few kinds that the state machine tells apart.

use std::io;

use lambda_runtime::Diagnostic;

use crate::aws::{ObjectError, SessionError};
use crate::inventory::{CallError, is_passing};
use crate::ledger::StoreError;
use crate::model::AccountId;
use crate::report_folder::ReportFolderError;
use crate::survey::{AskedError, SurveyError};

/// Why a function failed. The kind is Lambda's `errorType`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// AWS throttled, failed or did not answer; it may the next time.
    #[error("{0}")]
    Transient(String),
    /// A role lacks a permission.
    #[error("{0}")]
    Denied(String),
    /// The function's environment, a run or a control is not as it must be.
    #[error("{0}")]
    Configuration(String),
    /// What the function was invoked with cannot be read.
    #[error("{0}")]
    Input(String),
    /// Anything else.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// The `errorType`, which `Retry` and `Catch` of a state machine name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transient(_) => "Backproof.Transient",
            Self::Denied(_) => "Backproof.Denied",
            Self::Configuration(_) => "Backproof.Configuration",
            Self::Input(_) => "Backproof.Input",
            Self::Internal(_) => "Backproof.Internal",
        }
    }

    /// The failure that a refused call is, with what is told of it.
    pub fn of_call(error: &CallError, told: String) -> Self {
        let code = error.code.as_str();
        if is_passing(code) {
            Self::Transient(told)
        } else if code.contains("AccessDenied")
            || code.contains("Unauthorized")
            || code == "AuthorizationError"
        {
            Self::Denied(told)
        } else {
            Self::Internal(told)
        }
    }

    /// The role in an account cannot be assumed.
    pub fn not_assumed(account: AccountId, error: &CallError) -> Self {
        let told = format!("the role in {account} cannot be assumed: {}: {}", error.code, error.message);
        Self::of_call(error, told)
    }

    /// What the function was invoked with is wrong.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(format!("the function was invoked with what it cannot read: {error}"))
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.kind().to_owned(), error_message: failure.to_string() }
    }
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        match &error {
            ObjectError::Refused { error: call, .. } => Self::of_call(call, error.to_string()),
            ObjectError::NotThere { .. } | ObjectError::TooLong { .. } => {
                Self::Configuration(error.to_string())
            }
            ObjectError::Write { .. } => Self::Internal(error.to_string()),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::Identity(call) => Self::of_call(call, error.to_string()),
            SessionError::NoAccount => Self::Internal(error.to_string()),
        }
    }
}

impl From<SurveyError> for Failure {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Disk(_) => Self::Internal(error.to_string()),
            SurveyError::NoAccounts | SurveyError::NoUnit(_) => Self::Configuration(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let told = format!("the ledger: {error}");
        match error {
            StoreError::Unavailable(_) | StoreError::Contended | StoreError::Locked => Self::Transient(told),
            StoreError::Denied(_) => Self::Denied(told),
            _ => Self::Internal(told),
        }
    }
}

impl From<AskedError> for Failure {
    fn from(error: AskedError) -> Self {
        Self::Configuration(error.to_string())
    }
}

impl From<ReportFolderError> for Failure {
    fn from(error: ReportFolderError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Internal(format!("the function's disk: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_is_denied_is_not() {
        for (code, kind) in [
            ("ThrottlingException", "Backproof.Transient"),
            ("Throttling", "Backproof.Transient"),
            ("TooManyRequestsException", "Backproof.Transient"),
            ("ServiceUnavailable", "Backproof.Transient"),
            ("SlowDown", "Backproof.Transient"),
            ("HTTP503", "Backproof.Transient"),
            ("Unreachable", "Backproof.Transient"),
            ("AccessDenied", "Backproof.Denied"),
            ("AccessDeniedException", "Backproof.Denied"),
            ("NoSuchBucket", "Backproof.Internal"),
        ] {
            let error = CallError { code: code.to_owned(), message: String::new() };
            assert_eq!(Failure::of_call(&error, String::new()).kind(), kind, "{code}");
        }
    }
}
