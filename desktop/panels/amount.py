"""Amounts: a field for a sum of money that never means more than what stands in it."""

from PySide6.QtWidgets import QDoubleSpinBox, QPushButton

from desktop.figures import MICROS
from desktop.panels.layout import show_bare

YUAN_MAX = 1_000_000.0


class AmountField(QDoubleSpinBox):
    """A sum of yuan. Where none stands in it, it is none, and what it is for cannot be pressed.

    A spin box of its own goes back to the sum before, which nobody asked for.
    """

    def __init__(self, micros: int, accept: QPushButton, *, decimals: int = 2) -> None:
        super().__init__()
        self.accept_button = accept
        self.setDecimals(decimals)
        self.setRange(0, YUAN_MAX)
        self.setPrefix("¥ ")
        show_bare(self)
        parts = 10**decimals
        self.setValue(-(-micros * parts // MICROS) / parts)  # upwards: a little less would not do
        self.valueChanged.connect(self.guard)
        self.lineEdit().textChanged.connect(self.guard)
        self.guard()

    @property
    def micros(self) -> int:
        """Return how much, in micro-yuan."""
        step = MICROS // int(10 ** self.decimals())
        return round(self.value() * MICROS / step) * step

    def guard(self) -> None:
        """Let it be accepted where a sum stands in it."""
        is_sum = self.lineEdit().hasAcceptableInput() and self.value() > 0
        self.accept_button.setEnabled(is_sum)

    def fixup(self, _: str) -> str:
        """Return what stands for nothing, or for what is no sum."""
        return f"{self.prefix()}0"
