"""Icons: drawn with one line weight, tinted for the palette that is in force."""

from functools import cached_property
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from desktop.theme import Theme
from desktop.words import find_folder

SIZES = (16, 20, 24, 32, 48, 64)


class Icons(QObject):
    """Makes icons and pixmaps, each once for a palette."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.texts: dict[str, str] = {}
        self.made: dict[tuple[str, str], QIcon] = {}
        theme.bind(self, self.made.clear)

    @cached_property
    def folder(self) -> Path:
        """Return where the drawings are."""
        return find_folder() / "icons"

    def icon(self, name: str, role: str = "quiet") -> QIcon:
        """Return a drawing in the colour of a role."""
        key = (name, role)
        if key not in self.made:
            icon, renderer = QIcon(), self.read(name, role)
            for size in SIZES:
                icon.addPixmap(draw_square(renderer, size))
            self.made[key] = icon
        return self.made[key]

    def draw(self, name: str, role: str, size: int, ratio: float = 1.0) -> QPixmap:
        """Return a drawing as a pixmap, `size` points square."""
        pixmap = draw_square(self.read(name, role), round(size * ratio))
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def read(self, name: str, role: str) -> QSvgRenderer:
        """Return a drawing in the colour of a role, ready to be drawn at any size."""
        if name not in self.texts:
            self.texts[name] = (self.folder / f"{name}.svg").read_text(encoding="utf-8")
        tinted = self.texts[name].replace("currentColor", self.theme.colour(role).name())
        return QSvgRenderer(QByteArray(tinted.encode()))

    def set_on(self, button: QAbstractButton, name: str, role: str = "quiet") -> None:
        """Give a button an icon that keeps up with the palette."""
        self.theme.bind(button, lambda: button.setIcon(self.icon(name, role)))


def draw_square(renderer: QSvgRenderer, pixels: int) -> QPixmap:
    """Return a drawing as a pixmap, so many pixels square."""
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return pixmap
