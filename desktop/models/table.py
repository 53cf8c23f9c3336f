"""A table of rows that the server tells, with columns that say how to show them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from desktop.theme import make_font
from desktop.words import Words

Index = QModelIndex | QPersistentModelIndex
Row = dict[str, Any]
NOWHERE = QModelIndex()
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, kw_only=True, slots=True)
class TableColumn:
    """A column: the key of its title, and a row's text in it. Figures stand on the right."""

    title: str
    show: Callable[[Row], str]
    is_figure: bool = False


class TableModel(QAbstractTableModel):
    """Rows of one kind; where there are more, it says which page it wants."""

    page_wanted = Signal(str)

    def __init__(
        self, words: Words, columns: Sequence[TableColumn], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.words = words
        self.columns = columns
        self.items: list[Row] = []
        self.cursor: str | None = None
        self.is_asking = False
        self.figures = make_font(10.0, tabular=True)
        words.changed.connect(self.say_again)

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many rows are known."""
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text and how it stands."""
        if not index.isValid() or index.row() >= len(self.items):
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.show(self.items[index.row()])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column.is_figure else LEFT
        if role == Qt.ItemDataRole.FontRole and column.is_figure:
            return self.figures
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title and how it stands."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words.say(self.columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if self.columns[section].is_figure else LEFT
        return None

    def canFetchMore(self, parent: Index = NOWHERE) -> bool:  # noqa: N802
        """Tell whether there are more rows than are known."""
        return not parent.isValid() and self.cursor is not None and not self.is_asking

    def fetchMore(self, parent: Index = NOWHERE) -> None:  # noqa: N802
        """Say which page comes next; it comes when it comes."""
        if self.canFetchMore(parent):
            self.is_asking = True
            self.page_wanted.emit(self.cursor)

    def set_rows(self, rows: Iterable[Row], cursor: str | None = None) -> None:
        """Show rows in place of all that was known."""
        self.beginResetModel()
        self.items = list(rows)
        self.cursor, self.is_asking = cursor, False
        self.endResetModel()

    def add_rows(self, rows: Iterable[Row], cursor: str | None) -> None:
        """Add the next page behind the last."""
        new = list(rows)
        self.cursor, self.is_asking = cursor, False
        if new:
            self.beginInsertRows(NOWHERE, len(self.items), len(self.items) + len(new) - 1)
            self.items += new
            self.endInsertRows()

    def get_at(self, index: Index) -> Row:
        """Return the whole row of a cell."""
        return self.items[index.row()]

    def say_again(self) -> None:
        """Let every text be asked for anew: the language has changed."""
        if self.items:
            last = self.index(len(self.items) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
