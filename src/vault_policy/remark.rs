//! What a reader of a policy should be told although the policy can be evaluated.
//! A remark changes no answer.

use std::fmt;

use super::statement::StatementRef;

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RemarkKind {
    /// A wildcard in `Action`, which AWS Backup documents as unsupported ("Vault access policies"); it is evaluated as IAM would.
    ActionWildcard,
    /// An action of another service, of which a vault policy says nothing.
    ForeignAction,
    /// `NotPrincipal`, which AWS advises against: it denies every principal with a permissions boundary.
    NotPrincipal,
    /// `NotPrincipal` names a principal without its account, so AWS "might deny" the principal all the same.
    NotPrincipalWithoutAccount,
    /// A wildcard within a principal's ARN, documented as not allowed; whom it means is not decided.
    PartialWildcardPrincipal,
    /// The unique id of a user or role that was deleted.
    DeletedPrincipal,
    /// A kind of principal that a request to AWS Backup never has.
    ForeignPrincipal,
    /// A condition operator that AWS does not document: its condition is undecidable.
    UnknownOperator,
    /// A condition without values: undecidable.
    NoValues,
    /// `*` or `?` under an operator that compares letter by letter.
    LiteralWildcard,
    /// `aws:PrincipalArn` is compared with the ARN of a role session, which it never is.
    SessionInPrincipalArn,
    /// An ARN operator is given something that is not an ARN of six parts: undecidable where it could match as text.
    NotAnArn,
    /// `${…}` holds no condition key, as when a template was not filled in: undecidable.
    NotAVariable,
    /// `${…}` is plain text because `Version` is not `2012-10-17`.
    VariableAsText,
    /// A key with several values is used without `ForAnyValue` or `ForAllValues`.
    SetOperatorMissing,
    /// The statement names actions whose resource its `Resource` cannot be, so it has no effect on them.
    ResourceCannotApply,
}

/// Something worth telling about a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The statement.
    pub statement: StatementRef,
    /// What kind of thing it is.
    pub kind: RemarkKind,
    /// The text of the policy it is about.
    pub subject: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        write!(formatter, "{}: ", self.statement)?;
        match self.kind {
            RemarkKind::ActionWildcard => {
                write!(formatter, "`{subject}` has a wildcard, which AWS Backup does not support in `Action`")
            }
            RemarkKind::ForeignAction => {
                write!(formatter, "`{subject}` is not an action of AWS Backup")
            }
            RemarkKind::NotPrincipal => {
                write!(
                    formatter,
                    "`NotPrincipal` denies every principal that has a permissions boundary, listed or not"
                )
            }
            RemarkKind::NotPrincipalWithoutAccount => {
                write!(
                    formatter,
                    "`NotPrincipal` lists `{subject}` without its account and may deny it all the same"
                )
            }
            RemarkKind::PartialWildcardPrincipal => {
                write!(formatter, "`{subject}` has a wildcard, which is not allowed within a principal")
            }
            RemarkKind::DeletedPrincipal => {
                write!(formatter, "`{subject}` is the id of a deleted user or role")
            }
            RemarkKind::ForeignPrincipal => {
                write!(formatter, "no request to AWS Backup is made by `{subject}`")
            }
            RemarkKind::UnknownOperator => {
                write!(formatter, "`{subject}` is not a condition operator AWS documents")
            }
            RemarkKind::NoValues => write!(formatter, "the condition on `{subject}` has no values"),
            RemarkKind::LiteralWildcard => {
                write!(
                    formatter,
                    "`{subject}` is compared letter by letter; wildcards need a `…Like` operator"
                )
            }
            RemarkKind::SessionInPrincipalArn => {
                write!(
                    formatter,
                    "`aws:PrincipalArn` is the role's ARN in a role session and never `{subject}`"
                )
            }
            RemarkKind::NotAnArn => write!(formatter, "`{subject}` is not an ARN of six parts"),
            RemarkKind::NotAVariable => {
                write!(formatter, "`${{{subject}}}` is not a policy variable")
            }
            RemarkKind::VariableAsText => {
                write!(formatter, "`{subject}` is plain text, since variables need `Version` `2012-10-17`")
            }
            RemarkKind::SetOperatorMissing => {
                write!(
                    formatter,
                    "`{subject}` can have several values and needs `ForAnyValue:` or `ForAllValues:`"
                )
            }
            RemarkKind::ResourceCannotApply => {
                write!(
                    formatter,
                    "`{subject}` is not an action on what `Resource` names, so it is not affected"
                )
            }
        }
    }
}
