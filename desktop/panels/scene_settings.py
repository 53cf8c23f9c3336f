"""Scene settings: what an artist can set for a scene before it is rendered."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.panels.choosing import choose_folder
from desktop.panels.layout import column, holder, row
from desktop.panels.look_choices import LookChoices
from desktop.panels.missing_files import MissingFiles
from desktop.stage import Stage

SAMPLES_MAX = 1_000_000


class SceneSettings(QWidget):
    """The fields of one scene; `changed` whenever what is asked for has become another."""

    changed = Signal()

    def __init__(self, stage: Stage, kept: dict[str, Any]) -> None:
        super().__init__()
        self.stage = stage
        self.make_fields(kept)
        self.looks = LookChoices(stage, kept)
        self.looks.changed.connect(self.changed)
        self.missing = MissingFiles(stage, allow=bool(kept.get("allow_missing")))
        self.missing.changed.connect(self.changed)
        for field in (self.frames, self.samples, self.out):
            field.textEdited.connect(lambda _: self.changed.emit())
        browse = stage.tool("folder", "submit.choose_out")
        browse.clicked.connect(self.choose_out)
        out = column(stage.label("submit.out", "caption"), row(self.out, browse, gap=4), gap=5)
        pairs = [
            holder(column(stage.label(f"submit.{key}", "caption"), field, gap=5))
            for key, field in (("frames", self.frames), ("samples", self.samples))
        ]
        fields = row(*pairs, holder(out), gap=16)
        for place, share in enumerate((2, 2, 5)):
            fields.setStretch(place, share)
        self.setLayout(column(self.missing, fields, self.looks, gap=12))

    def make_fields(self, kept: dict[str, Any]) -> None:
        """Make the fields; `kept` is what was in them the last time."""
        stage, words = self.stage, self.stage.words
        self.frames = QLineEdit(kept.get("frames") or "")
        self.frames.setPlaceholderText("1-100")
        self.out = QLineEdit(kept.get("out") or "")
        self.samples = QLineEdit(str(kept.get("samples") or ""))
        self.samples.setValidator(QIntValidator(1, SAMPLES_MAX, self.samples))
        words.bind(
            self.samples, lambda: self.samples.setPlaceholderText(words.say("submit.as_in_scene"))
        )
        for key, field in (("frames", self.frames), ("samples", self.samples), ("out", self.out)):
            stage.name(field, f"submit.{key}")

    @property
    def request(self) -> dict[str, Any]:
        """Return what is asked for; what is left to the scene is left out."""
        asked = {
            "frames": self.frames.text().strip() or None,
            "out": self.out.text().strip() or None,
            "samples": int(self.samples.text() or 0) or None,
            "allow_missing": self.missing.allow.isChecked(),
            "find_in": self.missing.folders or None,
        } | self.looks.request
        return {name: value for name, value in asked.items() if value is not None}

    def suggest(self, check: dict[str, Any]) -> None:
        """Show what the scene itself says, where nothing else was chosen."""
        self.frames.setPlaceholderText(check["frames"] or "")
        self.out.setPlaceholderText(check["out"])
        self.looks.offer(check["facts"])

    def choose_out(self) -> None:
        """Let the artist choose where the frames go."""
        title = self.stage.words.say("submit.choose_out")
        choose_folder(self, title, self.out.text(), self.set_out)

    def set_out(self, folder: str) -> None:
        """Let the frames go to a folder."""
        self.out.setText(folder)
        self.changed.emit()
