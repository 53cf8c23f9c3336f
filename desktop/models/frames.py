"""The frames of one job, by number, with how far those under way are."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QObject,
    Qt,
    Signal,
)

from desktop.figures import show_duration, show_money
from desktop.models.paged import NOWHERE, Index
from desktop.words import Words

Frame = dict[str, Any]


class FramesModel(QAbstractListModel):
    """A list of frames of the job that is open."""

    changed = Signal()
    """Something changed that is about more than one frame: charts are drawn anew."""

    def __init__(self, words: Words, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.words = words
        self.job = ""
        self.frames: list[Frame] = []
        self.rows: dict[int, int] = {}
        self.fractions: dict[int, float] = {}

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many frames are known."""
        return 0 if parent.isValid() else len(self.frames)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a frame's number or its words."""
        if not index.isValid() or index.row() >= len(self.frames):
            return None
        frame = self.frames[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return str(frame["frame"])
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.describe(frame)
        return None

    def describe(self, frame: Frame) -> str:
        """Return all that matters of a frame in a few lines."""
        lines = [
            f"{self.words.say('frames.frame', number=frame['frame'])} · "
            f"{self.words.say('states.' + frame['state'])}"
        ]
        if frame["reason"]:
            lines.append(frame["reason"]["title"])
        if frame["render_ms"] is not None:
            lines.append(show_duration(self.words, frame["render_ms"]))
        if frame["reused"]:
            lines.append(self.words.say("frames.reused"))
        elif frame["amount_micros"] is not None:
            lines.append(show_money(frame["amount_micros"], exact=True))
        lines += [one["title"] for one in frame["warnings"]]
        return "\n".join(lines)

    def begin(self, job: str) -> None:
        """Show another job's frames, of which none is known yet."""
        self.beginResetModel()
        self.job, self.frames, self.rows, self.fractions = job, [], {}, {}
        self.endResetModel()
        self.changed.emit()

    def put_page(self, frames: Iterable[Frame]) -> None:
        """Take in frames as they are now; new ones are behind those that are known."""
        new: list[Frame] = []
        for frame in frames:
            row = self.rows.get(frame["frame"])
            if row is None:
                new.append(frame)
            elif self.frames[row] != frame:
                self.frames[row] = frame
                self.note_row(row)
        if new:
            self.beginInsertRows(NOWHERE, len(self.frames), len(self.frames) + len(new) - 1)
            self.rows |= {one["frame"]: len(self.frames) + at for at, one in enumerate(new)}
            self.frames += new
            self.endInsertRows()
        self.changed.emit()

    def note_event(self, number: int, state: str) -> None:
        """Show a frame's new state at once; the rest of it is asked for."""
        row = self.rows.get(number)
        if row is None:
            return
        self.frames[row] = self.frames[row] | {"state": state}
        if state != "rendering":
            self.fractions.pop(number, None)
        self.note_row(row)

    def note_progress(self, number: int, fraction: float) -> None:
        """Take in how far a frame under way is."""
        row = self.rows.get(number)
        if row is not None:
            self.fractions[number] = fraction
            if self.frames[row]["state"] == "waiting":
                self.frames[row] = self.frames[row] | {"state": "rendering"}
            self.note_row(row)

    def note_row(self, row: int) -> None:
        """Let a frame be drawn anew."""
        self.dataChanged.emit(self.index(row), self.index(row))

    def get_at(self, index: Index) -> Frame:
        """Return the frame of a tile; a role of its own would copy all of it every time."""
        return self.frames[index.row()]

    def get_frame(self, number: int) -> Frame | None:
        """Return a frame that is known, or None."""
        row = self.rows.get(number)
        return None if row is None else self.frames[row]

    def list_pictured(self) -> list[int]:
        """Return the numbers of the frames of which there is a picture, in order."""
        return sorted(one["frame"] for one in self.frames if one["has_thumbnail"])
