"""Studio forms: join a studio, found one in a folder or a bucket, change what opens the bucket."""

from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from desktop.commands import Line
from desktop.panels.choosing import choose_folder
from desktop.panels.form import Form
from desktop.panels.layout import holder, row
from desktop.stage import Stage

BUCKET = "oss://"
INVITE_HEIGHT = 110


class StudioForm(Form):
    """Asks for what the command line is run with."""

    def __init__(self, stage: Stage, parent: QWidget, kind: str) -> None:
        title = f"studio.{kind}"
        detail = stage.words.say(f"{title}_detail")
        super().__init__(stage, parent, title=title, detail=detail, accept=title)

    @property
    def lines(self) -> Sequence[Line]:
        """Return what is to be run."""
        raise NotImplementedError


class JoinForm(StudioForm):
    """Asks for the invite."""

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(stage, parent, "join")
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


class FoundForm(StudioForm):
    """Asks for a name and a place; a bucket needs a key as well."""

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(stage, parent, "found")
        self.name = self.add_line("studio.name")
        self.store = QLineEdit()
        self.store.setPlaceholderText("/mnt/studio  ·  oss://bucket/folder?region=cn-hangzhou")
        browse = stage.tool("folder", "submit.choose_out")
        browse.clicked.connect(self.choose_store)
        self.add("studio.store", holder(row(self.store, browse, gap=4)))
        stage.name(self.store, "studio.store")
        self.key_id, self.key_secret = QLineEdit(), QLineEdit()
        self.key_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.key_boxes = [
            self.add("studio.key_id", self.key_id),
            self.add("studio.key_secret", self.key_secret),
        ]
        for field in (self.name, self.store, self.key_id, self.key_secret):
            field.textChanged.connect(lambda _: self.check())
        self.check()

    def choose_store(self) -> None:
        """Let the artist choose a folder that all machines reach."""
        title = self.stage.words.say("submit.choose_out")
        choose_folder(self, title, self.store.text(), self.store.setText)

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
            lines.append(keep_key(self.address, self.key_id.text(), self.key_secret.text()))
        name = self.name.text().strip()
        return (*lines, Line(argv=("studio", "create", name, "--store", self.address)))


class KeyForm(StudioForm):
    """Asks for another key of the bucket that the studio has."""

    def __init__(self, stage: Stage, parent: QWidget, address: str) -> None:
        super().__init__(stage, parent, "key")
        self.address = address
        self.key_id = self.add_line("studio.key_id")
        self.key_secret = self.add_line("studio.key_secret", secret=True)
        for field in (self.key_id, self.key_secret):
            field.textChanged.connect(lambda _: self.check())
        self.check()

    def check(self) -> None:
        """Let nobody go on with half a key."""
        needed = [self.key_id.text().strip(), self.key_secret.text().strip()]
        self.accept_button.setEnabled(all(needed))

    @property
    def lines(self) -> Sequence[Line]:
        """Return what is to be run: the key is kept only if it opens the bucket."""
        return (keep_key(self.address, self.key_id.text(), self.key_secret.text()),)


def keep_key(address: str, key_id: str, secret: str) -> Line:
    """Return the line that tries a bucket's key and keeps it; the key is read, not on it."""
    argv = ("store", "credentials", address, "--key-file", "-")
    return Line(argv=argv, told=f"{key_id.strip()}\n{secret.strip()}\n")
