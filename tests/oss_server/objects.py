"""Verbs on objects: put, get, head, delete, append."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.oss_server.conditions import check_conditions, find_range
from tests.oss_server.contents import Content
from tests.oss_server.documents import write_document, write_http_time
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request
from tests.oss_server.state import EMPTY, VERSION_ID, Bucket, State, Version, make_version_id
from tests.oss_server.tags import parse_tag_header

OWNER = "1234567890123456"
OBJECT_ACLS = ("default", "private", "public-read", "public-read-write")
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
SINGLE_PUT_BYTES_MAX = 5 << 30
_KEY_BYTES_MAX = 1023
_KEPT_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)
_RESPONSE_PARAMS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)
_ENCRYPTION = "x-oss-server-side-encryption"


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What a verb works with: the state, one moment, and who is asked for."""

    state: State
    now_ms: int
    endpoint: str
    region: str


# --- what is told of an object ---


def describe(version: Version, bucket: Bucket) -> dict[str, str]:
    """Return the headers that a GET or HEAD of a version has."""
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{version.etag}"',
        "Last-Modified": write_http_time(version.at_ms),
        "x-oss-object-type": version.kind,
        "x-oss-storage-class": version.storage_class,
        "x-oss-hash-crc64ecma": str(version.content.crc),
        "Content-Type": "application/octet-stream",
    }
    headers |= {_title(name): value for name, value in version.headers.items()}
    if version.kind == "Normal":
        headers["Content-MD5"] = _md5_base64(version.content)
    if version.kind == "Appendable":
        headers["x-oss-next-append-position"] = str(version.content.size)
    if version.tags:
        headers["x-oss-tagging-count"] = str(len(version.tags))
    if version.restored:
        headers["x-oss-restore"] = version.restored
    return headers | version_headers(version, bucket)


def version_headers(version: Version, bucket: Bucket) -> dict[str, str]:
    """Return the header that names a version, where the bucket has versions."""
    return {"x-oss-version-id": version.id} if bucket.versioning else {}


def find_object(desk: Desk, request: Request, *, follow: bool = True) -> tuple[Bucket, Version]:
    """Return the version that a request means; a symlink is followed unless told not to.

    Raises `OssError`: `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` for a delete marker,
    `SymlinkTargetNotExist`.
    """
    bucket = desk.state.get_bucket(request.bucket)
    version = find_version(desk, bucket, request.key, request.params.get("versionId"))
    if follow and version.kind == "Symlink":
        target = desk.state.find_latest(request.bucket, version.target)
        if target is None or target.is_marker:
            raise OssError("SymlinkTargetNotExist", details={"Key": version.target})
        # The bytes are the target's; what else is told of them is the symlink's own.
        told = {k: v for k, v in version.headers.items() if k.startswith("x-oss-meta-")}
        return bucket, replace(target, headers=target.headers | told)
    return bucket, version


def find_version(desk: Desk, bucket: Bucket, key: str, id: str | None) -> Version:
    """Return a version by its id, or the newest that is no delete marker. Raises `OssError`."""
    if id is None:
        version = desk.state.find_latest(bucket.name, key)
        if version is None or version.is_marker:
            headers = {}
            if version is not None:
                marker = {"x-oss-delete-marker": "true"}
                headers = version_headers(version, bucket) | marker
            raise OssError("NoSuchKey", details={"Key": key}, headers=headers)
        return version
    check_version_id(id)
    found = desk.state.find_version(bucket.name, key, id)
    if found is None:
        raise OssError("NoSuchVersion", details={"Key": key, "VersionId": id})
    if found.is_marker:
        headers = version_headers(found, bucket) | {"x-oss-delete-marker": "true"}
        raise OssError("MethodNotAllowed", headers=headers)
    return found


def check_version_id(id: str) -> None:
    """Raise `OssError` `InvalidArgument` for what cannot be a version's id."""
    if id != "null" and VERSION_ID.fullmatch(id) is None:
        details = {"ArgumentName": "versionId", "ArgumentValue": id}
        raise OssError("InvalidArgument", "Invalid version id specified", details=details)


def check_key(key: str) -> str:
    """Return a key that an object may have. Raises `OssError` `InvalidObjectName`."""
    if not key or len(key.encode()) > _KEY_BYTES_MAX or key[0] in "/\\":
        raise OssError("InvalidObjectName", details={"ObjectName": key})
    return key


