"""Money: what there is, where it went, the statement, and whether the books are in order."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QWidget,
)

from desktop.figures import (
    MICROS,
    align_money,
    show_duration,
    show_level,
    show_moment,
    show_money,
    show_yuan,
)
from desktop.models.table import TableColumn, TableModel
from desktop.panels.amount import AmountField
from desktop.panels.charts import BarChart
from desktop.panels.findings import Findings
from desktop.panels.layout import PAGE, card, column, holder, row
from desktop.panels.tables import make_table
from desktop.stage import Stage

PARTS = {"free": "accent", "held": "wary", "away": "faint"}
UPPER_HEIGHT = 236
TOP_UPS = (10, 50, 100, 500)
INCOMING = ("mint", "release", "refund", "lease")


class PartsBar(QWidget):
    """How a balance is made up, as one bar in several colours."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.parts: list[tuple[int, str]] = []
        self.setFixedHeight(8)
        stage.theme.bind(self, self.update)

    def set_parts(self, parts: list[tuple[int, str]]) -> None:
        """Show parts: how large each is, and the role of its colour."""
        self.parts = parts
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Draw the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.stage.theme.colour("line"))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        whole, left = sum(size for size, _ in self.parts), 0.0
        for size, role in self.parts:
            width = self.width() * size / whole if whole else 0
            if width > 0:
                painter.setBrush(self.stage.theme.colour(role))
                painter.drawRoundedRect(QRectF(left, 0, max(8.0, width), 8), 4, 4)
            left += width


def make_statement_model(stage: Stage, name_job: Callable[[str], str]) -> TableModel:
    """Return a table of the entries of the ledger; jobs are told by their names."""
    words = stage.words

    def show_about(entry: dict[str, Any]) -> str:
        if entry["reason"]:
            return str(entry["reason"])
        if entry["job"] is None:
            return "–"
        name = name_job(entry["job"])
        if entry["frame"] is None:
            return name
        return words.say("money.about_frame", job=name, frame=entry["frame"])

    def show_amount(entry: dict[str, Any]) -> str:
        sign = {"mint": "+", "refund": "+", "withdraw": "−", "settle": "−"}.get(entry["kind"], "")
        return sign + align_money(entry["amount_micros"])

    columns = (
        TableColumn(
            title="money.when",
            show=lambda one: show_moment(words, one["at_ms"], now_ms=stage.now_ms()),
        ),
        TableColumn(title="money.kind", show=lambda one: words.say(f"kinds.{one['kind']}")),
        TableColumn(title="money.about", show=show_about),
        TableColumn(title="money.amount", show=show_amount, is_figure=True),
    )
    return TableModel(words, columns)


