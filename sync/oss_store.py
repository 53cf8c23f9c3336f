"""A store that is a bucket of Aliyun OSS: retries, first-writer-wins, and big blobs in parts."""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from local_server.farm.errors import NotFound, Unavailable
from sync.bucket_address import (
    BucketAddress,
    BucketKey,
    Lookup,
    find_bucket_key,
    find_nothing,
    parse_bucket_address,
)
from sync.bucket_requests import BucketRequests, RequestFailed, Trouble
from sync.limits import Bandwidth, Limits
from sync.oss_upload import PART_BYTES, Upload
from sync.sources import read_checked, source_size
from sync.store import ListedBlob, ObjectInfo, check_key, check_prefix, digest_in_key, is_key

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

TRIES_MAX = 6
_PAUSE_S, _PAUSE_S_MAX = 0.2, 20.0
_SKEW_MS_MAX = 15 * 60 * 1000
_PAGE = 1000


class OssStore:
    """A `Store` in a bucket, below a prefix. Safe to use from several threads."""

    pieces_ahead = 2
    # What OSS copies onto itself in one request.
    touch_bytes_max = 1 << 30

    def __init__(
        self,
        address: BucketAddress,
        make_requests: Callable[[], BucketRequests],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address, self._make_requests, self._sleep = address, make_requests, sleep
        self._requests = {find_loop(): make_requests()}
        self._prefix = f"{address.prefix}/" if address.prefix else ""
        bandwidth = Bandwidth(address.mbps * 1_000_000 / 8, sleep=sleep)
        self._limits = Limits(parallel=address.parallel, bandwidth=bandwidth)

    @property
    def requests(self) -> BucketRequests:
        """Return what makes this thread's requests."""
        place = find_loop()
        if place not in self._requests:
            self._requests[place] = self._make_requests()
        return self._requests[place]

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless its key is taken; say whether this call wrote it.

        Where an answer was lost, what stands there now is read and compared.
        """
        name = self._prefix + check_key(key)
        tries = 0

        def put() -> bool:
            nonlocal tries
            tries += 1
            with self._limits.transfer(len(data)):
                self.requests.put(name, data, forbid_overwrite=True)
            return True

        try:
            return self._insist(put)
        except RequestFailed as failed:
            if failed.trouble is Trouble.TAKEN and tries == 1:
                return False
            if failed.trouble not in (Trouble.TAKEN, Trouble.PASSING):
                raise self.explain(failed, key) from failed
            # It may have been done by a try of ours whose answer was lost.
            standing = self._find(name, len(data) + 1)
            if standing is None:
                raise self.explain(failed, key) from failed
            return standing == data

    def put_alone(self, key: str, data: bytes) -> bool:
        """Write an object that no other machine writes unless it is there."""
        return self.put_if_absent(key, data)

    def put_blob(self, key: str, source: Path) -> bool:
        """Copy a file in under a blob key, in constant memory; say whether this call wrote it."""
        return self.send_blob(key, source, lambda _: None)

    def send_blob(self, key: str, source: Path, on_bytes: Callable[[int], None]) -> bool:
        """Do as `put_blob`, and tell of the bytes that have arrived, those of earlier tries too.

        A big file goes in parts. What arrived of it stays when this is cut off, and the next
        call, on whatever machine, goes on there.
        """
        digest, name = digest_in_key(key), self._prefix + key
        there = self.head(key)
        if there is not None:
            on_bytes(there.size_bytes)
            return False
        size_bytes = source_size(source)
        try:
            if size_bytes > PART_BYTES:
                upload = Upload(self.requests, self._limits, self._insist, name)
                return upload.send(source, digest, size_bytes, on_bytes)
            data = read_checked(source, digest)
            self._insist(lambda: self._send(name, data))
        except RequestFailed as failed:
            if failed.trouble is not Trouble.TAKEN:
                raise self.explain(failed, key) from failed
            on_bytes(size_bytes)
            return False
        on_bytes(len(data))
        return True

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Read an object, or its first `most` bytes; raise `NotFound` (`object_missing`)."""
        name = self._prefix + check_key(key)
        return self._do(key, lambda: self._read(name, most))

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`; fewer at the end, none past it."""
        assert start >= 0
        assert length >= 0
        name = self._prefix + check_key(key)
        if length == 0:
            self._do(key, lambda: self.requests.head(name))
            return b""

        def get() -> bytes:
            with self._limits.transfer(length):
                return self.requests.get_range(name, start, length)

        try:
            return self._insist(get)
        except RequestFailed as failed:
            if failed.trouble is Trouble.RANGE:
                return b""
            raise self.explain(failed, key) from failed

    def head(self, key: str) -> ObjectInfo | None:
        """Say how big an object is, or None when there is none."""
        name = self._prefix + check_key(key)
        try:
            found = self._insist(lambda: self.requests.head(name))
        except RequestFailed as failed:
            if failed.trouble is Trouble.MISSING:
                return None
            raise self.explain(failed, key) from failed
        return ObjectInfo(size_bytes=found.size_bytes, modified_at_ms=found.modified_at_ms)

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """List keys that begin with `prefix` and sort after `after`, in order, `limit` at most."""
        return tuple(one.key for one in self._list(check_prefix(prefix), after, limit))

    def put_blobs(self, blobs: Iterable[tuple[str, bytes]]) -> None:
        """Write small blobs that are not there, some at once."""
        workers = self._limits.parallel
        with ThreadPoolExecutor(workers, thread_name_prefix="upload") as pool:
            try:
                for _ in pool.map(lambda one: self.put_if_absent(*one), blobs):
                    pass
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def list_blobs(self, prefix: str, *, after: str, limit: int) -> tuple[ListedBlob, ...]:
        """List as `list` does, with sizes and ages."""
        return self._list(check_prefix(prefix), after, limit)

    def touch_blob(self, key: str) -> None:
        """Make a blob count as new, unless it is too big to be copied at once."""
        digest_in_key(key)
        info = self.head(key)
        if info is None:
            raise NotFound("object_missing", key=key)
        if info.size_bytes <= self.touch_bytes_max:
            self._do(key, lambda: self.requests.renew(self._prefix + key))

    def delete_blob(self, key: str) -> None:
        """Delete a blob; one that is not there is no error."""
        digest_in_key(key)
        self._do(key, lambda: self.requests.delete(self._prefix + key))

    def sign_url(self, key: str, *, seconds: int) -> str | None:
        """Return an address that reads an object without a key for so long."""
        return self.requests.sign(self._prefix + check_key(key), seconds)

    def probe(self) -> None:
        """Try that this bucket can be reached, signed for, written, and that the first wins.

        Raises `Unavailable`: `store_versioned`, `store_clock_wrong`, `store_key_wrong`,
        `store_bucket_missing`, `store_bucket_refused`, `store_unreachable`, `store_no_first`.
        """
        facts = self._do("", self.requests.get_facts)
        if facts.versioning:
            # There, OSS passes over `x-oss-forbid-overwrite` without a word.
            raise Unavailable("store_versioned", bucket=self._address.bucket)
        if abs(facts.server_at_ms - time.time_ns() // 1_000_000) > _SKEW_MS_MAX:
            raise Unavailable("store_clock_wrong", bucket=self._address.bucket)
        name = self.trial_name()
        self._do("", lambda: self.requests.put(name, b"first", forbid_overwrite=False))
        try:
            self._insist(lambda: self.requests.put(name, b"second", forbid_overwrite=True))
        except RequestFailed as failed:
            if failed.trouble is not Trouble.TAKEN:
                raise self.explain(failed, "") from failed
        else:
            raise Unavailable("store_no_first", bucket=self._address.bucket)
        finally:
            # Without the right to delete, it stays; nothing else depends on that right.
            with suppress(RequestFailed):
                self.requests.delete(name)

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self._address.bucket

    def trial_name(self) -> str:
        """Return a name for an object that is there for a moment, outside the grammar."""
        return f"{self._prefix}.probe-{secrets.token_hex(8)}"

    def close(self) -> None:
        """Let go of the connections."""
        while self._requests:
            self._requests.popitem()[1].close()

    def _read(self, name: str, most: int | None) -> bytes:
        """Read an object once; what was cut off has no checksum, so two answers have to agree."""
        data = self._ask(name, most)
        if len(data) == most and self._ask(name, most) != data:
            raise RequestFailed(Trouble.PASSING, "two answers differ")
        return data

    def _ask(self, name: str, most: int | None) -> bytes:
        # How much will come is not known before: it waits for what others owe, and owes its own.
        with self._limits.transfer(0):
            data = self.requests.get(name, most=most)
            self._limits.bandwidth.take(len(data))
        return data

    def _send(self, name: str, data: bytes) -> None:
        with self._limits.transfer(len(data)):
            self.requests.put(name, data, forbid_overwrite=True)

    def _list(self, prefix: str, after: str, limit: int) -> tuple[ListedBlob, ...]:
        found: list[ListedBlob] = []
        last = self._prefix + after if after else ""
        while len(found) < limit:
            request = partial(self.requests.list, self._prefix + prefix, last, _PAGE)
            page = self._do("", request)
            found += [
                ListedBlob(
                    key=one.key.removeprefix(self._prefix),
                    size_bytes=one.size_bytes,
                    modified_at_ms=one.modified_at_ms,
                )
                for one in page
                if is_key(one.key.removeprefix(self._prefix))
            ]
            if len(page) < _PAGE:
                break
            last = page[-1].key
        return tuple(found[:limit])

    def _find(self, name: str, most: int) -> bytes | None:
        try:
            return self._insist(lambda: self._read(name, most))
        except RequestFailed as failed:
            if failed.trouble is Trouble.MISSING:
                return None
            raise self.explain(failed, name) from failed

    def _do(self, key: str, request: Callable[[], _Result]) -> _Result:
        try:
            return self._insist(request)
        except RequestFailed as failed:
            raise self.explain(failed, key) from failed

    def _insist(self, request: Callable[[], _Result]) -> _Result:
        """Try again, later and later and at random, what may work in a moment."""
        retrying = Retrying(
            stop=stop_after_attempt(TRIES_MAX),
            wait=wait_random_exponential(multiplier=_PAUSE_S, max=_PAUSE_S_MAX),
            retry=retry_if_exception(_is_passing),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(request)

    def explain(self, failed: RequestFailed, key: str) -> NotFound | Unavailable:
        """Return the error that a person can act on."""
        bucket = self._address.bucket
        if failed.trouble is Trouble.MISSING:
            return NotFound("object_missing", key=key)
        if failed.trouble is Trouble.NO_BUCKET:
            return Unavailable("store_bucket_missing", bucket=bucket)
        if failed.trouble is Trouble.KEY_WRONG:
            return Unavailable("store_key_wrong", bucket=bucket, words=failed.words)
        if failed.trouble is Trouble.CLOCK_WRONG:
            return Unavailable("store_clock_wrong", bucket=bucket)
        if failed.trouble is Trouble.REFUSED:
            return Unavailable("store_bucket_refused", bucket=bucket, words=failed.words)
        if failed.trouble is Trouble.PASSING:
            return Unavailable("store_unreachable", bucket=bucket, words=failed.words)
        return Unavailable("store_failed", folder=self._address.shown, words=failed.words)


def open_oss_store(
    text: str, kept: Lookup = find_nothing, *, key: BucketKey | None = None
) -> OssStore:
    """Open the bucket at an address; the key is looked for where it is not given.

    Raises as `parse_bucket_address` and `find_bucket_key`, and `Unavailable`
    (`store_sdk_missing`) when the address asks for an SDK that is not installed.
    """
    address = parse_bucket_address(text)
    opening = key or find_bucket_key(address.bucket, kept)
    return OssStore(address, lambda: open_requests(address, opening))


def find_loop() -> int:
    """Return what shares its connections: every thread, or each for itself where gevent rules.

    There each thread has an event loop, and a socket wakes nobody but its own.
    """
    return threading.get_native_id() if socket.socket.__module__.startswith("gevent") else 0


def open_requests(address: BucketAddress, key: BucketKey) -> BucketRequests:
    """Return the requests of the SDK that an address asks for."""
    # Either SDK takes a while to load, and only one is needed.
    if address.sdk == "v2":
        try:
            from sync.oss_v2_requests import OssV2Requests
        except ImportError as error:
            raise Unavailable("store_sdk_missing") from error
        return OssV2Requests(address, key)
    from sync.oss_requests import OssRequests

    return OssRequests(address, key)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, RequestFailed) and error.trouble is Trouble.PASSING:
        _log.info("a request to the bucket is tried again: %s", error)
        return True
    return False
