"""Sync: the last meeting with the studio, what waits, and the studio's machines."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop.figures import show_moment, show_money
from desktop.models.table import TableColumn, TableModel
from desktop.panels.layout import PAGE, card, column, holder, row
from desktop.panels.tables import make_table
from desktop.stage import Stage

DEVICES_HEIGHT = 190


def make_waiting_model(stage: Stage) -> TableModel:
    """Return a table of what waits for money or for a decision."""
    words = stage.words
    columns = (
        TableColumn(
            title="money.when",
            show=lambda one: show_moment(words, one["at_ms"], now_ms=stage.now_ms()),
        ),
        TableColumn(title="money.kind", show=lambda one: words.say(f"kinds.{one['kind']}")),
        TableColumn(title="sync.why", show=lambda one: one["title"]),
        TableColumn(
            title="money.amount",
            show=lambda one: show_money(one["amount_micros"], exact=True),
            is_figure=True,
        ),
    )
    return TableModel(words, columns)


def make_devices_model(stage: Stage) -> TableModel:
    """Return a table of the studio's machines."""
    words = stage.words

    def show_name(device: dict[str, Any]) -> str:
        return words.say("sync.here", name=device["host"]) if device["here"] else device["host"]

    columns = (
        TableColumn(title="sync.machine", show=show_name),
        TableColumn(title="jobs.column_state", show=lambda one: words.say(f"sync.{one['state']}")),
        TableColumn(title="sync.entries", show=lambda one: str(one["entries"]), is_figure=True),
        TableColumn(
            title="sync.leased", show=lambda one: show_money(one["leased_micros"]), is_figure=True
        ),
    )
    return TableModel(words, columns)


class SyncPanel(QWidget):
    """The page of the studio."""

    sync_wanted = Signal()
    invite_wanted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.standing: dict[str, Any] | None = None
        self.now = stage.caption(QPushButton(), "sync.now")
        self.now.setObjectName("primary")
        self.now.clicked.connect(self.sync_wanted)
        self.state = QLabel()
        self.state.setObjectName("subtitle")
        self.detail = QLabel()
        self.detail.setObjectName("quiet")
        self.detail.setWordWrap(True)
        self.where = QLabel()
        self.where.setObjectName("faint")
        self.devices = make_devices_model(stage)
        self.waiting = make_waiting_model(stage)
        devices = make_table(stage, self.devices, "sync.machines")
        devices.setFixedHeight(DEVICES_HEIGHT)
        self.invite = stage.caption(QPushButton(), "sync.invite")
        stage.icons.set_on(self.invite, "plus")
        self.invite.clicked.connect(self.invite_wanted)
        heading = stage.label("sync.waiting", "heading")
        waiting = make_table(stage, self.waiting, "sync.waiting", stretch=2)
        self.waiting_box = holder(column(heading, waiting, gap=16))
        self.waiting_box.hide()
        self.waiting.modelReset.connect(
            lambda: self.waiting_box.setVisible(self.waiting.rowCount() > 0)
        )
        layout = column(
            row(stage.label("sync.title", "title"), None, self.now),
            card(self.state, self.detail, self.where, gap=6),
            row(stage.label("sync.machines", "heading"), None, self.invite),
            devices,
            self.waiting_box,
            None,
            gap=16,
        )
        layout.setContentsMargins(PAGE, PAGE, PAGE, 0)
        self.setLayout(layout)
        stage.words.bind(self, self.show_standing)

    def set_standing(self, standing: dict[str, Any]) -> None:
        """Show how this machine and the studio's store stand."""
        self.standing = standing
        self.now.setEnabled(not standing["busy"])
        self.show_standing()

    def set_devices(self, studio: dict[str, Any]) -> None:
        """Show the studio's machines."""
        self.devices.set_rows(studio["items"])
        self.invite.setVisible(studio["mints"])

    def show_standing(self) -> None:
        """Write how things stand, and what happens next."""
        words, standing = self.stage.words, self.standing
        if standing is None:
            self.state.setText(words.say("machines.unknown"))
            return
        trouble = standing["trouble"]
        if trouble is not None:
            self.state.setText(trouble["title"])
            self.detail.setText(f"{trouble['detail']} {words.say('server.offline_detail')}")
        elif standing["done_at_ms"] is None:
            self.state.setText(words.say("sync.never"))
            self.detail.setText("")
        else:
            at = show_moment(words, standing["done_at_ms"], now_ms=self.stage.now_ms())
            self.state.setText(words.say("sync.together"))
            self.detail.setText(words.say("sync.last", at=at))
        told = [words.say("sync.store", store=standing["store"], studio=standing["studio"])]
        if standing["unsealed"]:
            told.append(words.say("sync.unsealed", count=standing["unsealed"]))
        self.where.setText("  ·  ".join(told))

    def hand_invite(self, invite: str) -> None:
        """Put an invite where it can be pasted from."""
        QGuiApplication.clipboard().setText(invite)
