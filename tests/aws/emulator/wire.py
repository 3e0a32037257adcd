"""Requests read and answers written in each of AWS's protocols, driven by botocore's shapes.

In between, a value is a Python value under its member's name, times as seconds since 1970, binary data in base64.
Knows no service and no operation.
"""

import base64
import io
import json
import struct
from datetime import datetime, timezone
from xml.sax.saxutils import escape

from botocore.parsers import RpcV2CBORParser

_CBOR = RpcV2CBORParser()


def seconds(text):
    """Seconds since 1970 of a time as AWS or its CLI writes it."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)
    try:
        return float(text)
    except ValueError:
        pass
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp(), 6)


def _iso(value):
    moment = datetime.fromtimestamp(value, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{moment.microsecond // 1000:03d}Z"


# Reading requests


def read_parameters(request):
    """The parameters of a request under the names of the input shape's members."""
    shape = request.service.model.operation_model(request.operation).input_shape
    if shape is None:
        return {}
    if request.protocol == "cbor":
        document = _CBOR.parse_data_item(io.BytesIO(request.body)) if request.body else {}
        return _from_document(shape, document)
    if request.protocol == "json":
        return _from_document(shape, json.loads(request.body or b"{}"))
    if request.protocol in ("query", "ec2"):
        return _from_form(shape, request.form, "", request.protocol)
    return _from_rest(shape, request)


def _from_rest(shape, request):
    found = {}
    document = None
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if place == "uri":
            text = request.labels.get(key)
        elif place == "querystring":
            texts = request.query.get(key)
            if texts and member.type_name == "list":
                found[name] = texts
                continue
            text = texts[0] if texts else None
        elif place == "header":
            text = request.headers.get(key.lower())
        else:
            if document is None:
                document = json.loads(request.body or b"{}") if request.protocol == "rest-json" else {}
            if isinstance(document, dict) and document.get(key) is not None:
                found[name] = _from_document(member, document[key])
            continue
        if text is not None:
            found[name] = _from_text(member, text)
    return found


def _from_text(shape, text):
    kind = shape.type_name
    if kind == "boolean":
        return text.lower() == "true"
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind == "timestamp":
        return seconds(text)
    return text


