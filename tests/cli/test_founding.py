"""A machine that has just moved into a studio, and has not met it yet."""

from pathlib import Path

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
