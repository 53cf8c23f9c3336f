"""The window's company: tray, sleep, tour and crash reports, which the window can do without."""

from typing import Any

from PySide6.QtCore import QObject

from desktop.crash_reports import CrashReports
from desktop.main_window import MainWindow
from desktop.panels.tour import TourDialog
from desktop.tray import Tray
from desktop.wakefulness import Wakefulness
from desktop.wires.job import open_folder


class Company(QObject):
    """Puts them together with a window."""

    def __init__(self, window: MainWindow, reports: CrashReports) -> None:
        super().__init__(window)
        self.window, self.reports = window, reports
        stage = window.stage
        self.tray = Tray(stage, window.jobs, window)
        self.wakefulness = Wakefulness(self)
        self.tray.opened.connect(self.bring_up)
        self.tray.quit_wanted.connect(window.close)
        window.jobs_wire.job_ended.connect(self.tell_end)
        window.jobs_wire.job_waiting.connect(self.tell_waiting)
        window.jobs.open_changed.connect(self.keep_awake)
        window.jobs.modelReset.connect(self.keep_awake)
        window.loaded.connect(self.offer_tour)
        window.settings_panel.tour_wanted.connect(self.show_tour)
        reports.written.connect(self.tell_crash)

    def bring_up(self) -> None:
        """Show the window in front of others."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def tell_end(self, job: dict[str, Any]) -> None:
        """Give word of a job that has ended: by the system, or in the window."""
        if self.window.preferences.notify and self.may_tell():
            self.show(self.tray.tell_end(job))

    def tell_waiting(self, job: dict[str, Any]) -> None:
        """Give word of a job that waits for somebody."""
        if self.window.preferences.notify_waiting and self.may_tell():
            self.show(self.tray.tell_waiting(job))

    def may_tell(self) -> bool:
        """Tell whether notices are wanted now; whoever looks at the window may see it all there."""
        return not (self.window.preferences.notify_away and self.window.isActiveWindow())

    def show(self, text: str) -> None:
        """Show a notice in the window where the system shows none."""
        if self.tray.icon is None and not self.window.toast.isVisible():
            self.window.toast.show_text(text)

    def keep_awake(self) -> None:
        """Keep the computer awake while it renders, if that is wanted."""
        wanted = self.window.preferences.keep_awake
        self.wakefulness.set_held(wanted and self.window.has_work())

    def offer_tour(self) -> None:
        """Show the tour to somebody who has never rendered anything here."""
        preferences = self.window.preferences
        if not preferences.toured and not self.window.jobs.items:
            preferences.toured = True
            self.show_tour()

    def show_tour(self) -> None:
        """Show the tour."""
        tour = TourDialog(self.window.stage, self.window)
        tour.example_wanted.connect(self.window.render_example)
        tour.open()

    def tell_crash(self, path: str) -> None:
        """Say that something went wrong, and where it is written down."""
        say = self.window.stage.words.say
        self.window.toast.show_text(say("crashes.now", path=path))

    def tell_last_crash(self, path: str) -> None:
        """Say that the last run died, and offer what is known of it."""
        if path:
            say = self.window.stage.words.say
            keys = ("crashes.last", "crashes.last_detail", "settings.show")
            folder = str(self.reports.folder)
            self.window.banner.show_words(
                "banner",
                lambda: tuple(say(key) for key in keys),
                action=lambda: open_folder(folder),
            )
