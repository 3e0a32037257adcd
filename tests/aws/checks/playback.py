"""What a seed says is answered, item for item and through small pages; what it does not say is answered as empty.

Looks at nothing that a request narrows or changes.
"""

import json
import math
import tempfile
from pathlib import Path

from emulator import models, seed, tables
from emulator.state import GLOBAL

from .asking import COUNTS, call, expected, pages, plain, refused, same

def played_back(server, folder):
    """Every call of a folder is answered as recorded."""
    groups = {}
    for path in sorted(folder.glob("*/*/*")):
        account, region = path.parts[-3:-1]
        words = path.name.split(".")
        service, operation = models.operation_of(".".join(words[:2]))
        for _, it in seed._calls(path):
            request = _request_of(service, operation, it, ".".join(words[2:-1]))
            key = (account, region, service.name, operation, json.dumps(request, sort_keys=True))
            groups.setdefault(key, []).append(it)
    for (account, region, service, operation, request), calls in groups.items():
        parameters = json.loads(request)
        client = server.client(models.SAME_AS.get(service, service), account,
                               "us-east-1" if region == GLOBAL else region)
        shape = models.service(service).model.operation_model(operation).output_shape
        what = f"{account} {region} {service}.{operation} {request}"
        if "error" in calls[-1]:
            code, _, message = refused(client, operation, **parameters)
            same(what, (code, message), (calls[-1]["error"]["code"], calls[-1]["error"]["message"]))
            continue
        entry = tables.LISTINGS.get((models.SAME_AS.get(service, service), operation))
        if entry is None:
            same(what, plain(call(client, operation, **parameters)), expected(shape, calls[-1]["response"]))
            continue
        wanted = [it for one in calls for it in expected(shape, one["response"]).get(entry.member, [])]
        got, number = pages(client, entry.service, operation, parameters)
        same(what, plain(got), wanted)
        if entry.size:
            same(f"pages of {what}", number, max(1, math.ceil(len(wanted) / max(entry.sizes[0], 2))))


def _request_of(service, operation, told, word):
    """The parameters that say of what was asked, found in the answer of a bare CLI call."""
    request = {key: it for key, it in (told.get("request") or {}).items() if key not in tables.PARTS}
    entry = tables.answered(models.SAME_AS.get(service.name, service.name), operation)
    if told.get("request") is not None or entry is None:
        return request
    if service.name in models.SAME_AS:
        return {"Filters": [{"Name": "engine", "Values": [service.name]}]}
    names = entry.scope if isinstance(entry, tables.Listing) else (*getattr(entry, "scope", ()), *entry.key)
    return {name: told["response"].get(name, word) for name in names}


EMPTY = [
    ("backup", "ListBackupVaults", {}, {"BackupVaultList": []}),
    ("backup", "ListBackupPlans", {}, {"BackupPlansList": []}),
    ("backup", "ListRecoveryPointsByResource", {"ResourceArn": "arn:aws:s3:::x"}, {"RecoveryPoints": []}),
    ("backup", "ListTags", {"ResourceArn": "arn:aws:backup:eu-west-1:1:backup-plan:x"}, {"Tags": {}}),
    ("backup", "GetBackupVaultAccessPolicy", {"BackupVaultName": "x"}, "ResourceNotFoundException"),
    ("backup", "GetBackupVaultNotifications", {"BackupVaultName": "x"}, "ResourceNotFoundException"),
    ("backup", "DescribeBackupVault", {"BackupVaultName": "x"}, "ResourceNotFoundException"),
    ("backup", "ListRecoveryPointsByBackupVault", {"BackupVaultName": "x"}, "ResourceNotFoundException"),
    ("backup", "ListBackupSelections", {"BackupPlanId": "x"}, "ResourceNotFoundException"),
    ("backup", "DescribeProtectedResource", {"ResourceArn": "arn:aws:s3:::x"}, "ResourceNotFoundException"),
    ("backup", "DescribeGlobalSettings", {}, {"GlobalSettings": {"isCrossAccountBackupEnabled": "false"}}),
    ("rds", "DescribeDBClusters", {}, {"DBClusters": []}),
    ("ec2", "DescribeInstances", {}, {"Reservations": []}),
    ("dynamodb", "ListTables", {}, {"TableNames": []}),
    ("resourcegroupstaggingapi", "GetResources", {}, {"PaginationToken": "", "ResourceTagMappingList": []}),
    ("s3", "ListBuckets", {}, {"Buckets": []}),
    ("ec2", "DescribeRegions", {"RegionNames": ["eu-west-1"]},
     {"Regions": [{"RegionName": "eu-west-1", "Endpoint": "ec2.eu-west-1.amazonaws.com",
                   "OptInStatus": "opt-in-not-required"}]}),
    ("organizations", "DescribeOrganization", {}, "AWSOrganizationsNotInUseException"),
    ("organizations", "ListAccounts", {}, "AWSOrganizationsNotInUseException"),
]


