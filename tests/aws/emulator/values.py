"""Checks recorded values against botocore's shapes and brings them into the one form the state holds.

A member that AWS's shape does not have is refused, so what is played back cannot drift from AWS.
Judges no value beyond its type.
"""

from .wire import seconds


class Refused(Exception):
    """A recorded value that is not of its shape, with where in it."""


_READERS = {}


def reader(shape):
    """A function from a recorded value of this shape to the form the state holds; it may change the value."""
    known = _READERS.get(id(shape))
    if known is None:
        known = _READERS[id(shape)] = (_make(shape), shape)
    return known[0]


def _make(shape):
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape)
    if kind == "list":
        return _list(shape)
    if kind == "map":
        return _map(shape)
    if kind == "timestamp":
        return _time
    return {
        "string": _of(str, "a string"),
        "character": _of(str, "a string"),
        "blob": _of(str, "a string in base64"),
        "boolean": _of(bool, "true or false"),
        "integer": _of(int, "a whole number"),
        "long": _of(int, "a whole number"),
        "float": _number,
        "double": _number,
    }[kind]


def _structure(shape):
    if getattr(shape, "is_document_type", False):
        return lambda value, where: value
    # Shapes may contain themselves, so what is inside is looked at when a value comes.
    members = {}

    def read(value, where):
        if type(value) is not dict:
            raise Refused(f"{where or 'the response'} is not an object")
        if not members:
            members.update({name: reader(member) for name, member in shape.members.items()})
        empty = None
        for name, given in value.items():
            member = members.get(name)
            if member is None:
                raise Refused(f"{where}.{name}: AWS's {shape.name} has no such member" if where else
                              f"{name}: AWS's {shape.name} has no such member")
            if given is None:
                empty = [name] if empty is None else [*empty, name]
                continue
            try:
                value[name] = member(given, None)
            except Refused:
                member(given, f"{where}.{name}" if where else name)
                raise
        for name in empty or ():
            del value[name]
        return value

    return read


def _list(shape):
    def read(value, where):
        if type(value) is not list:
            raise Refused(f"{where} is not a list")
        member = reader(shape.member)
        for position, it in enumerate(value):
            try:
                value[position] = member(it, None)
            except Refused:
                member(it, f"{where}[{position}]")
                raise
        return value

    return read


def _map(shape):
    def read(value, where):
        if type(value) is not dict:
            raise Refused(f"{where} is not an object")
        member = reader(shape.value)
        for key, it in value.items():
            value[key] = member(it, f"{where}.{key}")
        return value

    return read


def _of(kind, words):
    def read(value, where):
        if type(value) is not kind:
            raise Refused(f"{where} is not {words}")
        return value

    return read


def _number(value, where):
    if type(value) not in (int, float):
        raise Refused(f"{where} is not a number")
    return value


def _time(value, where):
    if type(value) is float:
        return value
    try:
        return seconds(value)
    except (TypeError, ValueError) as error:
        raise Refused(f"{where} is not a time") from error
