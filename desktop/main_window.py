"""The main window: makes panels, models and wires, and says which page is seen."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from desktop.background import Background
from desktop.client import Client
from desktop.events import Events
from desktop.live import Live
from desktop.models.frames import FramesModel
from desktop.models.jobs import JobsModel
from desktop.panels.bill import BillView
from desktop.panels.charts import load_charts
from desktop.panels.drop import DropSign
from desktop.panels.frame import Banner, Side, Toast
from desktop.panels.job import JobPanel
from desktop.panels.jobs import JobsPanel
from desktop.panels.layout import column, holder, row
from desktop.panels.machines import MachinesPanel
from desktop.panels.money import MoneyPanel
from desktop.panels.people import PeoplePanel
from desktop.panels.settings import SettingsPanel
from desktop.panels.sign_in import SignInPanel
from desktop.panels.submission import SubmissionPanel
from desktop.panels.sync import SyncPanel
from desktop.panels.viewer import ViewerPanel
from desktop.pictures import Pictures
from desktop.preferences import Preferences
from desktop.server_watch import ServerState, ServerWatch
from desktop.sign_in import SignIn
from desktop.stage import Stage
from desktop.thumbnails import Thumbnails
from desktop.wires.job import JobWire, open_folder
from desktop.wires.jobs import JobsWire
from desktop.wires.machines import MachinesWire
from desktop.wires.money import MoneyWire
from desktop.wires.people import PeopleWire
from desktop.wires.saving import Saving
from desktop.wires.server import ServerWire
from desktop.wires.studio import StudioWire
from desktop.wires.submission import SubmissionWire
from desktop.wires.sync import SyncWire

SIZE = (1280, 820)
SIZE_MIN = (940, 600)
EXAMPLE = ("scenes", "lanterns", "lanterns.blend")
EXAMPLE_FRAMES = "1-12"


class MainWindow(QMainWindow):
    """The window."""

    loaded = Signal()
    """The first page of jobs is shown."""

    loaded_ahead = Signal()
    """What will be needed soon has been loaded as well."""

    def __init__(self, stage: Stage, preferences: Preferences, data: Path) -> None:
        super().__init__()
        self.stage, self.preferences, self.data = stage, preferences, data
        self.watch = ServerWatch(data, language=stage.words.language, parent=self)
        self.client = Client(self)
        self.client.language = stage.words.language
        self.live = Live(self)
        self.background = Background(self)
        self.events = Events(self.client, self.live, self)
        self.sign_in = SignIn(self.client, data, self)
        self.is_known, self.early = False, list[str]()
        self.make_panels()
        self.make_wires()
        self.setMinimumSize(*SIZE_MIN)
        self.resize(*SIZE)
        stage.words.bind(self, lambda: self.setWindowTitle(stage.words.say("app.title")))
        if not preferences.geometry.isEmpty():
            self.restoreGeometry(preferences.geometry)
        self.show_page("jobs")

    # --- how it is put together ---

    def make_panels(self) -> None:
        """Make the models and the panels that show them."""
        stage = self.stage
        self.thumbnails = Thumbnails(self)
        self.pictures = Pictures(self)
        self.jobs = JobsModel(stage.words, self)
        self.frames = FramesModel(stage.words, self)
        self.side = Side(stage)
        self.banner = Banner(stage)
        self.jobs_panel = JobsPanel(stage, self.jobs, self.thumbnails)
        self.job_panel = JobPanel(stage, self.frames, self.thumbnails, BillView(stage))
        self.viewer = ViewerPanel(stage, self.frames, self.thumbnails, self.pictures)
        self.new_panel = SubmissionPanel(stage)
        self.money_panel = MoneyPanel(stage, self.jobs.name_job)
        self.machines_panel = MachinesPanel(stage)
        self.sync_panel = SyncPanel(stage)
        self.people_panel = PeoplePanel(stage)
        self.settings_panel = SettingsPanel(stage, self.preferences, str(self.data))
        self.sign_in_panel = SignInPanel(stage)
        self.panels: dict[str, QWidget] = {
            "sign_in": self.sign_in_panel,
            "jobs": self.jobs_panel,
            "job": self.job_panel,
            "viewer": self.viewer,
            "submission": self.new_panel,
            "money": self.money_panel,
            "machines": self.machines_panel,
            "sync": self.sync_panel,
            "people": self.people_panel,
            "settings": self.settings_panel,
        }
        self.pages = QStackedWidget()
        for panel in self.panels.values():
            self.pages.addWidget(panel)
        main = holder(column(self.banner, self.pages, gap=0))
        self.setCentralWidget(holder(row(self.side, main, gap=0)))
        self.toast = Toast(stage, main)
        self.drop_sign = DropSign(stage, main, self)
        self.drop_sign.dropped.connect(self.add_scenes)

    def make_wires(self) -> None:
        """Connect the panels with the client, and with each other."""
        client, stage = self.client, self.stage
        self.saving = Saving(stage, client, self)
        self.jobs_wire = JobsWire(
            stage,
            client,
            self.jobs,
            self.jobs_panel,
            self.thumbnails,
            self.toast,
        )
        self.job_wire = JobWire(
            stage, client, self.jobs_wire, self.frames, self.job_panel, self.saving
        )
        self.pictures.wanted.connect(self.job_wire.ask_picture)
        self.job_wire.picture_came.connect(self.pictures.put)
        self.submission_wire = SubmissionWire(client, self.new_panel, self.preferences)
        self.money_wire = MoneyWire(stage, client, self.money_panel, self.side, self.saving)
        self.money_wire.free_known.connect(self.new_panel.set_free)
        self.machines_wire = MachinesWire(client, self.machines_panel, self.jobs)
        self.sync_wire = SyncWire(client, self.sync_panel, self.settings_panel.store)
        self.people_wire = PeopleWire(stage, client, self.people_panel)
        self.server_wire = self.make_server_wire()
        self.studio_wire = StudioWire(stage, self.watch, self.sync_panel, self.data)
        self.studio_wire.connect_settings(self.settings_panel)
        self.studio_wire.key_changed.connect(self.sync_wire.sync)
        self.studio_wire.let_go.connect(self.close)
        for telling in (self.saving, self.people_wire, self.studio_wire):
            telling.told.connect(self.toast.show_text)
        self.sync_wire.met.connect(self.server_wire.show_met)
        self.sync_wire.invited.connect(
            lambda: self.toast.show_text(stage.words.say("sync.invited"))
        )
        for wire in (self.jobs_wire, self.job_wire, self.money_wire, self.sync_wire):
            self.events.happened.connect(wire.note_event)
        for take in (
            self.jobs.note_progress,
            self.job_wire.note_progress,
            self.machines_wire.note_progress,
        ):
            self.live.progress.connect(take)
        self.connect_pages()

    def connect_pages(self) -> None:
        """Let panels lead to each other."""
        jobs, job, new = self.jobs_panel, self.job_panel, self.new_panel
        self.side.chosen.connect(self.show_page)
        self.side.server_clicked.connect(lambda: self.show_page("settings"))
        jobs.opened.connect(self.open_job)
        jobs.submit_wanted.connect(new.choose_scenes)
        jobs.example_wanted.connect(self.add_example)
        job.back.connect(lambda: self.show_page("jobs"))
        job.frame_opened.connect(self.open_frame)
        self.viewer.back.connect(lambda: self.pages.setCurrentWidget(self.job_panel))
        self.viewer.log_wanted.connect(self.job_wire.show_log)
        new.back.connect(lambda: self.show_page("jobs"))
        new.scenes_added.connect(lambda _: self.show_page("submission"))
        new.submitted.connect(self.leave_submission)
        self.submission_wire.submitted.connect(self.show_submitted)
        money = self.money_panel
        money.job_opened.connect(self.open_job)
        settings = self.settings_panel
        settings.language_chosen.connect(self.choose_language)
        settings.theme_chosen.connect(self.choose_theme)
        settings.folder_wanted.connect(open_folder)
        settings.page_wanted.connect(self.show_page)
        self.machines_panel.own_wanted.connect(self.open_own_renderers)

    def make_server_wire(self) -> ServerWire:
        """Follow the server as it comes and goes, and whoever uses it."""
        wire = ServerWire(self.stage, self.client, self.watch, self.sign_in, self.data / "logs")
        wire.connect_frame(self.side, self.banner, self.toast, self.settings_panel)
        wire.connect_sign_in(self.sign_in_panel)
        wire.another.connect(self.thumbnails.forget_all)
        wire.gone.connect(self.live.stop)
        self.side.sign_out_wanted.connect(self.sign_out)
        self.sign_in.needed.connect(self.ask_who)
        self.sign_in.person_known.connect(self.take_person)
        self.sign_in.ready.connect(self.begin_work)
        self.events.begun.connect(self.load)
        self.jobs.modelReset.connect(self.loaded)
        self.live.connected.connect(self.load_ahead)
        return wire

    # --- pages ---

    def show_page(self, name: str) -> None:
        """Show a page."""
        if name != "job" and self.job_wire.job:
            self.job_wire.close()
        self.pages.setCurrentWidget(self.panels[name])
        self.side.choose(name if name in self.side.buttons else "jobs")
        if name == "money":
            self.money_wire.fill()
        elif name == "machines":
            self.machines_wire.fill()
        elif name in ("sync", "settings"):
            self.sync_wire.fill()
        elif name == "people":
            self.people_wire.fill()

    def open_job(self, id: str) -> None:
        """Show a job's page."""
        self.job_wire.open(id)
        self.pages.setCurrentWidget(self.job_panel)
        self.side.choose("jobs")

    def open_frame(self, number: int) -> None:
        """Show a frame of the open job at full size."""
        self.pages.setCurrentWidget(self.viewer)
        self.viewer.open(number)

    def add_scenes(self, scenes: list[str]) -> None:
        """Show scenes, ready to be rendered."""
        if self.pages.currentWidget() is self.sign_in_panel:
            self.early += scenes
        elif scenes:
            self.submission_wire.add_scenes(scenes)
            self.show_page("submission")

    def render_example(self) -> None:
        """Render the scene that comes with the program: that is how the tour ends."""
        self.add_example()
        self.submission_wire.awaited = self.new_panel.cards[-1]

    def add_example(self) -> None:
        """Show the scene that comes with the program, ready to be rendered."""
        scene = Path(str(files("resources"))).joinpath(*EXAMPLE)
        out = str(self.data / "example")
        self.submission_wire.add_scenes([str(scene)], out=out, frames=EXAMPLE_FRAMES)
        self.show_page("submission")

    def open_own_renderers(self) -> None:
        """Show the folder that takes descriptions of renderers of one's own."""
        folder = self.data / "renderers"
        folder.mkdir(exist_ok=True)
        open_folder(str(folder))

    def load_ahead(self) -> None:
        """Load what will be needed soon, before anybody waits for it."""
        self.background.start(load_charts, lambda _: self.loaded_ahead.emit())

    def show_submitted(self, job: dict[str, Any]) -> None:
        """Show the job that a scene has become, unless there are more scenes to send off."""
        self.jobs_wire.put_job(job, is_new=True)
        new = self.new_panel
        if len(new.cards) <= 1:
            self.open_job(job["id"])

    def leave_submission(self) -> None:
        """Go back to the jobs, if no job is shown already."""
        if self.pages.currentWidget() is self.new_panel:
            self.show_page("jobs")

    # --- who it is, and what is theirs ---

    def ask_who(self, may_sign_up: bool) -> None:
        """Show nothing of anybody until somebody signs in; scenes that nobody brought yet wait."""
        if not self.is_known:
            self.early += [card.scene for card in self.new_panel.cards]
        self.is_known = False
        self.live.stop()
        self.events.last = -1
        self.job_wire.close()
        self.jobs_wire.orders.clear()
        self.new_panel.clear()
        self.jobs.set_open([])
        self.jobs.set_rows([], None)
        self.side.set_person(None)
        self.sign_in_panel.begin(may_sign_up=may_sign_up)
        self.pages.setCurrentWidget(self.sign_in_panel)

    def sign_out(self) -> None:
        """Be nobody, once jobs are cancelled that were kept for an undo: nobody may do that."""
        if not self.jobs_wire.settle_before(self.sign_in.sign_out):
            self.sign_in.sign_out()

    def take_person(self, person: dict[str, Any]) -> None:
        """Offer what somebody may do by role."""
        is_admin = person["role"] == "admin"
        for one in (
            self.side,
            self.money_panel,
            self.job_panel,
            self.new_panel,
            self.sync_panel,
            self.settings_panel,
        ):
            one.set_admin(is_admin)

    def begin_work(self) -> None:
        """Ask for all there is, of whoever is known now."""
        self.is_known = True
        if self.pages.currentWidget() is self.sign_in_panel:
            self.show_page("jobs")
            scenes, self.early = self.early, []
            self.add_scenes(scenes)
        self.events.begin()

    def load(self) -> None:
        """Ask for all that is shown; what happens from now on is pushed."""
        self.jobs.begin()
        self.jobs_wire.ask_open()
        self.jobs_wire.send_waiting()
        self.job_wire.reload()
        self.money_wire.reload()
        self.sync_wire.fill()
        self.submission_wire.check_again()
        if self.pages.currentWidget() is self.machines_panel:
            self.machines_wire.fill()

    # --- looks ---

    def choose_language(self, chosen: str) -> None:
        """Switch the language; what the server says is asked for again."""
        self.preferences.language = chosen
        self.stage.words.choose(chosen)
        self.client.language = self.watch.language = self.stage.words.language
        self.new_panel.forget_checks()
        if self.watch.state == ServerState.FAILED:
            self.watch.start()  # what keeps it from starting, it says anew
        else:
            self.events.begin()

    def choose_theme(self, chosen: str) -> None:
        """Switch the colours."""
        self.preferences.theme = chosen
        self.stage.theme.choose(chosen)

    # --- the end ---

    def has_work(self) -> bool:
        """Tell whether jobs are under way, as far as is known."""
        return bool(self.jobs.open)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Keep the window's state, and end the server if nobody needs it any more.

        A move of house is never cut off: the window closes by itself once that has ended, or once
        the server knows that jobs are cancelled which were kept for an undo.
        """
        if self.studio_wire.hold():
            self.toast.show_text(self.stage.words.say("studio.wait"))
            event.ignore()
            return
        if self.jobs_wire.settle_before(self.close):
            event.ignore()
            return
        self.toast.expire()
        self.preferences.geometry = self.saveGeometry()
        keeps = self.preferences.keep_rendering and self.has_work()
        self.watch.stop(ends_server=not keeps)
        self.live.stop()
        event.accept()
