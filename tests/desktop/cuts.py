"""What is cut off: what has less room than it needs, and controls that lie on each other."""

from collections.abc import Iterator
from itertools import combinations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTabBar, QWidget

from desktop.panels.elided import ElidedLabel

SLACK = 1
KINDS = (QPushButton, QComboBox, QLabel, QTabBar, QLineEdit)


def list_cut(shown: QWidget) -> Iterator[str]:
    """Give all of a window or dialog that is not seen whole, and all that overlaps."""
    seen = [one for kind in KINDS for one in shown.findChildren(kind) if one.isVisibleTo(shown)]
    for one in seen:
        if is_cut(one):
            room = f"{one.width()}x{one.height()} of {one.sizeHint().toTuple()}"
            yield f"{type(one).__name__} {tell(one)!r} in {type(one.parent()).__name__}: {room}"
    for first, second in combinations(seen, 2):
        if first.parent() is second.parent() and overlap(first.geometry(), second.geometry()):
            yield f"{tell(first)!r} lies on {tell(second)!r}"


def is_cut(widget: QWidget) -> bool:
    """Tell whether a widget has less room than what it shows needs."""
    if isinstance(widget, QLabel) and not isinstance(widget, ElidedLabel):
        if not widget.text() and widget.pixmap().isNull():
            return False
        if widget.wordWrap():
            return widget.height() + SLACK < widget.heightForWidth(widget.width())
    if isinstance(widget, QLineEdit | ElidedLabel):
        return False  # what is written there can be moved through, or is seen by pointing at it
    needed = widget.minimumSizeHint() if isinstance(widget, QComboBox) else widget.sizeHint()
    return widget.width() + SLACK < needed.width() or widget.height() + SLACK < needed.height()


def overlap(first: QRect, second: QRect) -> bool:
    """Tell whether two places share more than an edge."""
    shared = first.intersected(second)
    return shared.width() > SLACK and shared.height() > SLACK


def tell(widget: QWidget) -> str:
    """Return what a widget says, to be found by."""
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) else widget.accessibleName()
