"""The operations answered from state, as data: where their records are, how they page, what narrows them.

Sizes of pages are AWS's documented ones; where AWS documents none, as for AWS Backup, the default is the largest.
Says nothing of how a page is made.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Listing:
    """An operation that answers with a list."""

    service: str
    operation: str
    member: str
    collection: str
    key: str = ""
    scope: tuple = ()
    size: str = "MaxResults"
    token: tuple = ("NextToken", "NextToken")
    sizes: tuple = (1, 1000, 1000)
    filters: dict = field(default_factory=dict)
    parent: tuple = ()
    last_token: str | None = None
    place: str = ""
    otherwise: bool = False


@dataclass(frozen=True)
class Getting:
    """An operation that answers with one record of a collection."""

    service: str
    operation: str
    collection: str
    key: tuple
    scope: tuple = ()
    wrapper: str = ""
    needs: str = ""
    missing: tuple = ("ResourceNotFoundException", "{key} does not exist")
    place: str = ""
    otherwise: bool = False


@dataclass(frozen=True)
class Single:
    """An operation that answers with a thing of its own, told by request parameters."""

    service: str
    operation: str
    thing: str
    key: tuple = ()
    default: object = None
    missing: tuple = ("ResourceNotFoundException", "{key} does not exist")
    place: str = ""
    otherwise: bool = False


def _equals(member):
    return ("equals", member)


def _window(created="CreationDate", completed="CompletionDate"):
    return {
        "ByCreatedAfter": ("after", created),
        "ByCreatedBefore": ("before", created),
        "ByCompleteAfter": ("after", completed),
        "ByCompleteBefore": ("before", completed),
    }


_BACKUP_JOBS = _window() | {
    "ByResourceArn": _equals("ResourceArn"),
    "ByState": _equals("State"),
    "ByBackupVaultName": _equals("BackupVaultName"),
    "ByResourceType": _equals("ResourceType"),
    "ByAccountId": ("account", "AccountId"),
    "ByParentJobId": _equals("ParentJobId"),
    "ByMessageCategory": _equals("MessageCategory"),
}
_COPY_JOBS = _window() | {
    "ByResourceArn": _equals("ResourceArn"),
    "ByState": _equals("State"),
    "ByResourceType": _equals("ResourceType"),
    "ByDestinationVaultArn": _equals("DestinationBackupVaultArn"),
    "ByAccountId": ("account", "AccountId"),
    "ByParentJobId": _equals("ParentJobId"),
    "ByMessageCategory": _equals("MessageCategory"),
    "BySourceRecoveryPointArn": _equals("SourceRecoveryPointArn"),
}
_RESTORE_JOBS = _window() | {
    "ByAccountId": ("account", "AccountId"),
    "ByResourceType": _equals("ResourceType"),
    "ByStatus": _equals("Status"),
    "ByRestoreTestingPlanArn": _equals("CreatedBy.RestoreTestingPlanArn"),
    "ByParentJobId": _equals("ParentJobId"),
    "ByRecoveryPointCreationDateAfter": ("after", "RecoveryPointCreationDate"),
    "ByRecoveryPointCreationDateBefore": ("before", "RecoveryPointCreationDate"),
}
_POINTS = {
    "ByResourceArn": _equals("ResourceArn"),
    "ByResourceType": _equals("ResourceType"),
    "ByBackupPlanId": _equals("CreatedBy.BackupPlanId"),
    "ByCreatedAfter": ("after", "CreationDate"),
    "ByCreatedBefore": ("before", "CreationDate"),
    "ByParentRecoveryPointArn": _equals("ParentRecoveryPointArn"),
}
_SCAN_JOBS = {
    "ByAccountId": ("account", "AccountId"),
    "ByBackupVaultName": _equals("BackupVaultName"),
    "ByCompleteAfter": ("after", "CompletionDate"),
    "ByCompleteBefore": ("before", "CompletionDate"),
    "ByMalwareScanner": _equals("MalwareScanner"),
    "ByRecoveryPointArn": _equals("RecoveryPointArn"),
    "ByResourceArn": _equals("ResourceArn"),
    "ByResourceType": _equals("ResourceType"),
    "ByScanResultStatus": _equals("ScanResult.ScanResultStatus"),
    "ByState": _equals("State"),
}


def _backup(operation, member, collection, key, **more):
    return Listing("backup", operation, member, collection, key, **more)


_VAULT = ("vaults", "BackupVaultName")
_PLAN = ("plans", "BackupPlanId")
_TEST = ("restore tests", "RestoreTestingPlanName")

_BACKUP_LISTINGS = [
    _backup("ListBackupVaults", "BackupVaultList", "vaults", "BackupVaultName",
            filters={"ByVaultType": _equals("VaultType")}),
    _backup("ListBackupPlans", "BackupPlansList", "plans", "BackupPlanId",
            filters={"IncludeDeleted": ("deleted", "DeletionDate")}),
    _backup("ListBackupPlanVersions", "BackupPlanVersionsList", "plan versions", "VersionId",
            scope=("BackupPlanId",), parent=_PLAN),
    _backup("ListBackupSelections", "BackupSelectionsList", "selections", "SelectionId",
            scope=("BackupPlanId",), parent=_PLAN),
    _backup("ListRecoveryPointsByBackupVault", "RecoveryPoints", "points", "RecoveryPointArn",
            scope=("BackupVaultName",), parent=_VAULT, filters=_POINTS),
    _backup("ListRecoveryPointsByResource", "RecoveryPoints", "points of resource", "RecoveryPointArn",
            scope=("ResourceArn",)),
    _backup("ListRecoveryPointsByLegalHold", "RecoveryPoints", "points of hold", "RecoveryPointArn",
            scope=("LegalHoldId",)),
    _backup("ListProtectedResources", "Results", "protected", "ResourceArn"),
    _backup("ListProtectedResourcesByBackupVault", "Results", "protected of vault", "ResourceArn",
            scope=("BackupVaultName",), parent=_VAULT),
    _backup("ListBackupJobs", "BackupJobs", "backup jobs", "BackupJobId", filters=_BACKUP_JOBS),
    _backup("ListCopyJobs", "CopyJobs", "copy jobs", "CopyJobId", filters=_COPY_JOBS),
    _backup("ListRestoreJobs", "RestoreJobs", "restore jobs", "RestoreJobId", filters=_RESTORE_JOBS),
    _backup("ListRestoreJobsByProtectedResource", "RestoreJobs", "restore jobs of resource", "RestoreJobId",
            scope=("ResourceArn",), filters=_RESTORE_JOBS),
    _backup("ListScanJobs", "ScanJobs", "scan jobs", "ScanJobId", filters=_SCAN_JOBS),
    _backup("ListLegalHolds", "LegalHolds", "legal holds", "LegalHoldId"),
    _backup("ListRestoreTestingPlans", "RestoreTestingPlans", "restore tests", "RestoreTestingPlanName"),
    _backup("ListRestoreTestingSelections", "RestoreTestingSelections", "restore test selections",
            "RestoreTestingSelectionName", scope=("RestoreTestingPlanName",), parent=_TEST),
    _backup("ListFrameworks", "Frameworks", "frameworks", "FrameworkName"),
    _backup("ListReportPlans", "ReportPlans", "report plans", "ReportPlanName"),
    _backup("ListReportJobs", "ReportJobs", "report jobs", "ReportJobId",
            filters={"ByReportPlanName": _equals("ReportPlanName"), "ByStatus": _equals("Status"),
                     "ByCreationAfter": ("after", "CreationTime"), "ByCreationBefore": ("before", "CreationTime")}),
    _backup("ListTieringConfigurations", "TieringConfigurations", "tierings", "TieringConfigurationName"),
]

_LOWER = {"size": "maxResults", "token": ("nextToken", "nextToken")}
_MARKER = {"size": "MaxRecords", "token": ("Marker", "Marker"), "sizes": (20, 100, 100)}
_TWENTY = {"sizes": (1, 20, 20), "place": "organization"}
_EC2_PAGE = {"sizes": (5, 1000, 1000)}

_OTHER_LISTINGS = [
    Listing("backup-gateway", "ListVirtualMachines", "VirtualMachines", "virtual machines", "ResourceArn",
            sizes=(1, 100, 100), filters={"HypervisorArn": _equals("HypervisorId")}),
    Listing("cloudformation", "ListStacks", "StackSummaries", "stacks", "StackId", size="", sizes=(1, 100, 100),
            filters={"StackStatusFilter": ("in", "StackStatus")}),
    Listing("dsql", "ListClusters", "clusters", "dsql clusters", "identifier", sizes=(1, 100, 100), **_LOWER),
    Listing("dynamodb", "ListTables", "TableNames", "tables", "", size="Limit", sizes=(1, 100, 100),
            token=("ExclusiveStartTableName", "LastEvaluatedTableName")),
    Listing("ec2", "DescribeVolumes", "Volumes", "volumes", "VolumeId", **_EC2_PAGE,
            filters={"VolumeIds": ("in", "VolumeId"),
                     "Filters": ("filters", {"volume-id": "VolumeId", "status": "State", "encrypted": "Encrypted",
                                             "volume-type": "VolumeType", "availability-zone": "AvailabilityZone"})}),
    Listing("ec2", "DescribeInstances", "Reservations", "reservations", "ReservationId", **_EC2_PAGE,
            filters={"InstanceIds": ("in", "Instances.InstanceId"),
                     "Filters": ("filters", {"instance-id": "Instances.InstanceId",
                                             "instance-state-name": "Instances.State.Name",
                                             "owner-id": "OwnerId"})}),
    Listing("ec2", "DescribeRegions", "Regions", "regions", "RegionName", size="", token=("", ""), place="global",
            filters={"RegionNames": ("in", "RegionName"), "AllRegions": ("enabled", "OptInStatus")}),
    Listing("efs", "DescribeFileSystems", "FileSystems", "efs", "FileSystemId", size="MaxItems", sizes=(1, 100, 100),
            token=("Marker", "NextMarker"),
            filters={"FileSystemId": _equals("FileSystemId"), "CreationToken": _equals("CreationToken")}),
    Listing("eks", "ListClusters", "clusters", "eks clusters", "", sizes=(1, 100, 100), **_LOWER),
    Listing("fsx", "DescribeFileSystems", "FileSystems", "fsx", "FileSystemId", sizes=(1, 2147483647, 1000),
            filters={"FileSystemIds": ("in", "FileSystemId")}),
    Listing("fsx", "DescribeVolumes", "Volumes", "fsx volumes", "VolumeId", sizes=(1, 2147483647, 1000),
            filters={"VolumeIds": ("in", "VolumeId"),
                     "Filters": ("filters", {"file-system-id": "FileSystemId"})}),
    Listing("rds", "DescribeDBInstances", "DBInstances", "db instances", "DBInstanceArn", **_MARKER,
            filters={"DBInstanceIdentifier": ("id", ("DBInstanceIdentifier", "DBInstanceArn")),
                     "Filters": ("filters", {"engine": "Engine", "db-instance-id": "DBInstanceIdentifier",
                                             "db-cluster-id": "DBClusterIdentifier",
                                             "dbi-resource-id": "DbiResourceId"})}),
    Listing("rds", "DescribeDBClusters", "DBClusters", "db clusters", "DBClusterArn", **_MARKER,
            filters={"DBClusterIdentifier": ("id", ("DBClusterIdentifier", "DBClusterArn")),
                     "Filters": ("filters", {"engine": "Engine", "db-cluster-id": "DBClusterIdentifier",
                                             "db-cluster-resource-id": "DbClusterResourceId"})}),
    Listing("redshift", "DescribeClusters", "Clusters", "redshift", "ClusterIdentifier", **_MARKER,
            filters={"ClusterIdentifier": ("id", ("ClusterIdentifier",))}),
    Listing("redshift-serverless", "ListNamespaces", "namespaces", "namespaces", "namespaceArn",
            sizes=(1, 100, 100), **_LOWER),
    Listing("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", "tagged", "ResourceARN",
            size="ResourcesPerPage", sizes=(1, 100, 50), token=("PaginationToken", "PaginationToken"), last_token="",
            filters={"TagFilters": ("tags", "Tags"), "ResourceTypeFilters": ("arn types", "ResourceARN"),
                     "ResourceARNList": ("in", "ResourceARN")}),
    Listing("s3", "ListBuckets", "Buckets", "buckets", "Name", size="MaxBuckets", sizes=(1, 10000, 10000),
            token=("ContinuationToken", "ContinuationToken"), place="global",
            filters={"Prefix": ("prefix", "Name"), "BucketRegion": _equals("BucketRegion")}),
    Listing("ssm-sap", "ListDatabases", "Databases", "sap databases", "Arn", sizes=(1, 50, 50),
            filters={"ApplicationId": _equals("ApplicationId"), "ComponentId": _equals("ComponentId")}),
    Listing("storagegateway", "ListVolumes", "VolumeInfos", "gateway volumes", "VolumeARN", size="Limit",
            sizes=(1, 100, 100), token=("Marker", "Marker"), filters={"GatewayARN": _equals("GatewayARN")}),
    Listing("timestream-write", "ListTables", "Tables", "timestream tables", "Arn", sizes=(1, 20, 20),
            filters={"DatabaseName": _equals("DatabaseName")}),
    Listing("cloudtrail", "DescribeTrails", "trailList", "trails", "TrailARN", size="", token=("", ""),
            filters={"trailNameList": ("any id", ("Name", "TrailARN"))}, otherwise=True),
    Listing("kms", "ListAliases", "Aliases", "aliases", "AliasName", size="Limit", sizes=(1, 100, 50),
            token=("Marker", "NextMarker"), filters={"KeyId": _equals("TargetKeyId")}, otherwise=True),
    Listing("organizations", "ListAccounts", "Accounts", "org-accounts", "Id", **_TWENTY),
    Listing("organizations", "ListRoots", "Roots", "org-roots", "Id", **_TWENTY),
    Listing("organizations", "ListAccountsForParent", "Accounts", "org-accounts-of", "Id", ("ParentId",), **_TWENTY),
    Listing("organizations", "ListOrganizationalUnitsForParent", "OrganizationalUnits", "org-units-of", "Id",
            ("ParentId",), **_TWENTY),
    Listing("organizations", "ListParents", "Parents", "org-parents", "Id", ("ChildId",), **_TWENTY),
    Listing("organizations", "ListChildren", "Children", "org-children", "Id", ("ParentId", "ChildType"), **_TWENTY),
    Listing("organizations", "ListPolicies", "Policies", "org-policies", "Id", ("Filter",), **_TWENTY),
    Listing("organizations", "ListPoliciesForTarget", "Policies", "org-policies-of", "Id", ("TargetId", "Filter"),
            **_TWENTY),
    Listing("organizations", "ListTargetsForPolicy", "Targets", "org-targets", "TargetId", ("PolicyId",), **_TWENTY),
    Listing("organizations", "ListDelegatedAdministrators", "DelegatedAdministrators", "org-delegates", "Id",
            **_TWENTY),
    Listing("organizations", "ListTagsForResource", "Tags", "org-tags", "Key", ("ResourceId",), size="", **_TWENTY),
]

LISTINGS = {(it.service, it.operation): it for it in _BACKUP_LISTINGS + _OTHER_LISTINGS}


def _get(operation, collection, *key, **more):
    return Getting("backup", operation, collection, key, **more)


_GETTINGS = [
    _get("DescribeBackupVault", "vaults", "BackupVaultName"),
    _get("GetBackupPlan", "plans", "BackupPlanId", needs="BackupPlan"),
    _get("GetBackupSelection", "selections", "SelectionId", scope=("BackupPlanId",), needs="BackupSelection"),
    _get("DescribeRecoveryPoint", "points", "RecoveryPointArn", scope=("BackupVaultName",)),
    _get("DescribeProtectedResource", "protected", "ResourceArn"),
    _get("DescribeBackupJob", "backup jobs", "BackupJobId"),
    _get("DescribeCopyJob", "copy jobs", "CopyJobId", wrapper="CopyJob"),
    _get("DescribeRestoreJob", "restore jobs", "RestoreJobId"),
    _get("DescribeScanJob", "scan jobs", "ScanJobId"),
    _get("GetLegalHold", "legal holds", "LegalHoldId"),
    _get("GetRestoreTestingPlan", "restore tests", "RestoreTestingPlanName", wrapper="RestoreTestingPlan"),
    _get("GetRestoreTestingSelection", "restore test selections", "RestoreTestingSelectionName",
         scope=("RestoreTestingPlanName",), wrapper="RestoreTestingSelection"),
    _get("DescribeFramework", "frameworks", "FrameworkName"),
    _get("DescribeReportPlan", "report plans", "ReportPlanName", wrapper="ReportPlan"),
    _get("DescribeReportJob", "report jobs", "ReportJobId", wrapper="ReportJob"),
    _get("GetTieringConfiguration", "tierings", "TieringConfigurationName", wrapper="TieringConfiguration"),
    Getting("organizations", "DescribeAccount", "org-accounts", ("AccountId",), wrapper="Account",
            place="organization", missing=("AccountNotFoundException", "You specified an account that doesn't exist.")),
    Getting("organizations", "DescribeOrganizationalUnit", "org-units", ("OrganizationalUnitId",),
            wrapper="OrganizationalUnit", place="organization",
            missing=("OrganizationalUnitNotFoundException", "You specified a unit that doesn't exist.")),
]

GETTINGS = {(it.service, it.operation): it for it in _GETTINGS}

# The request's name of a record's key, where it is not the member's name.
KEY_MEMBERS = {"AccountId": "Id", "OrganizationalUnitId": "Id"}

_TYPES = ("Aurora", "Aurora DSQL", "CloudFormation", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "EKS", "FSx",
          "Neptune", "RDS", "Redshift", "Redshift Serverless", "S3", "SAP HANA on Amazon EC2", "Storage Gateway",
          "Timestream", "VirtualMachine")

_SINGLES = [
    Single("backup", "GetBackupVaultAccessPolicy", "vault policy", ("BackupVaultName",),
           missing=("ResourceNotFoundException", "Backup vault access policy not found for backup vault {key}")),
    Single("backup", "GetBackupVaultNotifications", "vault notifications", ("BackupVaultName",),
           missing=("ResourceNotFoundException", "Failed reading notifications from database for Backup vault {key}")),
    Single("backup", "DescribeRegionSettings", "region settings",
           default={"ResourceTypeOptInPreference": {it: True for it in _TYPES},
                    "ResourceTypeManagementPreference": {"DynamoDB": True, "EFS": True}}),
    Single("backup", "DescribeGlobalSettings", "global settings", place="global",
           default={"GlobalSettings": {"isCrossAccountBackupEnabled": "false"}}),
    Single("backup", "ListTags", "tags", ("ResourceArn",), default={"Tags": {}}),
    Single("backup", "GetSupportedResourceTypes", "supported types", default={"ResourceTypes": list(_TYPES)}),
    Single("organizations", "DescribeOrganization", "organization", place="organization",
           missing=("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")),
    Single("organizations", "DescribePolicy", "org policy", ("PolicyId",), place="organization",
           missing=("PolicyNotFoundException", "You specified a policy that doesn't exist.")),
    Single("organizations", "DescribeEffectivePolicy", "effective policy", ("PolicyType", "TargetId"),
           place="organization",
           missing=("EffectivePolicyNotFoundException", "This account has no effective policy of this type.")),
    Single("cloudtrail", "GetTrailStatus", "trail status", ("Name",), otherwise=True),
    Single("cloudtrail", "GetTrail", "trail", ("Name",), otherwise=True),
    Single("cloudtrail", "GetEventSelectors", "trail selectors", ("TrailName",), otherwise=True),
    Single("kms", "DescribeKey", "key", ("KeyId",), otherwise=True),
    Single("kms", "GetKeyRotationStatus", "key rotation", ("KeyId",), otherwise=True),
    Single("sts", "AssumeRole", "assumed role", ("RoleArn",), otherwise=True, place="global"),
    Single("timestream-write", "DescribeEndpoints", "endpoints"),
]

SINGLES = {(it.service, it.operation): it for it in _SINGLES}

# Parameters that say which part of a list is asked for, and not of what.
PARTS = frozenset(
    {"NextToken", "MaxResults", "nextToken", "maxResults", "Marker", "MaxRecords", "MaxItems", "Limit", "MaxBuckets",
     "ContinuationToken", "PaginationToken", "ResourcesPerPage", "ExclusiveStartTableName", "IncludeDeleted",
     "MaxScheduledRunsPreview", "AllRegions", "IncludeShared", "includeShadowTrails",
     "ByCreatedAfter", "ByCreatedBefore", "ByCompleteAfter", "ByCompleteBefore"}
)

# What a service says of a parameter it does not accept, a token included.
INVALID = {
    "backup": "InvalidParameterValueException",
    "organizations": "InvalidInputException",
    "ec2": "InvalidParameterValue",
    "rds": "InvalidParameterValue",
    "redshift": "InvalidParameterValue",
    "cloudformation": "ValidationError",
    "efs": "BadRequest",
    "fsx": "BadRequest",
    "eks": "InvalidParameterException",
    "resourcegroupstaggingapi": "InvalidParameterException",
    "storagegateway": "InvalidGatewayRequestException",
    "s3": "InvalidArgument",
}

NAMESPACES = {
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "timestream-write": "timestream",
    "stepfunctions": "states",
}
ACTIONS = {("s3", "ListBuckets"): "s3:ListAllMyBuckets"}


def action(service, operation):
    """The IAM action that an operation needs."""
    known = ACTIONS.get((service, operation))
    return known or f"{NAMESPACES.get(service, service)}:{operation}"


def answered(service, operation):
    """The entry of an operation, or None."""
    key = (service, operation)
    return LISTINGS.get(key) or GETTINGS.get(key) or SINGLES.get(key)
