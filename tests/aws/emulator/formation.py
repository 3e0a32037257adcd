"""What MiniStack's CloudFormation leaves out: of a bucket Object Lock and its default retention, policies of event buses,
and the account and Region in a condition.
"""

from ministack.core import responses
from ministack.services import eventbridge, s3
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks


def install():
    """Puts it into MiniStack."""
    bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    create = bucket["create"]
    evaluate = engine._evaluate_conditions

    def creating(logical_id, properties, stack_name):
        name, attributes = create(logical_id, properties, stack_name)
        if properties.get("ObjectLockEnabled"):
            rule = properties.get("ObjectLockConfiguration", {}).get("Rule", {})
            retention = {key: it if key == "Mode" else int(it) for key, it in rule.get("DefaultRetention", {}).items()}
            s3._bucket_object_lock[name] = {"enabled": True, "default_retention": retention or None}
        return name, attributes

    def evaluating(template, parameters):
        here = {"AWS::AccountId": responses.get_account_id(), "AWS::Region": responses.get_region()}
        return evaluate(template, parameters | {name: {"Value": value} for name, value in here.items()})

    bucket["create"] = creating
    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluating
    provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {"create": _open_bus, "delete": _close_bus}


def _open_bus(logical_id, properties, stack_name):
    bus, name = properties["EventBusName"], properties["StatementId"]
    _close_bus(name, properties)
    policy = eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})
    policy["Statement"].append({"Sid": name} | properties["Statement"])
    return name, {}


def _close_bus(name, properties):
    eventbridge._remove_permission({"EventBusName": properties["EventBusName"], "StatementId": name})