def empty_accounts(server):
    for service, operation, parameters, wanted in EMPTY:
        client = server.client(service, "777766665555", "ap-south-1")
        if isinstance(wanted, str):
            same(operation, refused(client, operation, **parameters)[0], wanted)
        else:
            same(operation, call(client, operation, **parameters), wanted)


def organization(server):
    """The management account reads its organization, a member only that there is one."""
    management = server.client("organizations", "111122223333", "us-east-1")
    member = server.client("organizations", "222233334444", "us-east-1")
    same("of a member", call(member, "DescribeOrganization"), call(management, "DescribeOrganization"))
    same("a member's list", refused(member, "ListAccounts")[0], "AccessDeniedException")
    same("parents", call(management, "ListParents", ChildId="444455556666")["Parents"],
         [{"Id": "ou-ac3e-sand0001", "Type": "ORGANIZATIONAL_UNIT"}])
    same("no such parent", refused(management, "ListAccountsForParent", ParentId="ou-none-none0000")[0],
         "ParentNotFoundException")
    same("an account", call(management, "DescribeAccount", AccountId="444455556666")["Account"]["Name"],
         "Acme Freight Sandbox")
    same("no such account", refused(management, "DescribeAccount", AccountId="123456789012")[0],
         "AccountNotFoundException")
    _policies(server, management, member)


def _policies(server, management, member):
    """Policies are the management account's to read, or a delegate's; what applies to a member is its own to read."""
    summary = {"Id": "p-backup", "Name": "all", "Type": "BACKUP_POLICY"}
    policy = {"PolicySummary": summary, "Content": "{}"}
    target = {"TargetId": "r-ac3e", "Name": "Root", "Type": "ROOT"}
    in_force = {"PolicyContent": '{"plans":{}}', "PolicyType": "BACKUP_POLICY", "TargetId": "222233334444"}
    delegate = {"Id": "222233334444", "Name": "Acme Freight Production"}
    recorded = [
        ("111122223333", "list-policies", {"Filter": "BACKUP_POLICY"}, {"Policies": [summary]}),
        ("111122223333", "describe-policy", {"PolicyId": "p-backup"}, {"Policy": policy}),
        ("111122223333", "list-targets-for-policy", {"PolicyId": "p-backup"}, {"Targets": [target]}),
        ("222233334444", "describe-effective-policy", {"PolicyType": "BACKUP_POLICY"}, {"EffectivePolicy": in_force}),
    ]
    for account, name, request, response in recorded:
        _record(server, account, name, request, response)
        client = management if account == "111122223333" else member
        same(name, call(client, models.operation_of(f"organizations.{name}")[1], **request), response)
    same("no policy", refused(management, "DescribeEffectivePolicy", PolicyType="BACKUP_POLICY")[0],
         "EffectivePolicyNotFoundException")
    same("of another type", call(management, "ListPolicies", Filter="TAG_POLICY")["Policies"], [])
    same("not a delegate", refused(member, "ListPolicies", Filter="BACKUP_POLICY")[0], "AccessDeniedException")
    _record(server, "111122223333", "list-delegated-administrators", {}, {"DelegatedAdministrators": [delegate]})
    same("a delegate", call(member, "ListPolicies", Filter="BACKUP_POLICY")["Policies"], [summary])


def _record(server, account, name, request, response):
    told = {"account": account, "region": GLOBAL, "operation": f"organizations.{name}", "request": request,
            "response": response}
    server.control("POST", "records", json.dumps(told).encode())


BAD_SEEDS = [
    ("backup.list-backup-vaults", {"response": {"BackupVaultList": [{"BackupVaultNames": "x"}]}},
     "BackupVaultList[0].BackupVaultNames: AWS's BackupVaultListMember has no such member"),
    ("backup.list-backup-vaults", {"response": {"BackupVaultList": [{"CreationDate": "soon"}]}},
     "BackupVaultList[0].CreationDate is not a time"),
    ("backup.list-vaults", {"response": {}}, "AWS has no operation `backup.list-vaults`"),
    ("backup.list-recovery-points-by-backup-vault", {"response": {"RecoveryPoints": []}},
     "nothing says of which BackupVaultName this is"),
]


def bad_seeds():
    for name, told, words in BAD_SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "111122223333", "eu-west-1")
            place.mkdir(parents=True)
            Path(place, f"{name}.ndjson").write_text(json.dumps(told) + "\n", encoding="utf-8")
            try:
                seed.load(folder)
            except seed.BadSeed as error:
                assert words in str(error) and name in str(error), error
                COUNTS["compared"] += 1
                continue
            raise AssertionError(f"{name} {told} was taken")
