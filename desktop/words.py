"""The window's words: one file per language, looked up by key and switched while it is open."""

import locale
import os
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QObject, QTranslator, Signal
from shiboken6 import isValid

LANGUAGES = ("en", "zh")
SYSTEM = "system"
QT_TRANSLATIONS = {"zh": "qtbase_zh_CN", "en": ""}
LOCALE_VARIABLES = ("YUNTU_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def find_folder() -> Path:
    """Return the folder of all that the window shows but does not compute."""
    return Path(str(files("resources"))) / "desktop"


def find_system_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return `zh` or `en`, as the system is set."""
    named = next((environ[name] for name in LOCALE_VARIABLES if environ.get(name)), "")
    named = named or locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"


def read_words(language: str) -> dict[str, str]:
    """Return a language's words by key, such as `jobs.title`."""
    text = (find_folder() / "words" / f"{language}.toml").read_text(encoding="utf-8")
    return {
        f"{part}.{name}": said
        for part, table in tomllib.loads(text).items()
        for name, said in table.items()
    }


class Words(QObject):
    """The words of the language that is chosen; what is bound is said again when it changes."""

    changed = Signal()

    def __init__(self, chosen: str = SYSTEM) -> None:
        super().__init__()
        self.bound: list[tuple[QObject, Callable[[], None]]] = []
        self.translator = QTranslator()
        self.chosen = self.language = ""
        self.table: dict[str, str] = {}
        self.choose(chosen)

    def choose(self, chosen: str) -> None:
        """Switch to `en`, `zh` or whatever the system speaks."""
        self.chosen = chosen
        language = chosen if chosen in LANGUAGES else find_system_language()
        if language == self.language:
            return
        self.language, self.table = language, read_words(language)
        self.translate_qt()
        self.bound = [(owner, apply) for owner, apply in self.bound if isValid(owner)]
        for _, apply in tuple(self.bound):
            apply()
        self.changed.emit()

    def translate_qt(self) -> None:
        """Let Qt's own dialogs speak the language too."""
        if QCoreApplication.instance() is None:
            return
        QCoreApplication.removeTranslator(self.translator)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        name = QT_TRANSLATIONS[self.language]
        if name and self.translator.load(name, folder):
            QCoreApplication.installTranslator(self.translator)

    def bind(self, owner: QObject, apply: Callable[[], None]) -> None:
        """Do something now and after every switch, as long as its owner lives."""
        self.bound.append((owner, apply))
        apply()

    def say(self, key: str, **params: Any) -> str:
        """Return the words for a key; with `count=1` those for one, where there are any."""
        if params.get("count") == 1 and f"{key}_one" in self.table:
            key = f"{key}_one"
        return self.table[key].format(**params)

    def explain(self, title: str, detail: str) -> str:
        """Return a title and what there is to say of it in one line."""
        return self.say("app.problem", title=title, detail=detail)

    def knows(self, key: str) -> bool:
        """Tell whether there are words for a key."""
        return key in self.table
