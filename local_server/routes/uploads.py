"""Routes of uploads: files in parts, with resume, and packages made of them."""

from typing import BinaryIO, cast

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.document import gives
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.identifiers import make_id
from local_server.farm.packages import (
    NewPackage,
    add_package,
    delete_package,
    get_package,
    list_packages,
)
from local_server.routes.arguments import parse_cursor
from local_server.services import here
from local_server.shapes.files import (
    BlobPath,
    MissingRequest,
    MissingView,
    PackageListQuery,
    PackagePage,
    PackagePath,
    PackageRequest,
    PackageView,
    PartQuery,
    UploadView,
)
from local_server.uploads import PART_BYTES_MAX, Arrival
from sync.blobs import Digest

TAG = Tag(name="files", description="Scenes that come by upload")
OCTETS = "application/octet-stream"
ROUTES = APIBlueprint("uploads", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.post("/blobs/missing", **gives(MissingView))
def list_missing(body: MissingRequest) -> Response:
    """Say which files are not here: what is here already need not be sent."""
    digests = [Digest(one) for one in body.digests]
    return answer(MissingView(missing=list(here.uploads.list_missing(digests))))


@ROUTES.get("/uploads/<blob>", **gives(UploadView))
def get_upload(path: BlobPath) -> Response:
    """Say how much of a file has arrived: where to go on after a lost connection."""
    return answer(show_arrival(here.uploads.look(here.caller.account, Digest(path.blob))))


@ROUTES.put(
    "/uploads/<blob>",
    **gives(
        UploadView,
        {
            409: ("upload_elsewhere", "upload_busy", "uploads_too_many"),
            413: "too_large",
            422: ("upload_damaged", "upload_too_long", "upload_too_large"),
            503: ("disk_full", "target_unwritable"),
        },
        takes=(OCTETS,),
    ),
)
def put_part(path: BlobPath, query: PartQuery) -> Response:
    """Send a part of a file as it is: no JSON, no form. The last part stores the file, checked."""
    request.max_content_length = PART_BYTES_MAX
    arrival = here.uploads.receive(
        here.caller.account,
        Digest(path.blob),
        cast(BinaryIO, request.stream),
        offset=query.offset,
        size_bytes=query.size_bytes,
    )
    return answer(show_arrival(arrival))


@ROUTES.delete("/uploads/<blob>", **gives(None, {409: "upload_busy"}, status=204))
def drop_upload(path: BlobPath) -> Response:
    """Drop what has arrived of a file; what is stored already stays."""
    here.uploads.forget(here.caller.account, Digest(path.blob))
    return Response(status=204)


@ROUTES.post(
    "/packages",
    **gives(
        PackageView,
        {
            400: (
                "manifest_damaged",
                "manifest_newer",
                "package_path_unsafe",
                "package_path_twice",
                "package_too_many_files",
                "package_too_big",
            ),
            409: ("package_incomplete", "package_differs"),
        },
        status=201,
    ),
)
def make_package(body: PackageRequest) -> Response:
    """Make a package of files that have been uploaded; a job can be made from it then."""
    digest = Digest(body.manifest)
    manifest = here.preparation.pool.apply(here.shelf.check, (digest,))
    package = NewPackage(
        id=body.id or make_id(),
        owner=here.caller.account,
        digest=digest,
        name=body.name or manifest.scene.rpartition("/")[2],
        scene=manifest.scene,
        files=len(manifest.entries),
        size_bytes=manifest.size_bytes,
    )
    row = here.writer.write(add_package, package, at_ms=read_clock_ms())
    return answer(show_package(row), status=201)


@ROUTES.get("/packages", **gives(PackagePage, {422: "cursor_wrong"}))
def list_own_packages(query: PackageListQuery) -> Response:
    """List the caller's packages, newest first."""
    rows = list_packages(
        here.reader,
        owner=here.caller.account,
        digest=query.digest,
        before=parse_cursor(query.cursor),
        limit=query.limit,
    )
    full = len(rows) == query.limit
    mark = str(rows[-1]["serial"]) if full else None
    return answer(PackagePage(items=[show_package(row) for row in rows], next=mark))


@ROUTES.get("/packages/<package>", **gives(PackageView, {404: "no_package"}))
def look_at_package(path: PackagePath) -> Response:
    """Look at a package."""
    return answer(show_package(get_package(here.reader, package=path.package)))


@ROUTES.delete("/packages/<package>", **gives(None, {404: "no_package"}, status=204))
def drop_package(path: PackagePath) -> Response:
    """Take a package off the lists; jobs that were made from it keep what they need."""
    here.writer.write(delete_package, package=path.package, at_ms=read_clock_ms())
    return Response(status=204)


def show_arrival(arrival: Arrival) -> UploadView:
    """Return an upload as the interface shows it."""
    return UploadView(
        digest=arrival.digest,
        received_bytes=arrival.received_bytes,
        here=arrival.here,
        part_bytes_max=PART_BYTES_MAX,
    )


def show_package(row: Row) -> PackageView:
    """Return a package as the interface shows it."""
    return PackageView(**{name: row[name] for name in PackageView.model_fields})
