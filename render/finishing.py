"""What happens to a frame after its renderer wrote it: checked, thumbnailed, stored, recorded."""

import errno
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from render.checks import CheckedPicture, check_picture
from render.failures import FailureCode, RenderFailure
from render.hosts import Rendered
from render.protocol import FrameTask
from render.thumbnails import SIDE_MAX, make_thumbnail
from sync.blobs import Blobs, Digest
from sync.records import FrameRecord, find_record, put_record
from sync.store import Store

T = TypeVar("T")
ROOM_BYTES_MIN = 1_000_000
CUT_OFF = {
    FailureCode.NO_FILE,
    FailureCode.TRUNCATED,
    FailureCode.UNDECODABLE,
    FailureCode.SCENE_ERROR,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Where a node keeps what it made: a store, and the studio it belongs to."""

    store: Store
    studio: str

    @property
    def blobs(self) -> Blobs:
        """Return the studio's blobs in the store."""
        return Blobs(self.store, self.studio)

    def find_frame(self, task: FrameTask) -> FrameRecord | None:
        """Return the record of a frame that was rendered before, by whomever."""
        return find_record(self.store, self.studio, Digest(task.recipe), task.number)


def insist(act: Callable[[], T], *, note: Callable[[str], None], wait: Callable[[], bool]) -> T:
    """Do what needs the store, again and again while it is full or cannot be reached.

    What was rendered is kept meanwhile, and a store that was away for an hour fails no frame.
    `wait` waits a moment and says whether to give up. Raises RenderFailure(stopped).
    """
    told = ""
    while True:
        try:
            return act()
        except Exception as error:
            # The store raises the errors of another room, which are known here by their code.
            if not str(getattr(error, "code", "")).startswith("store_"):
                raise
            if told != str(error):
                told = str(error)
                note(f"the store cannot be used now, so this waits: {told}")
        if wait():
            raise RenderFailure(FailureCode.STOPPED)


def explain_error(error: Exception) -> RenderFailure:
    """Return what an unforeseen error means for the attempt that it broke."""
    words = f"{type(error).__name__}: {error}"
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    if full or getattr(error, "code", "") == "disk_full":
        return RenderFailure(FailureCode.DISK_FULL, words)
    return RenderFailure(FailureCode.NODE_ERROR, words)


def blame_disk(failure: RenderFailure, folder: Path) -> RenderFailure:
    """Return a failure, as one of the disk where the folder's has no room for a picture left.

    Renderers write what fits and say nothing. To be asked before the broken picture is removed.
    """
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError:
        return failure
    if failure.code not in CUT_OFF or free_bytes >= ROOM_BYTES_MIN:
        return failure
    return RenderFailure(FailureCode.DISK_FULL, f"{failure.words}\n{free_bytes} B of space left")


def check_frame(task: FrameTask, rendered: Rendered) -> CheckedPicture:
    """Check a picture against what the task asked for. Raises RenderFailure.

    What is no number is wrong however often it is rendered; black may be what the artist wants.
    """
    checked = check_picture(rendered.picture, width=task.width, height=task.height)
    if FailureCode.NOT_A_NUMBER in checked.suspicious:
        raise RenderFailure(FailureCode.NOT_A_NUMBER)
    return checked


def compare_frames(task: FrameTask, first: Rendered, second: Rendered) -> None:
    """Raise RenderFailure with what was suspicious of a frame unless the second is so as well.

    The second one is removed.
    """
    try:
        here = check_frame(task, first).suspicious
        there = check_frame(task, second).suspicious
    finally:
        remove_frame(second)
    if here != there:
        raise RenderFailure(FailureCode(here[0]), f"{', '.join(here)} / {', '.join(there) or '-'}")


def draw_thumbnail(rendered: Rendered, checked: CheckedPicture) -> Path:
    """Write a thumbnail beside a picture and return its path; a small picture is its own."""
    small = max(checked.width, checked.height) <= SIDE_MAX
    if small and rendered.picture.suffix in (".png", ".jpg"):
        return rendered.picture
    thumbnail = name_thumbnail(rendered)
    make_thumbnail(rendered.picture, thumbnail)
    return thumbnail


def name_thumbnail(rendered: Rendered) -> Path:
    """Return where a picture's thumbnail is made."""
    return rendered.picture.with_suffix(".thumbnail.jpg")


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
    remove_frame(rendered)
    return standing


def remove_frame(rendered: Rendered) -> None:
    """Remove a frame and its thumbnail from the node's own folder."""
    for path in (rendered.picture, name_thumbnail(rendered)):
        path.unlink(missing_ok=True)