def _from_document(shape, value):
    kind = shape.type_name
    if value is None:
        return None
    if kind == "structure":
        found = {}
        for name, member in shape.members.items():
            given = value.get(member.serialization.get("name", name))
            if given is not None:
                found[name] = _from_document(member, given)
        return found
    if kind == "list":
        return [_from_document(shape.member, it) for it in value]
    if kind == "map":
        return {key: _from_document(shape.value, it) for key, it in value.items()}
    if kind == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else seconds(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _from_form(shape, form, prefix, protocol):
    kind = shape.type_name
    if kind == "structure":
        found = {}
        for name, member in shape.members.items():
            key = _form_name(name, member, protocol)
            key = f"{prefix}.{key}" if prefix else key
            if key in form or any(it.startswith(key + ".") for it in form):
                found[name] = _from_form(member, form, key, protocol)
        return found
    if kind == "list":
        if protocol == "query" and not shape.serialization.get("flattened"):
            prefix = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        found, number = [], 1
        while any(it == f"{prefix}.{number}" or it.startswith(f"{prefix}.{number}.") for it in form):
            found.append(_from_form(shape.member, form, f"{prefix}.{number}", protocol))
            number += 1
        return found
    return _from_text(shape, form.get(prefix, ""))


def _form_name(name, member, protocol):
    if protocol == "ec2":
        if "queryName" in member.serialization:
            return member.serialization["queryName"]
        name = member.serialization.get("name", name)
        return name[:1].upper() + name[1:]
    return member.serialization.get("name", name)


# Writing answers


def write_answer(request, output, request_id):
    """Status, headers and body that carry this output."""
    operation = request.service.model.operation_model(request.operation)
    shape = operation.output_shape
    status = operation.http.get("responseCode", 200) if request.protocol.startswith("rest-") else 200
    headers = {"x-amzn-requestid": request_id}
    if request.protocol == "cbor":
        headers |= {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return status, headers, write_cbor(shape, output) if shape else b"\xa0"
    if request.protocol == "json":
        headers["content-type"] = f"application/x-amz-json-{request.service.metadata.get('jsonVersion', '1.0')}"
        return status, headers, _json(shape, output)
    if request.protocol == "rest-json":
        headers["content-type"] = "application/json"
        return status, headers, _json(shape, output)
    headers["content-type"] = "text/xml"
    return status, headers, _xml_answer(request, operation, output, request_id).encode()


def _json(shape, output):
    if shape is None:
        return b"{}"
    if not _is_plain(shape):
        output = _to_document(shape, output)
    return json.dumps(output, separators=(",", ":"), ensure_ascii=False).encode()


_PLAIN = {}


def _is_plain(shape):
    """Whether a value of this shape is already what JSON carries: no other names, no other time format."""
    if shape.type_name not in ("structure", "list", "map"):
        return _looks_plain(shape)
    # Each mention of a shape is an object of its own, so a shape that contains itself is told by its name.
    key = (id(shape._shape_resolver), shape.name)
    known = _PLAIN.get(key)
    if known is None:
        _PLAIN[key] = True
        known = _PLAIN[key] = _looks_plain(shape)
    return known


def _looks_plain(shape):
    kind = shape.type_name
    if kind == "structure":
        return all(
            member.serialization.get("name", name) == name
            and "location" not in member.serialization
            and _is_plain(member)
            for name, member in shape.members.items()
        )
    if kind == "list":
        return _is_plain(shape.member)
    if kind == "map":
        return _is_plain(shape.value)
    return shape.serialization.get("timestampFormat", "unixTimestamp") == "unixTimestamp"


def _to_document(shape, value):
    kind = shape.type_name
    if kind == "structure":
        return {
            shape.members[name].serialization.get("name", name): _to_document(shape.members[name], it)
            for name, it in value.items()
            if it is not None
        }
    if kind == "list":
        return [_to_document(shape.member, it) for it in value]
    if kind == "map":
        return {key: _to_document(shape.value, it) for key, it in value.items()}
    if kind == "timestamp" and shape.serialization.get("timestampFormat") == "iso8601":
        return _iso(value)
    return value


# botocore does not look at these names, other SDKs do.
_ROOTS = {"ListBuckets": "ListAllMyBucketsResult"}


def _xml_answer(request, operation, output, request_id):
    namespace = request.service.metadata.get("xmlNamespace", "http://s3.amazonaws.com/doc/2006-03-01/")
    shape = operation.output_shape
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    if request.protocol == "rest-xml":
        root = _ROOTS.get(operation.name, operation.name + "Result")
        parts.append(f'<{root} xmlns="{namespace}">')
        _xml_members(shape, output, parts)
        parts.append(f"</{root}>")
        return "".join(parts)
    root = operation.name + "Response"
    parts.append(f'<{root} xmlns="{namespace}">')
    if request.protocol == "ec2":
        parts.append(f"<requestId>{request_id}</requestId>")
        if shape:
            _xml_members(shape, output, parts)
    else:
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        if wrapper:
            parts.append(f"<{wrapper}>")
            _xml_members(shape, output, parts)
            parts.append(f"</{wrapper}>")
        parts.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>")
    parts.append(f"</{root}>")
    return "".join(parts)


def _xml_members(shape, value, parts):
    for name, member in shape.members.items():
        given = value.get(name)
        if given is not None:
            _xml(member, given, member.serialization.get("name", name), parts)


def _xml(shape, value, name, parts):
    kind = shape.type_name
    if kind == "structure":
        parts.append(f"<{name}>")
        _xml_members(shape, value, parts)
        parts.append(f"</{name}>")
    elif kind == "list":
        inner = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            for it in value:
                _xml(shape.member, it, shape.member.serialization.get("name", name), parts)
            return
        parts.append(f"<{name}>")
        for it in value:
            _xml(shape.member, it, inner, parts)
        parts.append(f"</{name}>")
    elif kind == "map":
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        parts.append(f"<{name}>")
        for key, it in value.items():
            parts.append(f"<entry><{key_name}>{escape(key)}</{key_name}>")
            _xml(shape.value, it, value_name, parts)
            parts.append("</entry>")
        parts.append(f"</{name}>")
    else:
        parts.append(f"<{name}>{escape(_xml_text(kind, value), {chr(13): '&#xD;'})}</{name}>")


def _xml_text(kind, value):
    if kind == "timestamp":
        return _iso(value)
    if kind == "boolean":
        return "true" if value else "false"
    return str(value)


def write_cbor(shape, value):
    """A value in CBOR, times as AWS's protocol tags them."""
    parts = []
    _cbor(shape, value, parts)
    return b"".join(parts)


def _head(major, number, parts):
    if number < 24:
        parts.append(bytes([major << 5 | number]))
        return
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            parts.append(bytes([major << 5 | code]) + number.to_bytes(size, "big"))
            return


def _cbor_text(text, parts):
    data = text.encode()
    _head(3, len(data), parts)
    parts.append(data)


def _cbor(shape, value, parts):
    kind = shape.type_name if shape is not None else ""
    if kind == "structure":
        given = [(name, it) for name, it in value.items() if it is not None]
        _head(5, len(given), parts)
        for name, it in given:
            _cbor_text(shape.members[name].serialization.get("name", name), parts)
            _cbor(shape.members[name], it, parts)
    elif kind == "map":
        _head(5, len(value), parts)
        for key, it in value.items():
            _cbor_text(key, parts)
            _cbor(shape.value, it, parts)
    elif kind == "list":
        _head(4, len(value), parts)
        for it in value:
            _cbor(shape.member, it, parts)
    elif kind == "timestamp":
        parts.append(b"\xc1\xfb" + struct.pack(">d", value))
    elif kind == "blob":
        data = base64.b64decode(value)
        _head(2, len(data), parts)
        parts.append(data)
    elif isinstance(value, bool):
        parts.append(b"\xf5" if value else b"\xf4")
    elif isinstance(value, int) and kind not in ("float", "double"):
        _head(0, value, parts) if value >= 0 else _head(1, -1 - value, parts)
    elif isinstance(value, (int, float)):
        parts.append(b"\xfb" + struct.pack(">d", value))
    else:
        _cbor_text(value, parts)


# Writing errors


class AwsError(Exception):
    """An error that AWS answers with."""

    def __init__(self, code, message, status=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


_FORBIDDEN = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "AuthFailure",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
}


def write_error(request, error, request_id):
    """Status, headers and body of an error, in the protocol the request came in."""
    shape = _error_shape(request, error.code)
    status = error.status or _error_status(request, shape, error.code)
    headers = {"x-amzn-requestid": request_id}
    if request.protocol == "cbor":
        headers |= {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        parts = []
        document = {"__type": error.code, "message": error.message} | _required(shape, error.code)
        _head(5, len(document), parts)
        for text in (it for pair in document.items() for it in pair):
            _cbor_text(text, parts)
        return status, headers, b"".join(parts)
    if request.protocol in ("query", "ec2", "rest-xml"):
        headers["content-type"] = "text/xml"
        return status, headers, _xml_error(request, error, status, request_id).encode()
    word = "Message" if shape is not None and "Message" in shape.members else "message"
    if request.protocol == "json":
        headers["content-type"] = f"application/x-amz-json-{request.service.metadata.get('jsonVersion', '1.0')}"
        document = {"__type": error.code, word: error.message}
    else:
        # In the header as AWS puts it there; botocore and the other SDKs read it.
        headers |= {"content-type": "application/json", "x-amzn-errortype": error.code}
        document = {word: error.message}
    return status, headers, json.dumps(document | _required(shape, error.code)).encode()


def _required(shape, code):
    """What an error must say beside its message; SDKs with types insist on it."""
    if shape is None:
        return {}
    names = (it for it in shape.required_members if it.lower() != "message")
    return {name: code for name in names if shape.members[name].type_name == "string"}


def _error_shape(request, code):
    if request.service is None:
        return None
    for shape in request.service.model.error_shapes:
        if code in (shape.name, shape.error_code):
            return shape
    return None


def _error_status(request, shape, code):
    if shape is not None and shape.metadata.get("error", {}).get("httpStatusCode"):
        return shape.metadata["error"]["httpStatusCode"]
    if code in _FORBIDDEN:
        return 400 if request.protocol in ("json", "cbor") else 403
    return 404 if request.protocol == "rest-xml" and code.startswith("NoSuch") else 400


def _xml_error(request, error, status, request_id):
    code, message = escape(error.code), escape(error.message)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if request.protocol == "ec2":
        return (
            f"{head}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    if request.protocol == "rest-xml":
        return (
            f"{head}<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    namespace = request.service.metadata.get("xmlNamespace", "")
    side = "Sender" if status < 500 else "Receiver"
    return (
        f'{head}<ErrorResponse xmlns="{namespace}"><Error><Type>{side}</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
