"""Scenes that come by upload: parts, resume, damage, lies, and names that stay in their folder."""

import json
import os
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from flask_openapi3 import OpenAPI

from local_server.farm.errors import Unfit
from local_server.uploads import PART_BYTES_MAX
from sync.blobs import Digest
from sync.manifest import Entry, Manifest, build_manifest
from tests.end_to_end.running_farm import RunningFarm, wait_until

OCTETS = {"Content-Type": "application/octet-stream"}
MIB = 1 << 20


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server without a node and without anything else."""
    with RunningFarm(tmp_path_factory.mktemp("uploads") / "data", "--no-node") as running:
        yield running
        running.assert_clean()
        left = [path for path in (running.data / "uploads").rglob("*") if path.is_file()]
        assert all(path.suffix == ".part" for path in left)


def test_what_the_disk_has_no_room_for_is_refused_at_once(app: OpenAPI) -> None:
    uploads = app.extensions["yuntu"].uploads
    with pytest.raises(Unfit) as caught:
        uploads.make_room(uploads.place("lin", Digest("0" * 64)), 1 << 60)
    params = caught.value.params
    assert caught.value.code == "upload_too_large"
    assert params["needed_bytes"] == 1 << 60 > int(params["free_bytes"])


def digest_of(data: bytes) -> str:
    """Return what a file is known by."""
    return sha256(data).hexdigest()


def send(
    farm: RunningFarm, digest: str, data: bytes, *, offset: int = 0, size: int | None = None
) -> requests.Response:
    """Send a part."""
    size = len(data) if size is None else size
    return farm.session.put(
        f"{farm.address}/uploads/{digest}",
        params={"offset": offset, "size_bytes": size},
        data=data,
        headers=OCTETS,
        timeout=120,
    )


def code_of(response: requests.Response) -> str:
    """Return an error's code."""
    code: str = response.json()["error"]["code"]
    return code


def look(farm: RunningFarm, digest: str) -> tuple[int, bool]:
    """Return how much has arrived, and whether it is all here."""
    told = farm.get(f"/uploads/{digest}")
    return told["received_bytes"], told["here"]


def test_a_file_in_parts(farm: RunningFarm) -> None:
    data = os.urandom(300_000)
    digest = digest_of(data)
    assert farm.post("/blobs/missing", {"digests": [digest, digest]})["missing"] == [digest]
    assert send(farm, digest, data[:100_000], size=len(data)).json()["received_bytes"] == 100_000
    assert look(farm, digest) == (100_000, False)
    again = send(farm, digest, data[:100_000], size=len(data))
    assert (again.status_code, code_of(again)) == (409, "upload_elsewhere")
    assert again.json()["error"]["params"]["received_bytes"] == 100_000
    gap = send(farm, digest, data[200_000:], offset=200_000, size=len(data))
    assert code_of(gap) == "upload_elsewhere"
    told = send(farm, digest, data[100_000:], offset=100_000, size=len(data)).json()
    assert (told["received_bytes"], told["here"]) == (len(data), True)
    assert farm.post("/blobs/missing", {"digests": [digest]})["missing"] == []
    assert send(farm, digest, data).json()["here"], "what is here is not read again"
    assert not list((farm.data / "uploads").rglob(f"{digest}.part"))


def test_an_empty_file(farm: RunningFarm) -> None:
    assert send(farm, digest_of(b""), b"").json()["here"]


