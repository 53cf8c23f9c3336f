"""A server elsewhere: scenes uploaded and frames fetched by somebody who only signed in there."""

import os
import shutil
import signal
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local_server.cli.failure import ClientError
from local_server.cli.far_link import FarLink
from local_server.cli.link import RENEWALS_MAX
from local_server.cli.sending import PART_BYTES
from local_server.wording import Wording
from sync.blobs import digest_file
from tests.cli.test_people import PASSWORD, find_code, piped
from tests.cli.yuntu import Ran, Yuntu
from tests.end_to_end.running_farm import wait_until

NUMBERS = [1, 2, 3]
LARGE_BYTES = 3 * PART_BYTES + 12_345


class FarYuntu(Yuntu):
    """Runs command lines on a data directory of its own, for a server elsewhere."""

    def __init__(self, data: Path, url: str) -> None:
        super().__init__(data)
        self.url = url

    def __call__(self, *argv: str) -> Ran:
        """Run a command line in this process."""
        return super().__call__(*argv, "--server", self.url)

    def make_command(self, *argv: str) -> list[str]:
        """Return the command of a process that runs a command line."""
        return [*super().make_command(*argv), "--server", self.url]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yuntu]:
    """A machine that several people share."""
    host = Yuntu(tmp_path_factory.mktemp("host"))
    with piped(PASSWORD):
        assert host("password").code == 0
    assert host("topup", "100").code == 0
    assert host("rules", "--shared", "yes", "--sign-up", "open").code == 0
    yield host
    assert host("stop").code == 0


