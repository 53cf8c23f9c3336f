"""Requests to a bucket through `alibabacloud-oss-v2`, the successor of `oss2`: an extra."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.crc import Crc64
from alibabacloud_oss_v2.retry import NopRetryer
from alibabacloud_oss_v2.transport import RequestsHttpClient

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
_PAGE = 1000
_BLOCK_BYTES = 1 << 16


class OssV2Requests:
    """`BucketRequests` with the newer SDK. Safe to use from several threads."""

    def __init__(self, address: BucketAddress, key: BucketKey) -> None:
        proxies = {"http": address.proxy, "https": address.proxy} if address.proxy else None
        self._http = RequestsHttpClient(
            connect_timeout=CONNECT_TIMEOUT_S,
            readwrite_timeout=READ_TIMEOUT_S,
            max_connections=address.parallel * 2 + 2,
            proxy_host=proxies,
        )
        provider = oss.credentials.StaticCredentialsProvider(key.id, key.secret, key.token or None)
        config = oss.config.load_default()
        config.region, config.endpoint = address.region, address.endpoint
        config.credentials_provider = provider
        config.use_cname = address.is_cname
        config.http_client = self._http
        # Tries are counted in one place, the store's.
        config.retryer = NopRetryer()
        self._client, self._bucket = oss.Client(config), address.bucket

    def put(self, key: str, data: bytes, *, forbid_overwrite: bool) -> None:
        """Write an object."""
        forbid = True if forbid_overwrite else None
        request = oss.PutObjectRequest(self._bucket, key, body=data, forbid_overwrite=forbid)
        with _translated():
            self._client.put_object(request)

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object; as much as `most` bytes, and then unchecked, in constant memory."""
        with _translated():
            result = self._client.get_object(oss.GetObjectRequest(self._bucket, key))
            data = _read(result, most)
        if len(data) == most:
            return data
        crc = Crc64(0)
        crc.update(data)
        if result.hash_crc64 is not None and int(result.hash_crc64) != crc.sum64():
            raise RequestFailed(Trouble.PASSING, "the checksum differs")
        return data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`, fewer at the end."""
        request = oss.GetObjectRequest(
            self._bucket,
            key,
            range_header=f"bytes={start}-{start + length - 1}",
            range_behavior="standard",
        )
        with _translated():
            return _read(self._client.get_object(request))

    def head(self, key: str) -> HeadedObject:
        """Return an object's size and age."""
        with _translated():
            found = self._client.head_object(oss.HeadObjectRequest(self._bucket, key))
            age_ms = int(found.last_modified.timestamp() * 1000)
            return HeadedObject(size_bytes=int(found.content_length), modified_at_ms=age_ms)

    def renew(self, key: str) -> None:
        """Copy an object onto itself, so that it counts as new."""
        request = oss.CopyObjectRequest(
            self._bucket,
            key,
            source_bucket=self._bucket,
            source_key=key,
            metadata_directive="REPLACE",
        )
        with _translated():
            self._client.copy_object(request)

    def sign(self, key: str, seconds: int) -> str:
        """Return an address that reads an object without a key for so long; asks nobody."""
        request = oss.GetObjectRequest(self._bucket, key)
        with _translated():
            return str(self._client.presign(request, expires=timedelta(seconds=seconds)).url)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with _translated():
            self._client.delete_object(oss.DeleteObjectRequest(self._bucket, key))

    def list(self, prefix: str, after: str, limit: int) -> tuple[ListedObject, ...]:
        """List objects in the order of their keys."""
        request = oss.ListObjectsV2Request(
            self._bucket, prefix=prefix, start_after=after or None, max_keys=min(limit, _PAGE)
        )
        with _translated():
            page = self._client.list_objects_v2(request)
            return tuple(
                ListedObject(
                    key=one.key,
                    size_bytes=one.size,
                    modified_at_ms=int(one.last_modified.timestamp() * 1000),
                )
                for one in page.contents or ()
            )

    def begin_upload(self, key: str) -> str:
        """Begin a multipart upload, and return its id."""
        with _translated():
            request = oss.InitiateMultipartUploadRequest(self._bucket, key)
            return str(self._client.initiate_multipart_upload(request).upload_id)

    def find_uploads(self, prefix: str) -> tuple[tuple[str, str, int], ...]:
        """Return key, id and beginning (ms) of the uploads under way below a prefix."""
        request = oss.ListMultipartUploadsRequest(self._bucket, prefix=prefix)
        with _translated():
            found = self._client.list_multipart_uploads(request).uploads or ()
            return tuple(
                (one.key, one.upload_id, int(one.initiated.timestamp() * 1000)) for one in found
            )

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Send a part, and return its ETag."""
        request = oss.UploadPartRequest(
            self._bucket, key, part_number=number, upload_id=upload, body=data
        )
        with _translated():
            return str(self._client.upload_part(request).etag).strip('"').upper()

    def list_parts(self, key: str, upload: str) -> tuple[SentPart, ...]:
        """Return the parts that are there."""
        found: list[SentPart] = []
        marker = 0
        while True:
            request = oss.ListPartsRequest(
                self._bucket, key, upload_id=upload, part_number_marker=marker
            )
            with _translated():
                page = self._client.list_parts(request)
            found += [
                SentPart(
                    number=one.part_number,
                    etag=one.etag.strip('"').upper(),
                    size_bytes=one.size,
                )
                for one in page.parts or ()
            ]
            if not page.is_truncated:
                return tuple(found)
            marker = int(page.next_part_number_marker)

    def complete_upload(self, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of parts."""
        parts = [oss.UploadPart(part_number=number, etag=etags[number]) for number in sorted(etags)]
        request = oss.CompleteMultipartUploadRequest(
            self._bucket,
            key,
            upload_id=upload,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
        )
        with _translated():
            self._client.complete_multipart_upload(request)

    def abort_upload(self, key: str, upload: str) -> None:
        """Forget an upload and its parts."""
        request = oss.AbortMultipartUploadRequest(self._bucket, key, upload_id=upload)
        with _translated():
            self._client.abort_multipart_upload(request)

    def get_facts(self) -> BucketFacts:
        """Return what the bucket says of itself."""
        with _translated():
            result = self._client.get_bucket_versioning(
                oss.GetBucketVersioningRequest(self._bucket)
            )
            moment = parsedate_to_datetime(result.headers["Date"])
            return BucketFacts(
                versioning=result.version_status or "",
                server_at_ms=int(moment.timestamp() * 1000),
            )

    def get_acl(self) -> str:
        """Return whom the bucket lets in."""
        with _translated():
            return str(self._client.get_bucket_acl(oss.GetBucketAclRequest(self._bucket)).acl)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def _read(result: Any, most: int | None = None) -> bytes:
    with result.body as body:
        data = bytes(body.read()) if most is None else _read_most(body, most)
    if len(data) != most and result.content_length not in (None, len(data)):
        raise RequestFailed(Trouble.PASSING, "the answer was cut off")
    return data


def _read_most(body: Any, most: int) -> bytes:
    found = bytearray()
    for piece in body.iter_bytes(block_size=_BLOCK_BYTES):
        found += piece[: most - len(found)]
        if len(found) == most:
            break
    return bytes(found)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors and those of the library below it into ours."""
    try:
        yield
    except oss.exceptions.OperationError as error:
        raise _translate(error.unwrap()) from error
    except oss.exceptions.BaseError as error:
        raise _translate(error) from error
    except OSError as error:  # `requests` raises these while a body is read
        raise RequestFailed(Trouble.PASSING, str(error)) from error


def _translate(error: Exception) -> RequestFailed:
    if isinstance(error, oss.exceptions.ServiceError):
        words = f"{error.code} {error.message}".strip()
        return RequestFailed(find_trouble(error.status_code, error.code or ""), words)
    passing = (
        oss.exceptions.RequestError,
        oss.exceptions.ResponseError,
        oss.exceptions.InconsistentError,
        OSError,
    )
    trouble = Trouble.PASSING if isinstance(error, passing) else Trouble.FAILED
    return RequestFailed(trouble, str(error))
