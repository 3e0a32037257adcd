"""Reads an inventory folder into an estate: `<account>/<region>/<service>.<operation>[.<word>].json|ndjson`.

Every response is checked against AWS's own shape. Nothing is invented for what the folder does not say.
"""

import json
from pathlib import Path

from . import models, tables
from .state import GLOBAL, Estate
from .values import Refused, reader
from .wire import AwsError

# Engines that these services' own lists are narrowed to.
_ENGINES = {"docdb": "docdb", "neptune": "neptune"}


class BadSeed(Exception):
    """A folder that is not an inventory of AWS, with the file and what is wrong."""


def load(folder, estate=None):
    """Adds what a folder holds to the estate."""
    estate = estate or Estate()
    estate.seeded = True
    folder = Path(folder)
    if not folder.is_dir():
        raise BadSeed(f"{folder}: there is no such folder")
    # Beside its accounts an inventory has files of its own, which say nothing of AWS.
    files = [it for it in sorted(folder.glob("[0-9]" * 12 + "/*/*")) if it.suffix in (".json", ".ndjson")]
    calls = []
    for path in files:
        account, region = path.parts[-3:-1]
        words = path.name.split(".")
        try:
            service, operation = models.operation_of(".".join(words[:2]))
        except KeyError as error:
            raise BadSeed(f"{path}: AWS has no operation `{'.'.join(words[:2])}`") from error
        listing = tables.LISTINGS.get((models.SAME_AS.get(service.name, service.name), operation))
        # Lists first: what is asked of one record adds to it. RDS before those who share its lists.
        order = (listing is None, service.name in models.SAME_AS)
        calls.append((order, path, account, region, service, operation, ".".join(words[2:-1])))
    calls.sort(key=lambda it: (it[0], it[1]))
    for _, path, account, region, service, operation, word in calls:
        try:
            for number, call in _calls(path):
                add(estate, account, region, service, operation, call, word)
        except (Refused, ValueError, KeyError, TypeError) as error:
            raise BadSeed(f"{path}: call {number}: {error}") from error
    return estate


def _calls(path):
    number = 1
    with path.open(encoding="utf-8") as lines:
        if path.suffix == ".json":
            yield 1, {"response": json.load(lines)}
            return
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, json.loads(line)


def add(estate, account, region, service, operation, call, word=""):
    """Adds one recorded call: `{"request", "response" | "error"}`."""
    request = call.get("request") or {}
    name = models.SAME_AS.get(service.name, service.name)
    if name == "rds" and service.name in _ENGINES and not request:
        request = {"Filters": [{"Name": "engine", "Values": [_ENGINES[service.name]]}]}
    place = estate.place(account, region)
    if region != GLOBAL:
        estate.regions.add(region)
    entry = tables.answered(name, operation)
    if "error" in call:
        _add_error(place, name, operation, entry, request, call["error"], word)
        return
    response = call["response"]
    response.pop("ResponseMetadata", None)
    shape = service.model.operation_model(operation).output_shape
    response = reader(shape)(response, None) if shape else {}
    if isinstance(entry, tables.Listing):
        _add_list(place, entry, request, response, word)
    elif isinstance(entry, tables.Getting):
        _add_record(place, entry, request, response)
    elif isinstance(entry, tables.Single):
        _add_thing(place, entry, request, response, word)
    else:
        place.recorded[asked(name, operation, request)] = response


def asked(name, operation, request):
    """What tells a request from others of its operation, as one comparable key."""
    entry = tables.answered(name, operation)
    if isinstance(entry, tables.Single):
        request = {key: it for key, it in request.items() if key in entry.key}
    return name, operation, canonical(request)


def canonical(request):
    """A request without its page, as one comparable value."""
    return json.dumps({key: it for key, it in request.items() if key not in tables.PARTS}, sort_keys=True)


def _subject(entry, request, response, word):
    found = []
    for position, name in enumerate(entry):
        value = request.get(name, response.get(name))
        if value is None and word:
            value = word if len(entry) == 1 else word.split(".")[position]
        if value is None:
            raise Refused(f"nothing says of which {name} this is")
        found.append(value)
    return tuple(found)


def _add_list(place, entry, request, response, word):
    records = response.get(entry.member, [])
    scope = ()
    if entry.scope:
        first = records[0] if records and isinstance(records[0], dict) else {}
        if entry.operation == "ListPolicies":
            first = {"Filter": first.get("Type", "BACKUP_POLICY")}
        scope = _subject(entry.scope, request, first, word)
    bag = place.bag(entry.collection, scope)
    unique = entry.collection == "db clusters"
    for record in records:
        key = record.get(entry.key) if entry.key else record
        if unique and key in bag.by_key:
            continue
        bag.add(key, record)
    if entry.collection == "buckets" and "Owner" in response:
        place.things[("bucket owner", ())] = response["Owner"]
    if entry.collection == "org-units-of":
        for record in records:
            place.bag("org-units").add(record.get("Id"), record)
    place.index_of_resources = None


def _add_record(place, entry, request, response):
    record = response[entry.wrapper] if entry.wrapper else response
    member = tables.KEY_MEMBERS.get(entry.key[0], entry.key[0])
    key = record.get(member, request.get(entry.key[0]))
    if key is None:
        raise Refused(f"nothing says of which {entry.key[0]} this is")
    scope = tuple(record.get(it, request.get(it)) for it in entry.scope)
    if entry.operation == "GetBackupPlan" and "VersionId" in request:
        place.bag("plan versions", (key,)).merge(request["VersionId"], record)
        return
    place.bag(entry.collection, scope).merge(key, record)
    place.index_of_resources = None


def _add_thing(place, entry, request, response, word):
    if entry.operation == "AssumeRole":
        # Credentials are never played back; MiniStack gives some of its own.
        return
    inner = next(iter(response.values()), None) if len(response) == 1 else None
    known = response
    if isinstance(inner, dict) and entry.operation in ("DescribeKey", "GetTrail"):
        known = inner
    if entry.operation == "DescribePolicy":
        known = response["Policy"].get("PolicySummary", {}) | {"PolicyId": response["Policy"]["PolicySummary"]["Id"]}
    if entry.operation == "DescribeEffectivePolicy":
        known = {"TargetId": place.account} | response["EffectivePolicy"]
    place.things[(entry.thing, _subject(entry.key, request, known, word))] = response
    if entry.operation == "DescribeKey":
        for alias in ("KeyId", "Arn"):
            place.things[(entry.thing, (known.get(alias),))] = response


def _add_error(place, name, operation, entry, request, error, word):
    told = AwsError(error["code"], error.get("message", ""), error.get("status"))
    if isinstance(entry, tables.Listing):
        if request.get(entry.token[0]):
            place.bag(entry.collection, tuple(request.get(it) for it in entry.scope)).tail_error = told
            return
        if entry.scope and word and not request:
            request = dict(zip(entry.scope, (word,) if len(entry.scope) == 1 else word.split(".")))
    place.errors[asked(name, operation, request)] = told
    place.recorded.pop(asked(name, operation, request), None)
