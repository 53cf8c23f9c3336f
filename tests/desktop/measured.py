"""Runs inside the process of the window that `make bench` measures: `measured DATA JOBS`."""

import json
import sys
import time

BEGAN = time.perf_counter()

from pathlib import Path  # noqa: E402

import psutil  # noqa: E402
from PySide6.QtCore import QTimer  # noqa: E402

from desktop.application import make_app, make_stage  # noqa: E402
from desktop.main_window import MainWindow  # noqa: E402
from desktop.preferences import Preferences  # noqa: E402

MEBIBYTE = 1024 * 1024
STEPS = 200
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
        times = sorted(scroll())
        told["100,000 jobs scrolled, median frame"] = (times[len(times) // 2], "ms")
        told["100,000 jobs scrolled, slowest frame"] = (times[-1], "ms")
        app.quit()

    def switch_pages() -> list[float]:
        taken = []
        for name in ("money", "machines", "sync", "settings", "jobs"):
            began = time.perf_counter()
            window.show_page(name)
            app.processEvents()
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    def scroll() -> list[float]:
        known = window.jobs.jobs or [make_job()]
        many = [known[at % len(known)] | {"id": f"bench-{at}"} for at in range(jobs)]
        window.jobs.set_first_page(many, None)
        bar, taken = window.jobs_panel.table.verticalScrollBar(), []
        app.processEvents()
        for step in range(STEPS):
            began = time.perf_counter()
            bar.setValue(bar.maximum() * step // STEPS)
            app.processEvents()
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    window.loaded.connect(work)
    window.watch.start()
    app.exec()
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


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
