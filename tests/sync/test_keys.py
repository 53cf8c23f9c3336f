"""Keys: where they are kept, and that a keyring that is shut makes no stranger of a machine."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from local_server.farm.errors import Unavailable
from sync.keys import FileChest, KeyringChest, ensure_signer, open_chest
from tests.memory_keyring import MemoryKeyring


class Shut(MemoryKeyring):
    """A keyring that nobody has unlocked."""

    def set_password(self, *_: str) -> None:
        """Refuse."""
        raise KeyringLocked("the collection is locked")


@pytest.fixture
def use() -> Iterator[Callable[[KeyringBackend], None]]:
    """Return what makes a keyring the system's; the one before is so again afterwards."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def test_a_keyring_that_is_shut_is_waited_for(
    use: Callable[[KeyringBackend], None], tmp_path: Path
) -> None:
    opened = MemoryKeyring()
    use(opened)
    chest = open_chest(tmp_path / "data", space="here")
    assert isinstance(chest, KeyringChest)
    key = ensure_signer(chest, "machine").public
    use(Shut())
    with pytest.raises(Unavailable, match="keyring_shut"):
        open_chest(tmp_path / "data", space="here")
    assert not (tmp_path / "data" / "keys").exists()
    use(opened)
    assert ensure_signer(open_chest(tmp_path / "data", space="here"), "machine").public == key


def test_where_there_never_was_a_keyring_there_are_files(
    use: Callable[[KeyringBackend], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use(Shut())
    with caplog.at_level(logging.INFO):
        chest = open_chest(tmp_path, space="here")
    assert isinstance(chest, FileChest)
    assert "the collection is locked" in caplog.text
    key = ensure_signer(chest, "machine").public
    use(MemoryKeyring())
    assert ensure_signer(open_chest(tmp_path, space="here"), "machine").public == key