def open_part(farm: RunningFarm, digest: str, *, size: int, length: int) -> socket.socket:
    """Return a connection on which a part was announced, and nothing of it sent."""
    port = int(farm.address.rpartition(":")[2].partition("/")[0])
    head = (
        f"PUT /api/v1/uploads/{digest}?offset=0&size_bytes={size} HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: {farm.session.headers['Authorization']!s}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(head.encode())
    return connection


def test_a_lost_connection_loses_nothing(farm: RunningFarm) -> None:
    """Half of a part arrives; the server keeps it, and says how far it got."""
    data = os.urandom(3 * MIB)
    digest, half = digest_of(data), 2 * MIB
    with open_part(farm, digest, size=len(data), length=len(data)) as connection:
        connection.sendall(data[:half])
    wait_until(lambda: look(farm, digest)[0] == half, seconds=60, what="what arrived is kept")

    def go_on() -> bool:
        told = send(farm, digest, data[half:], offset=half, size=len(data))
        return told.status_code == 200 and bool(told.json()["here"])

    wait_until(go_on, seconds=60, what="the rest is taken")


def test_a_start_of_the_server_loses_nothing(farm: RunningFarm) -> None:
    data = os.urandom(50_000)
    digest = digest_of(data)
    send(farm, digest, data[:20_000], size=len(data))
    farm.kill_server()
    farm.start()
    assert look(farm, digest) == (20_000, False)
    assert send(farm, digest, data[20_000:], offset=20_000, size=len(data)).json()["here"]


def test_other_bytes_are_dropped(farm: RunningFarm) -> None:
    digest = digest_of(b"what was promised")
    lie = send(farm, digest, b"something else !!")
    assert (lie.status_code, code_of(lie)) == (422, "upload_damaged")
    assert look(farm, digest) == (0, False)
    assert send(farm, digest, b"what was promised").json()["here"]


def test_more_than_was_announced(farm: RunningFarm) -> None:
    digest = digest_of(b"x" * 10)
    long = send(farm, digest, b"x" * 2_000_000, size=10)
    assert (long.status_code, code_of(long)) == (422, "upload_too_long")
    assert look(farm, digest)[0] <= 10
    assert farm.session.delete(f"{farm.address}/uploads/{digest}", timeout=60).status_code == 204
    assert look(farm, digest) == (0, False)


def test_a_part_has_its_limit(farm: RunningFarm) -> None:
    size = PART_BYTES_MAX + 1
    with open_part(farm, "a" * 64, size=size, length=size) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    huge = f"{farm.address}/uploads/{'a' * 64}?size_bytes={10**18}"
    assert code_of(farm.session.put(huge, data=b"x", headers=OCTETS, timeout=60)) == "invalid"


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Ffarm.db",
        "%2e%2e",
        "A" * 64,
        "a" * 63,
        "a" * 65,
        "a" * 63 + "%00",
        "..\\x",
        "ａ" * 64,
        "a" * 63 + "/",
    ],
)
def test_only_a_digest_is_a_name(farm: RunningFarm, name: str) -> None:
    response = farm.session.put(
        f"{farm.address}/uploads/{name}?size_bytes=1", data=b"x", headers=OCTETS, timeout=60
    )
    assert response.status_code in (400, 404, 405), response.text
    assert not (farm.data / "uploads" / "farm.db").exists()


def test_two_at_once_do_not_mix(farm: RunningFarm) -> None:
    """Thirty-two send the same file at once: one writes, the others are told to wait."""
    data = os.urandom(4 * MIB)
    digest = digest_of(data)

    def push(_: int) -> int:
        with requests.Session() as session:
            session.headers.update(farm.session.headers)
            return session.put(
                f"{farm.address}/uploads/{digest}?size_bytes={len(data)}",
                data=data,
                headers=OCTETS,
                timeout=120,
            ).status_code

    with ThreadPoolExecutor(32) as pool:
        told = Counter(pool.map(push, range(32)))
    assert set(told) <= {200, 409}
    assert look(farm, digest) == (len(data), True)


