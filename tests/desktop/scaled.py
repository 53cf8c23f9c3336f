"""Opens every page and dialog of a window without a server; prints what is cut off or blurred.

`python -m tests.desktop.scaled FOLDER` is run with QT_SCALE_FACTOR set, once for each factor: Qt
reads that when it begins. With a second folder pictures are kept there too.
"""

import json
import sys
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from desktop.application import make_app, make_stage
from desktop.main_window import SIZE, SIZE_MIN, MainWindow
from desktop.preferences import Preferences
from tests.desktop.cuts import list_cut
from tests.desktop.screens import settle, wait

SETTLE_MS, FIT_MS_MAX = 40, 2_000
LONG = "Lanterns over the river on the fifteenth night of the first month, final, version 12"


def list_blurred(shown: QWidget) -> list[str]:
    """Return what is drawn with fewer pixels than the screen has."""
    ratio = shown.devicePixelRatioF()
    blurred = []
    for button in shown.findChildren(QAbstractButton):
        if button.isVisibleTo(shown) and not button.icon().isNull():
            size = button.iconSize()
            made = button.icon().pixmap(size, ratio, QIcon.Mode.Normal, QIcon.State.Off)
            if is_coarse(made, size, ratio):
                blurred.append(f"the icon of {button.text() or button.accessibleName()!r}")
    for label in shown.findChildren(QLabel):
        made = label.pixmap()
        if not label.isVisibleTo(shown) or made.isNull():
            continue
        if is_coarse(made, made.deviceIndependentSize().toSize(), ratio):
            blurred.append(f"a picture in {type(label.parent()).__name__}")
    return blurred


def is_coarse(made: QPixmap, size: QSize, ratio: float) -> bool:
    """Tell whether a picture has fewer pixels than its place on the screen."""
    return made.width() < round(size.width() * ratio) - 1 or made.devicePixelRatio() < ratio


def fill(window: MainWindow) -> None:
    """Show who uses the window, and what there is to spend."""
    window.take_person({"role": "admin"})
    window.job_panel.name.setText(LONG)
    window.side.set_person("Lantern keeper")
    window.side.set_balance("¥12,345.67")


def main(data: Path, album: Path | None) -> int:
    """Look at everything in both languages and at two sizes; print what is wrong, as JSON."""
    app = make_app()
    wrong: dict[str, list[str]] = {}
    for language in ("en", "zh"):
        preferences = Preferences(data / f"{language}.ini")
        preferences.language, preferences.theme = language, "light"
        window = MainWindow(make_stage(app, preferences), preferences, data)
        window.show()
        fill(window)
        for size in (SIZE, SIZE_MIN):
            window.resize(*size)
            for name, panel in window.panels.items():
                window.pages.setCurrentWidget(panel)
                settle(app, SETTLE_MS)
                wait(app, lambda: not any(list_cut(window)), FIT_MS_MAX)  # noqa: B023
                found = [*list_cut(window), *list_blurred(window)]
                if found:
                    wrong[f"{name} in {language} at {size[0]}"] = found
                if album is not None:
                    window.grab().save(str(album / f"{name}-{language}-{size[0]}.png"))
        window.close()
        window.deleteLater()
    print(json.dumps({"ratio": app.devicePixelRatio(), "wrong": wrong}, ensure_ascii=False))  # noqa: T201
    return 0


if __name__ == "__main__":
    folders = [Path(one) for one in sys.argv[1:]]
    sys.exit(main(folders[0], folders[1] if len(folders) > 1 else None))
