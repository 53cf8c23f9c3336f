"""Submission: scenes that were dropped, what was found in them, what they cost, one button."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.figures import show_duration, show_money, show_renderer, show_size
from desktop.panels.layout import PAGE, clear_layout, column, holder, line, row, scroller
from desktop.stage import Stage

SITES = ("here", "farm")
SAMPLES_MAX = 1_000_000
TYPING_MS = 700
FINDINGS_SHOWN = 6


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
        self.is_sending = False
        self.typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self.typing.timeout.connect(self.ask)
        self.make_fields(kept)
        self.make_price()
        self.setLayout(
            column(
                self.make_head(),
                self.busy,
                self.findings_box,
                self.fields,
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
        self.findings = column(gap=8)
        self.findings_box = holder(self.findings)
        return row(column(name, where, self.facts, gap=3), None, close)

    def make_fields(self, kept: dict[str, Any]) -> None:
        """Make what can be set for the scene; `kept` is what it was the last time."""
        words = self.stage.words
        self.frames = QLineEdit(kept.get("frames") or "")
        self.frames.setPlaceholderText("1-100")
        self.out = QLineEdit(kept.get("out") or "")
        self.site = QComboBox()
        for site in SITES:
            self.site.addItem(site, site)
        self.site.setCurrentIndex(max(0, self.site.findData(kept.get("site", SITES[0]))))
        self.site.setFixedWidth(150)
        self.site.hide()
        words.bind(self.site, self.name_sites)
        self.stage.name(self.site, "submit.site")
        browse = self.stage.tool("folder", "submit.choose_out")
        browse.clicked.connect(self.choose_out)
        self.samples = QLineEdit(str(kept.get("samples") or ""))
        self.samples.setValidator(QIntValidator(1, SAMPLES_MAX, self.samples))
        self.allow = self.stage.caption(QCheckBox(), "submit.allow_missing")
        self.allow.setChecked(bool(kept.get("allow_missing")))
        words.bind(
            self.samples, lambda: self.samples.setPlaceholderText(words.say("submit.as_in_scene"))
        )
        self.frames.textEdited.connect(lambda _: self.wait())
        self.out.textEdited.connect(lambda _: self.wait())
        self.samples.textEdited.connect(lambda _: self.wait())
        self.allow.toggled.connect(lambda _: self.wait())
        pairs = []
        for key, field in (("frames", self.frames), ("samples", self.samples)):
            self.stage.name(field, f"submit.{key}")
            pairs.append(holder(column(self.stage.label(f"submit.{key}", "caption"), field, gap=5)))
        self.stage.name(self.out, "submit.out")
        out = column(self.stage.label("submit.out", "caption"), row(self.out, browse, gap=4), gap=5)
        fields = row(*pairs, holder(out), gap=16)
        fields.setStretch(0, 2)
        fields.setStretch(1, 2)
        fields.setStretch(2, 5)
        self.fields = holder(column(fields, self.allow, gap=12))

    def name_sites(self) -> None:
        """Write where the frames may be rendered."""
        for place, site in enumerate(SITES):
            self.site.setItemText(place, self.stage.words.say(f"sites.{site}"))

    def set_farm(self, is_joined: bool) -> None:
        """Let the artist choose the farm, where one is joined."""
        self.site.setVisible(is_joined)

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
        asked = {
            "scene": self.scene,
            "frames": self.frames.text().strip() or None,
            "out": self.out.text().strip() or None,
            "samples": int(self.samples.text() or 0) or None,
            "allow_missing": self.allow.isChecked(),
        }
        return {name: value for name, value in asked.items() if value is not None}

    @property
    def order(self) -> dict[str, Any]:
        """Return what is asked for when it is sent off."""
        return self.request | {"site": self.site.currentData()}

    def wait(self) -> None:
        """Ask again once whoever types pauses."""
        self.check = None
        self.show_all()
        self.typing.start()

    def ask(self) -> None:
        """Say that the scene is to be checked."""
        self.check = self.problem = None
        self.show_all()
        self.check_wanted.emit(self)

    def set_check(self, check: dict[str, Any]) -> None:
        """Show what was found."""
        self.check, self.problem = check, None
        if not self.frames.text():
            self.frames.setPlaceholderText(check["frames"] or "")
        if not self.out.text():
            self.out.setPlaceholderText(check["out"])
        self.show_all()

    def set_problem(self, title: str, detail: str) -> None:
        """Show why the scene cannot be rendered, or was not taken."""
        self.problem, self.is_sending = (title, detail), False
        self.show_all()

    def set_free(self, free_micros: int) -> None:
        """Take in what there is to spend."""
        self.free_micros = free_micros
        self.show_all()

    def set_sending(self) -> None:
        """Show that the button was pressed."""
        self.is_sending = True
        self.show_all()

    def choose_out(self) -> None:
        """Let the artist choose where the frames go."""
        title = self.stage.words.say("submit.choose_out")
        folder = QFileDialog.getExistingDirectory(self, title, self.out.text())
        if folder:
            self.out.setText(folder)
            self.wait()

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
        missing = (
            any(one["code"].startswith("asset") for one in check["findings"]) if check else False
        )
        self.allow.setVisible(missing or self.allow.isChecked())
        if estimate is None:
            self.price.setText("–" if check or self.problem else "…")
            self.most.setText(words.say("submit.no_estimate") if check and check["ok"] else "")
        else:
            self.price.setText(f"≈ {show_money(estimate['p50_micros'])}")
            self.most.setText(self.describe_most(estimate))
        ready = bool(check and check["ok"] and not self.is_sending)
        self.button.setEnabled(ready and not self.lacks_money(estimate))
        self.button.setText(self.name_button())

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
            return f"{told}\n{words.say('submit.lacks', free=show_money(self.free_micros))}"
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

    def show_findings(self) -> None:
        """List what was found: what stops the job first."""
        clear_layout(self.findings)
        shown: list[tuple[str, str, str]] = []
        if self.problem is not None:
            shown.append(("blocker", *self.problem))
        elif self.check is not None:
            order = sorted(self.check["findings"], key=lambda one: one["severity"] != "blocker")
            shown += [(one["severity"], one["title"], one["detail"]) for one in order]
        for severity, title, detail in shown[:FINDINGS_SHOWN]:
            self.findings.addWidget(make_finding(self.stage, severity, title, detail))
        if len(shown) > FINDINGS_SHOWN:
            rest = self.stage.words.say("submit.more_findings", count=len(shown) - FINDINGS_SHOWN)
            self.findings.addWidget(QLabel(rest))
        if self.check is not None and not shown:
            self.findings.addWidget(
                make_finding(self.stage, "good", self.stage.words.say("submit.no_findings"), "")
            )
        self.findings_box.setVisible(self.findings.count() > 0)


def make_finding(stage: Stage, severity: str, title: str, detail: str) -> QFrame:
    """Return a finding: its mark, its title, what to do about it."""
    icon, role = {
        "blocker": ("blocker", "bad"),
        "warning": ("warning", "wary"),
        "good": ("check", "good"),
    }.get(severity, ("warning", "wary"))
    mark = QLabel()
    mark.setFixedWidth(22)
    stage.theme.bind(
        mark, lambda: mark.setPixmap(stage.icons.draw(icon, role, 18, mark.devicePixelRatioF()))
    )
    head = QLabel(title)
    head.setObjectName("heading" if detail else "quiet")
    head.setWordWrap(True)
    texts = column(head, gap=1)
    if detail:
        body = QLabel(detail)
        body.setObjectName("quiet")
        body.setWordWrap(True)
        texts.addWidget(body)
    frame = QFrame()
    layout = row(mark, texts, gap=8)
    layout.setStretch(1, 1)
    frame.setLayout(layout)
    return frame


class SubmissionPanel(QWidget):
    """The page of scenes that are about to become jobs."""

    back = Signal()
    scenes_added = Signal(list)
    check_wanted = Signal(object)
    render_wanted = Signal(object)
    submitted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.cards: list[SceneCard] = []
        back = stage.tool("back", "job.back", "Alt+Left")
        back.clicked.connect(self.back)
        add = stage.caption(QPushButton(), "submit.add")
        stage.icons.set_on(add, "plus")
        add.clicked.connect(self.choose_scenes)
        self.list = QVBoxLayout()
        self.list.setSpacing(16)
        self.list.setContentsMargins(0, 0, 12, PAGE)
        self.list.addStretch(1)
        self.area = scroller(holder(self.list))
        layout = column(
            row(back, stage.label("submit.title", "title"), None, add), self.area, gap=16
        )
        layout.setContentsMargins(PAGE, 20, PAGE - 12, 0)
        self.setLayout(layout)

    def choose_scenes(self) -> None:
        """Let the artist choose scenes by file dialog."""
        title = self.stage.words.say("submit.choose_scene")
        paths, _ = QFileDialog.getOpenFileNames(self, title)
        if paths:
            self.scenes_added.emit(paths)

    def add_scene(self, scene: str, kept: dict[str, Any]) -> SceneCard:
        """Show a scene, which is checked at once; a scene is here once."""
        for one in self.cards:
            if one.scene == scene:
                return one
        added = SceneCard(self.stage, scene, kept)
        added.check_wanted.connect(self.check_wanted)
        added.render_wanted.connect(self.render_wanted)
        added.dismissed.connect(self.dismiss)
        self.cards.append(added)
        self.list.insertWidget(self.list.count() - 1, added)
        added.ask()
        return added

    def dismiss(self, gone: SceneCard) -> None:
        """Take a scene away; with the last one the page is left."""
        self.cards.remove(gone)
        gone.setParent(None)
        gone.deleteLater()
        if not self.cards:
            self.submitted.emit()

    def set_farm(self, farm: dict[str, Any]) -> None:
        """Take in whether there is a farm to render on."""
        for one in self.cards:
            one.set_farm(farm["joined"])

    def set_free(self, free_micros: int) -> None:
        """Take in what there is to spend."""
        for one in self.cards:
            one.set_free(free_micros)
