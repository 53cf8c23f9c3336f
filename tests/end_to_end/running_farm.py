"""A real server with its real node, in processes of their own, for tests to use and to kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

START_SECONDS_MAX = 60.0
POLL_SECONDS = 0.05
LOOK_SECONDS = 0.2
COST_MICROS_MAX = 2_000_000
CORES = 2
AT_REST = ("paused", "completed", "partial", "failed", "cancelled")


class RunningFarm:
    """One data directory and the server that serves it; `start` again after a kill."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.session = requests.Session()

    def start(self) -> "RunningFarm":
        """Start the server and wait until it answers."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "test-output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "local_server", "serve"),
                    *("--data", str(self.data), "--parent", str(os.getpid())),
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        limit_cores(self.process.pid)
        wait_until(self.answers, seconds=START_SECONDS_MAX, what="the server answers")
        return self

    def __enter__(self) -> "RunningFarm":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server if it runs, and the connections to it."""
        self.stop()
        self.session.close()

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        assert self.process is not None
        return self.process.pid

    def answers(self) -> bool:
        """Tell whether this very process answers; raises when it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            tail = (self.data / "test-output.log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"the server ended with {self.process.returncode}: {tail}")
        try:
            told = json.loads((self.data / "server.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if told["pid"] != self.process.pid:
            return False
        self.address = f"http://127.0.0.1:{told['port']}/api/v1"
        self.session.headers["Authorization"] = f"Bearer {told['key']}"
        return self.session.get(f"{self.address}/health", timeout=10).ok

    def get(self, path: str, **params: Any) -> Any:
        """GET a path and return its JSON."""
        return self.read(self.session.get(self.address + path, params=params, timeout=120))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST JSON to a path and return the answer's JSON."""
        return self.read(self.session.post(self.address + path, json=body or {}, timeout=300))

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """PATCH JSON to a path and return the answer's JSON."""
        return self.read(self.session.patch(self.address + path, json=body, timeout=60))

    def read(self, response: requests.Response) -> Any:
        """Return an answer's JSON; an error is an assertion with its text."""
        assert response.ok, f"{response.status_code} {response.text}"
        return (
            response.json() if "json" in response.headers.get("Content-Type", "") else response.text
        )

    def top_up(self, yuan: int) -> None:
        """Bring money in."""
        self.post("/topups", {"id": f"test-{time.time_ns()}", "amount_micros": yuan * 1_000_000})

    def submit(self, job: str, scene: Path, **request: Any) -> dict[str, Any]:
        """Submit a scene to the quickest renderer there is; its frames go beside the data.

        What it may cost is far above any estimate: frames take longer where others are at work.
        """
        asked = {"id": job, "scene": str(scene), "out": str(self.out(job))}
        asked |= {"max_cost_micros": COST_MICROS_MAX} | request
        if scene.suffix == ".blend":
            asked = {"renderer": "blender-4.5"} | asked
        shown: dict[str, Any] = self.post("/jobs", asked)
        return shown

    def out(self, job: str) -> Path:
        """Return the folder that a job's frames go to."""
        return self.data.with_name(f"{self.data.name}-out") / job

    def render(self, job: str, scene: Path, **request: Any) -> dict[str, Any]:
        """Submit a scene, wait until its job is at rest, and return the job."""
        self.submit(job, scene, **request)
        return self.wait_for_rest(job)

    def wait_for_rest(self, job: str, *, seconds: float = 120) -> dict[str, Any]:
        """Wait until nothing more happens to a job by itself and return it."""
        found: dict[str, Any] = {}

        def is_at_rest() -> bool:
            found.update(self.get(f"/jobs/{job}"))
            # The next meeting with the studio brings a lease, and the job goes on by itself.
            waits = found["reason"]["code"] == "lease_needed"
            return found["state"] in AT_REST and not waits

        wait_until(is_at_rest, seconds=seconds, what=lambda: f"{job} rests, not {found['state']}")
        return found

    def wait_for_frame(self, job: str, *, seconds: float = 60) -> dict[str, Any]:
        """Wait until a frame of a job is in the middle of its render; returns its progress."""
        live: list[dict[str, Any]] = []

        def is_under_way() -> bool:
            live[:] = self.get(f"/jobs/{job}")["live"]
            return any(0 < one["fraction"] < 1 for one in live)

        wait_until(is_under_way, seconds=seconds, what=f"a frame of {job} is under way")
        return live[0]

    def wait_for_done(self, job: str, count: int, *, seconds: float = 120) -> dict[str, Any]:
        """Wait until so many frames of a job are done and return the job."""
        shown: dict[str, Any] = {}

        def are_done() -> bool:
            shown.update(self.get(f"/jobs/{job}"))
            return bool(shown["frames"]["done"] >= count)

        wait_until(are_done, seconds=seconds, what=f"{count} frames of {job} are done")
        return shown

    def wait_for_delivery(self, job: str, *, seconds: float = 60) -> list[str]:
        """Wait until every finished frame is in its folder; returns the names there, sorted."""
        wait_until(
            lambda: self.get(f"/jobs/{job}")["delivery"]["waiting"] == 0,
            seconds=seconds,
            what=f"the frames of {job} are delivered",
        )
        return sorted(path.name for path in self.out(job).iterdir())

    def frames(self, job: str) -> dict[int, dict[str, Any]]:
        """Return a job's first thousand frames by number."""
        items = self.get(f"/jobs/{job}/frames", limit=1000)["items"]
        return {one["frame"]: one for one in items}

    def attempts(self, job: str, number: int) -> list[dict[str, Any]]:
        """Return every attempt at a frame."""
        found: list[dict[str, Any]] = self.get(f"/jobs/{job}/frames/{number}")["attempts"]
        return found

    def events(self, *, after: int = 0, job: str | None = None) -> list[dict[str, Any]]:
        """Return every event above an id."""
        found: list[dict[str, Any]] = []
        while page := self.get("/events", after=after, job=job)["items"]:
            found += page
            after = page[-1]["id"]
        return found

    def assert_paid_once(self, job: str) -> dict[str, Any]:
        """Check that a bill has one line for each frame that was rendered; returns the bill."""
        bill: dict[str, Any] = self.get(f"/jobs/{job}/bill")
        lines = [line["frame"] for line in bill["lines"] if not line["reused"]]
        rendered = [
            number
            for number, frame in self.frames(job).items()
            if frame["state"] == "done" and not frame["reused"]
        ]
        assert sorted(lines) == rendered
        assert bill["total_micros"] == sum(line["amount_micros"] for line in bill["lines"])
        return bill

    def assert_clean(self) -> None:
        """Check the whole ledger against itself, the jobs and the frames."""
        audit = self.get("/audit")
        assert audit["clean"], [check for check in audit["checks"] if not check["ok"]]

    def wait_for_state(self, job: str, *states: str, seconds: float) -> dict[str, Any]:
        """Wait until a job is in one of the states and return it."""
        found: dict[str, Any] = {}

        def is_there() -> bool:
            found.update(self.get(f"/jobs/{job}"))
            return found["state"] in states

        wait_until(
            is_there,
            seconds=seconds,
            what=lambda: f"{job} is {states}, not {found['state']}: {found['reason']}",
        )
        return found

    def node(self) -> psutil.Process | None:
        """Return the node's process, or None while there is none."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.Error:
            return None
        return next((one for one in children if "node" in read_command(one)), None)

    def hosts(self) -> list[psutil.Process]:
        """Return the renderers' processes under the node."""
        node = self.node()
        try:
            return node.children(recursive=True) if node else []
        except psutil.Error:
            return []

    def find_busy_host(self, *, seconds: float = 30) -> psutil.Process:
        """Return the renderer's process that works right now."""
        busy: list[psutil.Process] = []

        def is_at_work() -> bool:
            busy[:] = self.list_busy_hosts()
            return bool(busy)

        wait_until(is_at_work, seconds=seconds, what="a renderer is at work")
        return busy[0]

    def list_blenders(self) -> list[psutil.Process]:
        """Return the Blenders that are hosts; what asks a Blender for its version is none."""
        return [host for host in self.hosts() if "blender_inside" in str(read_command(host))]

    def list_busy_hosts(self) -> list[psutil.Process]:
        """Return the Blenders that use the processor, by a short look at it."""
        before = {host: read_cpu_seconds(host) for host in self.list_blenders()}
        time.sleep(LOOK_SECONDS)
        return [host for host, used in before.items() if read_cpu_seconds(host) > used]

    def kill_server(self) -> None:
        """Kill the server with SIGKILL and reap it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the server as its own shutdown does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def list_orphans(self) -> list[str]:
        """Return the command lines of processes that still use this data directory."""
        found = []
        for process in psutil.process_iter():
            command = read_command(process)
            if str(self.data) in " ".join(command) and process.pid != os.getpid():
                found.append(" ".join(command)[:200])
        return found


def limit_cores(pid: int) -> None:
    """Let a process and all it starts have two cores, so that frames last anywhere as here."""
    if sys.platform == "linux":
        os.sched_setaffinity(pid, sorted(os.sched_getaffinity(0))[:CORES])


def read_command(process: psutil.Process) -> list[str]:
    """Return a process's command line; an ended one has none."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def read_cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time that a process has used; nothing for an ended one."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def wait_until(
    condition: Callable[[], bool],
    *,
    seconds: float,
    what: str | Callable[[], str],
    every_seconds: float = POLL_SECONDS,
) -> None:
    """Wait for a condition of another process; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {seconds} s: {what if isinstance(what, str) else what()}"
            )
        time.sleep(every_seconds)
