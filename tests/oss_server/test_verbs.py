"""The verbs, as the official client speaks them, with both kinds of signature."""

import oss2
import pytest
import requests
from oss2.exceptions import NoSuchKey, NotFound, NotModified, PreconditionFailed, ServerError
from oss2.models import BucketVersioningConfig, PartInfo, Tagging, TaggingRule

from tests.oss_server.conftest import KEY, READER, TriedServer, open_bucket
from tests.oss_server.server import REGION

ODD_KEYS = ["a", "云图/帧 0001.exr", "a b+c%20&=?#", "\x07bell", "<tag>", "x" * 1023]
PART_BYTES = 100 * 1024


def turn_versioning(bucket: oss2.Bucket, status: str) -> None:
    config = BucketVersioningConfig()
    config.status = status
    bucket.put_bucket_versioning(config)


@pytest.mark.parametrize(
    "key", ODD_KEYS, ids=["plain", "chinese", "signs", "control", "markup", "long"]
)
def test_what_is_put_is_got(bucket: oss2.Bucket, key: str) -> None:
    data = bytes(range(256)) * 1000
    put = bucket.put_object(key, data, headers={"x-oss-meta-a": "1"})
    got = bucket.get_object(key)
    assert got.read() == data
    assert got.client_crc == got.server_crc == put.crc
    head = bucket.head_object(key)
    assert (head.content_length, head.etag, head.object_type) == (len(data), put.etag, "Normal")
    assert head.headers["x-oss-meta-a"] == "1"
    assert bucket.get_object_meta(key).content_length == len(data)
    assert [one.key for one in oss2.ObjectIterator(bucket)] == [key]
    assert [one.key for one in oss2.ObjectIteratorV2(bucket)] == [key]
    assert requests.get(bucket.sign_url("GET", key, 60), timeout=10).content == data
    assert bucket.batch_delete_objects([key]).deleted_keys == [key]
    with pytest.raises(NoSuchKey) as caught:
        bucket.get_object(key)
    assert caught.value.ec == "0026-00000001"
    assert caught.value.details["RequestId"] == caught.value.request_id
    with pytest.raises(NotFound):
        bucket.head_object(key)


def test_ranges_as_oss_has_them(bucket: oss2.Bucket) -> None:
    bucket.put_object("key", b"0123456789")
    standard = {"x-oss-range-behavior": "standard"}
    assert bucket.get_object("key", byte_range=(2, 4)).read() == b"234"
    assert bucket.get_object("key", byte_range=(8, None)).read() == b"89"
    assert bucket.get_object("key", byte_range=(None, 3)).read() == b"789"
    # Past the end without asking for the standard: the whole object, with 200.
    whole = bucket.get_object("key", byte_range=(5, 99))
    assert (whole.status, whole.read()) == (200, b"0123456789")
    part = bucket.get_object("key", byte_range=(5, 99), headers=standard)
    assert (part.status, part.read()) == (206, b"56789")
    with pytest.raises(ServerError) as caught:
        bucket.get_object("key", byte_range=(10, 99), headers=standard)
    assert (caught.value.status, caught.value.code) == (416, "InvalidRange")


