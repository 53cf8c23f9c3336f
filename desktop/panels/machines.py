"""Machines: what renders here, with what, and what is missing."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop.figures import show_moment, show_renderer
from desktop.models.table import TableColumn, TableModel
from desktop.panels.layout import PAGE, card, clear_layout, column, holder, line, row, scroller
from desktop.panels.tables import fit_height, make_table
from desktop.stage import Stage

NODES_MAX = 8
STATE_ROLES = {"up": "good", "starting": "wary", "down": "bad", "none": "faint"}


def make_nodes_model(stage: Stage) -> TableModel:
    """Return a table of the machines that render, with how much they do now."""
    words = stage.words
    columns = (
        TableColumn(title="machines.node", show=lambda one: one["name"]),
        TableColumn(title="machines.site", show=lambda one: words.say(f"sites.{one['site']}")),
        TableColumn(
            title="machines.load",
            show=lambda one: f"{one['rendering']} / {one['slots']}",
            is_figure=True,
        ),
        TableColumn(
            title="machines.seen",
            show=lambda one: show_moment(words, one["seen_at_ms"], now_ms=stage.now_ms()),
            is_figure=True,
        ),
    )
    return TableModel(words, columns)


def name_renderer(key: str) -> str:
    """Return the name and version of a renderer by its key, such as `blender-4.5.15`."""
    name, _, version = key.rpartition("-")
    return show_renderer({"name": name, "version": version})


class MachinesPanel(QWidget):
    """The page of machines and renderers."""

    own_wanted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.health: dict[str, Any] | None = None
        self.jobs: list[dict[str, Any]] = []
        self.renderers: dict[str, Any] | None = None
        self.node = column(gap=6)
        self.nodes = make_nodes_model(stage)
        nodes = make_table(stage, self.nodes, "machines.nodes")
        fit_height(nodes, NODES_MAX)
        self.found = column(gap=12)
        self.missing = column(gap=12)
        how = stage.label("machines.how", "quiet")
        how.setWordWrap(True)
        own = stage.caption(QPushButton(), "machines.own")
        stage.icons.set_on(own, "folder")
        own.clicked.connect(self.own_wanted)
        content = column(
            card(holder(self.node)),
            8,
            stage.label("machines.nodes", "heading"),
            nodes,
            8,
            stage.label("machines.renderers", "heading"),
            card(holder(self.found)),
            8,
            stage.label("machines.missing", "heading"),
            card(holder(self.missing)),
            row(how, None, own),
            None,
            gap=14,
        )
        content.setContentsMargins(0, 0, 12, PAGE)
        layout = column(stage.label("machines.title", "title"), scroller(holder(content)), gap=16)
        layout.setContentsMargins(PAGE, PAGE, PAGE - 12, 0)
        self.setLayout(layout)
        stage.words.bind(self, self.show_all)
        stage.theme.bind(self, self.show_node)

    def set_health(self, health: dict[str, Any]) -> None:
        """Show how the server's own node is."""
        self.health = health
        self.show_node()

    def set_running(self, jobs: list[dict[str, Any]]) -> None:
        """Show which jobs have frames under way."""
        self.jobs = jobs
        self.show_node()

    def set_nodes(self, nodes: list[dict[str, Any]]) -> None:
        """Show every machine that was heard of lately."""
        self.nodes.set_rows(nodes)

    def set_renderers(self, renderers: dict[str, Any]) -> None:
        """Show which renderers are here, and which are not."""
        self.renderers = renderers
        self.show_renderers()

    def show_all(self) -> None:
        """Write everything anew."""
        self.show_node()
        self.show_renderers()

    def show_node(self) -> None:
        """Write how this computer is and what it renders."""
        clear_layout(self.node)
        if self.health is None:
            self.node.addWidget(self.stage.label("machines.unknown", "quiet"))
            return
        node, words = self.health["node"], self.stage.words
        colour = self.stage.theme.colour(STATE_ROLES.get(node["state"], "faint")).name()
        name = QLabel(node["name"] or words.say("machines.this"))
        name.setObjectName("subtitle")
        state = QLabel(
            f'<span style="color:{colour}">●</span>&nbsp; {words.say("nodes." + node["state"])}'
        )
        self.node.addLayout(row(name, state, None))
        told = ", ".join(name_renderer(key) for key in sorted(node["renderers"]))
        quiet = QLabel(told or words.say("machines.no_renderers"))
        quiet.setObjectName("quiet")
        quiet.setWordWrap(True)
        self.node.addWidget(quiet)
        trouble = self.health["trouble"]
        if trouble:
            wary = QLabel(words.explain(trouble["title"], trouble["detail"]))
            wary.setObjectName("wary")
            wary.setWordWrap(True)
            self.node.addWidget(wary)
        for job in self.jobs:
            for live in job["live"]:
                said = words.say(
                    "machines.rendering",
                    job=job["name"],
                    frame=live["frame"],
                    percent=round(live["fraction"] * 100),
                )
                self.node.addWidget(QLabel(said))

    def show_renderers(self) -> None:
        """Write which renderers are here, and how to get the others."""
        clear_layout(self.found)
        clear_layout(self.missing)
        if self.renderers is None:
            self.found.addWidget(self.stage.label("machines.looking", "quiet"))
            return
        for place, one in enumerate(self.renderers["items"]):
            if place:
                self.found.addWidget(line())
            self.found.addWidget(
                make_renderer(f"{one['title']} {one['version']}", one["executable"])
            )
        for place, one in enumerate(self.renderers["missing"]):
            if place:
                self.missing.addWidget(line())
            self.missing.addWidget(make_renderer(one["title"], one["how_to_get"]))


def make_renderer(title: str, detail: str) -> QWidget:
    """Return a renderer: its name and a quieter line."""
    name, below = QLabel(title), QLabel(detail)
    name.setObjectName("heading")
    below.setObjectName("faint")
    below.setWordWrap(True)
    return holder(column(name, below, gap=2))
