//! The resource types AWS Backup can protect, under their CloudFormation names.
//!
//! Source: AWS Backup Developer Guide, "Feature availability by resource"; short names as in
//! `GetSupportedResourceTypes` and `DescribeRegionSettings`. Which features a type has is not told here.

use std::fmt;

/// A row of the table below.
struct Row {
    cloudformation: &'static str,
    short: &'static str,
    /// The service of the ARN and how its resource part begins.
    arn: (&'static str, &'static str),
}

const fn row(
    cloudformation: &'static str,
    short: &'static str,
    service: &'static str,
    resource: &'static str,
) -> Row {
    Row { cloudformation, short, arn: (service, resource) }
}

/// Where one ARN shape serves several types (RDS clusters), the first that fits is taken unless AWS names the type.
const ROWS: [Row; 20] = [
    row("AWS::BackupGateway::VirtualMachine", "VirtualMachine", "backup-gateway", "vm/"),
    row("AWS::CloudFormation::Stack", "CloudFormation", "cloudformation", "stack/"),
    row("AWS::DSQL::Cluster", "Aurora DSQL", "dsql", "cluster/"),
    row("AWS::DocDB::DBCluster", "DocumentDB", "rds", "cluster:"),
    row("AWS::DynamoDB::Table", "DynamoDB", "dynamodb", "table/"),
    row("AWS::EC2::Instance", "EC2", "ec2", "instance/"),
    row("AWS::EC2::Volume", "EBS", "ec2", "volume/"),
    row("AWS::EFS::FileSystem", "EFS", "elasticfilesystem", "file-system/"),
    row("AWS::EKS::Cluster", "EKS", "eks", "cluster/"),
    row("AWS::FSx::FileSystem", "FSx", "fsx", "file-system/"),
    row("AWS::FSx::Volume", "FSx", "fsx", "volume/"),
    row("AWS::Neptune::DBCluster", "Neptune", "rds", "cluster:"),
    row("AWS::RDS::DBCluster", "Aurora", "rds", "cluster:"),
    row("AWS::RDS::DBInstance", "RDS", "rds", "db:"),
    row("AWS::Redshift::Cluster", "Redshift", "redshift", "cluster:"),
    row("AWS::RedshiftServerless::Namespace", "Redshift Serverless", "redshift-serverless", "namespace/"),
    row("AWS::S3::Bucket", "S3", "s3", ""),
    row("AWS::StorageGateway::Volume", "Storage Gateway", "storagegateway", "gateway/"),
    row("AWS::SystemsManagerSAP::Application", "SAP HANA on Amazon EC2", "ssm-sap", "HANA/"),
    row("AWS::Timestream::Table", "Timestream", "timestream", "database/"),
];

/// A type of resource that AWS Backup can protect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(u8);

impl ResourceType {
    /// All of them, by CloudFormation name.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ROWS.len() as u8).map(Self)
    }

    /// The type with this CloudFormation name, such as `AWS::EC2::Volume`.
    pub fn from_cloudformation(name: &str) -> Option<Self> {
        Self::all().find(|it| it.cloudformation() == name)
    }

    /// The types that AWS Backup calls by this short name: `EBS` is one, `FSx` and `RDS` are two.
    ///
    /// `RDS` also names Multi-AZ DB clusters.
    pub fn from_short_name(name: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Self::all().filter(|it| it.short_name() == name).collect();
        if name == "RDS" {
            found.extend(Self::from_cloudformation("AWS::RDS::DBCluster"));
            found.sort();
        }
        found
    }

    /// The type of the resource with this ARN, by AWS Backup's short name where it gave one.
    ///
    /// `None` if the two contradict each other or the shape is unknown.
    pub fn of_resource(arn: &str, short_name: Option<&str>) -> Option<Self> {
        let arn = super::Arn::parse(arn)?;
        let shaped = |it: &Self| {
            let (service, resource) = it.row().arn;
            service == arn.service && arn.resource.starts_with(resource)
        };
        match short_name {
            Some(name) => Self::from_short_name(name).into_iter().find(shaped),
            // An RDS cluster ARN alone may be Aurora, Multi-AZ RDS, DocumentDB or Neptune.
            None if arn.service == "rds" && arn.resource.starts_with("cluster:") => None,
            None => Self::all().find(shaped),
        }
    }

    /// The CloudFormation name, which is the Cedar entity type too.
    pub fn cloudformation(self) -> &'static str {
        self.row().cloudformation
    }

    /// AWS Backup's short name.
    pub fn short_name(self) -> &'static str {
        self.row().short
    }

    fn row(self) -> &'static Row {
        // INVARIANT: a `ResourceType` is only made from an index into `ROWS`.
        ROWS.get(usize::from(self.0)).unwrap_or(&ROWS[0])
    }
}

impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cloudformation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_and_short_names_name_one_type() {
        for (arn, short, expected) in [
            ("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", Some("EBS"), "AWS::EC2::Volume"),
            ("arn:aws:ec2:eu-west-1:111122223333:instance/i-1", None, "AWS::EC2::Instance"),
            ("arn:aws:rds:eu-west-1:111122223333:cluster:c", Some("Aurora"), "AWS::RDS::DBCluster"),
            ("arn:aws:rds:eu-west-1:111122223333:cluster:c", Some("RDS"), "AWS::RDS::DBCluster"),
            ("arn:aws:rds:eu-west-1:111122223333:cluster:c", Some("Neptune"), "AWS::Neptune::DBCluster"),
            ("arn:aws:rds:eu-west-1:111122223333:cluster:c", None, ""),
            ("arn:aws:rds:eu-west-1:111122223333:db:d", Some("RDS"), "AWS::RDS::DBInstance"),
            ("arn:aws:fsx:eu-west-1:111122223333:volume/fs-1/fsvol-1", Some("FSx"), "AWS::FSx::Volume"),
            ("arn:aws:s3:::bucket", Some("S3"), "AWS::S3::Bucket"),
            ("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", Some("S3"), ""),
            ("arn:aws:iam::111122223333:role/r", None, ""),
        ] {
            let found = ResourceType::of_resource(arn, short).map_or("", ResourceType::cloudformation);
            assert_eq!(found, expected, "{arn} {short:?}");
        }
    }

    #[test]
    fn the_table_is_in_order_and_names_are_unique() {
        let names: Vec<_> = ResourceType::all().map(ResourceType::cloudformation).collect();
        assert!(names.is_sorted_by(|a, b| a < b));
    }
}
