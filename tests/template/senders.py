"""Whether the rules of `template-events.yaml` are those that wake `react`: `senders.py TEMPLATE SENDERS`.

The same names, patterns and retries; what arrives on the bus comes from the sources that are sent, and no others.
"""

import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse


def _read(path):
    return yaml_parse(Path(path).read_text(encoding="utf-8"))["Resources"]


def received(resources):
    """The rules that wake `react`, by name, and what it gets of its bus."""
    rules = {name: it["Properties"] for name, it in resources["React"]["Properties"]["Events"].items()}
    sent = rules.pop("Sent")
    return {name: (it["Pattern"], it["RetryPolicy"]) for name, it in rules.items()}, sent


def sending(resources):
    """The rules that send, by name; each has one target, the bus that the role may put events on."""
    (statement,) = resources["SenderRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    rules = {name: it["Properties"] for name, it in resources.items() if it["Type"] == "AWS::Events::Rule"}
    told = {}
    for name, rule in rules.items():
        (target,) = rule["Targets"]
        if target["Arn"] != statement["Resource"]:
            sys.exit(f"senders.py: {name} sends to {target['Arn']}, the role may send to {statement['Resource']}")
        told[name] = (rule["EventPattern"], target["RetryPolicy"])
    return told


def main():
    template, senders = map(_read, sys.argv[1:])
    (wakes, sent), sends = received(template), sending(senders)
    different = [name for name in sorted(wakes | sends) if wakes.get(name) != sends.get(name)]
    if different:
        sys.exit(f"senders.py: other rules than those of react: {', '.join(different)}")
    sources = sorted({it for pattern, _ in wakes.values() for it in pattern["source"]})
    if sent["Pattern"] != {"source": sources} or not all(it.startswith("aws.") for it in sources):
        sys.exit(f"senders.py: {', '.join(sources)} are sent, and react gets {sent['Pattern']}")


if __name__ == "__main__":
    main()
