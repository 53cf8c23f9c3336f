"""The server is killed under a render that is being watched: nothing is lost or paid twice."""

import json
from pathlib import Path

from tests.cli.yuntu import Yuntu


def test_a_killed_server_is_started_again(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """The command finds out, starts the next server, and shows every frame once."""
    process = yuntu.start(
        *("render", str(scene), "--out", str(tmp_path), "--fresh", "--json"),
        *("--samples", "40", "--size", "100x100", "--frames", "1-6", "--max-cost", "9"),
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if '"state": "rendering"' in line:
            yuntu.kill_server()
            break
    rest, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    told = "".join(lines) + rest
    assert '"state": "lost"' in told
    assert '"state": "back"' in told
    job = yuntu.json("job", "last")
    assert job["frames"]["done"] == 6
    bill = yuntu.json("bill", "last")
    assert [line["frame"] for line in bill["lines"]] == [1, 2, 3, 4, 5, 6]
    for frame in range(1, 7):
        done = [
            line
            for line in told.splitlines()
            if f'"frame": {frame}, "data": {{"state": "done"' in line
        ]
        assert len(done) == 1, frame
    assert yuntu.json("audit")["clean"] is True


def test_a_server_that_was_ended_stays_so(yuntu: Yuntu, scene: Path, tmp_path: Path) -> None:
    """`yuntu stop` is meant: a render that is watched does not start the server again."""
    process = yuntu.start(
        *("render", str(scene), "--out", str(tmp_path), "--fresh", "--json"),
        *("--samples", "300", "--size", "300x300", "--frames", "1-9", "--max-cost", "9"),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"state": "rendering"' in line:
            break
    assert yuntu.json("stop")["stopped"] is True
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "server_was_ended"
    assert yuntu.read_server() == {}
    assert yuntu.json("cancel", "last")["state"] == "cancelled"
