"""A local AWS for the checks, botocore's clients for it, and how what they got is compared. Checks nothing itself."""

import base64
import json
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import datetime
from pathlib import Path

sys.dont_write_bytecode = True

import botocore.config
import botocore.exceptions
import botocore.session

import with_local_aws
from emulator import tables
from emulator.values import reader

COUNTS = Counter()
ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
SESSION = botocore.session.Session()


class Server:
    """A local AWS, with clients for it."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(Path(self.folder.name, "log"), "w", encoding="utf-8")
        began = time.monotonic()
        self.process, self.port = with_local_aws.start(list(arguments), Path(self.folder.name, "port"), self.log)
        self.seconds = time.monotonic() - began
        self.clients = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with_local_aws.stop(self.process)
        self.log.close()
        written = Path(self.log.name).read_text(encoding="utf-8")
        if "Traceback" in written:
            print(written)
            raise AssertionError("the server wrote a traceback")
        self.folder.cleanup()

    def client(self, service, account, region, secret="test", token=None):
        key = (service, account, region, secret, token)
        if key not in self.clients:
            self.clients[key] = SESSION.create_client(
                service, region_name=region, endpoint_url=f"http://127.0.0.1:{self.port}", config=ONCE,
                aws_access_key_id=account, aws_secret_access_key=secret, aws_session_token=token)
        return self.clients[key]

    def control(self, method, what, told=None):
        body = None if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_local-aws/{what}", body, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def call(client, operation, **parameters):
    """The answer of an operation named as the API names it."""
    COUNTS["calls"] += 1
    answer = client._make_api_call(operation, parameters)
    answer.pop("ResponseMetadata")
    return answer


def refused(client, operation, **parameters):
    """The code, status and message of the error that an operation must answer with."""
    try:
        answer = call(client, operation, **parameters)
    except botocore.exceptions.ClientError as error:
        told = error.response
        return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"].get("Message", "")
    raise AssertionError(f"{operation} {parameters} was answered: {str(answer)[:200]}")


def plain(value):
    """A value to compare: times in milliseconds, binary data in base64."""
    if isinstance(value, dict):
        return {key: plain(it) for key, it in value.items()}
    if isinstance(value, list):
        return [plain(it) for it in value]
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def expected(shape, value):
    """The same of a recorded value, which the shape tells the times of."""
    return _in_milliseconds(shape, reader(shape)(json.loads(json.dumps(value)), None))


def _in_milliseconds(shape, value):
    kind = shape.type_name
    if kind == "structure":
        return {name: _in_milliseconds(shape.members[name], it) for name, it in value.items()}
    if kind == "list":
        return [_in_milliseconds(shape.member, it) for it in value]
    if kind == "map":
        return {key: _in_milliseconds(shape.value, it) for key, it in value.items()}
    return round(value * 1000) if kind == "timestamp" else value


def same(what, got, wanted):
    COUNTS["compared"] += 1
    if got != wanted:
        raise AssertionError(f"{what}:\n got    {str(got)[:1500]}\n wanted {str(wanted)[:1500]}")


def pages(client, service, operation, parameters, size=None):
    """All items of a list and the number of pages, in the smallest pages that AWS allows or those of a size."""
    entry = tables.LISTINGS[(service, operation)]
    items, number, asked = [], 0, dict(parameters)
    if entry.size:
        asked[entry.size] = size or max(entry.sizes[0], 2)
    while True:
        answer = call(client, operation, **asked)
        items += answer.get(entry.member, [])
        number += 1
        token = answer.get(entry.token[1]) if entry.token[1] else None
        if not token:
            return items, number
        asked[entry.token[0]] = token
