"""A line that gives way: cut short with an ellipsis where there is no room for all of it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel

WIDTH_MIN = 80


class ElidedLabel(QLabel):
    """A label of one line whose tooltip has what is not seen of it."""

    def __init__(self, style: str, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self.setObjectName(style)
        self.mode = mode

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return how little room is enough."""
        needed = super().minimumSizeHint()
        return QSize(min(WIDTH_MIN, needed.width()), needed.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw as much as there is room for."""
        room = self.contentsRect()
        short = self.fontMetrics().elidedText(self.text(), self.mode, room.width())
        self.setToolTip("" if short == self.text() else self.text())
        if short == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        role = self.foregroundRole()
        align = int(self.alignment())
        self.style().drawItemText(painter, room, align, self.palette(), True, short, role)
