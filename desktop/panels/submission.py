"""Submission: scenes that were dropped or chosen, one card each."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.panels.choosing import choose_scenes
from desktop.panels.layout import PAGE, column, holder, row, scroller
from desktop.panels.scene_card import SceneCard
from desktop.stage import Stage


class SubmissionPanel(QWidget):
    """The page of scenes that are about to become jobs."""

    back = Signal()
    scenes_added = Signal(list)
    check_wanted = Signal(object)
    render_wanted = Signal(object)
    submitted = Signal()
    folder_chosen = Signal(str)
    folders_forgotten = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.cards: list[SceneCard] = []
        self.free_micros: int | None = None
        self.is_admin = True
        back = stage.tool("back", "job.back", "Alt+Left")
        back.clicked.connect(self.back)
        add = stage.caption(QPushButton(), "submit.add")
        stage.icons.set_on(add, "plus")
        add.clicked.connect(self.choose_scenes)
        self.list = QVBoxLayout()
        self.list.setSpacing(16)
        self.list.setContentsMargins(0, 0, 12, PAGE)
        self.list.addStretch(1)
        self.area = scroller(holder(self.list))
        head = row(back, stage.label("submit.title", "title"), None, add)
        head.setContentsMargins(0, 0, 12, 0)
        layout = column(head, self.area, gap=16)
        layout.setContentsMargins(PAGE, 20, PAGE - 12, 0)
        self.setLayout(layout)

    def choose_scenes(self) -> None:
        """Let the artist choose scenes by file dialog."""
        choose_scenes(self, self.stage.words.say("submit.choose_scene"), self.scenes_added.emit)

    def add_scene(self, scene: str, kept: dict[str, Any]) -> SceneCard:
        """Show a scene, which is checked at once; a scene is here once."""
        for one in self.cards:
            if one.scene == scene:
                return one
        added = SceneCard(self.stage, scene, kept)
        added.check_wanted.connect(self.check_wanted)
        added.render_wanted.connect(self.render_wanted)
        added.dismissed.connect(self.dismiss)
        added.settings.missing.folder_chosen.connect(self.folder_chosen)
        added.settings.missing.forgotten.connect(self.folders_forgotten)
        self.cards.append(added)
        self.list.insertWidget(self.list.count() - 1, added)
        added.set_admin(self.is_admin)
        if self.free_micros is not None:
            added.set_free(self.free_micros)
        added.ask()
        return added

    def dismiss(self, gone: SceneCard) -> None:
        """Take a scene away; with the last one the page is left."""
        self.cards.remove(gone)
        gone.setParent(None)
        gone.deleteLater()
        if not self.cards:
            self.submitted.emit()

    def clear(self) -> None:
        """Take every scene away: whoever brought them has gone."""
        self.free_micros = None
        for one in tuple(self.cards):
            self.dismiss(one)

    def set_admin(self, is_admin: bool) -> None:
        """Let those who may not top up know whom to ask."""
        self.is_admin = is_admin
        for one in self.cards:
            one.set_admin(is_admin)

    def forget_checks(self) -> None:
        """Forget what was found in scenes: it was said in another language."""
        for one in self.cards:
            one.forget_check()

    def set_farm(self, farm: dict[str, Any]) -> None:
        """Take in whether there is a farm to render on."""
        for one in self.cards:
            one.set_farm(farm["joined"])

    def set_free(self, free_micros: int) -> None:
        """Take in what there is to spend."""
        self.free_micros = free_micros
        for one in self.cards:
            one.set_free(free_micros)
