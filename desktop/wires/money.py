"""Wires of money: balance, statement, spending by day, the check of the books."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.client import CHECK_MS_MAX, Client
from desktop.figures import show_money
from desktop.panels.frame import Side
from desktop.panels.money import MoneyPanel
from desktop.stage import Stage
from desktop.wires.saving import Saving

PAGE = 200
DAYS = 30
GATHER_MS = 400


class MoneyWire(QObject):
    """Connects the page of money with the server."""

    free_known = Signal(object)
    """What there is to spend, in micro-yuan, whenever that may have changed."""

    def __init__(
        self, stage: Stage, client: Client, panel: MoneyPanel, side: Side, saving: Saving
    ) -> None:
        super().__init__(panel)
        self.stage, self.client, self.panel, self.side = stage, client, panel, side
        self.saving = saving
        self.gathering = QTimer(self, singleShot=True, interval=GATHER_MS)
        self.gathering.timeout.connect(self.reload)
        panel.topped_up.connect(lambda amount: self.move("/topups", amount))
        panel.withdrawn.connect(lambda amount: self.move("/withdrawals", amount))
        panel.verify_wanted.connect(self.verify)
        panel.export_wanted.connect(self.export)
        panel.model.page_wanted.connect(self.ask_statement)

    def reload(self) -> None:
        """Ask for the balance, and for what the page shows if it is seen."""
        self.client.get("/balance", slot="balance").done.connect(self.put_balance)
        if self.panel.isVisible():
            self.fill()

    def fill(self) -> None:
        """Ask for all that the page shows."""
        self.client.get("/balance", slot="balance").done.connect(self.put_balance)
        self.ask_statement("")
        today = date.today()
        offset = self.find_offset_minutes()
        reply = self.client.get(
            "/usage",
            slot="usage",
            since=(today - timedelta(days=DAYS - 1)).isoformat(),
            until=today.isoformat(),
            offset_minutes=offset,
        )
        reply.done.connect(lambda usage: self.put_usage(today, usage))
        self.client.get("/me", slot="member").done.connect(self.ask_level)

    def ask_level(self, person: dict[str, Any]) -> None:
        """Ask what somebody's membership level is worth now."""
        reply = self.client.get("/prices", slot="level")
        reply.done.connect(lambda told: self.put_level(person["level"], told["items"]))

    def put_level(self, name: str, books: list[dict[str, Any]]) -> None:
        """Show a membership level."""
        for book in books:
            if book["in_force"] and name in book["levels"]:
                self.panel.set_member(name, book["levels"][name])

    def find_offset_minutes(self) -> int:
        """Return this machine's time zone, in minutes ahead of UTC."""
        offset = datetime.now().astimezone().utcoffset()
        return round(offset.total_seconds() / 60) if offset else 0

    def note_event(self, event: dict[str, Any]) -> None:
        """Take in that money was moved."""
        if event["kind"].startswith("ledger.") and not self.gathering.isActive():
            self.gathering.start()

    def put_balance(self, balance: dict[str, Any]) -> None:
        """Show what there is."""
        self.panel.set_balance(balance)
        self.side.set_balance(show_money(balance["free_micros"]))
        self.free_known.emit(balance["free_micros"])

    def put_usage(self, today: date, usage: dict[str, Any]) -> None:
        """Show what was spent, days on which nothing was among them."""
        spent = {one["day"]: one["spent_micros"] for one in usage["items"]}
        days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
        self.panel.set_usage(
            [(f"{day.month}/{day.day}", spent.get(day.isoformat(), 0)) for day in days],
            usage["total"],
        )

    def ask_statement(self, cursor: str) -> None:
        """Ask for a page of the statement, the newest first."""
        reply = self.client.get(
            "/statement", slot="statement", order="desc", limit=PAGE, cursor=cursor
        )
        put = self.panel.model.add_rows if cursor else self.panel.model.add_newer
        reply.done.connect(lambda page: put(page["items"], page["next"]))

    def move(self, path: str, amount_micros: int) -> None:
        """Bring money in, or take it out."""
        body = {"id": f"t{secrets.token_hex(8)}", "amount_micros": amount_micros}
        self.client.post(path, body).done.connect(self.put_balance)

    def verify(self) -> None:
        """Let the server check the books."""
        self.panel.verify.setEnabled(False)
        reply = self.client.send("GET", "/audit", slot="audit", ms_max=CHECK_MS_MAX)
        reply.done.connect(self.panel.set_audit)
        reply.failed.connect(lambda _: self.panel.verify.setEnabled(True))

    def export(self, form: str) -> None:
        """Ask where the statement is to be kept, and keep it there."""
        title = self.stage.words.say("money.export")
        self.saving.ask(self.panel, title, f"yuntu-statement.{form}", "/statement", form)
