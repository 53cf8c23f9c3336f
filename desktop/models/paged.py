"""Rows that come from the server a page at a time, as a table with titles."""

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from desktop.words import Words

Index = QModelIndex | QPersistentModelIndex
Row = dict[str, Any]
NOWHERE = QModelIndex()


class PagedModel(QAbstractTableModel):
    """A table of rows. Where there are more, it says which page it wants, and is given it."""

    page_wanted = Signal(str)

    def __init__(self, words: Words, titles: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.words, self.titles = words, titles
        self.items: list[Row] = []
        self.cursor: str | None = None
        self.is_asking = False
        words.changed.connect(self.say_again)

    # --- what a view asks ---

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many rows are known so far."""
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.titles)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        is_title = orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.titles)
        if is_title and role == Qt.ItemDataRole.DisplayRole:
            return self.words.say(self.titles[section])
        return None

    def canFetchMore(self, parent: Index = NOWHERE) -> bool:  # noqa: N802
        """Tell whether there are more rows than are known."""
        return not parent.isValid() and self.cursor is not None and not self.is_asking

    def fetchMore(self, parent: Index = NOWHERE) -> None:  # noqa: N802
        """Say which page comes next; it comes when it comes."""
        if self.canFetchMore(parent):
            self.is_asking = True
            self.page_wanted.emit(self.cursor)

    def get_at(self, index: Index) -> Row:
        """Return the row of a cell; a role of its own would copy all of it every time."""
        return self.items[index.row()]

    # --- what it is told ---

    def set_rows(self, rows: Iterable[Row], cursor: str | None = None) -> None:
        """Show rows in place of all that was known."""
        self.beginResetModel()
        self.items = list(rows)
        self.cursor, self.is_asking = cursor, False
        self.note_rows(0)
        self.endResetModel()

    def add_rows(self, rows: Iterable[Row], cursor: str | None) -> None:
        """Add the next page behind the last."""
        new, known = list(rows), len(self.items)
        self.cursor, self.is_asking = cursor, False
        if new:
            self.beginInsertRows(NOWHERE, known, known + len(new) - 1)
            self.items += new
            self.note_rows(known)
            self.endInsertRows()

    def add_newer(self, rows: Iterable[Row], cursor: str | None) -> None:
        """Take in the first page once more: what is known stays where it is read, below the new."""
        page = list(rows)
        if not self.items or self.items[0] not in page:
            self.set_rows(page, cursor)
            return
        self.is_asking = False
        new = page[: page.index(self.items[0])]
        if new:
            self.beginInsertRows(NOWHERE, 0, len(new) - 1)
            self.items[:0] = new
            self.note_rows(0)
            self.endInsertRows()

    def note_rows(self, first: int) -> None:
        """Take in that there are other rows than before, from one on."""

    def say_again(self) -> None:
        """Let every text be asked for anew: the language has changed."""
        last_column = len(self.titles) - 1
        if self.items:
            last = self.index(len(self.items) - 1, last_column)
            self.dataChanged.emit(self.index(0, 0), last)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last_column)
