"""Studio forms: join a studio by an invite, or found one in a folder or a bucket."""

from collections.abc import Sequence

from PySide6.QtWidgets import QFileDialog, QLineEdit, QPlainTextEdit, QWidget

from desktop.commands import Line
from desktop.panels.form import Form
from desktop.panels.layout import holder, row
from desktop.stage import Stage

BUCKET = "oss://"
INVITE_HEIGHT = 110


class JoinForm(Form):
    """Asks for the invite."""

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        words = stage.words
        super().__init__(
            stage,
            parent,
            title="studio.join",
            detail=words.say("studio.join_detail"),
            accept="studio.join",
        )
        self.invite = QPlainTextEdit()
        self.invite.setFixedHeight(INVITE_HEIGHT)
        self.invite.setTabChangesFocus(True)
        self.invite.textChanged.connect(self.check)
        self.add("studio.invite", self.invite)
        self.check()

    def check(self) -> None:
        """Let nobody join without an invite."""
        self.accept_button.setEnabled(bool(self.invite.toPlainText().strip()))

    @property
    def lines(self) -> Sequence[Line]:
        """Return what is to be run."""
        invite = "".join(self.invite.toPlainText().split())
        return (Line(argv=("studio", "join", "-"), told=f"{invite}\n"),)


class FoundForm(Form):
    """Asks for a name and a place; a bucket needs a key as well."""

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        words = stage.words
        super().__init__(
            stage,
            parent,
            title="studio.found",
            detail=words.say("studio.found_detail"),
            accept="studio.found",
        )
        self.name = self.add_line("studio.name")
        self.store = QLineEdit()
        self.store.setPlaceholderText("/mnt/studio  ·  oss://bucket/folder?region=cn-hangzhou")
        browse = stage.tool("folder", "submit.choose_out")
        browse.clicked.connect(self.choose_folder)
        self.add("studio.store", holder(row(self.store, browse, gap=4)))
        stage.name(self.store, "studio.store")
        self.key_id = QLineEdit()
        self.key_secret = QLineEdit()
        self.key_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.key_boxes = [
            self.add("studio.key_id", self.key_id),
            self.add("studio.key_secret", self.key_secret),
        ]
        for field in (self.name, self.store, self.key_id, self.key_secret):
            field.textChanged.connect(lambda _: self.check())
        self.check()

    def choose_folder(self) -> None:
        """Let the artist choose a folder that all machines reach."""
        title = self.stage.words.say("submit.choose_out")
        folder = QFileDialog.getExistingDirectory(self, title, self.store.text())
        if folder:
            self.store.setText(folder)

    @property
    def address(self) -> str:
        """Return where the studio's store is to be."""
        return self.store.text().strip()

    @property
    def is_bucket(self) -> bool:
        """Tell whether that is a bucket."""
        return self.address.startswith(BUCKET)

    def check(self) -> None:
        """Ask for a key where one is needed, and let nobody go on without all that is."""
        for box in self.key_boxes:
            box.setVisible(self.is_bucket)
        needed = [self.name.text().strip(), self.address]
        self.accept_button.setEnabled(all(needed))

    @property
    def lines(self) -> Sequence[Line]:
        """Return what is to be run: a key that is given is kept first."""
        lines = []
        if self.is_bucket and self.key_id.text().strip():
            key = f"{self.key_id.text().strip()}\n{self.key_secret.text().strip()}\n"
            keep = ("store", "credentials", self.address, "--key-file", "-")
            lines.append(Line(argv=keep, told=key))
        name = self.name.text().strip()
        return (*lines, Line(argv=("studio", "create", name, "--store", self.address)))
