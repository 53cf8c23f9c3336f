"""What is set on an object beside its bytes: symlinks, restoring, rights, tags."""

from urllib.parse import quote, unquote

from tests.oss_server.documents import child_text, read_document, write_document
from tests.oss_server.errors import OssError
from tests.oss_server.exchange import Answer, Request, document_answer
from tests.oss_server.objects import (
    OWNER,
    Desk,
    check_key,
    check_overwrite,
    find_object,
    new_version_id,
    read_acl,
    read_kept_headers,
    read_storage_class,
    version_headers,
)
from tests.oss_server.state import EMPTY, Version
from tests.oss_server.tags import parse_tag_document, parse_tag_header, write_tags


def put_symlink(desk: Desk, request: Request) -> Answer:
    """PUT ?symlink."""
    check_key(request.key)
    target = unquote(request.headers.get("x-oss-symlink-target", ""))
    if not target:
        raise OssError("InvalidArgument", "The target of the symlink is missing.")
    with desk.state.change():
        bucket = desk.state.get_bucket(request.bucket)
        check_overwrite(desk, bucket, request)
        aimed = desk.state.find_latest(bucket.name, target)
        if aimed is not None and aimed.kind == "Symlink":
            raise OssError("InvalidTargetType")
        version = Version(
            bucket=bucket.name,
            key=request.key,
            id=new_version_id(bucket),
            at_ms=desk.now_ms,
            content=EMPTY,
            etag=EMPTY.etag,
            kind="Symlink",
            target=target,
            headers=read_kept_headers(request),
            tags=parse_tag_header(request.headers.get("x-oss-tagging", "")),
            acl=read_acl(request.headers),
            storage_class=read_storage_class(request, bucket),
        )
        desk.state.add_version(version)
    return Answer(headers={"ETag": f'"{version.etag}"'} | version_headers(version, bucket))


def get_symlink(desk: Desk, request: Request) -> Answer:
    """GET ?symlink."""
    bucket, version = find_object(desk, request, follow=False)
    if version.kind != "Symlink":
        raise OssError("NotSymlink")
    told = {"x-oss-symlink-target": quote(version.target), "ETag": f'"{version.etag}"'}
    return Answer(headers=told | version_headers(version, bucket))


def restore_object(desk: Desk, request: Request) -> Answer:
    """POST ?restore: begin to bring an archived object back."""
    body = request.read_body()
    with desk.state.change():
        bucket, version = find_object(desk, request)
        if "Archive" not in version.storage_class:
            raise OssError("OperationNotSupported")
        told = version_headers(version, bucket)
        if body:
            root = read_document(body, "RestoreRequest")
            if root.find("JobParameters") is not None:
                if version.storage_class == "Archive":
                    raise OssError("MalformedXML")
                tier = child_text(root, "JobParameters/Tier")
                if tier not in ("Expedited", "Standard", "Bulk"):
                    raise OssError("InvalidArgument", "The restore tier is not valid.")
                told["x-oss-object-restore-priority"] = tier
        if version.restored:
            raise OssError("RestoreAlreadyInProgress")
        # It takes longer than any test: what is archived stays out of reach here.
        version.restored = 'ongoing-request="true"'
        desk.state.change_version(version)
    return Answer(status=202, headers=told)


def put_object_acl(desk: Desk, request: Request) -> Answer:
    """PUT ?acl."""
    acl = read_acl(request.headers)
    with desk.state.change():
        bucket, version = find_object(desk, request, follow=False)
        version.acl = acl
        desk.state.change_version(version)
    return Answer(headers=version_headers(version, bucket))


def get_object_acl(desk: Desk, request: Request) -> Answer:
    """GET ?acl."""
    bucket, version = find_object(desk, request, follow=False)
    answer = document_answer(write_acl(version.acl))
    answer.headers |= version_headers(version, bucket)
    return answer


def write_acl(acl: str) -> bytes:
    """Write an `AccessControlPolicy` document."""
    owner = ("Owner", [("ID", OWNER), ("DisplayName", OWNER)])
    return write_document("AccessControlPolicy", [owner, ("AccessControlList", [("Grant", acl)])])


def put_object_tags(desk: Desk, request: Request) -> Answer:
    """PUT ?tagging."""
    tags = parse_tag_document(request.read_body())
    with desk.state.change():
        bucket, version = find_object(desk, request, follow=False)
        version.tags = tags
        desk.state.change_version(version)
    return Answer(headers=version_headers(version, bucket))


def get_object_tags(desk: Desk, request: Request) -> Answer:
    """GET ?tagging."""
    bucket, version = find_object(desk, request, follow=False)
    answer = document_answer(write_tags(version.tags))
    answer.headers |= version_headers(version, bucket)
    return answer


def delete_object_tags(desk: Desk, request: Request) -> Answer:
    """DELETE ?tagging."""
    with desk.state.change():
        bucket, version = find_object(desk, request, follow=False)
        version.tags = {}
        desk.state.change_version(version)
    return Answer(status=204, headers=version_headers(version, bucket))
