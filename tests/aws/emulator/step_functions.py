"""What MiniStack's Step Functions leaves out, as AWS does it.

Tasks act under their state machine's role where IAM is enforced, `aws-sdk:s3:putObject` writes, and a Distributed Map
obeys the fields that name a path: `MaxConcurrencyPath`, `ToleratedFailureCountPath`, `ToleratedFailurePercentagePath`.
"""

import contextvars
import json

from ministack import app as ministack
from ministack.core import iam_evaluator
from ministack.services import s3, stepfunctions

_execution = contextvars.ContextVar("execution")
_PATHS = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")


def _acts(task, parameters):
    """The IAM action of a task and the resource it acts on; None for one that is not known here."""
    if task.endswith("lambda:invoke"):
        return "lambda:InvokeFunction", parameters["FunctionName"]
    if task.endswith("sqs:sendMessage"):
        account, name = parameters["QueueUrl"].split("/")[-2:]
        region = _execution.get()["stateMachineArn"].split(":")[3]
        return "sqs:SendMessage", f"arn:aws:sqs:{region}:{account}:{name}"
    if task.endswith("s3:putObject"):
        return "s3:PutObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
    return None


def _authorize(service, action, resource):
    """Raises unless the role of the running state machine allows the action."""
    if not ministack.AUTH:
        return
    # A child of a map runs under the role of the state machine that has the map.
    machine = stepfunctions._state_machines.get(_execution.get()["stateMachineArn"].split("/")[0])
    _, _, _, region, account, *_ = machine["stateMachineArn"].split(":")
    name = machine["roleArn"].rpartition("/")[2]
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/states"
    context = iam_evaluator.EvalContext(
        principal_arn=principal, principal_type="AssumedRole", principal_account=account,
        action=action, resource_arn=resource, region=region,
    )
    if iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(name, account)).decision != "Allow":
        raise stepfunctions._ExecutionError(
            f"{service}.AccessDeniedException",
            f"User: {principal} is not authorized to perform: {action} on resource: {resource}",
        )


def _put_object(parameters):
    # Whatever the body is, it is written as the JSON text that it is in the state's input.
    body = json.dumps(parameters.get("Body", ""), separators=(",", ":")).encode()
    headers = {"content-type": parameters.get("ContentType", "application/octet-stream")}
    status, _, answer = s3._put_object(parameters["Bucket"], parameters["Key"], body, headers)
    if status >= 400:
        raise stepfunctions._ExecutionError("S3.S3Exception", answer.decode("utf-8", "replace"))
    return {}


def install():
    """Puts all of it into MiniStack."""
    execute_task = stepfunctions._execute_task
    invoke_resource = stepfunctions._invoke_resource
    read_map_items = stepfunctions._read_map_items
    run_distributed_map = stepfunctions._run_distributed_map

    def executing(state, given, execution, ctx):
        _execution.set(execution)
        return execute_task(state, given, execution, ctx)

    def invoking(resource, parameters):
        acts = _acts(resource, parameters)
        if acts:
            _authorize(acts[0].partition(":")[0].capitalize(), *acts)
        if resource.endswith("aws-sdk:s3:putObject"):
            return _put_object(parameters)
        return invoke_resource(resource, parameters)

    def reading(reader, effective, ctx):
        parameters = stepfunctions._resolve_params_obj(reader.get("Parameters") or {}, effective, ctx)
        if "Key" in parameters:
            _authorize("S3", "s3:GetObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")
        return read_map_items(reader, effective, ctx)

    def mapping(state, given, effective, iterator, execution, ctx):
        _execution.set(execution)
        told = {name: stepfunctions._resolve_path_or_ctx(state[f"{name}Path"], effective, ctx)
                for name in _PATHS if f"{name}Path" in state}
        _authorize("States", "states:StartExecution", execution["stateMachineArn"])
        return run_distributed_map(state | told, given, effective, iterator, execution, ctx)

    stepfunctions._execute_task = executing
    stepfunctions._invoke_resource = invoking
    stepfunctions._read_map_items = reading
    stepfunctions._run_distributed_map = mapping
