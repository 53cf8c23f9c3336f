"""Conditions and ranges of a request for an object."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from tests.oss_server.documents import write_http_time
from tests.oss_server.errors import OssError
from tests.oss_server.state import Version


def check_conditions(version: Version, headers: Mapping[str, str], prefix: str = "if-") -> None:
    """Raise `OssError` `PreconditionFailed` or `NotModified` when a condition does not hold.

    The conditions of a copy's source have the prefix `x-oss-copy-source-if-`.
    """
    etag = version.etag
    match, none_match = headers.get(f"{prefix}match"), headers.get(f"{prefix}none-match")
    if match is not None and not _names(match, etag):
        raise _failed("If-Match")
    unmodified = _parse_time(headers.get(f"{prefix}unmodified-since"))
    if unmodified is not None and version.at_ms // 1000 > unmodified:
        raise _failed("If-Unmodified-Since")
    modified = _parse_time(headers.get(f"{prefix}modified-since"))
    stale = modified is not None and version.at_ms // 1000 <= modified
    if stale or (none_match is not None and _names(none_match, etag)):
        told = {"ETag": f'"{etag}"', "Last-Modified": write_http_time(version.at_ms)}
        raise OssError("NotModified", headers=told)


def _failed(condition: str) -> OssError:
    return OssError("PreconditionFailed", details={"Condition": condition})


def _names(header: str, etag: str) -> bool:
    named = {one.strip().strip('"') for one in header.split(",")}
    return "*" in named or etag in named


def _parse_time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None  # OSS passes over what is no date.


def find_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """Return start and end (exclusive) of the range that is asked for, or None for the whole.

    As OSS does, a range that reaches past the end is passed over, and the whole object comes,
    unless `x-oss-range-behavior: standard` is there. Raises `OssError` `InvalidRange` then.
    """
    header = headers.get("range")
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    standard = headers.get("x-oss-range-behavior") == "standard"
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
        fits = 0 < int(found[2]) <= size
    else:
        start = int(found[1])
        end = int(found[2]) + 1 if found[2] else size
        if end <= start and found[2]:
            return None
        fits = start < size and end <= size
    if fits:
        return start, end
    if not standard:
        return None
    if start >= size or start == end:
        details = {"ActualObjectSize": str(size), "RangeRequested": header or ""}
        raise OssError(
            "InvalidRange", details=details, headers={"Content-Range": f"bytes */{size}"}
        )
    return start, min(end, size)
