"""A machine that has just moved into a studio, and has not met it yet."""

import os
from pathlib import Path

from local_server.farm.db import open_database, write
from local_server.farm.jobs import create_job
from local_server.settings import OWNER
from tests.cli.yuntu import Yuntu


def test_a_machine_is_in_its_studio_before_the_first_meeting(tmp_path: Path) -> None:
    yuntu, share = Yuntu(tmp_path / "data"), tmp_path / "share"
    share.mkdir()
    assert yuntu("studio", "create", "kiln", "--store", str(share)).code == 0
    share.rename(tmp_path / "unplugged")
    [device] = yuntu.json("studio", "devices")["items"]
    assert (device["here"], device["state"], device["entries"]) == (True, "member", 0)
    assert "together" not in yuntu("sync", "--dry-run").out
    (tmp_path / "unplugged").rename(share)
    assert "Everything is together" in yuntu("sync").out
    [met] = yuntu.json("studio", "devices")["items"]
    assert met["id"] == device["id"]
    yuntu("stop")


def test_a_refused_move_leaves_the_server_running(tmp_path: Path) -> None:
    """What is known before is refused beside it; after what shows later only, it goes on again."""
    yuntu, share = Yuntu(tmp_path / "data"), tmp_path / "share"
    share.mkdir()
    yuntu.json("studio", "create", "kiln", "--store", str(share))
    invite = yuntu.json("studio", "invite")["invite"]
    guest = Yuntu(tmp_path / "guest")
    guest.json("jobs")
    before = guest.read_server()["pid"]

    def refuse(*argv: str) -> str:
        ran = guest("studio", *argv, "--json")
        assert ran.code != 0
        return str(ran.error["code"])

    for name in ("Kiln", "盛世"):
        assert refuse("create", name, "--store", str(share)) == "studio_name_wrong"
    assert refuse("create", "second", "--store", "ossx://b") == "store_address_unknown"
    assert refuse("create", "second", "--store", str(tmp_path / "shrae")) == "store_missing"
    assert guest.read_server()["pid"] == before
    guest.json("studio", "join", invite)
    guest.json("jobs")
    before = guest.read_server()["pid"]
    assert refuse("create", "third", "--store", str(share)) == "studio_to_leave"
    assert guest.read_server()["pid"] == before
    third = Yuntu(tmp_path / "third")
    third.json("jobs")
    before = third.read_server()["pid"]
    assert third("studio", "join", invite, "--json").error["code"] == "invite_used"
    after = third.read_server()["pid"]
    assert after != before
    os.kill(int(after), 0)
    db = open_database(third.data / "farm.db")
    with write(db):
        create_job(db, id="moving-job", owner=OWNER, name="x", request={}, priority=5, at_ms=1)
    db.conn.close()
    for line in (("create", "third", "--store", str(share)), ("join", invite)):
        assert third("studio", *line, "--json").error["code"] == "jobs_open"
    assert third.read_server()["pid"] == after
    for one in (yuntu, guest, third):
        one("stop")
