//! The six parts of an Amazon Resource Name.
//!
//! Splitting only; whether the thing exists is not asked here.

/// A borrowed view of `arn:partition:service:region:account:resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace, such as `ec2`.
    pub service: &'a str,
    /// The Region; empty for S3 buckets and for what is not regional.
    pub region: &'a str,
    /// The account id; empty for S3 buckets, snapshots and images.
    pub account: &'a str,
    /// All that follows the fifth colon, colons and slashes included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` if the text has not the six parts of one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let prefix = parts.next()?;
        let (partition, service) = (parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = prefix == "arn" && !partition.is_empty() && !service.is_empty();
        (whole && !resource.is_empty()).then_some(Self { partition, service, region, account, resource })
    }

    /// The resource without its type: what follows the first `/` or `:`, such as `vol-0abc`.
    pub fn resource_id(&self) -> &'a str {
        match self.resource.split_once(['/', ':']) {
            Some((_, id)) if !id.is_empty() => id,
            _ => self.resource,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_ids_are_what_people_call_the_thing() {
        for (text, id) in [
            ("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", "vol-1"),
            ("arn:aws:ec2:eu-west-1::snapshot/snap-1", "snap-1"),
            ("arn:aws:rds:eu-west-1:111122223333:db:orders", "orders"),
            ("arn:aws:s3:::a-bucket", "a-bucket"),
            ("arn:aws:timestream:eu-west-1:111122223333:database/d/table/t", "d/table/t"),
        ] {
            assert_eq!(Arn::parse(text).unwrap().resource_id(), id, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_arn_is_not_split() {
        for text in ["", "arn", "arn:aws:s3", "urn:aws:s3:::b", "arn::s3:::b", "arn:aws:s3:::"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
