"""Verbs on buckets and on the service: create, delete, info, rights, versioning, batch delete."""

import base64
import hashlib
import re

from tests.oss_server.documents import (
    Node,
    child_text,
    encode_key,
    read_document,
    write_document,
    write_time,
)
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request, document_answer
from tests.oss_server.object_settings import write_acl
from tests.oss_server.objects import OWNER, Desk, drop_object
from tests.oss_server.state import Bucket

BUCKET_ACLS = ("private", "public-read", "public-read-write")
_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_BATCH_MAX = 1000
_OWNER_NODE: Node = ("Owner", [("ID", OWNER), ("DisplayName", OWNER)])


def list_buckets(desk: Desk, request: Request) -> Answer:
    """GET on the service."""
    params = request.params
    prefix, marker = params.get("prefix", ""), params.get("marker", "")
    limit = request.number("max-keys", 100, lowest=1, highest=1000)
    found = [
        bucket
        for bucket in desk.state.list_buckets()
        if bucket.name.startswith(prefix) and bucket.name > marker
    ]
    shown, truncated = found[:limit], len(found) > limit
    nodes: list[Node] = [_OWNER_NODE]
    nodes.append(("Buckets", [("Bucket", _describe(desk, bucket)) for bucket in shown]))
    nodes += [
        ("Prefix", prefix),
        ("Marker", marker),
        ("MaxKeys", limit),
        ("IsTruncated", truncated),
        ("NextMarker", shown[-1].name if truncated else None),
    ]
    return document_answer(write_document("ListAllMyBucketsResult", nodes))


def create_bucket(desk: Desk, request: Request) -> Answer:
    """PUT a bucket; creating one's own again changes its rights only."""
    name = request.bucket
    if _NAME.fullmatch(name) is None:
        raise OssError("InvalidBucketName", details={"BucketName": name})
    acl = _read_acl(request, "private")
    storage_class, redundancy = "Standard", "LRS"
    if body := request.read_body():
        root = read_document(body, "CreateBucketConfiguration")
        storage_class = root.findtext("StorageClass") or "Standard"
        redundancy = root.findtext("DataRedundancyType") or "LRS"
    if storage_class not in _CLASSES:
        raise OssError("InvalidArgument", "The storage class is not valid.")
    with desk.state.change():
        bucket = desk.state.find_bucket(name)
        if bucket is None:
            bucket = Bucket(name=name, created_ms=desk.now_ms, storage_class=storage_class)
            bucket.acl, bucket.redundancy = acl, redundancy
        elif "x-oss-acl" in request.headers:
            bucket.acl = acl
        desk.state.keep_bucket(bucket)
    return Answer(headers={"Location": f"/{name}"})


def delete_bucket(desk: Desk, request: Request) -> Answer:
    """DELETE a bucket that holds nothing any more, no version and no part either."""
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        versions = desk.state.select_versions("bucket = ?", (bucket.name,), "seq", 1)
        if versions or desk.state.list_uploads(bucket.name):
            raise OssError("BucketNotEmpty", details={"BucketName": bucket.name})
        desk.state.drop_bucket(bucket.name)
    return Answer(status=204)


def get_bucket_info(desk: Desk, request: Request) -> Answer:
    """GET ?bucketInfo."""
    bucket = desk.state.get_bucket(request.bucket)
    grant: Node = ("AccessControlList", [("Grant", bucket.acl)])
    nodes = [
        *_describe(desk, bucket),
        _OWNER_NODE,
        grant,
        ("DataRedundancyType", bucket.redundancy),
        ("Versioning", bucket.versioning or None),
        ("Comment", ""),
        ("CrossRegionReplication", "Disabled"),
        ("TransferAcceleration", "Disabled"),
        ("AccessMonitor", "Disabled"),
        ("BlockPublicAccess", False),
        ("ServerSideEncryptionRule", [("SSEAlgorithm", "None")]),
    ]
    return document_answer(write_document("BucketInfo", [("Bucket", nodes)]))


