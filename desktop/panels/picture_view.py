"""A picture to look at closely: zoomed with the wheel, moved by hand, compared with another."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

SURROUND = QColor("#121212")
"""Neutral and dark in every palette: what is around a picture changes how its colours look."""
ZOOM_STEP, ZOOM_MIN, ZOOM_MAX = 1.0015, 0.02, 32.0
HANDLE = 14
PIXELS_SHOWN = 4.0


class PictureView(QWidget):
    """Shows one picture, or two with a line between them that can be moved."""

    zoomed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.image = QImage()
        self.other = QImage()
        self.zoom = 1.0
        self.centre = QPointF()
        self.fits = True
        self.split = 0.5
        self.grabbed: QPointF | None = None
        self.moves_split = False

    @property
    def compares(self) -> bool:
        """Tell whether there are two pictures."""
        return not self.other.isNull()

    def set_image(self, image: QImage) -> None:
        """Show a picture at the same place and size as the one before."""
        changed = image.size() != self.image.size()
        self.image = image
        if changed and (self.fits or self.image.isNull()):
            self.fit()
        self.update()

    def set_other(self, image: QImage) -> None:
        """Compare with another picture, or, with an empty one, no longer."""
        self.other = image
        self.update()

    def fit(self) -> None:
        """Show the whole picture, as large as there is room."""
        self.fits = True
        if not self.image.isNull():
            width, height = self.width() / self.image.width(), self.height() / self.image.height()
            self.set_zoom(min(width, height))
            self.centre = QPointF(self.image.width() / 2, self.image.height() / 2)
        self.update()

    def show_pixels(self) -> None:
        """Show a pixel of the picture as one of the screen."""
        self.fits = False
        self.set_zoom(1 / self.devicePixelRatioF())
        self.update()

    def set_zoom(self, zoom: float) -> None:
        """Keep how many points a pixel takes."""
        self.zoom = min(ZOOM_MAX, max(ZOOM_MIN, zoom))
        self.zoomed.emit(self.zoom)

    @property
    def place(self) -> QRectF:
        """Return where the picture is."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        corner = middle - self.centre * self.zoom
        return QRectF(corner, self.image.size().toSizeF() * self.zoom)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Draw the picture, and the other left of the line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), SURROUND)
        if self.image.isNull():
            return
        smooth = self.zoom < PIXELS_SHOWN
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(self.place, self.image)
        if self.compares:
            at = self.width() * self.split
            painter.save()
            painter.setClipRect(QRectF(0, 0, at, self.height()))
            painter.drawImage(self.place, self.other)
            painter.restore()
            painter.fillRect(QRectF(at - 1, 0, 2, self.height()), QColor("#ffffff"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor("#ffffff"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QPointF(at, self.height() / 2), HANDLE / 2, HANDLE / 2)

    def is_on_split(self, at: QPointF) -> bool:
        """Tell whether a point is on the line between the pictures."""
        return self.compares and abs(at.x() - self.width() * self.split) < HANDLE

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom where the pointer is."""
        before = (event.position() - self.place.topLeft()) / self.zoom
        self.fits = False
        self.set_zoom(self.zoom * ZOOM_STEP ** event.angleDelta().y())
        after = (event.position() - self.place.topLeft()) / self.zoom
        self.centre += before - after
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the picture or of the line."""
        self.grabbed = event.position()
        self.moves_split = self.is_on_split(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move what is held."""
        on_split = self.moves_split or self.is_on_split(event.position())
        self.setCursor(Qt.CursorShape.SplitHCursor if on_split else Qt.CursorShape.ArrowCursor)
        if self.grabbed is None:
            return
        if self.moves_split:
            self.split = min(1.0, max(0.0, event.position().x() / max(1, self.width())))
        else:
            self.fits = False
            self.centre -= (event.position() - self.grabbed) / self.zoom
        self.grabbed = event.position()
        self.update()

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self.grabbed, self.moves_split = None, False

    def mouseDoubleClickEvent(self, _: QMouseEvent) -> None:  # noqa: N802
        """Show the whole picture, or its pixels where the whole is shown already."""
        if self.fits:
            self.show_pixels()
        else:
            self.fit()

    def resizeEvent(self, _: QResizeEvent) -> None:  # noqa: N802
        """Keep showing the whole picture."""
        if self.fits:
            self.fit()
