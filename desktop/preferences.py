"""Preferences: what the user chose for this window, kept between launches."""

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from desktop.words import SYSTEM

SCENES_MAX = 200


class Preferences:
    """The user's choices, in a file beside the data they are about."""

    def __init__(self, file: Path) -> None:
        self.path = file
        self.store = QSettings(str(file), QSettings.Format.IniFormat)

    def read(self, name: str, default: Any) -> Any:
        """Return a value as it was kept, of the default's type."""
        value = self.store.value(name, default)
        if isinstance(default, bool):
            return value in (True, "true")
        return value

    @property
    def language(self) -> str:
        """The language: `system`, `en`, `zh`."""
        return str(self.read("look/language", SYSTEM))

    @language.setter
    def language(self, value: str) -> None:
        self.store.setValue("look/language", value)

    @property
    def theme(self) -> str:
        """The colours: `system`, `light`, `dark`."""
        return str(self.read("look/theme", SYSTEM))

    @theme.setter
    def theme(self, value: str) -> None:
        self.store.setValue("look/theme", value)

    @property
    def notify(self) -> bool:
        """Whether the desktop is told when jobs end."""
        return bool(self.read("behaviour/notify", True))

    @notify.setter
    def notify(self, value: bool) -> None:
        self.store.setValue("behaviour/notify", value)

    @property
    def notify_waiting(self) -> bool:
        """Whether the desktop is told when a job waits for money or consent."""
        return bool(self.read("behaviour/notify_waiting", True))

    @notify_waiting.setter
    def notify_waiting(self, value: bool) -> None:
        self.store.setValue("behaviour/notify_waiting", value)

    @property
    def notify_away(self) -> bool:
        """Whether the desktop is told only while the window is not in front."""
        return bool(self.read("behaviour/notify_away", False))

    @notify_away.setter
    def notify_away(self, value: bool) -> None:
        self.store.setValue("behaviour/notify_away", value)

    @property
    def keep_awake(self) -> bool:
        """Whether the computer is kept from sleeping while it renders."""
        return bool(self.read("behaviour/keep_awake", True))

    @keep_awake.setter
    def keep_awake(self, value: bool) -> None:
        self.store.setValue("behaviour/keep_awake", value)

    @property
    def keep_rendering(self) -> bool:
        """Whether jobs go on when the window is closed."""
        return bool(self.read("behaviour/keep_rendering", True))

    @keep_rendering.setter
    def keep_rendering(self, value: bool) -> None:
        self.store.setValue("behaviour/keep_rendering", value)

    @property
    def toured(self) -> bool:
        """Whether the tour was seen or skipped."""
        return bool(self.read("behaviour/toured", False))

    @toured.setter
    def toured(self, value: bool) -> None:
        self.store.setValue("behaviour/toured", value)

    @property
    def texture_folders(self) -> list[str]:
        """The folders in which files that scenes miss are looked for."""
        try:
            kept = json.loads(str(self.read("scenes/folders", "[]")))
        except ValueError:
            return []
        return [str(one) for one in kept] if isinstance(kept, list) else []

    @texture_folders.setter
    def texture_folders(self, value: list[str]) -> None:
        self.store.setValue("scenes/folders", json.dumps(value, ensure_ascii=False))

    @property
    def geometry(self) -> QByteArray:
        """Where the window was, and how large."""
        value = self.store.value("window/geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self.store.setValue("window/geometry", value)

    def recall_scene(self, scene: str) -> dict[str, Any]:
        """Return how a scene was rendered the last time."""
        kept = self.read_scenes().get(scene, {})
        return kept if isinstance(kept, dict) else {}

    def keep_scene(self, scene: str, request: dict[str, Any]) -> None:
        """Remember how a scene is rendered."""
        kept = self.read_scenes()
        kept.pop(scene, None)
        kept[scene] = {name: value for name, value in request.items() if name != "scene"}
        while len(kept) > SCENES_MAX:
            del kept[next(iter(kept))]
        self.store.setValue("scenes/kept", json.dumps(kept, ensure_ascii=False))

    def read_scenes(self) -> dict[str, Any]:
        """Return how every scene was rendered the last time."""
        try:
            kept = json.loads(str(self.read("scenes/kept", "{}")))
        except ValueError:
            return {}
        return kept if isinstance(kept, dict) else {}
