"""Copies: an object made from another one, and parts of uploads made from objects."""

import re
from urllib.parse import unquote

from tests.oss_server.conditions import check_conditions
from tests.oss_server.contents import Content, open_slice
from tests.oss_server.documents import write_document, write_time
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request, document_answer
from tests.oss_server.objects import (
    Desk,
    check_key,
    check_overwrite,
    find_version,
    new_version_id,
    read_acl,
    read_kept_headers,
    read_storage_class,
    version_headers,
)
from tests.oss_server.state import Bucket, Version
from tests.oss_server.tags import parse_tag_header

SOURCE = "x-oss-copy-source"


def find_source(desk: Desk, request: Request) -> tuple[Bucket, Version]:
    """Return the version that a copy is made of. Raises `OssError`."""
    given, _, query = request.headers[SOURCE].partition("?")
    bucket_name, _, key = unquote(given).removeprefix("/").partition("/")
    if not bucket_name or not key:
        raise OssError("InvalidArgument", "Copy Source must mention the source bucket and key.")
    id = unquote(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    bucket = desk.state.get_bucket(bucket_name)
    version = find_version(desk, bucket, key, id)
    check_conditions(version, request.headers, f"{SOURCE}-if-")
    return bucket, version


def copy_object(desk: Desk, request: Request) -> Answer:
    """PUT with a source: a new object with the bytes of another."""
    check_key(request.key)
    directive = request.headers.get("x-oss-metadata-directive", "COPY").upper()
    tag_directive = request.headers.get("x-oss-tagging-directive", "COPY").upper()
    if directive not in ("COPY", "REPLACE") or tag_directive not in ("COPY", "REPLACE"):
        raise OssError("InvalidArgument", "The directive is not valid.")
    contents = desk.state.contents
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        source_bucket, source = find_source(desk, request)
        check_overwrite(desk, bucket, request)
        content = contents.join(source.content)
        kept = read_kept_headers(request)
        if directive == "COPY":
            encryption = {k: v for k, v in kept.items() if "server-side-encryption" in k}
            kept = source.headers | encryption
        tags = source.tags
        if tag_directive == "REPLACE":
            tags = parse_tag_header(request.headers.get("x-oss-tagging", ""))
        version = Version(
            bucket=bucket.name,
            key=request.key,
            id=new_version_id(bucket),
            at_ms=desk.now_ms,
            content=content,
            etag=content.etag,
            headers=kept,
            tags=tags,
            acl=read_acl(request.headers),
            storage_class=read_storage_class(request, bucket),
        )
        desk.state.add_version(version)
    answer = document_answer(
        write_document(
            "CopyObjectResult",
            [("ETag", f'"{version.etag}"'), ("LastModified", write_time(version.at_ms))],
        )
    )
    answer.headers |= version_headers(version, bucket)
    answer.headers["ETag"] = f'"{version.etag}"'
    answer.headers["x-oss-hash-crc64ecma"] = str(content.crc)
    if source_bucket.versioning:
        answer.headers["x-oss-copy-source-version-id"] = source.id
    return answer


def copy_source_range(desk: Desk, request: Request) -> tuple[Bucket, Version, Content]:
    """Copy the bytes that a part is made of; return them and the source's bucket and version."""
    bucket, source = find_source(desk, request)
    size = source.content.size
    header = request.headers.get("x-oss-copy-source-range")
    start, end = 0, size
    if header is not None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", header)
        if found is None:
            raise OssError("InvalidArgument", "The copy source range is not valid.")
        start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
        if start >= end or end > size:
            raise OssError("InvalidRange")
    with open_slice(desk.state.contents.slice(source.content, start, end - start)) as opened:
        return bucket, source, desk.state.contents.receive(opened)
