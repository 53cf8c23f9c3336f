"""Signing in and signing up, at a workstation that several people use."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.client import Problem
from desktop.panels.layout import card
from desktop.stage import Stage

WIDTH = 400


class SignInPanel(QWidget):
    """The page that asks who it is."""

    sign_in_wanted = Signal(str, str)
    sign_up_wanted = Signal(str, str, str)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.is_new = False
        self.may_sign_up = False
        logo = QLabel()
        stage.theme.bind(
            logo,
            lambda: logo.setPixmap(
                stage.icons.draw("yuntu", "accent", 56, logo.devicePixelRatioF())
            ),
        )
        self.title = QLabel()
        self.title.setObjectName("subtitle")
        self.name = self.make_field("sign_in.name")
        self.email = self.make_field("sign_in.email")
        self.password = self.make_field("sign_in.password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.problem = QLabel()
        self.problem.setObjectName("error")
        self.problem.setWordWrap(True)
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.button.clicked.connect(self.send)
        self.other = QPushButton()
        self.other.setObjectName("flat")
        self.other.clicked.connect(self.turn)
        self.hint = stage.label("sign_in.forgotten", "faint")
        self.hint.setWordWrap(True)
        for field in (self.name, self.email, self.password):
            field.returnPressed.connect(self.send)
            field.textChanged.connect(lambda _: self.show_all())
        box = card(
            logo,
            self.title,
            self.name,
            self.email,
            self.password,
            self.problem,
            self.button,
            self.other,
            self.hint,
            gap=14,
            margin=32,
        )
        box.setFixedWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(box, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        stage.words.bind(self, self.show_all)

    def make_field(self, key: str) -> QLineEdit:
        """Return a field that says what belongs into it."""
        field = QLineEdit()
        words = self.stage.words
        words.bind(field, lambda: field.setPlaceholderText(words.say(key)))
        self.stage.name(field, key)
        return field

    def begin(self, *, may_sign_up: bool) -> None:
        """Ask who it is."""
        self.may_sign_up, self.is_new = may_sign_up, False
        self.password.clear()
        self.problem.clear()
        self.show_all()
        self.name.setFocus()

    def turn(self) -> None:
        """Make an account instead, or sign in with one."""
        self.is_new = not self.is_new
        self.problem.clear()
        self.show_all()

    def show_all(self) -> None:
        """Write everything anew."""
        words, kind = self.stage.words, "up" if self.is_new else "in"
        self.title.setText(words.say(f"sign_in.title_{kind}"))
        self.button.setText(words.say(f"sign_in.title_{kind}"))
        self.other.setText(words.say(f"sign_in.other_{kind}"))
        self.other.setVisible(self.may_sign_up)
        self.email.setVisible(self.is_new)
        self.hint.setVisible(not self.is_new)
        self.problem.setVisible(bool(self.problem.text()))
        self.button.setEnabled(bool(self.name.text().strip() and self.password.text()))

    def send(self) -> None:
        """Say who it is."""
        if not self.button.isEnabled():
            return
        self.button.setEnabled(False)
        name, password = self.name.text().strip(), self.password.text()
        if self.is_new:
            self.sign_up_wanted.emit(name, password, self.email.text().strip())
        else:
            self.sign_in_wanted.emit(name, password)

    def show_problem(self, problem: Problem) -> None:
        """Say why it did not work."""
        self.problem.setText(f"{problem.title}. {problem.detail}")
        self.show_all()
