//! The parts of an ARN. Partitions are compared as they stand: `aws`, `aws-cn` and `aws-us-gov` share nothing.

/// An ARN cut at its first five colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub(super) partition: &'a str,
    /// `iam`, `backup`, …
    pub(super) service: &'a str,
    /// May be empty.
    pub(super) region: &'a str,
    /// May be empty.
    pub(super) account: &'a str,
    /// Everything after the fifth colon.
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`, if it has the six of an ARN.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }

    /// The vault's name, if this is the ARN of a backup vault.
    pub(super) fn vault_name(&self) -> Option<&'a str> {
        let name = self.resource.strip_prefix("backup-vault:")?;
        (self.service == "backup").then_some(name)
    }
}

/// Whether `text` is the id of an account: twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
