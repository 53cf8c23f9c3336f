"""Sums that are asked for: none is moved that does not stand in the field."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.panels.money import TakeOutDialog, TopUpDialog
from desktop.stage import Stage


@pytest.mark.parametrize("kind", [TopUpDialog, TakeOutDialog])
@pytest.mark.parametrize(
    ("keys", "micros"),
    [("7", 7_000_000), ("0.5", 500_000), ("0", None), ("0.00", None), ("", None), (".", None)],
)
def test_what_is_typed_is_what_moves(
    qtbot: QtBot, stage: Stage, kind: type[TopUpDialog], keys: str, micros: int | None
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = kind(stage, parent)
    moved: list[int] = []
    dialog.accepted.connect(lambda: moved.append(dialog.amount.micros))
    dialog.open()
    assert dialog.focusWidget() is dialog.amount, "digits that are typed at once count"
    QTest.keyClick(dialog.amount, Qt.Key.Key_Delete)
    QTest.keyClicks(dialog.amount, keys)
    assert dialog.amount.accept_button.isEnabled() == (micros is not None)
    QTest.keyClick(dialog.amount, Qt.Key.Key_Return)
    assert moved == ([] if micros is None else [micros])
    assert dialog.isVisible() == (micros is None)
