"""Whether events of other accounts and Regions reach `react`: both templates, untouched, on local AWS with IAM enforced.

In place of `react` stands a program that fails with what it is given, so that the failure queue holds the events.
Runs on the Python that `tests/aws/install.sh` prints.
"""

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "aws"))

from checks.asking import Server, call, same

HOME, REGION = "111122223333", "eu-west-1"
MEMBER, STRANGER, ELSEWHERE = "222233334444", "999988887777", "eu-central-1"
ORGANIZATION = "o-ac3e1f2e3d"

STUB = f"""#!{sys.executable}
import os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as it:
        it.read()
        told = api + it.headers["Lambda-Runtime-Aws-Request-Id"] + "/error"
    urllib.request.urlopen(told, b'{{"errorType": "Stub", "errorMessage": "as always"}}').read()
"""

# Who lets whom in, by the name of the stack.
STACKS = {
    "closed": [],
    "open": [f"EventsFromOrganization={ORGANIZATION}"],
    "listed": [f"EventsFromAccounts={STRANGER},{HOME}"],
}

# Where events come from, and which stacks' `react` has to see them.
CASES = [
    ("the stack's own account and Region", HOME, REGION, {"closed", "open", "listed"}),
    ("another Region of its account", HOME, ELSEWHERE, {"closed", "open", "listed"}),
    ("a member of the organization", MEMBER, ELSEWHERE, {"open"}),
    ("a listed account that is no member", STRANGER, REGION, {"listed"}),
]

# Nobody but AWS can put the first; the second is in no rule of template-events.yaml, so a rule for all of it sends it.
EVENTS = [("aws.backup", "Backup Plan State Change"), ("my.application", "Backup Plan State Change")]


def _deploy(server, account, region, stack, *words):
    deploy = [sys.executable, str(ROOT / "tests/template/deploy.py"), "--endpoint", f"http://127.0.0.1:{server.port}",
              "--account", account, "--region", region, "--stack", stack, *words]
    ran = subprocess.run(deploy, capture_output=True, text=True)
    if ran.returncode:
        raise AssertionError(f"{stack} in {account} {region}: {ran.stderr}")
    return json.loads(ran.stdout)


def _parameters(given):
    return [it for one in given for it in ("--parameter", one)]


def _senders(server, buses):
    template = str(ROOT / "template-events.yaml")
    for _, account, region, _ in CASES:
        for name, bus in buses.items():
            given = [f"AuditorAccountId={HOME}", f"AuditorRegion={REGION}", f"AuditorStackName={name}"]
            _deploy(server, account, region, f"to-{name}", "--template", template, *_parameters(given))
            _send_all(server, account, region, name, bus)


def _send_all(server, account, region, name, bus):
    """A rule of somebody's own, which sends events of another source with the role that is there."""
    if (account, region) == (HOME, REGION):
        return
    formation, events = (server.client(it, account, region) for it in ("cloudformation", "events"))
    told = call(formation, "DescribeStackResource", StackName=f"to-{name}", LogicalResourceId="SenderRole")
    role = told["StackResourceDetail"]["PhysicalResourceId"]
    call(events, "PutRule", Name=f"all-{name}", EventPattern=json.dumps({"source": ["my.application"]}))
    call(events, "PutTargets", Rule=f"all-{name}",
         Targets=[{"Id": "bus", "Arn": bus, "RoleArn": f"arn:aws:iam::{account}:role/{role}"}])


def _arrived(sqs, queue):
    """What has failed in a stack since the last time: the events that its `react` was given."""
    messages = call(sqs, "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for it in messages:
        call(sqs, "DeleteMessage", QueueUrl=queue, ReceiptHandle=it["ReceiptHandle"])
    given = [json.loads(it["Body"])["requestPayload"] for it in messages]
    return [(it["source"], it["account"], it["region"], it["detail"]) for it in given]


def _publish(server, what, account, region):
    lines = [json.dumps({"account": account, "region": region, "source": source, "detail-type": kind,
                         "detail": {"state": "MODIFIED", "case": what}}) for source, kind in EVENTS]
    server.control("POST", "events", "\n".join(lines).encode())


def _check(server, queues):
    """All events at once: what has to arrive does, and nothing else though it gets time to."""
    sqs = server.client("sqs", HOME, REGION)
    expected = {name: [("aws.backup", account, region, {"state": "MODIFIED", "case": what})
                       for what, account, region, seen in CASES if name in seen] for name in queues}
    for what, account, region, _ in CASES:
        _publish(server, what, account, region)
    arrived, until = {name: [] for name in queues}, time.monotonic() + 30
    settled = None
    while time.monotonic() < (settled or until):
        time.sleep(0.2)
        for name, queue in queues.items():
            arrived[name] += _arrived(sqs, queue)
        if not settled and all(len(arrived[it]) >= len(expected[it]) for it in queues):
            settled = time.monotonic() + 5
    for name in queues:
        same(name, sorted(arrived[name], key=str), sorted(expected[name], key=str))


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "bootstrap.zip")
        with zipfile.ZipFile(archive, "w") as it:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            it.writestr(entry, STUB)
        with Server("--seed", str(ROOT / "examples/acme"), "--auth") as server:
            made = {name: _deploy(server, HOME, REGION, name, "--zip", str(archive), *_parameters(given))
                    for name, given in STACKS.items()}
            _senders(server, {name: it["Bus"] for name, it in made.items()})
            _check(server, {name: it["FailureQueue"] for name, it in made.items()})
    print(f"events of {len(CASES)} places, {len(STACKS)} stacks, {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
