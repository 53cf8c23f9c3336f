"""The tour: three steps for somebody who is here for the first time, and an example to render."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QWidget

from desktop.panels.layout import column, row
from desktop.stage import Stage

STEPS = (("drop", "drop"), ("money", "price"), ("image", "frames"))
"""Each step's drawing and words."""


class TourDialog(QDialog):
    """Shows the steps one after the other."""

    example_wanted = Signal()

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        self.stage = stage
        self.step = 0
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.picture = QLabel()
        self.title = QLabel()
        self.title.setObjectName("subtitle")
        self.text = QLabel()
        self.text.setObjectName("quiet")
        self.text.setWordWrap(True)
        self.dots = QLabel()
        self.dots.setObjectName("faint")
        self.skip = stage.caption(QPushButton(), "tour.skip")
        self.skip.setObjectName("flat")
        self.skip.clicked.connect(self.reject)
        self.next = QPushButton()
        self.next.setObjectName("primary")
        self.next.setDefault(True)
        self.next.clicked.connect(self.go_on)
        for label in (self.picture, self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(
            column(
                16,
                self.picture,
                8,
                self.title,
                self.text,
                None,
                row(self.skip, None, self.dots, None, self.next),
                gap=10,
                margin=28,
            )
        )
        self.setFixedSize(500, 360)
        stage.words.bind(self, self.show_step)
        stage.theme.bind(self, self.show_step)

    def show_step(self) -> None:
        """Write the step one is at."""
        words, (icon, name) = self.stage.words, STEPS[self.step]
        is_last = self.step == len(STEPS) - 1
        ratio = self.devicePixelRatioF()
        self.picture.setPixmap(self.stage.icons.draw(icon, "accent", 72, ratio))
        self.setWindowTitle(words.say("tour.title"))
        self.title.setText(words.say(f"tour.{name}_title"))
        self.text.setText(words.say(f"tour.{name}_text"))
        self.next.setText(words.say("tour.example" if is_last else "tour.next"))
        self.dots.setText(
            "  ".join("●" if step == self.step else "○" for step in range(len(STEPS)))
        )

    def go_on(self) -> None:
        """Go to the next step; the last one leads to the example."""
        if self.step + 1 < len(STEPS):
            self.step += 1
            self.show_step()
        else:
            self.accept()
            self.example_wanted.emit()
