"""Money, times and sizes as people read them."""

import pytest
from pytestqt.qtbot import QtBot

from desktop.figures import (
    align_money,
    choose_unit_ms,
    show_duration,
    show_money,
    show_size,
    show_yuan,
)
from desktop.panels.charts import BarChart, find_gap
from desktop.panels.job_rows import JobRows
from desktop.stage import Stage
from desktop.thumbnails import Thumbnails
from desktop.words import Words
from tests.desktop.artist import LOAD_MS_MAX


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "¥0.00"),
        (1_284, "¥0.0013"),
        (40, "¥0.00"),
        (999_960, "¥1.00"),
        (1_000_000, "¥1.00"),
        (199_994_999, "¥199.99"),
        (199_995_000, "¥200.00"),
        (-2_500_000, "−¥2.50"),
        (12_345_678_900_000, "¥12,345,678.90"),
    ],
)
def test_money(micros: int, shown: str) -> None:
    """Two decimals are enough above a yuan; below, a frame's price has to be seen."""
    assert show_money(micros) == shown


def test_exact_money_has_every_digit_and_aligns() -> None:
    """Bills are added up by hand."""
    assert show_money(1_284, exact=True) == "¥0.001284"
    assert show_money(50_000_000, exact=True) == "¥50.00"
    assert align_money(1_280) == "¥0.001280"
    assert align_money(-2_500_000) == "−¥2.500000"


def test_durations() -> None:
    """Two units say enough."""
    words = Words("en")
    shown = [show_duration(words, ms) for ms in (None, 400, 1_500, 42_900, 61_000, 7_380_000)]
    assert shown == ["–", "400 ms", "1.5 s", "42 s", "1 min 1 s", "2 h 3 min"]
    assert show_duration(words, 3_600_000) == "1 h"


def test_sizes() -> None:
    """Binary units, three digits."""
    assert [show_size(one) for one in (0, 999, 8_800, 300 * 1024**2)] == [
        "0 B",
        "999 B",
        "8.6 KB",
        "300 MB",
    ]


def test_marks_at_an_axis_leave_room_for_words() -> None:
    """They are round, and as many as there is room for."""
    assert [find_gap(0.24, points) for points in (160, 300, 500)] == [0.1, 0.05, 0.02]
    assert [show_yuan(one, 3) for one in (0.0, 0.005, 1_200.0)] == [
        "¥0.000",
        "¥0.005",
        "¥1,200.000",
    ]


def test_marks_of_time_are_round(stage: Stage) -> None:
    """Whether frames take moments, minutes or hours."""
    words, told = stage.words, []
    for longest_ms in (800, 8_000, 540_000, 9_000_000):
        unit = choose_unit_ms(longest_ms)
        gap = find_gap(longest_ms / unit, 300)
        told.append([show_duration(words, round(by * gap * unit)) for by in (1, 2, 3)])
    assert told == [
        ["100 ms", "200 ms", "300 ms"],
        ["1.0 s", "2.0 s", "3.0 s"],
        ["2 min", "4 min", "6 min"],
        ["30 min", "1 h", "1 h 30 min"],
    ]


def test_frames_are_marked_by_their_numbers(qtbot: QtBot, stage: Stage) -> None:
    """By whole ones, however few they are."""
    chart = BarChart(stage, "job.tab_chart", show_yuan)
    qtbot.addWidget(chart)
    chart.show()
    qtbot.waitUntil(lambda: chart.plot is not None, timeout=LOAD_MS_MAX)
    assert chart.plot is not None
    axis = chart.plot.getAxis("bottom")
    chart.set_bars([(1.0, 0.5, "accent")])
    [(_, places)] = axis.tickValues(0, 2, 640)
    assert axis.tickStrings(places, 1.0, 1) == ["0", "1", "2"]


def test_what_matters_less_gives_way(stage: Stage) -> None:
    """A job's lines are not cut where something can be left out of them."""
    rows = JobRows(stage, Thumbnails())
    made = {"created_at_ms": stage.now_ms(), "range": "1-40"}
    job = made | {"renderer": {"name": "povray", "version": "3.7"}}
    assert rows.describe(job, 1_000) == "Frames 1-40 · POV-Ray 3.7 · just now"
    assert rows.describe(job, 60) == "Frames 1-40 · just now"
