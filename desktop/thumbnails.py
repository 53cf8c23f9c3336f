"""Small pictures: kept while they are likely to be seen, asked for when they first are."""

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

KEPT_MAX = 3_000
UNDER_WAY_MAX = 6
COVER = None
Key = tuple[str, int | None]


class Thumbnails(QObject):
    """Pictures of frames by job and number; number None is whatever stands for the whole job."""

    wanted = Signal(str, object)
    arrived = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kept: OrderedDict[Key, QPixmap] = OrderedDict()
        self.waiting: OrderedDict[Key, None] = OrderedDict()
        self.under_way: set[Key] = set()
        self.absent: set[Key] = set()

    def find(self, job: str, number: int | None) -> QPixmap | None:
        """Return a picture, or None; then it is asked for, what is seen last comes first."""
        key = (job, number)
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key]
        if key not in self.absent and key not in self.under_way:
            self.waiting[key] = None
            self.waiting.move_to_end(key)
            self.ask()
        return None

    def ask(self) -> None:
        """Ask for what was wanted last, a few at a time."""
        while self.waiting and len(self.under_way) < UNDER_WAY_MAX:
            key, _ = self.waiting.popitem()
            self.under_way.add(key)
            self.wanted.emit(*key)

    def put(self, job: str, number: int | None, data: bytes | None) -> None:
        """Keep a picture that has come; None: there is none, for now."""
        key = (job, number)
        self.under_way.discard(key)
        pixmap = QPixmap()
        if data and pixmap.loadFromData(data):
            self.kept[key] = pixmap
            while len(self.kept) > KEPT_MAX:
                self.kept.popitem(last=False)
            self.arrived.emit(job, number)
        else:
            self.absent.add(key)
        self.ask()

    def forget_absence(self, job: str, number: int | None) -> None:
        """Ask for a picture again: there may be one by now."""
        self.absent.discard((job, number))
        self.absent.discard((job, COVER))

    def forget_all(self) -> None:
        """Ask for everything again: the server is another one."""
        self.waiting.clear()
        self.under_way.clear()
        self.absent.clear()