def test_conditions(bucket: oss2.Bucket) -> None:
    etag = bucket.put_object("key", b"data").etag
    assert bucket.get_object("key", headers={"If-Match": etag}).read() == b"data"
    with pytest.raises(PreconditionFailed):
        bucket.get_object("key", headers={"If-Match": "other"})
    with pytest.raises(NotModified):
        bucket.get_object("key", headers={"If-None-Match": etag})
    later = {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    with pytest.raises(NotModified):
        bucket.head_object("key", headers=later)
    long_ago = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    with pytest.raises(PreconditionFailed):
        bucket.get_object("key", headers=long_ago)


def test_forbid_overwrite_holds_until_versioning_was_ever_on(bucket: oss2.Bucket) -> None:
    forbid = {"x-oss-forbid-overwrite": "true"}
    bucket.put_object("key", b"first", headers=forbid)
    with pytest.raises(ServerError) as caught:
        bucket.put_object("key", b"second", headers=forbid)
    assert (caught.value.status, caught.value.code) == (409, "FileAlreadyExists")
    assert bucket.get_object("key").read() == b"first"
    turn_versioning(bucket, "Enabled")
    bucket.put_object("key", b"second", headers=forbid)
    turn_versioning(bucket, "Suspended")
    bucket.put_object("key", b"third", headers=forbid)
    assert bucket.get_object("key").read() == b"third"


def test_versions(bucket: oss2.Bucket) -> None:
    turn_versioning(bucket, "Enabled")
    one, two = (bucket.put_object("key", data).versionid for data in (b"one", b"two"))
    assert bucket.get_object("key", params={"versionId": one}).read() == b"one"
    marker = bucket.delete_object("key")
    assert marker.delete_marker
    with pytest.raises(NoSuchKey):
        bucket.get_object("key")
    listed = bucket.list_object_versions()
    assert [each.versionid for each in listed.versions] == [two, one]
    assert [each.is_latest for each in listed.delete_marker] == [True]
    bucket.delete_object("key", params={"versionId": marker.versionid})
    assert bucket.get_object("key").read() == b"two"
    page = bucket.list_object_versions(max_keys=1)
    assert (page.is_truncated, page.next_versionid_marker) == (True, two)
    rest = bucket.list_object_versions(key_marker="key", versionid_marker=two)
    assert [each.versionid for each in rest.versions] == [one]


def test_multipart(bucket: oss2.Bucket) -> None:
    bucket.put_object("source", b"s" * PART_BYTES)
    id = bucket.init_multipart_upload("key").upload_id
    sent = bucket.upload_part("key", id, 1, b"1" * PART_BYTES)
    copied = bucket.upload_part_copy(bucket.bucket_name, "source", (0, None), "key", id, 2)
    last = bucket.upload_part("key", id, 7, b"end")
    assert [each.part_number for each in bucket.list_parts("key", id).parts] == [1, 2, 7]
    assert [each.upload_id for each in bucket.list_multipart_uploads().upload_list] == [id]
    parts = [PartInfo(1, sent.etag), PartInfo(2, copied.etag), PartInfo(7, last.etag)]
    with pytest.raises(ServerError) as caught:
        bucket.complete_multipart_upload("key", id, [*parts[:2], PartInfo(7, "0" * 32)])
    assert caught.value.code == "InvalidPart"
    done = bucket.complete_multipart_upload("key", id, parts)
    assert done.etag.endswith("-3")
    assert bucket.get_object("key").read() == b"1" * PART_BYTES + b"s" * PART_BYTES + b"end"
    with pytest.raises(ServerError) as caught:
        bucket.list_parts("key", id)
    assert caught.value.code == "NoSuchUpload"
    other = bucket.init_multipart_upload("other").upload_id
    tiny = [PartInfo(n, bucket.upload_part("other", other, n, b"x").etag) for n in (1, 2)]
    with pytest.raises(ServerError) as caught:
        bucket.complete_multipart_upload("other", other, tiny)
    assert caught.value.code == "EntityTooSmall"
    bucket.abort_multipart_upload("other", other)
    assert bucket.list_multipart_uploads().upload_list == []


def test_copies_appends_tags_and_rights(bucket: oss2.Bucket) -> None:
    rule = TaggingRule()
    rule.add("kind", "frame")
    bucket.put_object("from", b"data", headers={"x-oss-meta-a": "1"})
    bucket.put_object_tagging("from", Tagging(rule))
    bucket.copy_object(bucket.bucket_name, "from", "to")
    assert bucket.head_object("to").headers["x-oss-meta-a"] == "1"
    assert bucket.get_object_tagging("to").tag_set.tagging_rule == {"kind": "frame"}
    assert bucket.append_object("log", 0, b"one").next_position == 3
    with pytest.raises(oss2.exceptions.PositionNotEqualToLength):
        bucket.append_object("log", 0, b"two")
    bucket.append_object("log", 3, b"two")
    assert bucket.get_object("log").read() == b"onetwo"
    bucket.put_object_acl("to", oss2.OBJECT_ACL_PUBLIC_READ)
    assert bucket.get_object_acl("to").acl == "public-read"
    address = bucket._make_url(bucket.bucket_name, "to")
    assert requests.get(address, timeout=10).content == b"data"
    assert requests.get(address.replace("to", "from"), timeout=10).status_code == 403


def test_lists(bucket: oss2.Bucket) -> None:
    keys = [f"{folder}/{number}" for folder in "abc" for number in range(5)] + ["top"]
    for key in keys:
        bucket.put_object(key, b"")
    for iterator in (oss2.ObjectIterator, oss2.ObjectIteratorV2):
        assert [one.key for one in iterator(bucket, max_keys=2)] == keys
        found = list(iterator(bucket, delimiter="/", max_keys=2))
        assert [one.key for one in found] == ["a/", "b/", "c/", "top"]
        assert [one.key for one in iterator(bucket, prefix="b/", delimiter="/")] == keys[5:10]


def test_buckets(server: TriedServer) -> None:
    bucket = open_bucket(server, name="new-bucket")
    bucket.create_bucket(oss2.BUCKET_ACL_PRIVATE)
    service = oss2.Service(bucket.auth, server.endpoint, session=server.session, region=REGION)
    names = [one.name for one in oss2.BucketIterator(service)]
    assert names == ["new-bucket", "test-bucket"]
    info = bucket.get_bucket_info()
    assert (info.name, info.acl.grant, info.versioning_status) == ("new-bucket", "private", None)
    assert bucket.get_bucket_versioning().status is None
    turn_versioning(bucket, "Enabled")
    assert bucket.get_bucket_info().versioning_status == "Enabled"
    bucket.put_object("key", b"data")
    assert bucket.get_bucket_stat().object_count == 1
    with pytest.raises(oss2.exceptions.BucketNotEmpty):
        bucket.delete_bucket()
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        open_bucket(server, name="nobody").list_objects()


def test_whoever_may_only_read_writes_nothing(server: TriedServer) -> None:
    open_bucket(server).put_object("key", b"data")
    reader = open_bucket(server, who=READER)
    assert reader.get_object("key").read() == b"data"
    with pytest.raises(oss2.exceptions.AccessDenied):
        reader.put_object("key", b"other")


def test_a_cname_is_its_bucket_also_through_a_proxy(server: TriedServer) -> None:
    """The server takes requests that are meant for a proxy: names need not resolve here."""
    server.make_bucket("cname-bucket")
    named = oss2.Bucket(
        oss2.make_auth(KEY.id, KEY.secret, "v4"),
        "http://files.studio.example",
        "cname-bucket",
        is_cname=True,
        session=server.session,
        region=server.region,
        proxies={"http": server.endpoint},
    )
    named.put_object("key", b"data")
    assert open_bucket(server, name="cname-bucket").get_object("key").read() == b"data"
