"""Private files: whole or not at all, and for their owner's eyes only."""

import os
from pathlib import Path

import pytest

from local_server.farm.private_files import write_private_file


def test_a_private_file_is_its_owners_alone_and_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for text in ("first", "第二"):
        write_private_file(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.mkdir()
    with pytest.raises(OSError, match="key"):
        write_private_file(path, "text")
    assert [one.name for one in tmp_path.iterdir()] == ["key"]
