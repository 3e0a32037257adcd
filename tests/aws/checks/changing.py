"""AWS Backup's changing operations: what they change, what they refuse, and the events that tell of them."""

import json
import time

from .asking import call, refused, same

def changes(server):
    """AWS Backup's changing operations change what is read, refuse what AWS refuses, and are told of."""
    account, region = "555566667777", "eu-west-1"
    backup = server.client("backup", account, region)
    queue = _listen(server, account, region)
    vault = {"BackupVaultName": "new"}
    arn = call(backup, "CreateBackupVault", **vault, BackupVaultTags={"a": "b"})["BackupVaultArn"]
    same("twice", refused(backup, "CreateBackupVault", **vault)[0], "AlreadyExistsException")
    same("tags", call(backup, "ListTags", ResourceArn=arn)["Tags"], {"a": "b"})
    call(backup, "TagResource", ResourceArn=arn, Tags={"Case": "Kept"})
    call(backup, "UntagResource", ResourceArn=arn, TagKeyList=["a"])
    same("tags", call(backup, "ListTags", ResourceArn=arn)["Tags"], {"Case": "Kept"})
    call(backup, "PutBackupVaultAccessPolicy", **vault, Policy="{}")
    same("policy", call(backup, "GetBackupVaultAccessPolicy", **vault)["Policy"], "{}")
    call(backup, "DeleteBackupVaultAccessPolicy", **vault)
    same("no policy", refused(backup, "GetBackupVaultAccessPolicy", **vault)[0], "ResourceNotFoundException")
    call(backup, "PutBackupVaultLockConfiguration", **vault, MinRetentionDays=7, ChangeableForDays=3)
    held = call(backup, "DescribeBackupVault", **vault)
    same("lock", (held["Locked"], held["MinRetentionDays"], held["LockDate"].timestamp() > time.time()),
         (True, 7, True))
    _points(server, backup, account, region)
    call(backup, "DeleteBackupVault", **vault)
    same("vaults", [it["BackupVaultName"] for it in call(backup, "ListBackupVaults")["BackupVaultList"]], [])
    _plans(backup)
    call(backup, "UpdateRegionSettings", ResourceTypeOptInPreference={"S3": False})
    same("settings", call(backup, "DescribeRegionSettings")["ResourceTypeOptInPreference"]["S3"], False)
    _events(queue, account, region)


