"""The server: seeded state and faults in front of MiniStack, on one loopback port.

Whatever the estate does not answer reaches MiniStack untouched.
"""

import asyncio
import contextvars
import json
import re
import uuid
from urllib.parse import parse_qs, quote

from hypercorn.asyncio import serve
from hypercorn.asyncio import tcp_server
from hypercorn.config import Config

from ministack import app as ministack

from . import access, changes, events, faults, formation, models, reading, seed, step_functions, wire

_connection = contextvars.ContextVar("connection")
_SCOPE = re.compile(r"Credential=([^/,\s]+)/[^/]+/([^/]*)/([^/]+)/aws4_request")
_CONTROL = "/_local-aws/"


class LocalAws:
    """The ASGI application."""

    def __init__(self, estate, switchboard, address, auth):
        self.estate = estate
        self.switchboard = switchboard
        self.address = address
        self.auth = auth

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await ministack.app(scope, receive, send)
            return
        if scope["path"].startswith(_CONTROL):
            await self._control(scope, receive, send)
            return
        request = _request(scope)
        if request is None:
            await ministack.app(scope, receive, send)
            return
        request.body = await _body(receive)
        await self._serve(request, scope, send)

    async def _serve(self, request, scope, send):
        client = (scope.get("client") or ("127.0.0.1",))[0]
        try:
            access.pin(request, scope["headers"], client)
        except ValueError:
            # A key that two accounts hold: MiniStack says so itself.
            await ministack.app(scope, _again(request.body), send)
            return
        models.name_operation(request)
        if request.operation:
            try:
                request.parameters = wire.read_parameters(request)
            except (ValueError, TypeError, KeyError, AttributeError):
                request.parameters = {}
        self.switchboard.count(request)
        struck = self.switchboard.struck_by(request) if self.switchboard.faults else []
        request_id = str(uuid.uuid4())
        for fault in struck:
            if fault.effect == "latency":
                await asyncio.sleep(fault.told.get("ms", 0) / 1000)
            if fault.effect == "drop":
                _connection.get().transport.abort()
                return
        answer = self._failure(struck, request, request_id) or self._own(struck, request, request_id)
        garbling = [it for it in struck if it.effect == "garble"]
        if answer is None and not garbling:
            await ministack.app(scope, _again(request.body), send)
            return
        if answer is None:
            answer = await _caught(scope, request.body)
        status, headers, body = answer
        for fault in garbling:
            status, body = 200, faults.garble(fault, body)
        await _send(send, status, headers, body)

    def _failure(self, struck, request, request_id):
        for fault in struck:
            error = faults.error_of(fault, request, access.caller(request))
            if error is not None:
                return wire.write_error(request, error, request_id)
        return None

    def _own(self, struck, request, request_id):
        """The estate's answer, None where MiniStack is to answer."""
        if not self.estate.seeded or request.operation is None or not self._holds(request):
            return None
        try:
            if self.auth:
                access.authorize(request, self.estate)
            changed = request.service.name == "backup" and request.operation in changes.OPERATIONS
            if changed:
                output = changes.change(self.estate, request)
            else:
                output = reading.answer(self.estate, request, self.address)
                if output is reading.NOT_OURS:
                    return None
                output = faults.bend_page(struck, request, output, lambda it: self._page(request, it))
        except wire.AwsError as error:
            return wire.write_error(request, error, request_id)
        if changed:
            detail = events.of_change(request, output, request_id)
            events.publish(request.account, request.region, "aws.backup", "AWS API Call via CloudTrail", detail)
        return wire.write_answer(request, output, request_id)

    def _holds(self, request):
        """Whether the estate may know an answer; if not, MiniStack checks the caller itself."""
        name = request.service.name
        if name == "backup" and request.operation in changes.OPERATIONS:
            return True
        return reading.knows(self.estate, request)

    def _page(self, request, parameters):
        held, request.parameters = request.parameters, parameters
        try:
            return reading.answer(self.estate, request, self.address)
        finally:
            request.parameters = held

    # The control endpoint

    async def _control(self, scope, receive, send):
        what, method = scope["path"][len(_CONTROL):], scope["method"]
        body = await _body(receive)
        try:
            status, told = self._order(what, method, body)
        except (faults.BadFault, seed.BadSeed, seed.Refused, KeyError, TypeError, ValueError) as error:
            status, told = 400, {"error": str(error)}
        await _send(send, status, {"content-type": "application/json"}, json.dumps(told).encode())

    def _order(self, what, method, body):
        board = self.switchboard
        if what == "faults" and method == "PUT":
            board.put(faults.parse(body))
            return 200, board.told()
        if what == "faults" and method == "DELETE":
            board.put([])
            return 200, []
        if what == "faults" and method == "GET":
            return 200, board.told()
        if what == "calls" and method == "GET":
            return 200, board.totals()
        if what == "calls" and method == "DELETE":
            board.calls.clear()
            return 200, board.totals()
        if what == "events" and method == "POST":
            for it in _lines(body):
                events.publish(it["account"], it["region"], it["source"], it["detail-type"], it["detail"],
                               it.get("resources", ()))
            return 200, {}
        if what == "records" and method == "POST":
            number = 0
            for it in _lines(body):
                service, operation = models.operation_of(it["operation"])
                seed.add(self.estate, it["account"], it["region"], service, operation, it)
                self.estate.seeded = True
                number += 1
            return 200, {"added": number}
        return 404, {"error": "there are PUT, GET, DELETE faults; GET, DELETE calls; POST events; POST records"}


def _lines(body):
    return [json.loads(line) for line in body.decode().splitlines() if line.strip()]


def _request(scope):
    """The call of a signed request, None for one that is not signed."""
    headers = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    query = parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
    known = _SCOPE.search(headers.get("authorization", ""))
    if known is None:
        return None
    request = models.Request(scope["method"], raw_path, query, headers, b"")
    request.access_key, request.region, request.scope = known.groups()
    return request


async def _body(receive):
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


def _again(body):
    """A `receive` that gives the body that was read already, and then waits as an open connection does."""
    given = []

    async def receive():
        if given:
            await asyncio.Event().wait()
        given.append(True)
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _caught(scope, body):
    """What MiniStack answers, kept instead of sent."""
    start, parts = {}, []

    async def send(message):
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await ministack.app(scope, _again(body), send)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    headers.pop("content-length", None)
    return start["status"], headers, b"".join(parts)


async def _send(send, status, headers, body):
    pairs = [(name.encode(), value.encode()) for name, value in headers.items() if name.lower() != "content-length"]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _remember_connections():
    """Lets a request reach its own connection, which ASGI hides, to end it without an answer."""
    run = tcp_server.TCPServer.run

    async def remembering(self):
        _connection.set(self.writer)
        await run(self)

    tcp_server.TCPServer.run = remembering


def run(listening, estate, switchboard, auth, ready):
    """Serves on a bound socket until SIGTERM or SIGINT."""
    _remember_connections()
    access.install()
    step_functions.install()
    formation.install()
    events.install(estate)
    host, port = listening.getsockname()
    application = LocalAws(estate, switchboard, f"{host}:{port}", auth)
    config = Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.h11_max_incomplete_size = 1 << 20
    config.graceful_timeout = 1

    async def main():
        started = asyncio.create_task(serve(application, config))
        # The socket is bound already, so a first connection waits in its queue until the server takes it.
        asyncio.get_running_loop().call_later(0.05, lambda: ready(port))
        await started

    asyncio.run(main())
    listening.detach()
