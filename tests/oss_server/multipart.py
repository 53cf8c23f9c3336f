"""Multipart uploads: begun, filled with parts that are sent or copied, completed or aborted."""

import hashlib
import secrets

from tests.oss_server.contents import Content
from tests.oss_server.copies import SOURCE, copy_source_range
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
from tests.oss_server.objects import (
    Desk,
    check_key,
    check_overwrite,
    new_version_id,
    read_acl,
    read_kept_headers,
    read_storage_class,
    version_headers,
)
from tests.oss_server.state import Part, Upload, Version
from tests.oss_server.tags import parse_tag_header

PARTS_MAX = 10_000
PART_BYTES_MIN = 100 * 1024


def begin_upload(desk: Desk, request: Request) -> Answer:
    """POST ?uploads."""
    check_key(request.key)
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        check_overwrite(desk, bucket, request)
        upload = Upload(
            id=secrets.token_hex(16).upper(),
            bucket=bucket.name,
            key=request.key,
            at_ms=desk.now_ms,
            storage_class=read_storage_class(request, bucket),
            headers=read_kept_headers(request),
            tags=parse_tag_header(request.headers.get("x-oss-tagging", "")),
            sequential=request.has("sequential"),
        )
        desk.state.add_upload(upload)
    encoding = request.params.get("encoding-type") or None
    nodes: list[Node] = [
        ("Bucket", bucket.name),
        ("Key", encode_key(request.key, encoding)),
        ("UploadId", upload.id),
        ("EncodingType", encoding),
    ]
    answer = document_answer(write_document("InitiateMultipartUploadResult", nodes))
    for name, value in upload.headers.items():
        if "server-side-encryption" in name:
            answer.headers[name] = value
    return answer


def put_part(desk: Desk, request: Request) -> Answer:
    """PUT ?partNumber&uploadId: bytes that are sent."""
    number = request.number("partNumber", 0, lowest=1, highest=PARTS_MAX)
    desk.state.get_bucket(request.bucket)
    upload = desk.state.get_upload(request.bucket, request.key, request.params["uploadId"])
    content = desk.state.contents.receive(
        request.body, content_md5=request.headers.get("content-md5")
    )
    _keep_part(desk, upload, Part(number=number, at_ms=desk.now_ms, content=content))
    told = {"ETag": f'"{content.etag}"', "x-oss-hash-crc64ecma": str(content.crc)}
    return Answer(headers=told)


def copy_part(desk: Desk, request: Request) -> Answer:
    """PUT ?partNumber&uploadId with a source: bytes of an object."""
    assert SOURCE in request.headers
    number = request.number("partNumber", 0, lowest=1, highest=PARTS_MAX)
    desk.state.get_bucket(request.bucket)
    upload = desk.state.get_upload(request.bucket, request.key, request.params["uploadId"])
    with desk.state.lock:
        bucket, source, content = copy_source_range(desk, request)
    _keep_part(desk, upload, Part(number=number, at_ms=desk.now_ms, content=content))
    nodes: list[Node] = [
        ("LastModified", write_time(desk.now_ms)),
        ("ETag", f'"{content.etag}"'),
    ]
    answer = document_answer(write_document("CopyPartResult", nodes))
    answer.headers |= {"ETag": f'"{content.etag}"', "x-oss-hash-crc64ecma": str(content.crc)}
    if bucket.versioning:
        answer.headers["x-oss-copy-source-version-id"] = source.id
    return answer


def _keep_part(desk: Desk, upload: Upload, part: Part) -> None:
    try:
        with desk.state.change():
            # It may have been completed or aborted while the bytes were on their way.
            desk.state.get_upload(upload.bucket, upload.key, upload.id)
            if upload.sequential and part.number > len(desk.state.list_parts(upload)) + 1:
                raise OssError("PartNotSequential", "The parts are not in sequence.")
            desk.state.add_part(upload, part)
    except OssError:
        desk.state.contents.drop(part.content.file)
        raise


