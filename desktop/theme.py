"""The theme: two palettes, light and dark, that follow the system or the user's own choice."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from desktop.words import SYSTEM, find_folder

FAMILIES = (
    "Inter",
    "Segoe UI Variable Text",
    "Segoe UI",
    "SF Pro Text",
    "Noto Sans",
    "PingFang SC",
    "Microsoft YaHei UI",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
)
"""Those for Latin letters come first: the others have them too, with the wide quotes of Chinese."""

MONOSPACE = ("JetBrains Mono", "SF Mono", "Cascadia Mono", "Noto Sans Mono CJK SC", "monospace")
SCHEMES = (SYSTEM, "light", "dark")


@dataclass(frozen=True, kw_only=True, slots=True)
class Colours:
    """The colours of a palette, by what they are for."""

    window: str
    side: str
    surface: str
    raised: str
    line: str
    text: str
    quiet: str
    faint: str
    accent: str
    accent_text: str
    accent_soft: str
    good: str
    bad: str
    wary: str
    bad_soft: str
    wary_soft: str
    good_soft: str


LIGHT = Colours(
    window="#f6f5f3",
    side="#efedea",
    surface="#ffffff",
    raised="#f1efec",
    line="#e3e0db",
    text="#1d1e22",
    quiet="#62646d",
    faint="#92949c",
    accent="#2f5fd8",
    accent_text="#ffffff",
    accent_soft="#e6ecfb",
    good="#1d8a5b",
    bad="#c4382b",
    wary="#a86a08",
    bad_soft="#fbe9e6",
    wary_soft="#faf0dc",
    good_soft="#e2f3ea",
)
DARK = Colours(
    window="#17181b",
    side="#131417",
    surface="#1f2024",
    raised="#292b30",
    line="#31333a",
    text="#ececee",
    quiet="#a3a5ae",
    faint="#777a84",
    accent="#7297ff",
    accent_text="#0f1422",
    accent_soft="#252e49",
    good="#5cc794",
    bad="#f0796c",
    wary="#e0ab55",
    bad_soft="#3c2523",
    wary_soft="#372d1b",
    good_soft="#1d3429",
)


class Theme(QObject):
    """The colours that are in force; what is bound is done again when they change."""

    changed = Signal()

    def __init__(self, app: QApplication, chosen: str = SYSTEM) -> None:
        super().__init__()
        self.app = app
        self.bound: list[tuple[QObject, Callable[[], None]]] = []
        self.chosen = ""
        self.colours = LIGHT
        self.made: dict[str, QColor] = {}
        self.template = Template((find_folder() / "window.qss").read_text(encoding="utf-8"))
        app.setStyle("Fusion")
        app.setFont(make_font(10.0))
        app.styleHints().colorSchemeChanged.connect(self.follow_system)
        self.choose(chosen)

    @property
    def is_dark(self) -> bool:
        """Tell whether the dark palette is in force."""
        return self.colours is DARK

    def choose(self, chosen: str) -> None:
        """Switch to `light`, `dark` or whatever the system shows."""
        self.chosen = chosen
        dark = chosen == "dark" or (chosen == SYSTEM and is_system_dark())
        self.colours = DARK if dark else LIGHT
        self.made.clear()
        # Qt replaces one stylesheet by another four times slower than none by one.
        self.app.setStyleSheet("")
        self.app.setPalette(make_palette(self.colours))
        self.app.setStyleSheet(self.template.substitute(self.list_values()))
        # Icons and hand-drawn views follow in the next event: together it would be felt.
        QTimer.singleShot(0, self, self.tell)

    def tell(self) -> None:
        """Let all that is bound take over the colours in force."""
        self.bound = [(owner, apply) for owner, apply in self.bound if isValid(owner)]
        for _, apply in tuple(self.bound):
            apply()
        self.changed.emit()

    def list_values(self) -> dict[str, str]:
        """Return what the stylesheet is filled with."""
        icons = (find_folder() / "icons").as_posix()
        return asdict(self.colours) | {"icons": icons}

    def follow_system(self) -> None:
        """Take over what the system has switched to, if that is the user's choice."""
        if self.chosen == SYSTEM:
            self.choose(SYSTEM)

    def bind(self, owner: QObject, apply: Callable[[], None]) -> None:
        """Do something now and after every switch, as long as its owner lives."""
        self.bound.append((owner, apply))
        apply()

    def colour(self, role: str) -> QColor:
        """Return a colour by what it is for."""
        found = self.made.get(role)
        if found is None:
            found = self.made[role] = QColor(getattr(self.colours, role))
        return found

    def state_colour(self, state: str) -> QColor:
        """Return the colour that stands for a state of a job or a frame."""
        return self.colour(STATE_ROLES.get(state, "faint"))


STATE_ROLES = {
    "pending": "faint",
    "queued": "faint",
    "waiting": "faint",
    "running": "accent",
    "rendering": "accent",
    "paused": "wary",
    "partial": "wary",
    "completed": "good",
    "done": "good",
    "failed": "bad",
    "cancelled": "faint",
}


def is_system_dark() -> bool:
    """Tell whether the system shows dark windows."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def make_font(points: float, *, weight: int = 400, tabular: bool = False) -> QFont:
    """Return our font; `tabular` figures are all of one width, so that columns of money align."""
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPointSizeF(points)
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if tabular:
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def make_monospace(points: float) -> QFont:
    """Return the font of logs."""
    font = QFont()
    font.setFamilies(list(MONOSPACE))
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPointSizeF(points)
    return font


def make_palette(colours: Colours) -> QPalette:
    """Return Qt's own palette for ours, for all that the stylesheet does not speak of."""
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: colours.window,
        roles.WindowText: colours.text,
        roles.Base: colours.surface,
        roles.AlternateBase: colours.raised,
        roles.Text: colours.text,
        roles.PlaceholderText: colours.faint,
        roles.Button: colours.surface,
        roles.ButtonText: colours.text,
        roles.ToolTipBase: colours.raised,
        roles.ToolTipText: colours.text,
        roles.Highlight: colours.accent,
        roles.HighlightedText: colours.accent_text,
        roles.Link: colours.accent,
        roles.Accent: colours.accent,
        roles.Light: colours.raised,
        roles.Mid: colours.line,
        roles.Dark: colours.line,
        roles.Shadow: colours.line,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return palette
