"""What is kept of a sign-in: its refresh token, in the system's keyring where there is one.

Where there is none it lies in a file that its owner alone can read, and the window says so.
Keyrings may ask their user something: they are never spoken to in the window's thread.
"""

import contextlib
import os
from pathlib import Path

SERVICE = "yuntu-desktop"
FILE = "desktop-sign-in"


def read_token(data: Path) -> str:
    """Return the token that is kept for a data directory, or nothing."""
    with contextlib.suppress(OSError):
        kept = (data / FILE).read_text(encoding="utf-8")
        return kept or read_keyring(str(data))
    return ""


def keep_token(data: Path, token: str) -> bool:
    """Keep a token in place of the one before; tell whether the keyring has it.

    The file is there in any case, empty where the keyring has the token: most people never sign
    in, and for them no keyring is opened.
    """
    in_keyring = write_keyring(str(data), token)
    half = data / f"{FILE}.tmp"
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("" if in_keyring else token)
    half.replace(data / FILE)
    return in_keyring


def forget_token(data: Path) -> None:
    """Keep no token any more."""
    import keyring
    from keyring.errors import KeyringError

    if (data / FILE).exists():
        with contextlib.suppress(KeyringError):
            keyring.delete_password(SERVICE, str(data))
        (data / FILE).unlink(missing_ok=True)


def read_keyring(entry: str) -> str:
    """Return what the keyring has, or nothing where it cannot be opened."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, entry) or ""
    except KeyringError:
        return ""


def write_keyring(entry: str, token: str) -> bool:
    """Put a token into the keyring; False where there is none that keeps it."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, entry, token)
        return keyring.get_password(SERVICE, entry) == token
    except (KeyringError, OSError):
        return False
