"""Signatures: whatever is changed on the way is noticed, and old requests are refused."""

import oss2
import pytest
import requests
from oss2.exceptions import ServerError

from tests.oss_server.conftest import BUCKET, KEY, TriedServer, open_bucket
from tests.oss_server.server import read_clock_ms
from tests.oss_server.signatures import Credential

HOUR_MS = 3_600_000


def refusal(bucket: oss2.Bucket) -> tuple[int, str]:
    with pytest.raises(ServerError) as caught:
        bucket.put_object("key", b"data")
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_who_is_not_who_they_say(server: TriedServer, version: str) -> None:
    stranger = Credential("stranger", "s")
    forger = Credential(KEY.id, "guessed")
    found = refusal(open_bucket(server, who=stranger, version=version))
    assert found == (403, "InvalidAccessKeyId")
    found = refusal(open_bucket(server, who=forger, version=version))
    assert found == (403, "SignatureDoesNotMatch")
    anonymous = oss2.Bucket(oss2.AnonymousAuth(), server.endpoint, BUCKET, session=server.session)
    assert refusal(anonymous) == (403, "AccessDenied")


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong(server: TriedServer, version: str, hours: int) -> None:
    server.clock_ms = lambda: read_clock_ms() + hours * HOUR_MS
    try:
        found = refusal(open_bucket(server, version=version))
    finally:
        server.clock_ms = read_clock_ms
    assert found == (403, "RequestTimeTooSkewed")


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_urls_are_good_for_what_they_are_for(server: TriedServer, version: str) -> None:
    bucket = open_bucket(server, version=version)
    bucket.put_object("key", b"data")
    url = bucket.sign_url("GET", "key", 60, slash_safe=True)
    assert requests.get(url, timeout=10).content == b"data"
    assert requests.put(url, data=b"other", timeout=10).status_code == 403
    assert requests.get(url.replace("/key?", "/other?"), timeout=10).status_code == 403
    server.clock_ms = lambda: read_clock_ms() + HOUR_MS
    late = requests.get(url, timeout=10)
    server.clock_ms = read_clock_ms
    assert late.status_code == 403
    assert "expired" in late.text


def test_headers_that_count_are_signed(server: TriedServer) -> None:
    bucket = open_bucket(server)
    headers = {"x-oss-forbid-overwrite": "true", "Content-Type": "text/plain"}
    url = bucket.sign_url("PUT", "key", 60, headers=headers)
    changed = {**headers, "x-oss-forbid-overwrite": "false"}
    assert requests.put(url, data=b"1", headers=changed, timeout=10).status_code == 403
    assert requests.put(url, data=b"1", headers=headers, timeout=10).status_code == 200


def test_another_regions_signature_is_refused(server: TriedServer) -> None:
    auth = oss2.AuthV4(KEY.id, KEY.secret)
    bucket = oss2.Bucket(auth, server.endpoint, BUCKET, session=server.session, region="cn-beijing")
    with pytest.raises(ServerError) as caught:
        bucket.head_object("key")
    assert (caught.value.code, caught.value.ec) == ("InvalidArgument", "0002-00000226")


def test_the_digest_that_a_client_sends_is_checked(bucket: oss2.Bucket) -> None:
    wrong = oss2.utils.content_md5(b"other")
    with pytest.raises(oss2.exceptions.InvalidDigest):
        bucket.put_object("key", b"data", headers={"Content-MD5": wrong})
    assert not bucket.object_exists("key")
