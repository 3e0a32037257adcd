"""AWS Backup's changing operations on an estate, refused where AWS refuses them.

No job runs here: what AWS Backup would do later in the background does not happen.
"""

import base64
import copy
import re
import time
import uuid

from . import tables
from .seed import asked
from .wire import AwsError

_DAY = 86400


def change(estate, request):
    """The output of a changing operation, or None if it is none of these; raises AwsError."""
    function = _CHANGES.get(request.operation)
    if function is None or request.service.name != "backup":
        return None
    return function(estate.place(request.account, request.region), request.parameters)


def _arn(place, rest):
    return f"arn:aws:backup:{place.region}:{place.account}:{rest}"


def _invalid(message):
    return AwsError("InvalidParameterValueException", message)


def _refused(message):
    return AwsError("InvalidRequestException", message)


def _missing(message):
    return AwsError("ResourceNotFoundException", message)


def _need(parameters, *names):
    for name in names:
        if parameters.get(name) in (None, ""):
            raise AwsError("MissingParameterValueException", f"{name} is missing")
    return [parameters[name] for name in names]


def _vault(place, name):
    found = place.bag("vaults").get(name)
    if found is None:
        raise _missing(f"Backup vault {name} does not exist")
    return found


def _forget(place, operation, key):
    """A recorded error ends where the thing it was about is changed."""
    place.errors.pop(asked("backup", operation, key), None)


# Vaults


