"""Results that are downloaded: ranges, marks, zips in constant memory, names that stay names."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
import requests
from gevent.threadpool import ThreadPool
from hypothesis import example, given
from hypothesis import strategies as st

from local_server.downloads import plan_zip
from local_server.farm import attempts, frames, jobs
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.pricing import PriceBook, load_price_books
from local_server.file_names import make_safe, name_attachment, name_frame
from local_server.preparation import Request
from local_server.settings import OWNER, STUDIO
from sync.blobs import Blobs
from sync.folder_store import FolderStore
from tests.end_to_end.running_farm import RunningFarm
from tests.local_server.conftest import make_plan, make_result

JOB = "pictures"
PICTURES = [bytes([number]) * (100_000 + number) for number in range(3)]
MIB = 1 << 20


def fill(data: Path, pictures: list[bytes], *, naming: str, name: str = JOB) -> None:
    """Write a job whose frames are done, their pictures in the store."""
    (data / "store").mkdir(parents=True, exist_ok=True)
    blobs = Blobs(FolderStore(data / "store"), STUDIO)
    db, now = open_database(data / "farm.db"), read_clock_ms()
    book: PriceBook = max(load_price_books().values(), key=lambda one: one.id)
    plan = replace(make_plan(data / "out"), naming=naming, out="")
    with write(db):
        ensure_account(db, account=OWNER, name=OWNER, role=Role.ADMIN, at_ms=now)
        request = asdict(Request(scene="/lost.blend"))
        jobs.create_job(db, id=JOB, owner=OWNER, name=name, request=request, priority=50, at_ms=now)
        numbers = tuple(range(1, len(pictures) + 2))
        jobs.plan_job(db, job=JOB, plan=plan, numbers=numbers, scene_key="s", at_ms=now)
        jobs.fund_job(db, job=JOB, amount_micros=0, reason="held", at_ms=now)
        limit = len(pictures)
        handed = frames.hand_frames(db, renderer="blender-0.0", limit=limit, jobs_max=1, at_ms=now)
        for one, picture in zip(handed, pictures, strict=True):
            told: dict[str, Any] = {"job": JOB, "number": one.number, "attempt": one.attempt}
            attempts.start_attempt(db, **told, node="node", lease_ms=1_000, at_ms=now)
            result = replace(
                make_result(),
                job="another",
                picture=blobs.add_bytes(picture),
                size_bytes=len(picture),
            )
            attempts.finish_attempt(db, **told, result=result, book=book, at_ms=now)
    db.conn.close()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server with three pictures under a hostile name, and a frame that is not done."""
    running = RunningFarm(tmp_path_factory.mktemp("downloads") / "data", "--no-node")
    running.data.mkdir()
    fill(running.data, PICTURES, naming="..\\..\\lámpara <灯>_####", name="../../../etc/passwd")
    with running:
        yield running


def fetch(farm: RunningFarm, path: str, **headers: str) -> requests.Response:
    """Read a path of the job."""
    address = f"{farm.address}/jobs/{JOB}{path}"
    return farm.session.get(address, headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=99990-", 99_990, 100_001),
        ("bytes=-7", 99_994, 100_001),
        ("bytes=-999999", 0, 100_001),
        ("bytes=100000-999999", 100_000, 100_001),
    ],
)
def test_a_part_of_a_picture(farm: RunningFarm, asked: str, start: int, end: int) -> None:
    response = fetch(farm, "/frames/2/picture", Range=asked)
    whole = (start, end) == (0, len(PICTURES[1]))
    assert response.status_code == (200 if whole else 206)
    assert response.content == PICTURES[1][start:end]
    assert int(response.headers["Content-Length"]) == end - start
    if not whole:
        expected = f"bytes {start}-{end - 1}/{len(PICTURES[1])}"
        assert response.headers["Content-Range"] == expected


@pytest.mark.parametrize("asked", ["bytes=100001-", "bytes=999999-1000000", "bytes=-0"])
def test_parts_that_are_not_there(farm: RunningFarm, asked: str) -> None:
    response = fetch(farm, "/frames/2/picture", Range=asked)
    if response.status_code == 200:  # `-0` is no range at all to some readers
        assert asked == "bytes=-0"
        return
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(PICTURES[1])}"
    assert response.content == b""


@pytest.mark.parametrize("asked", ["bytes=1-2,5-6", "lines=1-2", "bytes=9-5", "bytes=x", "bytes"])
def test_what_is_no_range_is_left_out(farm: RunningFarm, asked: str) -> None:
    response = fetch(farm, "/frames/2/picture", Range=asked)
    assert (response.status_code, response.content) == (200, PICTURES[1])


def test_a_part_only_of_what_was_begun(farm: RunningFarm) -> None:
    mark = fetch(farm, "/frames/1/picture").headers["ETag"]
    assert mark == f'"{sha256(PICTURES[0]).hexdigest()}"'
    asked = {"Range": "bytes=10-19"}
    same = fetch(farm, "/frames/1/picture", **asked, **{"If-Range": mark})
    assert (same.status_code, same.content) == (206, PICTURES[0][10:20])
    for other in ('"0"', f"W/{mark}", "Wed, 21 Oct 2015 07:28:00 GMT", "x"):
        whole = fetch(farm, "/frames/1/picture", **asked, **{"If-Range": other})
        assert (whole.status_code, len(whole.content)) == (200, len(PICTURES[0])), other
    known = fetch(farm, "/frames/1/picture", **{"If-None-Match": mark})
    assert (known.status_code, known.content) == (304, b"")


def test_asking_for_the_head_sends_nothing(farm: RunningFarm) -> None:
    response = farm.session.head(f"{farm.address}/jobs/{JOB}/frames/3/picture", timeout=60)
    assert response.headers["Content-Length"] == str(len(PICTURES[2]))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.content == b""


