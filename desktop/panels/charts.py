"""Charts: bars over frames or days, in the palette's colours."""

import logging
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMargins
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.background import Background
from desktop.stage import Stage

if TYPE_CHECKING:
    import pyqtgraph

log = logging.getLogger(__name__)
BAR_WIDTH = 0.72
GAP_POINTS = 36
ROUNDING = 1e-6


def load_charts() -> Any:
    """Return the library that draws charts; to load it takes a fifth of a second the first time."""
    return import_module("pyqtgraph")


def find_gap(span: float, points: float) -> float:
    """Return how far apart an axis' marks are: 1, 2 or 5 of a power of ten, with room for words."""
    least = span * GAP_POINTS / max(points, GAP_POINTS)
    unit: float = 10.0 ** math.floor(math.log10(least))
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= least)


class BarChart(QWidget):
    """One row of bars; its plot is made when it is first seen.

    `show` says a height at the axis, with the decimals that tell it from its neighbours.
    """

    def __init__(self, stage: Stage, name: str, show: Callable[[float, int], str]) -> None:
        super().__init__()
        self.stage, self.show_value = stage, show
        self.bars: list[tuple[float, float, str]] = []
        self.ticks: list[tuple[float, str]] | None = None
        self.plot: pyqtgraph.PlotWidget | None = None
        self.background = Background(self)
        self.is_loading = False
        self.layout_ = QVBoxLayout(self)
        self.layout_.setContentsMargins(QMargins())
        self.setMinimumHeight(160)
        stage.words.bind(self, lambda: self.setAccessibleName(stage.words.say(name)))
        stage.theme.bind(self, self.draw)

    def set_bars(
        self, bars: Sequence[tuple[float, float, str]], ticks: list[tuple[float, str]] | None = None
    ) -> None:
        """Show bars: where, how high, and the role of their colour."""
        self.bars, self.ticks = list(bars), ticks
        self.draw()

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Have the plot made when it is first looked at."""
        if self.plot is None and not self.is_loading:
            self.is_loading = True
            self.background.start(load_charts, self.make_plot, self.give_up)
        super().showEvent(event)

    def give_up(self, error: Exception) -> None:
        """Say that there will be no chart."""
        log.error("charts cannot be drawn", exc_info=error)
        self.layout_.addWidget(self.stage.label("charts.broken", "quiet"))

    def make_plot(self, pyqtgraph: Any) -> None:
        """Make an empty plot with the library that draws it."""

        class ValueAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
            def tickSpacing(axis, low: float, high: float, points: float) -> Any:  # noqa: N802, N805
                # Of several gaps, as the library has them, each would have its own decimals.
                return [(find_gap(high - low, points), 0)]

            def tickStrings(axis, values: list[float], _: float, gap: float) -> list[str]:  # noqa: N802, N805
                decimals = max(0, math.ceil(-math.log10(gap) - ROUNDING))
                return [self.show_value(value, decimals) for value in values]

        class PlaceAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
            def tickSpacing(axis, low: float, high: float, points: float) -> Any:  # noqa: N802, N805
                return [(max(1, find_gap(high - low, points / 2)), 0)]  # there is no half a frame

        axes = {"left": ValueAxis("left"), "bottom": PlaceAxis("bottom")}
        self.plot = pyqtgraph.PlotWidget(axisItems=axes)
        # Else the library hides labels that are longer than those it has made room for.
        self.plot.getAxis("left").setStyle(hideOverlappingLabels=False)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setAntialiasing(True)
        self.layout_.addWidget(self.plot)
        self.draw()

    def draw(self) -> None:
        """Draw the bars anew."""
        if self.plot is None:
            return
        import pyqtgraph

        theme, plot = self.stage.theme, self.plot
        plot.clear()
        plot.setBackground(None)
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("faint"))
        ticks = None if self.ticks is None else [self.ticks]
        plot.getAxis("bottom").setTicks(ticks if self.bars else [[]])
        plot.getAxis("left").setTicks(None if self.bars else [[]])  # of nothing there is no measure
        plot.showGrid(y=True, alpha=0.12)
        for role in {role for _, _, role in self.bars}:
            places = [(x, height) for x, height, other in self.bars if other == role]
            plot.addItem(
                pyqtgraph.BarGraphItem(
                    x=[x for x, _ in places],
                    height=[height for _, height in places],
                    width=BAR_WIDTH,
                    pen=None,
                    brush=theme.colour(role),
                )
            )
        if self.bars:
            first, last = self.bars[0][0], self.bars[-1][0]
            plot.setXRange(first - 1, last + 1, padding=0)
            plot.setYRange(0, max(height for _, height, _ in self.bars) * 1.1 or 1, padding=0)
