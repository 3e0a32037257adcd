"""Every member of every answer's shape survives its protocol, in invented items.

Their values mean nothing; what hangs together is left to the other checks.
"""

import base64
import json
import math

from emulator import models, tables
from emulator.state import GLOBAL

from .asking import call, expected, pages, plain, same

INVENTED = "999988887777"
INVENTED_REGION = "us-east-1"

def invented(shape, number, depth=0):
    """A value with every member of its shape, as deep as shapes that contain themselves allow."""
    kind = shape.type_name
    if kind == "structure":
        if depth > 7:
            return {}
        members = shape.members.items()
        if shape.is_tagged_union:
            members = [next(iter(members))]
        return {name: invented(member, number, depth + 1) for name, member in members
                if not (depth > 7 and member.type_name == "structure")}
    if kind == "list":
        if depth > 6:
            return []
        return [invented(shape.member, number + at, depth + 1) for at in (0, 1)]
    if kind == "map":
        return {f"key <{number}>": invented(shape.value, number, depth + 1)}
    if kind == "timestamp":
        return 1700000000.125 + number
    if kind == "boolean":
        return number % 2 == 0
    if kind in ("integer", "long"):
        return number + 1
    if kind in ("float", "double"):
        return number + 0.5
    if kind == "blob":
        return base64.b64encode(f"b{number}".encode()).decode()
    return f'{shape.name} & <{number}> "é"\n{number}'


# Answers whose parts hang together, so they cannot be invented one by one.
_NOT_INVENTED = {"AssumeRole", "DescribeEndpoints", "DescribeOrganization", "DescribeBackupVault",
                 "DescribePolicy", "DescribeEffectivePolicy"}


def invent_estate(folder):
    """Writes a folder with 25 invented items of every list and one of every thing; what it must be answered as."""
    wanted = []
    for entry in tables.LISTINGS.values():
        if entry.service == "organizations" or entry.operation == "DescribeRegions":
            continue
        shape = models.service(entry.service).model.operation_model(entry.operation).output_shape
        items = []
        for number in range(25):
            item = invented(shape.members[entry.member].member, number)
            if entry.key:
                item[entry.key] = f"key-{number:03d}"
            elif entry.service == "dynamodb":
                item = f"table-{number:03d}"
            for scope in entry.scope:
                if isinstance(item, dict) and scope in item:
                    item[scope] = "parent/1"
            item.pop("DeletionDate", None) if entry.operation == "ListBackupPlans" else None
            items.append(item)
        request = {name: "parent/1" for name in entry.scope}
        _write(folder, entry, {"request": request, "response": {entry.member: items}})
        wanted.append((entry, request, items))
    for entry in (*tables.GETTINGS.values(), *tables.SINGLES.values()):
        if entry.service == "organizations" or entry.operation in _NOT_INVENTED:
            continue
        shape = models.service(entry.service).model.operation_model(entry.operation).output_shape
        response = invented(shape, 7)
        inner = response[entry.wrapper] if getattr(entry, "wrapper", "") else response
        request = {}
        for name in (*getattr(entry, "scope", ()), *entry.key):
            request[name] = "the one" if name in entry.key else "parent/2"
            if name in inner:
                inner[name] = request[name]
        if "DeletionDate" in inner:
            del inner["DeletionDate"]
        if isinstance(entry, tables.Getting):
            # A record of its own account, so that the lists above stay as they are.
            account = "999988886666"
        else:
            account = INVENTED
        _write(folder, entry, {"request": request, "response": response}, account)
        wanted.append((entry, request, (account, response)))
    return wanted


def _write(folder, entry, told, account=INVENTED):
    service = models.service(entry.service)
    path = folder / account / (GLOBAL if entry.place == GLOBAL else INVENTED_REGION)
    path.mkdir(parents=True, exist_ok=True)
    with open(path / f"{service.cli}.{models.cli_name(entry.operation)}.ndjson", "a", encoding="utf-8") as lines:
        lines.write(json.dumps(told) + "\n")


def shapes_survive(server, wanted):
    for entry, request, told in wanted:
        shape = models.service(entry.service).model.operation_model(entry.operation).output_shape
        what = f"{entry.service}.{entry.operation}"
        if isinstance(entry, tables.Listing):
            client = server.client(entry.service, INVENTED, INVENTED_REGION)
            size = max(entry.sizes[0], 7)
            got, number = pages(client, entry.service, entry.operation, request, size)
            same(what, plain(got), expected(shape, {entry.member: told})[entry.member])
            if entry.size:
                same(f"pages of {what}", number, math.ceil(25 / size))
                all_of_them, _ = pages(client, entry.service, entry.operation, request, min(entry.sizes[1], 1000))
                same(f"whole {what}", plain(all_of_them), plain(got))
        else:
            account, response = told
            client = server.client(entry.service, account, INVENTED_REGION)
            same(what, plain(call(client, entry.operation, **request)), expected(shape, response))
