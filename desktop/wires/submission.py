"""Wires of submission: scenes are checked, priced, and sent off with one button."""

import secrets
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import CHECK_MS_MAX, Client, Problem
from desktop.panels.scene_card import SceneCard
from desktop.panels.submission import SubmissionPanel
from desktop.preferences import Preferences

FOLDERS_MAX = 16
FIRST_MONEY_MICROS = 10_000_000
FOLDER_GONE = "find_in_missing"


class SubmissionWire(QObject):
    """Connects the page of new scenes with the server."""

    submitted = Signal(dict)

    def __init__(self, client: Client, panel: SubmissionPanel, preferences: Preferences) -> None:
        super().__init__(panel)
        self.client, self.panel, self.preferences = client, panel, preferences
        self.awaited: SceneCard | None = None
        panel.scenes_added.connect(self.add_scenes)
        panel.check_wanted.connect(self.check)
        panel.render_wanted.connect(self.render)
        panel.folder_chosen.connect(self.add_folder)
        panel.folders_forgotten.connect(lambda: self.use_folders([]))

    def add_scenes(self, scenes: list[str], **request: Any) -> None:
        """Show scenes, as they were rendered the last time."""
        for scene in scenes:
            self.panel.add_scene(scene, self.preferences.recall_scene(scene) | request)
        self.client.get("/farm", slot="farm").done.connect(self.panel.set_farm)

    def check(self, card: SceneCard) -> None:
        """Let the server look at a scene; a later question makes the earlier one stale."""
        reply = self.client.post(
            "/checks", card.request, slot=f"check {card.scene}", ms_max=CHECK_MS_MAX
        )
        reply.done.connect(lambda check: self.put_check(card, check))
        reply.failed.connect(lambda problem: self.put_problem(card, problem))

    def put_check(self, card: SceneCard, check: dict[str, Any]) -> None:
        """Show what was found in a scene that is still here."""
        is_awaited = card is self.awaited
        if is_awaited:
            self.awaited = None  # what has to be mended first is not sent off by itself later
        if card not in self.panel.cards:
            return
        card.set_check(check)
        card.look_in(self.preferences.texture_folders)
        if is_awaited and check["ok"]:
            self.client.get("/balance").done.connect(
                lambda balance: self.afford(card, check, balance["free_micros"])
            )

    def afford(self, card: SceneCard, check: dict[str, Any], free_micros: int) -> None:
        """Render a scene by itself; whoever has nothing yet, and may, brings a little in for it."""
        if card not in self.panel.cards:
            return
        estimate = check["estimate"]
        if estimate is None or estimate["p90_micros"] <= free_micros:
            self.render(card)
            return
        body = {"id": f"t{secrets.token_hex(8)}", "amount_micros": FIRST_MONEY_MICROS}
        reply = self.client.post("/topups", body)
        reply.done.connect(lambda _: self.render(card))
        reply.failed.connect(lambda _: self.panel.set_free(free_micros))

    def put_problem(self, card: SceneCard, problem: Problem) -> None:
        """Show why a scene that is still here cannot be rendered."""
        if card not in self.panel.cards:
            return
        card.set_problem(problem.title, problem.detail)
        if problem.code == FOLDER_GONE:
            gone = problem.params.get("path")
            self.use_folders([one for one in self.preferences.texture_folders if one != gone])

    def add_folder(self, folder: str) -> None:
        """Look for missing files in one more folder, for these scenes and all to come."""
        others = [one for one in self.preferences.texture_folders if one != folder]
        self.use_folders([folder, *others][:FOLDERS_MAX])

    def use_folders(self, folders: list[str]) -> None:
        """Look for missing files in these folders from now on."""
        self.preferences.texture_folders = folders
        for card in self.panel.cards:
            card.look_in(folders)

    def check_again(self) -> None:
        """Ask anew what the server before may have left unanswered: the same job is made once."""
        for card in tuple(self.panel.cards):
            if card.is_sending:
                self.render(card)
            elif card.check is None:
                card.ask()

    def render(self, card: SceneCard) -> None:
        """Make a job of a scene; the id is made here, so that a second try changes nothing."""
        if card not in self.panel.cards:
            return
        card.set_sending()
        self.preferences.keep_scene(card.scene, card.order)
        id = card.property("job") or f"j{secrets.token_hex(8)}"
        card.setProperty("job", id)
        reply = self.client.post("/jobs", card.order | {"id": id})
        reply.done.connect(lambda job: self.finish(card, job))
        reply.failed.connect(lambda problem: self.put_problem(card, problem))

    def finish(self, card: SceneCard, job: dict[str, Any]) -> None:
        """Take a scene away that is a job now, and show the job."""
        self.submitted.emit(job)
        if card in self.panel.cards:
            self.panel.dismiss(card)
