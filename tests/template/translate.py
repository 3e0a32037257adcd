"""What AWS makes of the SAM template, offline: `translate.py TEMPLATE OUT.json STATE_MACHINE.json`.

The state machine is written with its substitutions filled in, and stands so in what AWS makes of the template, where
a linter sees it.
"""

import json
import os
import re
import sys
from pathlib import Path
from unittest.mock import Mock

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

SAMPLES = {"Partition": "aws", "MaxConcurrency": "1", "ToleratedFailurePercentage": "100"}


def translated(path):
    """The template as plain CloudFormation; its files are said to be in S3, as `sam package` leaves them."""
    template = yaml_parse(path.read_text(encoding="utf-8"))
    template["Globals"]["Function"]["CodeUri"] = "s3://packages/bootstrap.zip"
    template["Resources"]["Run"]["Properties"]["DefinitionUri"] = "s3://packages/definition.json"
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    return transform(template, {}, Mock(load=dict))


def filled(text, names):
    """A definition with a value for each substitution; every name must be used, and no other."""
    used = set(re.findall(r"\$\{(\w+)\}", text))
    if used != set(names):
        sys.exit(f"translate.py: the state machine uses {sorted(used)}, the template substitutes {sorted(names)}")
    for name in names:
        sample = f"arn:aws:lambda:us-east-1:111122223333:function:{name}"
        text = text.replace(f"${{{name}}}", SAMPLES.get(name, sample))
    return text


def main():
    template, out, machine = map(Path, sys.argv[1:])
    told = translated(template)
    run = told["Resources"]["Run"]["Properties"]
    definition = filled((template.parent / "state_machine.asl.json").read_text(encoding="utf-8"),
                        run["DefinitionSubstitutions"])
    del run["DefinitionS3Location"]
    run["DefinitionString"] = definition
    out.write_text(json.dumps(told, indent=1), encoding="utf-8")
    machine.write_text(definition, encoding="utf-8")


if __name__ == "__main__":
    main()
