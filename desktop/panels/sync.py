"""Sync: the last meeting with the studio, what waits, and the studio's machines."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QTableView, QWidget

from desktop.figures import show_moment, show_money
from desktop.models.table import TableColumn, TableModel
from desktop.panels.layout import PAGE, card, column, holder, row, scroller
from desktop.panels.tables import fit_height, make_table
from desktop.panels.transfers import TransfersCard
from desktop.stage import Stage

DEVICES_MAX, WAITING_MAX = 8, 5
OUT = "device_out"


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
        return words.say("sync.here", name=device["name"]) if device["here"] else device["name"]

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
    join_wanted = Signal()
    found_wanted = Signal()
    revoke_wanted = Signal(dict)
    retry_wanted = Signal(str)
    drop_wanted = Signal(dict)

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
        self.keys = QLabel()
        self.keys.setObjectName("faint")
        for label in (self.where, self.keys):
            label.setWordWrap(True)
        self.mints = self.is_alone = False
        self.devices = make_devices_model(stage)
        self.waiting = make_waiting_model(stage)
        self.transfers = TransfersCard(stage)
        self.make_devices()
        self.make_waiting()
        self.join = stage.caption(QPushButton(), "studio.join")
        self.join.clicked.connect(self.join_wanted)
        self.found = stage.caption(QPushButton(), "studio.found")
        self.found.clicked.connect(self.found_wanted)
        content = column(
            card(self.state, self.detail, self.where, self.keys, gap=6),
            self.waiting_box,
            self.transfers,
            row(stage.label("sync.machines", "heading"), None, self.revoke, self.invite),
            self.alone,
            self.device_table,
            None,
            gap=16,
        )
        content.setContentsMargins(0, 0, 12, PAGE)
        head = row(stage.label("sync.title", "title"), None, self.join, self.found, self.now)
        head.setContentsMargins(0, 0, 12, 0)
        layout = column(head, scroller(holder(content)), gap=16)
        layout.setContentsMargins(PAGE, PAGE, PAGE - 12, 0)
        self.setLayout(layout)
        stage.words.bind(self, self.show_standing)

    def make_devices(self) -> None:
        """Make the list of machines, with what an admin can do about one."""
        stage = self.stage
        self.device_table = make_table(stage, self.devices, "sync.machines")
        fit_height(self.device_table, DEVICES_MAX)
        self.invite = stage.caption(QPushButton(), "sync.invite")
        stage.icons.set_on(self.invite, "plus")
        self.invite.clicked.connect(self.invite_wanted)
        self.alone = stage.label("sync.alone", "quiet")
        self.alone.setWordWrap(True)
        self.alone.hide()
        stage.words.bind(self.invite, self.show_alone)
        self.revoke = stage.caption(QPushButton(), "sync.revoke")
        self.revoke.clicked.connect(lambda: self.revoke_wanted.emit(self.pick(self.device_table)))
        self.device_table.selectionModel().selectionChanged.connect(lambda *_: self.show_choices())
        self.devices.modelReset.connect(self.show_choices)

    def make_waiting(self) -> None:
        """Make the list of what waits, with what can be done about each."""
        stage = self.stage
        self.waiting_table = make_table(stage, self.waiting, "sync.waiting", stretch=2)
        fit_height(self.waiting_table, WAITING_MAX)
        self.retry = stage.caption(QPushButton(), "sync.retry")
        self.retry.clicked.connect(
            lambda: self.retry_wanted.emit(self.pick(self.waiting_table)["id"])
        )
        self.drop = stage.caption(QPushButton(), "sync.drop")
        self.drop.clicked.connect(lambda: self.drop_wanted.emit(self.pick(self.waiting_table)))
        head = row(stage.label("sync.waiting", "heading"), None, self.drop, self.retry)
        self.waiting_box = holder(column(head, self.waiting_table, gap=16))
        self.waiting_table.selectionModel().selectionChanged.connect(lambda *_: self.show_choices())
        self.waiting.modelReset.connect(self.show_choices)
        self.waiting.modelReset.connect(
            lambda: self.waiting_box.setVisible(self.waiting.rowCount() > 0)
        )
        self.waiting_box.hide()
        self.show_choices()

    def pick(self, table: QTableView) -> dict[str, Any]:
        """Return the row that is chosen, nothing where none is."""
        chosen = table.selectionModel().selectedRows()
        model = table.model()
        assert isinstance(model, TableModel)
        return model.get_at(chosen[0]) if chosen else {}

    def show_choices(self) -> None:
        """Offer what can be done with what is chosen."""
        device = self.pick(self.device_table)
        away = bool(device) and not device["here"] and device["state"] == "member"
        self.revoke.setEnabled(away and self.mints)
        self.revoke.setVisible(self.mints)
        for button in (self.retry, self.drop):
            button.setEnabled(bool(self.pick(self.waiting_table)))

    def set_standing(self, standing: dict[str, Any]) -> None:
        """Show how this machine and the studio's store stand."""
        self.standing = standing
        self.transfers.set_transfers(standing["transfers"])
        self.now.setEnabled(not standing["busy"])
        self.show_standing()

    def set_studio(self, studio: dict[str, Any]) -> None:
        """Show the studio's machines; nobody can be invited to a store that no other reaches."""
        self.mints, self.is_alone = studio["mints"], studio["alone"]
        self.devices.set_rows(studio["items"])
        self.invite.setVisible(self.mints)
        self.invite.setDisabled(self.is_alone)
        self.show_alone()
        self.keys.setText(studio["keys"])

    def set_admin(self, is_admin: bool) -> None:
        """Let admins alone move this machine into another studio: all who use it move with it."""
        self.join.setVisible(is_admin)
        self.found.setVisible(is_admin)

    def show_alone(self) -> None:
        """Write why no machine can be invited, where none can."""
        say = self.stage.words.say
        self.alone.setVisible(self.is_alone and self.mints)
        self.invite.setToolTip(say("sync.alone") if self.is_alone else "")

    def show_standing(self) -> None:
        """Write how things stand, and what happens next."""
        words, standing = self.stage.words, self.standing
        if standing is None:
            self.state.setText(words.say("machines.unknown"))
            return
        trouble = standing["trouble"]
        if trouble is not None:
            self.state.setText(trouble["title"])
            soon = "" if trouble["code"] == OUT else words.say("server.offline_detail")
            self.detail.setText(f"{trouble['detail']} {soon}".rstrip())
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
        conflicts = standing["conflicts"]["entries"] + standing["conflicts"]["profiles"]
        if conflicts:
            told.append(words.say("sync.conflicts", count=conflicts))
        self.where.setText("  ·  ".join(told))

    def hand_invite(self, invite: str) -> None:
        """Put an invite where it can be pasted from."""
        QGuiApplication.clipboard().setText(invite)