def _create_vault(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    if not re.fullmatch(r"[a-zA-Z0-9\-_]{2,50}", name):
        raise _invalid("BackupVaultName has 2 to 50 letters, digits, hyphens and underscores")
    if place.bag("vaults").get(name):
        raise AwsError("AlreadyExistsException", f"Backup vault with the same name already exists: {name}")
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{place.account}/{place.region}/aws/backup")
    record = {
        "BackupVaultName": name,
        "BackupVaultArn": _arn(place, f"backup-vault:{name}"),
        "VaultType": "BACKUP_VAULT",
        "VaultState": "AVAILABLE",
        "CreationDate": round(time.time(), 3),
        "EncryptionKeyArn": parameters.get("EncryptionKeyArn")
        or f"arn:aws:kms:{place.region}:{place.account}:key/{key}",
        "CreatorRequestId": parameters.get("CreatorRequestId") or str(uuid.uuid4()),
        "NumberOfRecoveryPoints": 0,
        "Locked": False,
    }
    place.bag("vaults").add(name, record)
    _set_tags(place, record["BackupVaultArn"], parameters.get("BackupVaultTags"))
    return {name: record[name] for name in ("BackupVaultName", "BackupVaultArn", "CreationDate")}


def _delete_vault(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    _vault(place, name)
    if place.find("points", (name,)):
        raise _refused("Backup vault cannot be deleted because it contains recovery points.")
    place.bag("vaults").remove(name)
    for thing in ("vault policy", "vault notifications"):
        place.things.pop((thing, (name,)), None)
    place.bags.pop(("points", (name,)), None)
    return {}


def _put_policy(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    vault = _vault(place, name)
    _forget(place, "GetBackupVaultAccessPolicy", {"BackupVaultName": name})
    place.things[("vault policy", (name,))] = {
        "BackupVaultName": name,
        "BackupVaultArn": vault["BackupVaultArn"],
        "Policy": parameters.get("Policy", ""),
    }
    return {}


def _delete_policy(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    _vault(place, name)
    _forget(place, "GetBackupVaultAccessPolicy", {"BackupVaultName": name})
    place.things.pop(("vault policy", (name,)), None)
    return {}


def _is_immutable(vault):
    date = vault.get("LockDate")
    return bool(vault.get("Locked")) and date is not None and date <= time.time()


def _put_lock(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    vault = _vault(place, name)
    if _is_immutable(vault):
        raise _refused("Vault Lock configuration cannot be changed after its lock date")
    least, most = parameters.get("MinRetentionDays"), parameters.get("MaxRetentionDays")
    days = parameters.get("ChangeableForDays")
    if least is not None and least < 1:
        raise _invalid("MinRetentionDays must be 1 or more")
    if most is not None and (most > 36500 or (least is not None and most < least)):
        raise _invalid("MaxRetentionDays must be from MinRetentionDays to 36500")
    if days is not None and not 3 <= days <= 36500:
        raise _invalid("ChangeableForDays must be from 3 to 36500")
    for member, value in (("MinRetentionDays", least), ("MaxRetentionDays", most)):
        vault.pop(member, None)
        if value is not None:
            vault[member] = value
    vault["Locked"] = True
    vault.pop("LockDate", None)
    if days is not None:
        vault["LockDate"] = round(time.time() + days * _DAY, 3)
    return {}


def _delete_lock(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    vault = _vault(place, name)
    if _is_immutable(vault):
        raise _refused("Vault Lock configuration cannot be deleted after its lock date")
    for member in ("MinRetentionDays", "MaxRetentionDays", "LockDate"):
        vault.pop(member, None)
    vault["Locked"] = False
    return {}


def _put_notifications(place, parameters):
    name, topic, events = _need(parameters, "BackupVaultName", "SNSTopicArn", "BackupVaultEvents")
    vault = _vault(place, name)
    _forget(place, "GetBackupVaultNotifications", {"BackupVaultName": name})
    place.things[("vault notifications", (name,))] = {
        "BackupVaultName": name,
        "BackupVaultArn": vault["BackupVaultArn"],
        "SNSTopicArn": topic,
        "BackupVaultEvents": events,
    }
    return {}


def _delete_notifications(place, parameters):
    (name,) = _need(parameters, "BackupVaultName")
    _vault(place, name)
    _forget(place, "GetBackupVaultNotifications", {"BackupVaultName": name})
    place.things.pop(("vault notifications", (name,)), None)
    return {}


# Plans


def _version():
    return base64.b64encode(str(uuid.uuid4()).encode()).decode()


def _body(given):
    """A plan as AWS keeps it: every rule has its id and what AWS fills in."""
    _need(given, "BackupPlanName", "Rules")
    body = copy.deepcopy(given)
    for rule in body["Rules"]:
        _need(rule, "RuleName", "TargetBackupVaultName")
        rule.setdefault("ScheduleExpression", "cron(0 5 ? * * *)")
        rule.setdefault("ScheduleExpressionTimezone", "Etc/UTC")
        rule.setdefault("StartWindowMinutes", 480)
        rule.setdefault("CompletionWindowMinutes", 10080)
        rule.setdefault("EnableContinuousBackup", False)
        rule["RuleId"] = str(uuid.uuid4())
        life = rule.get("Lifecycle") or {}
        cold, end = life.get("MoveToColdStorageAfterDays"), life.get("DeleteAfterDays")
        if cold is not None and end is not None and end < cold + 90:
            raise _invalid("DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays")
    return body


def _create_plan(place, parameters):
    (given,) = _need(parameters, "BackupPlan")
    name = str(uuid.uuid4())
    record = {
        "BackupPlanArn": _arn(place, f"backup-plan:{name}"),
        "BackupPlanId": name,
        "CreationDate": round(time.time(), 3),
        "VersionId": _version(),
        "BackupPlanName": given.get("BackupPlanName"),
        "BackupPlan": _body(given),
    }
    if parameters.get("CreatorRequestId"):
        record["CreatorRequestId"] = parameters["CreatorRequestId"]
    if given.get("AdvancedBackupSettings"):
        record["AdvancedBackupSettings"] = given["AdvancedBackupSettings"]
    place.bag("plans").add(name, record)
    place.bag("plan versions", (name,)).add(record["VersionId"], dict(record))
    _set_tags(place, record["BackupPlanArn"], parameters.get("BackupPlanTags"))
    return _plan_output(record)


def _plan_output(record):
    names = ("BackupPlanId", "BackupPlanArn", "CreationDate", "VersionId", "AdvancedBackupSettings")
    return {name: record[name] for name in names if name in record}


def _plan(place, name):
    found = place.bag("plans").get(name)
    if found is None or "DeletionDate" in found:
        raise _missing(f"Backup plan {name} does not exist")
    if name.startswith("orgs/"):
        raise _refused("Backup plan is managed by AWS Organizations")
    return found


def _update_plan(place, parameters):
    name, given = _need(parameters, "BackupPlanId", "BackupPlan")
    record = _plan(place, name)
    versions = place.bag("plan versions", (name,))
    if record["VersionId"] not in versions.by_key:
        versions.add(record["VersionId"], dict(record))
    record["BackupPlan"] = _body(given)
    record["BackupPlanName"] = given["BackupPlanName"]
    record["VersionId"] = _version()
    record.pop("AdvancedBackupSettings", None)
    if given.get("AdvancedBackupSettings"):
        record["AdvancedBackupSettings"] = given["AdvancedBackupSettings"]
    versions.add(record["VersionId"], dict(record))
    return _plan_output(record)


def _delete_plan(place, parameters):
    (name,) = _need(parameters, "BackupPlanId")
    record = _plan(place, name)
    if place.find("selections", (name,)):
        raise _refused("Related backup plan selections must be deleted prior to backup plan deletion")
    record["DeletionDate"] = round(time.time(), 3)
    return {name: record[name] for name in ("BackupPlanId", "BackupPlanArn", "DeletionDate", "VersionId")}


def _create_selection(place, parameters):
    name, given = _need(parameters, "BackupPlanId", "BackupSelection")
    _plan(place, name)
    _need(given, "SelectionName", "IamRoleArn")
    record = {
        "SelectionId": str(uuid.uuid4()),
        "SelectionName": given["SelectionName"],
        "BackupPlanId": name,
        "CreationDate": round(time.time(), 3),
        "IamRoleArn": given["IamRoleArn"],
        "BackupSelection": {
            "Resources": [],
            "ListOfTags": [],
            "NotResources": [],
            "Conditions": {"StringEquals": [], "StringNotEquals": [], "StringLike": [], "StringNotLike": []},
        }
        | given,
    }
    if parameters.get("CreatorRequestId"):
        record["CreatorRequestId"] = parameters["CreatorRequestId"]
    place.bag("selections", (name,)).add(record["SelectionId"], record)
    return {name: record[name] for name in ("SelectionId", "BackupPlanId", "CreationDate")}


def _delete_selection(place, parameters):
    plan, name = _need(parameters, "BackupPlanId", "SelectionId")
    _plan(place, plan)
    bag = place.bag("selections", (plan,))
    if bag.get(name) is None:
        raise _missing(f"Backup selection {name} does not exist")
    bag.remove(name)
    return {}


# Recovery points


def _point(place, parameters):
    vault, arn = _need(parameters, "BackupVaultName", "RecoveryPointArn")
    bag = place.find("points", (vault,))
    record = bag.get(arn) if bag else None
    if record is None:
        raise _missing(f"Cannot find recovery point {arn} in backup vault {vault}")
    holder = place.bag("vaults").get(vault) or {}
    if holder.get("Locked"):
        raise _refused(f"Backup vault {vault} is locked: recovery points in it can be neither changed nor deleted")
    return holder, bag, record


def _delete_point(place, parameters):
    holder, bag, _ = _point(place, parameters)
    bag.remove(parameters["RecoveryPointArn"])
    place.index_of_resources = None
    if holder.get("NumberOfRecoveryPoints"):
        holder["NumberOfRecoveryPoints"] -= 1
    return {}


def _update_lifecycle(place, parameters):
    _, _, record = _point(place, parameters)
    life = parameters.get("Lifecycle") or {}
    cold, end = life.get("MoveToColdStorageAfterDays"), life.get("DeleteAfterDays")
    if cold is not None and end is not None and 0 <= end < cold + 90:
        raise _invalid("DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays")
    record["Lifecycle"] = {name: it for name, it in life.items() if it != -1}
    dates = {}
    if cold is not None and cold >= 0:
        dates["MoveToColdStorageAt"] = record["CreationDate"] + cold * _DAY
    if end is not None and end >= 0:
        dates["DeleteAt"] = record["CreationDate"] + end * _DAY
    record["CalculatedLifecycle"] = dates
    return {
        "BackupVaultArn": record.get("BackupVaultArn", _arn(place, f"backup-vault:{parameters['BackupVaultName']}")),
        "RecoveryPointArn": record["RecoveryPointArn"],
        "Lifecycle": record["Lifecycle"],
        "CalculatedLifecycle": dates,
    }


# Settings and tags


def _update_settings(place, parameters):
    default = tables.SINGLES[("backup", "DescribeRegionSettings")].default
    settings = copy.deepcopy(place.things.get(("region settings", ()), default))
    for member in ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference"):
        settings.setdefault(member, {}).update(parameters.get(member) or {})
    place.things[("region settings", ())] = settings
    return {}


def _tags(place, arn):
    held = place.things.get(("tags", (arn,)))
    if held is not None:
        return dict(held.get("Tags", {}))
    record = place.bag("tagged").get(arn) or {}
    return {it["Key"]: it.get("Value", "") for it in record.get("Tags", [])}


def _set_tags(place, arn, tags):
    if tags is None:
        return
    place.things[("tags", (arn,))] = {"Tags": dict(tags)}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    place.bag("tagged").merge(arn, {"ResourceARN": arn, "Tags": pairs})


def _tag(place, parameters):
    arn, tags = _need(parameters, "ResourceArn", "Tags")
    _forget(place, "ListTags", {"ResourceArn": arn})
    _set_tags(place, arn, _tags(place, arn) | tags)
    return {}


def _untag(place, parameters):
    arn, names = _need(parameters, "ResourceArn", "TagKeyList")
    _forget(place, "ListTags", {"ResourceArn": arn})
    _set_tags(place, arn, {key: it for key, it in _tags(place, arn).items() if key not in names})
    return {}


_CHANGES = {
    "CreateBackupVault": _create_vault,
    "DeleteBackupVault": _delete_vault,
    "PutBackupVaultAccessPolicy": _put_policy,
    "DeleteBackupVaultAccessPolicy": _delete_policy,
    "PutBackupVaultLockConfiguration": _put_lock,
    "DeleteBackupVaultLockConfiguration": _delete_lock,
    "PutBackupVaultNotifications": _put_notifications,
    "DeleteBackupVaultNotifications": _delete_notifications,
    "CreateBackupPlan": _create_plan,
    "UpdateBackupPlan": _update_plan,
    "DeleteBackupPlan": _delete_plan,
    "CreateBackupSelection": _create_selection,
    "DeleteBackupSelection": _delete_selection,
    "DeleteRecoveryPoint": _delete_point,
    "UpdateRecoveryPointLifecycle": _update_lifecycle,
    "UpdateRegionSettings": _update_settings,
    "TagResource": _tag,
    "UntagResource": _untag,
}
OPERATIONS = frozenset(_CHANGES)