def read_kept_headers(request: Request) -> dict[str, str]:
    """Return the headers of a request that its object keeps."""
    kept = {
        name: value
        for name, value in request.headers.items()
        if name in _KEPT_HEADERS or name.startswith("x-oss-meta-")
    }
    if algorithm := request.headers.get(_ENCRYPTION):
        if algorithm not in ("AES256", "KMS", "SM4"):
            raise OssError("InvalidEncryptionAlgorithmError", "The algorithm is not valid.")
        kept[_ENCRYPTION] = algorithm
        if algorithm == "KMS":
            key_id = request.headers.get(f"{_ENCRYPTION}-key-id")
            kept[f"{_ENCRYPTION}-key-id"] = key_id or "00000000-test-test-test-000000000000"
    if not kept.get("content-type"):
        kept["content-type"] = "application/octet-stream"
    return kept


def read_acl(headers: Mapping[str, str], name: str = "x-oss-object-acl") -> str:
    """Return the rights that a request gives to its object. Raises `OssError`."""
    acl = headers.get(name, "default")
    if acl not in OBJECT_ACLS:
        raise OssError("InvalidArgument", "no such acl.", details={"ArgumentValue": acl})
    return acl


def read_storage_class(request: Request, bucket: Bucket) -> str:
    """Return the storage class that an object gets. Raises `OssError` `InvalidArgument`."""
    storage_class = request.headers.get("x-oss-storage-class", bucket.storage_class)
    if storage_class not in STORAGE_CLASSES:
        raise OssError("InvalidArgument", "The storage class is not valid.")
    return storage_class


def check_overwrite(desk: Desk, bucket: Bucket, request: Request) -> None:
    """Raise `OssError` `FileAlreadyExists` where the request forbids what it would do.

    Once versioning was ever switched on, OSS passes over the header without a word.
    """
    if request.headers.get("x-oss-forbid-overwrite", "").lower() != "true" or bucket.versioning:
        return
    if desk.state.find_latest(bucket.name, request.key) is not None:
        raise OssError("FileAlreadyExists", details={"Key": request.key})


def new_version_id(bucket: Bucket) -> str:
    """Return the id that a new version in this bucket gets."""
    return make_version_id() if bucket.versioning == "Enabled" else "null"


# --- verbs ---


def put_object(desk: Desk, request: Request) -> Answer:
    """PUT an object."""
    check_key(request.key)
    bucket = desk.state.get_bucket(request.bucket)
    # Before the bytes, so that a refusal is cheap; once more below, where it counts.
    check_overwrite(desk, bucket, request)
    headers, acl = read_kept_headers(request), read_acl(request.headers)
    storage_class = read_storage_class(request, bucket)
    tags = parse_tag_header(request.headers.get("x-oss-tagging", ""))
    content = desk.state.contents.receive(
        request.body, content_md5=request.headers.get("content-md5")
    )
    version = Version(
        bucket=bucket.name,
        key=request.key,
        id=new_version_id(bucket),
        at_ms=desk.now_ms,
        content=content,
        etag=content.etag,
        headers=headers,
        tags=tags,
        acl=acl,
        storage_class=storage_class,
    )
    try:
        with desk.state.change():
            check_overwrite(desk, desk.state.get_bucket(bucket.name), request)
            desk.state.add_version(version)
    except OssError:
        desk.state.contents.drop(content.file)
        raise
    told = {"ETag": f'"{version.etag}"', "x-oss-hash-crc64ecma": str(content.crc)}
    told |= {name: value for name, value in headers.items() if name.startswith(_ENCRYPTION)}
    told |= {"Content-MD5": _md5_base64(content)} | version_headers(version, bucket)
    if request.has("callback"):
        document = write_document(
            "Error", [("Code", "CallbackFailed"), ("Message", "There is nobody to be called.")]
        )
        return Answer(status=203, headers=told, body=document)
    return Answer(headers=told)


