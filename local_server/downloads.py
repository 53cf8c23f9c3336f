"""Downloads: stored files sent in pieces, from any byte on, and a job's frames as one zip."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from flask import Response, request
from gevent.threadpool import ThreadPool
from sqlite_utils import Database
from werkzeug.http import is_resource_modified

from local_server.farm.frames import list_pictures
from local_server.farm.jobs import Plan
from local_server.file_names import name_attachment, name_frame
from local_server.zips import StoredZip, ZipEntry
from sync.blobs import Blobs, Digest

PRIVATE = "private, no-cache"
Read = Callable[[int, int], Iterator[bytes]]


def send_stored(
    blobs: Blobs, pool: ThreadPool, digest: Digest, *, mimetype: str, name: str | None
) -> Response:
    """Return a stored file, or the part of it that the request asks for.

    Its mark is its digest, so that `If-Range` and `If-None-Match` cannot be wrong. Raises NotFound
    `object_missing`.
    """
    size = pool.apply(blobs.get_size, (digest,))
    read = partial(read_part, blobs, pool, digest)
    return send_part(read, size=size, mark=digest, mimetype=mimetype, name=name)


def send_zip(zipped: StoredZip, *, name: str) -> Response:
    """Return a zip that is made while it is sent, or the part that the request asks for.

    Raises NotFound `object_missing` for a lost file at its beginning; one further on ends the
    answer too early, which every client notices.
    """
    size, mark = zipped.measure(), zipped.mark
    return send_part(
        lambda start, end: begin(zipped.stream(start, end)),
        size=size,
        mark=mark,
        mimetype="application/zip",
        name=name,
    )


def begin(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return pieces of which the first has been made, while an error can still be told as one."""
    return chain([next(pieces, b"")], pieces)


def send_part(read: Read, *, size: int, mark: str, mimetype: str, name: str | None) -> Response:
    """Return what `read` gives, or the part of it that the request asks for (RFC 9110, 14).

    Several ranges at once are answered with the whole.
    """
    response = Response(mimetype=mimetype, headers={"Accept-Ranges": "bytes"})
    response.set_etag(mark)
    response.headers["Cache-Control"] = PRIVATE
    if name is not None:
        response.headers["Content-Disposition"] = name_attachment(name)
    if not is_resource_modified(request.environ, etag=mark):
        response.status_code = 304
        return response
    start, end = choose_range(size, mark)
    if start is None:
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    if (start, end) != (0, size):
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    if request.method != "HEAD" and end > start:
        response.response = read(start, end)
    return response


def choose_range(size: int, mark: str) -> tuple[int | None, int]:
    """Return where to begin and end by the request's `Range`; None to begin where it has nothing.

    What is no range of bytes, or speaks of another version of the file, is left out.
    """
    asked = request.range
    condition = request.headers.get("If-Range")
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0, size
    if condition is not None and condition != f'"{mark}"':
        return 0, size
    begin, end = asked.ranges[0]
    if begin < 0:  # the last so many bytes
        begin, end = max(0, size + begin), size
    end = size if end is None else min(end, size)
    return (begin, end) if begin < end else (None, size)


def read_part(
    blobs: Blobs, pool: ThreadPool, digest: Digest, start: int, end: int
) -> Iterator[bytes]:
    """Yield a part of a stored file in pieces, each read on a thread: the server goes on."""
    pieces = blobs.open_range(digest, start, end - start)
    while (piece := pool.apply(next, (pieces, None))) is not None:
        yield piece


def plan_zip(
    db: Database, blobs: Blobs, pool: ThreadPool, *, job: str, plan: Plan | None
) -> StoredZip:
    """Return a job's finished frames as one zip, made in constant memory while it is sent."""
    naming = "" if plan is None else plan.naming
    entries = [
        ZipEntry(
            name=name_frame(naming, number, extension),
            digest=Digest(picture),
            size_bytes=size,
            at_ms=at_ms,
        )
        for number, picture, extension, size, at_ms in list_pictures(db, job=job)
    ]
    return StoredZip(
        entries=entries,
        read=partial(read_whole, blobs, pool),
        add_up=lambda digest: pool.apply(add_up, (blobs, digest)),
    )


def read_whole(blobs: Blobs, pool: ThreadPool, digest: Digest) -> Iterator[bytes]:
    """Yield a stored file in pieces."""
    return read_part(blobs, pool, digest, 0, pool.apply(blobs.get_size, (digest,)))


def add_up(blobs: Blobs, digest: Digest) -> int:
    """Return a stored file's CRC-32. Raises NotFound `object_missing`."""
    total = 0
    for piece in blobs.open_range(digest):
        total = zlib.crc32(piece, total)
    return total
