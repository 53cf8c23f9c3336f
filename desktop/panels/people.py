"""People: who uses this machine and its studio, what they may do, and how one gets in again."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QWidget

from desktop.figures import show_level, show_moment
from desktop.models.table import TableColumn, TableModel
from desktop.panels.layout import PAGE, card, column, row
from desktop.panels.tables import make_table
from desktop.stage import Stage

ROLES = ("artist", "producer", "admin")
DEEDS = ("top_up", "withdraw", "code", "sign_out", "remove")
RULES = ("shared", "sign_up")
CHOICE_WIDTH = 136


def make_people_model(stage: Stage) -> TableModel:
    """Return a table of people."""
    words = stage.words
    columns = (
        TableColumn(title="people.name", show=lambda one: one["name"]),
        TableColumn(title="people.role", show=lambda one: words.say(f"roles.{one['role']}")),
        TableColumn(title="people.level", show=lambda one: show_level(words, one["level"])),
        TableColumn(title="people.email", show=lambda one: one["email"] or "–"),
        TableColumn(
            title="people.signs_in",
            show=lambda one: words.say("people.yes" if one["has_password"] else "people.no"),
        ),
        TableColumn(
            title="people.since",
            show=lambda one: show_moment(words, one["created_at_ms"], now_ms=stage.now_ms()),
            is_figure=True,
        ),
    )
    return TableModel(words, columns)


class PeoplePanel(QWidget):
    """The page of people, for admins."""

    rules_changed = Signal(dict)
    rank_changed = Signal(str, dict)
    deed_wanted = Signal(str, dict)
    add_wanted = Signal()
    password_wanted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.model = make_people_model(stage)
        self.table = make_table(stage, self.model, "people.title")
        self.table.selectionModel().selectionChanged.connect(lambda *_: self.show_person())
        self.model.modelReset.connect(self.show_person)
        self.rules = {}
        for name in RULES:
            box = stage.caption(QCheckBox(), f"people.{name}")
            box.clicked.connect(lambda on, name=name: self.rules_changed.emit({name: on}))
            self.rules[name] = box
        self.add = stage.caption(QPushButton(), "people.add")
        self.add.setObjectName("primary")
        self.add.clicked.connect(self.add_wanted)
        self.password = stage.caption(QPushButton(), "people.password")
        self.password.clicked.connect(self.password_wanted)
        self.make_deeds()
        layout = column(
            row(stage.label("people.title", "title"), None, self.password, self.add),
            card(*self.rules.values(), gap=10),
            self.table,
            row(
                stage.label("people.role", "caption"),
                self.role,
                8,
                stage.label("people.level", "caption"),
                self.level,
                None,
                gap=8,
            ),
            row(*self.deeds.values(), None, gap=8),
            gap=16,
        )
        layout.setContentsMargins(PAGE, PAGE, PAGE, 20)
        self.setLayout(layout)

    def make_deeds(self) -> None:
        """Make what an admin can do with somebody who is chosen."""
        stage = self.stage
        self.role, self.level = QComboBox(), QComboBox()
        for role in ROLES:
            self.role.addItem(role, role)
        stage.words.bind(self, self.name_ranks)
        self.role.activated.connect(lambda _: self.change_rank({"role": self.role.currentData()}))
        self.level.activated.connect(
            lambda _: self.change_rank({"level": self.level.currentData()})
        )
        self.role.setMinimumWidth(CHOICE_WIDTH)
        self.level.setMinimumWidth(CHOICE_WIDTH)
        stage.name(self.role, "people.role")
        stage.name(self.level, "people.level")
        self.deeds = {}
        for name in DEEDS:
            button = stage.caption(QPushButton(), f"people.{name}")
            button.clicked.connect(lambda _=False, name=name: self.do(name))
            self.deeds[name] = button
        self.deeds["remove"].setObjectName("danger")

    def name_ranks(self) -> None:
        """Write the roles and the levels."""
        words = self.stage.words
        for place, role in enumerate(ROLES):
            self.role.setItemText(place, words.say(f"roles.{role}"))
        for place in range(self.level.count()):
            self.level.setItemText(place, show_level(words, self.level.itemData(place)))

    @property
    def person(self) -> dict[str, Any] | None:
        """Return whoever is chosen."""
        chosen = self.table.selectionModel().selectedRows()
        return self.model.get_at(chosen[0]) if chosen else None

    def set_people(self, people: list[dict[str, Any]]) -> None:
        """Show the people; whoever was chosen stays so."""
        chosen = self.person
        self.model.set_rows(people)
        for place, one in enumerate(people):
            if chosen is not None and one["id"] == chosen["id"]:
                self.table.selectRow(place)

    def set_levels(self, levels: list[str]) -> None:
        """Offer the membership levels that there are."""
        self.level.clear()
        for level in levels:
            self.level.addItem(level, level)
        self.name_ranks()
        self.show_person()

    def set_rules(self, rules: dict[str, Any]) -> None:
        """Show how people use this machine."""
        for name, box in self.rules.items():
            box.setChecked(rules[name])

    def show_person(self) -> None:
        """Offer what can be done with whoever is chosen."""
        person = self.person
        for widget in (self.role, self.level, *self.deeds.values()):
            widget.setEnabled(person is not None)
        if person is not None:
            self.role.setCurrentIndex(self.role.findData(person["role"]))
            self.level.setCurrentIndex(self.level.findData(person["level"]))

    def change_rank(self, change: dict[str, str]) -> None:
        """Say that somebody is to have another standing."""
        if self.person is not None:
            self.rank_changed.emit(self.person["id"], change)

    def do(self, name: str) -> None:
        """Say what is to be done with somebody."""
        if self.person is not None:
            self.deed_wanted.emit(name, self.person)
