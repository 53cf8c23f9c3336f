"""Parts of files as bodies of requests: their length is told, and they keep to it."""

from pathlib import Path

import pytest

from local_server.cli.meters import Silence
from local_server.cli.sending import Part
from local_server.farm.errors import BadInput


def test_a_part_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with (tmp_path / "a").open("rb") as file:
        file.seek(2)
        part = Part(file, 5, Silence())
        assert (len(part), part.read(3), len(part), part.read()) == (5, b"234", 2, b"56")
        assert (len(part), part.read(3)) == (0, b"")


def test_a_file_that_shrinks_while_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with (tmp_path / "a").open("rb") as file:
        part = Part(file, 20, Silence())
        assert part.read() == b"0123456789"
        with pytest.raises(BadInput, match="asset_changing"):
            part.read(5)
