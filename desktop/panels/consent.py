"""Consent: a job has used up what was agreed; its owner says whether it may cost more."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QWidget,
)

from desktop.figures import show_money
from desktop.panels.amount import AmountField
from desktop.panels.layout import column
from desktop.stage import Stage


class ConsentDialog(QDialog):
    """Asks what the whole job may cost from now on; nothing more is held without a yes."""

    def __init__(self, stage: Stage, name: str, expected_micros: int, parent: QWidget) -> None:
        super().__init__(parent)
        words = stage.words
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.say("consent.title"))
        text = QLabel(words.say("consent.text", name=name, amount=show_money(expected_micros)))
        text.setObjectName("quiet")
        text.setWordWrap(True)
        buttons = QDialogButtonBox()
        accept = buttons.addButton(
            words.say("consent.accept"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        accept.setObjectName("primary")
        self.amount = AmountField(expected_micros, accept, decimals=4)
        self.amount.setAccessibleName(words.say("consent.most"))
        buttons.addButton(words.say("consent.refuse"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(
            column(
                stage.label("consent.title", "subtitle"),
                text,
                stage.label("consent.most", "caption"),
                self.amount,
                8,
                buttons,
                gap=12,
                margin=24,
            )
        )
        self.setMinimumWidth(440)
