"""The log of a frame: every attempt at it, what the renderer said, its errors first."""

import re
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextBlock, QTextCharFormat
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.client import Problem
from desktop.panels.findings import make_finding
from desktop.panels.layout import clear_layout, column, row
from desktop.stage import Stage
from desktop.theme import make_monospace

WRONG = re.compile(r"\b(error|failed|fatal|cannot|could not|exception|traceback)\b", re.IGNORECASE)


class WrongLines(QSyntaxHighlighter):
    """Marks the lines of a log that complain."""

    def __init__(self, log: QPlainTextEdit, colour: QColor) -> None:
        super().__init__(log.document())
        self.form = QTextCharFormat()
        self.form.setForeground(colour)

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        """Mark a line if it complains."""
        if WRONG.search(text):
            self.setFormat(0, len(text), self.form)


class LogDialog(QDialog):
    """Shows a frame's log."""

    def __init__(self, stage: Stage, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.stage = stage
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = stage.words.say("frames.frame", number=number)
        self.setWindowTitle(title)
        head = QLabel(title)
        head.setObjectName("subtitle")
        self.attempts = QVBoxLayout()
        self.log = QPlainTextEdit(readOnly=True)
        self.log.setObjectName("log")
        self.log.setFont(make_monospace(9.5))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setAccessibleName(stage.words.say("frames.log"))
        self.marks = WrongLines(self.log, stage.theme.colour("bad"))
        self.next_error = stage.caption(QPushButton(), "frames.next_error")
        self.next_error.clicked.connect(self.find_next)
        close = stage.caption(QPushButton(), "dialogs.close")
        close.clicked.connect(self.close)
        self.setLayout(
            column(head, self.attempts, self.log, row(self.next_error, None, close), margin=22)
        )
        self.resize(820, 560)

    def set_frame(self, frame: dict[str, Any]) -> None:
        """Show every attempt at the frame."""
        clear_layout(self.attempts)
        for one in frame["attempts"]:
            is_done = one["outcome"] == "done"
            severity = "good" if is_done else "blocker"
            said = self.stage.words.say("states.done") if is_done else ""
            reason = one["reason"] or {"title": said, "detail": ""}
            node = one["node_name"] or one["node"]
            said = self.stage.words.say("frames.attempt", number=one["attempt"], node=node)
            detail = " ".join(part for part in (reason["detail"], one["words"] or "") if part)
            title = f"{said}: {reason['title']}" if reason["title"] else said
            if one["ended_at_ms"] is not None:
                self.attempts.addWidget(make_finding(self.stage, severity, title, detail))

    def take_log(self, data: bytes) -> None:
        """Show a log as it has come; a dialog that is closed by then hears nothing of it."""
        self.set_log(data.decode("utf-8", "replace"))

    def take_problem(self, problem: Problem) -> None:
        """Show why there is no log."""
        self.set_log(problem.title)

    def set_log(self, text: str) -> None:
        """Show what the renderer said, from its first complaint on."""
        self.log.setPlainText(text)
        first = self.find_wrong(self.log.document().begin())
        self.next_error.setEnabled(first.isValid())
        self.go_to(first)

    def find_next(self) -> None:
        """Go to the next line that complains, behind the last one to the first."""
        after = self.find_wrong(self.log.textCursor().block().next())
        self.go_to(after if after.isValid() else self.find_wrong(self.log.document().begin()))

    def go_to(self, block: QTextBlock) -> None:
        """Show a line in the middle, if it is one."""
        if block.isValid():
            cursor = self.log.textCursor()
            cursor.setPosition(block.position())
            self.log.setTextCursor(cursor)
            self.log.centerCursor()

    def find_wrong(self, block: QTextBlock) -> QTextBlock:
        """Return the first line that complains from one on; an invalid one where none does."""
        while block.isValid() and not WRONG.search(block.text()):
            block = block.next()
        return block
