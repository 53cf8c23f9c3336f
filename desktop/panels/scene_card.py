"""Scene cards: a scene that is about to become a job: what was found in it, what it costs."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QProgressBar, QPushButton

from desktop.figures import show_duration, show_money, show_renderer, show_size
from desktop.panels.findings import Findings
from desktop.panels.layout import column, holder, line, row
from desktop.panels.missing_files import lacks_files
from desktop.panels.scene_settings import SceneSettings
from desktop.stage import Stage

SITES = ("here", "farm")
TYPING_MS = 700


class SceneCard(QFrame):
    """One scene: its check, its settings, its price, its button."""

    check_wanted = Signal(object)
    render_wanted = Signal(object)
    dismissed = Signal(object)

    def __init__(self, stage: Stage, scene: str, kept: dict[str, Any]) -> None:
        super().__init__()
        self.setObjectName("card")
        self.stage, self.scene = stage, scene
        self.check: dict[str, Any] | None = None
        self.problem: tuple[str, str] | None = None
        self.free_micros: int | None = None
        self.is_admin = True
        self.is_sending = False
        self.typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self.typing.timeout.connect(self.ask)
        self.settings = SceneSettings(stage, kept)
        self.settings.changed.connect(self.wait)
        self.findings = Findings(stage)
        self.make_site(kept)
        self.make_price()
        self.setLayout(
            column(
                self.make_head(),
                self.busy,
                self.findings,
                self.settings,
                line(),
                row(self.price_box, None, self.site, self.button),
                gap=16,
                margin=22,
            )
        )
        stage.words.bind(self, self.show_all)

    def make_head(self) -> Any:
        """Make the scene's name and where it lies."""
        name = QLabel(Path(self.scene).name)
        name.setObjectName("subtitle")
        where = QLabel(str(Path(self.scene).parent))
        where.setObjectName("faint")
        self.facts = QLabel()
        self.facts.setObjectName("quiet")
        close = self.stage.tool("close", "submit.dismiss")
        close.clicked.connect(lambda: self.dismissed.emit(self))
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        return row(column(name, where, self.facts, gap=3), None, close)

    def make_site(self, kept: dict[str, Any]) -> None:
        """Make the choice of where the frames are rendered."""
        self.site = QComboBox()
        for site in SITES:
            self.site.addItem(site, site)
        self.site.setCurrentIndex(max(0, self.site.findData(kept.get("site", SITES[0]))))
        self.site.setFixedWidth(150)
        self.site.hide()
        self.stage.words.bind(self.site, self.name_sites)
        self.stage.name(self.site, "submit.site")

    def name_sites(self) -> None:
        """Write where the frames may be rendered."""
        for place, site in enumerate(SITES):
            self.site.setItemText(place, self.stage.words.say(f"sites.{site}"))

    def make_price(self) -> None:
        """Make the price and the button."""
        self.price = QLabel()
        self.price.setObjectName("hero")
        self.most = QLabel()
        self.most.setObjectName("quiet")
        self.most.setWordWrap(True)
        self.price_box = holder(column(self.price, self.most, gap=2))
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.button.setMinimumWidth(180)
        self.button.setMinimumHeight(34)
        self.button.clicked.connect(lambda: self.render_wanted.emit(self))

    @property
    def request(self) -> dict[str, Any]:
        """Return what is asked for."""
        return {"scene": self.scene} | self.settings.request

    @property
    def order(self) -> dict[str, Any]:
        """Return what is asked for when it is sent off."""
        rank = self.settings.looks.rank
        return self.request | {"site": self.site.currentData(), "priority": rank}

    # --- what it is told ---

    def set_farm(self, is_joined: bool) -> None:
        """Let the artist choose the farm, where one is joined."""
        self.site.setVisible(is_joined)

    def wait(self) -> None:
        """Ask again once whoever types pauses."""
        self.check = None
        self.show_all()
        self.typing.start()

    def look_in(self, folders: list[str]) -> None:
        """Look for missing files in other folders than before, if there are any missing."""
        missing = self.settings.missing
        lacks = self.check is not None and lacks_files(self.check)
        if folders != missing.folders and (lacks or missing.folders):
            missing.use_folders(folders)
            self.ask()

    def forget_check(self) -> None:
        """Show nothing of what was found."""
        self.check = self.problem = None
        self.show_all()

    def ask(self) -> None:
        """Say that the scene is to be checked."""
        self.forget_check()
        self.check_wanted.emit(self)

    def set_check(self, check: dict[str, Any]) -> None:
        """Show what was found."""
        self.check, self.problem = check, None
        self.settings.suggest(check)
        self.show_all()

    def set_problem(self, title: str, detail: str) -> None:
        """Show why the scene cannot be rendered, or was not taken."""
        self.problem, self.is_sending = (title, detail), False
        self.show_all()

    def set_free(self, free_micros: int) -> None:
        """Take in what there is to spend."""
        self.free_micros = free_micros
        self.show_all()

    def set_admin(self, is_admin: bool) -> None:
        """Take in whether whoever has too little may bring more in."""
        self.is_admin = is_admin
        self.show_all()

    def set_sending(self) -> None:
        """Show that the button was pressed."""
        self.is_sending = True
        self.show_all()

    # --- what is shown ---

    def show_all(self) -> None:
        """Write all that is known now."""
        words, check = self.stage.words, self.check
        is_checking = check is None and self.problem is None
        self.busy.setVisible(is_checking or self.is_sending)
        self.facts.setText(self.describe_facts() if check else words.say("submit.checking"))
        self.facts.setVisible(self.problem is None)
        self.show_findings()
        estimate = check["estimate"] if check else None
        if estimate is None:
            self.price.setText("–" if check or self.problem else "…")
            self.most.setText(words.say("submit.no_estimate") if check and check["ok"] else "")
        else:
            self.price.setText(f"≈ {show_money(estimate['p50_micros'])}")
            self.most.setText(self.describe_most(estimate))
        ready = bool(check and check["ok"] and not self.is_sending)
        self.button.setEnabled(ready and not self.lacks_money(estimate))
        self.button.setText(self.name_button())

    def show_findings(self) -> None:
        """List what was found, or why nothing could be."""
        found = self.check["findings"] if self.check else []
        self.settings.missing.offer(bool(self.check and lacks_files(self.check)))
        if self.problem is not None:
            title, detail = self.problem
            found = [{"severity": "blocker", "title": title, "detail": detail}]
        good = self.stage.words.say("submit.no_findings") if self.check else ""
        self.findings.show_all(found, good)

    def name_button(self) -> str:
        """Return what the button says: what pressing it will do."""
        words = self.stage.words
        if self.is_sending:
            return words.say("submit.sending")
        count = self.check["frames_total"] if self.check else 0
        if not count:
            return words.say("submit.render")
        return words.say("submit.render_frames", count=count)

    def lacks_money(self, estimate: dict[str, Any] | None) -> bool:
        """Tell whether there is less to spend than has to be held."""
        if estimate is None or self.free_micros is None:
            return False
        return bool(estimate["p90_micros"] > self.free_micros)

    def describe_most(self, estimate: dict[str, Any]) -> str:
        """Return what the scene costs at most and how long it takes."""
        words = self.stage.words
        most = show_money(estimate["p90_micros"])
        told = words.say(
            "submit.most", amount=most, time=show_duration(words, estimate["job_p50_ms"])
        )
        if self.lacks_money(estimate):
            assert self.free_micros is not None
            key = "submit.lacks" if self.is_admin else "submit.lacks_member"
            return f"{told}\n{words.say(key, free=show_money(self.free_micros))}"
        return told

    def describe_facts(self) -> str:
        """Return what the scene is, in a line."""
        assert self.check is not None
        check, facts = self.check, self.check["facts"]
        told = [show_renderer(check["renderer"])]
        if str(facts.get("engine") or "").lower() not in ("", check["renderer"]["name"]):
            told.append(str(facts["engine"]).replace("BLENDER_", "").replace("_", " ").capitalize())
        if facts.get("width"):
            told.append(f"{facts['width']} × {facts['height']}")
        if facts.get("camera"):
            told.append(str(facts["camera"]))
        package = check["package"]
        told.append(
            self.stage.words.say(
                "submit.files", count=package["files"], size=show_size(package["bytes"])
            )
        )
        return "  ·  ".join(told)
