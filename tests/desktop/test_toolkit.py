"""The toolkit itself: its calls give no reference away, which would end in a crash."""

import sys

from PySide6.QtCore import QObject, Signal

CALLS = 500
SLACK = 50


class Sender(QObject):
    """Has something to say."""

    said = Signal(object)


def test_calls_keep_their_references() -> None:
    """PySide6 6.12.0 gave None away with every call and True with every signal, on Python 3.11."""
    sender = Sender()
    sender.said.connect(lambda _: None)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        sender.setObjectName("name")
        sender.said.emit(1)
    assert before - sys.getrefcount(None) < SLACK, (
        "this PySide6 must not be used; see pyproject.toml"
    )
