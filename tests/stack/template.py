"""Prints what `template.yaml` gives each function, as JSON: its handler, the IAM actions it may use, the events it gets."""

import json
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

template = yaml_parse(Path(sys.argv[1]).read_text(encoding="utf-8"))
resources = template["Resources"]


def _list(value):
    return value if isinstance(value, list) else [value]


def _statements(policy):
    if "Ref" in policy:
        return resources[policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
    return policy["Statement"]


def _actions(function):
    for policy in function["Policies"]:
        for statement in _statements(policy):
            # What stands there only under a condition.
            statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
            assert statement["Effect"] == "Allow", statement
            yield from _list(statement["Action"])


told = {}
for resource in resources.values():
    if resource["Type"] == "AWS::Serverless::Function":
        function = resource["Properties"]
        rules = [it["Properties"]["Pattern"] for it in function.get("Events", {}).values()]
        told[function["Handler"]] = {"actions": sorted(set(_actions(function))), "patterns": rules}
print(json.dumps(told))
