"""Every screen of the window, shown one after the other: to be looked at, or to be checked."""

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, Qt
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QScrollArea, QWidget

from desktop.company import Company
from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.panels.job import TABS
from desktop.panels.sign_in import FORGOTTEN
from desktop.panels.studio_forms import FoundForm
from desktop.server_watch import ServerState

SCENES = Path(__file__).parents[2] / "resources" / "scenes"
WAIT_MS_MAX = 60_000
MANY_MICROS = 12_340_000
BUCKET = "oss://bucket/studio?region=cn-hangzhou"
LACKING = 'box { -1, 1 pigment { image_map { png "gone.png" } } }\n'
Look = Callable[[str, QWidget | None], None]
"""What is done at each screen: its name, and the dialog or menu, None for the window itself."""


def wait(app: QApplication, done: Callable[[], bool], ms_max: int = WAIT_MS_MAX) -> None:
    """Let the window go on until something is so, at most so long."""
    clock = QElapsedTimer()
    clock.start()
    while not done() and clock.elapsed() < ms_max:
        app.processEvents()


def settle(app: QApplication, ms: int) -> None:
    """Let the window go on for a moment: pictures come, layouts are made."""
    wait(app, lambda: False, ms)


def show_every_screen(app: QApplication, window: MainWindow, job: str, look: Look) -> None:
    """Show them all; `job` is one that is completed, and nobody is signed in afterwards."""
    show_jobs(app, window, look)
    show_job(app, window, job, look)
    show_pages(app, window, look)
    show_submission(app, window, look)
    show_dialogs(app, window, job, look)
    show_troubles(window, look)
    window.ask_who(True)
    look("sign-in", None)
    window.sign_in_panel.turn_back()
    look("sign-up", None)
    window.sign_in_panel.turn(FORGOTTEN)
    look("forgotten", None)
    window.sign_in_panel.set_code_sent({"mail": False})
    look("reset", None)


def show_jobs(app: QApplication, window: MainWindow, look: Look) -> None:
    """Show the list of jobs, what can be done with them, and a search that finds nothing."""
    window.show_page("jobs")
    panel, pictures = window.jobs_panel, window.thumbnails
    wait(app, lambda: not (pictures.under_way or pictures.waiting))
    look("jobs", None)
    panel.table.selectRow(0)
    panel.show_menu(panel.table.visualRect(window.jobs.index(0, 1)).center())
    look_at_menu(panel, "jobs-menu", look)
    panel.table.clearSelection()
    panel.search.setText("nothing is called so")
    wait(app, lambda: not window.jobs.items)
    look("jobs-nothing", None)
    panel.search.clear()
    wait(app, lambda: bool(window.jobs.items))
    kept = list(window.jobs.items)
    window.jobs.set_rows([], None)
    look("jobs-empty", None)
    window.jobs.set_rows(kept, None)


def show_job(app: QApplication, window: MainWindow, job: str, look: Look) -> None:
    """Show a job's pages, and one of its frames at full size."""
    window.open_job(job)
    wait(app, lambda: len(window.frames.list_pictured()) > 0)
    look("job", None)
    panel = window.job_panel
    panel.show_frame_menu(panel.grid.visualRect(window.frames.index(0)).center())
    look_at_menu(panel, "frame-menu", look)
    for place, name in enumerate(TABS[1:], start=1):
        panel.tabs.setCurrentIndex(place)
        look(f"job-{name}", None)
    panel.tabs.setCurrentIndex(TABS.index("chart"))
    panel.choose_measure("cost")
    panel.measures.buttons()[1].setChecked(True)
    look("job-cost", None)
    window.open_frame(window.frames.list_pictured()[0])
    wait(app, lambda: bool(window.pictures.kept))
    look("viewer", None)


def show_pages(app: QApplication, window: MainWindow, look: Look) -> None:
    """Show what is about money, machines, the studio, and the window itself."""
    window.show_page("money")
    window.money_wire.verify()
    wait(app, lambda: window.money_panel.audit is not None)
    look("money", None)
    window.show_page("machines")
    wait(app, lambda: window.machines_panel.renderers is not None)
    look("machines", None)
    scroll_down(window.machines_panel)
    look("machines-lower", None)
    window.show_page("sync")
    wait(app, lambda: window.sync_panel.standing is not None)
    look("studio", None)
    window.show_page("people")
    wait(app, lambda: bool(window.people_panel.model.items))
    window.people_panel.table.selectRow(0)
    look("people", None)
    window.show_page("settings")
    wait(app, lambda: bool(window.settings_panel.store.keys.text()))
    look("settings", None)
    scroll_down(window.settings_panel)
    look("settings-lower", None)


