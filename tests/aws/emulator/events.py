"""Tells MiniStack's EventBridge of a change as CloudTrail does, so that rules on it fire.

Failed and read-only calls are not told of.
"""

import asyncio
import json
import time
import uuid
from datetime import datetime, timezone

from ministack.core import responses
from ministack.services import eventbridge, lambda_svc

from . import access


def identity(request):
    """Who called, as CloudTrail's userIdentity."""
    arn = access.caller(request)
    kind = "Root"
    if ":assumed-role/" in arn:
        kind = "AssumedRole"
    elif ":user/" in arn:
        kind = "IAMUser"
    known = {"type": kind, "arn": arn, "accountId": request.account, "accessKeyId": request.access_key}
    if kind == "IAMUser":
        known["userName"] = arn.rpartition("/")[2]
    if kind == "AssumedRole":
        role = arn.split("/")[1]
        known["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "arn": f"arn:aws:iam::{request.account}:role/{role}",
                "accountId": request.account,
                "userName": role,
            }
        }
    return known


def _lower(text):
    return text[:1].lower() + text[1:]


def camel(shape, value):
    """A value as CloudTrail spells it: members of structures start lower, keys of maps stay."""
    kind = shape.type_name
    if kind == "structure":
        return {_lower(name): camel(shape.members[name], it) for name, it in value.items() if name in shape.members}
    if kind == "list":
        return [camel(shape.member, it) for it in value]
    if kind == "timestamp":
        moment = datetime.fromtimestamp(value, timezone.utc)
        return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"
    return value


def of_change(request, output, request_id):
    """The event of a successful change."""
    operation = request.service.model.operation_model(request.operation)
    told = camel(operation.output_shape, output) if operation.output_shape and output else None
    return {
        "eventVersion": "1.11",
        "userIdentity": identity(request),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": "backup.amazonaws.com",
        "eventName": request.operation,
        "awsRegion": request.region,
        "sourceIPAddress": responses.get_request_client_ip(),
        "userAgent": request.headers.get("user-agent", ""),
        "requestParameters": camel(operation.input_shape, request.parameters) if operation.input_shape else None,
        "responseElements": told,
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": request.account,
        "eventCategory": "Management",
    }


_PENDING = set()


def publish(account, region, source, detail_type, detail, resources=()):
    """Puts an event on the default bus of an account's Region; its targets are called in the background."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": detail if isinstance(detail, str) else json.dumps(detail),
        "Resources": list(resources),
    }

    def put():
        with responses.request_scope(account, region):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    task = asyncio.get_running_loop().create_task(asyncio.to_thread(put))
    # A task that nobody holds may be collected before it has run.
    _PENDING.add(task)
    task.add_done_callback(_PENDING.discard)


def install():
    """Lets a rule's function be tried again when it fails, and its failure reach its destination; MiniStack calls once."""

    def invoke(arn, payload):
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))

    eventbridge._dispatch_to_lambda = invoke
