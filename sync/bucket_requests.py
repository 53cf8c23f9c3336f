"""Requests to a bucket, one try each: what every SDK is reduced to, and how a request can fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """Why a request failed, as far as that changes what is done next."""

    MISSING = "missing"
    TAKEN = "taken"
    RANGE = "range"
    NO_UPLOAD = "no_upload"
    NO_BUCKET = "no_bucket"
    KEY_WRONG = "key_wrong"
    CLOCK_WRONG = "clock_wrong"
    REFUSED = "refused"
    PASSING = "passing"
    """It may work in a moment; whether it was done is not known."""
    FAILED = "failed"


class RequestFailed(Exception):
    """A request that did not do what was asked, told by its trouble."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(f"{trouble}: {words}")
        self.trouble = trouble
        self.words = words[:300]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadedObject:
    """What a HEAD tells of an object."""

    size_bytes: int
    modified_at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedObject:
    """An object as a list shows it."""

    key: str
    size_bytes: int
    modified_at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SentPart:
    """A part of an upload that the bucket has. `etag` is the MD5 of its bytes, upper case."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketFacts:
    """What a bucket says of itself. `versioning` is empty where it was never on."""

    versioning: str
    server_at_ms: int


class BucketRequests(Protocol):
    """The requests. Each is tried once and raises `RequestFailed`; bytes are checked by CRC."""

    def put(self, key: str, data: bytes, *, forbid_overwrite: bool) -> None:
        """Write an object."""

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object; as much as `most` bytes, and then unchecked, in constant memory."""

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`, fewer at the end."""

    def head(self, key: str) -> HeadedObject:
        """Return an object's size and age."""

    def renew(self, key: str) -> None:
        """Copy an object onto itself, so that it counts as new."""

    def sign(self, key: str, seconds: int) -> str:
        """Return an address that reads an object without a key for so long; asks nobody."""

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""

    def list(self, prefix: str, after: str, limit: int) -> tuple[ListedObject, ...]:
        """List objects in the order of their keys."""

    def begin_upload(self, key: str) -> str:
        """Begin a multipart upload, and return its id."""

    def find_uploads(self, prefix: str) -> tuple[tuple[str, str, int], ...]:
        """Return key, id and beginning (ms) of the uploads under way below a prefix."""

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Send a part, and return its ETag."""

    def list_parts(self, key: str, upload: str) -> tuple[SentPart, ...]:
        """Return the parts that are there."""

    def complete_upload(self, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of parts."""

    def abort_upload(self, key: str, upload: str) -> None:
        """Forget an upload and its parts."""

    def get_facts(self) -> BucketFacts:
        """Return what the bucket says of itself."""

    def get_acl(self) -> str:
        """Return whom the bucket lets in: `private`, `public-read` or `public-read-write`."""

    def close(self) -> None:
        """Let go of the connections."""


_BY_CODE = {
    "FileAlreadyExists": Trouble.TAKEN,
    "InvalidAccessKeyId": Trouble.KEY_WRONG,
    "InvalidRange": Trouble.RANGE,
    "NoSuchBucket": Trouble.NO_BUCKET,
    "NoSuchKey": Trouble.MISSING,
    "NoSuchUpload": Trouble.NO_UPLOAD,
    "RequestTimeTooSkewed": Trouble.CLOCK_WRONG,
    "RequestTimeout": Trouble.PASSING,
    "InvalidPart": Trouble.PASSING,
    "SecurityTokenExpired": Trouble.KEY_WRONG,
    "SignatureDoesNotMatch": Trouble.KEY_WRONG,
}
_PASSING_STATUS = (408, 429)


def find_trouble(status: int, code: str) -> Trouble:
    """Return what an answer with a status and a code of OSS means."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500 or status in _PASSING_STATUS:
        return Trouble.PASSING
    if status == 403:
        return Trouble.REFUSED
    if status == 404:
        return Trouble.MISSING
    return Trouble.RANGE if status == 416 else Trouble.FAILED
