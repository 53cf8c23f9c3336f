"""Lists: objects in both versions of the verb, versions of objects, uploads."""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.oss_server.documents import Node, encode_key, write_document, write_time
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request, document_answer
from tests.oss_server.objects import OWNER, Desk
from tests.oss_server.state import Upload, Version

_PAGE_MAX = 1000
_PREFIX_BYTES_MAX = 1024
_BEYOND = "\U0010ffff"
_OWNER_NODE: Node = ("Owner", [("ID", OWNER), ("DisplayName", OWNER)])
_ROWS = 1100


@dataclass(kw_only=True, slots=True)
class Page:
    """A page of a list: objects and common prefixes, and where the next one starts."""

    versions: list[Version] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_marker: str = ""
    truncated: bool = False

    @property
    def count(self) -> int:
        """Return how many entries there are."""
        return len(self.versions) + len(self.prefixes)


def read_page(
    desk: Desk, bucket: str, *, prefix: str, delimiter: str, after: str, limit: int
) -> Page:
    """Return the objects of a bucket in the order of their keys, as a list shows them."""
    page, position = Page(), after
    while limit:
        rows = _read_keys(desk, bucket, prefix, position)
        for version in rows:
            group = _find_group(version.key, prefix, delimiter)
            if group is not None and group <= after:
                position = group + _BEYOND
                break
            if page.count == limit:
                page.truncated = True
                return page
            if group is None:
                page.versions.append(version)
                page.next_marker = position = version.key
            else:
                page.prefixes.append(group)
                page.next_marker, position = group, group + _BEYOND
                break
        else:
            if len(rows) < _ROWS:
                return page
    return page


def _read_keys(desk: Desk, bucket: str, prefix: str, after: str) -> list[Version]:
    where = "bucket = ? AND latest AND NOT marker AND key > ? AND key >= ? AND key < ?"
    values: tuple[Any, ...] = (bucket, after, prefix, prefix + _BEYOND)
    with desk.state.lock:
        return desk.state.select_versions(where, values, "key", _ROWS)


def _find_group(key: str, prefix: str, delimiter: str) -> str | None:
    if not delimiter:
        return None
    place = key.find(delimiter, len(prefix))
    return None if place < 0 else key[: place + len(delimiter)]


def list_objects(desk: Desk, request: Request) -> Answer:
    """GET on a bucket: the first version of the list."""
    desk.state.get_bucket(request.bucket)
    encoding, params = _read_encoding(request), request.params
    limit = request.number("max-keys", 100, lowest=1, highest=_PAGE_MAX)
    page = read_page(
        desk,
        request.bucket,
        prefix=params.get("prefix", ""),
        delimiter=params.get("delimiter", ""),
        after=params.get("marker", ""),
        limit=limit,
    )
    nodes = _write_head(request, encoding, limit)
    nodes += [("Marker", encode_key(params.get("marker", ""), encoding))]
    nodes += [("IsTruncated", page.truncated)]
    if page.truncated:
        nodes.append(("NextMarker", encode_key(page.next_marker, encoding)))
    nodes += _write_contents(page, encoding, with_owner=True)
    return document_answer(write_document("ListBucketResult", nodes))


def list_objects_v2(desk: Desk, request: Request) -> Answer:
    """GET ?list-type=2 on a bucket."""
    desk.state.get_bucket(request.bucket)
    encoding, params = _read_encoding(request), request.params
    limit = request.number("max-keys", 100, lowest=1, highest=_PAGE_MAX)
    token = params.get("continuation-token", "")
    after = _read_token(token) if token else params.get("start-after", "")
    page = read_page(
        desk,
        request.bucket,
        prefix=params.get("prefix", ""),
        delimiter=params.get("delimiter", ""),
        after=after,
        limit=limit,
    )
    nodes = _write_head(request, encoding, limit)
    if "start-after" in params:
        nodes.append(("StartAfter", encode_key(params["start-after"], encoding)))
    if token:
        nodes.append(("ContinuationToken", token))
    nodes += [("IsTruncated", page.truncated), ("KeyCount", page.count)]
    if page.truncated:
        nodes.append(("NextContinuationToken", _write_token(page.next_marker)))
    with_owner = params.get("fetch-owner") == "true"
    nodes += _write_contents(page, encoding, with_owner=with_owner)
    return document_answer(write_document("ListBucketResult", nodes))


def list_versions(desk: Desk, request: Request) -> Answer:
    """GET ?versions on a bucket: every version and delete marker, the newest of a key first."""
    desk.state.get_bucket(request.bucket)
    encoding, params = _read_encoding(request), request.params
    limit = request.number("max-keys", 100, lowest=1, highest=_PAGE_MAX)
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    key_marker, id_marker = params.get("key-marker", ""), params.get("version-id-marker", "")
    with desk.state.lock:
        # A test's bucket has few versions: all of them are looked at.
        found = desk.state.select_versions(
            "bucket = ? AND key >= ? AND key < ?",
            (request.bucket, max(prefix, key_marker), prefix + _BEYOND),
            "key, seq DESC",
            -1,
        )
    shown: list[Version] = []
    groups: list[str] = []
    passing = bool(key_marker)
    last, truncated = ("", ""), False
    for version in found:
        if passing and version.key == key_marker:
            passing = bool(id_marker) and version.id != id_marker
            if not id_marker or passing or version.id == id_marker:
                passing = passing or not id_marker
                continue
        passing = False
        group = _find_group(version.key, prefix, delimiter)
        if group is not None and (group in groups or group <= key_marker):
            continue
        if len(shown) + len(groups) == limit:
            truncated = True
            break
        if group is not None:
            groups.append(group)
            last = (group, "")
        else:
            shown.append(version)
            last = (version.key, version.id)
    nodes = _write_head(request, encoding, limit)
    nodes += [
        ("KeyMarker", encode_key(key_marker, encoding)),
        ("VersionIdMarker", id_marker),
        ("IsTruncated", truncated),
    ]
    if truncated:
        nodes.append(("NextKeyMarker", encode_key(last[0], encoding)))
        nodes.append(("NextVersionIdMarker", last[1]))
    nodes += [_write_version(version, encoding) for version in shown]
    nodes += [("CommonPrefixes", [("Prefix", encode_key(one, encoding))]) for one in groups]
    return document_answer(write_document("ListVersionsResult", nodes))


