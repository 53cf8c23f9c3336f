"""Tables of plain rows: how statements, bills and lists of people look."""

from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from desktop.models.table import TableModel
from desktop.stage import Stage

ROW_HEIGHT = 40


def make_table(stage: Stage, model: TableModel, name: str, *, stretch: int = 0) -> QTableView:
    """Return a calm table whose column `stretch` takes the room that is left."""
    view = QTableView()
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setShowGrid(False)
    view.setTabKeyNavigation(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setMinimumSectionSize(60)
    header.setResizeContentsPrecision(40)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    stage.words.bind(view, lambda: view.setAccessibleName(stage.words.say(name)))
    return view


def fit_height(view: QTableView, rows_max: int) -> None:
    """Let a table be as high as its rows, from one to so many; more are scrolled."""

    def fit() -> None:
        rows = min(max(1, view.model().rowCount()), rows_max)
        view.setFixedHeight(view.horizontalHeader().sizeHint().height() + rows * ROW_HEIGHT + 2)

    view.model().modelReset.connect(fit)
    fit()
