"""What is shown where there is nothing yet: what it is for, and the one thing to do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout

from desktop.stage import Stage


class EmptyView(QFrame):
    """A drawing, a line, a quieter line and buttons, in the middle of an empty page."""

    def __init__(self, stage: Stage, icon: str, title: str, detail: str) -> None:
        super().__init__()
        self.stage = stage
        picture = QLabel()
        stage.theme.bind(
            picture,
            lambda: picture.setPixmap(
                stage.icons.draw(icon, "faint", 56, picture.devicePixelRatioF())
            ),
        )
        self.title = stage.label(title, "subtitle")
        self.detail = stage.label(detail, "quiet")
        self.detail.setWordWrap(True)
        self.buttons = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        # All as wide as the page: what stands in the middle of it is given too little height.
        for widget, gap in ((picture, 14), (self.title, 4), (self.detail, 18)):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(widget)
            layout.addSpacing(gap)
        layout.addLayout(self.buttons)
        layout.addStretch(3)

    def add_button(self, key: str, style: str = "") -> QPushButton:
        """Add a button below the words."""
        button = self.stage.caption(QPushButton(), key)
        button.setObjectName(style)
        self.buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button
