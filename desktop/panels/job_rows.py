"""Rows of jobs, drawn by hand: picture first, then the few things that matter."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.figures import show_duration, show_moment, show_money, show_renderer
from desktop.models.jobs import OPEN, Column, Job, JobsModel
from desktop.models.paged import Index
from desktop.panels.drawing import draw_bar, draw_dot, draw_plate, draw_text
from desktop.stage import Stage
from desktop.theme import make_font
from desktop.thumbnails import COVER, Thumbnails

ROW_HEIGHT = 84
THUMBNAIL, SMALL_THUMBNAIL = QSize(112, 63), QSize(72, 40)
NAME_WIDTH = 320
"""Below this width of a cell its picture is small."""
PAD = 12
UPPER, LOWER = 24, 22
BETWEEN = " · "
SELF_EVIDENT = ("queued", "running", "completed")
"""States whose reason says nothing more."""


class JobRows(QStyledItemDelegate):
    """Draws a job's cells."""

    def __init__(self, stage: Stage, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.stage = stage
        self.thumbnails = thumbnails
        self.strong = make_font(10.5, weight=600)
        self.plain = make_font(10.0, tabular=True)
        self.small = make_font(9.0, tabular=True)
        self.small_metrics = QFontMetrics(self.small)

    def sizeHint(self, _: QStyleOptionViewItem, __: Index) -> QSize:  # noqa: N802
        """Return how high every row is."""
        return QSize(120, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        model = index.model()
        assert isinstance(model, JobsModel)
        job = model.get_at(index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        theme = self.stage.theme
        rect = option.rect
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.colour("accent_soft"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme.colour("raised"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.colour("line"))
        inner = rect.adjusted(PAD, 0, -PAD, -1)
        draw = {
            Column.NAME: self.draw_name,
            Column.STATE: self.draw_state,
            Column.PROGRESS: self.draw_progress,
            Column.COST: self.draw_cost,
            Column.TIME: self.draw_time,
        }[Column(index.column())]
        draw(painter, inner, job)
        painter.restore()

    def draw_pair(
        self, painter: QPainter, rect: QRect, upper: str, lower: str, *, font: QFont | None = None
    ) -> None:
        """Write a line and a quieter one below it, both in the middle of a cell."""
        top = rect.top() + (rect.height() - UPPER - LOWER) // 2
        theme = self.stage.theme
        first = QRect(rect.left(), top, rect.width(), UPPER)
        second = QRect(rect.left(), top + UPPER, rect.width(), LOWER)
        draw_text(painter, first, upper, font=font or self.plain, colour=theme.colour("text"))
        draw_text(painter, second, lower, font=self.small, colour=theme.colour("faint"))

    def draw_name(self, painter: QPainter, rect: QRect, job: Job) -> None:
        """Draw a job's picture, its name, and what it renders."""
        size = THUMBNAIL if rect.width() >= NAME_WIDTH else SMALL_THUMBNAIL
        top = rect.top() + (rect.height() - size.height()) / 2
        place = QRectF(rect.left(), top, size.width(), size.height())
        theme, pixmap = self.stage.theme, None
        if job["frames"]["done"]:
            ratio = painter.device().devicePixelRatioF()
            pixmap = self.thumbnails.fit(job["id"], COVER, size, radius=7, ratio=ratio)
        if pixmap is not None:
            painter.drawPixmap(place.topLeft(), pixmap)
        else:
            draw_plate(painter, place, fill=theme.colour("raised"), radius=7)
            icon = self.stage.icons.icon("image", "faint")
            middle = place.center().toPoint()
            icon.paint(painter, QRect(middle.x() - 12, middle.y() - 12, 24, 24))
        rest = rect.adjusted(size.width() + 14, 0, 0, 0)
        lower = self.describe(job, rest.width())
        self.draw_pair(painter, rest, job["name"], lower, font=self.strong)

    def describe(self, job: Job, room: int) -> str:
        """Return what a job renders and since when; with what where there is room for that too."""
        words = self.stage.words
        told = [show_moment(words, job["created_at_ms"], now_ms=self.stage.now_ms())]
        if job["range"]:
            told.insert(0, words.say("jobs.frames_of", range=job["range"]))
        if job["renderer"]:
            whole = [*told[:-1], show_renderer(job["renderer"]), told[-1]]
            return self.choose_fitting(whole, told, room)
        return BETWEEN.join(told)

    def choose_fitting(self, whole: list[str], short: list[str], room: int) -> str:
        """Return all of a quiet line where there is room for it, else what matters most."""
        line = BETWEEN.join(whole)
        fits = self.small_metrics.horizontalAdvance(line) <= room
        return line if fits else BETWEEN.join(short)

    def draw_state(self, painter: QPainter, rect: QRect, job: Job) -> None:
        """Draw a job's state with its colour, and the reason where it says more."""
        theme = self.stage.theme
        top = rect.top() + (rect.height() - UPPER - LOWER) // 2
        colour = theme.state_colour(job["state"])
        draw_dot(painter, QPointF(rect.left() + 5, top + UPPER / 2 + 0.5), 4, colour)
        said = self.stage.words.say(f"states.{job['state']}")
        reason = "" if job["state"] in SELF_EVIDENT else job["reason"]["title"]
        self.draw_pair(painter, rect.adjusted(18, 0, 0, 0), said, reason[:1].upper() + reason[1:])

    def draw_progress(self, painter: QPainter, rect: QRect, job: Job) -> None:
        """Draw how far a job is."""
        theme = self.stage.theme
        total, done = job["frames"]["total"], job["frames"]["done"]
        if not total:
            return
        top = rect.top() + (rect.height() - UPPER - LOWER) // 2
        words = self.stage.words
        text = words.say("jobs.frames_done", done=done, total=total)
        if job["frames"]["failed"]:
            failed = words.say("jobs.frames_failed", count=job["frames"]["failed"])
            text = self.choose_fitting([text, failed], [failed], rect.width())
        line = QRect(rect.left(), top, rect.width(), UPPER)
        draw_text(painter, line, text, font=self.small, colour=theme.colour("quiet"))
        bar = QRectF(rect.left(), top + UPPER + 6, max(40, rect.width() - 8), 5)
        colour = theme.state_colour(job["state"])
        draw_bar(painter, bar, job["fraction"], colour=colour, groove=theme.colour("line"))

    def draw_cost(self, painter: QPainter, rect: QRect, job: Job) -> None:
        """Draw what a job has cost, against what is held for it."""
        words, lower = self.stage.words, ""
        if job["held_micros"] and job["state"] in (*OPEN, "paused"):
            lower = words.say("jobs.held", amount=show_money(job["held_micros"]))
        elif job["estimate"]:
            lower = words.say("jobs.expected", amount=show_money(job["estimate"]["p50_micros"]))
        self.draw_pair(painter, rect, show_money(job["cost_micros"]), lower)

    def draw_time(self, painter: QPainter, rect: QRect, job: Job) -> None:
        """Draw how long a job still takes, or took."""
        words = self.stage.words
        if job["state"] in OPEN:
            left = show_duration(words, job["eta_ms"])
            self.draw_pair(painter, rect, left, words.say("jobs.left"))
            return
        began, ended = job["started_at_ms"], job["finished_at_ms"]
        if began and ended:
            self.draw_pair(
                painter, rect, show_duration(words, ended - began), words.say("jobs.took")
            )
        else:
            self.draw_pair(painter, rect, "–", "")
