"""The same farm over a real Redis, which may be killed and come back with nothing in it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest
import redis

from render.renderers import DESCRIPTIONS
from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_stopping import stop_in_mid_frame

WORD = "farm-secret"


class RunningRedis:
    """A redis-server that keeps nothing, on a port of its own; `start` again after a kill."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.host = host
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return the address that farms are given."""
        return f"redis://:{WORD}@{self.host}:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: `make test` installs it"
        hosts = sorted({"127.0.0.1", self.host})
        options = ["--port", str(self.port), "--bind", *hosts, "--save", ""]
        options += ["--requirepass", WORD]
        self.process = subprocess.Popen(
            [program, *options, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self.answers, seconds=60, what="redis answers")

    def answers(self) -> bool:
        """Tell whether it answers."""
        with redis.Redis(port=self.port, password=WORD) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def kill(self) -> None:
        """Kill it; all that it had is lost."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    """A Redis that these tests kill."""
    running = RunningRedis(tmp_path_factory.mktemp("redis"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def remote(
    redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFarm]:
    """A farm whose queue is in Redis."""
    running = RunningFarm(
        tmp_path_factory.mktemp("remote") / "data", "--queue", redis_server.address
    )
    with running:
        running.top_up(100)
        yield running
        running.assert_clean()
    wait_until(lambda: not running.list_orphans(), seconds=60, what="no orphans")


def wait_for_trouble(farm: RunningFarm, code: str | None) -> None:
    """Wait until the server says that the queue is away, or that it is back."""

    def is_told() -> bool:
        trouble = farm.get("/health")["trouble"]
        return (trouble["code"] if trouble else None) == code

    wait_until(is_told, seconds=60, what=f"the server's trouble is {code}")


def test_a_job_by_way_of_redis(remote: RunningFarm, scenes: Scenes) -> None:
    job = remote.render("by-redis", scenes.turning)
    assert (job["state"], job["frames"]["done"]) == ("completed", 12)
    started = [
        event["frame"]
        for event in remote.events(job="by-redis")
        if event["data"].get("state") == "rendering"
    ]
    assert started == sorted(started), "frames come in their order"
    remote.assert_paid_once("by-redis")


def test_a_redis_that_dies_costs_time_only(
    remote: RunningFarm, redis_server: RunningRedis, scenes: Scenes
) -> None:
    remote.submit("survivor", scenes.slow)
    remote.wait_for_done("survivor", 1)
    redis_server.kill()
    wait_for_trouble(remote, "queue_away")
    trouble = remote.get("/health")["trouble"]
    assert trouble["title"] and "Redis" in trouble["detail"]
    assert (
        remote.submit("meanwhile", scenes.turning, frames="1-3", fresh=True)["state"] == "pending"
    )
    assert remote.get("/jobs/survivor")["state"] == "running", "it answers as ever"
    node, server = remote.node(), remote.pid
    redis_server.start()
    wait_for_trouble(remote, None)
    for job, frames in (("survivor", 4), ("meanwhile", 3)):
        shown = remote.wait_for_rest(job)
        assert (shown["state"], shown["frames"]["done"]) == ("completed", frames)
        remote.assert_paid_once(job)
        assert not any(one["failures"] for one in remote.frames(job).values())
    assert (remote.node(), remote.pid) == (node, server), "nobody had to be started again"


def test_cancel_reaches_the_node_although_redis_is_away(
    remote: RunningFarm, redis_server: RunningRedis, scenes: Scenes
) -> None:
    remote.submit("unheard", scenes.heavy)
    remote.wait_for_frame("unheard")
    host = remote.find_busy_host()
    redis_server.kill()
    assert remote.post("/jobs/unheard/cancel")["state"] == "cancelled"
    assert remote.get("/balance")["held_micros"] == 0
    redis_server.start()
    host.wait(timeout=15)


def test_a_stop_mark_that_redis_lost_is_written_again(
    remote: RunningFarm, redis_server: RunningRedis, scenes: Scenes
) -> None:
    remote.submit("forgotten", scenes.heavy)
    remote.wait_for_frame("forgotten")
    host = remote.find_busy_host()
    host.suspend()
    node = remote.node()
    assert node is not None
    node.suspend()  # it must not hear the mark before it is lost
    remote.post("/jobs/forgotten/cancel")
    redis_server.kill()
    redis_server.start()
    node.resume()
    host.wait(timeout=20)


def test_stopping_is_as_quick_by_way_of_redis(remote: RunningFarm, scenes: Scenes) -> None:
    remote.submit("stopped-by-redis", scenes.heavy)
    stop_in_mid_frame(remote, "stopped-by-redis", "cancel")


@contextmanager
def helping_node(
    farm: RunningFarm, address: str, workdir: Path, *, env: dict[str, str] | None = None
) -> Iterator[psutil.Process]:
    """Run a second node, as on another machine: it knows the queue, the store and the key."""
    command = [
        *(sys.executable, "-m", "local_server", "node", "--id", "helper", "--slots", "1"),
        *("--queue", address, "--store", f"folder:{farm.data / 'store'}"),
        *("--queue-key-file", str(farm.data / "queue.key"), "--workdir", str(workdir)),
    ]
    with (workdir.parent / "helper.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | (env or {}),
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_another_machine_joins_in(
    remote: RunningFarm, redis_server: RunningRedis, scenes: Scenes, tmp_path: Path
) -> None:
    with helping_node(remote, redis_server.address, tmp_path / "helper"):
        log = tmp_path / "helper.log"
        wait_until(lambda: "renderers=" in log.read_text(), seconds=60, what="the node is up")
        job = remote.render("shared", scenes.slow, fresh=True)
        assert (job["state"], job["frames"]["done"]) == ("completed", 4)
        nodes = {line["node"] for line in remote.assert_paid_once("shared")["lines"]}
        assert len(nodes) == 2 and "helper" in nodes
        assert remote.get("/health")["node"]["state"] == "up", "whoever greeted last"
    assert not list((tmp_path / "helper").glob("run-*")), "it cleared up"


BROKEN_BLENDER = """#!/bin/sh
[ "$1" = --version ] && echo "Blender {version}" && exit 0
{fault}
"""
FAULTS = {"not_started": "exit 1", "exited": 'echo \'@yuntu {"hello": "4.5"}\'; read order; exit 3'}


def break_blender(folder: Path, fault: str) -> dict[str, str]:
    """Give a node in a folder a Blender that cannot render; returns its environment."""
    program = folder / "blender"
    program.write_text(BROKEN_BLENDER.format(version=version("bpy"), fault=FAULTS[fault]))
    program.chmod(0o755)
    (folder / "renderers").mkdir()
    described = (DESCRIPTIONS / "blender.toml").read_text()
    own = described.replace('wheel = "bpy"', 'wheel = ""')
    (folder / "renderers" / "blender.toml").write_text(own)
    return {"YUNTU_BLENDER": str(program)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_machine_spoils_no_job(
    fault: str, remote: RunningFarm, redis_server: RunningRedis, scenes: Scenes, tmp_path: Path
) -> None:
    """What it fails the other one renders, and after a while it is asked no more."""
    env = break_blender(tmp_path, fault)
    job = f"beside-a-broken-one-{fault}".replace("_", "-")
    with helping_node(remote, redis_server.address, tmp_path / "helper", env=env):
        log = tmp_path / "helper.log"
        wait_until(lambda: "renderers=" in log.read_text(), seconds=60, what="the node is up")
        shown = remote.render(job, scenes.turning, fresh=True)
        listed = {one["id"]: one["site"] for one in remote.get("/nodes")["items"]}
        assert listed["helper"] == "here" and len(listed) > 1
    assert (shown["state"], shown["frames"]["done"]) == ("completed", 12)
    tries = [try_ for number in range(1, 13) for try_ in remote.attempts(job, number)]
    failed = [one for one in tries if one["outcome"] == "failed"]
    assert {one["node"] for one in failed} == {"helper"}
    assert {one["reason"]["code"] for one in failed} == {fault}
    assert all(len(remote.attempts(job, number)) <= 2 for number in range(1, 13))
    left_out = [one for one in remote.events(job=job) if one["kind"] == "node.left_out"]
    assert len(left_out) == (len(failed) >= 3), "once: what was under way then says nothing new"
    remote.assert_paid_once(job)
