"""The viewer: frames at full size, one after the other, side by side, played while they render."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage
from PySide6.QtWidgets import QLabel, QListView, QPushButton, QSlider, QSpinBox, QWidget

from desktop.figures import show_duration, show_money, show_size
from desktop.models.frames import FramesModel
from desktop.panels.frame_tiles import FrameTiles, draw_arrivals
from desktop.panels.layout import column, row, show_bare
from desktop.panels.picture_view import PictureView
from desktop.pictures import Pictures
from desktop.stage import Stage
from desktop.thumbnails import Thumbnails

FPS, FPS_MAX = 24, 120
STOPS_MAX = 8
TENTHS = 10
AHEAD = 6
STRIP_WIDTH = 116
STRIP_HEIGHT = 106


class ViewerPanel(QWidget):
    """The page of one picture."""

    back = Signal()
    log_wanted = Signal(int)

    def __init__(
        self, stage: Stage, frames: FramesModel, thumbnails: Thumbnails, pictures: Pictures
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage, self.frames = stage, frames
        self.thumbnails, self.pictures = thumbnails, pictures
        self.number = 0
        self.pinned: int | None = None
        self.view = PictureView()
        self.make_head()
        self.make_foot()
        self.make_strip()
        layout = column(self.head, self.view, self.foot, self.strip, gap=0)
        self.setLayout(layout)
        self.playing = QTimer(self)
        self.playing.setTimerType(Qt.TimerType.PreciseTimer)
        self.playing.timeout.connect(self.play_next)
        pictures.arrived.connect(self.take_arrival)
        pictures.developed.connect(self.take_developed)
        pictures.broken.connect(self.take_broken)
        stage.words.bind(self, self.describe)
        stage.name(self.view, "viewer.picture")

    def make_head(self) -> None:
        """Make the title and the buttons."""
        stage = self.stage
        back = stage.tool("back", "job.back", "Esc")
        back.clicked.connect(self.back)
        self.title = QLabel()
        self.title.setObjectName("heading")
        self.told = QLabel()
        self.told.setObjectName("quiet")
        self.zoom = QLabel()
        self.zoom.setObjectName("quiet")
        self.view.zoomed.connect(lambda zoom: self.zoom.setText(f"{zoom * 100:.0f} %"))
        self.compare = stage.tool("compare", "viewer.compare", "C")
        self.compare.setCheckable(True)
        self.compare.toggled.connect(self.pin)
        fit = stage.tool("fit", "viewer.fit", "F")
        fit.clicked.connect(self.view.fit)
        log = stage.tool("log", "frames.log", "L")
        log.clicked.connect(lambda: self.log_wanted.emit(self.number))
        self.head = row(back, self.title, self.told, None, self.zoom, fit, self.compare, log)
        self.head.setContentsMargins(16, 10, 16, 10)

    def make_foot(self) -> None:
        """Make what plays the sequence, and the exposure."""
        stage = self.stage
        self.previous = stage.tool("previous", "viewer.previous", "Left")
        self.previous.clicked.connect(lambda: self.step(-1))
        self.play = stage.tool("play", "viewer.play", "Space")
        self.play.setIconSize(QSize(24, 24))
        self.play.setCheckable(True)
        self.play.toggled.connect(self.set_playing)
        stage.theme.bind(self.play, self.draw_play)
        self.next = stage.tool("next", "viewer.next", "Right")
        self.next.clicked.connect(lambda: self.step(1))
        self.scrubber = QSlider(Qt.Orientation.Horizontal)
        self.scrubber.valueChanged.connect(self.scrub)
        stage.name(self.scrubber, "viewer.scrub")
        self.fps = QSpinBox()
        self.fps.setRange(1, FPS_MAX)
        self.fps.setValue(FPS)
        show_bare(self.fps)
        self.fps.setFixedWidth(92)
        self.fps.valueChanged.connect(lambda _: self.set_playing(self.play.isChecked()))
        stage.words.bind(self.fps, lambda: self.fps.setSuffix(" " + stage.words.say("viewer.fps")))
        stage.name(self.fps, "viewer.fps_name")
        self.exposure = QSlider(Qt.Orientation.Horizontal)
        self.exposure.setRange(-STOPS_MAX * TENTHS, STOPS_MAX * TENTHS)
        self.exposure.setFixedWidth(150)
        self.exposure.valueChanged.connect(self.expose)
        stage.name(self.exposure, "viewer.exposure")
        self.stops = QPushButton()
        self.stops.setObjectName("flat")
        self.stops.setMinimumWidth(78)
        self.stops.clicked.connect(lambda: self.exposure.setValue(0))
        self.foot = row(
            self.previous,
            self.play,
            self.next,
            self.scrubber,
            self.fps,
            16,
            stage.label("viewer.exposure", "faint"),
            self.exposure,
            self.stops,
            gap=6,
        )
        self.foot.setContentsMargins(16, 8, 16, 4)

    def make_strip(self) -> None:
        """Make the strip of small pictures below."""
        self.strip = QListView()
        self.strip.setModel(self.frames)
        tiles = FrameTiles(self.stage, self.thumbnails)
        tiles.width = STRIP_WIDTH
        tiles.setParent(self.strip)
        self.strip.setItemDelegate(tiles)
        self.strip.setFlow(QListView.Flow.LeftToRight)
        self.strip.setWrapping(False)
        self.strip.setUniformItemSizes(True)
        self.strip.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.strip.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.strip.setFixedHeight(STRIP_HEIGHT)
        self.strip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.strip.clicked.connect(
            lambda index: self.show_frame(self.frames.get_at(index)["frame"])
        )
        self.stage.name(self.strip, "job.tab_frames")
        draw_arrivals(self.strip, self.frames, self.thumbnails)

    # --- which picture ---

    def open(self, number: int) -> None:
        """Show a frame, whole."""
        self.view.fits = True
        self.show_frame(number)
        self.view.setFocus()

    def show_frame(self, number: int) -> None:
        """Show a frame: its small picture at once, the whole one as soon as it is there."""
        self.number = number
        numbers = self.frames.list_pictured()
        self.scrubber.blockSignals(True)
        self.scrubber.setRange(0, max(0, len(numbers) - 1))
        if number in numbers:
            self.scrubber.setValue(numbers.index(number))
        self.scrubber.blockSignals(False)
        row_ = self.frames.rows.get(number)
        if row_ is not None:
            self.strip.setCurrentIndex(self.frames.index(row_))
        self.describe()
        if self.pictures.find(self.frames.job, number) is not None:
            self.pictures.develop(self.frames.job, number, self.exposure_stops)
            return
        small = self.thumbnails.find(self.frames.job, number)
        if small is not None and not self.playing.isActive():
            self.view.set_image(small)

    def step(self, by: int) -> None:
        """Show the frame before or after."""
        numbers = self.frames.list_pictured()
        if numbers:
            at = numbers.index(self.number) if self.number in numbers else 0
            self.show_frame(numbers[(at + by) % len(numbers)])

    def scrub(self, place: int) -> None:
        """Show the frame at a place of the sequence."""
        numbers = self.frames.list_pictured()
        if 0 <= place < len(numbers):
            self.show_frame(numbers[place])

    def take_arrival(self, job: str, number: int) -> None:
        """Show a picture that has come, if it is the one that is looked at."""
        if job == self.frames.job and number in (self.number, self.pinned):
            self.pictures.develop(job, number, self.exposure_stops)

    def take_developed(self, job: str, number: int, stops: float, image: QImage) -> None:
        """Show a picture that is ready, unless something else is looked at by now."""
        if job != self.frames.job or stops != self.exposure_stops:
            return
        if number == self.number:
            self.view.set_image(image)
            self.describe()
        if number == self.pinned:
            self.view.set_other(image)

    def take_broken(self, job: str, number: int) -> None:
        """Say that a picture cannot be shown."""
        if job == self.frames.job and number == self.number:
            self.told.setText(self.stage.words.say("viewer.broken"))

    # --- comparing, exposing, playing ---

    def pin(self, is_on: bool) -> None:
        """Compare with the frame that is shown now, or no longer."""
        self.pinned = self.number if is_on else None
        self.view.set_other(self.view.image if is_on else QImage())
        self.describe()

    @property
    def exposure_stops(self) -> float:
        """Return how many stops brighter pictures are shown."""
        return self.exposure.value() / TENTHS

    def expose(self) -> None:
        """Show what is looked at in the new light."""
        for number in {self.number, self.pinned} - {None}:
            self.pictures.develop(self.frames.job, number, self.exposure_stops)  # type: ignore[arg-type]
        self.describe()

    def set_playing(self, is_on: bool) -> None:
        """Play the sequence, or stop."""
        self.draw_play()
        if is_on:
            self.playing.start(round(1000 / self.fps.value()))
        else:
            self.playing.stop()
            self.pictures.forget_waiting()

    def draw_play(self) -> None:
        """Draw on the button what pressing it will do."""
        name = "pause" if self.play.isChecked() else "play"
        self.play.setIcon(self.stage.icons.icon(name))

    def play_next(self) -> None:
        """Show the next frame; those behind it are asked for. One that is not there yet waits."""
        numbers = self.frames.list_pictured()
        if not numbers:
            return
        at = numbers.index(self.number) if self.number in numbers else -1
        coming = [
            numbers[(at + by) % len(numbers)] for by in range(1, min(AHEAD, len(numbers)) + 1)
        ]
        ready = [self.pictures.find(self.frames.job, one) is not None for one in coming]
        if ready[0]:
            self.show_frame(coming[0])

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Stop, whichever way the page is left; a window put aside comes back as it was."""
        if not event.spontaneous():
            self.play.setChecked(False)
            self.compare.setChecked(False)
            self.pictures.forget_waiting()
        super().hideEvent(event)

    def describe(self) -> None:
        """Write what is seen."""
        words, frame = self.stage.words, self.frames.get_frame(self.number)
        self.stops.setText(f"{self.exposure_stops:+.1f} EV")
        if frame is None:
            return
        title = words.say("frames.frame", number=self.number)
        if self.pinned is not None and self.pinned != self.number:
            title = f"{words.say('frames.frame', number=self.pinned)}  |  {title}"
        self.title.setText(title)
        told = []
        if not self.view.image.isNull():
            told.append(f"{self.view.image.width()} × {self.view.image.height()}")
        if frame["extension"]:
            told.append(frame["extension"].lstrip(".").upper())
        if frame["size_bytes"]:
            told.append(show_size(frame["size_bytes"]))
        if frame["render_ms"] is not None:
            told.append(show_duration(words, frame["render_ms"]))
        if frame["reused"]:
            told.append(words.say("frames.reused_short"))
        elif frame["amount_micros"] is not None:
            told.append(show_money(frame["amount_micros"], exact=True))
        told += [one["title"] for one in frame["warnings"]]
        self.told.setText("  ·  ".join(told))
