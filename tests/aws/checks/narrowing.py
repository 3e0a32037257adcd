"""Filters give what the whole list says, and tokens are good for their own list only."""

from .asking import COUNTS, call, pages, refused, same
from .shapes import INVENTED, INVENTED_REGION

def filters(server):
    """Narrowed lists are what the whole list says."""
    client = server.client("backup", "222233334444", "eu-west-1")
    jobs, _ = pages(client, "backup", "ListBackupJobs", {}, 1000)
    middle = sorted(it["CreationDate"] for it in jobs)[len(jobs) // 2]
    points, _ = pages(client, "backup", "ListRecoveryPointsByBackupVault", {"BackupVaultName": "prod-primary"}, 1000)
    resource = points[0]["ResourceArn"]
    vault = {"BackupVaultName": "prod-primary"}
    cases = [
        ("ListBackupJobs", {"ByCreatedAfter": middle}, jobs, lambda it: it["CreationDate"] > middle),
        ("ListBackupJobs", {"ByCreatedBefore": middle}, jobs, lambda it: it["CreationDate"] < middle),
        ("ListBackupJobs", {"ByCompleteAfter": middle}, jobs, lambda it: it.get("CompletionDate", middle) > middle),
        ("ListBackupJobs", {"ByState": "FAILED"}, jobs, lambda it: it["State"] == "FAILED"),
        ("ListBackupJobs", {"ByState": "FAILED", "ByCreatedAfter": middle}, jobs,
         lambda it: it["State"] == "FAILED" and it["CreationDate"] > middle),
        ("ListBackupJobs", {"ByAccountId": "*"}, jobs, lambda it: True),
        ("ListBackupJobs", {"ByAccountId": "111122223333"}, jobs, lambda it: False),
        ("ListBackupJobs", {"ByResourceType": "EBS"}, jobs, lambda it: it["ResourceType"] == "EBS"),
        ("ListRecoveryPointsByBackupVault", vault | {"ByResourceArn": resource}, points,
         lambda it: it["ResourceArn"] == resource),
        ("ListRecoveryPointsByBackupVault", vault | {"ByResourceType": "S3"}, points,
         lambda it: it["ResourceType"] == "S3"),
    ]
    for operation, parameters, everything, keeps in cases:
        wanted = [it for it in everything if keeps(it)]
        same(f"{operation} {parameters}", pages(client, "backup", operation, parameters)[0], wanted)
        COUNTS["narrowed"] += len(wanted) not in (0, len(everything))
    assert COUNTS["narrowed"] >= 6, "the seed shows too little of the filters"
    by_resource, _ = pages(client, "backup", "ListRecoveryPointsByResource", {"ResourceArn": resource}, 1000)
    assert {it["RecoveryPointArn"] for it in by_resource} >= {
        it["RecoveryPointArn"] for it in points if it["ResourceArn"] == resource}
    other_filters(server)


def other_filters(server):
    tagging = server.client("resourcegroupstaggingapi", "222233334444", "eu-west-1")
    everything, _ = pages(tagging, "resourcegroupstaggingapi", "GetResources", {}, 100)
    wanted = [it for it in everything if {"Key": "env", "Value": "prod"} in it["Tags"]]
    got, _ = pages(tagging, "resourcegroupstaggingapi", "GetResources",
                   {"TagFilters": [{"Key": "env", "Values": ["prod"]}]}, 100)
    same("tag filters", got, wanted)
    got, _ = pages(tagging, "resourcegroupstaggingapi", "GetResources", {"ResourceTypeFilters": ["ec2:volume"]}, 100)
    same("type filters", got, [it for it in everything if ":volume/" in it["ResourceARN"]])
    rds = server.client("rds", "222233334444", "eu-west-1")
    for engine, number in (("aurora-postgresql", 1), ("docdb", 0)):
        found = call(rds, "DescribeDBClusters", Filters=[{"Name": "engine", "Values": [engine]}])["DBClusters"]
        same(f"clusters of {engine}", len(found), number)
    ec2 = server.client("ec2", "222233334444", "eu-west-1")
    found = call(ec2, "DescribeVolumes", Filters=[{"Name": "encrypted", "Values": ["false"]}])["Volumes"]
    same("volumes not encrypted", [it["Encrypted"] for it in found], [False] * len(found))
    s3 = server.client("s3", "222233334444", "eu-west-1")
    same("buckets by prefix", [it["Name"] for it in call(s3, "ListBuckets", Prefix="acme-t")["Buckets"]],
         ["acme-tracking-exports"])


def tokens(server):
    """A token is good for its own list only."""
    client = server.client("backup", "222233334444", "eu-west-1")
    token = call(client, "ListBackupVaults", MaxResults=1)["NextToken"]
    other = server.client("backup", "222233334444", "eu-central-1")
    cases = [
        (client, "ListBackupPlans", {"NextToken": token}),
        (other, "ListBackupVaults", {"NextToken": token}),
        (client, "ListBackupVaults", {"NextToken": "abc"}),
        (client, "ListBackupVaults", {"NextToken": token + "x"}),
        (client, "ListBackupVaults", {"NextToken": token, "ByVaultType": "BACKUP_VAULT"}),
        (client, "ListBackupVaults", {"MaxResults": 1001}),
    ]
    for it, operation, parameters in cases:
        same(f"{operation} {parameters}", refused(it, operation, **parameters)[0], "InvalidParameterValueException")
    rds = server.client("rds", INVENTED, INVENTED_REGION)
    same("MaxRecords 19", refused(rds, "DescribeDBClusters", MaxRecords=19)[0], "InvalidParameterValue")
