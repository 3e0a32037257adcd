"""Turns a folder of real answers of AWS into a seed, so that `check.py --examples` can ask for them again.

Takes files named `<Operation>__….json`, as placebo records them, and `…__<operation>-output<n>.json`; no others.
"""

import json
import re
from datetime import datetime, timezone
from pathlib import Path

from emulator import models, tables
from emulator.values import reader


def write_seed(folder, seed):
    """Writes each example under an account of its own; gives account, service, operation, request and response."""
    found = []
    backup = models.service("backup")
    for path in sorted(folder.rglob("*.json")):
        operation, response = _read(path, backup)
        if operation is None:
            continue
        response.pop("ResponseMetadata", None)
        model = backup.model.operation_model(operation)
        # Every example must be of its shape, those that change something too.
        reader(model.output_shape)(json.loads(json.dumps(response)), None)
        entry = tables.answered("backup", operation)
        if entry is None:
            continue
        account = f"{800000000000 + len(found)}"
        request = _request(entry, response)
        place = seed / account / "eu-west-1"
        place.mkdir(parents=True)
        told = {"request": request, "response": response}
        name = f"backup.{models.cli_name(operation)}.ndjson"
        Path(place, name).write_text(json.dumps(told) + "\n", encoding="utf-8")
        found.append((account, "backup", operation, request, response))
    return found


def _read(path, backup):
    placebo = re.match(r"([A-Z][A-Za-z]+)__", path.name)
    told = re.search(r"__([a-z-]+)-output\d+\.json$", path.name)
    if placebo and placebo.group(1) in backup.operations:
        return placebo.group(1), _without_classes(json.loads(path.read_text(encoding="utf-8"))["data"])
    if told and told.group(1) in backup.by_cli_name:
        return backup.by_cli_name[told.group(1)], json.loads(path.read_text(encoding="utf-8"))
    return None, None


def _without_classes(value):
    """Placebo writes a time as an object of its parts."""
    if isinstance(value, list):
        return [_without_classes(it) for it in value]
    if not isinstance(value, dict):
        return value
    if value.get("__class__") == "datetime":
        parts = [value.get(name, 0) for name in ("year", "month", "day", "hour", "minute", "second", "microsecond")]
        return datetime(*parts, tzinfo=timezone.utc).isoformat()
    return {name: _without_classes(it) for name, it in value.items()}


def _request(entry, response):
    names = entry.scope if isinstance(entry, tables.Listing) else (*getattr(entry, "scope", ()), *entry.key)
    inner = response[entry.wrapper] if getattr(entry, "wrapper", "") else response
    return {name: inner.get(name, "of-the-example") for name in names}