def _write_version(version: Version, encoding: str | None) -> Node:
    told: list[Node] = [
        ("Key", encode_key(version.key, encoding)),
        ("VersionId", version.id),
        ("IsLatest", version.latest),
        ("LastModified", write_time(version.at_ms)),
    ]
    if version.is_marker:
        return ("DeleteMarker", [*told, _OWNER_NODE])
    told += [
        ("ETag", f'"{version.etag}"'),
        ("Type", version.kind),
        ("Size", version.content.size),
        ("StorageClass", version.storage_class),
        ("RestoreInfo", version.restored or None),
        _OWNER_NODE,
    ]
    return ("Version", told)


def list_uploads(desk: Desk, request: Request) -> Answer:
    """GET ?uploads on a bucket."""
    desk.state.get_bucket(request.bucket)
    encoding, params = _read_encoding(request), request.params
    limit = request.number("max-uploads", 1000, lowest=1, highest=_PAGE_MAX)
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    key_marker, id_marker = params.get("key-marker", ""), params.get("upload-id-marker", "")
    shown: list[Upload] = []
    groups: list[str] = []
    last, truncated = ("", ""), False
    for upload in desk.state.list_uploads(request.bucket):
        if not upload.key.startswith(prefix) or upload.key < key_marker:
            continue
        if key_marker and upload.key == key_marker and not (id_marker and upload.id > id_marker):
            continue
        group = _find_group(upload.key, prefix, delimiter)
        if group is not None and (group in groups or group <= key_marker):
            continue
        if len(shown) + len(groups) == limit:
            truncated = True
            break
        if group is None:
            shown.append(upload)
            last = (upload.key, upload.id)
        else:
            groups.append(group)
            last = (group, "")
    nodes: list[Node] = [
        ("Bucket", request.bucket),
        ("EncodingType", encoding),
        ("KeyMarker", encode_key(key_marker, encoding)),
        ("UploadIdMarker", id_marker),
        ("NextKeyMarker", encode_key(last[0], encoding)),
        ("NextUploadIdMarker", last[1]),
        ("Delimiter", encode_key(delimiter, encoding)),
        ("Prefix", encode_key(prefix, encoding)),
        ("MaxUploads", limit),
        ("IsTruncated", truncated),
    ]
    nodes += [
        (
            "Upload",
            [
                ("Key", encode_key(one.key, encoding)),
                ("UploadId", one.id),
                ("StorageClass", one.storage_class),
                ("Initiated", write_time(one.at_ms)),
            ],
        )
        for one in shown
    ]
    nodes += [("CommonPrefixes", [("Prefix", encode_key(one, encoding))]) for one in groups]
    return document_answer(write_document("ListMultipartUploadsResult", nodes))


def _read_encoding(request: Request) -> str | None:
    if len(request.params.get("prefix", "").encode()) > _PREFIX_BYTES_MAX:
        raise OssError("InvalidArgument", "The length of the prefix must be less than 1024.")
    encoding = request.params.get("encoding-type")
    if encoding not in (None, "", "url"):
        raise OssError("InvalidArgument", "encoding-type must be url.")
    return encoding or None


def _write_head(request: Request, encoding: str | None, limit: int) -> list[Node]:
    params = request.params
    return [
        ("Name", request.bucket),
        ("Prefix", encode_key(params.get("prefix", ""), encoding)),
        ("MaxKeys", limit),
        ("Delimiter", encode_key(params.get("delimiter", ""), encoding)),
        ("EncodingType", encoding),
    ]


def _write_contents(page: Page, encoding: str | None, *, with_owner: bool) -> list[Node]:
    nodes: list[Node] = []
    for version in page.versions:
        told: list[Node] = [
            ("Key", encode_key(version.key, encoding)),
            ("LastModified", write_time(version.at_ms)),
            ("ETag", f'"{version.etag}"'),
            ("Type", version.kind),
            ("Size", version.content.size),
            ("StorageClass", version.storage_class),
            ("RestoreInfo", version.restored or None),
        ]
        nodes.append(("Contents", [*told, _OWNER_NODE] if with_owner else told))
    nodes += [("CommonPrefixes", [("Prefix", encode_key(one, encoding))]) for one in page.prefixes]
    return nodes


def _write_token(key: str) -> str:
    return base64.urlsafe_b64encode(b"yt" + key.encode()).decode()


def _read_token(token: str) -> str:
    try:
        data = base64.urlsafe_b64decode(token)
        if not secrets.compare_digest(data[:2], b"yt"):
            raise ValueError
        return data[2:].decode()
    except (ValueError, binascii.Error):
        raise OssError("InvalidArgument", "The continuation token provided is incorrect.") from None
