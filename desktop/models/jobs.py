"""The jobs that the window knows: fed a page at a time, kept up by what the server tells."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

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
    """A table of jobs; those under way are known whether a search or a filter hides them or not."""

    open_changed = Signal()

    def __init__(self, words: Words, parent: QObject | None = None) -> None:
        titles = [f"jobs.column_{column.name.lower()}" for column in Column]
        super().__init__(words, titles, parent)
        self.rows: dict[str, int] = {}
        self.open: dict[str, Job] = {}
        self.is_filled = False
        self.order, self.mark = "", ""

    # --- what a view asks ---

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title, with a mark where the jobs are sorted by it."""
        title = super().headerData(section, orientation, role)
        is_marked = title is not None and SORTS.get(Column(section)) == self.order
        return f"{title}  {self.mark}" if is_marked else title

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

    def mark_order(self, order: str, mark: str) -> None:
        """Mark the column that the jobs are sorted by from now on."""
        self.order, self.mark = order, mark
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)

    def begin(self) -> None:
        """Ask for the first page: what is shown stays until it comes."""
        self.is_asking = True
        self.page_wanted.emit("")

    def set_rows(self, rows: Iterable[Job], cursor: str | None = None) -> None:
        """Show the first page in place of all that was known."""
        self.is_filled = True
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
        self.open.update((job["id"], job) for job in new if job["state"] in OPEN)
        listed = [self.items[self.rows[id]] for id in self.open if id in self.rows]
        for job in listed:
            self.note_state(job)

    def put_job(self, job: Job, *, on_top: bool = True) -> None:
        """Show a job as it is now; one that is not known yet comes on top."""
        row = self.rows.get(job["id"])
        self.note_state(job)
        self.open_changed.emit()
        if row is not None:
            self.items[row] = job
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))
        elif on_top:
            self.beginInsertRows(NOWHERE, 0, 0)
            self.items.insert(0, job)
            self.note_rows(0)
            self.endInsertRows()

    def hide_job(self, id: str) -> None:
        """Take a job off the list."""
        row = self.rows.get(id)
        if row is not None:
            self.beginRemoveRows(NOWHERE, row, row)
            del self.items[row], self.rows[id]
            self.note_rows(row)
            self.endRemoveRows()

    def remove_job(self, id: str) -> None:
        """Forget a job."""
        self.hide_job(id)
        if self.open.pop(id, None) is not None:
            self.open_changed.emit()

    def set_open(self, jobs: Iterable[Job]) -> None:
        """Take in which jobs are under way, in place of all that was known of that."""
        self.open = {job["id"]: job for job in jobs}
        self.open_changed.emit()

    def note_progress(self, told: dict[str, Any]) -> None:
        """Take in how far a frame under way is."""
        job = self.get_job(told["job"])
        if job is None:
            return
        live = [one for one in job["live"] if one["frame"] != told["frame"]] + [told]
        total = job["frames"]["total"] or 1
        done = job["frames"]["done"] + sum(one["fraction"] for one in live)
        job = job | {"live": live, "fraction": min(1.0, done / total)}
        self.note_state(job)
        row = self.rows.get(job["id"])
        if row is None:
            self.open_changed.emit()
            return
        self.items[row] = job
        self.dataChanged.emit(self.index(row, Column.PROGRESS), self.index(row, Column.TIME))

    def note_state(self, job: Job) -> None:
        """Remember whether a job is under way."""
        if job["state"] in OPEN:
            self.open[job["id"]] = job
        else:
            self.open.pop(job["id"], None)

    def list_open(self) -> list[Job]:
        """Return the jobs that are under way, as they stand."""
        return list(self.open.values())

    def get_job(self, id: str) -> Job | None:
        """Return a job that is known, for it is listed or under way, or None."""
        row = self.rows.get(id)
        return self.open.get(id) if row is None else self.items[row]

    def name_job(self, id: str) -> str:
        """Return what people call a job, or its id where that is not known here."""
        job = self.get_job(id)
        return id if job is None else str(job["name"])
