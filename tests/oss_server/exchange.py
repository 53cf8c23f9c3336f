"""A request as it came and the answer that goes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, unquote_plus

from tests.oss_server.documents import DOCUMENT_BYTES_MAX
from tests.oss_server.errors import OssError

CHUNK_BYTES = 256 * 1024


class Readable(Protocol):
    """What can be read to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return some bytes, none at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request: names are decoded, header names are lower case, the body is not read yet."""

    method: str
    bucket: str
    key: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Readable
    host: str

    def has(self, name: str) -> bool:
        """Say whether a parameter is there, also without a value."""
        return name in self.params

    def number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """Return a parameter as a number. Raises `OssError` `InvalidArgument`."""
        text = self.params.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            details = {"ArgumentName": name, "ArgumentValue": text}
            raise OssError(
                "InvalidArgument",
                f"Argument {name} must be an integer between {lowest} and {highest}.",
                details=details,
            )
        return int(text)

    def read_body(self) -> bytes:
        """Return a small body, a document. Raises `OssError` `MalformedXML` when it is not one."""
        data = self.body.read(DOCUMENT_BYTES_MAX + 1)
        if len(data) > DOCUMENT_BYTES_MAX:
            raise OssError("MalformedXML")
        return data


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSlice:
    """Bytes of a file that are sent without being held."""

    path: Path
    start: int
    length: int


@dataclass(kw_only=True, slots=True)
class Answer:
    """What goes back. `length` overrides the Content-Length: a HEAD tells of what it withholds."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | FileSlice = b""
    length: int | None = None

    @property
    def content_length(self) -> int:
        """Return what Content-Length says."""
        if self.length is not None:
            return self.length
        return self.body.length if isinstance(self.body, FileSlice) else len(self.body)


def document_answer(body: bytes, status: int = 200) -> Answer:
    """Return an answer that is a document."""
    return Answer(status=status, headers={"Content-Type": "application/xml"}, body=body)


def parse_query(query: str) -> dict[str, str]:
    """Return the parameters, decoded; a name alone has the empty value."""
    params = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        params[unquote_plus(name)] = unquote_plus(value)
    return params


def split_target(path: str, host: str, cnames: Mapping[str, str]) -> tuple[str, str]:
    """Return bucket and key from a path and the Host header.

    A host that is bound to a bucket or begins with its name leaves the path to the key; an
    address of numbers has the bucket first in the path.
    """
    name = host.rpartition(":")[0] or host
    plain = unquote(path.removeprefix("/"))
    if host in cnames or name in cnames:
        return cnames.get(host) or cnames[name], plain
    if name.replace(".", "").isdigit() or name == "localhost":
        bucket, _, key = plain.partition("/")
        return bucket, key
    return name.split(".")[0] if "." in name and not name.startswith("oss-") else "", plain
