"""Drawing: the few shapes that all hand-drawn views are made of."""

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def draw_text(
    painter: QPainter,
    rect: QRect,
    text: str,
    *,
    font: QFont,
    colour: QColor,
    align: Qt.AlignmentFlag = LEFT,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Write a line of text, cut short with an ellipsis where there is no room."""
    painter.setFont(font)
    painter.setPen(colour)
    short = painter.fontMetrics().elidedText(text, elide, rect.width())
    painter.drawText(rect, align, short)


def draw_bar(
    painter: QPainter, rect: QRectF, fraction: float, *, colour: QColor, groove: QColor
) -> None:
    """Draw how much of something is done, as a bar with round ends."""
    radius = rect.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(groove)
    painter.drawRoundedRect(rect, radius, radius)
    if fraction > 0:
        width = max(rect.height(), rect.width() * min(1.0, fraction))
        painter.setBrush(colour)
        painter.drawRoundedRect(
            QRectF(rect.topLeft(), rect.size().__class__(width, rect.height())), radius, radius
        )


def draw_dot(painter: QPainter, centre: QPointF, radius: float, colour: QColor) -> None:
    """Draw a round mark."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(centre, radius, radius)


def draw_plate(
    painter: QPainter, rect: QRectF, *, fill: QColor, radius: float, edge: QColor | None = None
) -> None:
    """Draw a plain rectangle with round corners."""
    painter.setPen(QPen(edge, 1) if edge else Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(fill))
    painter.drawRoundedRect(rect, radius, radius)
