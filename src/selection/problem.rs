//! What is wrong or odd about a selection as it is written.

use std::sync::Arc;

/// Something about a selection that a reader should know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionProblem {
    /// `Conditions` in the IAM form, which the API refuses.
    #[error(
        "conditions of `{operator}` are an object: AWS Backup takes a list of `{{ConditionKey, ConditionValue}}`, so it \
         is not known what was meant"
    )]
    ConditionMap {
        /// The operator as written.
        operator: Arc<str>,
    },
    /// A condition operator that AWS Backup does not have; operators are case-sensitive.
    #[error(
        "unknown condition operator `{operator}`: AWS Backup has `StringEquals`, `StringNotEquals`, `StringLike` and \
         `StringNotLike`"
    )]
    UnknownOperator {
        /// The operator as written.
        operator: Arc<str>,
    },
    /// A `ListOfTags` entry of another type than `STRINGEQUALS`.
    #[error("condition type `{condition_type}` of tag `{key}`: `ListOfTags` takes only `STRINGEQUALS`")]
    UnknownConditionType {
        /// The type as written.
        condition_type: Arc<str>,
        /// The tag key as written.
        key: Arc<str>,
    },
    /// A condition key that names no resource tag.
    #[error("condition key `{key}` names no resource tag: write `aws:ResourceTag/` and the tag key")]
    NotATagKey {
        /// The key as written.
        key: Arc<str>,
    },
    /// Text that a template would still have to fill in.
    #[error("`{text}` holds a placeholder that nothing has filled in")]
    Placeholder {
        /// The text as written.
        text: Arc<str>,
    },
    /// A text longer than any ARN or tag value.
    #[error("text of {bytes} bytes is longer than any ARN or tag value")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A pattern that no ARN can match.
    #[error("`{pattern}` is neither an ARN nor a pattern that an ARN could match")]
    NotAnArn {
        /// The pattern as written.
        pattern: Arc<str>,
    },
    /// A pattern of another partition, which matches nothing here.
    #[error("pattern `{pattern}` is of partition `{partition}`, so it matches nothing in this Region")]
    OtherPartition {
        /// The pattern as written.
        pattern: Arc<str>,
        /// Its partition.
        partition: Arc<str>,
    },
    /// A pattern of another Region, which matches nothing here.
    #[error("pattern `{pattern}` is of Region `{region}`, and a selection covers only its own Region")]
    OtherRegion {
        /// The pattern as written.
        pattern: Arc<str>,
        /// Its Region.
        region: Arc<str>,
    },
    /// A pattern of another account, which matches nothing here.
    #[error("pattern `{pattern}` is of account `{account}`, and a selection covers only its own account")]
    OtherAccount {
        /// The pattern as written.
        pattern: Arc<str>,
        /// Its account.
        account: Arc<str>,
    },
    /// An account field that is not a twelve-digit account id.
    #[error("pattern `{pattern}` has account `{account}`: account ids have twelve digits")]
    NotAnAccount {
        /// The pattern as written.
        pattern: Arc<str>,
        /// Its account field.
        account: Arc<str>,
    },
    /// An empty Region or account in a pattern whose ARNs have one.
    #[error(
        "pattern `{pattern}` leaves Region or account empty: AWS does not say whether that means any, write `*`"
    )]
    EmptyField {
        /// The pattern as written.
        pattern: Arc<str>,
    },
    /// A `?`, of which AWS does not say whether it is a wildcard.
    #[error("`{text}` holds a `?`: AWS does not say whether it stands for any one character")]
    QuestionMark {
        /// The text as written.
        text: Arc<str>,
    },
    /// A `*` inside the resource part, which the API reference calls unsupported and the guide uses.
    #[error("pattern `{pattern}` has text behind a `*`: the API reference supports `*` only at the end")]
    StarBeforeText {
        /// The pattern as written.
        pattern: Arc<str>,
    },
    /// A `*` where it is compared as itself.
    #[error(
        "value `{value}` of tag `{key}` holds a `*` that is compared as itself: wildcards need `StringLike`"
    )]
    LiteralStar {
        /// The tag key.
        key: Arc<str>,
        /// The value as written.
        value: Arc<str>,
    },
    /// Neither `Resources` nor `ListOfTags`.
    #[error(
        "selection has neither `Resources` nor `ListOfTags`, so it reaches every resource that is opted in"
    )]
    Unbounded,
}

impl SelectionProblem {
    /// Whether a clause could not be read because of it, so that resources it would decide stay undecided.
    #[must_use]
    pub fn undecides(&self) -> bool {
        matches!(
            self,
            Self::ConditionMap { .. }
                | Self::UnknownOperator { .. }
                | Self::UnknownConditionType { .. }
                | Self::NotATagKey { .. }
                | Self::Placeholder { .. }
                | Self::TooLong { .. }
                | Self::NotAnArn { .. }
        )
    }
}