class MoneyPanel(QWidget):
    """The page of money."""

    # Amounts are objects: a signal's own int has 32 bits, which are ¥2147.48.
    topped_up = Signal(object)
    withdrawn = Signal(object)
    verify_wanted = Signal()
    export_wanted = Signal(str)
    job_opened = Signal(str)

    def __init__(self, stage: Stage, name_job: Callable[[str], str]) -> None:
        super().__init__()
        self.setObjectName("page")
        self.stage = stage
        self.balance: dict[str, Any] | None = None
        self.audit: dict[str, Any] | None = None
        self.model = make_statement_model(stage, name_job)
        self.table = make_table(stage, self.model, "money.statement", stretch=2)
        self.table.doubleClicked.connect(self.open_entry)
        self.top_up = stage.caption(QPushButton(), "money.top_up")
        self.top_up.setObjectName("primary")
        self.top_up.clicked.connect(lambda: self.ask_amount(TopUpDialog(stage, self)))
        self.withdraw = stage.caption(QPushButton(), "money.withdraw")
        self.withdraw.clicked.connect(lambda: self.ask_amount(TakeOutDialog(stage, self)))
        self.member: tuple[str, dict[str, Any]] | None = None
        self.used: dict[str, Any] | None = None
        self.make_balance()
        self.chart = BarChart(stage, "money.spending", show_yuan)
        self.usage = QLabel()
        self.usage.setObjectName("faint")
        head = column(stage.label("money.spending", "heading"), self.usage, gap=2)
        spending = card(holder(head), self.chart)
        self.verify = stage.caption(QPushButton(), "money.verify")
        stage.icons.set_on(self.verify, "verify")
        self.verify.clicked.connect(self.verify_wanted)
        self.export = stage.caption(QPushButton(), "money.export")
        stage.icons.set_on(self.export, "download")
        self.export.clicked.connect(lambda: self.export_wanted.emit("csv"))
        self.checks = Findings(stage)
        self.checks_box = card(self.checks)
        self.checks_box.hide()
        upper = row(self.balance_card, spending, gap=16)
        upper.setStretch(0, 1)
        upper.setStretch(1, 1)
        for one in (self.balance_card, spending):
            one.setFixedHeight(UPPER_HEIGHT)
        layout = column(
            row(stage.label("money.title", "title"), None, self.withdraw, self.top_up),
            upper,
            self.checks_box,
            row(stage.label("money.statement", "heading"), None, self.verify, self.export),
            self.table,
            gap=16,
        )
        layout.setContentsMargins(PAGE, PAGE, PAGE, 0)
        self.setLayout(layout)
        stage.words.bind(self, self.show_balance)
        stage.words.bind(self, self.show_member)
        stage.words.bind(self, self.show_used)
        stage.words.bind(self, self.show_audit)

    def make_balance(self) -> None:
        """Make the balance and what it is made up of."""
        self.total = QLabel("–")
        self.total.setObjectName("hero")
        self.bar = PartsBar(self.stage)
        self.parts = {}
        boxes = []
        for name in (*PARTS, "spent"):
            value = QLabel("–")
            value.setObjectName("heading")
            self.parts[name] = value
            boxes.append(holder(column(self.stage.label(f"money.{name}", "caption"), value, gap=2)))
        self.level = QLabel()
        self.level.setObjectName("faint")
        self.balance_card = card(
            holder(column(self.stage.label("money.balance", "heading"), self.level, gap=2)),
            self.total,
            None,
            self.bar,
            row(*boxes),
            gap=10,
        )

    def set_balance(self, balance: dict[str, Any]) -> None:
        """Show what there is."""
        self.balance = balance
        self.show_balance()
        self.show_member()

    def show_balance(self) -> None:
        """Write the balance."""
        if self.balance is None:
            return
        self.total.setText(show_money(self.balance["total_micros"]))
        for name, label in self.parts.items():
            label.setText(show_money(self.balance[f"{name}_micros"]))
        self.bar.set_parts([(self.balance[f"{name}_micros"], role) for name, role in PARTS.items()])

    def set_member(self, name: str, level: dict[str, Any]) -> None:
        """Show which membership level it is, and what it is worth."""
        self.member = (name, level)
        self.show_member()

    def show_member(self) -> None:
        """Write the membership level, and what the studio does not know of the balance yet."""
        if self.member is None:
            return
        words, (name, level) = self.stage.words, self.member
        waits = None if self.balance is None else self.balance["waits"]
        told = [words.say("money.level", name=show_level(words, name))]
        if level["discount_basis_points"]:
            percent = f"{level['discount_basis_points'] / 100:g}"
            told.append(words.say("money.discount", percent=percent))
        if level["frames_max"] is not None:
            told.append(words.say("money.frames_max", count=level["frames_max"]))
        if waits is not None:
            told.append(waits["title"])
        self.level.setText("  ·  ".join(told))
        self.level.setToolTip("" if waits is None else waits["detail"])

    def show_used(self) -> None:
        """Write what was used in the time that the chart shows."""
        if self.used is None:
            return
        words, used = self.stage.words, self.used
        told = [
            words.say("money.frames_paid", count=used["frames"]),
            show_duration(words, used["render_ms"]),
            show_money(used["spent_micros"]),
        ]
        self.usage.setText("  ·  ".join(told))

    def set_usage(self, days: list[tuple[str, int]], used: dict[str, Any]) -> None:
        """Show what was spent on each day, the oldest first: (label, micro-yuan), and all of it."""
        self.used = used
        self.show_used()
        bars = [(float(at), spent / MICROS, "accent") for at, (_, spent) in enumerate(days)]
        step = max(1, len(days) // 4)
        ticks = [(float(at), label) for at, (label, _) in enumerate(days) if at % step == 0]
        self.chart.set_bars(bars, ticks)

    def set_audit(self, audit: dict[str, Any] | None) -> None:
        """Show what the check of the books came to."""
        self.audit = audit
        self.verify.setEnabled(True)
        self.show_audit()

    def show_audit(self) -> None:
        """Write what the check of the books came to."""
        self.checks_box.setVisible(self.audit is not None)
        if self.audit is not None:
            checks = self.audit["checks"]
            wrong = [one | {"severity": "blocker"} for one in checks if not one["ok"]]
            self.checks.show_all(wrong, self.stage.words.say("money.clean", count=len(checks)))

    def open_entry(self, index: Any) -> None:
        """Open the job that an entry is about."""
        job = self.model.get_at(index)["job"]
        if job:
            self.job_opened.emit(job)

    def ask_amount(self, dialog: "TopUpDialog") -> None:
        """Ask how much is brought in, or taken out."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        moved = self.withdrawn if isinstance(dialog, TakeOutDialog) else self.topped_up
        dialog.accepted.connect(lambda: moved.emit(dialog.amount.micros))
        dialog.open()

    def set_admin(self, is_admin: bool) -> None:
        """Let admins take money out."""
        self.withdraw.setVisible(is_admin)
        self.top_up.setVisible(is_admin)


class TopUpDialog(QDialog):
    """Asks how much money is brought in."""

    name = "top_up"

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        words = stage.words
        self.setWindowTitle(words.say(f"money.{self.name}"))
        buttons = QDialogButtonBox()
        accept = buttons.addButton(
            words.say(f"money.{self.name}"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        accept.setObjectName("primary")
        self.amount = AmountField(TOP_UPS[1] * MICROS, accept)
        self.amount.setAccessibleName(words.say("money.amount"))
        chips = []
        for yuan in TOP_UPS:
            chip = QPushButton(f"¥{yuan}")
            chip.setObjectName("chip")
            chip.setAutoDefault(False)
            chip.clicked.connect(lambda _=False, yuan=yuan: self.amount.setValue(yuan))
            chips.append(chip)
        buttons.addButton(words.say("dialogs.cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        detail = stage.label(f"money.{self.name}_detail", "quiet")
        detail.setWordWrap(True)
        self.setLayout(
            column(
                stage.label(f"money.{self.name}", "subtitle"),
                detail,
                row(*chips, None, gap=8),
                self.amount,
                8,
                buttons,
                gap=14,
                margin=24,
            )
        )
        self.setMinimumWidth(420)
        self.amount.selectAll()
        self.amount.setFocus()


class TakeOutDialog(TopUpDialog):
    """Asks how much money is taken out."""

    name = "withdraw"
