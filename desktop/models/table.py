"""A table of rows that the server tells, with columns that say how to show them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt

from desktop.models.paged import Index, PagedModel, Row
from desktop.theme import make_font
from desktop.words import Words

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, kw_only=True, slots=True)
class TableColumn:
    """A column: the key of its title, and a row's text in it. Figures stand on the right."""

    title: str
    show: Callable[[Row], str]
    is_figure: bool = False


class TableModel(PagedModel):
    """Rows of one kind."""

    def __init__(
        self, words: Words, columns: Sequence[TableColumn], parent: QObject | None = None
    ) -> None:
        super().__init__(words, [one.title for one in columns], parent)
        self.columns = columns
        self.figures = make_font(10.0, tabular=True)

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
        is_title = orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.columns)
        if is_title and role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if self.columns[section].is_figure else LEFT
        return super().headerData(section, orientation, role)
