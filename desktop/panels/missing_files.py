"""Missing files: an artist names folders in which they may be, or renders without them."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QWidget

from desktop.panels.choosing import choose_folder
from desktop.panels.layout import column, holder, row
from desktop.stage import Stage

MISSING = "missing_"


def lacks_files(check: dict[str, Any]) -> bool:
    """Tell whether a check found files missing."""
    return any(one["code"].startswith(MISSING) for one in check["findings"])


class MissingFiles(QWidget):
    """What can be done about files that are missing; nothing is shown while none are."""

    changed = Signal()
    folder_chosen = Signal(str)
    forgotten = Signal()

    def __init__(self, stage: Stage, *, allow: bool) -> None:
        super().__init__()
        self.stage = stage
        self.folders: list[str] = []
        self.search = stage.caption(QPushButton(), "submit.find_missing")
        stage.icons.set_on(self.search, "folder")
        self.search.clicked.connect(self.choose_where)
        self.where = QLabel()
        self.where.setObjectName("faint")
        self.where.setWordWrap(True)
        forget = stage.tool("close", "submit.forget_folders")
        forget.clicked.connect(self.forgotten)
        self.where_box = holder(row(self.where, forget, gap=4))
        self.allow = stage.caption(QCheckBox(), "submit.allow_missing")
        self.allow.setChecked(allow)
        self.allow.toggled.connect(lambda _: self.changed.emit())
        self.setLayout(column(row(self.search, self.allow, None, gap=16), self.where_box, gap=8))
        stage.words.bind(self, self.show_folders)
        self.offer(False)

    def offer(self, is_missing: bool) -> None:
        """Show what can be done, if files are missing or something was done about it before."""
        self.search.setVisible(is_missing or bool(self.folders))
        self.allow.setVisible(is_missing or self.allow.isChecked())
        self.where_box.setVisible(bool(self.folders))
        self.setVisible(is_missing or bool(self.folders) or self.allow.isChecked())

    def use_folders(self, folders: list[str]) -> None:
        """Look in these folders from now on."""
        self.folders = list(folders)
        self.show_folders()

    def show_folders(self) -> None:
        """Write where is looked."""
        folders = "\n".join(self.folders)
        self.where.setText(self.stage.words.say("submit.looked_in", folders=folders))

    def choose_where(self) -> None:
        """Let the artist choose a folder."""
        title = self.stage.words.say("submit.find_missing_title")
        start = self.folders[-1] if self.folders else ""
        choose_folder(self, title, start, self.folder_chosen.emit)