def list_parts(desk: Desk, request: Request) -> Answer:
    """GET ?uploadId."""
    bucket = desk.state.get_bucket(request.bucket)
    upload = desk.state.get_upload(bucket.name, request.key, request.params["uploadId"])
    encoding = request.params.get("encoding-type") or None
    limit = request.number("max-parts", 1000, lowest=1, highest=1000)
    marker = request.number("part-number-marker", 0, lowest=0, highest=PARTS_MAX)
    parts = [part for part in desk.state.list_parts(upload) if part.number > marker]
    shown = parts[:limit]
    nodes: list[Node] = [
        ("Bucket", bucket.name),
        ("EncodingType", encoding),
        ("Key", encode_key(request.key, encoding)),
        ("UploadId", upload.id),
        ("StorageClass", upload.storage_class),
        ("PartNumberMarker", marker),
        ("NextPartNumberMarker", shown[-1].number if shown else 0),
        ("MaxParts", limit),
        ("IsTruncated", len(parts) > limit),
    ]
    nodes += [
        (
            "Part",
            [
                ("PartNumber", part.number),
                ("LastModified", write_time(part.at_ms)),
                ("ETag", f'"{part.content.etag}"'),
                ("HashCrc64ecma", str(part.content.crc)),
                ("Size", part.content.size),
            ],
        )
        for part in shown
    ]
    return document_answer(write_document("ListPartsResult", nodes))


def abort_upload(desk: Desk, request: Request) -> Answer:
    """DELETE ?uploadId."""
    with desk.state.change():
        desk.state.get_bucket(request.bucket)
        id = request.params["uploadId"]
        desk.state.drop_upload(desk.state.get_upload(request.bucket, request.key, id))
    return Answer(status=204)


def complete_upload(desk: Desk, request: Request) -> Answer:
    """POST ?uploadId: the parts that are listed become an object."""
    body = request.read_body()
    contents = desk.state.contents
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        upload = desk.state.get_upload(bucket.name, request.key, request.params["uploadId"])
        check_overwrite(desk, bucket, request)
        chosen = _choose_parts(desk, upload, request, body)
        content = contents.join(*chosen)
        digests = b"".join(bytes.fromhex(part.md5) for part in chosen)
        md5 = hashlib.md5(digests, usedforsecurity=False).hexdigest().upper()
        version = Version(
            bucket=bucket.name,
            key=request.key,
            id=new_version_id(bucket),
            at_ms=desk.now_ms,
            content=content,
            etag=f"{md5}-{len(chosen)}",
            kind="Multipart",
            headers=upload.headers,
            tags=upload.tags,
            acl=read_acl(request.headers),
            storage_class=upload.storage_class,
        )
        desk.state.add_version(version)
        desk.state.drop_upload(upload)
    encoding = request.params.get("encoding-type") or None
    nodes: list[Node] = [
        ("EncodingType", encoding),
        ("Location", f"http://{bucket.name}.{desk.endpoint}/{encode_key(request.key, 'url')}"),
        ("Bucket", bucket.name),
        ("Key", encode_key(request.key, encoding)),
        ("ETag", f'"{version.etag}"'),
    ]
    answer = document_answer(write_document("CompleteMultipartUploadResult", nodes))
    answer.headers |= version_headers(version, bucket)
    answer.headers |= {"ETag": f'"{version.etag}"', "x-oss-hash-crc64ecma": str(content.crc)}
    return answer


def _choose_parts(desk: Desk, upload: Upload, request: Request, body: bytes) -> list[Content]:
    kept = {part.number: part.content for part in desk.state.list_parts(upload)}
    if request.headers.get("x-oss-complete-all", "").lower() == "yes":
        if body:
            raise OssError("InvalidArgument", "There is a body beside x-oss-complete-all.")
        chosen = list(kept.values())
    else:
        root = read_document(body, "CompleteMultipartUpload")
        chosen, last = [], 0
        for node in root.findall("Part"):
            number = int(child_text(node, "PartNumber"))
            etag = child_text(node, "ETag").strip('"').upper()
            if number <= last:
                raise OssError("InvalidPartOrder")
            last = number
            if number not in kept or kept[number].etag != etag:
                details = {"PartNumber": str(number), "UploadId": upload.id}
                raise OssError("InvalidPart", details=details)
            chosen.append(kept[number])
    if not chosen:
        raise OssError("MalformedXML")
    for content in chosen[:-1]:
        if content.size < PART_BYTES_MIN:
            details = {"MinSizeAllowed": str(PART_BYTES_MIN), "ProposedSize": str(content.size)}
            raise OssError("EntityTooSmall", details=details)
    return chosen
