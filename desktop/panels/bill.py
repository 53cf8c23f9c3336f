"""A job's bill: what it cost, a line per frame, as paper or table if one likes."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop.figures import align_money, show_duration, show_money
from desktop.models.table import TableColumn, TableModel
from desktop.panels.layout import PAGE, column, holder, row
from desktop.panels.tables import make_table
from desktop.stage import Stage

SUMS = ("held", "total", "released", "refunded")


def make_bill_model(stage: Stage) -> TableModel:
    """Return a table of a bill's lines."""
    words = stage.words

    def show_discount(line: dict[str, Any]) -> str:
        points = line["discount_basis_points"]
        return f"−{points / 100:g} %" if points else "–"

    columns = (
        TableColumn(title="bill.frame", show=lambda one: str(one["frame"])),
        TableColumn(title="bill.node", show=lambda one: one["node_name"] or one["node"] or "–"),
        TableColumn(title="bill.attempt", show=lambda one: str(one["attempt"]), is_figure=True),
        TableColumn(
            title="bill.time",
            show=lambda one: show_duration(words, one["render_ms"]),
            is_figure=True,
        ),
        TableColumn(title="bill.cores", show=lambda one: str(one["cores"]), is_figure=True),
        TableColumn(
            title="bill.rate", show=lambda one: show_money(one["rate_micros"]), is_figure=True
        ),
        TableColumn(title="bill.discount", show=show_discount, is_figure=True),
        TableColumn(
            title="bill.amount",
            show=lambda one: (
                words.say("frames.reused_short")
                if one["reused"]
                else align_money(one["amount_micros"])
            ),
            is_figure=True,
        ),
    )
    return TableModel(words, columns)


class BillView(QWidget):
    """A bill."""

    saved = Signal(str)
    refund_wanted = Signal()

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.bill: dict[str, Any] | None = None
        self.model = make_bill_model(stage)
        self.sums = {}
        boxes = []
        for name in SUMS:
            value = QLabel()
            value.setObjectName("heading")
            self.sums[name] = value
            boxes.append(holder(column(stage.label(f"bill.{name}", "caption"), value, gap=2)))
        self.refund = stage.caption(QPushButton(), "bill.refund")
        self.refund.clicked.connect(self.refund_wanted)
        self.refund.hide()
        self.pdf = stage.caption(QPushButton(), "bill.save_pdf")
        self.csv = stage.caption(QPushButton(), "bill.save_csv")
        for button, form in ((self.pdf, "pdf"), (self.csv, "csv")):
            stage.icons.set_on(button, "download")
            button.clicked.connect(lambda _=False, form=form: self.saved.emit(form))
        self.table = make_table(stage, self.model, "job.tab_bill", stretch=1)
        layout = column(
            row(*boxes, None, gap=28),
            row(None, self.refund, self.pdf, self.csv),
            self.table,
            gap=14,
        )
        layout.setContentsMargins(0, 4, 0, PAGE)
        self.setLayout(layout)

    def set_bill(self, bill: dict[str, Any] | None) -> None:
        """Show a bill."""
        self.bill = bill
        self.model.set_rows(bill["lines"] if bill else [])
        for name, label in self.sums.items():
            amount = bill[f"{name}_micros"] if bill else 0
            label.setText(show_money(amount, exact=True))
