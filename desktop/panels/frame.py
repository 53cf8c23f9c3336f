"""The frame around all pages: where one is, how the server is, and what was just done."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QMenu, QPushButton, QWidget

from desktop.panels.layout import PAGE, column, row
from desktop.stage import Stage

PAGES = ("jobs", "money", "machines", "sync", "people", "settings")
SERVER_ROLES = {
    "starting": "wary",
    "restarting": "wary",
    "ready": "good",
    "offline": "faint",
    "out": "bad",
    "failed": "bad",
    "stopped": "faint",
}
TOAST_MS = 6_000


class Side(QWidget):
    """The side of the window: its name, its pages, and how the server is."""

    chosen = Signal(str)
    server_clicked = Signal()
    sign_out_wanted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(212)
        self.stage = stage
        self.server_state = "starting"
        logo = QLabel()
        stage.theme.bind(
            logo,
            lambda: logo.setPixmap(
                stage.icons.draw("yuntu", "accent", 34, logo.devicePixelRatioF())
            ),
        )
        names = column(
            stage.label("app.name", "wordmark"),
            stage.label("app.subtitle", "wordmark-quiet"),
            gap=0,
        )
        self.group = QButtonGroup(self)
        self.buttons = {}
        for place, name in enumerate(PAGES):
            self.buttons[name] = self.make_button(name, f"Ctrl+{place + 1}")
        self.set_admin(False)
        self.balance = QLabel()
        self.balance.setObjectName("heading")
        self.balance_name = stage.label("money.balance", "caption")
        self.balance_box = QWidget()
        self.balance_box.setLayout(column(self.balance_name, self.balance, gap=1))
        self.balance_box.hide()
        self.person = QPushButton()
        self.person.setObjectName("nav")
        stage.icons.set_on(self.person, "user")
        self.person.hide()
        menu = QMenu(self.person)
        leave = menu.addAction("")
        leave.triggered.connect(self.sign_out_wanted)
        stage.words.bind(leave, lambda: leave.setText(stage.words.say("sign_in.sign_out")))
        self.person.setMenu(menu)
        self.server = QPushButton()
        self.server.setObjectName("nav")
        self.server.clicked.connect(self.server_clicked)
        layout = column(
            row(logo, names, None, gap=10),
            18,
            *self.buttons.values(),
            None,
            self.balance_box,
            4,
            self.person,
            self.server,
            gap=4,
        )
        layout.setContentsMargins(14, 20, 14, 14)
        self.setLayout(layout)
        self.balance_box.setContentsMargins(12, 0, 0, 4)
        stage.words.bind(self, self.show_server)
        stage.theme.bind(self, self.show_server)

    def make_button(self, name: str, shortcut: str) -> QPushButton:
        """Return the button that leads to a page."""
        stage, button = self.stage, QPushButton()
        button.setObjectName("nav")
        button.setCheckable(True)
        button.setIconSize(QSize(20, 20))
        stage.icons.set_on(button, name)

        def say() -> None:
            text = stage.words.say(f"{name}.title")
            button.setText(text)
            button.setToolTip(f"{text}  ({shortcut})")
            button.setShortcut(shortcut)  # a button's text takes its shortcut away

        stage.words.bind(button, say)
        button.clicked.connect(lambda: self.chosen.emit(name))
        self.group.addButton(button)
        return button

    def choose(self, name: str) -> None:
        """Mark a page as the one that is shown."""
        self.buttons[name].setChecked(True)

    def set_balance(self, text: str) -> None:
        """Show what there is to spend."""
        self.balance.setText(text)
        self.balance_box.show()

    def set_person(self, name: str | None) -> None:
        """Show who has signed in; "" at one's own workstation, None while nobody is known."""
        self.person.setText(name or "")
        self.person.setVisible(bool(name))
        for button in self.buttons.values():
            button.setEnabled(name is not None)
        if name is None:
            self.balance_box.hide()

    def set_admin(self, is_admin: bool) -> None:
        """Show the pages that are for admins, or do not."""
        self.buttons["people"].setVisible(is_admin)

    def set_server(self, state: str) -> None:
        """Show how the server is."""
        self.server_state = state
        self.show_server()

    def show_server(self) -> None:
        """Write how the server is, with a mark in the colour that goes with it."""
        words = self.stage.words
        self.server.setText(words.say(f"server.{self.server_state}"))
        self.server.setToolTip(words.say(f"server.{self.server_state}_detail"))
        role = SERVER_ROLES[self.server_state]
        self.server.setIcon(self.stage.icons.icon("dot", role))


