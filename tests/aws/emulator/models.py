"""Names the operation of a request from botocore's service models, and spells names as the AWS CLI does.

Knows nothing of what is answered, and believes no SDK: the request's own form says which protocol it speaks.
"""

import functools
import re
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore import xform_name

SESSION = botocore.session.Session()

# Services by the name that signatures are scoped to. A scope that is not here is a service's own name.
BY_SCOPE = {
    "elasticfilesystem": ("efs",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
    "rds": ("rds",),
    "states": ("stepfunctions",),
    "monitoring": ("cloudwatch",),
    "email": ("sesv2",),
}
CLI_NAMES = {"s3": "s3api"}
# Services that share another's interface: what they hold is the other's too.
SAME_AS = {"docdb": "rds", "neptune": "rds"}


class Request:
    """One call: what the wire said, and later who called and what was asked."""

    def __init__(self, method, raw_path, query, headers, body):
        self.method = method
        self.raw_path = raw_path
        self.query = query
        self.headers = headers
        self.body = body
        self.access_key = self.account = self.region = self.scope = ""
        self.service = None
        self.operation = None
        self.protocol = ""
        self.parameters = {}
        self.labels = {}

    @property
    def name(self):
        """The operation as the AWS CLI spells it."""
        return f"{self.service.cli}.{cli_name(self.operation)}" if self.operation else f"{self.scope}.unknown"


@functools.lru_cache(maxsize=None)
def cli_name(operation):
    return xform_name(operation, "-")


class Service:
    """One service model, with its routes ready to be matched."""

    def __init__(self, name):
        self.name = name
        self.model = SESSION.get_service_model(name)
        self.cli = CLI_NAMES.get(name, name)
        self.metadata = self.model.metadata
        self.protocol = self.metadata["protocol"]
        self.operations = set(self.model.operation_names)
        self.by_cli_name = {cli_name(it): it for it in self.operations}
        self.routes = {}
        if self.protocol.startswith("rest-"):
            self._read_routes()

    def _read_routes(self):
        for name in self.model.operation_names:
            http = self.model.operation_model(name).http
            path, _, query = http["requestUri"].partition("?")
            segments = path.strip("/").split("/")
            greedy = segments[-1].endswith("+}")
            wanted = dict(parse_qsl(query, keep_blank_values=True))
            route = (segments, greedy, wanted, name)
            self.routes.setdefault(http["method"], []).append(route)

    def route(self, method, raw_path, query):
        """The operation and its path's labels, the most literal one first."""
        given = raw_path.strip("/").split("/")
        best = None
        for segments, greedy, wanted, name in self.routes.get(method, ()):
            if len(given) < len(segments) or (len(given) > len(segments) and not greedy):
                continue
            if any(query.get(key, [None])[0] != value for key, value in wanted.items()):
                continue
            labels, literal = {}, 2 * len(wanted)
            for position, segment in enumerate(segments):
                if segment.startswith("{"):
                    value = given[position]
                    if segment.endswith("+}"):
                        value = "/".join(given[position:])
                    labels[segment.strip("{}+")] = unquote(value)
                    if not value:
                        break
                elif segment == given[position]:
                    literal += 1
                else:
                    break
            else:
                if best is None or literal > best[0]:
                    best = (literal, name, labels)
        return (best[1], best[2]) if best else (None, {})


@functools.lru_cache(maxsize=None)
def service(name):
    return Service(name)


@functools.lru_cache(maxsize=None)
def services_of(scope):
    """The services that a signature's scope may mean."""
    try:
        return tuple(service(name) for name in BY_SCOPE.get(scope, (scope,)))
    except botocore.exceptions.UnknownServiceError:
        return ()


@functools.lru_cache(maxsize=None)
def operation_of(cli):
    """The service and operation of a name such as `backup.list-backup-vaults`; raises KeyError."""
    prefix, _, rest = cli.partition(".")
    prefix = {value: key for key, value in CLI_NAMES.items()}.get(prefix, prefix)
    try:
        found = service(prefix)
    except botocore.exceptions.UnknownServiceError as error:
        raise KeyError(cli) from error
    return found, found.by_cli_name[rest]


COPIES = {"CopyObject": "PutObject", "UploadPartCopy": "UploadPart"}
_RPC = re.compile(r"^/service/[^/]+/operation/([A-Za-z0-9]+)$")


def name_operation(request):
    """Sets the service, operation and protocol of a request, as far as they can be told."""
    for candidate in services_of(request.scope):
        operation, protocol, labels = _operation(candidate, request)
        if operation in candidate.operations:
            request.service, request.operation = candidate, operation
            request.protocol, request.labels = protocol, labels
            return


def _operation(candidate, request):
    rpc = _RPC.match(request.raw_path)
    if rpc:
        return rpc.group(1), "cbor", {}
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2], "json", {}
    if candidate.protocol in ("query", "ec2"):
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        form.update({key: values[0] for key, values in request.query.items()})
        request.form = form
        return form.get("Action"), candidate.protocol, {}
    if candidate.protocol.startswith("rest-"):
        operation, labels = candidate.route(request.method, request.raw_path, request.query)
        # Those that copy have the paths of those that put, and a header more.
        if operation in COPIES and "x-amz-copy-source" not in request.headers:
            operation = COPIES[operation]
        return operation, candidate.protocol, labels
    return None, "", {}
