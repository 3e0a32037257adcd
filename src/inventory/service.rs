//! Resources in their owning service's own list: what each item's ARN, name and tags are.
//!
//! What is going or gone, or backed up only as part of something else, is left out here, because AWS Backup
//! cannot protect it by itself; each such rule names its source.

use serde_json::Value;

use crate::model::{Place, ResourceType};

/// A resource that its service lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedResource {
    /// Its ARN.
    pub arn: String,
    /// Its type.
    pub kind: ResourceType,
    /// AWS Backup's short name of its type, where the list tells more than the type does.
    pub short_name: Option<&'static str>,
    /// Its name, where the list has one.
    pub name: Option<String>,
    /// Its tags, where the list has them.
    pub tags: Option<Vec<(String, String)>>,
    /// The Region it is in, where the list is not regional and says so.
    pub region: Option<String>,
}

/// What an item of a list stands for; an error says what it lacks.
pub(super) fn resources_of(
    operation: &str,
    item: &Value,
    place: &Place,
) -> Result<Vec<ListedResource>, String> {
    let reader = Reader { item, place };
    let one = |found: Result<Option<ListedResource>, String>| found.map(|it| it.into_iter().collect());
    match operation {
        "backup-gateway.list-virtual-machines" => {
            one(reader.with_arn("AWS::BackupGateway::VirtualMachine", "ResourceArn", "Name"))
        }
        "cloudformation.list-stacks" => one(reader.stack()),
        "docdb.describe-db-clusters" | "neptune.describe-db-clusters" | "rds.describe-db-clusters" => {
            one(reader.database_cluster(operation))
        }
        "dsql.list-clusters" => one(reader.with_arn("AWS::DSQL::Cluster", "arn", "identifier")),
        "dynamodb.list-tables" => one(reader.named("AWS::DynamoDB::Table", "dynamodb", "table/")),
        "ec2.describe-instances" => reader.instances(),
        "ec2.describe-volumes" => one(reader.volume()),
        "efs.describe-file-systems" => one(reader.with_arn("AWS::EFS::FileSystem", "FileSystemArn", "Name")),
        "eks.list-clusters" => one(reader.named("AWS::EKS::Cluster", "eks", "cluster/")),
        "fsx.describe-file-systems" => one(reader.fsx_file_system()),
        "fsx.describe-volumes" => one(reader.with_arn("AWS::FSx::Volume", "ResourceARN", "Name")),
        "rds.describe-db-instances" => one(reader.database_instance()),
        "redshift.describe-clusters" => one(reader.redshift_cluster()),
        "redshift-serverless.list-namespaces" => {
            one(reader.with_arn("AWS::RedshiftServerless::Namespace", "namespaceArn", "namespaceName"))
        }
        "s3api.list-buckets" => one(reader.bucket()),
        "ssm-sap.list-databases" => {
            one(reader.with_arn("AWS::SystemsManagerSAP::Application", "Arn", "DatabaseId"))
        }
        "storagegateway.list-volumes" => {
            one(reader.with_arn("AWS::StorageGateway::Volume", "VolumeARN", "VolumeId"))
        }
        "timestream-write.list-tables" => one(reader.with_arn("AWS::Timestream::Table", "Arn", "TableName")),
        _ => Ok(Vec::new()),
    }
}

type Found = Result<Option<ListedResource>, String>;

struct Reader<'a> {
    item: &'a Value,
    place: &'a Place,
}

