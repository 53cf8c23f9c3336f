"""A studio's store may be away: each machine goes on with its own, and they meet again later."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_server.farm.db import open_database, write
from local_server.invites import Guest, read_invite
from local_server.membership import Card, keep_card
from local_server.moving import create_studio, join_studio
from sync.blobs import Blobs, digest_bytes
from sync.folder_store import FolderStore
from tests.conftest import SmallDisk
from tests.end_to_end.filled_house import fill_house
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_povray import make_project
from tests.oss_server.server import REGION, OssServer
from tests.oss_server.signatures import Credential

STUDIO = "atelier"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The studio's folder."""
    share = tmp_path / "share"
    share.mkdir()
    return share


@pytest.fixture
def founder(tmp_path: Path, share: Path) -> Iterator[RunningFarm]:
    """The machine that founded the studio; not started."""
    farm = RunningFarm(tmp_path / "founder")
    farm.data.mkdir()
    create_studio(farm.data, store=str(share), name=STUDIO, host="founder")
    yield farm
    farm.close()


def bring_in(founder: RunningFarm, data: Path) -> RunningFarm:
    """Return another machine, not started, which has joined the studio of a running one."""
    data.mkdir()
    invite = founder.post("/studio/invites", {"mints": True})["invite"]
    join_studio(data, invite=read_invite(invite, guest=Guest.WORKSTATION), host=data.name)
    return RunningFarm(data)


def hide(share: Path) -> Path:
    """Take the studio's folder away; returns where it waits."""
    return share.rename(share.with_name("unplugged"))