def get_bucket_stat(desk: Desk, request: Request) -> Answer:
    """GET ?stat."""
    bucket = desk.state.get_bucket(request.bucket)
    with desk.state.lock:
        versions = desk.state.select_versions(
            "bucket = ? AND NOT marker", (bucket.name,), "seq", -1
        )
    size = sum(version.content.size for version in versions)
    nodes: list[Node] = [
        ("Storage", size),
        ("ObjectCount", len(versions)),
        ("MultipartUploadCount", len(desk.state.list_uploads(bucket.name))),
        ("LiveChannelCount", 0),
        ("LastModifiedTime", max((one.at_ms // 1000 for one in versions), default=0)),
        ("StandardStorage", size),
        ("StandardObjectCount", len(versions)),
    ]
    return document_answer(write_document("BucketStat", nodes))


def get_bucket_location(desk: Desk, request: Request) -> Answer:
    """GET ?location."""
    desk.state.get_bucket(request.bucket)
    text = f"<LocationConstraint>oss-{desk.region}</LocationConstraint>"
    return document_answer(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())


def put_bucket_acl(desk: Desk, request: Request) -> Answer:
    """PUT ?acl."""
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        bucket.acl = _read_acl(request, "")
        desk.state.keep_bucket(bucket)
    return Answer()


def get_bucket_acl(desk: Desk, request: Request) -> Answer:
    """GET ?acl."""
    return document_answer(write_acl(desk.state.get_bucket(request.bucket).acl))


def put_bucket_versioning(desk: Desk, request: Request) -> Answer:
    """PUT ?versioning: on, or suspended; never again as if it had not been."""
    root = read_document(request.read_body(), "VersioningConfiguration")
    status = child_text(root, "Status")
    if status not in ("Enabled", "Suspended"):
        raise OssError("MalformedXML")
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        bucket.versioning = status
        desk.state.keep_bucket(bucket)
    return Answer()


def get_bucket_versioning(desk: Desk, request: Request) -> Answer:
    """GET ?versioning: the status is left out where versioning was never on."""
    bucket = desk.state.get_bucket(request.bucket)
    nodes: list[Node] = [("Status", bucket.versioning or None)]
    return document_answer(write_document("VersioningConfiguration", nodes))


def delete_objects(desk: Desk, request: Request) -> Answer:
    """POST ?delete: up to a thousand keys at once."""
    body = request.read_body()
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    if request.headers.get("content-md5", "") != base64.b64encode(digest).decode():
        raise OssError("InvalidDigest")
    root = read_document(body, "Delete")
    quiet = (root.findtext("Quiet") or "false").lower() == "true"
    wanted = [(child_text(one, "Key"), one.findtext("VersionId")) for one in root.findall("Object")]
    if not 0 < len(wanted) <= _BATCH_MAX:
        raise OssError("MalformedXML")
    encoding = request.params.get("encoding-type") or None
    nodes: list[Node] = [("EncodingType", encoding)]
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        for key, id in wanted:
            was = desk.state.find_version(bucket.name, key, id) if id else None
            told = drop_object(desk, bucket, key, id)
            marked = "x-oss-delete-marker" in told
            marker_id = None
            if marked:
                marker_id = was.id if was is not None else told.get("x-oss-version-id")
            entry: list[Node] = [
                ("Key", encode_key(key, encoding)),
                ("VersionId", id),
                ("DeleteMarker", True if marked else None),
                ("DeleteMarkerVersionId", marker_id),
            ]
            nodes.append(("Deleted", entry))
    if quiet:
        return Answer()
    return document_answer(write_document("DeleteResult", nodes))


def list_live_channels(desk: Desk, request: Request) -> Answer:
    """GET ?live: there are none here, ever."""
    desk.state.get_bucket(request.bucket)
    nodes: list[Node] = [
        ("Prefix", request.params.get("prefix", "")),
        ("Marker", request.params.get("marker", "")),
        ("MaxKeys", request.number("max-keys", 100, lowest=1, highest=1000)),
        ("IsTruncated", False),
        ("NextMarker", ""),
    ]
    return document_answer(write_document("ListLiveChannelResult", nodes))


def _read_acl(request: Request, default: str) -> str:
    acl = request.headers.get("x-oss-acl", default)
    if acl not in BUCKET_ACLS:
        raise OssError("InvalidArgument", "no such bucket access control exists")
    return acl


def _describe(desk: Desk, bucket: Bucket) -> list[Node]:
    return [
        ("Name", bucket.name),
        ("CreationDate", write_time(bucket.created_ms)),
        ("Location", f"oss-{desk.region}"),
        ("Region", desk.region),
        ("ExtranetEndpoint", desk.endpoint),
        ("IntranetEndpoint", desk.endpoint),
        ("StorageClass", bucket.storage_class),
        ("ResourceGroupId", "rg-default"),
    ]