@pytest.fixture(scope="module")
def far(host: Yuntu, tmp_path_factory: pytest.TempPathFactory) -> FarYuntu:
    """An artist on another machine: nothing of the host's disk is hers."""
    url = f"http://127.0.0.1:{host.read_server()['port']}"
    far = FarYuntu(tmp_path_factory.mktemp("far"), url)
    with piped(PASSWORD):
        person = far("signup", "Li Wei", "--json").json["id"]
    with piped(PASSWORD):
        assert far("signin", "Li Wei").code == 0
    with piped(PASSWORD):
        assert host("signin", "me").code == 0
    assert host("topup", "5", "--account", person).code == 0
    assert far.json("balance")["total_micros"] == 5_000_000
    return far


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A scene whose one texture takes several parts."""
    scene = tmp_path / "large.pov"
    scene.write_text('camera {location 0} sphere {0, 1 pigment {image_map {png "noise.png"}}}')
    (tmp_path / "noise.png").write_bytes(os.urandom(LARGE_BYTES))
    return scene


def test_a_scene_is_rendered_there_and_its_frames_come_back(
    far: FarYuntu, scene: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(scene, tmp_path / "cube.blend"))
    ran = far("render", str(copy))
    assert ran.code == 0, ran.out + ran.err
    folder = tmp_path / "cube-frames"
    assert f"The frames are in {folder}" in ran.out
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"cube_{number:04}.png" for number in NUMBERS]
    job = far.json("job", "last")
    assert (job["scene"], job["out"]) == ("cube.blend", None), "nothing of this disk was told"
    assert far("check", str(copy)).code == 0


def test_from_an_upload_to_a_zip(far: FarYuntu, scene: Path, tmp_path: Path) -> None:
    [sent] = far.json("upload", str(scene), "--name", "a cube")["items"]
    assert (sent["name"], sent["files"]) == ("a cube", 1)
    [again] = far.json("upload", str(scene), "--name", "a cube")["items"]
    assert (again["id"], again["sent_files"], again["sent_bytes"]) == (sent["id"], 0, 0)
    assert "nothing was sent" in far("upload", str(scene)).err
    ran = far("render", "--package", sent["digest"][:12], "--samples", "2", "--detach")
    assert ran.code == 0, ran.err
    job = ran.out.split()[0]
    assert "yuntu download" in far("watch", job).out
    folder = tmp_path / "frames"
    first = far.json("download", job, "--out", str(folder))
    assert (first["files"], first["bytes"] > 0) == (3, True)
    assert sorted(path.name for path in folder.iterdir()) == [f"cube_000{n}.png" for n in NUMBERS]
    assert far.json("download", job, "--out", str(folder))["files"] == 0
    target = tmp_path / "frames.zip"
    assert far.json("download", job, "--zip", "--out", str(target))["bytes"] > first["bytes"]
    with zipfile.ZipFile(target) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (folder / name).read_bytes()


def test_packages_are_listed_shown_and_removed(far: FarYuntu, scene: Path) -> None:
    [sent] = far.json("upload", str(scene), "--name", "to be removed")["items"]
    assert "to be removed" in far("packages").out
    [shown] = far.json("packages", "show", sent["id"][:6])["items"]
    assert shown["id"] == sent["id"] and sent["digest"] in far("packages", "show", sent["id"]).out
    assert far.json("packages", "remove", sent["id"]) == {"removed": [sent["id"]]}
    assert far("packages", "show", sent["id"], "--json").error["code"] == "package_not_found"
    gone = far("render", "--package", sent["id"], "--json")
    assert (gone.code, gone.error["code"]) == (2, "package_not_found")


def test_what_a_scene_misses_is_told_before_anything_is_sent(far: FarYuntu, large: Path) -> None:
    large.with_name("noise.png").unlink()
    before = far.json("packages", "--limit", "500")
    for command in ("upload", "render", "check"):
        ran = far(command, str(large), "--json")
        assert (ran.code, ran.json["findings"][0]["severity"]) == (5, "blocker"), command
    assert far.json("packages", "--limit", "500") == before
    [sent] = far.json("upload", str(large), "--allow-missing")["items"]
    assert sent["files"] == 1


def find_parts(host: Yuntu) -> list[Path]:
    """Return what has arrived in part."""
    return list((host.data / "uploads").rglob("*.part"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_upload_goes_on_where_it_was_ended(
    host: Yuntu, far: FarYuntu, large: Path, how: signal.Signals
) -> None:
    with far.start("upload", str(large), "--json") as process:
        wait_until(
            lambda: any(path.stat().st_size >= PART_BYTES for path in find_parts(host)),
            seconds=60,
            what="a part has arrived",
            every_seconds=0.001,
        )
        process.send_signal(how)
        process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was faster than the signal")
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    [sent] = far.json("upload", str(large))["items"]
    assert 0 < sent["sent_bytes"] <= LARGE_BYTES - PART_BYTES + 10_000
    assert not find_parts(host)


def test_a_download_goes_on_with_what_is_half_there(
    far: FarYuntu, scene: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cube-frames"
    copy = Path(shutil.copy(scene, tmp_path / "cube.blend"))
    assert far("render", str(copy)).code == 0
    whole = folder / "cube_0002.png"
    data, digest = whole.read_bytes(), digest_file(whole)[0]
    whole.unlink()
    half = folder / f".{digest[:16]}.part"
    half.write_bytes(data[:-100])
    assert far.json("download", "last", "--out", str(folder)) | {"job": ""} == {
        "job": "",
        "path": str(folder),
        "files": 1,
        "bytes": 100,
    }
    assert whole.read_bytes() == data
    whole.write_bytes(data[:-1] + b"x")  # as long as it was, and other bytes
    assert far.json("download", "last", "--out", str(folder))["files"] == 1
    whole.unlink()
    half.write_bytes(b"x" * (len(data) - 5))
    ran = far("download", "last", "--out", str(folder), "--json")
    assert (ran.code, ran.error["code"], half.exists()) == (2, "download_damaged", False)
    assert far.json("download", "last", "--out", str(folder))["files"] == 1
    assert whole.read_bytes() == data and not list(folder.glob(".*"))


def test_missing_files_are_looked_for_on_the_disk_of_whoever_asks(
    far: FarYuntu, tmp_path: Path
) -> None:
    scene = tmp_path / "away" / "worn.pov"
    scene.parent.mkdir()
    scene.write_text(
        "camera {location <0, 0, -3> look_at 0} light_source {<3, 5, -4> rgb 1} "
        'box {-1, 1 pigment {image_map {ppm "worn.ppm"}}}'
    )
    scene.with_suffix(".ini").write_text("Width=32\nHeight=24\n")
    (tmp_path / "textures").mkdir()
    (tmp_path / "textures" / "worn.ppm").write_bytes(b"P6\n2 2\n255\n" + b"\xc8" * 12)
    assert far("check", str(scene), "--json").code != 0
    found = far("check", str(scene), "--find-in", str(tmp_path / "textures"), "--json")
    assert found.code == 0, found.out
    ran = far("check", str(scene), "--find-in", str(tmp_path / "gone"), "--json")
    assert ran.error["code"] == "find_in_missing"


def test_nobody_has_signed_in_there(far: FarYuntu, tmp_path: Path) -> None:
    assert find_code(FarYuntu(tmp_path, far.url)("jobs", "--json")) == "sign_in_needed"


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    ran = FarYuntu(tmp_path, "http://127.0.0.1:1")("jobs", "--json")
    assert (ran.code, ran.error["code"]) == (3, "server_away")


class OnlyHealthy(BaseHTTPRequestHandler):
    """A server that says it is well, and hangs up on whatever else it is asked."""

    asked = 0

    def do_GET(self) -> None:
        if not self.path.endswith("/health"):
            type(self).asked += 1
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_that_hangs_up_on_the_question_is_given_up(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), OnlyHealthy) as server:
        threading.Thread(target=server.serve_forever).start()
        link = FarLink(tmp_path, Wording("en"), url=f"http://127.0.0.1:{server.server_port}")
        try:
            with pytest.raises(ClientError) as caught:
                link.insist(lambda client: client.get_balance())
        finally:
            link.close()
            server.shutdown()
    assert caught.value.code == "server_away"
    assert RENEWALS_MAX < OnlyHealthy.asked < 3 * RENEWALS_MAX
