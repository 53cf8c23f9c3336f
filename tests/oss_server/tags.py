"""Tags of objects: ten at most, given in a header or as a document."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from tests.oss_server.documents import Node, child_text, read_document, write_document
from tests.oss_server.errors import OssError

_TAGS_MAX = 10
_KEY_CHARACTERS_MAX, _VALUE_CHARACTERS_MAX = 128, 256


def parse_tag_header(text: str) -> dict[str, str]:
    """Read `x-oss-tagging`: `a=b&c=d`, URL-encoded. Raises `OssError` `InvalidTag`."""
    pairs = [part.partition("=")[::2] for part in text.split("&") if part]
    return check_tags((unquote_plus(key), unquote_plus(value)) for key, value in pairs)


def parse_tag_document(data: bytes) -> dict[str, str]:
    """Read a `Tagging` document. Raises `OssError`."""
    root = read_document(data, "Tagging")
    return check_tags(
        (child_text(tag, "Key"), child_text(tag, "Value")) for tag in root.findall("TagSet/Tag")
    )


def write_tags(tags: Mapping[str, str]) -> bytes:
    """Write a `Tagging` document."""
    items: list[Node] = [("Tag", [("Key", key), ("Value", value)]) for key, value in tags.items()]
    return write_document("Tagging", [("TagSet", items)])


def check_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return tags that are within the limits. Raises `OssError` `InvalidTag`."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        fits = 0 < len(key) <= _KEY_CHARACTERS_MAX and len(value) <= _VALUE_CHARACTERS_MAX
        if not fits or key in tags or not _is_plain(key) or not _is_plain(value):
            raise OssError("InvalidTag", details={"TagKey": key, "TagValue": value})
        tags[key] = value
    if len(tags) > _TAGS_MAX:
        raise OssError("InvalidTag", "Object tags cannot be greater than 10.")
    return tags


def _is_plain(text: str) -> bool:
    return re.search(r"[^\w\s+\-=._:/]", text) is None
