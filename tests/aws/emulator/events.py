"""Tells MiniStack's EventBridge of a change as CloudTrail does, so that rules on it fire; what a rule sends to a bus of
another account or Region gets there, if its role and the bus's policy let it.

Failed and read-only calls are not told of.
"""

import asyncio
import json
import time
import uuid
from datetime import datetime, timezone

from ministack import app as ministack
from ministack.core import iam_evaluator, responses
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


def _may_send(target, bus, policy, estate):
    """Whether a target's role may put events on a bus, and the bus's policy lets it."""
    if not ministack.AUTH:
        return True
    account, region = responses.get_account_id(), responses.get_region()
    name = target.get("RoleArn", "").rpartition("/")[2]
    home = estate.organization()
    members = home.find("org-accounts") if home else None
    keys = {}
    if members is not None and account in members.by_key:
        keys["aws:principalorgid"] = home.things["organization", ()]["Organization"]["Id"]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/events", principal_type="AssumedRole",
        principal_account=account, action="events:PutEvents", resource_arn=bus, region=region, principal_keys=keys,
    )
    identity = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, account))
    owner = bus.split(":")[4]
    return iam_evaluator.combine_resource_policy(identity, context, policy, owner).decision == "Allow"


def _send(target, event, estate):
    """Puts an event on a bus elsewhere; where it is from stays as it was (EventBridge User Guide, "Event structure")."""
    _, _, _, region, account, resource = target["Arn"].split(":", 5)
    name = resource.partition("/")[2]
    with responses.request_scope(account, region):
        known, policy = name in eventbridge._event_buses, eventbridge._event_bus_policies.get(name)
    # What was sent once is not sent on to a third bus.
    if known and "_Sent" not in event and _may_send(target, target["Arn"], policy, estate):
        with responses.request_scope(account, region):
            eventbridge._dispatch_event(event | {"EventBusName": name, "_Sent": True})


def install(estate):
    """Lets a rule's function be tried again when it fails, and its failure reach its destination; MiniStack calls once."""
    invoke_target = eventbridge._invoke_target

    def invoke(arn, payload):
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))

    def invoking(target, event, rule, view=None):
        parts = target.get("Arn", "").split(":", 5)
        here = [responses.get_region(), responses.get_account_id()]
        if parts[2] == "events" and parts[5].startswith("event-bus/") and parts[3:5] != here:
            return _send(target, event, estate)
        return invoke_target(target, event, rule, view)

    eventbridge._dispatch_to_lambda = invoke
    eventbridge._invoke_target = invoking