def test_a_browser_saves_under_a_name_of_ours(farm: RunningFarm) -> None:
    response = fetch(farm, "/frames/1/picture?download=true")
    told = response.headers["Content-Disposition"]
    assert told.startswith('attachment; filename="_..')
    assert "%E7%81%AF" in told
    assert "/" not in told.partition("filename*")[0]
    assert "\\" not in told


def test_all_frames_as_one_zip(farm: RunningFarm) -> None:
    response = fetch(farm, "/pictures.zip")
    assert response.headers["Content-Disposition"].startswith(
        'attachment; filename="_.._.._etc_passwd.zip"'
    )
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [archive.read(name) for name in names] == PICTURES
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert names == [f"_.._lámpara _灯__{number:04d}.png" for number in (1, 2, 3)]


def test_a_zip_is_gone_on_with(farm: RunningFarm) -> None:
    whole = fetch(farm, "/pictures.zip")
    mark, size = whole.headers["ETag"], len(whole.content)
    assert int(whole.headers["Content-Length"]) == size
    head = farm.session.head(f"{farm.address}/jobs/{JOB}/pictures.zip", timeout=60)
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(size), mark)
    for begun in (1, 40, 100_000, 250_000, size - 1):
        rest = fetch(farm, "/pictures.zip", **{"Range": f"bytes={begun}-", "If-Range": mark})
        assert (rest.status_code, rest.content) == (206, whole.content[begun:]), begun
        assert rest.headers["Content-Range"] == f"bytes {begun}-{size - 1}/{size}"
    other = fetch(farm, "/pictures.zip", **{"Range": "bytes=5-", "If-Range": '"0"'})
    assert (other.status_code, len(other.content)) == (200, size)
    assert fetch(farm, "/pictures.zip", **{"If-None-Match": mark}).status_code == 304


def test_a_zip_of_nothing_is_a_zip(farm: RunningFarm, tmp_path: Path) -> None:
    (tmp_path / "some.blend").touch()
    body = {"id": "empty-job", "scene": str(tmp_path / "some.blend")}
    farm.post("/jobs", body)
    response = farm.session.get(f"{farm.address}/jobs/empty-job/pictures.zip", timeout=60)
    assert zipfile.ZipFile(io.BytesIO(response.content)).namelist() == []


def test_a_folder_gives_no_addresses(farm: RunningFarm) -> None:
    response = fetch(farm, "/frames/1/picture/address")
    assert response.json()["error"]["code"] == "no_address"


def test_frames_without_a_folder_are_not_delivered(farm: RunningFarm) -> None:
    job = farm.get(f"/jobs/{JOB}")
    assert (job["out"], job["delivery"]["waiting"]) == (None, 0)
    assert [one["path"] for one in farm.get(f"/jobs/{JOB}/frames")["items"]] == [None] * 4


def test_a_zip_is_made_in_constant_memory(tmp_path: Path) -> None:
    fill(tmp_path, [os.urandom(24 * MIB) for _ in range(4)], naming="x_####")
    db, pool = open_database(tmp_path / "farm.db"), ThreadPool(1)
    blobs = Blobs(FolderStore(tmp_path / "store"), STUDIO)
    plan = jobs.read_plan(jobs.get_job(db, job=JOB))
    tracemalloc.start()
    zipped = plan_zip(db, blobs, pool, job=JOB, plan=plan)
    sent = sum(len(piece) for piece in zipped.stream(0, zipped.measure()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pool.kill()
    db.conn.close()
    assert sent > 96 * MIB
    assert peak < 40 * MIB


HOSTILE = [
    "..",
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "C:\\x",
    "CON",
    "nul.png",
    "COM¹.exr",
    "a\0b",
    "\u202egnp.exe",
    "name. ",
    "",
    "/",
    "長" * 300,
    "a\r\nSet-Cookie: x=1",
    '"; filename=evil',
    "．．／etc",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_become_names(name: str) -> None:
    check_safe(make_safe(name))


@given(st.text(st.characters(codec="utf-8", exclude_characters="#"), min_size=100, max_size=300))
@example("長" * 80)
def test_frames_with_long_names_are_told_apart(stem: str) -> None:
    names = [name_frame(f"{stem}_####", number, ".png") for number in (1, 2, 10_000)]
    assert len(set(names)) == 3
    for name in names:
        check_safe(name)


@given(st.text(max_size=300))
@example("con")
@example(". . .")
def test_any_name_is_a_plain_file_everywhere(name: str) -> None:
    check_safe(make_safe(name))


def check_safe(name: str) -> None:
    """Check that a name is one plain file on Linux, macOS and Windows, and one header."""
    assert name not in ("", ".", "..")
    assert not set('\0/\\:*?"<>|\r\n') & set(name)
    assert Path(name).name == name
    assert PureWindowsPath(name).name == name
    assert not PureWindowsPath(name).is_reserved()
    assert name == name.strip(" .")
    assert len(name.encode()) <= 255
    header = name_attachment(name)
    assert header.isascii()
    assert header.isprintable()


@pytest.mark.parametrize("naming", ["####", "a_####_b", "../####", "no run", "灯_##"])
def test_frames_are_numbered_in_their_names(naming: str) -> None:
    names = {name_frame(naming, number, ".png") for number in (-3, 0, 7, 123_456)}
    assert len(names) == 4
    for name in names:
        check_safe(name)


def test_a_sign_of_the_scenes_own_is_no_number() -> None:
    assert name_frame("shot#1_####", 7, ".png") == "shot#1_0007.png"
    assert name_frame("##_a_##_b", 7, ".png") == "##_a_07_b.png"
