"""Transfers and other machines' frames on the command line."""

from pathlib import Path

from tests.cli.yuntu import Yuntu


def test_rules_of_transfers_are_changed_and_shown(yuntu: Yuntu, tmp_path: Path) -> None:
    usual = yuntu.json("transfers")
    assert (usual["paused"], usual["mbps"], usual["results"]) == (False, 0, "own")
    try:
        into = str(tmp_path / "from others")
        told = yuntu.json(
            "transfers", "--pause", "--limit", "8", "--results", "all", "--into", into
        )
        assert (told["paused"], told["mbps"], told["results"]) == (True, 8, "all")
        assert told["folder"] == into
        shown = yuntu("transfers").out
        assert "paused" in shown and into in shown and "8 megabits" in shown
        assert yuntu.json("sync", "--dry-run")["transfers"]["paused"]
    finally:
        yuntu.json("transfers", "--resume", "--limit", "0", "--results", "own", "--into", "")
    assert yuntu.json("transfers") == usual
    assert "Nothing waits" in yuntu("transfers").out


def test_pausing_and_resuming_at_once_is_refused(yuntu: Yuntu) -> None:
    ran = yuntu("transfers", "--pause", "--resume", "--json")
    assert ran.error["code"] == "pause_or_resume"


def test_a_job_that_no_other_machine_has(yuntu: Yuntu) -> None:
    for command in (("fetch", "nobody"), ("bill", "one:nobody")):
        ran = yuntu(*command, "--json")
        assert (ran.code, ran.error["code"]) == (2, "away_job_not_found")
