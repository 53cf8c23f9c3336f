"""Invites in real processes: a workstation and a node that know nothing but what they are told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.processes import NodeProcess, Workstation
from tests.end_to_end.running_bucket import RunningBucket
from tests.end_to_end.running_farm import wait_until
from tests.end_to_end.test_redis import WORD, RunningRedis

SCENE = """
#version 3.7;
global_settings { assumed_gamma 1 }
camera { orthographic location <0, 0, -3> look_at <0, 0, 0> right x up y }
sphere { <0, 0, 0>, 0.3 + 0.05 * frame_number
  texture { pigment { rgb <0, 1, 0> } finish { ambient 1 } } }
"""
FRAMES = 6


def make_scene(folder: Path) -> Path:
    """Write a scene of a few quick frames."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ball.ini").write_text(
        f"Width=32\nHeight=24\nInitial_Frame=1\nFinal_Frame={FRAMES}\n"
    )
    scene = folder / "ball.pov"
    scene.write_text(SCENE)
    return scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all that the founder has is."""
    return tmp_path_factory.mktemp("invites")


@pytest.fixture(scope="module")
def bucket(folder: Path) -> Iterator[RunningBucket]:
    """A bucket whose key only the founder has."""
    running = RunningBucket(folder / "bucket").start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def redis(folder: Path) -> Iterator[RunningRedis]:
    """A Redis for the farm."""
    running = RunningRedis(folder)
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def founder(folder: Path, bucket: RunningBucket, redis: RunningRedis) -> Iterator[Workstation]:
    """The founder of a studio in the bucket that has a farm."""
    key = bucket.write_key(folder / "bucket.key")
    founder = Workstation(folder / "founder", YUNTU_BUCKET_KEY_FILE=str(key))
    try:
        founder.run("topup", "50")
        founder.run("studio", "create", "atelier", "--store", bucket.address)
        founder.run("farm", "create", "--queue", redis.address)
        yield founder
    finally:
        founder.finish("stop")


def test_a_node_and_a_workstation_that_were_invited(
    founder: Workstation, bucket: RunningBucket, redis: RunningRedis, tmp_path: Path
) -> None:
    artist, node = Workstation(tmp_path / "artist"), NodeProcess(tmp_path / "node")
    try:
        invite = founder.run("studio", "invite", "--mints")["invite"]
        assert bucket.secret not in invite
        artist.run("studio", "join", invite)
        late = Workstation(tmp_path / "late")
        assert late.fail("studio", "join", invite) == "invite_used"
        shown = artist.run("farm")
        assert shown["joined"] and shown["studio"] == "atelier"
        node_invite = founder.run("farm", "invite")["invite"]
        assert late.fail("studio", "join", node_invite) == "invite_for_nodes"
        node.start("--invite", node_invite)
        wait_until(lambda: "renderers=" in node.log, seconds=60, what="the node is up")
        node.stop()
        node.start()  # from now on it knows where it belongs
        artist.run("sync")
        artist.run("topup", "20")
        scene = make_scene(tmp_path / "scene")
        job = artist.run("render", str(scene), "--on", "farm", "--out", str(tmp_path / "out"))[
            "job"
        ]
        assert (job["state"], job["frames"]["done"]) == ("completed", FRAMES)
        founder.run("sync")
        [name] = [one["node"] for one in founder.run("farm")["invited"]]
        lines = artist.run("bill", job["id"])["lines"]
        assert all(line["node"].startswith(f"{name}.") for line in lines)
        assert len(list((tmp_path / "out").iterdir())) == FRAMES
        check_revoked(artist, node, redis, name=name, scene=scene)
    finally:
        artist.finish("stop")
        node.stop()


def test_a_farm_of_one_machine_alone_is_refused(tmp_path: Path) -> None:
    alone = Workstation(tmp_path / "alone")
    try:
        code = alone.fail("farm", "create", "--queue", "redis://farm.example/0")
        assert code == "farm_wants_studio"
        assert alone.fail("farm", "invite") == "no_farm"
    finally:
        alone.finish("stop")


def test_a_member_takes_the_farm_along(
    founder: Workstation, redis: RunningRedis, tmp_path: Path
) -> None:
    artist = Workstation(tmp_path / "artist")
    try:
        make = ("farm", "create", "--queue")
        assert founder.fail(*make, redis.address) == "farm_exists"
        wrong = redis.address.replace(WORD, "guessed")
        assert founder.fail(*make, wrong, "--replace") == "farm_queue_silent"
        assert founder.fail(*make, "redis://farm:none/0", "--replace") == "farm_queue_wrong"
        founder.run(*make, redis.address, "--replace")
        founder.run("farm", "leave")
        artist.run("studio", "join", founder.run("studio", "invite")["invite"])
        assert not artist.run("farm")["joined"]
        founder.run(*make, redis.address)
        account = artist.run("whoami")["id"]
        assert artist.fail("farm", "join") == "farm_join_wants"
        artist.run("farm", "join", founder.run("studio", "invite")["invite"])
        assert artist.run("farm")["joined"]
        assert artist.run("whoami")["id"] == account, "nothing else has changed"
        alone = Workstation(tmp_path / "alone")
        invite = founder.run("studio", "invite")["invite"]
        assert alone.fail("farm", "join", invite) == "farm_of_another_studio"
        alone.finish("stop")
    finally:
        artist.finish("stop")


def check_revoked(
    artist: Workstation, node: NodeProcess, redis: RunningRedis, *, name: str, scene: Path
) -> None:
    """Take the node out: it says so and ends, and what it goes on to report does not count."""
    [machine] = [one["name"] for one in artist.run("nodes")["items"] if one["site"] == "farm"]
    assert artist.fail("farm", "revoke", "nobody") == "no_node_of_farm"
    shown = artist.run("farm", "revoke", machine)
    assert shown["invited"] == [{"node": name, "host": machine, "state": "out"}]
    assert node.wait() != 0
    assert "was taken out" in node.log
    redis.kill()
    redis.start()  # it has forgotten who is out
    out = ("--out", str(scene.parent / "again"), "--on", "farm", "--fresh", "--detach")
    job = artist.run("render", str(scene), *out)
    node.start()
    assert node.wait() != 0, "whoever it reports to tells it again"
    log = artist.data / "logs" / "server.log"
    assert "a report was refused: node_out" in log.read_text()
    assert artist.run("job", job["id"])["frames"]["done"] == 0


def test_a_bucket_gets_another_key(
    founder: Workstation, bucket: RunningBucket, folder: Path, tmp_path: Path
) -> None:
    earlier = len(founder.run("farm")["invited"])
    artist, node = Workstation(tmp_path / "artist"), NodeProcess(tmp_path / "node")
    try:
        artist.run("studio", "join", founder.run("studio", "invite")["invite"])
        shown = artist.run("store", "credentials")
        assert (shown["id"], shown["origin"]) == (bucket.id, "kept")
        assert bucket.secret not in json.dumps(shown)
        assert founder.run("store", "credentials")["origin"] == "file"
        in_new_shell = Workstation(founder.data)
        assert in_new_shell.run("store", "credentials")["origin"] == "kept"
        node.start("--invite", founder.run("farm", "invite")["invite"])
        wait_until(lambda: "renderers=" in node.log, seconds=60, what="the node is up")
        node.stop()
        bucket.kill()
        bucket.id, bucket.secret = "new-key", "new-secret"
        bucket.start()
        assert artist.run("sync", fine=False) is None
        assert artist.run("sync", "--dry-run")["trouble"]["code"] == "store_key_wrong"
        wrong = tmp_path / "wrong.key"
        wrong.write_text("new-key\nno-secret\n")
        assert artist.fail("store", "credentials", "--key-file", str(wrong)) == "store_key_wrong"
        pid = artist.read_server()["pid"]
        key = bucket.write_key(folder / "bucket.key")  # where the founder's machine has it
        wait_for_sync(founder)
        artist.run("store", "credentials", "--key-file", str(key))
        wait_for_sync(artist)
        assert artist.read_server()["pid"] == pid, "the server that runs takes the new key"
        artist.run("studio", "join", founder.run("studio", "invite")["invite"])
        wait_for_sync(artist)
        assert artist.run("store", "credentials")["id"] == "new-key"
        said = len(node.log)
        node.start("--invite", founder.run("farm", "invite")["invite"])
        wait_until(lambda: "renderers=" in node.log[said:], seconds=60, what="it is up again")
        founder.run("sync")
        assert len(founder.run("farm")["invited"]) == earlier + 1, "it is the same node"
    finally:
        artist.finish("stop")
        node.stop()


def wait_for_sync(machine: Workstation) -> None:
    """Synchronise, a moment after the store was found shut."""
    wait_until(
        lambda: machine.run("sync", fine=False) is not None, seconds=60, what="it is together"
    )
