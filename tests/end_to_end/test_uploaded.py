"""An uploaded scene goes the whole way for somebody who has a token and HTTP, and nothing else."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sync.blobs import digest_bytes
from sync.manifest import Entry, build_manifest
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.end_to_end.test_povray import make_project

NAME, PASSWORD = "Far Artist", "sunlit-kiln-42"
YUAN = 1_000_000


class Artist:
    """Somebody elsewhere: an address, a token, and files of their own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def ask(self, verb: str, path: str, **options: Any) -> Any:
        """Make a request and return its JSON."""
        answer = self.session.request(verb, self.address + path, timeout=120, **options)
        assert answer.ok, answer.text
        return answer.json()

    def upload(self, files: dict[str, bytes], *, scene: str) -> str:
        """Send what is missing of some files, and return the package's id."""
        entries = [
            Entry(path=path, sha256=digest_bytes(data), size=len(data))
            for path, data in files.items()
        ]
        manifest = build_manifest(entries, scene)
        held = {digest_bytes(data): data for data in files.values()}
        held[manifest.digest] = manifest.to_bytes()
        missing = self.ask("POST", "/blobs/missing", json={"digests": list(held)})["missing"]
        for digest in missing:
            self.ask(
                "PUT",
                f"/uploads/{digest}",
                params={"size_bytes": len(held[digest])},
                data=held[digest],
                headers={"Content-Type": "application/octet-stream"},
            )
        made = self.ask("POST", "/packages", json={"manifest": manifest.digest})
        return str(made["id"])

    def wait(self, job: str) -> dict[str, Any]:
        """Wait until a job is over and return it."""
        found: dict[str, Any] = {}

        def is_over() -> bool:
            found.update(self.ask("GET", f"/jobs/{job}"))
            return found["finished_at_ms"] is not None

        wait_until(is_over, seconds=120, what=lambda: f"{job} is over, not {found['reason']}")
        return found


@pytest.fixture(scope="module")
def artist(farm: RunningFarm) -> Iterator[Artist]:
    """An artist who has signed in and has some money; the farm's disk is not theirs."""
    person = farm.post("/people", {"name": NAME, "password": PASSWORD})
    asked = {"id": "topup-far", "amount_micros": YUAN, "account": person["id"]}
    farm.post("/topups", asked)
    artist = Artist(farm.address)
    signed = artist.ask("POST", "/sessions", json={"login": NAME, "password": PASSWORD})
    artist.session.headers["Authorization"] = f"Bearer {signed['access_token']}"
    yield artist
    artist.session.close()


def read_project(folder: Path) -> dict[str, bytes]:
    """Return a folder's files by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_from_a_package_to_its_pictures(artist: Artist, farm: RunningFarm, tmp_path: Path) -> None:
    scene = make_project(tmp_path / "project")
    scene.write_text(scene.read_text() + "// rendered by nobody else, who would make it free\n")
    package = artist.upload(read_project(scene.parent), scene="wall.pov")
    artist.ask("POST", "/jobs", json={"id": "uploaded", "package": package})
    job = artist.wait("uploaded")
    assert (job["state"], job["out"], job["renderer"]["name"]) == ("completed", None, "povray")
    frames = artist.ask("GET", "/jobs/uploaded/frames")["items"]
    assert [one["name"] for one in frames] == ["wall_0001.png", "wall_0002.png"]
    pictures = {}
    for one in frames:
        path = f"{artist.address}/jobs/uploaded/frames/{one['frame']}/picture"
        half = one["size_bytes"] // 2
        parts = [
            artist.session.get(path, headers={"Range": asked}, timeout=60)
            for asked in (f"bytes=0-{half - 1}", f"bytes={half}-")
        ]
        assert [part.status_code for part in parts] == [206, 206]
        pictures[one["name"]] = b"".join(part.content for part in parts)
        assert digest_bytes(pictures[one["name"]]) == one["digest"]
    answer = artist.session.get(f"{artist.address}/jobs/uploaded/pictures.zip", timeout=60)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == pictures
    bill = artist.ask("GET", "/jobs/uploaded/bill")
    balance = artist.ask("GET", "/balance")
    assert balance["spent_micros"] == bill["total_micros"] > 0
    artist.ask("POST", "/jobs", json={"id": "uploaded-again", "package": package})
    assert artist.wait("uploaded-again")["frames"]["reused"] == 2
    assert not farm.out("uploaded").exists()


def test_a_scene_from_elsewhere_cannot_name_files_of_this_machine(
    artist: Artist, tmp_path: Path
) -> None:
    scene = make_project(tmp_path / "project")
    secret = tmp_path / "secret.png"
    (scene.parent / "maps" / "paint.png").rename(secret)
    wall = scene.parent / "parts" / "wall.inc"
    wall.write_text(wall.read_text().replace("maps/paint.png", str(secret)))
    package = artist.upload(read_project(scene.parent), scene="wall.pov")
    artist.ask("POST", "/jobs", json={"id": "reaching-out", "package": package})
    job = artist.wait("reaching-out")
    assert (job["state"], job["reason"]["code"]) == ("failed", "preflight")
    blockers = [one["code"] for one in job["findings"] if one["severity"] == "blocker"]
    assert blockers == ["package_reaches_out"]
    assert artist.ask("POST", "/checks", json={"package": package})["ok"] is False
