"""Asks MiniStack's IAM whether a call on seeded state is allowed, as MiniStack asks for its own.

Vault access policies take part as resource policies: what they deny is denied, root included.
"""

import contextvars

from ministack import app as ministack
from ministack.core import iam_evaluator, responses

from . import tables
from .wire import AwsError

_CODES = {"query": "AccessDenied", "rest-xml": "AccessDenied", "ec2": "UnauthorizedOperation"}
_EXPIRED = {"query": "ExpiredToken", "rest-xml": "ExpiredToken", "ec2": "RequestExpired"}
# Of these the resource is the vault that they name; its policy has a say.
_VAULT_POLICY = frozenset(
    {"DeleteBackupVault", "DeleteBackupVaultAccessPolicy", "DeleteBackupVaultLockConfiguration",
     "DeleteBackupVaultNotifications", "DeleteRecoveryPoint", "DescribeBackupVault", "DescribeRecoveryPoint",
     "GetBackupVaultAccessPolicy", "GetBackupVaultNotifications", "ListRecoveryPointsByBackupVault",
     "PutBackupVaultAccessPolicy", "PutBackupVaultLockConfiguration", "PutBackupVaultNotifications",
     "UpdateRecoveryPointLifecycle"}
)


def denied_code(protocol):
    return _CODES.get(protocol, "AccessDeniedException")


def expired_code(protocol):
    return _EXPIRED.get(protocol, "ExpiredTokenException")


def caller(request):
    """Who calls, as an ARN; root of the account where nobody else is known."""
    return iam_evaluator.request_caller_arn(request.headers, request.query)


def resource_of(request):
    """The ARN that a policy's Resource is matched with."""
    parameters = request.parameters
    start = f"arn:aws:{request.service.name}:{request.region}:{request.account}:"
    if request.service.name == "backup":
        if parameters.get("RecoveryPointArn"):
            return parameters["RecoveryPointArn"]
        if parameters.get("BackupVaultName"):
            return f"{start}backup-vault:{parameters['BackupVaultName']}"
        if parameters.get("BackupPlanId"):
            return f"{start}backup-plan:{parameters['BackupPlanId']}"
        arn = parameters.get("ResourceArn", "")
        if arn.startswith("arn:"):
            return arn
    return "*"


def authorize(request, estate):
    """Raises AwsError unless the request's signature and its caller's policies allow it."""
    query = request.query
    iam_evaluator.pin_request_caller(request.headers, query)
    action = tables.action(request.service.name, request.operation)
    resource = resource_of(request)
    refused = iam_evaluator.enforce(request.access_key, action, request.service.name, request.region,
                                    resource_arn=resource, service_context=_context(request))
    if refused:
        if isinstance(refused, iam_evaluator.AuthError):
            raise _credentials(request, refused)
        kind = (
            "with an explicit deny in an identity-based policy"
            if refused.decision == "Deny"
            else f"because no identity-based policy allows the {action} action"
        )
        raise _denied(request, refused.principal_arn, action, resource, kind)
    _ask_vault(request, action, estate)


def _credentials(request, refused):
    code = refused.code
    if code == "ExpiredTokenException":
        code = expired_code(request.protocol)
    if code == "InvalidClientTokenId" and request.protocol in ("json", "cbor", "rest-json"):
        code = "UnrecognizedClientException"
    if code == "SignatureDoesNotMatch" and request.protocol in ("json", "cbor", "rest-json"):
        code = "InvalidSignatureException"
    return AwsError(code, refused.message)


def _denied(request, principal, action, resource, why):
    on = f" on resource: {resource}" if resource != "*" else ""
    return AwsError(denied_code(request.protocol),
                    f"User: {principal} is not authorized to perform: {action}{on} {why}")


def _context(request):
    found = {}
    if request.service.name == "backup":
        for name in ("ChangeableForDays", "MinRetentionDays", "MaxRetentionDays"):
            if name in request.parameters:
                found[f"backup:{name}"] = str(request.parameters[name])
    return found


def _ask_vault(request, action, estate):
    if request.service.name != "backup" or request.operation not in _VAULT_POLICY:
        return
    name = request.parameters.get("BackupVaultName")
    place = estate.place(request.account, request.region)
    held = place.things.get(("vault policy", (name,)))
    if not held:
        return
    principal = iam_evaluator.resolve_principal(request.access_key, responses.get_account_id())
    if isinstance(principal, iam_evaluator.AuthError):
        return
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource_of(request),
        region=request.region,
        service_context=_context(request),
        principal_keys=principal.keys,
    )
    result = iam_evaluator.evaluate_resource_policy(held["Policy"], context)
    decision = getattr(result, "decision", result)
    if decision == "Deny":
        raise _denied(request, principal.arn, action, resource_of(request),
                      "with an explicit deny in a resource-based policy")


def install():
    """Puts into MiniStack what its IAM sees otherwise than AWS's.

    The loopback stands for AWS's TLS endpoints, so a policy that refuses plain HTTP refuses nothing here; and
    `aws:PrincipalArn` of a session is the ARN of its role (IAM User Guide, "AWS global condition context keys").
    """
    iam_evaluator._request_origin = contextvars.ContextVar("origin", default=("127.0.0.1", True))
    pin_origin = iam_evaluator.pin_request_origin
    ministack.pin_request_origin = lambda address, _: pin_origin(address, True)
    resolve = iam_evaluator._resolve_condition_key

    def resolving(key, context):
        parts = context.principal_arn.split(":")
        if key.lower() == "aws:principalarn" and parts[-1].startswith("assumed-role/"):
            return f"arn:{parts[1]}:iam::{parts[4]}:role/{parts[-1].split('/')[1]}"
        return resolve(key, context)

    iam_evaluator._resolve_condition_key = resolving


def pin(request, raw_headers, client):
    """Tells MiniStack of the request that it is asked about."""
    if ministack.AUTH:
        iam_evaluator.pin_request_origin(client, True)
        responses.set_request_account_id(ministack._request_account_scope(request.access_key))
        iam_evaluator.pin_signed_request(request.method, request.raw_path, request.query, raw_headers)
        iam_evaluator.pin_signed_body(request.body)
    else:
        responses.set_request_account_id(request.access_key)
    responses.set_request_region(request.region)
    responses.set_request_client_ip(client)
    request.account = responses.get_account_id()
