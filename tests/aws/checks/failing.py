"""Every fault to order does what it says, and calls are counted."""

import math
import time
import urllib.error

import botocore.exceptions
import botocore.parsers

from .asking import COUNTS, call, pages, refused, same

def faults(server):
    account, region = "222233334444", "eu-west-1"
    backup = server.client("backup", account, region)
    ec2, rds = server.client("ec2", account, region), server.client("rds", account, region)
    orgs, s3 = server.client("organizations", "111122223333", "us-east-1"), server.client("s3", account, region)
    ddb = server.client("dynamodb", account, region)
    gateway, sqs = server.client("backup-gateway", account, region), server.client("sqs", account, region)
    everything = call(backup, "ListBackupVaults")["BackupVaultList"]
    errors = [
        ({"effect": "deny", "operation": "backup.list-backup-vaults"}, backup, "ListBackupVaults",
         "AccessDeniedException", 403),
        ({"effect": "deny", "reason": "scp"}, ec2, "DescribeVolumes", "UnauthorizedOperation", 403),
        ({"effect": "deny", "reason": "explicit"}, rds, "DescribeDBClusters", "AccessDenied", 403),
        ({"effect": "deny"}, s3, "ListBuckets", "AccessDenied", 403),
        ({"effect": "deny"}, ddb, "ListTables", "AccessDeniedException", 400),
        ({"effect": "deny"}, gateway, "ListVirtualMachines", "AccessDeniedException", 403),
        ({"effect": "deny", "operation": "sqs.*"}, sqs, "ListQueues", "AccessDeniedException", 400),
        ({"effect": "deny", "operation": "s3api.get-*"}, s3, "ListObjectsV2", None, None),
        ({"effect": "throttle"}, backup, "ListBackupVaults", "ThrottlingException", 429),
        ({"effect": "throttle"}, ec2, "DescribeVolumes", "RequestLimitExceeded", 503),
        ({"effect": "throttle"}, rds, "DescribeDBClusters", "Throttling", 400),
        ({"effect": "throttle"}, orgs, "ListAccounts", "TooManyRequestsException", 400),
        ({"effect": "error", "code": "ServiceUnavailableException", "status": 500}, backup, "ListBackupVaults",
         "ServiceUnavailableException", 500),
        ({"effect": "expired"}, backup, "ListBackupVaults", "ExpiredTokenException", 403),
        ({"effect": "opted-out"}, backup, "ListBackupVaults", "UnrecognizedClientException", 403),
    ]
    for fault, client, operation, code, status in errors:
        server.control("PUT", "faults", [fault])
        if code is None:
            same("not met", refused(client, operation, Bucket="no-such-bucket")[0], "NoSuchBucket")
            continue
        same(f"{fault} {operation}", refused(client, operation)[:2], (code, status))
    server.control("PUT", "faults", [{"effect": "deny", "reason": "scp"}])
    assert "service control policy" in refused(backup, "ListBackupVaults")[2]
    server.control("PUT", "faults", [{"effect": "throttle", "times": 2, "after": 1}])
    seen = [_works(backup, "ListBackupVaults") for _ in range(5)]
    same("times and after", seen, [True, False, False, True, True])
    server.control("PUT", "faults", [{"effect": "deny", "parameters": {"BackupVaultName": "legacy"}}])
    seen = [_works(backup, "ListRecoveryPointsByBackupVault", BackupVaultName=it) for it in ("legacy", "reporting")]
    same("parameters", seen, [False, True])
    _bent_pages(server, backup, everything)
    _bad_bodies(server, backup, ec2, sqs)
    _bad_orders(server)
    server.control("DELETE", "faults")
    server.control("DELETE", "calls")
    call(backup, "ListBackupVaults")
    call(s3, "ListBuckets")
    totals = server.control("GET", "calls")
    same("calls", (totals["total"], totals["operations"]),
         (2, {"backup.list-backup-vaults": 1, "s3api.list-buckets": 1}))
    same("a call", totals["calls"][0],
         {"account": account, "region": region, "operation": "backup.list-backup-vaults", "calls": 1})


def _works(client, operation, **parameters):
    try:
        call(client, operation, **parameters)
    except botocore.exceptions.ClientError:
        return False
    return True


def _bent_pages(server, backup, everything):
    server.control("PUT", "faults", [{"effect": "cut"}])
    token = call(backup, "ListBackupVaults", MaxResults=2)["NextToken"]
    same("cut", refused(backup, "ListBackupVaults", MaxResults=2, NextToken=token)[0],
         "InvalidParameterValueException")
    server.control("PUT", "faults", [{"effect": "cut", "how": "end"}])
    same("ended", pages(backup, "backup", "ListBackupVaults", {})[0], everything[:2])
    server.control("PUT", "faults", [{"effect": "cut", "how": "skip", "times": 1}])
    same("skipped", pages(backup, "backup", "ListBackupVaults", {})[0], everything[:2] + everything[4:])
    server.control("PUT", "faults", [{"effect": "empty-page", "times": 1}])
    same("empty page", pages(backup, "backup", "ListBackupVaults", {}),
         (everything, 1 + math.ceil(len(everything) / 2)))
    server.control("PUT", "faults", [{"effect": "repeat-token"}])
    token = None
    for _ in range(3):
        answer = call(backup, "ListBackupVaults", **({"NextToken": token} if token else {}))
        assert token in (None, answer["NextToken"])
        token = answer["NextToken"]


def _bad_bodies(server, backup, ec2, sqs):
    cases = [(backup, "ListBackupVaults", {}, "BackupVaultList"), (ec2, "DescribeVolumes", {}, "Volumes"),
             (sqs, "ListQueues", {}, "QueueUrls")]
    for how in ("not-json", "truncated", "empty"):
        server.control("PUT", "faults", [{"effect": "garble", "how": how}])
        for client, operation, parameters, member in cases:
            try:
                answer = call(client, operation, **parameters)
            except (botocore.parsers.ResponseParserError, ValueError):
                continue
            # botocore takes what it cannot read for an answer without members.
            assert member not in answer, f"{operation} with a body {how} was read: {answer}"
    server.control("PUT", "faults", [{"effect": "drop"}])
    try:
        call(backup, "ListBackupVaults")
    except (botocore.exceptions.ConnectionClosedError, botocore.exceptions.HTTPClientError):
        COUNTS["compared"] += 1
    else:
        raise AssertionError("a dropped call was answered")
    server.control("PUT", "faults", [{"effect": "latency", "ms": 200}])
    began = time.monotonic()
    call(backup, "ListBackupVaults")
    assert time.monotonic() - began >= 0.2


def _bad_orders(server):
    for told in ([{"effect": "explode"}], [{"effect": "deny", "ms": 3}], {"effect": "deny"}, b"[",
                 [{"effect": "cut", "how": "off"}]):
        try:
            server.control("PUT", "faults", told)
        except urllib.error.HTTPError as error:
            same("status", error.code, 400)
            continue
        raise AssertionError(f"{told} was taken")
