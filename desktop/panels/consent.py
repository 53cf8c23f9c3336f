"""Consent: a job has used up what was agreed; its owner says whether it may cost more."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QLabel,
    QWidget,
)

from desktop.figures import MICROS, show_money
from desktop.panels.layout import column, show_bare
from desktop.stage import Stage

YUAN_MAX = 1_000_000.0
DECIMALS, STEP = 4, 10_000


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
        self.amount = QDoubleSpinBox()
        self.amount.setDecimals(DECIMALS)
        self.amount.setRange(1 / STEP, YUAN_MAX)
        self.amount.setPrefix("¥ ")
        self.amount.setValue(-(-expected_micros * STEP // MICROS) / STEP)
        show_bare(self.amount)
        self.amount.setAccessibleName(words.say("consent.most"))
        buttons = QDialogButtonBox()
        accept = buttons.addButton(
            words.say("consent.accept"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        accept.setObjectName("primary")
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

    @property
    def amount_micros(self) -> int:
        """Return what the whole job may cost, in micro-yuan."""
        return round(self.amount.value() * STEP) * (MICROS // STEP)
