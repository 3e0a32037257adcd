"""Answers the operations of `tables` from an estate: filters, pages and tokens as AWS makes them.

Changes nothing and knows no protocol.
"""

import base64
import hashlib
import hmac
import json
import os

from . import models, tables
from .seed import asked
from .state import GLOBAL
from .wire import AwsError

_SECRET = os.urandom(16)
NOT_OURS = object()


def answer(estate, request, address):
    """The output of a request, `NOT_OURS` where the estate has nothing to say; raises AwsError."""
    service, operation = request.service.name, request.operation
    entry = tables.answered(service, operation)
    place = estate.place(request.account, request.region)
    everywhere = estate.place(request.account, GLOBAL)
    key = asked(service, operation, request.parameters)
    if not (entry and entry.place == "organization"):
        for here in (place, everywhere):
            if key in here.errors:
                raise here.errors[key]
    if entry is None:
        for here in (place, everywhere):
            if key in here.recorded:
                return here.recorded[key]
        return NOT_OURS
    if operation == "DescribeEndpoints":
        return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
    if entry.place == "organization":
        place = _organization(estate, request, key)
    elif entry.place == GLOBAL:
        place = everywhere
    if isinstance(entry, tables.Listing):
        return _list(estate, place, everywhere, entry, request)
    if isinstance(entry, tables.Getting):
        return _get(place, entry, request)
    return _single(place, everywhere, entry, request)


def knows(estate, request):
    """Whether the estate answers this, be it with an error."""
    service, operation = request.service.name, request.operation
    entry = tables.answered(service, operation)
    place, everywhere = estate.place(request.account, request.region), estate.place(request.account, GLOBAL)
    key = asked(service, operation, request.parameters)
    if entry is None:
        return any(key in held for here in (place, everywhere) for held in (here.errors, here.recorded))
    if not entry.otherwise or key in place.errors or key in everywhere.errors:
        return True
    if isinstance(entry, tables.Listing):
        return any(here.find(entry.collection, tuple(request.parameters.get(it) for it in entry.scope)) is not None
                   for here in (place, everywhere))
    of_what = tuple(_asked(entry, it, request) for it in entry.key)
    return any((entry.thing, of_what) in here.things for here in (place, everywhere))


# Organizations


def _organization(estate, request, key):
    """The management account's place, for those who may read it."""
    home = estate.organization()
    own = estate.place(request.account, GLOBAL)
    for place in (own, home):
        if place is not None and key in place.errors and (place is own or request.account == home.account):
            raise place.errors[key]
    known = home is not None and (
        request.account == home.account
        or ("organization", ()) in own.things
        or any(request.account in bag.by_key for name in ("org-accounts", "org-accounts-of")
               for _, bag in home.bags_of(name))
    )
    if not known:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if request.account == home.account or request.operation == "DescribeOrganization":
        return home
    of_what = ("effective policy", (request.parameters.get("PolicyType"), request.parameters.get("TargetId")
                                    or request.account))
    if request.operation == "DescribeEffectivePolicy" and of_what in own.things:
        return own
    if request.operation == "DescribeEffectivePolicy" and request.parameters.get("TargetId") in (None, request.account):
        return home
    delegates = home.find("org-delegates")
    if delegates and request.account in delegates.by_key:
        return home
    raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def _derived(estate, place, entry, scope):
    """Records that follow from others, where they were not recorded themselves."""
    if entry.operation == "DescribeRegions":
        return _regions(estate.regions)
    if entry.operation == "ListParents":
        for name, kind in (("org-accounts-of", None), ("org-units-of", None)):
            for (parent,), bag in place.bags_of(name):
                if scope[0] in bag.by_key:
                    return [{"Id": parent, "Type": "ROOT" if parent.startswith("r-") else "ORGANIZATIONAL_UNIT"}]
        raise AwsError("ChildNotFoundException", "You specified a child that doesn't exist.")
    if entry.operation == "ListChildren":
        name = {"ACCOUNT": "org-accounts-of", "ORGANIZATIONAL_UNIT": "org-units-of"}.get(scope[1], "")
        return [{"Id": it["Id"], "Type": scope[1]} for it in place.find(name, scope[:1]) or ()]
    if entry.operation in ("ListAccountsForParent", "ListOrganizationalUnitsForParent"):
        units = place.find("org-units")
        roots = place.find("org-roots")
        if not (units and scope[0] in units.by_key) and not (roots and scope[0] in roots.by_key):
            raise AwsError("ParentNotFoundException", "You specified a root or organizational unit that doesn't exist.")
    if entry.operation == "ListRecoveryPointsByResource":
        return [it | {"BackupSizeBytes": it.get("BackupSizeInBytes")} for it in place.points_of(scope[0])]
    if entry.operation == "ListRestoreJobsByProtectedResource":
        return [it for it in place.find("restore jobs") or () if it.get("SourceResourceArn") == scope[0]]
    if entry.operation == "ListProtectedResourcesByBackupVault":
        held = {it.get("ResourceArn") for it in place.find("points", scope) or ()}
        return [it for it in place.find("protected") or () if it["ResourceArn"] in held]
    return []


