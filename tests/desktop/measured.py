"""Runs inside the process of the window that `make bench` measures: `measured DATA JOBS`."""

import gc
import json
import sys
import time
from collections.abc import Callable

BEGAN = time.perf_counter()

from pathlib import Path  # noqa: E402

import psutil  # noqa: E402
from PySide6.QtCore import QBuffer, QCoreApplication, Qt, QTimer  # noqa: E402
from PySide6.QtGui import QImage  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from desktop.application import make_app, make_collector, make_stage  # noqa: E402
from desktop.main_window import MainWindow  # noqa: E402
from desktop.preferences import Preferences  # noqa: E402

MEBIBYTE = 1024 * 1024
STEPS = 200
WHEEL_POINTS = 120
PAGES_READ = 30
REST_MS = 2_000


def main(data: Path, jobs: int) -> None:
    """Open the window, work it, and print what was measured as one line of JSON."""
    app = make_app()
    preferences = Preferences(data / "window-bench.ini")
    window = MainWindow(make_stage(app, preferences), preferences, data)
    window.show()
    app.processEvents()
    told: dict[str, tuple[float, str]] = {"window": (time.perf_counter() - BEGAN, "s")}

    def work() -> None:
        window.loaded.disconnect(work)
        told["first data"] = (time.perf_counter() - BEGAN - told["window"][0], "s")
        QTimer.singleShot(REST_MS, app, measure)

    def measure() -> None:
        rest = psutil.Process().memory_info().rss / MEBIBYTE
        told["memory at rest"] = (rest, "MiB")
        told["switching pages, slowest"] = (max(switch_pages()), "ms")
        read = read_on(window)
        told["pages of jobs read while scrolling, slowest frame"] = (max(read), "ms")
        show_many(window, jobs)
        times = sorted(scroll(window, far=True))
        told["100,000 jobs scrolled, median frame"] = (times[len(times) // 2], "ms")
        told["100,000 jobs scrolled, slowest frame"] = (times[-1], "ms")
        told["100,000 jobs by the wheel, slowest frame"] = (max(scroll(window, far=False)), "ms")
        app.quit()

    def switch_pages() -> list[float]:
        taken = []
        for name in ("money", "machines", "sync", "settings", "jobs"):
            began = time.perf_counter()
            window.show_page(name)
            app.processEvents()
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    window.loaded.connect(work)
    window.watch.start()
    make_collector(window)
    app.exec()
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def take_frame(app: QCoreApplication, act: Callable[[], object]) -> float:
    """Do something and let the window draw what comes of it; returns how long that took, in ms."""
    began = time.perf_counter()
    act()
    app.processEvents()
    return (time.perf_counter() - began) * 1000


def read_on(window: MainWindow) -> list[float]:
    """Scroll to the end again and again while pages come from the server."""
    app, bar, taken = QApplication.instance(), window.jobs_panel.table.verticalScrollBar(), []
    assert app is not None
    wanted = len(window.jobs.items) * PAGES_READ
    while len(window.jobs.items) < wanted and window.jobs.cursor is not None:
        taken.append(take_frame(app, lambda: bar.setValue(bar.value() + WHEEL_POINTS)))
    return taken


def show_many(window: MainWindow, jobs: int) -> None:
    """Show very many jobs, each with a picture that has to be decoded when it is first seen."""
    picture, file = QImage(320, 180, QImage.Format.Format_RGB32), QBuffer()
    picture.fill(Qt.GlobalColor.darkCyan)
    file.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(file, "PNG")  # type: ignore[call-overload]
    data, thumbnails = bytes(file.data().data()), window.thumbnails
    thumbnails.wanted.disconnect(window.jobs_wire.ask_thumbnail)
    thumbnails.wanted.connect(
        lambda job, number: QTimer.singleShot(
            0, thumbnails, lambda: thumbnails.put(job, number, data)
        )
    )
    many = [make_job() | {"id": f"bench-{at}", "name": f"shot {at}"} for at in range(jobs)]
    window.jobs.set_rows(many, None)
    gc.collect()  # from a server they come page by page, and so does the search through them


def scroll(window: MainWindow, *, far: bool) -> list[float]:
    """Scroll through all jobs, or some of them by the wheel, while news of them comes."""
    app, model = QApplication.instance(), window.jobs
    assert app is not None
    bar = window.jobs_panel.table.verticalScrollBar()
    app.processEvents()

    def act(step: int) -> None:
        bar.setValue(bar.maximum() * step // STEPS if far else WHEEL_POINTS * step)
        row = window.jobs_panel.table.rowAt(0)
        model.put_job(model.items[row] | {"state": "running"})
        model.note_progress({"job": model.items[row + 1]["id"], "frame": 1, "fraction": 0.5})

    return [take_frame(app, lambda step=step: act(step)) for step in range(STEPS)]  # type: ignore[misc]


def make_job() -> dict[str, object]:
    """Return a job as the server tells it."""
    counts = dict.fromkeys(("waiting", "rendering", "failed", "cancelled", "reused"), 0)
    return {
        "id": "bench",
        "name": "shot",
        "state": "completed",
        "reason": {"code": "done", "title": "", "detail": ""},
        "frames": counts | {"total": 10, "done": 10},
        "fraction": 1.0,
        "cost_micros": 5_000,
        "held_micros": 0,
        "estimate": None,
        "eta_ms": None,
        "render_ms": 2000,
        "range": "1-10",
        "renderer": None,
        "created_at_ms": 0,
        "started_at_ms": 1,
        "finished_at_ms": 2000,
        "live": [],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
