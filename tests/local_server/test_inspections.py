"""Questions to the node that a queue does not take: asked again, but not without end."""

from pathlib import Path
from typing import Any

import gevent
import pytest

from local_server.inspections import PAUSE_SECONDS_MAX, Inspections
from render.protocol import Inspected
from render.queue import Queue

QUIET: dict[str, Any] = {"look": {}, "frames": None, "measure": False, "allow_missing": False}


def test_a_queue_that_is_away_is_asked_ever_less_often(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "queue"
    folder.write_text("in the way of the folder")
    queue = Queue(str(folder / "queue.db"), secret=b"s" * 32)
    inspections = Inspections(queue, device="here")
    asking = gevent.spawn(inspections.ask, scene="/a.blend", renderer="blender", **QUIET)
    gevent.idle()
    assert inspections.in_doubt
    pauses = []
    for now in range(0, 100_000, 100):
        before = inspections.due_at
        inspections.ask_in_doubt(now / 1_000)
        if inspections.due_at != before:
            pauses.append(inspections.pause_seconds)
    assert len(pauses) < 30
    assert pauses == sorted(pauses) and max(pauses) == PAUSE_SECONDS_MAX
    assert len(caplog.records) == 1, "one line for one trouble, however long it lasts"

    folder.unlink()
    inspections.ask_in_doubt(1_000.0)
    assert (inspections.in_doubt, inspections.pause_seconds) == (False, 0.0)
    [asked] = queue.line(inspections.line).list_waiting()
    assert asked is not None
    told = {"id": asked["id"], "facts": {}, "findings": (), "renderer_version": "1"}
    told |= {"frame_p50_ms": None, "frame_p90_ms": None, "cores": 1}
    answer = Inspected.model_validate(told)
    inspections.hear(answer)
    assert asking.get(timeout=10) == answer
    queue.close()
