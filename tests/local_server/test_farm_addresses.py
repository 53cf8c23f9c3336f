"""Farm addresses: what a data directory tells of its farm, damaged or not."""

from dataclasses import replace
from pathlib import Path

import pytest

from local_server.farm.errors import BadInput
from local_server.farm_addresses import (
    OLD_FILE,
    FarmAddress,
    check_address,
    forget_farm_address,
    hide_password,
    keep_farm_address,
    read_farm_address,
)
from sync.keys import FileChest

ADDRESS = FarmAddress(queue="redis://farm:6379/0", store="/share", studio="solo", key="ab" * 32)


def test_what_is_kept_is_read_and_forgotten(tmp_path: Path) -> None:
    chest = FileChest(tmp_path / "keys")
    assert read_farm_address(tmp_path, chest) is None
    keep_farm_address(chest, ADDRESS)
    assert read_farm_address(tmp_path, chest) == ADDRESS
    assert forget_farm_address(tmp_path, chest)
    assert read_farm_address(tmp_path, chest) is None


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe", b"{}", b"[1]"])
def test_a_damaged_file_is_told_as_such(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / OLD_FILE).write_bytes(damaged)
    with pytest.raises(BadInput) as caught:
        read_farm_address(tmp_path, FileChest(tmp_path / "keys"))
    assert caught.value.code == "farm_file_wrong"


@pytest.mark.parametrize("queue", ["redis:farm", "redis://[farm", "redis://", "http://farm"])
def test_an_address_that_cannot_be_meant_is_refused(queue: str) -> None:
    with pytest.raises(BadInput, match="farm_queue_wrong"):
        check_address(replace(ADDRESS, queue=queue))


@pytest.mark.parametrize(
    "queue", ["redis://me:secret@farm:6379/0", "redis://farm:6379/0?password=secret"]
)
def test_a_password_is_not_shown(queue: str) -> None:
    assert hide_password(queue) == "redis://farm:6379/0"