def get_object(desk: Desk, request: Request) -> Answer:
    """GET an object or a range of it."""
    if request.has("x-oss-process"):
        raise OssError("NotImplemented")
    with desk.state.lock:
        bucket, version = find_object(desk, request)
    if "Archive" in version.storage_class:
        raise OssError("InvalidObjectState", "The operation is not valid for the object's state")
    check_conditions(version, request.headers)
    told = describe(version, bucket)
    for name in _RESPONSE_PARAMS:
        if value := request.params.get(f"response-{name}"):
            told[_title(name)] = value
    size = version.content.size
    found = find_range(request.headers, size)
    start, end = found or (0, size)
    if found is not None:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Answer(
        status=200 if found is None else 206,
        headers=told,
        body=desk.state.contents.slice(version.content, start, end - start),
    )


def head_object(desk: Desk, request: Request) -> Answer:
    """HEAD an object: all that is told of it."""
    bucket, version = find_object(desk, request)
    check_conditions(version, request.headers)
    return Answer(headers=describe(version, bucket), length=version.content.size)


def head_object_meta(desk: Desk, request: Request) -> Answer:
    """HEAD ?objectMeta: the little that costs least."""
    bucket, version = find_object(desk, request, follow=False)
    wanted = ("ETag", "Last-Modified", "x-oss-version-id", "x-oss-hash-crc64ecma")
    told = {k: v for k, v in describe(version, bucket).items() if k in wanted}
    return Answer(headers=told, length=version.content.size)


def delete_object(desk: Desk, request: Request) -> Answer:
    """DELETE an object: gone, hidden under a marker, or one version gone."""
    check_key(request.key)
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        told = drop_object(desk, bucket, request.key, request.params.get("versionId"))
    return Answer(status=204, headers=told)


def drop_object(desk: Desk, bucket: Bucket, key: str, id: str | None) -> dict[str, str]:
    """Delete as DELETE does, inside a change; return the headers that tell of it."""
    if id is None and bucket.versioning:
        marker = Version(
            bucket=bucket.name,
            key=key,
            id=new_version_id(bucket),
            at_ms=desk.now_ms,
            content=EMPTY,
            is_marker=True,
        )
        desk.state.add_version(marker)
        return {"x-oss-delete-marker": "true"} | version_headers(marker, bucket)
    if id is not None:
        check_version_id(id)
    version = desk.state.find_version(bucket.name, key, id or "null")
    if version is not None:
        desk.state.drop_version(version)
    told = {} if id is None else {"x-oss-version-id": id}
    if version is not None and version.is_marker:
        told["x-oss-delete-marker"] = "true"
    return told


def append_object(desk: Desk, request: Request) -> Answer:
    """POST ?append: put bytes at the end of an object that is made for it."""
    check_key(request.key)
    if "position" not in request.params:
        raise OssError("MissingArgument")
    position = request.number("position", 0, lowest=0, highest=SINGLE_PUT_BYTES_MAX)
    kept, acl = read_kept_headers(request), read_acl(request.headers)
    contents = desk.state.contents
    sent = contents.receive(request.body, content_md5=request.headers.get("content-md5"))
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        old = desk.state.find_latest(bucket.name, request.key)
        if old is not None and old.is_marker:
            old = None
        if old is not None and old.kind != "Appendable":
            raise OssError("ObjectNotAppendable")
        length = 0 if old is None else old.content.size
        if position != length:
            next_one = {"x-oss-next-append-position": str(length)}
            raise OssError("PositionNotEqualToLength", headers=next_one)
        if old is None:
            version = Version(
                bucket=bucket.name,
                key=request.key,
                id=new_version_id(bucket),
                at_ms=desk.now_ms,
                content=sent,
                kind="Appendable",
                etag=sent.etag,
                headers=kept,
                tags=parse_tag_header(request.headers.get("x-oss-tagging", "")),
                acl=acl,
                storage_class=read_storage_class(request, bucket),
            )
            desk.state.add_version(version)
        else:
            version = old
            version.content = contents.join(old.content, sent)
            version.etag, version.at_ms = version.content.etag, desk.now_ms
            desk.state.change_version(version)
    told = {
        "ETag": f'"{version.etag}"',
        "x-oss-next-append-position": str(version.content.size),
        "x-oss-hash-crc64ecma": str(version.content.crc),
    }
    return Answer(headers=told | version_headers(version, bucket))


def _title(name: str) -> str:
    return name if name.startswith("x-oss-") else re.sub(r"\b[a-z]", lambda m: m[0].upper(), name)


def _md5_base64(content: Content) -> str:
    return base64.b64encode(bytes.fromhex(content.md5)).decode()
