"""Contact sheets: a job's pictures fetched from the server and laid out."""

import tempfile
from pathlib import Path

from local_server.cli.answers import Answer
from local_server.cli.client import Client
from local_server.farm.errors import BadInput
from local_server.wording import show_amounts

FRAMES_MAX = 400


def write_sheet(client: Client, job: str, target: Path) -> int:
    """Write a job's contact sheet; returns how many frames are on it.

    Of a long job, frames evenly spread over it are shown. Raises BadInput `sheet_empty` and
    `file_unwritable`.
    """
    from render.contact_sheet import SheetPicture, write_contact_sheet

    done = [one for one in client.list_frames(job, state="done") if one["has_thumbnail"]]
    if not done:
        raise BadInput("sheet_empty", job=job)
    shown = spread_frames(done, FRAMES_MAX)
    with tempfile.TemporaryDirectory(prefix="yuntu-sheet-") as folder:
        prices = show_amounts([frame["amount_micros"] or 0 for frame in shown])
        pictures = [
            SheetPicture(
                path=fetch_thumbnail(client, job, frame, Path(folder)),
                title=str(frame["frame"]),
                note="" if frame["amount_micros"] is None else price,
            )
            for frame, price in zip(shown, prices, strict=True)
        ]
        try:
            write_contact_sheet(pictures, target)
        except OSError as error:
            words = error.strerror or str(error)
            raise BadInput("file_unwritable", path=str(target), words=words) from error
    return len(pictures)


def spread_frames(frames: list[Answer], count_max: int) -> list[Answer]:
    """Return at most so many frames, evenly spread, the first and the last among them."""
    if len(frames) <= count_max:
        return frames
    last = len(frames) - 1
    return [frames[place * last // (count_max - 1)] for place in range(count_max)]


def fetch_thumbnail(client: Client, job: str, frame: Answer, folder: Path) -> Path:
    """Fetch a frame's small picture into a folder."""
    path = folder / f"{frame['frame']}.jpg"
    path.write_bytes(client.get_picture(job, frame["frame"], "thumbnail"))
    return path
