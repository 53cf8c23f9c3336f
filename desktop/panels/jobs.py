"""The jobs: a table with live progress, found by state and words, steered one or many at a time."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHeaderView,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTableView,
    QWidget,
)

from desktop.models.jobs import OPEN, OVER, SORTS, Column, Job, JobsModel
from desktop.panels.empty import EmptyView
from desktop.panels.job_rows import ROW_HEIGHT, JobRows
from desktop.panels.layout import PAGE, column, row
from desktop.stage import Stage
from desktop.thumbnails import COVER, Thumbnails

FILTERS = {
    "all": (),
    "open": (*OPEN, "paused"),
    "finished": ("completed",),
    "attention": ("failed", "partial", "paused"),
}
ASCENDING, DESCENDING = "asc", "desc"
TYPING_MS = 250
NEW = "Ctrl+N"
SCREENS_AHEAD = 4
WIDTHS = {Column.STATE: 190, Column.PROGRESS: 190, Column.COST: 140, Column.TIME: 110}
NARROW_WIDTHS = {Column.STATE: 170, Column.PROGRESS: 108, Column.COST: 126, Column.TIME: 90}
NARROW, NARROWEST = 900, 800
"""Below these widths columns are narrower, and the last one gives way."""
VERBS: dict[str, tuple[str, str, Callable[[Job], bool]]] = {
    "open": ("folder", "Return", lambda _: True),
    "pause": ("pause", "Ctrl+P", lambda job: job["state"] in OPEN),
    "resume": ("play", "Ctrl+R", lambda job: job["state"] == "paused"),
    "retry": ("retry", "Ctrl+T", lambda job: job["frames"]["failed"] > 0 and job["state"] in OVER),
    "cancel": ("stop", "Ctrl+K", lambda job: job["state"] in (*OPEN, "paused")),
    "delete": ("trash", "Del", lambda job: job["state"] in OVER),
}
"""What can be done with jobs: icon, shortcut, and with which of them."""


class JobsPanel(QWidget):
    """The page of jobs."""

    opened = Signal(str)
    ordered = Signal(str, list)
    submit_wanted = Signal()
    example_wanted = Signal()
    query_changed = Signal()

    def __init__(self, stage: Stage, model: JobsModel, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage, self.model = stage, model
        self.filter = "all"
        self.make_head()
        self.make_table(thumbnails)
        self.empty = EmptyView(stage, "drop", "jobs.empty_title", "jobs.empty_detail")
        choose = self.empty.add_button("jobs.choose_scene", "primary")
        choose.clicked.connect(self.submit_wanted)
        self.example = self.empty.add_button("jobs.try_example", "link")
        self.example.clicked.connect(self.example_wanted)
        self.nothing = EmptyView(stage, "search", "jobs.nothing_title", "jobs.nothing_detail")
        self.views = QStackedWidget()
        for view in (QWidget(), self.table, self.empty, self.nothing):
            self.views.addWidget(view)
        layout = column(
            row(stage.label("jobs.title", "title"), None, self.search, self.new),
            self.chips,
            self.views,
            gap=16,
            margin=PAGE,
        )
        layout.setContentsMargins(PAGE, PAGE, PAGE, 0)
        self.setLayout(layout)
        self.make_actions()
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            signal.connect(self.choose_view)
        self.choose_view()

    def make_head(self) -> None:
        """Make the search field, the filters and the button for a new job."""
        words = self.stage.words
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(240)
        words.bind(self.search, lambda: self.search.setPlaceholderText(words.say("jobs.search")))
        self.stage.name(self.search, "jobs.search")
        self.typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self.typing.timeout.connect(self.query_changed)
        self.search.textChanged.connect(lambda _: self.typing.start())
        self.new = self.stage.caption(QPushButton(), "jobs.new")
        self.new.setObjectName("primary")
        self.stage.icons.set_on(self.new, "plus", "accent_text")
        # A button's text takes its shortcut away, so this comes after it each time.
        words.bind(self.new, self.show_shortcut)
        self.new.clicked.connect(self.submit_wanted)
        self.group = QButtonGroup(self)
        buttons = []
        for name in FILTERS:
            chip = self.stage.caption(QPushButton(), f"jobs.filter_{name}")
            chip.setObjectName("chip")
            chip.setCheckable(True)
            chip.setChecked(name == "all")
            chip.clicked.connect(lambda _=False, name=name: self.choose_filter(name))
            self.group.addButton(chip)
            buttons.append(chip)
        self.chips = row(*buttons, None, gap=8)

    def show_shortcut(self) -> None:
        """Let a new job be begun by keyboard, and say so."""
        self.new.setShortcut(NEW)
        self.new.setToolTip(f"{self.stage.words.say('jobs.new')}  ({NEW})")

    def make_table(self, thumbnails: Thumbnails) -> None:
        """Make the table itself."""
        self.table = QTableView()
        self.table.setModel(self.model)
        self.rows = JobRows(self.stage, thumbnails)
        self.table.setItemDelegate(self.rows)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setShowGrid(False)
        self.table.setMouseTracking(True)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(False)
        self.sort = ("created", DESCENDING)
        header.sectionClicked.connect(self.choose_sort)
        self.table.selectionModel().currentChanged.connect(lambda *_: self.select_current())
        self.table.activated.connect(self.open_index)
        self.table.doubleClicked.connect(self.open_index)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self.show_menu)
        self.stage.name(self.table, "jobs.title")
        thumbnails.arrived.connect(self.draw_cover)
        bar = self.table.verticalScrollBar()
        bar.valueChanged.connect(lambda _: self.read_ahead())
        bar.rangeChanged.connect(lambda *_: self.read_ahead())
        self.stage.theme.bind(self.table, lambda: self.table.viewport().update())

    def select_current(self) -> None:
        """Select where the keyboard is, if nothing is selected: it shows, and can be acted on."""
        if not self.table.selectionModel().hasSelection():
            self.table.selectRow(self.table.currentIndex().row())

    def read_ahead(self) -> None:
        """Ask for the next page before the last one is seen to its end."""
        bar = self.table.verticalScrollBar()
        if bar.maximum() - bar.value() < SCREENS_AHEAD * bar.pageStep():
            self.model.fetchMore()

    def draw_cover(self, job: str, number: int | None) -> None:
        """Draw a job's picture that has come."""
        row = self.model.rows.get(job)
        if number is COVER and row is not None:
            self.table.update(self.model.index(row, Column.NAME))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Leave enough room for names."""
        room = self.width() - 2 * PAGE
        for place, width in (NARROW_WIDTHS if room < NARROW else WIDTHS).items():
            self.table.setColumnWidth(place, width)
        self.table.setColumnHidden(Column.TIME, room < NARROWEST)
        super().resizeEvent(event)

    def make_actions(self) -> None:
        """Make what can be done with the jobs that are chosen, for menus and by keyboard."""
        self.actions_by_verb: dict[str, QAction] = {}
        for verb in VERBS:
            self.actions_by_verb[verb] = self.make_action(verb)

    def make_action(self, verb: str) -> QAction:
        """Make one thing that can be done with jobs."""
        stage, action = self.stage, QAction(self)
        icon, shortcut, _ = VERBS[verb]
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda: self.order(verb))
        stage.theme.bind(action, lambda: action.setIcon(stage.icons.icon(icon)))
        stage.words.bind(action, lambda: action.setText(stage.words.say(f"verbs.{verb}")))
        self.table.addAction(action)
        return action

    @property
    def query(self) -> dict[str, Any]:
        """Return which jobs are wanted and how they are sorted."""
        sort, order = self.sort
        return {
            "state": list(FILTERS[self.filter]),
            "text": self.search.text().strip(),
            "sort": sort,
            "order": order,
        }

    def choose_filter(self, name: str) -> None:
        """Show only some jobs."""
        self.filter = name
        self.query_changed.emit()

    def choose_sort(self, section: int) -> None:
        """Sort by a column, names from A on, else the most first; once more turns that round."""
        name = SORTS.get(Column(section), "created")
        order = ASCENDING if name == "name" else DESCENDING
        if self.sort == (name, order):
            order = DESCENDING if order == ASCENDING else ASCENDING
        self.sort = (name, order)
        self.model.mark_order(name, "↑" if order == ASCENDING else "↓")
        self.query_changed.emit()

    def make_sorts(self, menu: QMenu) -> QMenu:
        """Return a menu of what jobs can be sorted by: titles are out of the keyboard's reach."""
        sorts = QMenu(self.stage.words.say("jobs.sort"), menu)
        for place in SORTS:
            action = sorts.addAction(self.stage.words.say(self.model.titles[place]))
            action.triggered.connect(lambda _=False, place=place: self.choose_sort(place))
        return sorts

    def list_chosen(self) -> list[Job]:
        """Return the jobs that are selected."""
        return [self.model.get_at(one) for one in self.table.selectionModel().selectedRows()]

    def order(self, verb: str) -> None:
        """Say what is to be done with the jobs that are selected."""
        fit = VERBS[verb][2]
        jobs = [job["id"] for job in self.list_chosen() if fit(job)]
        if not jobs:
            return
        if verb == "open":
            self.opened.emit(jobs[0])
        else:
            self.ordered.emit(verb, jobs)

    def open_index(self, index: QModelIndex) -> None:
        """Open a job."""
        self.opened.emit(self.model.get_at(index)["id"])

    def show_menu(self, at: QPoint) -> None:
        """Show what can be done with the jobs that are selected."""
        index = self.table.indexAt(at)
        if index.isValid() and not self.table.selectionModel().isSelected(index):
            self.table.selectionModel().select(
                index,
                QItemSelectionModel.SelectionFlag.ClearAndSelect
                | QItemSelectionModel.SelectionFlag.Rows,
            )
        chosen = self.list_chosen()
        menu = QMenu(self)
        for verb, action in self.actions_by_verb.items():
            if any(VERBS[verb][2](job) for job in chosen):
                menu.addAction(action)
        if chosen:
            menu.addSeparator()
            menu.addMenu(self.make_sorts(menu))
            menu.popup(self.table.viewport().mapToGlobal(at))

    def choose_view(self) -> None:
        """Show the table, or what to do where there are no jobs."""
        is_plain = self.filter == "all" and not self.search.text().strip()
        if self.model.items:
            self.views.setCurrentWidget(self.table)
        elif self.model.is_filled:
            self.views.setCurrentWidget(self.empty if is_plain else self.nothing)
