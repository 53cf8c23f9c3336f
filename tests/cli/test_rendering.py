"""Scenes rendered through the command line, by a real server, node and Blender."""

import csv
import io
import json
import shutil
from pathlib import Path

import OpenImageIO
import pytest

from tests.cli.conftest import make_scene
from tests.cli.yuntu import Yuntu

NUMBERS = [1, 2, 3]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where frames go."""
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def job(yuntu: Yuntu, scene: Path, out: Path) -> str:
    """The id of a job of three frames that was rendered and watched; see what it printed too."""
    ran = yuntu("render", str(scene), "--out", str(out), "--name", "a cube")
    assert ran.code == 0, ran.out + ran.err
    return next(line.split()[1] for line in ran.out.splitlines() if "preparing" in line)


def test_frames_are_where_it_says(yuntu: Yuntu, job: str, out: Path) -> None:
    """Every frame is delivered, paid and listed."""
    frames = yuntu.json("frames", job)["items"]
    assert [one["frame"] for one in frames] == NUMBERS
    assert all(Path(one["path"]).parent == out and Path(one["path"]).exists() for one in frames)
    assert all(one["amount_micros"] > 0 for one in frames)


def test_a_pipe_gets_plain_lines(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """The estimate, a line per finished frame, its price, the bill, the place; no control codes."""
    ran = yuntu("render", str(scene), "--out", str(tmp_path), "--fresh", "--frames", "1-3x2")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    [priced] = [line for line in lines if "Estimate: ¥" in line]
    assert priced.endswith(" held")
    done = [line for line in lines if " done " in line and "frame " in line]
    # Frames are checked and stored side by side: the second may be through before the first.
    assert sorted(line.split("frame ")[1][0] for line in done) == ["1", "3"]
    assert lines.index(priced) < lines.index(done[0])
    assert all("¥" in line for line in done)
    assert done[-1].endswith("2/2")
    assert f"The frames are in {tmp_path}" in lines
    assert any(line.startswith("Total ") and "¥" in line for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cube_0001.png", "cube_0003.png"]


def test_json_is_events_and_then_the_job(yuntu: Yuntu, job: str, scene: Path, out: Path) -> None:
    """Frames that were rendered before are reused, free of charge, and it says so."""
    ran = yuntu("render", str(scene), "--out", str(out), "--json")
    assert ran.code == 0
    *events, last = ran.lines
    kinds = [one["kind"] for one in events if one["type"] == "event"]
    assert kinds[0] == "job.state"
    assert kinds.count("ledger.settle") == 0
    ids = [one["id"] for one in events if one["type"] == "event"]
    assert ids == sorted(set(ids))
    assert last["type"] == "job"
    assert last["job"]["id"] != job
    assert last["job"]["frames"]["reused"] == len(NUMBERS)
    assert (last["bill"]["total_micros"], len(last["bill"]["lines"])) == (0, len(NUMBERS))
    again = yuntu("render", str(scene), "--out", str(out))
    assert "all were reused, free of charge" in again.out


def test_looking_at_a_job(yuntu: Yuntu, job: str) -> None:
    """The beginning of an id is enough; people and programs see the same job."""
    told = yuntu.json("job", job[:5])
    assert (told["id"], told["name"], told["state"]) == (job, "a cube", "completed")
    ran = yuntu("job", job[:5])
    assert "a cube" in ran.out
    assert "3, 3 done" in ran.out
    assert job in yuntu("jobs", "--state", "completed", "--limit", "500").out
    assert [one["id"] for one in yuntu.json("jobs", "--limit", "1")["items"]] == [
        yuntu.json("job", "last")["id"]
    ]


@pytest.mark.usefixtures("job")
def test_ids_that_mean_nothing(yuntu: Yuntu) -> None:
    """An unknown id, one that is no id, and one that means several jobs."""
    assert yuntu("job", "nosuchjob", "--json").error["code"] == "job_not_found"
    assert yuntu("job", "../health", "--json").error["code"] == "job_not_found"
    first = {one["id"][0] for one in yuntu.json("jobs")["items"]}
    ids = [one["id"] for one in yuntu.json("jobs")["items"]]
    for letter in first:
        if sum(one.startswith(letter) for one in ids) > 1:
            assert yuntu("job", letter, "--json").error["code"] == "job_ambiguous"


def test_logs(yuntu: Yuntu, job: str) -> None:
    """A job has a story, a frame has what its renderer said."""
    assert "completed" in yuntu("logs", job).out
    ran = yuntu("logs", job, "2", "--follow")
    assert ran.code == 0
    assert yuntu.json("logs", job)["job"] == job
    whole = yuntu("logs", job).out.splitlines()
    assert yuntu("logs", job, "--tail", "2").out.splitlines() == whole[-2:]
    assert yuntu("logs", job, "2", "--tail", "1").out.count("\n") == 1
    assert yuntu("logs", job, "99", "--json").code == 2
    assert yuntu("logs", job, "--attempt", "1", "--json").error["code"] == "attempt_needs_frame"


def test_bill_and_statement(yuntu: Yuntu, job: str) -> None:
    """The lines add up to the total, and the statement has a payment for each."""
    bill = yuntu.json("bill", job)
    assert sum(line["amount_micros"] for line in bill["lines"]) == bill["total_micros"] > 0
    paid = [one for one in yuntu.json("statement")["items"] if one["job"] == job]
    assert sum(one["kind"] == "settle" for one in paid) == len(NUMBERS)
    ran = yuntu("bill", job)
    assert "per core-hour" in ran.out
    assert len([line for line in ran.out.splitlines() if " 0 % " in line]) == len(NUMBERS)
    assert "topped up" in yuntu("statement").out
    assert len(yuntu.json("statement", "--limit", "2")["items"]) == 2


@pytest.mark.usefixtures("job")
def test_balance(yuntu: Yuntu) -> None:
    """Total = free + held; what was spent is what the jobs cost."""
    balance = yuntu.json("balance")
    assert balance["total_micros"] == balance["free_micros"] + balance["held_micros"]
    costs = [one["cost_micros"] for one in yuntu.json("jobs", "--limit", "500")["items"]]
    assert balance["spent_micros"] >= sum(costs) > 0
    assert "Free" in yuntu("balance").out


def test_sheet(yuntu: Yuntu, job: str, tmp_path: Path) -> None:
    """A picture of all frames side by side."""
    target = tmp_path / "sheet.png"
    told = yuntu.json("sheet", job, "--out", str(target))
    assert told == {"job": job, "path": str(target), "frames": 3}
    spec = OpenImageIO.ImageBuf(str(target)).spec()
    assert spec.width > 3 * 320
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    (tmp_path / "file").write_text("")
    refused = yuntu("sheet", job, "--out", str(tmp_path / "file" / "sheet.png"), "--json")
    assert (refused.code, refused.error["code"]) == (2, "file_unwritable")


def test_export(yuntu: Yuntu, job: str, tmp_path: Path) -> None:
    """To the terminal, to a file, as JSON."""
    assert job in yuntu("export", "beancount").out
    rows = list(csv.DictReader(io.StringIO(yuntu("export", "csv").out)))
    assert sum(row["job"] == job and row["kind"] == "settle" for row in rows) == len(NUMBERS)
    target = tmp_path / "ledger.beancount"
    told = yuntu.json("export", "beancount", "--out", str(target))
    assert told["bytes"] == target.stat().st_size
    assert target.read_text(encoding="utf-8") == yuntu.json("export", "beancount")["text"]
    assert yuntu("export", "csv", "--out", str(tmp_path / "no" / "file")).code == 2


def test_audit_and_renderers(yuntu: Yuntu) -> None:
    """The books are in order, and Blender is there."""
    assert yuntu.json("audit")["clean"] is True
    assert "in order" in yuntu("audit").out
    assert "blender" in {one["name"] for one in yuntu.json("renderers")["items"]}
    assert "Blender" in yuntu("renderers", "--lang", "zh").out


def test_check(yuntu: Yuntu, scene: Path, blind_scene: Path) -> None:
    """A scene that can be rendered, and one that cannot: every finding, and what to do."""
    jobs = len(yuntu.json("jobs", "--limit", "500")["items"])
    ran = yuntu("check", str(scene), "--size", "32x18", "--frames", "1,3")
    assert ran.code == 0
    assert "2 (1,3)" in ran.out
    assert "can be rendered" in ran.out
    blocked = yuntu("check", str(blind_scene))
    assert blocked.code == 5
    assert "Blocker: " in blocked.out
    assert len(yuntu.json("jobs", "--limit", "500")["items"]) == jobs


def test_what_lacks_a_file_is_not_measured(yuntu: Yuntu, tmp_path: Path) -> None:
    """Its findings are all told; how long it would take without the file is nobody's question."""
    scene = tmp_path / "lacking.pov"
    scene.write_text('camera {location 0} sphere {0, 1 pigment {image_map {png "none.png"}}}')
    ran = yuntu("check", str(scene), "--json")
    assert (ran.code, ran.json["estimate"]) == (5, None)
    assert "blocker" in {one["severity"] for one in ran.json["findings"]}


