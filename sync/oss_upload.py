"""A big blob on its way into a bucket, in parts, several at once, and never from the start again.

What has arrived is asked of the bucket and checked against the file by its MD5. So nothing is kept
on this machine, and another one that has the same file can go on where this one was cut off.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from local_server.farm.errors import BadInput
from sync.bucket_requests import BucketRequests, RequestFailed, SentPart, Trouble
from sync.limits import Limits
from sync.sources import open_source, read_source

PART_BYTES = 8 << 20
_PARTS_MAX = 9_000
_STARTS_MAX = 3


class _Insist(Protocol):
    def __call__(self, request: Callable[[], Any], /) -> Any: ...


class Upload:
    """The upload of one blob. `insist` tries a request again while its trouble may pass."""

    def __init__(
        self, requests: BucketRequests, limits: Limits, insist: _Insist, name: str
    ) -> None:
        self._requests, self._limits, self._insist, self._name = requests, limits, insist, name

    def send(
        self, source: Path, digest: str, size_bytes: int, on_bytes: Callable[[int], None]
    ) -> bool:
        """Send what the bucket has not; False when somebody else was faster.

        Raises `RequestFailed`, and `BadInput` as `put_blob` does; nothing is completed then.
        """
        told = 0

        def tell(count: int) -> None:
            nonlocal told
            told += count
            on_bytes(count)

        for _ in range(_STARTS_MAX):
            try:
                self._send_whole(source, digest, size_bytes, tell)
            except RequestFailed as failed:
                # Completed or aborted meanwhile: by another machine, or by an answer that was lost.
                if failed.trouble not in (Trouble.NO_UPLOAD, Trouble.MISSING):
                    raise
                if self._is_there():
                    on_bytes(size_bytes - told)
                    return False
                on_bytes(-told)
                told = 0
            else:
                return True
        raise RequestFailed(Trouble.PASSING, "the upload was ended by somebody else")

    def _send_whole(
        self, source: Path, digest: str, size_bytes: int, on_bytes: Callable[[int], None]
    ) -> None:
        id = self._find() or self._insist(lambda: self._requests.begin_upload(self._name))
        etags = self._send_parts(id, source, digest, size_bytes, on_bytes)
        self._insist(lambda: self._requests.complete_upload(self._name, id, etags))

    def _find(self) -> str | None:
        found = self._insist(lambda: self._requests.find_uploads(self._name))
        ids = [id for name, id, _ in found if name == self._name]
        return ids[0] if ids else None

    def _is_there(self) -> bool:
        try:
            self._insist(lambda: self._requests.head(self._name))
        except RequestFailed as failed:
            if failed.trouble is Trouble.MISSING:
                return False
            raise
        return True

    def _send_parts(
        self,
        id: str,
        source: Path,
        digest: str,
        size_bytes: int,
        on_bytes: Callable[[int], None],
    ) -> dict[int, str]:
        """Bring every part there and return the ETags; the window bounds what memory holds."""
        part_bytes = find_part_bytes(size_bytes)
        sent: dict[int, SentPart] = {
            part.number: part
            for part in self._insist(lambda: self._requests.list_parts(self._name, id))
        }
        etags: dict[int, str] = {}
        seen = hashlib.sha256()
        window: deque[tuple[int, Future[str]]] = deque()

        def settle() -> None:
            count, future = window.popleft()
            future.result()
            on_bytes(count)

        workers = self._limits.parallel
        with (
            open_source(source) as opened,
            ThreadPoolExecutor(workers, thread_name_prefix="upload") as pool,
        ):
            try:
                number = 0
                while chunk := read_source(opened, source, part_bytes):
                    number += 1
                    seen.update(chunk)
                    etags[number] = hashlib.md5(chunk, usedforsecurity=False).hexdigest().upper()
                    there = sent.get(number)
                    if there is not None and there.etag == etags[number]:
                        on_bytes(len(chunk))
                        continue
                    if len(window) >= workers:
                        settle()
                    window.append((len(chunk), pool.submit(self._send_part, id, number, chunk)))
                while window:
                    settle()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        if seen.hexdigest() != digest:
            raise BadInput("asset_changing", path=str(source))
        return etags

    def _send_part(self, id: str, number: int, data: bytes) -> str:
        def put() -> str:
            with self._limits.transfer(len(data)):
                return self._requests.put_part(self._name, id, number, data)

        return str(self._insist(put))


def find_part_bytes(size_bytes: int) -> int:
    """Return how big the parts of a blob are: the same on every machine, so that all can go on."""
    part_bytes = PART_BYTES
    while size_bytes > part_bytes * _PARTS_MAX:
        part_bytes *= 2
    return part_bytes
