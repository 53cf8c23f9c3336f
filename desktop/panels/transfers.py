"""Transfers: what travels between this machine and the studio's store, paused and limited here."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QWidget

from desktop.figures import show_duration, show_size
from desktop.panels.layout import card, column, holder, row, show_bare
from desktop.stage import Stage

RESULTS = ("none", "own", "all")
MBPS_MAX = 100_000


class TransfersCard(QWidget):
    """What waits to travel, and by which rules."""

    changed = Signal(dict)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.told: dict[str, Any] | None = None
        self.what = QLabel()
        self.what.setObjectName("quiet")
        self.what.setWordWrap(True)
        self.pause = QPushButton()
        self.pause.clicked.connect(self.turn)
        self.limit = QSpinBox()
        self.limit.setRange(0, MBPS_MAX)
        self.limit.setFixedWidth(150)
        self.limit.setKeyboardTracking(False)
        show_bare(self.limit)
        stage.name(self.limit, "sync.limit")
        stage.words.bind(self.limit, self.name_limit)
        self.limit.valueChanged.connect(lambda mbps: self.changed.emit({"mbps": mbps}))
        self.results = QComboBox()
        stage.name(self.results, "sync.results")
        for value in RESULTS:
            self.results.addItem(value, value)
        stage.words.bind(self.results, self.name_results)
        self.results.activated.connect(
            lambda _: self.changed.emit({"results": self.results.currentData()})
        )
        rules = row(
            self.pause,
            None,
            stage.label("sync.limit", "caption"),
            self.limit,
            stage.label("sync.results", "caption"),
            self.results,
        )
        heading = stage.label("sync.transfers", "heading")
        self.setLayout(column(card(heading, self.what, holder(rules), gap=10)))
        stage.words.bind(self, self.show_told)
        stage.theme.bind(self.pause, self.show_icon)

    def name_limit(self) -> None:
        """Write what no limit is called."""
        self.limit.setSpecialValueText(self.stage.words.say("sync.no_limit"))
        self.limit.setSuffix(" Mbit/s")

    def name_results(self) -> None:
        """Write whose results may come here."""
        for place, value in enumerate(RESULTS):
            self.results.setItemText(place, self.stage.words.say(f"results.{value}"))

    def turn(self) -> None:
        """Pause transfers, or go on."""
        if self.told is not None:
            self.changed.emit({"paused": not self.told["paused"]})

    def set_transfers(self, told: dict[str, Any]) -> None:
        """Show what travels, and the rules as they are."""
        self.told = told
        if not self.limit.hasFocus():
            self.limit.blockSignals(True)
            self.limit.setValue(round(told["mbps"]))
            self.limit.blockSignals(False)
        self.results.setCurrentIndex(self.results.findData(told["results"]))
        self.show_told()

    def show_told(self) -> None:
        """Write what travels."""
        words, told = self.stage.words, self.told
        is_paused = bool(told and told["paused"])
        self.pause.setText(words.say("sync.go_on" if is_paused else "sync.pause"))
        self.show_icon()
        self.pause.setEnabled(told is not None)
        if told is None:
            self.what.setText("–")
            return
        lines = [self.describe(one) for one in told["items"] if one["files_left"]]
        if is_paused:
            lines.insert(0, words.say("sync.paused"))
        if told["lost"]:
            lines.append(words.say("sync.lost", count=told["lost"]))
        self.what.setText("\n".join(lines) or words.say("sync.nothing_travels"))

    def show_icon(self) -> None:
        """Show what the button does; bound to the palette once, however often transfers change."""
        is_paused = bool(self.told and self.told["paused"])
        self.pause.setIcon(self.stage.icons.icon("play" if is_paused else "pause", "quiet"))

    def describe(self, one: dict[str, Any]) -> str:
        """Return how far one kind of load is."""
        words = self.stage.words
        told = [
            words.say(f"loads.{one['load']}"),
            words.say("submit.files", count=one["files_left"], size=show_size(one["bytes_left"])),
        ]
        if one["bytes_per_second"]:
            told.append(f"{show_size(one['bytes_per_second'])}/s")
        if one["left_ms"] is not None:
            told.append(words.say("sync.left", time=show_duration(words, one["left_ms"])))
        if one["trouble"] is not None:
            told.append(one["trouble"]["title"])
        return "  ·  ".join(told)
