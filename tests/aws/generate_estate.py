"""Writes an inventory folder of any size, for measuring.

    python generate_estate.py --points 100000 --vaults 20 --plans 50 DIR

The same arguments write the same bytes. What it describes is valid and dull: nothing in it is meant to be found.
"""

import argparse
import json
import random
import uuid
from pathlib import Path

END = 1772323200  # 2026-03-01T00:00:00Z
DAY = 86400
PAGE = 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=100000, help="recovery points, over all vaults")
    parser.add_argument("--vaults", type=int, default=20)
    parser.add_argument("--plans", type=int, default=50)
    parser.add_argument("--resources", type=int, help="volumes; a hundredth of the points unless said")
    parser.add_argument("--jobs", type=int, help="backup jobs of the last 30 days; a tenth of the points unless said")
    parser.add_argument("--account", default="111122223333")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("folder", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    if arguments.resources is None:
        arguments.resources = max(1, arguments.points // 100)
    if arguments.jobs is None:
        arguments.jobs = arguments.points // 10
    Estate(arguments).write()


class Estate:
    def __init__(self, arguments):
        self.chance = random.Random(20260301)
        self.given = arguments
        self.place = arguments.folder / arguments.account / arguments.region
        self.key = self.key_arn("source")
        self.vaults = [f"vault-{number:04d}" for number in range(arguments.vaults)]
        self.plans = [str(self.uuid()) for _ in range(arguments.plans)]
        self.selections = [str(self.uuid()) for _ in self.plans]
        self.volumes = [f"vol-{self.chance.getrandbits(68):017x}" for _ in range(arguments.resources)]
        self.role = f"arn:aws:iam::{arguments.account}:role/service-role/AWSBackupDefaultServiceRole"

    def uuid(self):
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)

    def key_arn(self, name):
        words = f"{self.given.account}/{self.given.region}/{name}"
        return f"arn:aws:kms:{self.given.region}:{self.given.account}:key/{uuid.uuid5(uuid.NAMESPACE_URL, words)}"

    def backup(self, rest):
        return f"arn:aws:backup:{self.given.region}:{self.given.account}:{rest}"

    def volume(self, number):
        name = self.volumes[number % len(self.volumes)]
        return f"arn:aws:ec2:{self.given.region}:{self.given.account}:volume/{name}"

    def write(self):
        self.place.mkdir(parents=True, exist_ok=True)
        self.write_vaults()
        self.write_plans()
        self.write_points()
        self.write_resources()
        self.write_jobs()
        types = ["EBS", "EC2", "EFS", "RDS", "DynamoDB", "S3", "Aurora"]
        self.calls("backup.describe-region-settings", [
            ({}, {"ResourceTypeOptInPreference": dict.fromkeys(types, True),
                  "ResourceTypeManagementPreference": {"DynamoDB": True, "EFS": True}})])

    def calls(self, name, calls):
        with open(self.place / f"{name}.ndjson", "w", encoding="utf-8") as lines:
            for request, response in calls:
                told = {"request": request, "response": response}
                lines.write(json.dumps(told, separators=(",", ":")) + "\n")

    def pages(self, member, items, request=None):
        """Calls that list the items, a page at a time."""
        items = list(items)
        for start in range(0, max(1, len(items)), PAGE):
            asked = dict(request or {})
            response = {member: items[start : start + PAGE]}
            if start:
                asked["NextToken"] = f"page-{start // PAGE}"
            if start + PAGE < len(items):
                response["NextToken"] = f"page-{start // PAGE + 1}"
            yield asked, response

    def write_vaults(self):
        each = [len(range(number, self.given.points, len(self.vaults))) for number in range(len(self.vaults))]
        vaults = [
            {"BackupVaultName": name, "BackupVaultArn": self.backup(f"backup-vault:{name}"),
             "VaultType": "BACKUP_VAULT", "VaultState": "AVAILABLE", "CreationDate": END - 900 * DAY,
             "EncryptionKeyArn": self.key_arn(name), "CreatorRequestId": str(self.uuid()),
             "NumberOfRecoveryPoints": number, "Locked": True, "MinRetentionDays": 30, "LockDate": END - 800 * DAY}
            for name, number in zip(self.vaults, each)
        ]
        self.calls("backup.list-backup-vaults", self.pages("BackupVaultList", vaults))
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Sid": "NoManualDeletion", "Effect": "Deny", "Principal": "*", "Resource": "*",
            "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle",
                       "backup:PutBackupVaultAccessPolicy"]}]})
        self.calls("backup.get-backup-vault-access-policy", [
            ({"BackupVaultName": it["BackupVaultName"]},
             {"BackupVaultName": it["BackupVaultName"], "BackupVaultArn": it["BackupVaultArn"], "Policy": policy})
            for it in vaults])

    def write_plans(self):
        listed, bodies, chosen, selections = [], [], [], []
        for number, (plan, selection) in enumerate(zip(self.plans, self.selections)):
            member = {"BackupPlanArn": self.backup(f"backup-plan:{plan}"), "BackupPlanId": plan,
                      "CreationDate": END - 700 * DAY, "VersionId": f"version-{number}",
                      "BackupPlanName": f"plan-{number:04d}", "LastExecutionDate": END - DAY}
            listed.append(member)
            rule = {"RuleName": "daily", "TargetBackupVaultName": self.vaults[number % len(self.vaults)],
                    "ScheduleExpression": "cron(0 5 ? * * *)", "StartWindowMinutes": 480,
                    "CompletionWindowMinutes": 10080, "Lifecycle": {"DeleteAfterDays": 35},
                    "RuleId": str(self.uuid()), "EnableContinuousBackup": False,
                    "ScheduleExpressionTimezone": "Etc/UTC"}
            body = {"BackupPlan": {"BackupPlanName": member["BackupPlanName"], "Rules": [rule]}}
            names = ("BackupPlanId", "BackupPlanArn", "VersionId", "CreationDate", "LastExecutionDate")
            bodies.append(({"BackupPlanId": plan}, body | {name: member[name] for name in names}))
            one = {"SelectionId": selection, "SelectionName": "tagged", "BackupPlanId": plan,
                   "CreationDate": END - 700 * DAY, "IamRoleArn": self.role}
            chosen.append(({"BackupPlanId": plan}, {"BackupSelectionsList": [one]}))
            tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "plan", "ConditionValue": f"{number:04d}"}
            selections.append(({"BackupPlanId": plan, "SelectionId": selection}, {
                "BackupSelection": {"SelectionName": "tagged", "IamRoleArn": self.role, "Resources": [],
                                    "ListOfTags": [tag], "NotResources": []},
                "SelectionId": selection, "BackupPlanId": plan, "CreationDate": END - 700 * DAY}))
        self.calls("backup.list-backup-plans", self.pages("BackupPlansList", listed))
        self.calls("backup.get-backup-plan", bodies)
        self.calls("backup.list-backup-selections", chosen)
        self.calls("backup.get-backup-selection", selections)

    def point(self, number, vault):
        plan = number % max(1, len(self.plans))
        age = number // len(self.volumes)
        created = END - age * DAY - number % 3600 - 3600
        return {
            "RecoveryPointArn": f"arn:aws:ec2:{self.given.region}::snapshot/snap-{number + 0xA000000000000000:017x}",
            "BackupVaultName": vault, "BackupVaultArn": self.backup(f"backup-vault:{vault}"),
            "ResourceArn": self.volume(number), "ResourceType": "EBS", "ResourceName": f"data-{number % 997}",
            "CreatedBy": {"BackupPlanId": self.plans[plan],
                          "BackupPlanArn": self.backup(f"backup-plan:{self.plans[plan]}"),
                          "BackupPlanVersion": f"version-{plan}", "BackupPlanName": f"plan-{plan:04d}",
                          "BackupRuleName": "daily", "BackupRuleCron": "cron(0 5 ? * * *)",
                          "BackupRuleTimezone": "Etc/UTC"} if self.plans else {},
            "IamRoleArn": self.role, "Status": "COMPLETED", "CreationDate": created, "InitiationDate": created,
            "CompletionDate": created + 600, "BackupSizeInBytes": 1 << 30,
            "CalculatedLifecycle": {"DeleteAt": created + 35 * DAY}, "Lifecycle": {"DeleteAfterDays": 35},
            "EncryptionKeyArn": self.key, "IsEncrypted": True, "IsParent": False, "VaultType": "BACKUP_VAULT",
        }

    def write_points(self):
        def calls():
            for at, vault in enumerate(self.vaults):
                items = (self.point(number, vault) for number in range(at, self.given.points, len(self.vaults)))
                yield from self.pages("RecoveryPoints", items, {"BackupVaultName": vault})

        self.calls("backup.list-recovery-points-by-backup-vault", calls())

    def write_resources(self):
        volumes, protected, tags = [], [], []
        for number, name in enumerate(self.volumes):
            pair = {"Key": "plan", "Value": f"{number % max(1, len(self.plans)):04d}"}
            volumes.append({"VolumeId": name, "Size": 100, "State": "in-use", "VolumeType": "gp3", "Encrypted": True,
                            "KmsKeyId": self.key, "CreateTime": END - 900 * DAY, "Tags": [pair], "Attachments": []})
            protected.append({"ResourceArn": self.volume(number), "ResourceType": "EBS", "LastBackupTime": END - 3600,
                              "LastBackupVaultArn": self.backup(f"backup-vault:{self.vaults[0]}")})
            tags.append({"ResourceARN": self.volume(number), "Tags": [pair]})
        self.calls("ec2.describe-volumes", self.pages("Volumes", volumes))
        self.calls("backup.list-protected-resources", self.pages("Results", protected))
        self.calls("backup.describe-protected-resource",
                   [({"ResourceArn": it["ResourceArn"]}, it) for it in protected])
        self.calls("resourcegroupstaggingapi.get-resources", self.pages("ResourceTagMappingList", tags))

    def write_jobs(self):
        def job(number):
            created = END - (number % 30) * DAY - number % 3600
            vault = self.vaults[number % len(self.vaults)]
            return {"AccountId": self.given.account, "BackupJobId": str(self.uuid()).upper(), "BackupVaultName": vault,
                    "BackupVaultArn": self.backup(f"backup-vault:{vault}"), "ResourceArn": self.volume(number),
                    "ResourceType": "EBS", "CreationDate": created, "CompletionDate": created + 600,
                    "State": "COMPLETED", "PercentDone": "100.0", "BackupSizeInBytes": 1 << 30,
                    "IamRoleArn": self.role}

        self.calls("backup.list-backup-jobs",
                   self.pages("BackupJobs", (job(number) for number in range(self.given.jobs))))


if __name__ == "__main__":
    main()