def test_what_may_lack_a_file_is_priced_as_any_other(yuntu: Yuntu, tmp_path: Path) -> None:
    """The refusal names the options; with them it is measured, and its hold pays for all frames."""
    scene = str(make_scene(tmp_path / "bare.blend", "--lost-image"))
    refused = yuntu("check", scene)
    assert refused.code == 5
    assert "--allow-missing" in refused.out and "--find-in" in refused.out
    told = yuntu.json("check", scene, "--allow-missing")
    assert (told["ok"], told["estimate"]["source"]) == (True, "measured")
    assert {one["severity"] for one in told["findings"]} == {"warning"}
    assert yuntu("render", scene, "--allow-missing").code == 0
    job = yuntu.json("job", "last")
    assert (job["state"], job["estimate"]["source"]) == ("completed", "measured")


def test_only_a_failed_frame_is_retried(yuntu: Yuntu, job: str) -> None:
    """One that is done is not made again, nor one that is not there."""
    assert yuntu("retry", job, "--frame", "1", "--json").error["code"] == "frame_not_failed"
    assert yuntu("retry", job, "--frame", "99", "--json").error["code"] == "no_frame"
    assert yuntu("retry", job, "--json").error["code"] == "nothing_to_retry"


def test_blockers_end_a_render(yuntu: Yuntu, blind_scene: Path) -> None:
    """Nothing is spent, all findings are told, and the exit code is its own."""
    spent = yuntu.json("balance")["spent_micros"]
    ran = yuntu("render", str(blind_scene))
    assert ran.code == 5
    assert "Blocker: " in ran.out
    last = yuntu("render", str(blind_scene), "--json").lines[-1]
    assert [one["severity"] for one in last["job"]["findings"]] == ["blocker"]
    assert last["bill"] is None
    assert yuntu.json("balance")["spent_micros"] == spent


