"""Choosing files and folders: dialogs that are open beside all else, and hold nothing up."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

Mode = QFileDialog.FileMode


def choose_scenes(parent: QWidget, title: str, then: Callable[[list[str]], object]) -> None:
    """Let somebody choose files that are there."""
    dialog = make_dialog(parent, title, Mode.ExistingFiles)
    dialog.filesSelected.connect(then)
    dialog.open()


def choose_folder(parent: QWidget, title: str, start: str, then: Callable[[str], object]) -> None:
    """Let somebody choose a folder; `start` is where they are shown around first."""
    dialog = make_dialog(parent, title, Mode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    if start:
        dialog.setDirectory(start)
    dialog.fileSelected.connect(then)
    dialog.open()


def choose_place(parent: QWidget, title: str, name: str, then: Callable[[str], object]) -> None:
    """Let somebody choose where a file is to be kept, and change the name it is offered under."""
    dialog = make_dialog(parent, title, Mode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    dialog.fileSelected.connect(then)
    dialog.open()


def make_dialog(parent: QWidget, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
    """Return a dialog that goes away once it is closed."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(mode)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog
