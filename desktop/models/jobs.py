"""The jobs that the window knows: fed a page at a time, kept up by what the server tells."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt

from desktop.figures import show_duration, show_money
from desktop.models.paged import NOWHERE, Index, PagedModel
from desktop.words import Words

Job = dict[str, Any]
OVER = ("completed", "partial", "failed", "cancelled")
OPEN = ("pending", "queued", "running")


class Column(IntEnum):
    """The columns of the table of jobs."""

    NAME = 0
    STATE = 1
    PROGRESS = 2
    COST = 3
    TIME = 4


SORTS = {Column.NAME: "name", Column.STATE: "state", Column.COST: "cost"}
"""What the server can sort by; other columns sort by age."""


class JobsModel(PagedModel):
    """A table of jobs."""

    def __init__(self, words: Words, parent: QObject | None = None) -> None:
        titles = [f"jobs.column_{column.name.lower()}" for column in Column]
        super().__init__(words, titles, parent)
        self.rows: dict[str, int] = {}
        self.open: set[str] = set()
        self.is_filled = False

    # --- what a view asks ---

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text."""
        if not index.isValid() or index.row() >= len(self.items):
            return None
        job = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.show(job, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == Column.STATE:
            return job["reason"]["detail"] or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(self.show(job, column) for column in Column)
        return None

    def show(self, job: Job, column: Column) -> str:
        """Return a cell's text."""
        if column == Column.NAME:
            return str(job["name"])
        if column == Column.STATE:
            return self.words.say(f"states.{job['state']}")
        if column == Column.PROGRESS:
            return f"{job['frames']['done']} / {job['frames']['total']}"
        if column == Column.COST:
            return show_money(job["cost_micros"])
        left = job["eta_ms"] if job["state"] in OPEN else job["render_ms"]
        return show_duration(self.words, left)

    # --- what it is told ---

    def begin(self) -> None:
        """Ask for the first page: what is shown stays until it comes."""
        self.is_asking = True
        self.page_wanted.emit("")

    def set_rows(self, rows: Iterable[Job], cursor: str | None = None) -> None:
        """Show the first page in place of all that was known."""
        self.is_filled = True
        self.open.clear()
        super().set_rows(rows, cursor)

    def add_rows(self, rows: Iterable[Job], cursor: str | None) -> None:
        """Add the next page behind the last; what has come by another way is there already."""
        super().add_rows([job for job in rows if job["id"] not in self.rows], cursor)

    def note_rows(self, first: int) -> None:
        """Remember where each job is, and whether it is under way."""
        if not first:
            self.rows.clear()
        new = self.items[first:]
        self.rows.update((job["id"], first + place) for place, job in enumerate(new))
        self.open.update(job["id"] for job in new if job["state"] in OPEN)

    def put_job(self, job: Job, *, on_top: bool = True) -> None:
        """Show a job as it is now; one that is not known yet comes on top."""
        row = self.rows.get(job["id"])
        if row is not None:
            self.items[row] = job
            self.note_state(job)
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))
        elif on_top:
            self.beginInsertRows(NOWHERE, 0, 0)
            self.items.insert(0, job)
            self.note_rows(0)
            self.endInsertRows()

    def remove_job(self, id: str) -> None:
        """Take a job off the list."""
        row = self.rows.get(id)
        if row is not None:
            self.beginRemoveRows(NOWHERE, row, row)
            del self.items[row], self.rows[id]
            self.open.discard(id)
            self.note_rows(row)
            self.endRemoveRows()

    def note_progress(self, told: dict[str, Any]) -> None:
        """Take in how far a frame under way is."""
        row = self.rows.get(told["job"])
        if row is None:
            return
        job = self.items[row]
        live = [one for one in job["live"] if one["frame"] != told["frame"]] + [told]
        total = job["frames"]["total"] or 1
        done = job["frames"]["done"] + sum(one["fraction"] for one in live)
        self.items[row] = job | {"live": live, "fraction": min(1.0, done / total)}
        self.dataChanged.emit(self.index(row, Column.PROGRESS), self.index(row, Column.TIME))

    def note_state(self, job: Job) -> None:
        """Remember whether a job is under way."""
        (self.open.add if job["state"] in OPEN else self.open.discard)(job["id"])

    def list_open(self) -> list[Job]:
        """Return the jobs that are under way, of those that are known, as they stand."""
        return [self.items[row] for row in sorted(self.rows[id] for id in self.open)]

    def get_job(self, id: str) -> Job | None:
        """Return a job that is known, or None."""
        row = self.rows.get(id)
        return None if row is None else self.items[row]

    def name_job(self, id: str) -> str:
        """Return what people call a job, or its id where that is not known here."""
        job = self.get_job(id)
        return id if job is None else str(job["name"])