def read_all(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def list_pictures(folder: Path) -> list[Path]:
    """Return the frames in a folder that have their final names."""
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


def count_records(share: Path) -> int:
    """Count the frame records that the studio's store has."""
    return sum(1 for _ in share.glob(f"v1/{STUDIO}/f/*/*"))


def list_left(farm: RunningFarm) -> list[dict[str, Any]]:
    """Return what a machine says that there is left to carry."""
    items: list[dict[str, Any]] = farm.get("/sync")["transfers"]["items"]
    return items


def test_a_machine_starts_renders_and_delivers_while_the_store_is_away(
    founder: RunningFarm, share: Path, tmp_path: Path
) -> None:
    gone = hide(share)
    scene = make_project(tmp_path / "project")
    founder.start()
    founder.top_up(10)
    assert founder.post("/sync")["trouble"]["code"] == "store_missing"
    assert founder.get("/balance")["waits"]["code"] == "money_waits"
    assert founder.render("alone", scene)["state"] == "completed"
    assert len(founder.wait_for_delivery("alone")) == 2
    founder.assert_paid_once("alone")
    picture = founder.session.get(f"{founder.address}/jobs/alone/frames/1/picture", timeout=30)
    assert picture.ok and picture.content.startswith(b"\x89PNG")
    gone.rename(share)
    standing = founder.post("/sync")
    assert (standing["trouble"], standing["unsealed"]) == (None, 0)
    assert founder.get("/balance")["waits"] is None
    founder.assert_clean()
    gone = hide(share)
    founder.top_up(1)  # nobody had noticed until then
    assert founder.get("/balance")["waits"]["code"] == "money_waits"
    gone.rename(share)


def test_results_move_house_and_come_to_the_other_machines(tmp_path: Path, share: Path) -> None:
    scene = make_project(tmp_path / "project")
    with RunningFarm(tmp_path / "founder") as alone:
        alone.top_up(10)
        cost = alone.render("before", scene)["cost_micros"]
        alone.wait_for_delivery("before")
    create_studio(alone.data, store=str(share), name=STUDIO, host="founder")
    with alone, bring_in(alone, tmp_path / "guest") as guest:
        wait_until(lambda: count_records(share) == 2, seconds=60, what="records are in the share")
        wait_until(lambda: not list_left(alone), seconds=60, what="nothing is left to send")
        alone.post("/sync")
        guest.post("/sync")
        [job] = guest.get("/studio/jobs")["items"]
        assert (job["job"], job["frames"], job["came"]) == ("before", [1, 2], 0)
        assert list_left(guest) == [], "it is somebody else's job"
        assert guest.post(f"/studio/jobs/{job['id']}/fetch", {"wanted": True})["wanted"]
        folder = guest.data / "results" / "before"
        wait_until(lambda: not list_left(guest), seconds=60, what="the frames came")
        assert read_all(folder) == read_all(alone.out("before"))
        [job] = guest.get("/studio/jobs")["items"]
        assert (job["came"], job["folder"]) == (2, str(folder))
        address = f"{guest.address}/studio/jobs/{job['id']}/frames/2"
        picture = guest.session.get(f"{address}/picture", timeout=30).content
        assert picture == read_all(folder)["wall_0002.png"]
        assert guest.session.get(f"{address}/thumbnail", timeout=30).ok
        assert cost > 0  # it was paid in the former studio, whose books stay there
        assert guest.get(f"/studio/jobs/{job['id']}/bill")["frames_done"] == 2


def test_results_of_all_come_by_themselves_with_their_bills(
    founder: RunningFarm, tmp_path: Path
) -> None:
    scene = make_project(tmp_path / "project")
    with founder, bring_in(founder, tmp_path / "guest") as guest:
        into = tmp_path / "results of all"
        guest.patch("/sync/transfers", {"results": "all", "folder": str(into)})
        founder.top_up(10)
        founder.render("for-all", scene)
        wait_until(lambda: not list_left(founder), seconds=60, what="nothing is left to send")
        assert founder.post("/sync")["unsealed"] == 0
        guest.post("/sync")
        folder = into / "for-all"
        wait_until(lambda: len(read_all(folder)) == 2, seconds=60, what="the frames came")
        [job] = guest.get("/studio/jobs")["items"]
        bill = founder.get("/jobs/for-all/bill")
        there = guest.get(f"/studio/jobs/{job['id']}/bill")
        for line in bill["lines"]:
            line["node_name"] = None  # each machine knows its own nodes by name
        assert there["lines"] == bill["lines"]
        assert (there["total_micros"], job["cost_micros"]) == (bill["total_micros"],) * 2
        guest.top_up(10)
        guest.post("/sync")
        again = guest.render("for-all", scene)  # ids of jobs are each machine's own business
        assert (again["cost_micros"], again["frames"]["reused"]) == (0, 2)
        guest.wait_for_delivery("for-all")
        assert read_all(guest.out("for-all")) == read_all(folder)
        guest.assert_paid_once("for-all")
        guest.assert_clean()


class Trouble(StrEnum):
    """What can be wrong with a studio's folder."""

    MISSING = "store_missing"
    READ_ONLY = "store_not_allowed"
    FULL = "store_full"


def make_trouble(trouble: Trouble, disk: SmallDisk) -> Callable[[], object]:
    """Make a studio's disk unfit; returns what mends it."""
    remount = ["mount", "-o", "remount,{}", str(disk.folder)]
    if trouble is Trouble.MISSING:
        return partial(hide(disk.folder / "share").rename, disk.folder / "share")
    if trouble is Trouble.FULL:
        disk.fill()
        return disk.clear
    subprocess.run([one.format("ro") for one in remount], check=True)
    return partial(subprocess.run, [one.format("rw") for one in remount], check=True)


@pytest.mark.parametrize("trouble", Trouble)
def test_whatever_is_wrong_is_said_and_heals_by_itself(
    trouble: Trouble, small_disk: SmallDisk, tmp_path: Path
) -> None:
    share, data = small_disk.folder / "share", tmp_path / "founder"
    share.mkdir()
    fill_house(data, "noise", count=3, size_bytes=1000)
    create_studio(data, store=str(share), name=STUDIO, host="founder")
    mend = make_trouble(trouble, small_disk)
    with RunningFarm(data, "--no-node") as farm:
        farm.top_up(3)
        standing = farm.post("/sync")
        assert standing["trouble"]["code"] == trouble
        [results] = list_left(farm)
        assert (results["load"], results["files_left"]) == ("results", 3)
        mend()
        assert farm.post("/sync")["trouble"] is None
        wait_until(lambda: not list_left(farm), seconds=60, what="the frames are there")
        assert count_records(share) == 3
        farm.assert_clean()


def test_a_wrong_address_is_said_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "founder"
    fill_house(data, "noise", count=1, size_bytes=1000)
    db = open_database(data / "farm.db")
    with write(db):
        keep_card(db, Card(studio=STUDIO, store="ftp://studio.example/share"))
    db.conn.close()
    with RunningFarm(data, "--no-node") as farm:
        farm.top_up(3)
        assert farm.post("/sync")["trouble"]["code"] == "store_address_unknown"
        assert farm.get("/health/ready")["status"] == "ready"


def test_a_server_killed_while_it_ships_goes_on_where_it_was(
    founder: RunningFarm, share: Path
) -> None:
    pictures = fill_house(founder.data, "noise", count=60, size_bytes=300_000)
    with founder:
        founder.patch("/sync/transfers", {"mbps": 20})
        wait_until(lambda: count_records(share) > 1, seconds=60, what="some are there")
        founder.kill_server()
        assert count_records(share) < 60, "it was killed too late"
        founder.start()
        founder.patch("/sync/transfers", {"mbps": 0})
        wait_until(lambda: not list_left(founder), seconds=60, what="the rest is there")
        assert founder.get("/sync")["transfers"]["lost"] == 0
    far = Blobs(FolderStore(share), STUDIO)
    assert {digest_bytes(far.read(one)) for one in pictures} == set(pictures)
    assert count_records(share) == 60
    assert list((founder.data / "arriving").glob("*")) == []


def test_a_server_killed_while_frames_come_has_no_half_ones(
    founder: RunningFarm, tmp_path: Path
) -> None:
    pictures = fill_house(founder.data, "noise", count=40, size_bytes=300_000)
    with founder, bring_in(founder, tmp_path / "guest") as guest:
        founder.post("/sync")
        wait_until(lambda: not list_left(founder), seconds=60, what="all is in the share")
        assert founder.post("/sync")["unsealed"] == 0
        guest.patch("/sync/transfers", {"results": "all", "mbps": 20})
        folder = guest.data / "results" / "noise"
        guest.post("/sync")
        wait_until(lambda: len(list_pictures(folder)) > 1, seconds=60, what="some came")
        guest.kill_server()
        there = list_pictures(folder)
        assert len(there) < 40, "it was killed too late"
        assert {digest_bytes(path.read_bytes()) for path in there} <= set(pictures)
        guest.start()
        guest.patch("/sync/transfers", {"mbps": 0})
        guest.post("/sync")
        wait_until(lambda: not list_left(guest), seconds=60, what="the rest came")
        assert {digest_bytes(one) for one in read_all(folder).values()} == set(pictures)


def test_pausing_lets_go_and_what_is_lost_is_said_once(founder: RunningFarm, share: Path) -> None:
    pictures = fill_house(founder.data, "noise", count=8, size_bytes=300_000)
    digest = pictures[3]
    (founder.data / "store" / "v1" / "solo" / "b" / digest[:2] / digest).unlink()
    with founder:
        founder.patch("/sync/transfers", {"paused": True})
        wait_until(lambda: not founder.get("/sync")["busy"], seconds=60, what="it has met")
        before = count_records(share)
        founder.post("/sync")
        assert count_records(share) == before
        assert founder.patch("/sync/transfers", {"paused": False})["paused"] is False
        wait_until(lambda: not list_left(founder), seconds=60, what="the others are there")
        assert founder.get("/sync")["transfers"]["lost"] == 1
        assert count_records(share) == 7
        lost = [one for one in founder.events() if one["kind"] == "results.lost"]
        assert [(one["job"], one["frame"]) for one in lost] == [("noise", 4)]


@contextmanager
def serve_bucket(folder: Path, *, port: int = 0) -> Iterator[OssServer]:
    """Serve a bucket whose state lasts in a folder, on loopback."""
    with OssServer(credentials=[Credential("id", "secret")], folder=folder, port=port) as server:
        yield server


def test_a_bucket_that_goes_away_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", "secret")
    data = tmp_path / "founder"
    fill_house(data, "noise", count=5, size_bytes=100_000)
    with serve_bucket(tmp_path / "bucket") as server:
        server.make_bucket("studio-bucket")
        port = server.port
        address = f"oss://studio-bucket/north?region={REGION}&endpoint={server.endpoint}"
        create_studio(data, store=address, name=STUDIO, host="founder")
    with RunningFarm(data, "--no-node") as farm:
        farm.top_up(3)
        [results] = list_left(farm)
        assert results["files_left"] == 5
        with serve_bucket(tmp_path / "bucket", port=port):
            wait_until(lambda: farm.post("/sync")["trouble"] is None, seconds=60, what="it is met")
            wait_until(lambda: not list_left(farm), seconds=60, what="the frames are there")
            guest = bring_in(farm, tmp_path / "guest")
            assert farm.post("/sync")["unsealed"] == 0
        with guest:
            assert guest.get("/sync")["transfers"]["results"] == "own"
            guest.patch("/sync/transfers", {"results": "all"})
            with serve_bucket(tmp_path / "bucket", port=port):
                wait_until(
                    lambda: guest.post("/sync")["trouble"] is None, seconds=60, what="it is met"
                )
                folder = guest.data / "results" / "noise"
                wait_until(lambda: len(read_all(folder)) == 5, seconds=60, what="frames came")


def test_a_house_of_before_has_its_results_beyond(founder: RunningFarm, share: Path) -> None:
    """Machines that joined when the studio's store was their own have nothing in the near one."""
    pictures = fill_house(founder.data, "noise", count=2, size_bytes=1000)
    (founder.data / "store" / "v1" / "solo" / "b").rename(share / "v1" / STUDIO / "b")
    with founder:
        picture = founder.session.get(f"{founder.address}/jobs/noise/frames/1/picture", timeout=30)
        assert digest_bytes(picture.content) == pictures[0]
        founder.post("/sync")
        wait_until(lambda: not list_left(founder), seconds=60, what="all is known to be there")
        assert founder.get("/sync")["transfers"]["lost"] == 0
        assert count_records(share) == 2
