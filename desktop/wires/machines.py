"""Wires of machines: the node's health, and the renderers that are here."""

from typing import Any

from PySide6.QtCore import QObject, QTimer

from desktop.client import Client
from desktop.models.jobs import JobsModel
from desktop.panels.machines import MachinesPanel

GATHER_MS = 400


class MachinesWire(QObject):
    """Connects the page of machines with the server."""

    def __init__(self, client: Client, panel: MachinesPanel, jobs: JobsModel) -> None:
        super().__init__(panel)
        self.client, self.panel, self.jobs = client, panel, jobs
        self.gathering = QTimer(self, singleShot=True, interval=GATHER_MS)
        self.gathering.timeout.connect(self.ask_nodes)
        jobs.open_changed.connect(self.note_jobs)

    def fill(self) -> None:
        """Ask for all that the page shows."""
        self.client.get("/health", slot="health").done.connect(self.panel.set_health)
        reply = self.client.get("/renderers", slot="renderers")
        reply.done.connect(self.panel.set_renderers)
        reply.failed.connect(lambda _: None)
        self.ask_nodes()
        self.show_running()

    def ask_nodes(self) -> None:
        """Ask how much every machine does now."""
        reply = self.client.get("/nodes", slot="nodes")
        reply.done.connect(lambda told: self.panel.set_nodes(told["items"]))

    def show_running(self) -> None:
        """Show which frames are under way."""
        self.panel.set_running([job for job in self.jobs.list_open() if job["live"]])

    def note_jobs(self) -> None:
        """Take in that jobs began, went on or ended, if anybody looks."""
        if self.panel.isVisible():
            self.show_running()
            if not self.gathering.isActive():
                self.gathering.start()

    def note_progress(self, _: dict[str, Any]) -> None:
        """Take in that frames went on, if anybody looks."""
        if self.panel.isVisible():
            self.show_running()
