"""What happens to a frame after its renderer wrote it: checked, thumbnailed, stored, recorded."""

import time
from dataclasses import dataclass
from pathlib import Path

from render.checks import CheckedPicture, check_picture
from render.failures import FailureCode, RenderFailure
from render.hosts import Rendered
from render.protocol import FrameTask
from render.thumbnails import make_thumbnail
from sync.blobs import Blobs, Digest
from sync.records import FrameRecord, put_record
from sync.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Where a node keeps what it made: a store, and the studio it belongs to."""

    store: Store
    studio: str

    @property
    def blobs(self) -> Blobs:
        """Return the studio's blobs in the store."""
        return Blobs(self.store, self.studio)


def check_frame(task: FrameTask, rendered: Rendered) -> CheckedPicture:
    """Check a picture against what the task asked for. Raises RenderFailure.

    What is no number is wrong however often it is rendered; black may be what the artist wants.
    """
    checked = check_picture(rendered.picture, width=task.width, height=task.height)
    if FailureCode.NOT_A_NUMBER in checked.suspicious:
        raise RenderFailure(FailureCode.NOT_A_NUMBER)
    return checked


def draw_thumbnail(rendered: Rendered) -> Path:
    """Write a thumbnail beside a picture and return its path."""
    thumbnail = rendered.picture.with_suffix(".thumbnail.jpg")
    make_thumbnail(rendered.picture, thumbnail)
    return thumbnail


def store_frame(
    shelf: Shelf,
    task: FrameTask,
    rendered: Rendered,
    checked: CheckedPicture,
    *,
    node: str,
    thumbnail: Path,
) -> FrameRecord:
    """Store a checked picture with its thumbnail and record; returns the record that stands.

    The record is written last: where there is a record, there is a whole picture.
    """
    record = FrameRecord(
        recipe=Digest(task.recipe),
        number=task.number,
        job=task.job,
        attempt=task.attempt,
        node=node,
        picture=shelf.blobs.add_file(rendered.picture),
        size_bytes=rendered.picture.stat().st_size,
        extension=rendered.picture.suffix,
        thumbnail=shelf.blobs.add_file(thumbnail),
        width=checked.width,
        height=checked.height,
        render_ms=rendered.render_ms,
        load_ms=rendered.load_ms,
        cores=rendered.cores,
        warnings=tuple(checked.suspicious),
        finished_at_ms=time.time_ns() // 1_000_000,
    )
    standing = put_record(shelf.store, shelf.studio, record)
    remove_files(rendered.picture, thumbnail)
    return standing


def remove_files(*paths: Path) -> None:
    """Remove files of the node's own work folder."""
    for path in paths:
        path.unlink(missing_ok=True)
