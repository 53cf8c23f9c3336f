"""Wires of people: who there is, their standing, their money, and codes for who forgot."""

import secrets
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import Client, Problem, Reply
from desktop.figures import show_moment
from desktop.panels.form import Form, ask, show_once
from desktop.panels.people import PeoplePanel
from desktop.stage import Stage

PAGE = 200
GIVEN_MICROS = 10_000_000


class PeopleWire(QObject):
    """Connects the page of people with the server."""

    told = Signal(str)
    """Something was done that the page does not show by itself."""

    def __init__(self, stage: Stage, client: Client, panel: PeoplePanel) -> None:
        super().__init__(panel)
        self.stage, self.client, self.panel = stage, client, panel
        self.people: list[dict[str, Any]] = []
        panel.rules_changed.connect(self.change_rules)
        panel.rank_changed.connect(self.change_rank)
        panel.add_wanted.connect(self.ask_new)
        panel.password_wanted.connect(self.ask_password)
        panel.deed_wanted.connect(self.do)

    def fill(self) -> None:
        """Ask for all that the page shows."""
        self.people = []
        self.ask_people(None)
        self.client.get("/rules", slot="people rules").done.connect(self.panel.set_rules)
        self.client.get("/prices", slot="people levels").done.connect(self.put_prices)

    def ask_people(self, cursor: str | None) -> None:
        """Ask for a page of people, and then for the next."""
        reply = self.client.get("/people", slot="people", limit=PAGE, cursor=cursor)
        reply.done.connect(self.put_people)

    def put_people(self, page: dict[str, Any]) -> None:
        """Show everybody who is known so far."""
        self.people += page["items"]
        self.panel.set_people(self.people)
        if page["next"] is not None:
            self.ask_people(page["next"])

    def put_prices(self, told: dict[str, Any]) -> None:
        """Offer the levels of the prices that are in force."""
        levels = [one["levels"] for one in told["items"] if one["in_force"]]
        self.panel.set_levels(list(levels[0]) if levels else [])

    # --- what is done ---

    def change_rules(self, rules: dict[str, bool]) -> None:
        """Change how people use this machine; refused, the boxes are as they were."""
        reply = self.client.patch("/rules", rules)
        reply.done.connect(self.panel.set_rules)
        reply.failed.connect(self.refuse)

    def change_rank(self, person: str, change: dict[str, str]) -> None:
        """Give somebody another role or level."""
        reply = self.client.patch(f"/people/{person}", change)
        reply.done.connect(lambda _: self.fill())
        reply.failed.connect(self.refuse)

    def refuse(self, problem: Problem) -> None:
        """Say why something was refused, and show how it is."""
        self.told.emit(self.stage.words.explain(problem.title, problem.detail))
        self.fill()

    def do(self, name: str, person: dict[str, Any]) -> None:
        """Do something with somebody."""
        if name in ("top_up", "withdraw"):
            self.ask_amount(name, person)
        elif name == "code":
            reply = self.client.post(f"/people/{person['id']}/code")
            reply.done.connect(lambda told: self.show_code(person, told))
        else:
            title = f"people.{name}"
            form = self.make_form(title, f"{title}_detail", is_danger=True, name=person["name"])
            ask(form, lambda: self.delete(name, person))

    def delete(self, name: str, person: dict[str, Any]) -> None:
        """Remove somebody, or sign them out everywhere."""
        path = f"/people/{person['id']}"
        reply = self.client.delete(path if name == "remove" else f"{path}/sessions")
        reply.done.connect(lambda _: self.fill())
        reply.failed.connect(self.refuse)

    def ask_amount(self, name: str, person: dict[str, Any]) -> None:
        """Ask how much somebody is given, or has taken out."""
        form = self.make_form(f"people.{name}", f"people.{name}_detail", name=person["name"])
        amount = form.add_amount("money.amount", GIVEN_MICROS)
        path = "/topups" if name == "top_up" else "/withdrawals"
        id = f"p{secrets.token_hex(8)}"
        form.sent.connect(
            lambda: self.finish(
                form,
                self.client.post(
                    path,
                    {"id": id, "amount_micros": amount.micros, "account": person["id"]},
                ),
            )
        )
        form.open()

    def show_code(self, person: dict[str, Any], told: dict[str, Any]) -> None:
        """Show a one-time code, this once."""
        until = show_moment(self.stage.words, told["expires_at_ms"], now_ms=self.stage.now_ms())
        form = self.make_form(
            "people.code", "people.code_detail", "dialogs.copy", name=person["name"], until=until
        )
        show_once(form, told["code"])

    def ask_new(self) -> None:
        """Ask who is to have an account."""
        form = self.make_form("people.add", "people.add_detail")
        name = form.add_line("people.name")
        email = form.add_line("people.email")
        password = form.add_line("sign_in.new_password", secret=True)
        id = f"u{secrets.token_hex(8)}"

        def send() -> None:
            asked = {"id": id, "name": name.text().strip(), "password": password.text()}
            if email.text().strip():
                asked["email"] = email.text().strip()
            self.finish(form, self.client.post("/people", asked))

        form.sent.connect(send)
        form.open()

    def ask_password(self) -> None:
        """Ask for a password of one's own: whoever shares a machine needs one."""
        form = self.make_form(
            "people.own_password", "people.password_detail", "people.set_password"
        )
        old = form.add_line("people.old_password", secret=True)
        new = form.add_line("sign_in.new_password", secret=True)

        def send() -> None:
            asked = {"password": new.text(), "old_password": old.text() or None}
            self.finish(form, self.client.put("/me/password", asked))

        form.sent.connect(send)
        form.open()

    def make_form(
        self, title: str, detail: str, accept: str = "", *, is_danger: bool = False, **params: str
    ) -> Form:
        """Return a form about people."""
        return Form(
            self.stage,
            self.panel,
            title=title,
            detail=self.stage.words.say(detail, **params),
            accept=accept or title,
            is_danger=is_danger,
        )

    def finish(self, form: Form, reply: Reply) -> None:
        """Close a form once it is done, or say in it why it is not."""

        def close(_: Any) -> None:
            form.accept()
            self.fill()

        reply.done.connect(close)
        reply.failed.connect(
            lambda problem: form.show_problem(
                self.stage.words.explain(problem.title, problem.detail)
            )
        )
