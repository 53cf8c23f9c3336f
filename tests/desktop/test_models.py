"""Models keep Qt's contract whatever is fed to them, and stay quick with 100,000 rows."""

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QMenu
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.models.frames import FramesModel
from desktop.models.jobs import Column, JobsModel
from desktop.models.table import TableColumn, TableModel
from desktop.panels.bill import make_bill_model
from desktop.panels.job import TABS
from desktop.panels.jobs import JobsPanel
from desktop.panels.money import make_statement_model
from desktop.stage import Stage
from desktop.thumbnails import Thumbnails
from desktop.words import Words
from tests.desktop.artist import SHOW_MS_MAX, render_dropped, wait_for_state, write_scene
from tests.desktop.screens import list_kinds
from tests.end_to_end.running_farm import RunningFarm

MANY = 100_000


def make_job(number: int, **told: Any) -> dict[str, Any]:
    """Return a job as the server tells it."""
    counts = {"total": 10, "waiting": 6, "rendering": 0, "done": 4, "failed": 0}
    return {
        "id": f"job-{number}",
        "name": f"shot {number}",
        "state": "running",
        "reason": {"code": "rendering", "title": "rendering", "detail": ""},
        "frames": counts | {"cancelled": 0, "reused": 0},
        "fraction": 0.4,
        "cost_micros": number,
        "eta_ms": 1000,
        "render_ms": 2000,
        "live": [],
    } | told


def make_frame(number: int, **told: Any) -> dict[str, Any]:
    """Return a frame as the server tells it."""
    return {
        "frame": number,
        "state": "waiting",
        "reason": None,
        "render_ms": None,
        "reused": False,
        "amount_micros": None,
        "warnings": [],
        "has_thumbnail": False,
    } | told


def test_jobs(qtmodeltester: ModelTester, qtbot: QtBot) -> None:
    """Pages, news and removals."""
    model = JobsModel(Words("en"))
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    with qtbot.waitSignal(model.page_wanted):
        model.begin()
    model.set_rows([make_job(number) for number in range(50)], "50")
    model.fetchMore()
    assert not model.canFetchMore(), "one page at a time"
    model.add_rows([make_job(number) for number in range(49, 80)], None)
    assert len(model.items) == 80
    model.put_job(make_job(900))
    model.put_job(make_job(10, state="completed"))
    model.remove_job("job-20")
    assert model.data(model.index(0, Column.NAME)) == "shot 900"
    assert model.get_job("job-10") == make_job(10, state="completed")
    model.note_progress({"job": "job-11", "frame": 5, "fraction": 0.5})
    row = model.rows["job-11"]
    assert model.items[row]["fraction"] == 0.45
    model.set_rows([make_job(30)], None)
    model.note_progress({"job": "job-11", "frame": 6, "fraction": 0.5})
    assert {one["id"]: one["fraction"] for one in model.list_open()}["job-11"] == 0.5
    model.set_open([make_job(30), make_job(40)])
    model.put_job(make_job(40, state="paused"), on_top=False)
    model.hide_job("job-30")
    assert [one["id"] for one in model.list_open()] == ["job-30"]
    model.remove_job("job-30")
    assert not model.open
    assert not model.items
    model.words.choose("zh")
    assert model.headerData(0, Qt.Orientation.Horizontal) == "场景"


def test_jobs_are_sorted(qtbot: QtBot, stage: Stage) -> None:
    """By the titles or by the menu; the column says which way, and the others nothing."""
    model = JobsModel(stage.words)
    panel = JobsPanel(stage, model, Thumbnails())
    qtbot.addWidget(panel)
    model.setParent(panel)
    menu = QMenu(panel)
    by_name, by_state, by_cost = panel.make_sorts(menu).actions()
    told = []
    for action in (by_name, by_name, by_cost, by_cost, by_state):
        action.trigger()
        titles = [model.headerData(one, Qt.Orientation.Horizontal)[-1] for one in Column]
        told.append((panel.query["sort"], panel.query["order"], "".join(titles)))
    assert told == [
        ("name", "asc", "↑este"),
        ("name", "desc", "↓este"),
        ("cost", "desc", "ees↓e"),
        ("cost", "asc", "ees↑e"),
        ("state", "desc", "e↓ste"),
    ]


