"""The tray: how far the renders are, and word of those that have ended, where there is a tray."""

from typing import Any

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from desktop.figures import show_money
from desktop.models.jobs import JobsModel
from desktop.stage import Stage

SIZE = 64
RING = 8
SIXTEENTHS = 16


class Tray(QObject):
    """The icon in the system's tray; where there is none, word goes to the window alone."""

    opened = Signal()
    quit_wanted = Signal()

    def __init__(self, stage: Stage, jobs: JobsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.stage, self.jobs = stage, jobs
        self.shown = -1
        self.icon: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self.make_icon(parent)
        for signal in (jobs.dataChanged, jobs.modelReset, jobs.open_changed):
            signal.connect(self.draw)

    def make_icon(self, parent: QWidget) -> None:
        """Make the icon and its menu."""
        words = self.stage.words
        self.icon = QSystemTrayIcon(self.stage.icons.icon("yuntu"), parent)
        menu = QMenu(parent)
        show, leave = menu.addAction(""), menu.addAction("")
        show.triggered.connect(self.opened)
        leave.triggered.connect(self.quit_wanted)
        words.bind(show, lambda: show.setText(words.say("tray.show")))
        words.bind(leave, lambda: leave.setText(words.say("tray.quit")))
        self.icon.setContextMenu(menu)
        self.icon.activated.connect(lambda _: self.opened.emit())
        self.icon.show()

    def draw(self) -> None:
        """Draw how far all that is under way is, if that can be seen to have changed."""
        if self.icon is None:
            return
        under_way = self.jobs.list_open()
        total = sum(job["frames"]["total"] for job in under_way)
        done = sum(job["fraction"] * job["frames"]["total"] for job in under_way)
        fraction = done / total if total else None
        shown = -1 if fraction is None else round(fraction * 100)
        if shown != self.shown:
            self.shown = shown
            self.icon.setIcon(self.draw_icon(fraction))
            self.icon.setToolTip(self.stage.words.say("app.title"))

    def draw_icon(self, fraction: float | None) -> QIcon:
        """Return our icon, with a ring around it while something is under way."""
        pixmap = self.stage.icons.draw("yuntu", "accent", SIZE)
        if fraction is not None:
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            edge = RING / 2
            place = QRectF(edge, edge, SIZE - RING, SIZE - RING)
            painter.setPen(QPen(QColor("#40ffffff"), RING))
            painter.drawEllipse(place)
            pen = QPen(QColor("#ffffff"), RING)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawArc(place, 90 * SIXTEENTHS, round(-360 * SIXTEENTHS * fraction))
            painter.end()
        return QIcon(pixmap)

    def tell_end(self, job: dict[str, Any]) -> str:
        """Give word of a job that has ended, and return it."""
        words = self.stage.words
        text = words.say(
            f"tray.{job['state']}",
            name=job["name"],
            done=job["frames"]["done"],
            failed=job["frames"]["failed"],
            amount=show_money(job["cost_micros"]),
        )
        self.tell(text)
        return text

    def tell_waiting(self, job: dict[str, Any]) -> str:
        """Give word of a job that waits for somebody, and return it."""
        words = self.stage.words
        text = words.say("tray.waiting", name=job["name"], why=job["reason"]["title"])
        self.tell(text)
        return text

    def tell(self, text: str) -> None:
        """Give word by the system, where it has a tray."""
        if self.icon is not None:
            self.icon.showMessage(self.stage.words.say("app.title"), text)
