"""Which verb a request asks for, and whether whoever asks may have it."""

from collections.abc import Callable

from tests.oss_server import (
    bucket_settings,
    buckets,
    copies,
    listings,
    multipart,
    object_settings,
    objects,
)
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request
from tests.oss_server.objects import Desk
from tests.oss_server.signatures import Credential

Verb = Callable[[Desk, Request], Answer]

# Method and sub-resource: the first that a request has decides, the plain verb comes last.
_OBJECT_VERBS: tuple[tuple[str, str, Verb], ...] = (
    ("PUT", "symlink", object_settings.put_symlink),
    ("GET", "symlink", object_settings.get_symlink),
    ("PUT", "acl", object_settings.put_object_acl),
    ("GET", "acl", object_settings.get_object_acl),
    ("PUT", "tagging", object_settings.put_object_tags),
    ("GET", "tagging", object_settings.get_object_tags),
    ("DELETE", "tagging", object_settings.delete_object_tags),
    ("POST", "append", objects.append_object),
    ("POST", "restore", object_settings.restore_object),
    ("POST", "uploads", multipart.begin_upload),
    ("POST", "uploadId", multipart.complete_upload),
    ("GET", "uploadId", multipart.list_parts),
    ("DELETE", "uploadId", multipart.abort_upload),
    ("HEAD", "objectMeta", objects.head_object_meta),
    ("PUT", "", objects.put_object),
    ("GET", "", objects.get_object),
    ("HEAD", "", objects.head_object),
    ("DELETE", "", objects.delete_object),
)
_BUCKET_VERBS: tuple[tuple[str, str, Verb], ...] = (
    ("GET", "bucketInfo", buckets.get_bucket_info),
    ("GET", "stat", buckets.get_bucket_stat),
    ("GET", "location", buckets.get_bucket_location),
    ("PUT", "acl", buckets.put_bucket_acl),
    ("GET", "acl", buckets.get_bucket_acl),
    ("PUT", "versioning", buckets.put_bucket_versioning),
    ("GET", "versioning", buckets.get_bucket_versioning),
    ("GET", "versions", listings.list_versions),
    ("GET", "uploads", listings.list_uploads),
    ("GET", "live", buckets.list_live_channels),
    ("POST", "delete", buckets.delete_objects),
    ("PUT", "", buckets.create_bucket),
    ("DELETE", "", buckets.delete_bucket),
)
# What a plain verb on a bucket may carry; anything else is a feature that is not here.
_PLAIN_PARAMS = frozenset(
    (
        "OSSAccessKeyId",
        "Expires",
        "Signature",
        "callback",
        "callback-var",
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "key-marker",
        "list-type",
        "marker",
        "max-keys",
        "max-uploads",
        "prefix",
        "security-token",
        "sequential",
        "start-after",
        "upload-id-marker",
        "version-id-marker",
        "versionId",
    )
)
_READING = ("GET", "HEAD")


def find_verb(request: Request) -> Verb:
    """Return the verb that a request asks for. Raises `OssError`."""
    if not request.bucket:
        if request.method != "GET":
            raise OssError("MethodNotAllowed")
        return buckets.list_buckets
    if request.key:
        return _find_object_verb(request)
    if bucket_settings.find_setting(request) is not None:
        verbs = {
            "PUT": bucket_settings.put_setting,
            "GET": bucket_settings.get_setting,
            "DELETE": bucket_settings.delete_setting,
        }
        if request.method not in verbs:
            raise OssError("MethodNotAllowed")
        return verbs[request.method]
    for method, name, verb in _BUCKET_VERBS:
        if method == request.method and name and request.has(name):
            return verb
    _check_plain(request)
    if request.method == "GET":
        is_second = request.params.get("list-type") == "2"
        return listings.list_objects_v2 if is_second else listings.list_objects
    return _find_plain(request, _BUCKET_VERBS)


def _find_object_verb(request: Request) -> Verb:
    copied = copies.SOURCE in request.headers
    if request.method == "PUT" and request.has("partNumber") and request.has("uploadId"):
        return multipart.copy_part if copied else multipart.put_part
    for method, name, verb in _OBJECT_VERBS:
        if method == request.method and name and request.has(name):
            return verb
    if request.method == "PUT" and copied:
        return copies.copy_object
    return _find_plain(request, _OBJECT_VERBS)


def _check_plain(request: Request) -> None:
    unknown = [
        name
        for name in request.params
        if name not in _PLAIN_PARAMS and not name.startswith(("x-oss-", "response-"))
    ]
    if unknown:
        raise OssError("NotImplemented", f"There is no {unknown[0]} here.")


def _find_plain(request: Request, verbs: tuple[tuple[str, str, Verb], ...]) -> Verb:
    for method, name, verb in verbs:
        if method == request.method and not name:
            return verb
    raise OssError("MethodNotAllowed")


def check_rights(desk: Desk, request: Request, who: Credential | None) -> None:
    """Raise `OssError` `AccessDenied` unless whoever asks may have what is asked for."""
    reads = request.method in _READING
    if who is not None:
        if not who.may_write and not reads:
            raise OssError("AccessDenied", ec="0003-00000801")
        return
    bucket = desk.state.find_bucket(request.bucket) if request.bucket else None
    acl = "private" if bucket is None else bucket.acl
    if bucket is not None and request.key:
        version = desk.state.find_latest(bucket.name, request.key)
        if version is not None and version.acl != "default":
            acl = version.acl
    open_to_all = acl == "public-read-write" or (acl == "public-read" and reads)
    if not request.key or not open_to_all:
        raise OssError(
            "AccessDenied", "You have no right to access this object because of bucket acl."
        )
