"""Stacks, state machines and rules do as on AWS where MiniStack would not: who acts, what is written, what is obeyed."""

import json
import time

from .asking import call, refused, same

ACCOUNT, REGION = "111122223333", "eu-west-1"

LOCKED = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
    "BucketName": "locked", "VersioningConfiguration": {"Status": "Enabled"}, "ObjectLockEnabled": True,
    "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled",
                                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 7}}}}}}}

WRITE = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject", "End": True, "Parameters": {
    "Bucket": "locked", "Key.$": "States.Format('out/{}.json', $.name)", "Body.$": "$", "ContentType": "application/json"}}

MAP = {"StartAt": "Limits", "States": {
    "Limits": {"Type": "Pass", "Result": {"most": 3, "tolerated": 50}, "Next": "All"},
    "All": {"Type": "Map", "MaxConcurrencyPath": "$.most", "ToleratedFailurePercentagePath": "$.tolerated", "End": True,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
                           "Parameters": {"Bucket": "locked", "Key": "items.json"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                              "StartAt": "Write", "States": {"Write": WRITE}}}}}


def runs(server):
    """A stack's bucket is locked, and a map's tasks act under the role that its state machine has."""
    _stack(server)
    _map(server)


def _stack(server):
    formation, s3 = (server.client(it, ACCOUNT, REGION) for it in ("cloudformation", "s3"))
    call(formation, "CreateStack", StackName="locked", TemplateBody=json.dumps(LOCKED))
    _until(lambda: call(formation, "DescribeStacks", StackName="locked")["Stacks"][0]["StackStatus"], "CREATE_COMPLETE")
    version = call(s3, "PutObject", Bucket="locked", Key="items.json",
                   Body=json.dumps([{"name": it} for it in ("one", "two", "three", "denied")]))["VersionId"]
    same("kept", refused(s3, "DeleteObject", Bucket="locked", Key="items.json", VersionId=version,
                         BypassGovernanceRetention=True)[0], "AccessDenied")


def _map(server):
    s3, states, iam = (server.client(it, ACCOUNT, REGION) for it in ("s3", "stepfunctions", "iam"))
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:writes"
    allowed = [
        ("states:StartExecution", machine),
        ("s3:GetObject", "arn:aws:s3:::locked/items.json"),
        ("s3:PutObject", ["arn:aws:s3:::locked/out/one.json", "arn:aws:s3:::locked/out/t*.json"]),
    ]
    call(iam, "CreateRole", RoleName="writes", AssumeRolePolicyDocument="{}")
    call(states, "CreateStateMachine", name="writes", definition=json.dumps(MAP),
         roleArn=f"arn:aws:iam::{ACCOUNT}:role/writes")
    # One permission more each time: only with all of them it is done.
    for count in range(len(allowed) + 1):
        statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in allowed[:count]]
        statements.append({"Effect": "Deny", "Action": "*", "Resource": "*",
                           "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
        call(iam, "PutRolePolicy", RoleName="writes", PolicyName="some",
             PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        execution = call(states, "StartExecution", stateMachineArn=machine)["executionArn"]
        status = "SUCCEEDED" if count == len(allowed) else "FAILED"
        _until(lambda: call(states, "DescribeExecution", executionArn=execution)["status"], status)
    run = call(states, "DescribeMapRun",
               mapRunArn=call(states, "ListMapRuns", executionArn=execution)["mapRuns"][0]["mapRunArn"])
    same("obeyed", (run["maxConcurrency"], run["toleratedFailurePercentage"]), (3, 50.0))
    same("counted", (run["itemCounts"]["succeeded"], run["itemCounts"]["failed"]), (3, 1))
    written = call(s3, "ListObjectsV2", Bucket="locked", Prefix="out/")["Contents"]
    same("written", [it["Key"] for it in written], ["out/one.json", "out/three.json", "out/two.json"])
    body = call(s3, "GetObject", Bucket="locked", Key="out/one.json")["Body"].read()
    same("as JSON", body, b'{"name":"one"}')


def _until(ask, wanted):
    """Waits until an answer is not the one that says it goes on."""
    while (got := ask()) in ("RUNNING", "CREATE_IN_PROGRESS"):
        time.sleep(0.05)
    same("ended", got, wanted)