@pytest.mark.parametrize("frames", ["3-1", "x", "1-", "1-9999999"])
def test_bad_frames(yuntu: Yuntu, scene: Path, frames: str) -> None:
    """Reversed, no range, half a range, far too many."""
    ran = yuntu("check", str(scene), "--frames", frames, "--json")
    assert ran.code in (2, 5), ran.out
    assert ran.code == 5 or ran.error["code"].startswith("frames_")


def test_bad_scenes(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """Not a scene, half a scene."""
    text = tmp_path / "notes.txt"
    text.write_text("not a scene")
    half = tmp_path / "half.blend"
    half.write_bytes(scene.read_bytes()[: scene.stat().st_size // 2])
    for path in (text, half):
        ran = yuntu("render", str(path))
        assert ran.code in (2, 5), (path, ran.out)
        assert "failed: " in ran.out


def test_a_mistyped_line_leaves_no_job(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """No file, a folder, a range that is none: refused before there is a job."""
    before = yuntu.json("jobs", "--limit", "500")
    for argv, code in (
        ((str(tmp_path / "none.blend"),), "scene_missing"),
        ((str(tmp_path),), "scene_is_folder"),
        ((str(scene), "--frames", "9-1"), "frames_reversed"),
    ):
        ran = yuntu("render", *argv, "--json")
        assert (ran.code, ran.error["code"]) == (2, code)
    assert yuntu.json("jobs", "--limit", "500") == before


def test_out_that_cannot_be_written(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    ran = yuntu("render", str(scene), "--out", str(tmp_path / "file"))
    assert ran.code == 5
    assert str(tmp_path / "file") in ran.out


def test_no_money(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """A cap below the first frame's price pauses for consent, and more money lets it go on."""
    copy = Path(shutil.copy(scene, tmp_path / "dear.blend"))
    ran = yuntu("render", str(copy), "--max-cost", "0.000001", "--out", str(tmp_path), "--fresh")
    assert ran.code == 4, ran.out + ran.err
    assert "paused" in ran.out
    assert "--max-cost" in ran.out
    assert yuntu("resume", "last").code in (2, 4)
    assert yuntu("resume", "last", "--max-cost", "1").code == 0
    assert yuntu("watch", "last").code == 0
    assert yuntu.json("job", "last")["frames"]["done"] == len(NUMBERS)


def test_steering(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """Detach, pause, resume, cancel, watch to the end, delete; each tells what became of it."""
    ran = yuntu(
        *("render", str(scene), "--out", str(tmp_path), "--detach", "--fresh"),
        *("--samples", "400", "--size", "400x400", "--frames", "1-50", "--max-cost", "9"),
    )
    assert ran.code == 0
    job = ran.out.split()[0]
    assert f"yuntu watch {job}" in ran.err
    while yuntu.json("job", job)["state"] == "pending":
        pass
    assert yuntu.json("pause", job)["state"] == "paused"
    assert yuntu("pause", job, "--json").code == 2
    assert "queued" in yuntu("resume", "last").out
    assert yuntu("delete", job, "--json").error["code"] == "job_not_over"
    both = yuntu("cancel", "nosuchjob", job)
    assert both.code == 2
    assert "nosuchjob" in both.err
    assert "cancelled" in both.out
    assert yuntu("watch", job).code == 7
    assert yuntu.json("delete", job) == {"id": job, "deleted": True}
    assert job not in {one["id"] for one in yuntu.json("jobs", "--limit", "500")["items"]}
    assert json.loads(yuntu("balance", "--json").out)["held_micros"] == 0
