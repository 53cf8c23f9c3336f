"""A frame that takes too long or stands still is ended, told, and tried again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local_server.settings import STUDIO
from render.finishing import Shelf
from render.hosts import Limits
from render.node import Node, NodeSettings
from render.queue import Queue
from render.renderers import find_renderers, read_specs
from sync.stores import open_store
from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, read_command, wait_until

LIMITS = Limits(frame_seconds_max=4, stall_seconds_max=1)


@contextmanager
def strict_node(farm: RunningFarm) -> Iterator[Node]:
    """Run a farm's node in this process, with limits that tests can wait for."""
    device = (farm.data / "device").read_text()
    queue = Queue(
        str(farm.data / "queue.db"), secret=bytes.fromhex((farm.data / "queue.key").read_text())
    )
    node = Node(
        NodeSettings(
            id=f"{device}-strict",
            name="strict",
            version="0",
            workdir=farm.data / "node",
            owner=device,
            slots=1,
            cores=2,
            limits=LIMITS,
        ),
        queue=queue,
        shelf=Shelf(store=open_store(f"folder:{farm.data / 'store'}"), studio=STUDIO),
        renderers={one.key: one for one in find_renderers(read_specs()) if one.name == "blender"},
    )
    thread = threading.Thread(target=node.run)
    thread.start()
    try:
        yield node
    finally:
        node.stop()
        thread.join(timeout=30)
        queue.close()
        assert not thread.is_alive()


def test_limits_end_an_attempt_and_the_frame_is_tried_again(tmp_path: Path, scenes: Scenes) -> None:
    with RunningFarm(tmp_path / "data", "--no-node") as farm, strict_node(farm):
        farm.top_up(10)
        farm.submit("stubborn", scenes.heavy)
        farm.wait_for_frame("stubborn")
        [host] = [
            one for one in psutil.Process().children() if "blender_inside" in str(read_command(one))
        ]
        host.suspend()
        wait_until(
            lambda: farm.frames("stubborn")[2]["failures"] == 2,
            seconds=60,
            what="the frame stood still once and took too long once",
        )
        stalled, too_long = farm.attempts("stubborn", 2)[:2]
        assert (stalled["outcome"], stalled["reason"]["code"]) == ("failed", "stalled")
        assert (too_long["outcome"], too_long["reason"]["code"]) == ("failed", "timed_out")
        for attempt in (stalled, too_long):
            assert attempt["words"] and attempt["reason"]["detail"]
        farm.post("/jobs/stubborn/cancel")
        farm.assert_paid_once("stubborn")
        assert farm.get("/balance")["held_micros"] == 0
        farm.assert_clean()
