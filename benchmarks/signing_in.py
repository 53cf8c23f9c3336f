"""(g) Sign-ins a second, and how long other calls take meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import bcrypt
import requests

from benchmarks.results import Measurement
from local_server.passwords import COST, Passwords
from tests.end_to_end.running_farm import RunningFarm

PASSWORD = "sunlit-kiln-42"  # noqa: S105 - of nobody
PEOPLE = 4
SECONDS = 10.0
PAUSE_SECONDS = 0.005


def measure_signing_in(folder: Path, *, seconds: float = SECONDS) -> list[Measurement]:
    """Measure sign-ins of four people at once, and a simple call beside them and without them."""
    with RunningFarm(folder, "--no-node") as farm:
        for number in range(PEOPLE):
            farm.post("/people", {"name": f"person {number}", "password": PASSWORD})
        quiet = measure_calls(farm, Event(), seconds=seconds)
        over = Event()
        with ThreadPoolExecutor(PEOPLE + 1) as pool:
            calls = pool.submit(measure_calls, farm, over, seconds=seconds * 2)
            began = time.perf_counter()
            signing = [
                pool.submit(sign_in_often, farm, number, seconds=seconds)
                for number in range(PEOPLE)
            ]
            count = sum(one.result() for one in signing)
            rate = count / (time.perf_counter() - began)
            over.set()
            busy = calls.result()
    bare = measure_bcrypt(seconds=seconds / 2)
    return [
        Measurement(name="sign-ins, four at once", value=rate, unit="1/s"),
        Measurement(name="bare bcrypt on as many threads", value=bare, unit="1/s"),
        Measurement(name="sign-ins / bare bcrypt", value=rate / bare, unit=""),
        Measurement(name="a balance, median, nobody signing in", value=quiet[0], unit="ms"),
        Measurement(name="a balance, median, meanwhile", value=busy[0], unit="ms"),
        Measurement(name="a balance, p99, nobody signing in", value=quiet[1], unit="ms"),
        Measurement(name="a balance, p99, meanwhile", value=busy[1], unit="ms", aim="under 50"),
        Measurement(name="a balance, p99, meanwhile / quiet", value=busy[1] / quiet[1], unit=""),
    ]


def sign_in_often(farm: RunningFarm, number: int, *, seconds: float) -> int:
    """Sign one person in again and again; returns how often."""
    count, ends = 0, time.perf_counter() + seconds
    asked = {"login": f"person {number}", "password": PASSWORD}
    with requests.Session() as session:
        while time.perf_counter() < ends:
            session.post(f"{farm.address}/sessions", json=asked, timeout=60).raise_for_status()
            count += 1
    return count


def measure_bcrypt(*, seconds: float) -> float:
    """Hash again and again with nothing around it, on as many threads; returns hashes a second."""

    def hash_often() -> int:
        count, ends = 0, time.perf_counter() + seconds
        while time.perf_counter() < ends:
            bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(COST))
            count += 1
        return count

    threads = Passwords().pool.maxsize
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        hashing = [pool.submit(hash_often) for _ in range(threads)]
        count = sum(one.result() for one in hashing)
        return count / (time.perf_counter() - began)


def measure_calls(farm: RunningFarm, over: Event, *, seconds: float) -> tuple[float, float]:
    """Ask for a balance again and again; returns the median and p99 in milliseconds."""
    took, ends = [], time.perf_counter() + seconds
    with requests.Session() as session:
        session.headers.update(farm.session.headers)
        while time.perf_counter() < ends and not over.is_set():
            began = time.perf_counter()
            session.get(f"{farm.address}/balance", timeout=60).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100]