def show_submission(app: QApplication, window: MainWindow, look: Look) -> None:
    """Show a scene that is ready, and one that cannot be rendered."""
    scene = window.data.parent / "scenes" / "lanterns"
    shutil.copytree(SCENES / "lanterns", scene, dirs_exist_ok=True)
    window.add_scenes([str(scene / "lanterns.blend")])
    new = window.new_panel
    wait(app, lambda: new.cards[0].check is not None)
    look("submission", None)
    window.add_scenes([str(window.data / "missing.blend")])
    wait(app, lambda: new.cards[1].problem is not None or new.cards[1].check is not None)
    look("submission-problem", None)
    new.dismiss(new.cards[1])
    lacking = window.data / "lacking.pov"
    lacking.write_text(LACKING)
    window.preferences.texture_folders = [str(window.data / "logs")]
    window.add_scenes([str(lacking)])
    wait(app, lambda: new.cards[1].check is not None)
    wait(app, lambda: bool(new.cards[1].settings.missing.folders))
    wait(app, lambda: new.cards[1].check is not None)
    look("submission-missing", None)
    for card in tuple(new.cards):
        new.dismiss(card)


def show_dialogs(app: QApplication, window: MainWindow, job: str, look: Look) -> None:
    """Show whatever opens above the window."""
    window.money_panel.top_up.click()
    look_at_dialog(window, "top-up", look)
    window.money_panel.withdraw.click()
    look_at_dialog(window, "withdraw", look)
    panel = window.people_panel
    for name, button in (("add-person", panel.add), ("password", panel.password)):
        button.click()
        look_at_dialog(window, name, look)
    panel.table.selectRow(0)
    for name in ("top_up", "remove"):
        panel.deeds[name].click()
        look_at_dialog(window, f"person-{name}", look)
    window.sync_panel.join.click()
    look_at_dialog(window, "join", look)
    window.sync_panel.found.click()
    form = window.studio_wire.form
    assert isinstance(form, FoundForm)
    form.store.setText(BUCKET)
    look_at_dialog(window, "found", look)
    window.settings_panel.store.key_wanted.emit(BUCKET)
    look_at_dialog(window, "key", look)
    window.jobs_wire.ask_consent(job, MANY_MICROS)
    look_at_dialog(window, "consent", look)
    window.open_job(job)
    wait(app, lambda: len(window.frames.list_pictured()) > 0)
    window.job_wire.show_log(1)
    wait(app, lambda: bool(window.findChildren(QDialog)))
    look_at_dialog(window, "log", look)
    company = Company(window, CrashReports(window.data))
    company.show_tour()
    look_at_dialog(window, "tour", look)
    company.deleteLater()


def show_troubles(window: MainWindow, look: Look) -> None:
    """Show what is said when something is not as it should be, and what can be taken back."""
    window.show_page("jobs")
    say = window.stage.words.say
    window.toast.show_text(say("toasts.cancel", count=2), say("toasts.undo"))
    look("toast", None)
    window.toast.hide()
    window.watch.error = {}
    window.server_wire.show_server(ServerState.FAILED)
    look("server-failed", None)
    window.banner.hide()
    window.side.set_server("offline")
    look("offline", None)
    window.side.set_server("ready")


def list_kinds(kind: type[QObject]) -> set[type[QObject]]:
    """Return every kind of a thing that the window's own code makes, without those they share."""
    kinds: list[type[QObject]] = kind.__subclasses__()
    if not kinds:
        return {kind} if kind.__module__.startswith("desktop.") else set()
    return set().union(*(list_kinds(one) for one in kinds))


def scroll_down(page: QWidget) -> None:
    """Show the lower end of a page."""
    area = page.findChild(QScrollArea)
    assert area is not None
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())


def look_at_menu(parent: QWidget, name: str, look: Look) -> None:
    """Look at the menu that has just been opened, and close it."""
    menu = parent.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
    look(name, menu)
    menu.close()


def look_at_dialog(window: MainWindow, name: str, look: Look) -> None:
    """Look at the dialog that is open, and close it."""
    dialog = [one for one in window.findChildren(QDialog) if one.isVisible()][-1]
    look(name, dialog)
    dialog.close()
    dialog.deleteLater()