def _listen(server, account, region):
    """A queue that gets every event of AWS Backup."""
    sqs, events = server.client("sqs", account, region), server.client("events", account, region)
    url = call(sqs, "CreateQueue", QueueName="told")["QueueUrl"]
    call(events, "PutRule", Name="told", EventPattern=json.dumps({"source": ["aws.backup"]}))
    call(events, "PutTargets", Rule="told", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{region}:{account}:told"}])
    return sqs, url


def _points(server, backup, account, region):
    point = {"RecoveryPointArn": f"arn:aws:ec2:{region}::snapshot/snap-1", "ResourceArn": "arn:aws:ec2:x",
             "CreationDate": 1700000000, "Status": "COMPLETED"}
    told = {"account": account, "region": region, "operation": "backup.list-recovery-points-by-backup-vault",
            "request": {"BackupVaultName": "new"}, "response": {"RecoveryPoints": [point]}}
    server.control("POST", "records", json.dumps(told).encode())
    asked = {"BackupVaultName": "new", "RecoveryPointArn": point["RecoveryPointArn"]}
    same("locked", refused(backup, "DeleteRecoveryPoint", **asked)[0], "InvalidRequestException")
    call(backup, "DeleteBackupVaultLockConfiguration", BackupVaultName="new")
    got = call(backup, "UpdateRecoveryPointLifecycle", **asked, Lifecycle={"DeleteAfterDays": 1})
    same("life", got["CalculatedLifecycle"]["DeleteAt"].timestamp(), 1700000000 + 86400)
    same("not empty", refused(backup, "DeleteBackupVault", BackupVaultName="new")[0], "InvalidRequestException")
    call(backup, "DeleteRecoveryPoint", **asked)
    same("gone", refused(backup, "DescribeRecoveryPoint", **asked)[0], "ResourceNotFoundException")


def _plans(backup):
    rule = {"RuleName": "daily", "TargetBackupVaultName": "new", "Lifecycle": {"DeleteAfterDays": 35}}
    made = call(backup, "CreateBackupPlan", BackupPlan={"BackupPlanName": "p", "Rules": [rule]})
    plan = {"BackupPlanId": made["BackupPlanId"]}
    changed = call(backup, "UpdateBackupPlan", **plan,
                   BackupPlan={"BackupPlanName": "p", "Rules": [rule | {"Lifecycle": {"DeleteAfterDays": 1}}]})
    for version, days in ((None, 1), (made["VersionId"], 35), (changed["VersionId"], 1)):
        asked = plan | ({"VersionId": version} if version else {})
        got = call(backup, "GetBackupPlan", **asked)
        same("days", got["BackupPlan"]["Rules"][0]["Lifecycle"]["DeleteAfterDays"], days)
    same("versions", len(call(backup, "ListBackupPlanVersions", **plan)["BackupPlanVersionsList"]), 2)
    selection = {"SelectionName": "s", "IamRoleArn": "arn:aws:iam::555566667777:role/r", "Resources": ["*"]}
    chosen = call(backup, "CreateBackupSelection", **plan, BackupSelection=selection)
    same("held", refused(backup, "DeleteBackupPlan", **plan)[0], "InvalidRequestException")
    asked = plan | {"SelectionId": chosen["SelectionId"]}
    same("selection", call(backup, "GetBackupSelection", **asked)["BackupSelection"]["Resources"], ["*"])
    call(backup, "DeleteBackupSelection", **asked)
    call(backup, "DeleteBackupPlan", **plan)
    same("plans", call(backup, "ListBackupPlans")["BackupPlansList"], [])
    same("deleted plans", len(call(backup, "ListBackupPlans", IncludeDeleted=True)["BackupPlansList"]), 1)


def _events(queue, account, region):
    sqs, url = queue
    told, until = {}, time.monotonic() + 10
    wanted = {"CreateBackupVault", "TagResource", "UntagResource", "PutBackupVaultAccessPolicy",
              "DeleteBackupVaultAccessPolicy", "PutBackupVaultLockConfiguration", "DeleteBackupVault",
              "DeleteBackupVaultLockConfiguration", "UpdateRecoveryPointLifecycle", "DeleteRecoveryPoint",
              "CreateBackupPlan", "UpdateBackupPlan", "CreateBackupSelection", "DeleteBackupSelection",
              "DeleteBackupPlan", "UpdateRegionSettings"}
    while set(told) != wanted and time.monotonic() < until:
        for it in call(sqs, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(it["Body"])
            told[event["detail"]["eventName"]] = event
    same("events", set(told), wanted)
    event = told["PutBackupVaultLockConfiguration"]
    same("envelope", (event["source"], event["detail-type"], event["account"], event["region"]),
         ("aws.backup", "AWS API Call via CloudTrail", account, region))
    detail = event["detail"]
    same("requestParameters", detail["requestParameters"],
         {"backupVaultName": "new", "minRetentionDays": 7, "changeableForDays": 3})
    same("who", (detail["userIdentity"]["arn"], detail["recipientAccountId"]),
         (f"arn:aws:iam::{account}:root", account))
    rules = told["UpdateBackupPlan"]["detail"]["requestParameters"]["backupPlan"]["rules"]
    same("rules", rules[0]["lifecycle"], {"deleteAfterDays": 1})
    same("keys of tags stay", told["TagResource"]["detail"]["requestParameters"]["tags"], {"Case": "Kept"})
