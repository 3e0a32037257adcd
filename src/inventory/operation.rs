//! The AWS operations an inventory can hold, and how each pages.
//!
//! Names as the AWS CLI spells them, actions as IAM does. An operation not listed here is not read.

/// One operation of an AWS service.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Service and operation as the AWS CLI spells them: `backup.list-backup-vaults`.
    pub name: &'static str,
    /// The IAM action that allows it: `backup:ListBackupVaults`.
    pub action: &'static str,
    /// The member of the response that holds the list; `None` where the response is one thing.
    pub list: Option<&'static str>,
    /// The request parameters that say of what is asked, such as `BackupVaultName`.
    pub subject: &'static [&'static str],
    /// The request parameter and the response member that carry the page token.
    pub token: (&'static str, &'static str),
    /// Request parameters that narrow a list without making it useless: a window of jobs.
    pub windows: &'static [&'static str],
    /// Types of resources that this is the owning service's list of, in CloudFormation's names.
    pub lists: &'static [&'static str],
}

const fn list(name: &'static str, action: &'static str, list: &'static str) -> Operation {
    Operation {
        name,
        action,
        list: Some(list),
        subject: &[],
        token: ("NextToken", "NextToken"),
        windows: &[],
        lists: &[],
    }
}

/// A service's own list of its resources.
const fn resources(
    name: &'static str,
    action: &'static str,
    member: &'static str,
    token: (&'static str, &'static str),
    lists: &'static [&'static str],
) -> Operation {
    Operation { token, lists, ..list(name, action, member) }
}

const NEXT_TOKEN: (&str, &str) = ("NextToken", "NextToken");
const LOWER_NEXT_TOKEN: (&str, &str) = ("nextToken", "nextToken");
const MARKER: (&str, &str) = ("Marker", "Marker");

const fn get(name: &'static str, action: &'static str, subject: &'static [&'static str]) -> Operation {
    Operation { list: None, subject, ..list(name, action, "") }
}

const fn list_of(
    name: &'static str,
    action: &'static str,
    member: &'static str,
    subject: &'static [&'static str],
) -> Operation {
    Operation { subject, ..list(name, action, member) }
}

/// Jobs are kept for 30 days or so and asked for by window, so a window does not make their list incomplete.
const fn jobs(name: &'static str, action: &'static str, member: &'static str) -> Operation {
    Operation {
        windows: &["ByCreatedAfter", "ByCreatedBefore", "ByCompleteAfter", "ByCompleteBefore"],
        ..list(name, action, member)
    }
}

