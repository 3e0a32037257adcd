"""Faults to order and the count of calls: which calls a fault meets, and what it does to them.

A fault is JSON: what it matches, its `effect`, and how often. It never changes what the estate holds.
"""

import fnmatch
import json
from collections import Counter

from . import tables
from .access import denied_code, expired_code
from .wire import AwsError

# Effects with the members that belong to them alone.
EFFECTS = {
    "deny": {"reason"},
    "throttle": {"status"},
    "cut": {"how"},
    "repeat-token": set(),
    "empty-page": set(),
    "garble": {"how"},
    "error": {"code", "message", "status"},
    "expired": set(),
    "latency": {"ms"},
    "drop": set(),
    "opted-out": set(),
}
_COMMON = {"operation", "account", "region", "parameters", "effect", "times", "after"}
_CHOICES = {
    ("deny", "reason"): ("implicit", "explicit", "scp", "resource"),
    ("cut", "how"): ("error", "skip", "end"),
    ("garble", "how"): ("not-json", "truncated", "empty"),
}

_THROTTLES = {
    "ec2": ("RequestLimitExceeded", 503),
    "query": ("Throttling", 400),
    "rest-xml": ("SlowDown", 503),
    "rest-json": ("ThrottlingException", 429),
}
_THROTTLES_OF = {"organizations": ("TooManyRequestsException", 400)}


class BadFault(Exception):
    """A fault that says something unknown."""


class Fault:
    """One fault and how many calls it has met."""

    def __init__(self, told):
        if not isinstance(told, dict) or told.get("effect") not in EFFECTS:
            raise BadFault(f"effect must be one of {', '.join(EFFECTS)}")
        self.effect = told["effect"]
        unknown = set(told) - _COMMON - EFFECTS[self.effect]
        if unknown:
            raise BadFault(f"{self.effect} knows no {', '.join(sorted(unknown))}")
        for (effect, member), allowed in _CHOICES.items():
            if effect == self.effect and told.get(member, allowed[0]) not in allowed:
                raise BadFault(f"{member} of {effect} must be one of {', '.join(allowed)}")
        self.told = told
        self.met = 0

    def meets(self, request):
        """Whether it strikes this call; counts the calls that it matches."""
        told = self.told
        patterns = ((request.name, "operation"), (request.account, "account"), (request.region, "region"))
        if not all(fnmatch.fnmatchcase(given, told.get(member) or "*") for given, member in patterns):
            return False
        if any(request.parameters.get(name) != value for name, value in (told.get("parameters") or {}).items()):
            return False
        self.met += 1
        before = told.get("after") or 0
        times = told.get("times")
        return self.met > before and (times is None or self.met <= before + times)


class Switchboard:
    """All faults, and the calls made so far."""

    def __init__(self):
        self.faults = []
        self.calls = Counter()

    def put(self, told):
        if not isinstance(told, list):
            raise BadFault("faults are a list")
        self.faults = [Fault(it) for it in told]

    def told(self):
        return [it.told | {"met": it.met} for it in self.faults]

    def count(self, request):
        self.calls[(request.account, request.region, request.name)] += 1

    def struck_by(self, request):
        return [it for it in self.faults if it.meets(request)]

    def totals(self):
        by_operation = Counter()
        for (_, _, name), number in self.calls.items():
            by_operation[name] += number
        return {
            "total": sum(self.calls.values()),
            "operations": dict(sorted(by_operation.items())),
            "calls": [
                {"account": account, "region": region, "operation": name, "calls": number}
                for (account, region, name), number in sorted(self.calls.items())
            ],
        }


def error_of(fault, request, principal):
    """The error that a fault answers with instead of the estate, or None."""
    told, protocol = fault.told, request.protocol
    if fault.effect == "deny":
        return AwsError(denied_code(protocol), _denial(told.get("reason", "implicit"), request, principal))
    if fault.effect == "throttle":
        name = request.service.name if request.service else ""
        code, status = _THROTTLES_OF.get(name) or _THROTTLES.get(protocol, ("ThrottlingException", 400))
        return AwsError(code, "Rate exceeded", told.get("status", status))
    if fault.effect == "error":
        return AwsError(told.get("code", "InternalFailure"), told.get("message", ""), told.get("status", 500))
    if fault.effect == "expired":
        return AwsError(expired_code(protocol), "The security token included in the request is expired")
    if fault.effect == "opted-out":
        code = "InvalidClientTokenId" if protocol == "query" else "UnrecognizedClientException"
        code = "AuthFailure" if protocol == "ec2" else code
        return AwsError(code, "The security token included in the request is invalid.", 403)
    if fault.effect == "cut" and told.get("how", "error") == "error":
        entry = _paged(request)
        if entry and request.parameters.get(entry.token[0]):
            code = tables.INVALID.get(entry.service, "ValidationException")
            return AwsError(code, f"{entry.token[0]} has expired")
    return None


def _denial(reason, request, principal):
    action = tables.action(request.service.name, request.operation) if request.operation else request.name
    why = {
        "implicit": f"because no identity-based policy allows the {action} action",
        "explicit": "with an explicit deny in an identity-based policy",
        "scp": "with an explicit deny in a service control policy",
        "resource": "with an explicit deny in a resource-based policy",
    }[reason]
    on = "" if reason == "implicit" else " on resource: *"
    return f"User: {principal} is not authorized to perform: {action}{on} {why}"


def _paged(request):
    if request.operation is None:
        return None
    entry = tables.answered(request.service.name, request.operation)
    return entry if isinstance(entry, tables.Listing) else None


def bend_page(faults, request, output, answer):
    """The output after the faults that bend lists; `answer` makes the page that follows a token."""
    entry = _paged(request)
    if entry is None:
        return output
    given, returned = entry.token
    for fault in faults:
        token = output.get(returned)
        if fault.effect == "repeat-token":
            output = output | {returned: request.parameters.get(given) or first_token(entry, request)}
        elif fault.effect == "empty-page":
            output = {returned: request.parameters.get(given) or first_token(entry, request), entry.member: []}
        elif fault.effect == "cut" and token:
            how = fault.told.get("how", "error")
            if how == "end":
                output = {name: it for name, it in output.items() if name != returned}
            elif how == "skip":
                following = answer(request.parameters | {given: token})
                output = {name: it for name, it in output.items() if name != returned}
                if following.get(returned):
                    output[returned] = following[returned]
    return output


def first_token(entry, request):
    """A token that leads to the first page."""
    from .reading import _token

    return " " if entry.service == "dynamodb" else _token(entry, request, 0)


def garble(fault, body):
    how = fault.told.get("how", "not-json")
    if how == "truncated":
        return body[: max(1, len(body) * 2 // 3)]
    if how == "empty":
        return b""
    return b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def parse(body):
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadFault(f"not JSON: {error}") from error
