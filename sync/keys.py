"""Keys: what a machine signs with, and where it keeps that secret.

A machine has a key of its own; the studio's minting key is another one, which only admins'
machines have. Secrets lie in the operating system's keyring; where there is none, in a file that
its owner alone may read, and `Chest.where` says so plainly.
"""

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keyring
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from keyring.errors import KeyringError, PasswordDeleteError

from local_server.farm.errors import Unavailable
from local_server.farm.private_files import write_private_file
from sync.treasury import key_id

log = logging.getLogger(__name__)
SERVICE = "yuntu"
KEYRING_MARK = "keys-in-keyring"
NONCE_BYTES = 12


class Chest(Protocol):
    """Where secrets are kept, by name."""

    def get(self, name: str) -> str | None:
        """Return a secret, or None."""

    def put(self, name: str, secret: str) -> None:
        """Keep a secret; it is there when this returns."""

    def drop(self, name: str) -> None:
        """Forget a secret; one that is not there is no error."""

    def where(self) -> str:
        """Return the code of the words that say where secrets are kept."""


class FileChest:
    """Secrets in files of a folder that its owner alone may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> str | None:
        """Return a secret, or None."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").strip() if path.exists() else None

    def put(self, name: str, secret: str) -> None:
        """Keep a secret, as a whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private_file(self.folder / name, secret)

    def drop(self, name: str) -> None:
        """Forget a secret."""
        (self.folder / name).unlink(missing_ok=True)

    def where(self) -> str:
        """Return the code of the words that say where secrets are kept."""
        return "keys_in_files"


class KeyringChest:
    """Secrets in the operating system's keyring, those of each data directory apart."""

    def __init__(self, space: str) -> None:
        self.space = space

    def get(self, name: str) -> str | None:
        """Return a secret, or None."""
        return keyring.get_password(SERVICE, f"{self.space}/{name}")

    def put(self, name: str, secret: str) -> None:
        """Keep a secret."""
        keyring.set_password(SERVICE, f"{self.space}/{name}", secret)

    def drop(self, name: str) -> None:
        """Forget a secret."""
        with suppress(PasswordDeleteError):
            keyring.delete_password(SERVICE, f"{self.space}/{name}")

    def where(self) -> str:
        """Return the code of the words that say where secrets are kept."""
        return "keys_in_keyring"


def open_chest(data: Path, *, space: str) -> Chest:
    """Return where a data directory's secrets are kept: what has files already keeps to files.

    Raises Unavailable `keyring_shut` where they are in a keyring that is shut now: to go on with
    new ones would make a stranger of this machine.
    """
    files = FileChest(data / "keys")
    if files.folder.exists():
        return files
    chest, mark, words = KeyringChest(space), data / KEYRING_MARK, "it kept nothing"
    try:
        chest.put("probe", "1")
        works = chest.get("probe") == "1"
    except (KeyringError, RuntimeError, OSError) as error:  # no desktop, no service, locked
        works, words = False, str(error) or type(error).__name__
    if works:
        data.mkdir(parents=True, exist_ok=True)
        mark.touch()
        return chest
    if mark.exists():
        raise Unavailable("keyring_shut", words=words, path=str(mark))
    log.info("no keyring (%s): secrets go into files that only their owner can read", words)
    return files


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the names that others know it by."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """Return the public half in hex."""
        return self.private.public_key().public_bytes_raw().hex()

    @property
    def id(self) -> str:
        """Return what an entry names its signer by."""
        return key_id(self.public)

    @property
    def secret(self) -> str:
        """Return the private half in hex, for a chest or an invite."""
        return self.private.private_bytes_raw().hex()


@dataclass(frozen=True, slots=True)
class Keys:
    """What this machine can sign with; `minter` is None where it may not mint."""

    own: Signer
    minter: Signer | None = None


def make_signer(secret: str | None = None) -> Signer:
    """Return a signer from its secret in hex, or a new one."""
    if secret is None:
        return Signer(Ed25519PrivateKey.generate())
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)))


def read_signer(chest: Chest, name: str) -> Signer | None:
    """Return a signer out of a chest, or None."""
    secret = chest.get(name)
    return None if secret is None else make_signer(secret)


def ensure_signer(chest: Chest, name: str) -> Signer:
    """Return a signer out of a chest, made and put there where it was not."""
    found = read_signer(chest, name)
    if found is None:
        found = make_signer()
        chest.put(name, found.secret)
    return found


def seal_text(text: str, *, secret: str, purpose: str) -> str:
    """Return a text that only whoever has the secret (hex) can read, as hex."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    box = ChaCha20Poly1305(_derive(secret, purpose))
    return (nonce + box.encrypt(nonce, text.encode(), purpose.encode())).hex()


def open_text(sealed: str, *, secret: str, purpose: str) -> str:
    """Return a text that `seal_text` sealed. Raises Unavailable `sealed_for_others`."""
    try:
        data = bytes.fromhex(sealed)
        box = ChaCha20Poly1305(_derive(secret, purpose))
        return box.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode()).decode()
    except (ValueError, InvalidTag) as error:
        raise Unavailable("sealed_for_others", purpose=purpose) from error


def _derive(secret: str, purpose: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"yuntu {purpose}".encode())
    return derive.derive(bytes.fromhex(secret))
