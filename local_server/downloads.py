"""Downloads: stored files sent in pieces, from any byte on, and a job's frames as one zip."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from flask import Response, request
from gevent.threadpool import ThreadPool
from sqlite_utils import Database
from werkzeug.http import is_resource_modified
from zipstream import ZIP_STORED, ZipStream

from local_server.delivery import target_path
from local_server.farm.frames import PAGE_MAX, list_frames
from local_server.farm.jobs import Plan
from local_server.farm.states import FrameState
from sync.blobs import Blobs, Digest

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
UNSAFE = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|\u202a-\u202e\u2066-\u2069]')
NAME_BYTES_MAX = 200
PRIVATE = "private, no-cache"


def send_stored(
    blobs: Blobs, pool: ThreadPool, digest: Digest, *, mimetype: str, name: str | None
) -> Response:
    """Return a stored file, or the part of it that the request asks for (RFC 9110, 14).

    Its mark is its digest, so that `If-Range` and `If-None-Match` cannot be wrong. Several ranges
    at once are answered with the whole. Raises NotFound `object_missing`.
    """
    size = pool.apply(blobs.get_size, (digest,))
    response = Response(mimetype=mimetype, headers={"Accept-Ranges": "bytes"})
    response.set_etag(digest)
    response.headers["Cache-Control"] = PRIVATE
    if name is not None:
        response.headers["Content-Disposition"] = name_attachment(name)
    if not is_resource_modified(request.environ, etag=digest):
        response.status_code = 304
        return response
    start, end = choose_range(size, digest)
    if start is None:
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    if (start, end) != (0, size):
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    if request.method != "HEAD" and end > start:
        response.response = read_pieces(blobs, pool, digest, start=start, length=end - start)
    return response


def choose_range(size: int, digest: str) -> tuple[int | None, int]:
    """Return where to begin and end by the request's `Range`; None to begin where it has nothing.

    What is no range of bytes, or speaks of another version of the file, is left out.
    """
    asked = request.range
    condition = request.headers.get("If-Range")
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0, size
    if condition is not None and condition != f'"{digest}"':
        return 0, size
    begin, end = asked.ranges[0]
    if begin < 0:  # the last so many bytes
        begin, end = max(0, size + begin), size
    end = size if end is None else min(end, size)
    return (begin, end) if begin < end else (None, size)


def read_pieces(
    blobs: Blobs, pool: ThreadPool, digest: Digest, *, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """Yield a stored file in pieces, each read on a thread: the server goes on meanwhile."""
    pieces = blobs.open_range(digest, start, length)
    while (piece := pool.apply(next, (pieces, None))) is not None:
        yield piece


def stream_zip(
    db: Database, blobs: Blobs, pool: ThreadPool, *, job: str, plan: Plan
) -> Iterator[bytes]:
    """Yield a job's finished frames as one zip: stored as they are, in constant memory.

    A page of frames is listed at a time. A frame whose file is lost ends the stream in its middle,
    which every client notices: a zip that looks whole and is not would be worse.
    """
    archive = ZipStream(compress_type=ZIP_STORED)
    after = None
    while page := list_frames(db, job=job, after=after, state=FrameState.DONE, limit=PAGE_MAX):
        after = page[-1]["number"]
        for frame in page:
            result = frame["result"]
            name = name_frame(plan, frame["number"], result["extension"])
            digest = Digest(result["picture"])
            size = pool.apply(blobs.get_size, (digest,))
            archive.add(read_pieces(blobs, pool, digest), name, size=size)
            yield from archive.all_files()
    yield from archive.finalize()


def name_frame(plan: Plan, number: int, extension: str) -> str:
    """Return what a frame is called when it is sent: one name that is good on every system."""
    return make_safe(target_path("", plan.naming, number, extension).name)


def make_safe(name: str) -> str:
    """Return a name that is a plain file's on every system, and shows as what it is.

    No folders, no drives, no control characters, nothing that turns the direction of writing,
    none of Windows' devices, no dots or spaces at its ends, and not too long.
    """
    plain = UNSAFE.sub("_", name).strip(" .")
    if not plain or RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, extension = plain.rpartition(".")
    if not dot:
        stem, extension = plain, ""
    ending = f"{dot}{extension}"
    room = NAME_BYTES_MAX - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending


def name_attachment(name: str) -> str:
    """Return the header that has a browser save a file under a name (RFC 6266)."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
