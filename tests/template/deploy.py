"""Makes the stack of `template.yaml` on local AWS as `sam package` and `sam deploy` do, and prints its outputs as JSON.

    python tests/template/deploy.py --endpoint URL --account ID --region R --zip BOOTSTRAP.zip [--parameter KEY=VALUE]...

Only what a template says of files is replaced: CodeUri by the zip, DefinitionUri by the state machine, both put to S3
first. Another template (`--template FILE`) that has no files needs no zip.
Runs on the Python that `tests/aws/install.sh` prints.
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent.parent


def _arguments():
    parser = argparse.ArgumentParser(prog="deploy.py")
    parser.add_argument("--endpoint", required=True, metavar="URL", help="where local AWS listens")
    parser.add_argument("--account", required=True, metavar="ID", help="whose root deploys")
    parser.add_argument("--region", required=True)
    parser.add_argument("--zip", type=Path, help="a zip with `bootstrap` in it")
    parser.add_argument("--parameter", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--stack", default="backproof", help="the name of the stack")
    parser.add_argument("--template", default=ROOT / "template.yaml", type=Path)
    return parser.parse_args()


def _client(arguments, service):
    return boto3.client(
        service, endpoint_url=arguments.endpoint, region_name=arguments.region,
        aws_access_key_id=arguments.account, aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def _put(s3, bucket, path):
    s3.put_object(Bucket=bucket, Key=path.name, Body=path.read_bytes())
    return f"s3://{bucket}/{path.name}"


def _packaged(arguments):
    """The template with what it needs of files in S3."""
    s3, text = _client(arguments, "s3"), arguments.template.read_text(encoding="utf-8")
    bucket = f"packages-{arguments.account}-{arguments.region}"
    try:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": arguments.region})
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass
    text = re.sub(r"^( *CodeUri: ).*$", lambda it: it[1] + _put(s3, bucket, arguments.zip), text, flags=re.MULTILINE)

    def definition(found):
        return found[1] + _put(s3, bucket, arguments.template.parent / found[2])

    return re.sub(r"^( *DefinitionUri: )(\S+)$", definition, text, flags=re.MULTILINE)


def _wait(formation, stack):
    while True:
        told = formation.describe_stacks(StackName=stack)["Stacks"][0]
        if not told["StackStatus"].endswith("_IN_PROGRESS"):
            return told
        time.sleep(0.1)


def main():
    arguments = _arguments()
    formation = _client(arguments, "cloudformation")
    given = dict(it.split("=", 1) for it in arguments.parameter)
    if arguments.zip:
        given = {"Architecture": "x86_64"} | given
    body = _packaged(arguments) if arguments.zip else arguments.template.read_text(encoding="utf-8")
    formation.create_stack(
        StackName=arguments.stack, TemplateBody=body,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    told = _wait(formation, arguments.stack)
    if told["StackStatus"] != "CREATE_COMPLETE":
        for it in formation.describe_stack_events(StackName=arguments.stack)["StackEvents"]:
            if it["ResourceStatus"].endswith("FAILED"):
                print(it["LogicalResourceId"], it.get("ResourceStatusReason", ""), file=sys.stderr)
        sys.exit(f"deploy.py: {told['StackStatus']} {told.get('StackStatusReason', '')}")
    print(json.dumps({it["OutputKey"]: it["OutputValue"] for it in told.get("Outputs", [])}, indent=2))


if __name__ == "__main__":
    main()
