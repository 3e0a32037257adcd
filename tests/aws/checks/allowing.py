"""Signatures are verified and IAM is enforced on seeded state, with the action each operation needs."""

import json

import botocore.exceptions

from .asking import call, refused, same

READER = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Resource": "*",
     "Action": ["backup:List*", "elasticfilesystem:DescribeFileSystems", "tag:GetResources", "s3:ListAllMyBuckets",
                "timestream:ListTables", "timestream:DescribeEndpoints", "rds:DescribeDBClusters", "dsql:ListClusters",
                "backup-gateway:ListVirtualMachines", "ssm-sap:ListDatabases", "dynamodb:ListTables",
                "ec2:DescribeVolumes"]},
    {"Effect": "Deny", "Action": "backup:ListCopyJobs", "Resource": "*"},
    {"Effect": "Deny", "Action": "*", "Resource": "*",
     "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}},
]}

ACCESS = [
    ("backup", "ListBackupVaults", None),
    ("backup", "ListCopyJobs", "AccessDeniedException"),
    ("backup", "DescribeRegionSettings", "AccessDeniedException"),
    ("efs", "DescribeFileSystems", None),
    ("resourcegroupstaggingapi", "GetResources", None),
    ("s3", "ListBuckets", None),
    ("timestream-write", "ListTables", None),
    ("timestream-write", "DescribeEndpoints", None),
    ("rds", "DescribeDBClusters", None),
    ("rds", "DescribeDBInstances", "AccessDenied"),
    ("dsql", "ListClusters", None),
    ("backup-gateway", "ListVirtualMachines", None),
    ("ssm-sap", "ListDatabases", None),
    ("eks", "ListClusters", "AccessDeniedException"),
    ("fsx", "DescribeVolumes", "AccessDeniedException"),
    ("redshift", "DescribeClusters", "AccessDenied"),
    ("cloudformation", "ListStacks", "AccessDenied"),
    ("ec2", "DescribeVolumes", None),
    ("ec2", "DescribeInstances", "UnauthorizedOperation"),
    ("dynamodb", "ListTables", None),
    ("storagegateway", "ListVolumes", "AccessDeniedException"),
    ("redshift-serverless", "ListNamespaces", "AccessDeniedException"),
]


def access(server):
    account = "222233334444"
    iam = server.client("iam", account, "us-east-1")
    call(iam, "CreateUser", UserName="reader")
    call(iam, "PutUserPolicy", UserName="reader", PolicyName="p", PolicyDocument=json.dumps(READER))
    key = call(iam, "CreateAccessKey", UserName="reader")["AccessKey"]
    user = (key["AccessKeyId"], "eu-west-1", key["SecretAccessKey"])
    for service, operation, code in ACCESS:
        client = server.client(service, *user)
        got = None
        try:
            call(client, operation)
        except botocore.exceptions.ClientError as error:
            got = error.response["Error"]["Code"]
        same(f"{service} {operation}", got, code)
    same("it is this account's", call(server.client("backup", *user), "ListBackupVaults"),
         call(server.client("backup", account, "eu-west-1"), "ListBackupVaults"))
    elsewhere = server.client("backup", user[0], "eu-central-1", user[2])
    same("elsewhere", refused(elsewhere, "ListBackupVaults")[0], "AccessDeniedException")
    wrong = server.client("backup", user[0], user[1], "wrong")
    same("wrong secret", refused(wrong, "ListBackupVaults")[0], "InvalidSignatureException")
    unknown = server.client("backup", "AKIAUNKNOWNUNKNOWN00", user[1], "x")
    same("unknown key", refused(unknown, "ListBackupVaults")[0], "UnrecognizedClientException")
    _role(server, account)
    root = server.client("backup", account, "eu-west-1")
    point = call(root, "ListRecoveryPointsByBackupVault", BackupVaultName="acme-org")["RecoveryPoints"][0]
    asked = {"BackupVaultName": "acme-org", "RecoveryPointArn": point["RecoveryPointArn"]}
    code, _, message = refused(root, "DeleteRecoveryPoint", **asked)
    same("what a vault's policy denies", (code, "resource-based policy" in message), ("AccessDeniedException", True))


def _role(server, account):
    """A role in another account, for who knows its external id."""
    iam = server.client("iam", account, "us-east-1")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
         "Condition": {"StringEquals": {"sts:ExternalId": "known"}}}]}
    role = call(iam, "CreateRole", RoleName="audit", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    call(iam, "PutRolePolicy", RoleName="audit", PolicyName="p", PolicyDocument=json.dumps(READER))
    sts = server.client("sts", "111122223333", "eu-west-1")
    same("no external id", refused(sts, "AssumeRole", RoleArn=role, RoleSessionName="session")[0], "AccessDenied")
    given = call(sts, "AssumeRole", RoleArn=role, RoleSessionName="session", ExternalId="known")["Credentials"]
    backup = server.client("backup", given["AccessKeyId"], "eu-west-1", given["SecretAccessKey"],
                           given["SessionToken"])
    names = [it["BackupVaultName"] for it in call(backup, "ListBackupVaults")["BackupVaultList"]]
    assert "prod-primary" in names, names
    same("role", refused(backup, "DescribeRegionSettings")[0], "AccessDeniedException")
