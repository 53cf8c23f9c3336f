"""Findings: what was found somewhere, with a mark that says how bad it is and what to do."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtWidgets import QFrame, QLabel

from desktop.panels.layout import clear_layout, column, row
from desktop.stage import Stage

SHOWN_MAX = 6
MARKS = {"blocker": ("blocker", "bad"), "warning": ("warning", "wary"), "good": ("check", "good")}


def make_finding(stage: Stage, severity: str, title: str, detail: str) -> QFrame:
    """Return a finding: its mark, its title, what to do about it."""
    icon, role = MARKS.get(severity, MARKS["warning"])
    mark = QLabel()
    mark.setFixedWidth(22)
    stage.theme.bind(
        mark, lambda: mark.setPixmap(stage.icons.draw(icon, role, 18, mark.devicePixelRatioF()))
    )
    head = QLabel(title)
    head.setObjectName("heading" if detail else "quiet")
    head.setWordWrap(True)
    texts = column(head, gap=1)
    if detail:
        body = QLabel(detail)
        body.setObjectName("quiet")
        body.setWordWrap(True)
        texts.addWidget(body)
    frame = QFrame()
    layout = row(mark, texts, gap=8)
    layout.setStretch(1, 1)
    frame.setLayout(layout)
    return frame


class Findings(QFrame):
    """Findings below each other, what stops a job first; of very many the first few."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.list = column(gap=8)
        self.setLayout(self.list)

    def show_all(self, found: Iterable[dict[str, Any]], otherwise: str = "") -> None:
        """Show what was found, in words of the server; where it is nothing, what is good."""
        clear_layout(self.list)
        shown = sorted(found, key=lambda one: one["severity"] != "blocker")
        for one in shown[:SHOWN_MAX]:
            self.add(one["severity"], one["title"], one["detail"])
        if len(shown) > SHOWN_MAX:
            rest = self.stage.words.say("submit.more_findings", count=len(shown) - SHOWN_MAX)
            self.list.addWidget(QLabel(rest))
        if otherwise and not shown:
            self.add("good", otherwise, "")
        self.setVisible(self.list.count() > 0)

    def add(self, severity: str, title: str, detail: str) -> None:
        """Add one finding."""
        self.list.addWidget(make_finding(self.stage, severity, title, detail))
