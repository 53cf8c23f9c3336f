"""The kept sign-in: the tokens of whoever signed in with the command line, per data directory.

They lie in the system's keyring where there is one, else in a file that its owner alone can read;
which of the two is said when somebody signs in. A small file beside them tells that somebody has
signed in at all: looking into a keyring takes a while, and most workstations are used by one
person who never signs in.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from local_server.farm.private_files import write_private_file

SERVICE = "yuntu"
FILE = "sign-in.json"
LOCK = "sign-in.lock"
WAIT_SECONDS_MAX = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """Who is signed in, and their tokens."""

    person: str
    name: str
    session: str
    access_token: str
    refresh_token: str


def read_answer(told: dict[str, Any]) -> SignIn:
    """Return a server's answer to a sign-in as what is kept of it."""
    return SignIn(
        person=told["person"]["id"],
        name=told["person"]["name"],
        session=told["session"],
        access_token=told["access_token"],
        refresh_token=told["refresh_token"],
    )


class KeptSignIn:
    """One data directory's sign-in; `read` it again after others may have changed it."""

    def __init__(self, data: Path) -> None:
        self.file = data / FILE
        self.lock_file = data / LOCK
        self.entry = str(data)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other commands from exchanging the same token: it works only once."""
        with FileLock(self.lock_file, timeout=WAIT_SECONDS_MAX):
            yield

    def read(self) -> SignIn | None:
        """Return what is kept, or None."""
        try:
            told = json.loads(self.file.read_text(encoding="utf-8"))
            text = read_keyring(self.entry) if told["in_keyring"] else json.dumps(told["tokens"])
            return None if text is None else SignIn(**json.loads(text))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, sign_in: SignIn) -> bool:
        """Keep a sign-in in place of the one before; tell whether it went to the keyring."""
        tokens = asdict(sign_in)
        in_keyring = write_keyring(self.entry, json.dumps(tokens))
        told = {"in_keyring": in_keyring, "tokens": None if in_keyring else tokens}
        write_private_file(self.file, json.dumps(told))
        return in_keyring

    def forget(self) -> None:
        """Keep nothing any more."""
        with suppress(OSError, ValueError, KeyError):
            if json.loads(self.file.read_text(encoding="utf-8"))["in_keyring"]:
                clear_keyring(self.entry)
        self.file.unlink(missing_ok=True)


def read_keyring(entry: str) -> str | None:
    """Return what the keyring has, or None where it has nothing or cannot be opened."""
    import keyring  # here and below: it takes a while, and is needed only where somebody signed in
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, entry)
    except KeyringError:
        return None


def write_keyring(entry: str, text: str) -> bool:
    """Put text into the keyring; False where there is none that keeps it."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, entry, text)
        return keyring.get_password(SERVICE, entry) == text
    except (KeyringError, OSError):
        return False


def clear_keyring(entry: str) -> None:
    """Take an entry out of the keyring, if it is there."""
    import keyring
    from keyring.errors import KeyringError

    with suppress(KeyringError):
        keyring.delete_password(SERVICE, entry)
