"""A studio's store may be away: each machine goes on with its own, and they meet again later."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_server.farm.db import open_database, write
from local_server.farm.transfer_rules import Wanted, change_transfer_rules
from local_server.invites import Guest, read_invite
from local_server.moving import create_studio, join_studio
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_povray import make_project

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


def set_rule(data: Path, rule: Wanted) -> None:
    """Have a machine that does not run want other machines' results."""
    db = open_database(data / "farm.db")
    with write(db):
        change_transfer_rules(db, results=rule)
    db.conn.close()


def read_all(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def count_records(share: Path) -> int:
    """Count the frame records that the studio's store has."""
    return sum(1 for _ in share.glob(f"v1/{STUDIO}/f/*/*"))


def test_a_machine_starts_renders_and_delivers_while_the_store_is_away(
    founder: RunningFarm, share: Path, tmp_path: Path
) -> None:
    gone = hide(share)
    scene = make_project(tmp_path / "project")
    founder.start()
    founder.top_up(10)
    assert founder.post("/sync")["trouble"]["code"] == "store_missing"
    assert founder.render("alone", scene)["state"] == "completed"
    assert len(founder.wait_for_delivery("alone")) == 2
    founder.assert_paid_once("alone")
    picture = founder.session.get(f"{founder.address}/jobs/alone/frames/1/picture", timeout=30)
    assert picture.ok and picture.content.startswith(b"\x89PNG")
    gone.rename(share)
    standing = founder.post("/sync")
    assert (standing["trouble"], standing["unsealed"]) == (None, 0)
    founder.assert_clean()


def test_results_move_house_and_come_to_the_other_machines(tmp_path: Path, share: Path) -> None:
    scene = make_project(tmp_path / "project")
    with RunningFarm(tmp_path / "founder") as alone:
        alone.top_up(10)
        alone.render("before", scene)
        alone.wait_for_delivery("before")
    create_studio(alone.data, store=str(share), name=STUDIO, host="founder")
    with alone:
        guest = bring_in(alone, tmp_path / "guest")
        set_rule(guest.data, Wanted.ALL)
        wait_until(lambda: count_records(share) == 2, seconds=60, what="records are in the share")
        alone.post("/sync")
        with guest:
            guest.post("/sync")
            folder = guest.data / "results" / "before"
            wait_until(lambda: len(read_all(folder)) == 2, seconds=60, what="the frames came")
            assert read_all(folder) == read_all(alone.out("before"))