def _regions(enabled):
    """The Regions the estate is in, as those that need no opting in, and all others as not opted in."""
    every = models.SESSION.get_available_regions("ec2")
    return [
        {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com",
         "OptInStatus": "opt-in-not-required" if name in enabled else "not-opted-in"}
        for name in sorted({*every, *enabled})
    ]


# Lists


def _list(estate, place, everywhere, entry, request):
    parameters = request.parameters
    scope = tuple(parameters.get(it) for it in entry.scope)
    bag = place.find(entry.collection, scope)
    if bag is None and entry.otherwise and everywhere.find(entry.collection, scope):
        bag = everywhere.find(entry.collection, scope)
    if bag is None and entry.otherwise:
        return NOT_OURS
    if bag is None and entry.parent:
        holder = place.find(entry.parent[0])
        if holder is None or scope[0] not in holder.by_key:
            raise AwsError("ResourceNotFoundException", f"{entry.parent[1]} {scope[0]} does not exist")
    if bag is None:
        records, tail_error = _derived(estate, place, entry, scope), None
    else:
        records, tail_error = bag.records, bag.tail_error
    keep = _keeper(entry, request)
    size = _page_size(entry, request)
    position = _position(entry, request, records)
    found = []
    last = position
    for position in range(position, len(records)):
        record = records[position]
        if record is not None and keep(record):
            if len(found) == size:
                break
            found.append(record)
        last = position + 1
    more = last < len(records) and len(found) == size
    if tail_error is not None and not more:
        if parameters.get(entry.token[0]) and not found:
            raise tail_error
        more, last = True, len(records)
    if not found and "DBClusterIdentifier" in parameters:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {parameters['DBClusterIdentifier']} not found.", 404)
    output = {entry.member: _views(found, _item_shape(request, entry))}
    if more:
        output[entry.token[1]] = found[-1] if entry.service == "dynamodb" else _token(entry, request, last)
    elif entry.last_token is not None:
        output[entry.token[1]] = entry.last_token
    if entry.collection == "buckets" and ("bucket owner", ()) in place.things:
        output["Owner"] = place.things[("bucket owner", ())]
    if entry.service == "kms":
        output["Truncated"] = more
    return output


def _item_shape(request, entry):
    return request.service.model.operation_model(request.operation).output_shape.members[entry.member].member


def _views(records, shape):
    if shape.type_name != "structure":
        return records
    return [view(it, shape) for it in records]


_MEMBERS = {}


def view(record, shape):
    """What a shape shows of a record."""
    known = _MEMBERS.get(id(shape))
    if known is None:
        known = _MEMBERS[id(shape)] = (frozenset(shape.members), shape)
    members = known[0]
    if record.keys() <= members:
        return record
    return {name: it for name, it in record.items() if name in members}


def _invalid(entry, message):
    return AwsError(tables.INVALID.get(entry.service, "ValidationException"), message)


def _page_size(entry, request):
    least, most, usual = entry.sizes
    asked = request.parameters.get(entry.size) if entry.size else None
    if asked is None:
        return usual
    if not least <= asked <= most:
        raise _invalid(entry, f"{entry.size} is {asked} and must be from {least} to {most}")
    return asked


def _position(entry, request, records):
    token = request.parameters.get(entry.token[0]) if entry.token[0] else None
    if not token:
        return 0
    if entry.service == "dynamodb":
        return next((at for at, it in enumerate(records) if it is not None and it > token), len(records))
    told, _, text = token.partition(".")
    if not hmac.compare_digest(told, _signed(entry, request, text)):
        raise _invalid(entry, f"{entry.token[0]} is not one of this list")
    return int(base64.urlsafe_b64decode(text))


def _token(entry, request, position):
    text = base64.urlsafe_b64encode(str(position).encode()).decode()
    return f"{_signed(entry, request, text)}.{text}"


def _signed(entry, request, text):
    """Ties a token to what was asked: another account, Region, operation or filter makes it foreign."""
    page = (entry.size, entry.token[0])
    asked = {key: it for key, it in request.parameters.items() if key not in page}
    what = json.dumps([request.account, request.region, request.name, asked, text], sort_keys=True)
    return hmac.new(_SECRET, what.encode(), hashlib.sha256).hexdigest()[:24]


# Filters