/// All operations that are read, by name.
pub static OPERATIONS: &[Operation] = &[
    resources(
        "backup-gateway.list-virtual-machines",
        "backup-gateway:ListVirtualMachines",
        "VirtualMachines",
        NEXT_TOKEN,
        &["AWS::BackupGateway::VirtualMachine"],
    ),
    get("backup.describe-backup-vault", "backup:DescribeBackupVault", &["BackupVaultName"]),
    get("backup.describe-framework", "backup:DescribeFramework", &["FrameworkName"]),
    get("backup.describe-global-settings", "backup:DescribeGlobalSettings", &[]),
    get("backup.describe-protected-resource", "backup:DescribeProtectedResource", &["ResourceArn"]),
    get("backup.describe-region-settings", "backup:DescribeRegionSettings", &[]),
    get("backup.get-backup-plan", "backup:GetBackupPlan", &["BackupPlanId"]),
    get("backup.get-backup-selection", "backup:GetBackupSelection", &["BackupPlanId", "SelectionId"]),
    get("backup.get-backup-vault-access-policy", "backup:GetBackupVaultAccessPolicy", &["BackupVaultName"]),
    get("backup.get-backup-vault-notifications", "backup:GetBackupVaultNotifications", &["BackupVaultName"]),
    get("backup.get-legal-hold", "backup:GetLegalHold", &["LegalHoldId"]),
    get("backup.get-restore-testing-plan", "backup:GetRestoreTestingPlan", &["RestoreTestingPlanName"]),
    get(
        "backup.get-restore-testing-selection",
        "backup:GetRestoreTestingSelection",
        &["RestoreTestingPlanName", "RestoreTestingSelectionName"],
    ),
    get("backup.get-supported-resource-types", "backup:GetSupportedResourceTypes", &[]),
    jobs("backup.list-backup-jobs", "backup:ListBackupJobs", "BackupJobs"),
    // Deleted plans are told by their date, so asking for them as well takes nothing away.
    Operation {
        windows: &["IncludeDeleted"],
        ..list("backup.list-backup-plans", "backup:ListBackupPlans", "BackupPlansList")
    },
    list_of(
        "backup.list-backup-selections",
        "backup:ListBackupSelections",
        "BackupSelectionsList",
        &["BackupPlanId"],
    ),
    list("backup.list-backup-vaults", "backup:ListBackupVaults", "BackupVaultList"),
    jobs("backup.list-copy-jobs", "backup:ListCopyJobs", "CopyJobs"),
    list("backup.list-frameworks", "backup:ListFrameworks", "Frameworks"),
    list("backup.list-legal-holds", "backup:ListLegalHolds", "LegalHolds"),
    list("backup.list-protected-resources", "backup:ListProtectedResources", "Results"),
    list_of(
        "backup.list-recovery-points-by-backup-vault",
        "backup:ListRecoveryPointsByBackupVault",
        "RecoveryPoints",
        &["BackupVaultName"],
    ),
    list("backup.list-report-plans", "backup:ListReportPlans", "ReportPlans"),
    jobs("backup.list-restore-jobs", "backup:ListRestoreJobs", "RestoreJobs"),
    list("backup.list-restore-testing-plans", "backup:ListRestoreTestingPlans", "RestoreTestingPlans"),
    list_of(
        "backup.list-restore-testing-selections",
        "backup:ListRestoreTestingSelections",
        "RestoreTestingSelections",
        &["RestoreTestingPlanName"],
    ),
    get("backup.list-tags", "backup:ListTags", &["ResourceArn"]),
    resources(
        "cloudformation.list-stacks",
        "cloudformation:ListStacks",
        "StackSummaries",
        NEXT_TOKEN,
        &["AWS::CloudFormation::Stack"],
    ),
    list("cloudtrail.describe-trails", "cloudtrail:DescribeTrails", "trailList"),
    get("cloudtrail.get-trail-status", "cloudtrail:GetTrailStatus", &["Name"]),
    // DocumentDB and Neptune answer with clusters of other engines too unless asked for their own.
    Operation {
        windows: &["Filters"],
        ..resources(
            "docdb.describe-db-clusters",
            "rds:DescribeDBClusters",
            "DBClusters",
            MARKER,
            &["AWS::DocDB::DBCluster"],
        )
    },
    resources(
        "dsql.list-clusters",
        "dsql:ListClusters",
        "clusters",
        LOWER_NEXT_TOKEN,
        &["AWS::DSQL::Cluster"],
    ),
    resources(
        "dynamodb.list-tables",
        "dynamodb:ListTables",
        "TableNames",
        ("ExclusiveStartTableName", "LastEvaluatedTableName"),
        &["AWS::DynamoDB::Table"],
    ),
    resources(
        "ec2.describe-instances",
        "ec2:DescribeInstances",
        "Reservations",
        NEXT_TOKEN,
        &["AWS::EC2::Instance"],
    ),
    // Asked of all Regions, the answer says which of them the account may use.
    Operation { windows: &["AllRegions"], ..list("ec2.describe-regions", "ec2:DescribeRegions", "Regions") },
    resources("ec2.describe-volumes", "ec2:DescribeVolumes", "Volumes", NEXT_TOKEN, &["AWS::EC2::Volume"]),
    resources(
        "efs.describe-file-systems",
        "elasticfilesystem:DescribeFileSystems",
        "FileSystems",
        ("Marker", "NextMarker"),
        &["AWS::EFS::FileSystem"],
    ),
    resources("eks.list-clusters", "eks:ListClusters", "clusters", LOWER_NEXT_TOKEN, &["AWS::EKS::Cluster"]),
    resources(
        "fsx.describe-file-systems",
        "fsx:DescribeFileSystems",
        "FileSystems",
        NEXT_TOKEN,
        &["AWS::FSx::FileSystem"],
    ),
    resources("fsx.describe-volumes", "fsx:DescribeVolumes", "Volumes", NEXT_TOKEN, &["AWS::FSx::Volume"]),
    get("kms.describe-key", "kms:DescribeKey", &["KeyId"]),
    get("kms.get-key-rotation-status", "kms:GetKeyRotationStatus", &["KeyId"]),
    // Refused, a whole unit of a run could not be collected.
    get("lambda.invoke", "lambda:InvokeFunction", &["FunctionName"]),
    Operation {
        windows: &["Filters"],
        ..resources(
            "neptune.describe-db-clusters",
            "rds:DescribeDBClusters",
            "DBClusters",
            MARKER,
            &["AWS::Neptune::DBCluster"],
        )
    },
    get("organizations.describe-effective-policy", "organizations:DescribeEffectivePolicy", &["PolicyType"]),
    get("organizations.describe-organization", "organizations:DescribeOrganization", &[]),
    get("organizations.describe-policy", "organizations:DescribePolicy", &["PolicyId"]),
    list("organizations.list-accounts", "organizations:ListAccounts", "Accounts"),
    list_of(
        "organizations.list-accounts-for-parent",
        "organizations:ListAccountsForParent",
        "Accounts",
        &["ParentId"],
    ),
    list_of(
        "organizations.list-organizational-units-for-parent",
        "organizations:ListOrganizationalUnitsForParent",
        "OrganizationalUnits",
        &["ParentId"],
    ),
    list_of("organizations.list-parents", "organizations:ListParents", "Parents", &["ChildId"]),
    // Backup policies are asked for by their type.
    Operation {
        windows: &["Filter"],
        ..list("organizations.list-policies", "organizations:ListPolicies", "Policies")
    },
    list("organizations.list-roots", "organizations:ListRoots", "Roots"),
    list_of(
        "organizations.list-targets-for-policy",
        "organizations:ListTargetsForPolicy",
        "Targets",
        &["PolicyId"],
    ),
    resources(
        "rds.describe-db-clusters",
        "rds:DescribeDBClusters",
        "DBClusters",
        MARKER,
        &["AWS::RDS::DBCluster"],
    ),
    resources(
        "rds.describe-db-instances",
        "rds:DescribeDBInstances",
        "DBInstances",
        MARKER,
        &["AWS::RDS::DBInstance"],
    ),
    resources(
        "redshift-serverless.list-namespaces",
        "redshift-serverless:ListNamespaces",
        "namespaces",
        LOWER_NEXT_TOKEN,
        &["AWS::RedshiftServerless::Namespace"],
    ),
    resources(
        "redshift.describe-clusters",
        "redshift:DescribeClusters",
        "Clusters",
        MARKER,
        &["AWS::Redshift::Cluster"],
    ),
    Operation {
        token: ("PaginationToken", "PaginationToken"),
        ..list("resourcegroupstaggingapi.get-resources", "tag:GetResources", "ResourceTagMappingList")
    },
    resources(
        "s3api.list-buckets",
        "s3:ListAllMyBuckets",
        "Buckets",
        ("ContinuationToken", "ContinuationToken"),
        &["AWS::S3::Bucket"],
    ),
    resources(
        "ssm-sap.list-databases",
        "ssm-sap:ListDatabases",
        "Databases",
        NEXT_TOKEN,
        &["AWS::SystemsManagerSAP::Application"],
    ),
    resources(
        "storagegateway.list-volumes",
        "storagegateway:ListVolumes",
        "VolumeInfos",
        MARKER,
        &["AWS::StorageGateway::Volume"],
    ),
    get("sts.assume-role", "sts:AssumeRole", &["RoleArn"]),
    resources(
        "timestream-write.list-tables",
        "timestream:ListTables",
        "Tables",
        NEXT_TOKEN,
        &["AWS::Timestream::Table"],
    ),
];

impl Operation {
    /// The operation with this CLI name, if it is one that is read.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.binary_search_by(|it| it.name.cmp(name)).ok().and_then(|index| OPERATIONS.get(index))
    }

    /// The operation that this IAM action allows, if it is one that is read.
    pub fn allowed_by(action: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|it| it.action == action)
    }

    /// The owning service's list of resources of this type, in CloudFormation's name.
    pub fn listing(type_name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|it| it.lists.contains(&type_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_name_and_by_action() {
        assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
        for operation in OPERATIONS {
            assert_eq!(Operation::named(operation.name), Some(operation));
            let allowed = Operation::allowed_by(operation.action).unwrap();
            assert_eq!(allowed.action, operation.action);
        }
        for kind in crate::model::ResourceType::all() {
            assert!(Operation::listing(kind.cloudformation()).is_some(), "{kind:?} is listed by nothing");
        }
        assert_eq!(Operation::named("backup.list-report-jobs"), None);
    }
}
