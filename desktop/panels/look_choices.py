"""Look choices: camera, view layers, size, format and priority, where not the scene's own."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QIntValidator
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu, QPushButton, QWidget

from desktop.panels.layout import column, holder, row
from desktop.stage import Stage

PERCENTAGE_MAX = 1_000
FORMATS = ("png", "jpeg", "tiff", "exr", "exr_layers")
PRIORITIES = {"low": 20, "normal": 50, "high": 80}


class LayersButton(QPushButton):
    """A button that opens a list of view layers; with none of them chosen it is the scene's."""

    changed = Signal()

    def __init__(self, stage: Stage, chosen: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("choice")
        self.stage = stage
        self.chosen = list(chosen)
        self.choices = QMenu(self)
        self.setMenu(self.choices)
        stage.words.bind(self, self.show_chosen)

    def offer(self, names: Sequence[str]) -> None:
        """Let the artist choose among layers; those that were chosen before stay in the list."""
        names = list(dict.fromkeys([*names, *self.chosen]))
        if [action.text() for action in self.choices.actions()] == names:
            return
        self.choices.clear()
        for name in names:
            action = QAction(name, self.choices, checkable=True, checked=name in self.chosen)
            action.toggled.connect(lambda on, name=name: self.choose(name, on))
            self.choices.addAction(action)

    def choose(self, name: str, is_wanted: bool) -> None:
        """Take a layer in, or leave it out."""
        self.chosen = [one for one in self.chosen if one != name] + [name] * is_wanted
        self.show_chosen()
        self.changed.emit()

    def show_chosen(self) -> None:
        """Write what will be rendered."""
        self.setText(", ".join(self.chosen) or self.stage.words.say("submit.as_in_scene"))


class LookChoices(QWidget):
    """The fields in a row; what a scene leaves no choice of is not shown."""

    changed = Signal()

    def __init__(self, stage: Stage, kept: dict[str, Any]) -> None:
        super().__init__()
        self.stage = stage
        self.percentage = QLineEdit(str(kept.get("percentage") or ""))
        self.percentage.setValidator(QIntValidator(1, PERCENTAGE_MAX, self.percentage))
        self.percentage.textEdited.connect(lambda _: self.changed.emit())
        stage.words.bind(
            self.percentage,
            lambda: self.percentage.setPlaceholderText(stage.words.say("submit.as_in_scene")),
        )
        self.camera = self.make_choice((), kept.get("camera"), "")
        self.layers = LayersButton(stage, kept.get("view_layers") or ())
        self.layers.changed.connect(self.changed)
        self.format = self.make_choice(FORMATS, kept.get("format"), "formats.")
        self.priority = self.make_choice(tuple(PRIORITIES), None, "priorities.", has_own=False)
        chosen = kept.get("priority", PRIORITIES["normal"])
        self.priority.setCurrentIndex(list(PRIORITIES.values()).index(chosen))
        self.boxes = {
            name: self.make_box(name, field)
            for name, field in (
                ("percentage", self.percentage),
                ("camera", self.camera),
                ("layers", self.layers),
                ("format", self.format),
                ("priority", self.priority),
            )
        }
        layout = row(*self.boxes.values(), gap=16)
        for place in range(len(self.boxes)):
            layout.setStretch(place, 1)
        self.setLayout(layout)
        self.offer({})

    def make_choice(
        self, values: Sequence[str], chosen: str | None, words: str, *, has_own: bool = True
    ) -> QComboBox:
        """Return a list to choose from; its first entry leaves it to the scene."""
        box, say = QComboBox(), self.stage.words.say
        if has_own:
            box.addItem("", None)
            self.stage.words.bind(box, lambda: box.setItemText(0, say("submit.as_in_scene")))
        for value in values:
            box.addItem(value, value)
        if chosen and box.findData(chosen) < 0:
            box.addItem(chosen, chosen)
        box.setCurrentIndex(max(0, box.findData(chosen)))

        def name_values() -> None:
            for value in values:
                box.setItemText(box.findData(value), say(words + value))

        self.stage.words.bind(box, name_values)
        box.activated.connect(lambda _: self.changed.emit())
        return box

    def make_box(self, name: str, field: QWidget) -> QWidget:
        """Return a field below its name."""
        self.stage.name(field, f"submit.{name}")
        return holder(column(self.stage.label(f"submit.{name}", "caption"), field, gap=5))

    @property
    def request(self) -> dict[str, Any]:
        """Return what is asked for; what is left to the scene is None or empty."""
        return {
            "percentage": int(self.percentage.text() or 0) or None,
            "camera": self.camera.currentData(),
            "view_layers": list(self.layers.chosen) or None,
            "format": self.format.currentData(),
        }

    @property
    def rank(self) -> int:
        """Return the job's place among the others."""
        return PRIORITIES[self.priority.currentData()]

    def offer(self, facts: dict[str, Any]) -> None:
        """Offer what the scene has."""
        cameras = facts.get("cameras") or ()
        for name in cameras:
            if self.camera.findData(name) < 0:
                self.camera.addItem(name, name)
        layers = [*(facts.get("view_layers") or ()), *(facts.get("view_layers_off") or ())]
        self.layers.offer(layers)
        self.boxes["camera"].setVisible(len(cameras) > 1 or self.camera.currentIndex() > 0)
        self.boxes["layers"].setVisible(len(layers) > 1 or bool(self.layers.chosen))
        self.boxes["format"].setVisible(bool(layers) or self.format.currentIndex() > 0)
