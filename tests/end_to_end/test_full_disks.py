"""Full disks and lost folders: what is rendered is safe, and goes on once there is room."""

from pathlib import Path

from tests.conftest import SmallDisk
from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until


def wait_for_problem(farm: RunningFarm, job: str) -> dict[str, str]:
    """Wait until a job says why its frames cannot be put into its folder."""
    wait_until(
        lambda: farm.get(f"/jobs/{job}")["delivery"]["problem"] is not None,
        seconds=60,
        what=f"{job} says what is in the way",
    )
    problem: dict[str, str] = farm.get(f"/jobs/{job}")["delivery"]["problem"]
    assert problem["title"] and problem["detail"] and "<" not in problem["detail"]
    return problem


def test_frames_wait_for_room_in_the_artists_folder(
    farm: RunningFarm, scenes: Scenes, small_disk: SmallDisk
) -> None:
    out = small_disk.folder / "frames"
    small_disk.fill()
    job = farm.render("no-room", scenes.turning, frames="1-6", out=str(out))
    assert (job["state"], job["frames"]["done"]) == ("completed", 6), "they are rendered and safe"
    problem = wait_for_problem(farm, "no-room")
    assert problem["code"] == "disk_full" and str(out) in problem["detail"]
    assert farm.get("/jobs/no-room")["delivery"]["waiting"] == 6
    wait_until(lambda: not list(out.iterdir()), seconds=60, what="nothing is there by half")
    other = farm.render("room-elsewhere", scenes.turning, frames="1-3")
    assert other["state"] == "completed"
    assert len(farm.wait_for_delivery("room-elsewhere")) == 3, "nobody else waits for it"
    small_disk.clear()
    wait_until(
        lambda: farm.get("/jobs/no-room")["delivery"] == {"waiting": 0, "problem": None},
        seconds=60,
        what="they are delivered by themselves",
    )
    assert sorted(path.name for path in out.iterdir()) == [
        f"turning_{number:04}.png" for number in range(1, 7)
    ]
    farm.assert_paid_once("no-room")


def test_frames_wait_for_a_folder_that_is_in_the_way(
    farm: RunningFarm, scenes: Scenes, tmp_path: Path
) -> None:
    out = tmp_path / "frames"
    farm.submit("in-the-way", scenes.slow, frames="1-2", out=str(out), fresh=True)
    wait_until(out.is_dir, seconds=60, what="the folder is made")
    out.rmdir()
    out.write_text("not a folder any more")
    assert farm.wait_for_rest("in-the-way")["state"] == "completed"
    assert wait_for_problem(farm, "in-the-way")["code"] == "delivery_waits"
    out.unlink()
    wait_until(
        lambda: farm.get("/jobs/in-the-way")["delivery"] == {"waiting": 0, "problem": None},
        seconds=60,
        what="they are delivered by themselves",
    )
    assert sorted(path.name for path in out.iterdir()) == ["slow_0001.png", "slow_0002.png"]


def test_a_store_that_is_away_for_a_while_fails_no_frame(farm: RunningFarm, scenes: Scenes) -> None:
    store, hidden = farm.data / "store", farm.data / "store-unplugged"
    farm.submit("unplugged", scenes.slow, fresh=True)
    farm.wait_for_done("unplugged", 1)
    store.rename(hidden)
    try:
        wait_until(
            lambda: any("store" in read_log(farm, "unplugged", number) for number in (2, 3, 4)),
            seconds=60,
            what="a frame's log says that the store is away",
        )
        assert farm.get("/jobs/unplugged")["state"] == "running"
    finally:
        hidden.rename(store)
    job = farm.wait_for_rest("unplugged")
    assert (job["state"], job["frames"]["done"]) == ("completed", 4)
    for number, frame in farm.frames("unplugged").items():
        assert frame["failures"] == 0
        assert len(farm.attempts("unplugged", number)) == 1, "what was rendered was kept"
    assert len(farm.wait_for_delivery("unplugged")) == 4
    farm.assert_paid_once("unplugged")


def read_log(farm: RunningFarm, job: str, number: int) -> str:
    """Return the log of a frame, empty while there is none."""
    path = f"{farm.address}/jobs/{job}/frames/{number}/log"
    response = farm.session.get(path, timeout=30)
    return response.text if response.ok else ""


def test_a_folder_that_cannot_be_written_is_told_before_money_moves(
    farm: RunningFarm, scenes: Scenes, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file")
    for number, out in enumerate((in_the_way, in_the_way / "deeper", Path("/proc/frames"))):
        job = farm.render(f"unwritable-{number}", scenes.turning, out=str(out))
        assert (job["state"], job["reason"]["code"]) == ("failed", "preflight")
        blockers = [one for one in job["findings"] if one["severity"] == "blocker"]
        assert [one["code"] for one in blockers] == ["out_unwritable"]
        assert str(out) in blockers[0]["detail"]
        assert (job["held_micros"], job["frames"]["total"]) == (0, 0)


def test_frames_fail_with_the_reason_where_the_nodes_disk_is_full(
    small_disk: SmallDisk, scenes: Scenes, tmp_path: Path
) -> None:
    farm = RunningFarm(tmp_path / "data")
    farm.data.mkdir()
    (farm.data / "node").symlink_to(small_disk.folder, target_is_directory=True)
    with farm:
        farm.top_up(10)
        farm.submit("cramped", scenes.slow, frames="1-2")
        farm.wait_for_done("cramped", 1)
        small_disk.fill()
        job = farm.wait_for_rest("cramped")
        assert job["state"] == "partial"
        failed = [one for one in farm.frames("cramped").values() if one["state"] == "failed"]
        assert failed and {one["reason"]["code"] for one in failed} == {"node_disk_full"}
        assert all("space" in one["words"] for one in failed)
        farm.assert_paid_once("cramped")
        assert farm.get("/balance")["held_micros"] == 0
        small_disk.clear()
        farm.post("/jobs/cramped/retry")
        job = farm.wait_for_rest("cramped")
        assert (job["state"], job["frames"]["done"]) == ("completed", 2)
        farm.assert_paid_once("cramped")
        assert len(farm.wait_for_delivery("cramped")) == 2
        farm.assert_clean()
    wait_until(lambda: not farm.list_orphans(), seconds=60, what="no orphans")
