"""Writes every screen in both languages, both palettes and two sizes: `make screenshots`.

A real server renders the scenes that come with the program, so that the pictures show what people
will see. Runs under any Qt platform; without a display it needs `QT_QPA_PLATFORM=offscreen`.
"""

import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from desktop.application import make_app, make_stage
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from tests.desktop.screens import SCENES, settle, show_every_screen, wait
from tests.end_to_end.running_farm import RunningFarm

ROOT = Path(__file__).parents[2]
OUT = ROOT / "build" / "screenshots"
SIZES = {"large": QSize(1440, 900), "small": QSize(960, 640)}
SETTLE_MS = 350
JPEG_QUALITY = 90
PICTURES = {"jobs", "job", "viewer", "submission", "money"}
"""Those that docs/pictures keeps, large, in English and light, and in Chinese and dark."""


class Album:
    """Takes the pictures of one language and palette."""

    def __init__(self, app: QApplication, window: MainWindow, look: str) -> None:
        self.app, self.window, self.look = app, window, look

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of a screen at every size, or of a dialog as it is."""
        sizes = SIZES if widget is None else {"dialog": widget.size()}
        for size_name, size in sizes.items():
            if widget is None:
                self.window.resize(size)
            settle(self.app, SETTLE_MS)
            wait(self.app, self.has_thumbnails)
            shown = widget or self.window
            shown.grab().save(str(OUT / f"{name}-{self.look}-{size_name}.png"))

    def has_thumbnails(self) -> bool:
        """Tell whether every small picture that was asked for has come."""
        return not (self.window.thumbnails.waiting or self.window.thumbnails.under_way)


def fill(farm: RunningFarm) -> str:
    """Render a few jobs; returns the one to look at."""
    farm.top_up(200)
    farm.submit("plum-tea", SCENES / "povray-tea" / "tea.pov", name="Plum tea, morning light")
    look = {"width": 480, "height": 270, "samples": 8}
    scene = SCENES / "lanterns" / "lanterns.blend"
    farm.submit("lanterns", scene, frames="1-12", name="Lantern festival 上元灯会", **look)
    for job in ("plum-tea", "lanterns"):
        farm.wait_for_rest(job, seconds=600)
    again = {"max_cost_micros": 100, "fresh": True, "name": "Pavilion at dusk"}
    farm.submit("pavilion", scene, frames="1-40", **(look | again))
    farm.wait_for_rest("pavilion", seconds=600)
    return "lanterns"


def take_album(farm: RunningFarm, job: str, folder: Path) -> None:
    """Take every picture."""
    app = make_app()
    for language in ("en", "zh"):
        for theme in ("light", "dark"):
            preferences = Preferences(folder / f"{language}-{theme}.ini")
            preferences.language, preferences.theme = language, theme
            window = MainWindow(make_stage(app, preferences), preferences, farm.data)
            window.show()
            window.watch.start()
            wait(app, lambda window=window: bool(window.jobs.items))  # type: ignore[misc]
            album = Album(app, window, f"{language}-{theme}")
            show_every_screen(app, window, job, album.take)
            window.close()
            window.deleteLater()


def keep_pictures(folder: Path) -> None:
    """Copy the few that the documentation shows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(PICTURES):
        for look in ("en-light", "zh-dark"):
            picture = QImage(str(OUT / f"{name}-{look}-large.png"))
            picture.save(str(folder / f"{name}-{look}.jpg"), quality=JPEG_QUALITY)


def main() -> None:
    """Write the pictures to build/screenshots, and with `--keep` some into docs/pictures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yuntu-screens-") as name:
        folder = Path(name)
        with RunningFarm(folder / "data") as farm:
            take_album(farm, fill(farm), folder)
    if "--keep" in sys.argv:
        keep_pictures(ROOT / "docs" / "pictures")


if __name__ == "__main__":
    main()
