"""Tiles of frames: the picture, its number, and a thin line in the colour of its state."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.figures import show_duration
from desktop.models.frames import FramesModel
from desktop.models.paged import Index
from desktop.panels.drawing import draw_bar, draw_dot, draw_plate, draw_text
from desktop.stage import Stage
from desktop.theme import make_font
from desktop.thumbnails import Thumbnails

WIDTH_MIN, WIDTH_MAX, WIDTH = 96, 420, 208
GAP = 7
FOOT = 26
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FrameTiles(QStyledItemDelegate):
    """Draws frames as tiles, `width` points wide; `ratio` is that of the pictures."""

    def __init__(self, stage: Stage, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.stage, self.thumbnails = stage, thumbnails
        self.width = WIDTH
        self.ratio = 9 / 16
        self.number_font = make_font(9.0, weight=600, tabular=True)
        self.small = make_font(8.5, tabular=True)

    def sizeHint(self, _: QStyleOptionViewItem, __: Index) -> QSize:  # noqa: N802
        """Return how large every tile is."""
        return QSize(self.width, round((self.width - 2 * GAP) * self.ratio) + 2 * GAP + FOOT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one tile."""
        model = index.model()
        assert isinstance(model, FramesModel)
        frame = model.get_at(index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        theme = self.stage.theme
        rect = QRectF(option.rect).adjusted(2, 2, -2, -2)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            draw_plate(
                painter,
                rect,
                fill=theme.colour("accent_soft"),
                radius=10,
                edge=theme.colour("accent"),
            )
        elif state & QStyle.StateFlag.State_MouseOver:
            draw_plate(painter, rect, fill=theme.colour("raised"), radius=10)
        place = rect.adjusted(GAP - 2, GAP - 2, 2 - GAP, -FOOT)
        pixmap = None
        if frame["has_thumbnail"]:
            size, ratio = place.size().toSize(), painter.device().devicePixelRatioF()
            pixmap = self.thumbnails.fit(model.job, frame["frame"], size, radius=6, ratio=ratio)
        if pixmap is not None:
            painter.drawPixmap(place.topLeft(), pixmap)
        else:
            self.draw_placeholder(painter, place, frame, model.fractions.get(frame["frame"], 0.0))
        foot = QRect(int(place.left()) + 2, int(place.bottom()), int(place.width()) - 4, FOOT)
        self.draw_foot(painter, foot, frame)
        painter.restore()

    def draw_placeholder(
        self, painter: QPainter, place: QRectF, frame: dict[str, object], fraction: float
    ) -> None:
        """Draw what stands for a picture that is not there: how far it is, or what went wrong."""
        theme = self.stage.theme
        failed = frame["state"] == "failed"
        fill = theme.colour("bad_soft" if failed else "raised")
        draw_plate(painter, place, fill=fill, radius=6)
        if frame["state"] == "rendering":
            bar = QRectF(place.left() + 16, place.center().y() - 2, place.width() - 32, 4)
            colour, groove = theme.colour("accent"), theme.colour("line")
            draw_bar(painter, bar, fraction, colour=colour, groove=groove)
        elif failed:
            middle = place.center().toPoint()
            icon = self.stage.icons.icon("warning", "bad")
            icon.paint(painter, QRect(middle.x() - 12, middle.y() - 12, 24, 24))

    def draw_foot(self, painter: QPainter, rect: QRect, frame: dict[str, object]) -> None:
        """Draw a frame's state, number and time below its picture."""
        theme, words = self.stage.theme, self.stage.words
        dot = QPointF(rect.left() + 5, rect.center().y() + 1)
        draw_dot(painter, dot, 3.5, theme.state_colour(str(frame["state"])))
        if frame["warnings"]:
            draw_dot(painter, dot, 3.5, theme.colour("wary"))
        number = rect.adjusted(15, 0, 0, 0)
        draw_text(
            painter, number, str(frame["frame"]), font=self.number_font, colour=theme.colour("text")
        )
        told, colour = "", QColor(theme.colour("faint"))
        if frame["reused"]:
            told = words.say("frames.reused_short")
        elif isinstance(frame["render_ms"], int):
            told = show_duration(words, frame["render_ms"])
        draw_text(painter, rect, told, font=self.small, colour=colour, align=RIGHT)


def draw_arrivals(view: QListView, model: FramesModel, thumbnails: Thumbnails) -> None:
    """Draw a frame in a view anew when its picture comes."""

    def draw(job: str, number: int | None) -> None:
        row = model.rows.get(number) if number is not None and job == model.job else None
        if row is not None:
            view.update(model.index(row))

    thumbnails.arrived.connect(draw)


class FrameGrid(QListView):
    """A grid of tiles, as many in a row as are wide enough, that fills whatever width there is."""

    def __init__(self, tiles: FrameTiles) -> None:
        super().__init__()
        self.tiles = tiles
        self.wanted = WIDTH
        tiles.setParent(self)
        self.setItemDelegate(tiles)

    def set_width(self, wanted: int) -> None:
        """Show tiles about so wide."""
        self.wanted = wanted
        self.fit()

    def fit(self) -> None:
        """Let the tiles share the width that there is."""
        room = self.viewport().width() - 2
        self.tiles.width = room // max(1, room // self.wanted)
        self.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Share the new width."""
        self.fit()
        super().resizeEvent(event)


def make_frame_grid(stage: Stage, model: FramesModel, thumbnails: Thumbnails) -> FrameGrid:
    """Return a view of frames as a grid."""
    view = FrameGrid(FrameTiles(stage, thumbnails))
    view.setModel(model)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setMovement(QListView.Movement.Static)
    view.setUniformItemSizes(True)
    view.setLayoutMode(QListView.LayoutMode.Batched)
    view.setBatchSize(500)
    view.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setMouseTracking(True)
    stage.words.bind(view, lambda: view.setAccessibleName(stage.words.say("job.tab_frames")))
    stage.theme.bind(view, lambda: view.viewport().update())
    draw_arrivals(view, model, thumbnails)
    return view
