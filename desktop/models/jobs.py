"""The jobs that the window knows: fed a page at a time, kept up by what the server tells."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from desktop.figures import show_duration, show_money
from desktop.words import Words

Index = QModelIndex | QPersistentModelIndex
Job = dict[str, Any]
OVER = ("completed", "partial", "failed", "cancelled")
OPEN = ("pending", "queued", "running")
NOWHERE = QModelIndex()


class Column(IntEnum):
    """The columns of the table of jobs."""

    NAME = 0
    STATE = 1
    PROGRESS = 2
    COST = 3
    TIME = 4


SORTS = {Column.NAME: "name", Column.STATE: "state", Column.COST: "cost"}
"""What the server can sort by; other columns sort by age."""


class JobsModel(QAbstractTableModel):
    """A table of jobs. It says which page it wants, and is given it."""

    page_wanted = Signal(str)

    def __init__(self, words: Words, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.words = words
        self.jobs: list[Job] = []
        self.rows: dict[str, int] = {}
        self.open: set[str] = set()
        self.cursor: str | None = None
        self.is_asking = False
        self.is_filled = False
        words.changed.connect(self.say_again)

    # --- what a view asks ---

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many jobs are known so far."""
        return 0 if parent.isValid() else len(self.jobs)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text."""
        if not index.isValid() or index.row() >= len(self.jobs):
            return None
        job = self.jobs[index.row()]
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

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.words.say(f"jobs.column_{Column(section).name.lower()}")
        return None

    def canFetchMore(self, parent: Index = NOWHERE) -> bool:  # noqa: N802
        """Tell whether there are more jobs than are known."""
        return not parent.isValid() and self.cursor is not None and not self.is_asking

    def fetchMore(self, parent: Index = NOWHERE) -> None:  # noqa: N802
        """Say which page comes next; it comes when it comes."""
        if self.canFetchMore(parent):
            self.is_asking = True
            self.page_wanted.emit(self.cursor)

    # --- what it is told ---

    def begin(self) -> None:
        """Ask for the first page: what is shown stays until it comes."""
        self.is_asking = True
        self.page_wanted.emit("")

    def set_first_page(self, jobs: Iterable[Job], cursor: str | None) -> None:
        """Show the first page in place of all that was known."""
        self.beginResetModel()
        self.jobs = list(jobs)
        self.number_rows()
        self.open = {job["id"] for job in self.jobs if job["state"] in OPEN}
        self.cursor, self.is_asking, self.is_filled = cursor, False, True
        self.endResetModel()

    def add_page(self, jobs: Iterable[Job], cursor: str | None) -> None:
        """Add the next page behind the last."""
        new = [job for job in jobs if job["id"] not in self.rows]
        self.cursor, self.is_asking = cursor, False
        if new:
            self.beginInsertRows(NOWHERE, len(self.jobs), len(self.jobs) + len(new) - 1)
            self.rows |= {job["id"]: len(self.jobs) + place for place, job in enumerate(new)}
            self.jobs += new
            self.open |= {job["id"] for job in new if job["state"] in OPEN}
            self.endInsertRows()

    def put_job(self, job: Job, *, on_top: bool = True) -> None:
        """Show a job as it is now; one that is not known yet comes on top."""
        row = self.rows.get(job["id"])
        if row is not None:
            self.jobs[row] = job
            self.note_state(job)
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))
        elif on_top:
            self.beginInsertRows(NOWHERE, 0, 0)
            self.jobs.insert(0, job)
            self.number_rows()
            self.note_state(job)
            self.endInsertRows()

    def remove_job(self, id: str) -> None:
        """Take a job off the list."""
        row = self.rows.get(id)
        if row is not None:
            self.beginRemoveRows(NOWHERE, row, row)
            del self.jobs[row]
            self.number_rows()
            self.open.discard(id)
            self.endRemoveRows()

    def note_progress(self, told: dict[str, Any]) -> None:
        """Take in how far a frame under way is."""
        row = self.rows.get(told["job"])
        if row is None:
            return
        job = self.jobs[row]
        live = [one for one in job["live"] if one["frame"] != told["frame"]] + [told]
        total = job["frames"]["total"] or 1
        done = job["frames"]["done"] + sum(one["fraction"] for one in live)
        self.jobs[row] = job | {"live": live, "fraction": min(1.0, done / total)}
        self.dataChanged.emit(self.index(row, Column.PROGRESS), self.index(row, Column.TIME))

    def note_state(self, job: Job) -> None:
        """Remember whether a job is under way."""
        (self.open.add if job["state"] in OPEN else self.open.discard)(job["id"])

    def list_open(self) -> list[Job]:
        """Return the jobs that are under way, of those that are known, as they stand."""
        return [self.jobs[row] for row in sorted(self.rows[id] for id in self.open)]

    def number_rows(self) -> None:
        """Remember in which row each job is."""
        self.rows = {job["id"]: row for row, job in enumerate(self.jobs)}

    def get_at(self, index: Index) -> Job:
        """Return the job of a cell; a role of its own would copy all of it every time."""
        return self.jobs[index.row()]

    def get_job(self, id: str) -> Job | None:
        """Return a job that is known, or None."""
        row = self.rows.get(id)
        return None if row is None else self.jobs[row]

    def name_job(self, id: str) -> str:
        """Return what people call a job, or its id where that is not known here."""
        job = self.get_job(id)
        return id if job is None else str(job["name"])

    def say_again(self) -> None:
        """Let every text be asked for anew: the language has changed."""
        if self.jobs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.jobs) - 1, len(Column) - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
