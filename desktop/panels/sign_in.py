"""Signing in and signing up, at a workstation that several people use."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.client import Problem
from desktop.panels.layout import card, row
from desktop.stage import Stage

WIDTH = 400
IN, UP, FORGOTTEN, RESET = "in", "up", "forgotten", "reset"
"""What the page is about: who it is, somebody new, or a password that is set anew."""


class SignInPanel(QWidget):
    """The page that asks who it is."""

    sign_in_wanted = Signal(str, str)
    sign_up_wanted = Signal(str, str, str)
    code_wanted = Signal(str)
    reset_wanted = Signal(str, str, str)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.kind = IN
        self.may_sign_up = False
        self.by_mail = False
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
        self.code = self.make_field("sign_in.code")
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
        self.other.clicked.connect(self.turn_back)
        self.forgot = stage.caption(QPushButton(), "sign_in.forgot")
        self.forgot.setObjectName("flat")
        self.forgot.clicked.connect(lambda: self.turn(FORGOTTEN))
        self.hint = QLabel()
        self.hint.setObjectName("quiet")
        self.hint.setWordWrap(True)
        for field in (self.name, self.email, self.code, self.password):
            field.returnPressed.connect(self.send)
            field.textChanged.connect(lambda _: self.show_all())
        box = card(
            logo,
            self.title,
            self.hint,
            self.name,
            self.email,
            self.code,
            self.password,
            self.problem,
            self.button,
            self.other,
            self.forgot,
            gap=14,
            margin=32,
        )
        box.setFixedWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(row(None, box, None))  # aligned, it would be too low for lines that wrap
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
        self.may_sign_up, self.kind = may_sign_up, IN
        self.password.clear()
        self.problem.clear()
        self.show_all()
        self.name.setFocus()

    def turn(self, kind: str) -> None:
        """Sign in, make an account, or set a forgotten password anew."""
        self.kind = kind
        self.problem.clear()
        self.password.clear()
        self.code.clear()
        self.show_all()

    def turn_back(self) -> None:
        """Make an account instead of signing in, and from everywhere else back to signing in."""
        self.turn(UP if self.kind == IN else IN)

    def set_code_sent(self, told: dict[str, bool]) -> None:
        """Ask for the code: it comes by mail, or from an admin."""
        self.by_mail = told["mail"]
        self.turn(RESET)
        self.code.setFocus()

    def show_all(self) -> None:
        """Write everything anew."""
        say, kind = self.stage.words.say, self.kind
        self.title.setText(say(f"sign_in.title_{kind}"))
        self.button.setText(say(f"sign_in.do_{kind}"))
        self.other.setText(say("sign_in.other_in" if kind == IN else "sign_in.other_up"))
        self.other.setVisible(self.may_sign_up or kind != IN)
        self.forgot.setVisible(kind == IN)
        self.email.setVisible(kind == UP)
        self.code.setVisible(kind == RESET)
        self.password.setVisible(kind != FORGOTTEN)
        self.name.setPlaceholderText(say("people.name" if kind == UP else "sign_in.name"))
        new = say("sign_in.password" if kind == IN else "sign_in.new_password")
        self.password.setPlaceholderText(new)
        hints = {FORGOTTEN: "sign_in.hint_forgotten"}
        hints[RESET] = "sign_in.hint_mail" if self.by_mail else "sign_in.hint_admin"
        self.hint.setText(say(hints[kind]) if kind in hints else "")
        self.hint.setVisible(kind in hints)
        self.problem.setVisible(bool(self.problem.text()))
        needed = {FORGOTTEN: (self.name,), RESET: (self.name, self.code, self.password)}
        fields = needed.get(kind, (self.name, self.password))
        self.button.setEnabled(all(field.text().strip() for field in fields))

    def send(self) -> None:
        """Say who it is."""
        if not self.button.isEnabled():
            return
        self.button.setEnabled(False)
        name, password = self.name.text().strip(), self.password.text()
        if self.kind == UP:
            self.sign_up_wanted.emit(name, password, self.email.text().strip())
        elif self.kind == FORGOTTEN:
            self.code_wanted.emit(name)
        elif self.kind == RESET:
            self.reset_wanted.emit(name, self.code.text().strip(), password)
        else:
            self.sign_in_wanted.emit(name, password)

    def show_problem(self, problem: Problem) -> None:
        """Say why it did not work."""
        self.problem.setText(self.stage.words.explain(problem.title, problem.detail))
        self.show_all()
