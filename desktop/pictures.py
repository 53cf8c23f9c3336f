"""Pictures at full size: kept while there is room, decoded off the window's thread."""

import json
import logging
import tempfile
from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from desktop.background import Background
from desktop.picture_reader import WORD
from desktop.rasters import Raster, decode_halves, decode_picture, develop
from desktop.server_watch import find_reader

log = logging.getLogger(__name__)
BYTES_MAX = 600_000_000
UNDER_WAY_MAX = 3
READ_BY_QT = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
Key = tuple[str, int]


class Pictures(QObject):
    """Rasters of frames by job and number."""

    wanted = Signal(str, int)
    arrived = Signal(str, int)
    broken = Signal(str, int)
    developed = Signal(str, int, float, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kept: OrderedDict[Key, Raster] = OrderedDict()
        self.waiting: list[Key] = []
        self.under_way: set[Key] = set()
        self.background = Background(self)

    def find(self, job: str, number: int) -> Raster | None:
        """Return a raster, or None; then it is asked for."""
        key = (job, number)
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key]
        if key not in self.under_way and key not in self.waiting:
            self.waiting.append(key)
            self.ask()
        return None

    def forget_waiting(self) -> None:
        """Ask for nothing more: something else is looked at now."""
        self.waiting.clear()

    def ask(self) -> None:
        """Ask for what is wanted, a few at a time."""
        while self.waiting and len(self.under_way) < UNDER_WAY_MAX:
            key = self.waiting.pop(0)
            self.under_way.add(key)
            self.wanted.emit(*key)

    def put(self, job: str, number: int, data: bytes | None, extension: str) -> None:
        """Take in a file that has come; None: there is none."""
        if data is None:
            self.keep(job, number, None)
        elif extension.lower() in READ_BY_QT:
            self.background.start(
                lambda: decode_picture(data),
                lambda raster: self.keep(job, number, raster),
                lambda error: self.give_up(job, number, error),
            )
        else:
            self.read_apart(job, number, data, extension)

    def read_apart(self, job: str, number: int, data: bytes, extension: str) -> None:
        """Let a process of its own read a file that Qt cannot."""
        file = tempfile.NamedTemporaryFile(suffix=extension, delete=False)  # noqa: SIM115
        with file:
            file.write(data)
        process = QProcess(self)
        path = Path(file.name)

        def finish(code: int) -> None:
            path.unlink(missing_ok=True)
            process.deleteLater()
            head, _, pixels = bytes(process.readAllStandardOutput().data()).partition(b"\n")
            if code or not pixels:
                words = bytes(process.readAllStandardError().data())
                log.warning("job=%s frame=%s cannot be read: %r", job, number, words[-500:])
                self.keep(job, number, None)
                return
            told = json.loads(head)
            self.keep(job, number, decode_halves(told["width"], told["height"], pixels))

        process.finished.connect(finish)
        program, *arguments = find_reader(WORD)
        process.start(program, [*arguments, str(path)])

    def keep(self, job: str, number: int, raster: Raster | None) -> None:
        """Keep a raster, and let go of those not looked at for longest."""
        key = (job, number)
        self.under_way.discard(key)
        if raster is None:
            self.broken.emit(job, number)
        else:
            self.kept[key] = raster
            while len(self.kept) > 1 and sum(one.size for one in self.kept.values()) > BYTES_MAX:
                self.kept.popitem(last=False)
            self.arrived.emit(job, number)
        self.ask()

    def develop(self, job: str, number: int, stops: float) -> None:
        """Make a picture for the screen; it comes as `developed`."""
        raster = self.kept.get((job, number))
        if raster is not None:
            self.background.start(
                lambda: develop(raster, stops),
                lambda image: self.developed.emit(job, number, stops, image),
                lambda error: self.give_up(job, number, error),
            )

    def give_up(self, job: str, number: int, error: Exception) -> None:
        """Say that a picture cannot be shown: there is too little memory for it, say."""
        log.warning("job=%s frame=%s cannot be shown: %s", job, number, error)
        self.keep(job, number, None)
