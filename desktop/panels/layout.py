"""Layout: rows, columns, cards and lines, all with the same spacing."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

GAP = 12
PAGE = 28
FIELD_PAD = 8
Item = QWidget | QLayout | int | None
"""A widget, a layout, so many points of space, or None: all the space that is left."""


def fill_layout(layout: QHBoxLayout | QVBoxLayout, items: tuple[Item, ...]) -> None:
    """Put items into a layout, one after the other."""
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)


def row(*items: Item, gap: int = GAP) -> QHBoxLayout:
    """Return items side by side."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    fill_layout(layout, items)
    return layout


def column(*items: Item, gap: int = GAP, margin: int = 0) -> QVBoxLayout:
    """Return items below each other."""
    layout = QVBoxLayout()
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(gap)
    fill_layout(layout, items)
    return layout


def card(*items: Item, style: str = "card", gap: int = GAP, margin: int = 20) -> QFrame:
    """Return items below each other on a surface of their own."""
    frame = QFrame()
    frame.setObjectName(style)
    frame.setLayout(column(*items, gap=gap, margin=margin))
    return frame


def line() -> QFrame:
    """Return a thin line."""
    frame = QFrame()
    frame.setObjectName("line")
    frame.setFixedHeight(1)
    return frame


def holder(layout: QLayout) -> QWidget:
    """Return a widget that holds a layout, so that it can be shown and hidden."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


def scroller(content: QWidget) -> QScrollArea:
    """Return an area that scrolls down a content as wide as itself."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def clear_layout(layout: QLayout) -> None:
    """Take everything out of a layout and away."""
    while layout.count():
        item = layout.takeAt(0)
        assert item is not None
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.setParent(None)
            widget.deleteLater()
        elif inner is not None:
            clear_layout(inner)


def show_bare(field: QAbstractSpinBox) -> None:
    """Take a figure's arrows away; it stands as far from the edge as text does elsewhere."""
    field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    field.lineEdit().setTextMargins(FIELD_PAD, 0, 0, 0)
