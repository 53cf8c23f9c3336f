"""Settings: language, colours, notices, where things are kept, and the server."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QWidget

from desktop.panels.elided import ElidedLabel
from desktop.panels.layout import PAGE, card, column, holder, row, scroller
from desktop.panels.store_card import StoreCard
from desktop.preferences import Preferences
from desktop.stage import Stage
from desktop.theme import SCHEMES
from desktop.words import LANGUAGES, SYSTEM

NOTICES = ("notify", "notify_waiting", "notify_away")
SWITCHES = (*NOTICES, "keep_awake", "keep_rendering")


class SettingsPanel(QWidget):
    """The page of settings."""

    language_chosen = Signal(str)
    theme_chosen = Signal(str)
    folder_wanted = Signal(str)
    log_wanted = Signal()
    restart_wanted = Signal()
    tour_wanted = Signal()
    page_wanted = Signal(str)

    def __init__(self, stage: Stage, preferences: Preferences, data: str) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage, self.preferences, self.data = stage, preferences, data
        self.language = self.make_choice("language", (SYSTEM, *LANGUAGES), preferences.language)
        self.language.activated.connect(
            lambda place: self.language_chosen.emit(self.language.itemData(place))
        )
        self.theme = self.make_choice("theme", SCHEMES, preferences.theme)
        self.theme.activated.connect(
            lambda place: self.theme_chosen.emit(self.theme.itemData(place))
        )
        self.switches = {}
        for name in SWITCHES:
            switch = stage.caption(QCheckBox(), f"settings.{name}")
            switch.setChecked(getattr(preferences, name))
            switch.toggled.connect(lambda on, name=name: setattr(preferences, name, on))
            self.switches[name] = switch
        self.store = StoreCard(stage)
        content = column(
            *self.make_section(
                "look",
                self.make_line("settings.language", self.language),
                self.make_line("settings.theme", self.theme),
            ),
            *self.make_section("notices", *(self.switches[name] for name in NOTICES)),
            *self.make_section(
                "behaviour", self.switches["keep_awake"], self.switches["keep_rendering"]
            ),
            *self.make_section(
                "rendering",
                self.make_way("settings.renderers", "machines"),
                self.make_way("settings.limits", "sync"),
            ),
            *self.make_section("store", self.store),
            *self.make_section("folders", self.make_folder()),
            *self.make_section("server", self.make_server()),
            *self.make_section("help", self.make_tour()),
            None,
            gap=12,
        )
        content.setContentsMargins(0, 0, 12, PAGE)
        inner = holder(content)
        inner.setMaximumWidth(760)
        layout = column(stage.label("settings.title", "title"), scroller(inner), gap=16)
        layout.setContentsMargins(PAGE, PAGE, PAGE - 12, 0)
        self.setLayout(layout)

    def make_section(self, name: str, *items: QWidget) -> tuple[QWidget | int, ...]:
        """Return a heading and a card below it."""
        heading = self.stage.label(f"settings.section_{name}", "heading")
        return heading, card(*items, gap=14), 10

    def make_line(self, key: str, field: QWidget) -> QWidget:
        """Return a field with its name before it."""
        field.setFixedWidth(240)
        return holder(row(self.stage.label(key), None, field))

    def make_choice(self, name: str, values: tuple[str, ...], chosen: str) -> QComboBox:
        """Return a list to choose one value from."""
        box, words = QComboBox(), self.stage.words
        for value in values:
            box.addItem(value, value)
        box.setCurrentIndex(max(0, box.findData(chosen)))

        def say() -> None:
            box.setAccessibleName(words.say(f"settings.{name}"))
            for place, value in enumerate(values):
                box.setItemText(place, words.say(f"settings.{name}_{value}"))

        words.bind(box, say)
        return box

    def make_way(self, key: str, page: str) -> QWidget:
        """Return what is set on another page, with a button that leads there."""
        show = self.stage.caption(QPushButton(), "settings.show")
        show.clicked.connect(lambda: self.page_wanted.emit(page))
        return holder(row(self.stage.label(key), None, show))

    def make_tour(self) -> QWidget:
        """Return the button that shows the tour again."""
        show = self.stage.caption(QPushButton(), "tour.again")
        show.clicked.connect(self.tour_wanted)
        return holder(row(show, None))

    def make_folder(self) -> QWidget:
        """Return where everything is kept, with a button that shows it."""
        where = ElidedLabel("quiet", Qt.TextElideMode.ElideMiddle)
        where.setText(self.data)
        show = self.stage.caption(QPushButton(), "settings.show")
        show.clicked.connect(lambda: self.folder_wanted.emit(self.data))
        return holder(row(column(self.stage.label("settings.data"), where, gap=2), None, show))

    def make_server(self) -> QWidget:
        """Return how the server is, with its log and a button to start it anew."""
        self.server, self.server_state = QLabel(), "starting"
        self.stage.words.bind(self.server, self.show_server)
        self.server.setObjectName("quiet")
        log = self.stage.caption(QPushButton(), "settings.log")
        log.clicked.connect(self.log_wanted)
        self.restart = self.stage.caption(QPushButton(), "settings.restart")
        self.restart.clicked.connect(self.restart_wanted)
        name = self.stage.label("settings.local_server")
        return holder(row(column(name, self.server, gap=2), None, log, self.restart))

    def set_admin(self, is_admin: bool) -> None:
        """Let admins alone end the server or change the bucket's key: others use both."""
        self.restart.setVisible(is_admin)
        self.store.change.setVisible(is_admin)

    def set_server(self, state: str) -> None:
        """Show how the server is."""
        self.server_state = state
        self.show_server()

    def show_server(self) -> None:
        """Write how the server is."""
        self.server.setText(self.stage.words.say(f"server.{self.server_state}"))
