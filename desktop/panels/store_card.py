"""The studio's store among the settings: where it is, what opens it, and where keys are kept."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop.panels.layout import column, row
from desktop.panels.studio_forms import BUCKET
from desktop.stage import Stage


class StoreCard(QWidget):
    """Where the store is; the key of a bucket can be changed, and it says what overrules it."""

    key_wanted = Signal(str)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.address, self.variable = "", ""
        self.where, self.keys, self.overruled = QLabel(), QLabel(), QLabel()
        styles = ((self.where, "quiet"), (self.keys, "faint"), (self.overruled, "quiet"))
        for label, style in styles:
            label.setObjectName(style)
            label.setWordWrap(True)
        self.change = stage.caption(QPushButton(), "settings.change_key")
        self.change.clicked.connect(lambda: self.key_wanted.emit(self.address))
        told = column(stage.label("settings.store"), self.where, self.keys, self.overruled, gap=2)
        line = row(told, self.change)
        line.setStretch(0, 1)
        self.setLayout(line)
        stage.words.bind(self, self.show_store)

    def set_standing(self, standing: dict[str, Any]) -> None:
        """Take in where the store is."""
        self.address, self.variable = standing["store"], standing["key_variable"] or ""
        self.show_store()

    def set_studio(self, studio: dict[str, Any]) -> None:
        """Take in where this machine keeps its keys."""
        self.keys.setText(studio["keys"])

    def show_store(self) -> None:
        """Write where the store is; a folder needs no key."""
        say = self.stage.words.say
        needs_key = self.address.startswith(BUCKET)
        self.where.setText(self.address or say("machines.unknown"))
        self.change.setEnabled(needs_key)
        self.overruled.setVisible(needs_key and bool(self.variable))
        self.overruled.setText(say("settings.key_overruled", variable=self.variable))
        self.change.setToolTip("" if needs_key else say("settings.no_key"))
