"""Ctrl-C: it asks at a terminal, and leaves the job running where nobody can be asked."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.yuntu import Terminal, Yuntu

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
INTERRUPT = "\x03"
ASKED = "go on watching"


@pytest.fixture
def long_job(yuntu: Yuntu, scene: Path, tmp_path: Path) -> Iterator[list[str]]:
    """A command line that renders for minutes if it is let; its job is cancelled in the end."""
    options = ["--samples", "300", "--size", "300x300", "--frames", "1-99", "--max-cost", "9"]
    yield ["render", str(scene), "--out", str(tmp_path), "--fresh", *options]
    yuntu("cancel", "last")


def test_go_on_watching_then_cancel(yuntu: Yuntu, long_job: list[str]) -> None:
    """The price; a live picture; the question; back to the picture; the question again."""
    with Terminal(yuntu.make_command(*long_job)) as terminal:
        terminal.wait_for("Estimate: ¥")
        terminal.wait_for("frame 1")
        terminal.wait_for("sample ")
        terminal.press(INTERRUPT)
        terminal.wait_for(ASKED)
        terminal.press("w")
        terminal.wait_for("0/99")
        terminal.press(INTERRUPT)
        terminal.wait_for(ASKED)
        terminal.press("c")
        assert terminal.wait() == 7
    assert yuntu.json("job", "last")["state"] == "cancelled"


def test_a_second_interrupt_leaves_it_running(yuntu: Yuntu, long_job: list[str]) -> None:
    """Whoever is in a hurry is not asked twice."""
    with Terminal(yuntu.make_command(*long_job)) as terminal:
        terminal.wait_for("0/99")
        terminal.press(INTERRUPT)
        terminal.wait_for(ASKED)
        terminal.press(INTERRUPT)
        assert terminal.wait() == 130
    job = yuntu.json("job", "last")
    assert job["state"] in ("queued", "running")
    assert f"yuntu watch {job['id']}" in terminal.seen
    assert yuntu("cancel", job["id"]).code == 0


def test_in_a_pipe_it_leaves_the_job_running(yuntu: Yuntu, long_job: list[str]) -> None:
    """A script that is interrupted learns how to watch and how to cancel."""
    process = yuntu.start(*long_job)
    assert process.stdout is not None
    for line in process.stdout:
        if "running" in line:
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    job = yuntu.json("job", "last")
    assert job["state"] == "running"
    assert f"yuntu watch {job['id']}" in told
    assert f"yuntu cancel {job['id']}" in told
    assert yuntu("cancel", "last").code == 0
