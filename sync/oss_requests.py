"""Requests to a bucket through `oss2`: the one place that knows that SDK and its errors."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import oss2
import requests
from oss2.credentials import StaticCredentialsProvider
from oss2.models import PartInfo

from sync.bucket_address import BucketAddress, BucketKey
from sync.bucket_requests import (
    BucketFacts,
    HeadedObject,
    ListedObject,
    RequestFailed,
    SentPart,
    Trouble,
    find_trouble,
)

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 60
_STANDARD = {"x-oss-range-behavior": "standard"}
_PAGE = 1000


class OssRequests:
    """`BucketRequests` with `oss2`, V4 signatures and CRC on. Safe to use from several threads."""

    def __init__(self, address: BucketAddress, key: BucketKey) -> None:
        # The SDK logs every request's headers, signature and all, where debugging is on.
        logging.getLogger("oss2").setLevel(logging.WARNING)
        self._session = oss2.Session(pool_size=address.parallel * 2 + 2)
        proxies = {"http": address.proxy, "https": address.proxy} if address.proxy else None
        provider = StaticCredentialsProvider(key.id, key.secret, key.token or None)
        self._bucket = oss2.Bucket(
            oss2.ProviderAuthV4(provider),
            address.endpoint,
            address.bucket,
            is_cname=address.is_cname,
            region=address.region,
            session=self._session,
            # Handed on to `requests` as it is, which takes a pair: to connect, to read.
            connect_timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            enable_crc=True,
            proxies=proxies,
        )

    def put(self, key: str, data: bytes, *, forbid_overwrite: bool) -> None:
        """Write an object."""
        headers = {"x-oss-forbid-overwrite": "true"} if forbid_overwrite else None
        with _translated():
            _finish(self._bucket.put_object(key, data, headers=headers))

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object; as much as `most` bytes, and then unchecked, in constant memory."""
        with _translated():
            result = self._bucket.get_object(key)
            data = _read_most(result, most)
            if len(data) == most:
                result.close()  # with the connection: the rest is not waited for
                return data
            _finish(result)
            _check_length(result, data)
            if result.server_crc is not None and result.client_crc != result.server_crc:
                raise RequestFailed(Trouble.PASSING, "the checksum differs")
            return data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`, fewer at the end."""
        with _translated():
            span = (start, start + length - 1)
            result = self._bucket.get_object(key, byte_range=span, headers=dict(_STANDARD))
            data: bytes = result.read()
            _finish(result)
            _check_length(result, data)
            return data

    def head(self, key: str) -> HeadedObject:
        """Return an object's size and age."""
        with _translated():
            found = _finish(self._bucket.head_object(key))
            age_ms = int(found.last_modified) * 1000
            return HeadedObject(size_bytes=int(found.content_length), modified_at_ms=age_ms)

    def renew(self, key: str) -> None:
        """Copy an object onto itself, so that it counts as new."""
        replaced = {"x-oss-metadata-directive": "REPLACE"}
        with _translated():
            _finish(self._bucket.copy_object(self._bucket.bucket_name, key, key, headers=replaced))

    def sign(self, key: str, seconds: int) -> str:
        """Return an address that reads an object without a key for so long; asks nobody."""
        return str(self._bucket.sign_url("GET", key, seconds, slash_safe=True))

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with _translated():
            _finish(self._bucket.delete_object(key))

    def list(self, prefix: str, after: str, limit: int) -> tuple[ListedObject, ...]:
        """List objects in the order of their keys."""
        with _translated():
            page = self._bucket.list_objects_v2(
                prefix=prefix, start_after=after, max_keys=min(limit, _PAGE)
            )
            return tuple(
                ListedObject(
                    key=one.key,
                    size_bytes=one.size,
                    modified_at_ms=one.last_modified * 1000,
                )
                for one in page.object_list
            )

    def begin_upload(self, key: str) -> str:
        """Begin a multipart upload, and return its id."""
        with _translated():
            return str(self._bucket.init_multipart_upload(key).upload_id)

    def find_uploads(self, prefix: str) -> tuple[tuple[str, str, int], ...]:
        """Return key, id and beginning (ms) of the uploads under way below a prefix."""
        with _translated():
            page = self._bucket.list_multipart_uploads(prefix=prefix)
            return tuple(
                (one.key, one.upload_id, one.initiation_date * 1000) for one in page.upload_list
            )

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Send a part, and return its ETag."""
        with _translated():
            return str(_finish(self._bucket.upload_part(key, upload, number, data)).etag)

    def list_parts(self, key: str, upload: str) -> tuple[SentPart, ...]:
        """Return the parts that are there."""
        with _translated():
            found: list[SentPart] = []
            marker = ""
            while True:
                page = self._bucket.list_parts(key, upload, marker=marker)
                found += [
                    SentPart(number=one.part_number, etag=one.etag.upper(), size_bytes=one.size)
                    for one in page.parts
                ]
                if not page.is_truncated:
                    return tuple(found)
                marker = page.next_marker

    def complete_upload(self, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of parts."""
        parts = [PartInfo(number, etags[number]) for number in sorted(etags)]
        with _translated():
            _finish(self._bucket.complete_multipart_upload(key, upload, parts))

    def abort_upload(self, key: str, upload: str) -> None:
        """Forget an upload and its parts."""
        with _translated():
            _finish(self._bucket.abort_multipart_upload(key, upload))

    def get_facts(self) -> BucketFacts:
        """Return what the bucket says of itself."""
        with _translated():
            result = self._bucket.get_bucket_versioning()
            moment = parsedate_to_datetime(result.headers["Date"])
            return BucketFacts(
                versioning=result.status or "", server_at_ms=int(moment.timestamp() * 1000)
            )

    def get_acl(self) -> str:
        """Return whom the bucket lets in."""
        with _translated():
            return str(self._bucket.get_bucket_acl().acl)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.session.close()


def _finish(result: Any) -> Any:
    """Read an answer to its end: only then its connection is used again."""
    result.resp.read()
    return result


def _read_most(result: Any, most: int | None) -> bytes:
    if most is None:
        return bytes(result.read())
    found = bytearray()
    while len(found) < most and (piece := result.read(most - len(found))):
        found += piece
    return bytes(found)


def _check_length(result: Any, data: bytes) -> None:
    if result.content_length is not None and result.content_length != len(data):
        raise RequestFailed(Trouble.PASSING, "the answer was cut off")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors and those of the library below it into ours."""
    try:
        yield
    except oss2.exceptions.ServerError as error:
        words = f"{error.code} {error.message}".strip() or f"HTTP {error.status}"
        raise RequestFailed(find_trouble(error.status, error.code), words) from error
    except (oss2.exceptions.RequestError, oss2.exceptions.InconsistentError) as error:
        raise RequestFailed(Trouble.PASSING, _shorten(error)) from error
    except oss2.exceptions.OssError as error:
        raise RequestFailed(Trouble.FAILED, _shorten(error)) from error
    except requests.RequestException as error:
        raise RequestFailed(Trouble.PASSING, _shorten(error)) from error


def _shorten(error: Exception) -> str:
    cause = getattr(error, "exception", error)
    reason = getattr(cause, "args", ()) and cause.args[0]
    return str(getattr(reason, "reason", reason) or cause)
