"""The tour, as somebody takes it who has just installed the program: it ends with a picture."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.panels.tour import STEPS, TourDialog
from desktop.preferences import Preferences
from desktop.stage import Stage
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 240_000


def test_a_newcomer_sees_the_example_rendered(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """Without money, without another press of a button; what is rendered is paid like any job."""
    with RunningFarm(tmp_path / "data") as farm:
        window = MainWindow(stage, preferences, farm.data)
        qtbot.addWidget(window)
        window.show()
        company = Company(window, CrashReports(farm.data))
        with qtbot.waitSignal(window.loaded, timeout=MS_MAX):
            window.watch.start()
        [tour] = window.findChildren(TourDialog)
        with qtbot.waitSignal(window.submission_wire.submitted, timeout=MS_MAX) as sent:
            for _ in STEPS:
                tour.next.click()
        job = str(sent.args[0]["id"])
        assert window.pages.currentWidget() is window.job_panel
        qtbot.waitUntil(lambda: len(window.frames.list_pictured()) > 0, timeout=MS_MAX)
        number = window.frames.list_pictured()[0]
        qtbot.waitUntil(lambda: window.thumbnails.find(job, number) is not None, timeout=MS_MAX)
        farm.post(f"/jobs/{job}/cancel")
        farm.wait_for_rest(job)
        assert farm.get("/balance")["spent_micros"] > 0
        window.close()
        company.deleteLater()