def test_frames(qtmodeltester: ModelTester) -> None:
    """States at once, the rest when it comes."""
    model = FramesModel(Words("en"))
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    model.begin("job-1")
    model.put_page([make_frame(number) for number in range(1, 21)])
    model.note_progress(3, 0.5)
    assert model.frames[2]["state"] == "rendering"
    model.note_event(3, "done")
    model.put_page([make_frame(3, state="done", has_thumbnail=True, render_ms=900)])
    assert model.list_pictured() == [3]
    assert "900 ms" in model.data(model.index(2), Qt.ItemDataRole.ToolTipRole)
    model.begin("job-2")
    assert model.rowCount() == 0


def test_tables(qtmodeltester: ModelTester, qtbot: QtBot, stage: Stage) -> None:
    """Statements and bills."""
    entry = {"at_ms": 0, "kind": "mint", "job": None, "frame": None, "reason": None}
    statement = make_statement_model(stage, str)
    qtmodeltester.check(statement)  # type: ignore[no-untyped-call]
    statement.set_rows([entry | {"amount_micros": 5_000_000}], "next")
    statement.fetchMore()
    statement.add_rows([entry | {"amount_micros": 1_284, "kind": "settle", "job": "a"}], None)
    assert [statement.data(statement.index(row, 3)) for row in (0, 1)] == [
        "+¥5.000000",
        "−¥0.001284",
    ]
    first = dict(statement.items[0])
    with qtbot.waitSignal(statement.rowsInserted), qtbot.assertNotEmitted(statement.modelReset):
        statement.add_newer([entry | {"amount_micros": 7, "kind": "hold"}, first], "next")
    assert [one["kind"] for one in statement.items] == ["hold", "mint", "settle"]
    assert statement.cursor is None, "the end of what is known is where it was"
    statement.add_newer([entry | {"amount_micros": 9, "kind": "mint"}], "next")
    assert len(statement.items) == 1, "too much has happened since, or it is somebody else's"
    bill = make_bill_model(stage)
    qtmodeltester.check(bill)  # type: ignore[no-untyped-call]
    line = {"frame": 1, "node": None, "attempt": 1, "render_ms": 5, "cores": 2, "rate_micros": 1}
    bill.set_rows([line | {"discount_basis_points": 1000, "amount_micros": 7, "reused": False}])
    assert bill.data(bill.index(0, 6)) == "−10 %"


def test_a_hundred_thousand_jobs() -> None:
    """One job's news among very many takes no time that anybody would notice."""
    model = JobsModel(Words("en"))
    model.set_rows([make_job(number) for number in range(MANY)], None)
    began = time.process_time()
    for number in range(0, MANY, 1000):
        model.put_job(make_job(number, state="completed"))
        model.note_progress({"job": f"job-{number + 1}", "frame": 1, "fraction": 0.1})
    per_change = (time.process_time() - began) / 200
    assert per_change < 0.005, "a change costs as much as the whole list"


def test_a_table_of_no_rows(qtmodeltester: ModelTester) -> None:
    """Nothing is a table too."""
    model = TableModel(Words("en"), [TableColumn(title="money.when", show=str)])
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    assert model.rowCount() == 0


def test_every_model_of_a_window(
    qtmodeltester: ModelTester, qtbot: QtBot, window: MainWindow, farm: RunningFarm, tmp_path: Path
) -> None:
    """With what a real server tells, while it goes on telling."""
    models = {view.model() for view in window.findChildren(QAbstractItemView) if view.model()}
    ours = [one for one in models if type(one).__module__.startswith("desktop.")]
    assert {type(one) for one in ours} == list_kinds(QAbstractItemModel)
    assert len(ours) > len(list_kinds(QAbstractItemModel)), "there are several tables"
    for model in ours:
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    job = render_dropped(qtbot, window, write_scene(tmp_path, frames=2, ground="rgb 0.3"), frames=2)
    wait_for_state(qtbot, window, job, "completed")
    window.job_panel.tabs.setCurrentIndex(TABS.index("bill"))
    qtbot.waitUntil(lambda: window.job_panel.bill.model.rowCount() == 2, timeout=SHOW_MS_MAX)
    for name in ("money", "machines", "sync"):
        window.show_page(name)
    qtbot.waitUntil(lambda: window.money_panel.model.rowCount() > 4, timeout=SHOW_MS_MAX)
    farm.assert_paid_once(job)
    window.jobs_wire.order("delete", [job])
    qtbot.waitUntil(lambda: window.jobs.get_job(job) is None, timeout=SHOW_MS_MAX)
    for model in ours:
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]
