"""Faults: what goes wrong does so as told, and what is kept is whole."""

import subprocess
import sys
from pathlib import Path

import oss2
import pytest
import requests
from oss2.exceptions import RequestError, ServerError

from tests.oss_server.conftest import BUCKET, KEY, TriedServer, open_bucket
from tests.oss_server.faults import parse_faults
from tests.oss_server.server import REGION


def test_a_dropped_request_did_nothing_and_a_lost_answer_hides_a_deed(server: TriedServer) -> None:
    bucket = open_bucket(server)
    server.faults.replace("drop@verb=PUT,key=dropped;lose@verb=PUT,key=lost")
    for key in ("dropped", "lost"):
        with pytest.raises(RequestError):
            bucket.put_object(key, b"data")
    assert not bucket.object_exists("dropped")
    assert bucket.get_object("lost").read() == b"data"


def test_answers_that_are_cut_or_false(server: TriedServer) -> None:
    bucket = open_bucket(server)
    bucket.put_object("key", b"x" * 1000)
    server.faults.replace("truncate:10@verb=GET")
    address = bucket.sign_url("GET", "key", 60)
    with pytest.raises(requests.RequestException):
        requests.get(address, timeout=10)
    server.faults.replace("flip@verb=GET")
    got = bucket.get_object("key")
    assert got.read() == b"y" + b"x" * 999
    assert got.client_crc != got.server_crc
    server.faults.replace("crc@verb=PUT")
    with pytest.raises(oss2.exceptions.InconsistentError):
        bucket.put_object("key", b"data")
    server.faults.replace("503@nth=1")
    with pytest.raises(ServerError) as caught:
        bucket.get_object("key")
    assert (caught.value.status, caught.value.code) == (503, "ServiceUnavailable")
    assert bucket.get_object("key").read() == b"data"


def test_a_stalled_answer_runs_into_the_time_out(server: TriedServer) -> None:
    open_bucket(server).put_object("key", b"x" * 1000)
    server.faults.replace("stall@verb=GET")
    with pytest.raises(requests.RequestException):
        requests.get(open_bucket(server).sign_url("GET", "key", 60), timeout=0.2)


def test_the_same_seed_gives_the_same_faults() -> None:
    def roll(seed: int) -> list[bool]:
        (rule,) = parse_faults(f"drop@probability=0.5,seed={seed}")
        return [rule.applies("GET", "key") for _ in range(64)]

    assert roll(7) == roll(7) != roll(8)
    (limited,) = parse_faults("503@verb=PUT,key=v1/*,times=2")
    hits = [limited.applies(verb, "v1/a") for verb in ("PUT", "GET", "PUT", "PUT")]
    assert hits == [True, False, True, False]
    for wrong in ("explode", "drop@colour=red"):
        with pytest.raises(ValueError, match=r"explode|colour"):
            parse_faults(wrong)


def test_a_killed_server_knows_what_it_answered_for(tmp_path: Path) -> None:
    session = oss2.Session()

    def start() -> tuple[subprocess.Popen[str], oss2.Bucket]:
        command = [sys.executable, "-m", "tests.oss_server", "--folder", str(tmp_path)]
        command += ["--access-key-id", KEY.id, "--access-key-secret", KEY.secret]
        process = subprocess.Popen(
            [*command, "--bucket", BUCKET], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        auth = oss2.AuthV4(KEY.id, KEY.secret)
        return process, oss2.Bucket(auth, endpoint, BUCKET, session=session, region=REGION)

    process, bucket = start()
    id = bucket.init_multipart_upload("big").upload_id
    sent = bucket.upload_part("big", id, 1, b"x" * 200_000)
    bucket.put_object("small", b"data")
    process.kill()
    process.communicate()
    process, bucket = start()
    assert bucket.get_object("small").read() == b"data"
    bucket.complete_multipart_upload("big", id, [oss2.models.PartInfo(1, sent.etag)])
    assert bucket.head_object("big").content_length == 200_000
    process.terminate()
    process.communicate()
    session.session.close()
