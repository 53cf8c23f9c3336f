"""Small pictures: kept while they are likely to be seen, asked for when they first are."""

from collections import OrderedDict

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap

from desktop.background import Background

BYTES_MAX = 160_000_000
FITTED_MAX = 600
UNDER_WAY_MAX = 6
WAITING_MAX = 200
COVER = None
Key = tuple[str, int | None]


class Thumbnails(QObject):
    """Pictures of frames by job and number; number None is whatever stands for the whole job."""

    wanted = Signal(str, object)
    arrived = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kept: OrderedDict[Key, QImage] = OrderedDict()
        self.fitted: OrderedDict[tuple[Key, int, int, float], QPixmap] = OrderedDict()
        self.bytes = 0
        self.waiting: OrderedDict[Key, None] = OrderedDict()
        self.under_way: set[Key] = set()
        self.absent: set[Key] = set()
        self.background = Background(self)

    def find(self, job: str, number: int | None) -> QImage | None:
        """Return a picture, or None; then it is asked for, what is seen last comes first."""
        key = (job, number)
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key]
        if key not in self.absent and key not in self.under_way:
            self.waiting[key] = None
            self.waiting.move_to_end(key)
            if len(self.waiting) > WAITING_MAX:
                self.waiting.popitem(last=False)  # scrolled past long ago
            self.ask()
        return None

    def fit(
        self, job: str, number: int | None, size: QSize, *, radius: float, ratio: float
    ) -> QPixmap | None:
        """Return a picture that fills a rectangle with round corners, or None as `find` does.

        It is made once and then only copied to the screen; `ratio` is that of the screen's pixels
        to points.
        """
        key = ((job, number), size.width(), size.height(), ratio)
        if key in self.fitted:
            self.fitted.move_to_end(key)
            return self.fitted[key]
        image = self.find(job, number)
        if image is None or size.isEmpty():
            return None
        made = self.fitted[key] = cut_picture(image, size, radius=radius, ratio=ratio)
        if len(self.fitted) > FITTED_MAX:
            self.fitted.popitem(last=False)
        return made

    def ask(self) -> None:
        """Ask for what was wanted last, a few at a time."""
        while self.waiting and len(self.under_way) < UNDER_WAY_MAX:
            key, _ = self.waiting.popitem()
            self.under_way.add(key)
            self.wanted.emit(*key)

    def put(self, job: str, number: int | None, data: bytes | None) -> None:
        """Take in a picture that has come; None: there is none, for now."""
        key = (job, number)
        if data:
            self.background.start(
                lambda: QImage.fromData(data),
                lambda image: self.keep(key, image),
                lambda _: self.keep(key, QImage()),
            )
        else:
            self.keep(key, QImage())

    def keep(self, key: Key, image: QImage) -> None:
        """Keep a picture, and let go of those not seen for longest."""
        self.under_way.discard(key)
        if image.isNull():
            self.absent.add(key)
        else:
            self.forget(key)
            self.kept[key] = image
            self.bytes += image.sizeInBytes()
            while self.bytes > BYTES_MAX and len(self.kept) > 1:
                self.forget(next(iter(self.kept)))
            self.arrived.emit(*key)
        self.ask()

    def forget(self, key: Key) -> None:
        """Let go of a picture."""
        image = self.kept.pop(key, None)
        if image is not None:
            self.bytes -= image.sizeInBytes()
            for one in [one for one in self.fitted if one[0] == key]:
                del self.fitted[one]

    def forget_absence(self, job: str, number: int | None) -> None:
        """Ask for a picture again: there may be one by now."""
        self.absent.discard((job, number))
        self.absent.discard((job, COVER))

    def forget_all(self) -> None:
        """Ask for everything again: the server is another one."""
        self.waiting.clear()
        self.under_way.clear()
        self.absent.clear()


def cut_picture(image: QImage, size: QSize, *, radius: float, ratio: float) -> QPixmap:
    """Return a picture that fills a rectangle with round corners, cut at its longer sides."""
    room = size * ratio
    filled = image.scaled(
        room,
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
    made = QPixmap(room)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(filled))
    painter.setBrushOrigin(
        QPointF((room.width() - filled.width()) / 2, (room.height() - filled.height()) / 2)
    )
    painter.drawRoundedRect(QRectF(QPointF(), room.toSizeF()), radius * ratio, radius * ratio)
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