class Banner(QWidget):
    """A line above a page: something is not as it should be, and what can be done."""

    second_clicked = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.stage = stage
        self.action: Callable[[], None] | None = None
        self.title = QLabel()
        self.title.setObjectName("heading")
        self.detail = QLabel()
        self.detail.setObjectName("quiet")
        self.detail.setWordWrap(True)
        self.first = QPushButton()
        self.first.clicked.connect(self.act)
        self.second = QPushButton()
        self.second.clicked.connect(self.second_clicked)
        inner = row(column(self.title, self.detail, gap=2), self.first, self.second)
        inner.setStretch(0, 1)
        inner.setContentsMargins(16, 12, 12, 12)
        self.plate = QFrame()
        self.plate.setLayout(inner)
        layout = column(self.plate)
        layout.setContentsMargins(PAGE, 16, PAGE, 0)
        self.setLayout(layout)
        self.say: Callable[[], tuple[str, ...]] = tuple
        stage.words.bind(self, self.say_all)
        self.hide()

    def show_words(
        self,
        style: str,
        say: Callable[[], tuple[str, ...]],
        *,
        action: Callable[[], None] | None = None,
    ) -> None:
        """Show a title, a sentence, and up to two buttons, as `say` returns them in any language.

        `action` is what the first button does.
        """
        self.say, self.action = say, action
        self.plate.setObjectName(style)
        self.plate.style().polish(self.plate)
        self.say_all()
        self.show()

    def say_all(self) -> None:
        """Write it all in the language that is chosen."""
        title, detail, *buttons = (*self.say(), "", "", "", "")[:4]
        self.title.setText(title)
        self.detail.setText(detail)
        for button, text in zip((self.first, self.second), buttons, strict=True):
            button.setText(text)
            button.setVisible(bool(text))

    def withdraw(self, style: str) -> None:
        """Be gone, unless what is shown is of another style and so about something else."""
        if self.plate.objectName() == style:
            self.hide()

    def act(self) -> None:
        """Do what is offered, and be gone."""
        self.hide()
        if self.action is not None:
            self.action()


class Toast(QFrame):
    """What was just done, over the page for some seconds, with the way to undo it."""

    undone = Signal()
    expired = Signal()

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.stage = stage
        self.text = QLabel()
        self.text.setWordWrap(False)
        self.button = QPushButton()
        self.button.clicked.connect(self.undo)
        layout = row(self.text, self.button, gap=18)
        layout.setContentsMargins(18, 10, 12, 10)
        self.setLayout(layout)
        self.timer = QTimer(self, singleShot=True, interval=TOAST_MS)
        self.timer.timeout.connect(self.expire)
        parent.installEventFilter(self)
        self.hide()

    def show_text(self, text: str, button: str = "") -> None:
        """Show what was done; what was shown before can no longer be undone."""
        if self.isVisible():
            self.expire()
        self.text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.show()
        self.raise_()
        self.place()
        self.timer.start()

    def undo(self) -> None:
        """Take back what was done."""
        self.timer.stop()
        self.hide()
        self.undone.emit()

    def expire(self) -> None:
        """Let what was done stand."""
        self.timer.stop()
        self.hide()
        self.expired.emit()

    def place(self) -> None:
        """Sit in the middle near the lower edge."""
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - 28)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep the place when the page changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False