def test_a_big_file_takes_no_memory(farm: RunningFarm) -> None:
    size = 192 * MIB
    chunk = bytes(MIB)
    seen = sha256()
    for _ in range(size // MIB):
        seen.update(chunk)
    before = psutil.Process(farm.pid).memory_info().rss
    response = farm.session.put(
        f"{farm.address}/uploads/{seen.hexdigest()}?size_bytes={size}",
        data=(chunk for _ in range(size // MIB)),
        headers=OCTETS,
        timeout=300,
    )
    assert response.json()["here"], response.text
    assert psutil.Process(farm.pid).memory_info().rss - before < 64 * MIB


# --- packages ---


def make_manifest(*paths: str, scene: str, data: bytes = b"scene") -> Manifest:
    """Return a manifest of files that all hold the same."""
    digest = Digest(digest_of(data))
    entries = [Entry(path=path, sha256=digest, size=len(data)) for path in paths]
    return build_manifest(entries, scene)


def test_a_package_and_a_job_from_it(farm: RunningFarm) -> None:
    manifest = make_manifest("shot.blend", "textures/wood.png", scene="shot.blend")
    body: dict[str, Any] = {"id": "package-1", "manifest": manifest.digest}
    response = farm.session.post(f"{farm.address}/packages", json=body, timeout=60)
    assert code_of(response) == "package_incomplete"
    send(farm, manifest.digest, manifest.to_bytes())
    response = farm.session.post(f"{farm.address}/packages", json=body, timeout=60)
    assert code_of(response) == "package_incomplete"
    assert response.json()["error"]["params"]["missing"] == digest_of(b"scene")
    send(farm, digest_of(b"scene"), b"scene")
    made = farm.post("/packages", body)
    assert (made["files"], made["size_bytes"], made["scene"]) == (2, 10, "shot.blend")
    assert farm.post("/packages", body) == made
    assert farm.get("/packages/package-1") == made
    assert farm.get("/packages")["items"] == [made]
    other = farm.session.post(f"{farm.address}/packages", json=body | {"name": "x"}, timeout=60)
    assert code_of(other) == "package_differs"
    job = farm.post("/jobs", {"id": "from-package", "package": "package-1"})
    assert (job["scene"], job["name"], job["out"]) == ("shot.blend", "shot", None)
    assert job["package"] == manifest.digest
    assert farm.post("/jobs", {"id": "from-package", "package": "package-1"})["id"] == job["id"]
    farm.session.delete(f"{farm.address}/packages/package-1", timeout=60).raise_for_status()
    gone = farm.session.get(f"{farm.address}/packages/package-1", timeout=60)
    assert code_of(gone) == "no_package"
    assert farm.get("/packages")["items"] == []


@pytest.mark.parametrize(
    "body", [{}, {"scene": "/a.blend", "package": "package-1"}, {"package": None}]
)
def test_a_job_has_one_scene(farm: RunningFarm, body: dict[str, Any]) -> None:
    response = farm.session.post(f"{farm.address}/jobs", json=body, timeout=60)
    assert code_of(response) == "scene_or_package"


@pytest.mark.parametrize(
    "path",
    [
        "../evil.blend",
        "/etc/passwd",
        "a/../../evil",
        "C:/evil",
        "a\\..\\evil",
        "a/./b",
        "a//b",
        "a\0b",
        "dir/...",
        "x:stream",
        "a/\u0007",
    ],
)
def test_a_manifest_cannot_leave_its_folder(farm: RunningFarm, path: str) -> None:
    text = (
        make_manifest("scene.blend", scene="scene.blend")
        .to_bytes()
        .replace(b'"scene.blend"', _quote(path))
    )
    send(farm, digest_of(text), text)
    body = {"manifest": digest_of(text)}
    response = farm.session.post(f"{farm.address}/packages", json=body, timeout=60)
    assert code_of(response) in ("package_path_unsafe", "manifest_damaged")
    assert not Path("/tmp/evil.blend").exists()


def _quote(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"version":99}', b"[" * 100_000])
def test_what_is_no_manifest(farm: RunningFarm, data: bytes) -> None:
    send(farm, digest_of(data), data)
    response = farm.session.post(
        f"{farm.address}/packages", json={"manifest": digest_of(data)}, timeout=60
    )
    assert code_of(response) in ("manifest_damaged", "manifest_newer")


def test_two_paths_that_are_one_file_somewhere(farm: RunningFarm) -> None:
    text = (
        make_manifest("Wood.png", "wood2png", scene="Wood.png")
        .to_bytes()
        .replace(b"wood2png", b"wood.png")
    )
    send(farm, digest_of(text), text)
    response = farm.session.post(
        f"{farm.address}/packages", json={"manifest": digest_of(text)}, timeout=60
    )
    assert code_of(response) == "package_path_twice"
