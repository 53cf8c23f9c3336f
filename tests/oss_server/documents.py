"""XML as OSS writes and reads it: no namespace, an XML declaration, keys URL-encoded on request."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Union
from urllib.parse import quote
from xml.etree import ElementTree

from tests.oss_server.errors import OssError

DOCUMENT_BYTES_MAX = 2 * 1024 * 1024
# Keys may have control characters, and clients write them as they are: OSS's reader bears it.
_ESCAPED = {code: 0xE000 + code for code in range(32) if code not in (9, 10, 13)}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNESCAPED = {private: code for code, private in _ESCAPED.items()}

Node = tuple[str, Union[str, int, Sequence["Node"], None]]  # noqa: UP007 - it names itself


def write_document(name: str, children: Iterable[Node]) -> bytes:
    """Write a document; a child of None is left out, a sequence nests."""
    root = ElementTree.Element(name)
    _append(root, children)
    body: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def _append(parent: ElementTree.Element, children: Iterable[Node]) -> None:
    for name, value in children:
        if value is None:
            continue
        element = ElementTree.SubElement(parent, name)
        if isinstance(value, bool):
            element.text = "true" if value else "false"
        elif isinstance(value, str | int):
            # What XML cannot hold is shown as a client would write it in a URL.
            element.text = _CONTROL.sub(lambda found: quote(found[0]), str(value))
        else:
            _append(element, value)


def read_document(data: bytes, name: str | None = None) -> ElementTree.Element:
    """Read what a client sent. Raises `OssError` `MalformedXML`."""
    if len(data) > DOCUMENT_BYTES_MAX:
        raise OssError("MalformedXML")
    try:
        root = ElementTree.fromstring(data.decode().translate(_ESCAPED))
    except (UnicodeDecodeError, ElementTree.ParseError):
        raise OssError("MalformedXML") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if name is not None and root.tag != name:
        raise OssError("MalformedXML")
    return root


def child_text(parent: ElementTree.Element, path: str) -> str:
    """Return the text of a child that has to be there. Raises `OssError` `MalformedXML`."""
    found = parent.find(path)
    if found is None:
        raise OssError("MalformedXML")
    return (found.text or "").translate(_UNESCAPED)


def encode_key(key: str, encoding: str | None) -> str:
    """Return a key as a list shows it: XML cannot hold every character that a key may have."""
    return quote(key, safe="") if encoding == "url" else key


def write_time(at_ms: int) -> str:
    """Write a moment as documents have it."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def write_http_time(at_ms: int) -> str:
    """Write a moment as headers have it, in English whatever the locale."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    month = months[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment:%Y %H:%M:%S} GMT"
