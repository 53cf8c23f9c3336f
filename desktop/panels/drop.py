"""Dropping: scenes may be dropped anywhere on a window, which shows so while they hover."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QWidget

from desktop.panels.layout import column
from desktop.stage import Stage

EDGE = 20


class DropSign(QFrame):
    """Lies over the pages of a window while files hover above it; `dropped` says which."""

    dropped = Signal(list)

    def __init__(self, stage: Stage, pages: QWidget, window: QWidget) -> None:
        super().__init__(pages)
        self.setObjectName("card-drop")
        label = stage.label("jobs.drop_here", "subtitle")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(column(label))
        self.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow what is dragged over the window."""
        if event.type() == QEvent.Type.DragEnter:
            assert isinstance(event, QDragEnterEvent)
            return self.take_over(event)
        if event.type() == QEvent.Type.DragLeave:
            self.hide()
        elif event.type() == QEvent.Type.Drop:
            assert isinstance(event, QDropEvent)
            self.hide()
            self.dropped.emit(list_files(event))
            event.acceptProposedAction()
            return True
        return False

    def take_over(self, event: QDragEnterEvent) -> bool:
        """Show that files may be dropped, if files they are."""
        if not list_files(event):
            return False
        event.acceptProposedAction()
        pages = self.parentWidget()
        assert pages is not None
        self.setGeometry(pages.rect().adjusted(EDGE, EDGE, -EDGE, -EDGE))
        self.show()
        self.raise_()
        return True


def list_files(event: QDropEvent) -> list[str]:
    """Return the files of this machine that are dragged."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
