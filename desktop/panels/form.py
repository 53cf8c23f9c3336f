"""Forms: a question with some fields, and one button that says what it does."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QWidget,
)

from desktop.panels.amount import AmountField
from desktop.panels.layout import column, holder
from desktop.stage import Stage

WIDTH = 460


class Form(QDialog):
    """Asks something; `sent` when the button is pressed. It stays until it is told to close."""

    sent = Signal()

    def __init__(
        self,
        stage: Stage,
        parent: QWidget,
        *,
        title: str,
        detail: str = "",
        accept: str,
        is_danger: bool = False,
    ) -> None:
        super().__init__(parent)
        self.stage = stage
        self.is_busy = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = stage.words
        self.setWindowTitle(words.say(title))
        head = stage.label(title, "subtitle")
        self.detail = QLabel(detail)
        self.detail.setObjectName("quiet")
        self.detail.setWordWrap(True)
        self.detail.setVisible(bool(detail))
        self.fields = column(gap=12)
        self.problem = QLabel()
        self.problem.setObjectName("error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.hide()
        self.buttons = QDialogButtonBox()
        self.accept_button = self.buttons.addButton(
            words.say(accept), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.accept_button.setObjectName("primary-danger" if is_danger else "primary")
        self.buttons.addButton(words.say("dialogs.cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.send)
        self.buttons.rejected.connect(self.reject)
        self.setLayout(
            column(
                head,
                self.detail,
                self.fields,
                self.problem,
                self.busy,
                8,
                self.buttons,
                gap=14,
                margin=24,
            )
        )
        head.setMinimumWidth(WIDTH)

    def event(self, event: QEvent) -> bool:
        """Grow when fields come: Qt lets lines that wrap press the others together."""
        if event.type() == QEvent.Type.LayoutRequest:
            QTimer.singleShot(0, self, self.fit)
        return super().event(event)

    def fit(self) -> None:
        """Be at least as high as what is shown needs at this width."""
        layout = self.layout()
        if layout is not None:
            self.setMinimumHeight(layout.totalHeightForWidth(self.width()))

    def add(self, key: str, field: QWidget) -> QWidget:
        """Add a field below its name; returns the two together, to be shown and hidden."""
        self.stage.name(field, key)
        box = holder(column(self.stage.label(key, "caption"), field, gap=5))
        self.fields.addWidget(box)
        return box

    def add_line(self, key: str, text: str = "", *, secret: bool = False) -> QLineEdit:
        """Add a line to write in."""
        field = QLineEdit(text)
        if secret:
            field.setEchoMode(QLineEdit.EchoMode.Password)
        self.add(key, field)
        return field

    def add_amount(self, key: str, micros: int) -> AmountField:
        """Add an amount of money."""
        field = AmountField(micros, self.accept_button)
        self.add(key, field)
        return field

    def send(self) -> None:
        """Say that it is meant, once, and wait for what comes of it."""
        if self.is_busy:
            return
        self.problem.hide()
        self.set_busy(True)
        self.sent.emit()

    def set_busy(self, is_busy: bool) -> None:
        """Show that something is under way."""
        self.is_busy = is_busy
        self.busy.setVisible(is_busy)
        self.accept_button.setDisabled(is_busy)

    def show_problem(self, words: str) -> None:
        """Say why it did not work; whoever asked may try again."""
        self.set_busy(False)
        self.problem.setText(words)
        self.problem.show()


def ask(form: Form, then: Callable[[], None]) -> None:
    """Ask for a yes, and do something once it is given."""
    form.sent.connect(form.accept)
    form.accepted.connect(then)
    form.open()


def show_once(form: Form, text: str) -> None:
    """Show a text that can be copied, and is not shown again."""
    field = QLineEdit(text)
    field.setReadOnly(True)
    form.add("dialogs.once", field)
    field.selectAll()
    form.sent.connect(lambda: QGuiApplication.clipboard().setText(text))
    form.sent.connect(form.accept)
    form.open()