def _keeper(entry, request):
    tests = []
    for name, (kind, what) in entry.filters.items():
        given = request.parameters.get(name)
        if kind == "deleted":
            if not given:
                tests.append(lambda it, what=what: what not in it)
        elif kind == "enabled":
            if not given:
                tests.append(lambda it, what=what: it.get(what) != "not-opted-in")
        elif given is not None and given != []:
            tests.append(_test(entry, kind, what, given))
    if not tests:
        return lambda record: True
    return lambda record: all(test(record) for test in tests)


def _values(record, path):
    """The values at a path, through lists."""
    found = [record]
    for name in path.split("."):
        inner = []
        for it in found:
            value = it.get(name) if isinstance(it, dict) else None
            if isinstance(value, list):
                inner.extend(value)
            elif value is not None:
                inner.append(value)
        found = inner
    return found


def _test(entry, kind, what, given):
    if kind == "equals":
        if "." not in what:
            return lambda it: it.get(what) == given
        return lambda it: given in _values(it, what)
    if kind == "after":
        return lambda it: it.get(what) is not None and it[what] > given
    if kind == "before":
        return lambda it: it.get(what) is not None and it[what] < given
    if kind == "account":
        return lambda it: given == "*" or it.get(what) == given
    if kind == "in":
        wanted = set(given)
        return lambda it: any(value in wanted for value in _values(it, what))
    if kind == "id":
        return lambda it: any(it.get(name) == given for name in what)
    if kind == "any id":
        return lambda it: any(it.get(name) in given for name in what)
    if kind == "prefix":
        return lambda it: it[what].startswith(given)
    if kind == "tags":
        return lambda it: _has_tags(it.get(what, []), given)
    if kind == "arn types":
        return lambda it: any(_is_type(it[what], wanted) for wanted in given)
    return _named_filters(entry, what, given)


def _has_tags(tags, filters):
    held = {it["Key"]: it.get("Value", "") for it in tags}
    return all(
        it["Key"] in held and (not it.get("Values") or held[it["Key"]] in it["Values"]) for it in filters
    )


def _is_type(arn, wanted):
    parts = arn.split(":", 5)
    service, _, kind = wanted.partition(":")
    if len(parts) < 6 or parts[2] != service:
        return False
    return not kind or parts[5] == kind or parts[5].startswith((kind + "/", kind + ":"))


def _named_filters(entry, known, filters):
    tests = []
    for it in filters:
        name, wanted = it.get("Name", ""), it.get("Values", [])
        if name in known:
            path = known[name]
            texts = {value.lower() if value in ("true", "false") else value for value in wanted}
            tests.append(lambda record, path=path, texts=texts: any(_text(v) in texts for v in _values(record, path)))
        elif name.startswith("tag:") or name == "tag-key":
            key = name[4:] if name.startswith("tag:") else None
            tests.append(lambda record, key=key, wanted=wanted: any(
                (tag["Key"] in wanted if key is None else tag["Key"] == key and tag.get("Value") in wanted)
                for path in ("Tags", "TagList", "Instances.Tags") for tag in _values(record, path)))
        else:
            raise _invalid(entry, f"The filter '{name}' is invalid")
    return lambda record: all(test(record) for test in tests)


def _text(value):
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


# One record or thing


def _get(place, entry, request):
    key = request.parameters.get(entry.key[0])
    scope = tuple(request.parameters.get(it) for it in entry.scope)
    record = None
    if entry.operation == "GetBackupPlan" and request.parameters.get("VersionId"):
        versions = place.find("plan versions", (key,))
        record = versions.get(request.parameters["VersionId"]) if versions else None
        current = place.find("plans")
        current = current.get(key) if current else None
        if record is None and current and current.get("VersionId") == request.parameters["VersionId"]:
            record = current
    else:
        bag = place.find(entry.collection, scope)
        record = bag.get(key) if bag else None
    if record is None or (entry.needs and entry.needs not in record):
        code, message = entry.missing
        raise AwsError(code, message.format(key=f"{entry.key[0]} {key}"))
    shape = request.service.model.operation_model(request.operation).output_shape
    if entry.wrapper:
        return {entry.wrapper: view(record, shape.members[entry.wrapper])}
    return view(record, shape)


def _single(place, everywhere, entry, request):
    key = tuple(_asked(entry, it, request) for it in entry.key)
    for here in (place, everywhere):
        found = here.things.get((entry.thing, key))
        if found is not None:
            return found
    if entry.otherwise:
        return NOT_OURS
    if entry.operation == "ListTags":
        tagged = place.find("tagged")
        record = tagged.get(key[0]) if tagged else None
        if record:
            return {"Tags": {it["Key"]: it.get("Value", "") for it in record.get("Tags", [])}}
    if entry.default is not None:
        return entry.default
    code, message = entry.missing
    raise AwsError(code, message.format(key=key[0] if key else ""))


def _asked(entry, name, request):
    if name == "TargetId" and entry.operation == "DescribeEffectivePolicy":
        return request.parameters.get(name) or request.account
    return request.parameters.get(name)
