"""Routes of frames: list, look at, their logs, pictures and thumbnails."""

from pathlib import Path
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.document import gives
from local_server.downloads import send_stored
from local_server.farm import frames
from local_server.farm.db import Row, read_clock_ms
from local_server.farm.errors import NotFound
from local_server.farm.jobs import read_plan
from local_server.farm.states import FrameState
from local_server.file_names import name_frame
from local_server.log_pages import read_lines, read_tail
from local_server.routes.arguments import parse_cursor
from local_server.services import here
from local_server.shapes.files import AddressQuery, AddressView, DownloadQuery
from local_server.shapes.frames import (
    FrameDetail,
    FrameListQuery,
    FrameLogQuery,
    FramePage,
    FramePath,
    LogQuery,
)
from local_server.shapes.jobs import JobPath, LogPage
from local_server.views import frame_fields, show_attempt, show_frames
from sync.blobs import Digest

TAG = Tag(name="frames", description="The units of work and of billing")
MIME_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".exr": "image/x-exr",
    ".tif": "image/tiff",
}
PICTURE_ERRORS = {404: ("no_frame", "no_picture", "object_missing")}
ROUTES = APIBlueprint("frames", __name__, url_prefix="/api/v1/jobs/<job>/frames", abp_tags=[TAG])


def find(path: FramePath) -> Row:
    """Return the frame in the address, of a job of the caller's own."""
    here.get_job(path.job)
    return frames.get_frame(here.reader, job=path.job, number=path.number)


def send_result(path: FramePath, name: str, *, download: bool) -> Response:
    """Return a file of a frame's result, or a part of it. Raises NotFound `no_picture`."""
    row, result = here.get_job(path.job), find_result(path, name)
    whole = result[name] == result["picture"]  # a small picture is its own thumbnail
    extension = result["extension"] if whole else ".jpg"
    return send_stored(
        here.blobs,
        here.uploads.pool,
        Digest(result[name]),
        mimetype=MIME_TYPES.get(extension, "application/octet-stream"),
        name=name_frame(read_plan(row).naming, path.number, extension) if download else None,
    )


def find_result(path: FramePath, name: str) -> dict[str, Any]:
    """Return a frame's result that has a file of this kind. Raises NotFound `no_picture`."""
    result = find(path)["result"]
    if not result or not result.get(name):
        raise NotFound("no_picture", job=path.job, frame=path.number)
    return dict(result)


@ROUTES.get("", **gives(FramePage, {422: "cursor_wrong"}))
def list_frames(path: JobPath, query: FrameListQuery) -> Response:
    """List a job's frames by number."""
    job = here.get_job(path.job)
    rows = frames.list_frames(
        here.reader,
        job=path.job,
        after=parse_cursor(query.cursor),
        state=query.state,
        limit=query.limit,
    )
    full = len(rows) == query.limit
    items = show_frames(rows, job=job, wording=reader_wording())
    return answer(FramePage(items=items, next=str(rows[-1]["number"]) if full else None))


@ROUTES.get("/<int(signed=True):number>", **gives(FrameDetail, {404: "no_frame"}))
def get_frame(path: FramePath) -> Response:
    """Look at one frame and every attempt at it."""
    row, wording = find(path), reader_wording()
    attempts = frames.list_attempts(here.reader, job=path.job, number=path.number)
    row |= {"tries": len(attempts)}
    fields = frame_fields(row, plan=read_plan(here.get_job(path.job)), wording=wording)
    detail = FrameDetail(
        **fields, attempts=[show_attempt(one, wording=wording) for one in attempts]
    )
    return answer(detail)


@ROUTES.get("/<int(signed=True):number>/log", **gives("text/plain", {404: ("no_frame", "no_log")}))
def get_log(path: FramePath, query: LogQuery) -> Response:
    """Return what the renderer said in an attempt at a frame."""
    file = find_log(path, find(path), query.attempt)
    return Response(file.read_bytes(), mimetype="text/plain")


@ROUTES.get("/<int(signed=True):number>/log/lines", **gives(LogPage, {404: ("no_frame", "no_log")}))
def list_log_lines(path: FramePath, query: FrameLogQuery) -> Response:
    """Return a page of what the renderer said in an attempt at a frame; follow it by `next`."""
    row = find(path)
    file = find_log(path, row, query.attempt)
    pool = here.preparation.pool
    if query.tail is not None:
        told = pool.apply(read_tail, (file,), {"count": query.tail})
    else:
        told = pool.apply(read_lines, (file,), {"after": query.after, "limit": query.limit})
    latest = here.live.log_path(path.job, path.number, row["attempt"])
    ended = row["state"] != FrameState.RENDERING or file != latest
    return answer(LogPage(lines=told.lines, next=told.next, ended=ended))


def find_log(path: FramePath, row: Row, attempt: int | None) -> Path:
    """Return the file of an attempt's log, else of the latest that has one. Raises NotFound."""
    wanted = attempt or row["attempt"]
    file = here.live.log_path(path.job, path.number, wanted)
    while attempt is None and wanted > 1 and not file.exists():
        wanted -= 1
        file = here.live.log_path(path.job, path.number, wanted)
    if not file.exists():
        raise NotFound("no_log", job=path.job, frame=path.number)
    return file


@ROUTES.get("/<int(signed=True):number>/picture", **gives("image/*", PICTURE_ERRORS))
def get_picture(path: FramePath, query: DownloadQuery) -> Response:
    """Return a finished frame's file; with `Range`, a part of it."""
    return send_result(path, "picture", download=query.download)


@ROUTES.get("/<int(signed=True):number>/thumbnail", **gives("image/*", PICTURE_ERRORS))
def get_thumbnail(path: FramePath) -> Response:
    """Return a finished frame's thumbnail, a JPEG."""
    return send_result(path, "thumbnail", download=False)


@ROUTES.get(
    "/<int(signed=True):number>/picture/address",
    **gives(AddressView, {404: ("no_frame", "no_picture", "no_address")}),
)
def get_picture_address(path: FramePath, query: AddressQuery) -> Response:
    """Return an address in the store itself, from which a frame's file can be read for a while."""
    digest = Digest(find_result(path, "picture")["picture"])
    expires_at_ms = read_clock_ms() + query.seconds * 1_000
    url = here.uploads.pool.apply(here.blobs.sign, (digest,), {"seconds": query.seconds})
    if url is None:
        raise NotFound("no_address")
    return answer(AddressView(url=url, expires_at_ms=expires_at_ms))