impl<'a> Reader<'a> {
    fn text(&self, member: &str) -> Option<&'a str> {
        self.item.get(member)?.as_str().filter(|it| !it.is_empty())
    }

    fn required(&self, member: &str) -> Result<&'a str, String> {
        self.text(member).ok_or_else(|| format!("has no `{member}`, so it cannot be named"))
    }

    /// A member without which it is not known whether AWS Backup can protect the thing.
    fn decisive(&self, member: &str) -> Result<&'a str, String> {
        self.text(member).ok_or_else(|| format!("has no `{member}`, so whether it is judged cannot be told"))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let Place { account, region } = self.place;
        format!("arn:{}:{service}:{region}:{account}:{resource}", region.partition())
    }

    fn resource(&self, kind: &str, arn: String, name: Option<&str>) -> Found {
        let kind =
            ResourceType::from_cloudformation(kind).ok_or_else(|| format!("is of no type `{kind}`"))?;
        let name = name.map(str::to_owned);
        Ok(Some(ListedResource { arn, kind, short_name: None, name, tags: self.tags()?, region: None }))
    }

    /// Tags in whichever way the service spells them; none if its list has none.
    fn tags(&self) -> Result<Option<Vec<(String, String)>>, String> {
        let list = ["Tags", "TagList", "tags"].iter().find_map(|it| self.item.get(it));
        let pair = |tag: &Value| {
            let member = |upper: &str, lower: &str| {
                tag.get(upper).or_else(|| tag.get(lower)).and_then(Value::as_str).map(str::to_owned)
            };
            Some((member("Key", "key")?, member("Value", "value")?))
        };
        match list {
            // What AWS sends as null it does not tell.
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(tags)) => match tags.iter().map(pair).collect() {
                Some(pairs) => Ok(Some(pairs)),
                None => Err("has a tag without a key or a value".to_owned()),
            },
            Some(_) => Err("has tags that are not a list".to_owned()),
        }
    }

    fn with_arn(&self, kind: &str, arn: &str, name: &str) -> Found {
        self.resource(kind, self.required(arn)?.to_owned(), self.text(name))
    }

    /// An item that is only a name.
    fn named(&self, kind: &str, service: &str, prefix: &str) -> Found {
        let name = self.item.as_str().ok_or("is not a name")?;
        self.resource(kind, self.arn(service, &format!("{prefix}{name}")), Some(name))
    }

    /// Nested stacks are backed up with the stack they are in (AWS Backup guide, "CloudFormation stack backups").
    fn stack(&self) -> Found {
        let gone = self.decisive("StackStatus")? == "DELETE_COMPLETE";
        if gone || self.text("ParentId").is_some() {
            return Ok(None);
        }
        self.with_arn("AWS::CloudFormation::Stack", "StackId", "StackName")
    }

    /// Each service's list may hold clusters of the others; the engine tells whose they are.
    fn database_cluster(&self, operation: &str) -> Found {
        let engine = self.required("Engine")?;
        let (kind, short_name, listing) = match engine {
            "docdb" => ("AWS::DocDB::DBCluster", "DocumentDB", "docdb.describe-db-clusters"),
            "neptune" => ("AWS::Neptune::DBCluster", "Neptune", "neptune.describe-db-clusters"),
            _ if engine.starts_with("aurora") => {
                ("AWS::RDS::DBCluster", "Aurora", "rds.describe-db-clusters")
            }
            _ => ("AWS::RDS::DBCluster", "RDS", "rds.describe-db-clusters"),
        };
        if listing != operation {
            return Ok(None);
        }
        let found = self.with_arn(kind, "DBClusterArn", "DBClusterIdentifier")?;
        Ok(found.map(|it| ListedResource { short_name: Some(short_name), ..it }))
    }

    /// An instance of a cluster is backed up with the cluster (AWS Backup guide, "Amazon RDS backups").
    fn database_instance(&self) -> Found {
        if self.text("DBClusterIdentifier").is_some() {
            return Ok(None);
        }
        self.with_arn("AWS::RDS::DBInstance", "DBInstanceArn", "DBInstanceIdentifier")
    }

    fn instances(&self) -> Result<Vec<ListedResource>, String> {
        let mut found = Vec::new();
        let instances = self.item.get("Instances").and_then(Value::as_array);
        for item in instances.ok_or("has no `Instances`")? {
            let instance = Reader { item, place: self.place };
            let state = item.get("State").and_then(|it| it.get("Name")).and_then(Value::as_str);
            let state =
                state.ok_or("has an instance without a `State`, so whether it is judged cannot be told")?;
            // A terminated instance is listed for about an hour (EC2 guide, "Terminate your instance").
            if matches!(state, "terminated" | "shutting-down") {
                continue;
            }
            let id = instance.required("InstanceId")?;
            found.extend(instance.tagged("AWS::EC2::Instance", &format!("instance/{id}"), id)?);
        }
        Ok(found)
    }

    fn volume(&self) -> Found {
        if matches!(self.decisive("State")?, "deleting" | "deleted") {
            return Ok(None);
        }
        let id = self.required("VolumeId")?;
        self.tagged("AWS::EC2::Volume", &format!("volume/{id}"), id)
    }

    /// EC2's list leaves `Tags` out where there are none.
    fn tagged(&self, kind: &str, resource: &str, id: &str) -> Found {
        let found = self.resource(kind, self.arn("ec2", resource), Some(id))?;
        let absent = self.item.get("Tags").is_none();
        Ok(found.map(|it| ListedResource { tags: it.tags.or_else(|| absent.then(Vec::new)), ..it }))
    }

    /// AWS Backup protects the volumes of ONTAP and OpenZFS, and whole file systems of the other kinds.
    fn fsx_file_system(&self) -> Found {
        if matches!(self.decisive("FileSystemType")?, "ONTAP" | "OPENZFS") {
            return Ok(None);
        }
        self.with_arn("AWS::FSx::FileSystem", "ResourceARN", "FileSystemId")
    }

    fn redshift_cluster(&self) -> Found {
        let id = self.required("ClusterIdentifier")?;
        self.resource("AWS::Redshift::Cluster", self.arn("redshift", &format!("cluster:{id}")), Some(id))
    }

    fn bucket(&self) -> Found {
        let name = self.required("Name")?;
        let region = self.text("BucketRegion");
        let region = region.ok_or_else(|| {
            format!("bucket `{name}` has no `BucketRegion`; ask with `MaxBuckets` (CLI: --max-buckets), which makes S3 say it")
        })?;
        let partition = region.parse::<crate::model::Region>().map_or("aws", |it| it.partition());
        let found = self.resource("AWS::S3::Bucket", format!("arn:{partition}:s3:::{name}"), Some(name))?;
        Ok(found.map(|it| ListedResource { region: Some(region.to_owned()), ..it }))
    }
}
