"""One job: where it stands, what it costs, its frames, its bill and its story."""

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QStackedWidget,
    QTabBar,
    QWidget,
)

from desktop.figures import (
    MICROS,
    SECOND_MS,
    choose_unit_ms,
    show_duration,
    show_money,
    show_yuan,
)
from desktop.models.frames import FramesModel
from desktop.models.jobs import OPEN, Job
from desktop.panels.bill import BillView
from desktop.panels.charts import BarChart
from desktop.panels.elided import ElidedLabel
from desktop.panels.frame_tiles import WIDTH, WIDTH_MAX, WIDTH_MIN, make_frame_grid
from desktop.panels.jobs import VERBS
from desktop.panels.layout import PAGE, card, column, holder, row
from desktop.panels.story import retell
from desktop.stage import Stage
from desktop.theme import make_monospace
from desktop.thumbnails import Thumbnails

TABS = ("frames", "chart", "bill", "story")
FIGURES = ("progress", "cost", "left", "expected")
MEASURES = ("time", "cost")
BUTTONS = ("pause", "resume", "retry", "cancel")


class JobPanel(QWidget):
    """The page of one job."""

    back = Signal()
    ordered = Signal(str, list)
    folder_wanted = Signal(str)
    frame_opened = Signal(int)
    frame_log_wanted = Signal(int)
    frame_retry_wanted = Signal(int)
    frame_refund_wanted = Signal(int)
    tab_chosen = Signal(str)

    def __init__(
        self, stage: Stage, frames: FramesModel, thumbnails: Thumbnails, bill: BillView
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage, self.frames, self.bill = stage, frames, bill
        self.job: Job | None = None
        self.is_admin = False
        self.make_head()
        self.make_tabs(thumbnails)
        layout = column(
            self.head,
            self.summary,
            row(self.tabs, None, self.size_),
            self.pages,
            gap=14,
            margin=PAGE,
        )
        layout.setContentsMargins(PAGE, 20, PAGE, 0)
        self.setLayout(layout)
        stage.words.bind(self, self.show_job)
        stage.theme.bind(self, self.show_job)
        frames.changed.connect(self.draw_chart)

    def make_head(self) -> None:
        """Make the name, the state, the buttons, and the figures below them."""
        stage = self.stage
        self.back_button = stage.tool("back", "job.back", "Alt+Left")
        self.back_button.clicked.connect(self.back)
        self.name = ElidedLabel("title")
        self.name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = QLabel()
        self.reason = QLabel()
        self.reason.setObjectName("quiet")
        self.reason.setWordWrap(True)
        self.buttons = {}
        for verb in BUTTONS:
            button = stage.caption(QPushButton(), f"verbs.{verb}")
            stage.icons.set_on(button, VERBS[verb][0])
            button.clicked.connect(lambda _=False, verb=verb: self.order(verb))
            button.hide()
            self.buttons[verb] = button
        self.folder = stage.caption(QPushButton(), "job.folder")
        stage.icons.set_on(self.folder, "folder")
        self.folder.clicked.connect(self.open_folder)
        self.head = column(
            row(self.back_button, self.name, self.state, None, *self.buttons.values(), self.folder),
            self.reason,
            gap=4,
        )
        self.figures = {}
        boxes = []
        for name in FIGURES:
            value = QLabel()
            value.setObjectName("figure")
            below = QLabel()
            below.setObjectName("faint")
            self.figures[name] = (value, below)
            boxes.append(
                holder(column(stage.label(f"job.figure_{name}", "caption"), value, below, gap=3))
            )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximum(1000)
        stage.words.bind(
            self.bar, lambda: self.bar.setAccessibleName(stage.words.say("job.figure_progress"))
        )
        self.summary = card(row(*boxes, gap=24), self.bar, gap=14, margin=18)

    def make_tabs(self, thumbnails: Thumbnails) -> None:
        """Make the pages below the figures."""
        stage = self.stage
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for name in TABS:
            self.tabs.addTab(name)
        stage.words.bind(self.tabs, self.name_tabs)
        self.grid = make_frame_grid(stage, self.frames, thumbnails)
        self.grid.activated.connect(self.open_frame)
        self.grid.doubleClicked.connect(self.open_frame)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self.show_frame_menu)
        self.size_ = QSlider(Qt.Orientation.Horizontal)
        self.size_.setRange(WIDTH_MIN, WIDTH_MAX)
        self.size_.setValue(WIDTH)
        self.size_.setFixedWidth(140)
        self.size_.valueChanged.connect(self.grid.set_width)
        stage.words.bind(
            self.size_, lambda: self.size_.setToolTip(stage.words.say("job.tile_size"))
        )
        stage.words.bind(
            self.size_, lambda: self.size_.setAccessibleName(stage.words.say("job.tile_size"))
        )
        self.chart = BarChart(stage, "job.tab_chart", self.show_tick)
        chart_page = column(
            row(stage.label("job.chart_detail", "quiet"), None, *self.make_measures(), gap=8),
            self.chart,
            gap=10,
        )
        chart_page.setContentsMargins(0, 0, 0, PAGE)
        self.story = QPlainTextEdit(readOnly=True)
        self.story.setObjectName("log")
        self.story.setFont(make_monospace(9.5))
        story_page = column(self.story)
        story_page.setContentsMargins(0, 0, 0, PAGE)
        self.pages = QStackedWidget()
        for page in (self.grid, holder(chart_page), self.bill, holder(story_page)):
            self.pages.addWidget(page)
        self.tabs.currentChanged.connect(self.choose_tab)

    def make_measures(self) -> list[QPushButton]:
        """Return what chooses between the time and the cost of each frame."""
        self.measure, self.unit = MEASURES[0], SECOND_MS
        self.measures = QButtonGroup(self)
        for name in MEASURES:
            button = self.stage.caption(QPushButton(), f"job.chart_{name}")
            button.setObjectName("chip")
            button.setCheckable(True)
            button.setChecked(name == self.measure)
            button.clicked.connect(lambda _=False, name=name: self.choose_measure(name))
            self.measures.addButton(button)
        return [one for one in self.measures.buttons() if isinstance(one, QPushButton)]

    def choose_measure(self, name: str) -> None:
        """Draw the time or the cost of each frame."""
        self.measure = name
        self.draw_chart()

    def name_tabs(self) -> None:
        """Write the tabs' titles."""
        for place, name in enumerate(TABS):
            self.tabs.setTabText(place, self.stage.words.say(f"job.tab_{name}"))
        self.tabs.setAccessibleName(self.stage.words.say("job.tabs"))

    def choose_tab(self, place: int) -> None:
        """Show another page, and say which, so that it is filled."""
        self.pages.setCurrentIndex(place)
        self.size_.setVisible(place == 0)
        self.tab_chosen.emit(TABS[place])

    def set_story(self, told: str) -> None:
        """Show all that has happened."""
        self.story.setPlainText(retell(self.stage.words, told))

    def set_admin(self, is_admin: bool) -> None:
        """Let admins give money back."""
        self.is_admin = is_admin
        self.bill.refund.setVisible(is_admin)

    def set_job(self, job: Job | None) -> None:
        """Show a job as it is now."""
        self.job = job
        self.show_job()

    def show_job(self) -> None:
        """Write all that is known of the job."""
        job, words, theme = self.job, self.stage.words, self.stage.theme
        if job is None:
            return
        self.name.setText(job["name"])
        role = theme.state_colour(job["state"]).name()
        self.state.setText(
            f'<span style="color:{role}">●</span>&nbsp; {words.say("states." + job["state"])}'
        )
        reason = job["reason"]
        told = reason["detail"] or reason["title"]
        told = told[:1].upper() + told[1:]
        problem = job["delivery"]["problem"]
        if problem:
            told = f"{told}  {words.explain(problem['title'], problem['detail'])}"
        self.reason.setText(told)
        for verb, button in self.buttons.items():
            button.setVisible(VERBS[verb][2](job))
        frames = job["frames"]
        self.bar.setValue(round(job["fraction"] * 1000))
        self.bar.setVisible(job["state"] in (*OPEN, "paused"))
        percent = f"{job['fraction'] * 100:.0f} %" if frames["total"] else "–"
        done = words.say("jobs.frames_done", done=frames["done"], total=frames["total"])
        self.put("progress", percent, done)
        held = ""
        if job["held_micros"] and job["state"] in (*OPEN, "paused"):
            held = words.say("jobs.held", amount=show_money(job["held_micros"]))
        elif frames["reused"]:
            held = words.say("job.reused", count=frames["reused"])
        self.put("cost", show_money(job["cost_micros"]), held)
        self.show_times(job)

    def show_times(self, job: Job) -> None:
        """Write how long the job takes, and what had been expected."""
        words, estimate = self.stage.words, job["estimate"]
        rendered = words.say("job.rendered", time=show_duration(words, job["render_ms"]))
        if job["state"] in OPEN:
            self.put("left", show_duration(words, job["eta_ms"]), rendered)
        elif job["started_at_ms"] and job["finished_at_ms"]:
            took = job["finished_at_ms"] - job["started_at_ms"]
            self.put("left", show_duration(words, took), rendered)
        else:
            self.put("left", "–", rendered)
        if estimate:
            most = words.say("job.at_most", amount=show_money(estimate["p90_micros"]))
            self.put("expected", show_money(estimate["p50_micros"]), most)
        else:
            self.put("expected", "–", "")

    def put(self, name: str, value: str, below: str) -> None:
        """Write one figure."""
        self.figures[name][0].setText(value)
        self.figures[name][1].setText(below)

    def draw_chart(self) -> None:
        """Draw how long each frame took, or what it cost."""
        key = "render_ms" if self.measure == "time" else "amount_micros"
        known = [one for one in self.frames.frames if one[key] is not None]
        highest = max((one[key] for one in known), default=0)
        self.unit = MICROS if self.measure == "cost" else choose_unit_ms(highest)
        self.chart.set_bars(
            [
                (float(one["frame"]), one[key] / self.unit, "faint" if one["reused"] else "accent")
                for one in known
            ]
        )

    def show_tick(self, value: float, decimals: int) -> str:
        """Return what stands at the chart's axis; times beside whole seconds are seconds too."""
        if self.measure == "cost":
            return show_yuan(value, decimals)
        if self.unit == SECOND_MS:
            return self.stage.words.say("units.s", count=f"{value:.{decimals}f}")
        return show_duration(self.stage.words, round(value * self.unit))

    def order(self, verb: str) -> None:
        """Say what is to be done with the job."""
        if self.job is not None:
            self.ordered.emit(verb, [self.job["id"]])

    def open_folder(self) -> None:
        """Show the folder that the frames are in."""
        if self.job is not None and self.job["out"]:
            self.folder_wanted.emit(self.job["out"])

    def open_frame(self, index: QModelIndex) -> None:
        """Show a frame's picture, or why there is none."""
        frame = self.frames.get_at(index)
        if frame["has_thumbnail"]:
            self.frame_opened.emit(frame["frame"])
        else:
            self.frame_log_wanted.emit(frame["frame"])

    def show_frame_menu(self, at: QPoint) -> None:
        """Show what can be done with a frame."""
        index = self.grid.indexAt(at)
        if not index.isValid():
            return
        frame, words = self.frames.get_at(index), self.stage.words
        menu = QMenu(self)
        if frame["has_thumbnail"]:
            menu.addAction(
                self.stage.icons.icon("image"),
                words.say("frames.open"),
                lambda: self.open_frame(index),
            )
        number = frame["frame"]
        menu.addAction(
            self.stage.icons.icon("log"),
            words.say("frames.log"),
            lambda: self.frame_log_wanted.emit(number),
        )
        if frame["state"] == "failed":
            menu.addAction(
                self.stage.icons.icon("retry"),
                words.say("frames.retry"),
                lambda: self.frame_retry_wanted.emit(number),
            )
        if self.is_admin and frame["amount_micros"]:
            menu.addAction(
                self.stage.icons.icon("undo"),
                words.say("frames.refund"),
                lambda: self.frame_refund_wanted.emit(number),
            )
        menu.popup(self.grid.viewport().mapToGlobal(at))
