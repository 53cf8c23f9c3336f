"""The stage that all panels stand on: their words, their colours, their icons, the clock."""

import time
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtWidgets import QAbstractButton, QLabel, QToolButton, QWidget

from desktop.icons import Icons
from desktop.theme import Theme
from desktop.words import Words

ButtonT = TypeVar("ButtonT", bound=QAbstractButton)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What every panel is given."""

    words: Words
    theme: Theme
    icons: Icons

    def now_ms(self) -> int:
        """Return the time, in milliseconds since 1970."""
        return int(time.time() * 1000)

    def label(self, key: str, style: str = "", parent: QWidget | None = None) -> QLabel:
        """Return a label that says a key's words in whatever language is chosen."""
        label = QLabel(parent)
        label.setObjectName(style)
        self.words.bind(label, lambda: label.setText(self.words.say(key)))
        return label

    def caption(self, button: ButtonT, key: str) -> ButtonT:
        """Let a button say a key's words."""
        self.words.bind(button, lambda: button.setText(self.words.say(key)))
        return button

    def name(self, widget: QWidget, key: str) -> None:
        """Let screen readers call a widget by a key's words."""
        self.words.bind(widget, lambda: widget.setAccessibleName(self.words.say(key)))

    def tool(
        self, icon: str, key: str, shortcut: str = "", parent: QWidget | None = None
    ) -> QToolButton:
        """Return a button with nothing but an icon; its words are its tooltip and its name."""
        button = QToolButton(parent)
        self.icons.set_on(button, icon)
        if shortcut:
            button.setShortcut(shortcut)

        def say() -> None:
            text = self.words.say(key)
            button.setToolTip(f"{text}  ({shortcut})" if shortcut else text)
            button.setAccessibleName(text)

        self.words.bind(button, say)
        return button
