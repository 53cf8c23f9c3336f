"""What a download says when there is nothing to fetch."""

from types import SimpleNamespace
from typing import Any

import pytest

from local_server.cli.downloading import check_begun
from local_server.farm.errors import BadInput


def make_link(done: int) -> Any:
    """Return a link to a server whose every job has so many finished frames."""
    client = SimpleNamespace(get_job=lambda _: {"frames": {"done": done}})
    return SimpleNamespace(insist=lambda ask: ask(client))


def test_no_frame_is_finished_yet() -> None:
    """It is an error, not an empty folder that is said to be written."""
    with pytest.raises(BadInput, match="download_empty"):
        check_begun(make_link(0), "job-1")
    check_begun(make_link(1), "job-1")
