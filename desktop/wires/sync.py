"""Wires of the studio: how this machine stands with the others, and what waits."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.client import CHECK_MS_MAX, Client
from desktop.figures import show_money
from desktop.panels.form import Form, ask
from desktop.panels.store_card import StoreCard
from desktop.panels.sync import OUT, SyncPanel

GATHER_MS = 300


class SyncWire(QObject):
    """Connects the page of the studio with the server."""

    met = Signal(str)
    """`ready`, or why this machine does not meet the studio: it is `offline`, or `out` for good."""
    invited = Signal()

    def __init__(self, client: Client, panel: SyncPanel, store: StoreCard) -> None:
        super().__init__(panel)
        self.client, self.panel, self.store = client, panel, store
        self.gathering = QTimer(self, singleShot=True, interval=GATHER_MS)
        self.gathering.timeout.connect(self.fill)
        panel.sync_wanted.connect(self.sync)
        panel.invite_wanted.connect(self.invite)
        panel.revoke_wanted.connect(self.ask_revoke)
        panel.retry_wanted.connect(self.retry)
        panel.drop_wanted.connect(self.ask_drop)
        panel.transfers.changed.connect(self.change_transfers)

    def fill(self) -> None:
        """Ask for all that is shown of it; whoever may not see a part goes without."""
        self.client.get("/sync", slot="sync").done.connect(self.put_standing)
        if self.panel.isVisible() or self.store.isVisible():
            self.ask("/studio", self.put_studio)
        if self.panel.isVisible():
            self.ask("/sync/waiting", lambda told: self.panel.waiting.set_rows(told["items"]))

    def ask(self, path: str, put: Callable[[dict[str, Any]], None]) -> None:
        """Ask for a part that not everybody may see."""
        reply = self.client.get(path, slot=path)
        reply.done.connect(put)
        reply.failed.connect(lambda _: None)

    def put_studio(self, studio: dict[str, Any]) -> None:
        """Show the studio's machines, and where this one keeps its keys."""
        self.panel.set_studio(studio)
        self.store.set_studio(studio)

    def put_standing(self, standing: dict[str, Any]) -> None:
        """Show how things stand, here and at the side of the window."""
        self.panel.set_standing(standing)
        self.store.set_standing(standing)
        trouble = standing["trouble"]
        if trouble is None:
            self.met.emit("ready")
        else:
            self.met.emit("out" if trouble["code"] == OUT else "offline")

    def note_event(self, event: dict[str, Any]) -> None:
        """Take in that the machines have met, or could not."""
        if event["kind"].startswith("sync.") and not self.gathering.isActive():
            self.gathering.start()

    def sync(self) -> None:
        """Meet the others now."""
        self.panel.now.setEnabled(False)
        reply = self.client.post("/sync", slot="sync now", ms_max=CHECK_MS_MAX)
        reply.done.connect(lambda _: self.fill())
        reply.failed.connect(lambda _: self.panel.now.setEnabled(True))

    def change_transfers(self, rules: dict[str, Any]) -> None:
        """Pause, limit or choose what travels."""
        reply = self.client.patch("/sync/transfers", rules)
        reply.done.connect(self.panel.transfers.set_transfers)

    def ask_revoke(self, device: dict[str, Any]) -> None:
        """Take a machine out of the studio, once that is meant."""
        say = self.panel.stage.words.say
        form = Form(
            self.panel.stage,
            self.panel,
            title="sync.revoke",
            detail=say("sync.revoke_detail", name=device["name"]),
            accept="sync.revoke",
            is_danger=True,
        )
        ask(form, lambda: self.revoke(device["id"]))

    def revoke(self, device: str) -> None:
        """Take a machine out of the studio."""
        self.client.delete(f"/studio/devices/{device}").done.connect(lambda _: self.fill())

    def retry(self, operation: str) -> None:
        """Try again what waits."""
        reply = self.client.post(f"/sync/waiting/{quote(operation, safe='')}/retry")
        reply.done.connect(lambda _: self.fill())

    def ask_drop(self, waiting: dict[str, Any]) -> None:
        """Give up what waits, once that is meant."""
        say, panel = self.panel.stage.words.say, self.panel
        amount = show_money(waiting["amount_micros"], exact=True)
        form = Form(
            panel.stage,
            panel,
            title="sync.drop",
            detail=say("sync.drop_detail", amount=amount),
            accept="sync.drop",
            is_danger=True,
        )
        ask(form, lambda: self.drop(waiting["id"]))

    def drop(self, operation: str) -> None:
        """Give up what waits."""
        reply = self.client.delete(f"/sync/waiting/{quote(operation, safe='')}")
        reply.done.connect(lambda _: self.fill())

    def invite(self) -> None:
        """Make an invite for one machine."""
        reply = self.client.post("/studio/invites")
        reply.done.connect(self.put_invite)

    def put_invite(self, told: dict[str, Any]) -> None:
        """Hand an invite over."""
        self.panel.hand_invite(told["invite"])
        self.invited.emit()
