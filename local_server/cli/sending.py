"""Sending: a scene with all that it needs brought to the server, in parts, nothing of it twice."""

import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from local_server.cli.client import CHECK_SECONDS_MAX, Client
from local_server.cli.failure import ClientError
from local_server.cli.link import Link
from local_server.cli.meters import Meter
from local_server.cli.session import Session
from local_server.farm.errors import BadInput
from local_server.farm.identifiers import make_id
from sync.blobs import Digest
from sync.known_files import KnownFiles
from sync.package import PackagePlan, hash_package
from sync.sources import open_source

PART_BYTES = 16 << 20
SMALL_BYTES_MAX = 1 << 20
ASKED_AT_ONCE = 5_000
PACKAGES_PAGE = 500
BUSY_SECONDS_MAX, BUSY_SECONDS = 30.0, 0.5
KNOWN_FILES = "known-files.db"  # the server's own: what either has hashed, the other need not


class Part:
    """Some bytes of a file as the body of a request, with the length that its header tells."""

    def __init__(self, file: BinaryIO, length: int, meter: Meter) -> None:
        self.file = file
        self.length = length
        self.meter = meter
        self.sent = 0

    def __len__(self) -> int:
        """Return how many bytes are still to be read."""
        return self.length - self.sent

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises BadInput `asset_changing` for a file that has shrunk."""
        data = self.file.read(min(len(self), size) if size >= 0 else len(self))
        if not data and len(self) and size:  # the server would wait for what was announced
            raise BadInput("asset_changing", path=self.file.name)
        self.sent += len(data)
        self.meter.advance(len(data))
        return data


def send_package(
    session: Session, link: Link, plan: PackagePlan, *, name: str | None, meter: Meter
) -> dict[str, Any]:
    """Bring a planned package to the server; return it, with what had to be sent.

    Where the server has this very package of the caller's there is nothing to do, else only files
    that it lacks are sent. What was cut off goes on there. Raises ClientError and BadInput.
    """
    with tempfile.TemporaryDirectory(prefix="yuntu-") as folder:
        meter.begin("hashing", plan.size_bytes)
        known = KnownFiles(session.find_data() / KNOWN_FILES)
        manifest, files = hash_package(plan, Path(folder), known=known, on_file=meter.advance)
        standing = link.insist(lambda client: find_standing(client, manifest.digest, name))
        if standing is not None:
            return standing | {"sent_files": 0, "sent_bytes": 0, "spared_files": len(files)}
        contents = len(files)  # the manifest is ours: people count their own files
        files[manifest.digest] = Path(folder) / "manifest.json"
        files[manifest.digest].write_bytes(manifest.to_bytes())
        missing = find_missing(link, list(files))
        meter.begin("sending", sum(files[digest].stat().st_size for digest in missing))
        sent = sum(send_file(link, digest, files[digest], meter) for digest in missing)
    # Made here: asking again after a lost answer finds the same package.
    body = {"id": make_id(), "manifest": manifest.digest, "name": name}
    made = link.insist(lambda client: client.ask("POST", "/packages", body=body))
    sent_files = len(set(missing) - {manifest.digest})
    told = {"sent_files": sent_files, "sent_bytes": sent, "spared_files": contents - sent_files}
    return made | told


def find_standing(client: Client, digest: Digest, name: str | None) -> dict[str, Any] | None:
    """Return a package of the caller's with this very content, and this name if one is wanted."""
    for one in client.list_pages("/packages", PACKAGES_PAGE, None, digest=digest):
        if name in (None, one["name"]):
            return one
    return None


def find_missing(link: Link, digests: list[Digest]) -> list[Digest]:
    """Return which files the server lacks."""
    found: list[Digest] = []
    for start in range(0, len(digests), ASKED_AT_ONCE):
        body = {"digests": digests[start : start + ASKED_AT_ONCE]}
        answer = link.insist(partial(ask_for_missing, body=body))
        found += [Digest(one) for one in answer["missing"]]
    return found


def ask_for_missing(client: Client, *, body: dict[str, Any]) -> dict[str, Any]:
    """Ask which of some files the server lacks."""
    return client.ask("POST", "/blobs/missing", body=body)


def send_file(link: Link, digest: Digest, path: Path, meter: Meter) -> int:
    """Send a file in parts, from where the server has it; return how much that was.

    Raises ClientError and BadInput.
    """
    with open_source(path) as file:
        size, received, is_here = os.fstat(file.fileno()).st_size, 0, False
        if size > SMALL_BYTES_MAX:  # most small files are sent before their answer could be
            told = link.insist(lambda client: client.ask("GET", f"/uploads/{digest}"))
            received, is_here = told["received_bytes"], told["here"]
            meter.advance(received)
        begun = received
        while not is_here:
            part = partial(send_part, digest=digest, file=file, size=size, meter=meter)
            received, is_here = link.insist(partial(part, offset=received))
            link.note_progress()
    return received - begun


def send_part(
    client: Client, *, digest: Digest, file: BinaryIO, offset: int, size: int, meter: Meter
) -> tuple[int, bool]:
    """Send the part of a file that begins at an offset; return how much of it is there, and if all.

    Where an earlier connection is not over yet for the server, wait for its end. Raises BadInput
    `asset_changing` for a file that became another one meanwhile, and ClientError.
    """
    ends = time.monotonic() + BUSY_SECONDS_MAX
    while True:
        file.seek(offset)
        part = Part(file, min(PART_BYTES, size - offset), meter)
        try:
            query = {"offset": offset, "size_bytes": size, "seconds_max": CHECK_SECONDS_MAX}
            told = client.send_bytes("PUT", f"/uploads/{digest}", part, **query).json()
            return told["received_bytes"], told["here"]
        except ClientError as error:
            meter.advance(-part.sent)
            if error.code == "upload_elsewhere":
                received = int(error.params["received_bytes"])
                meter.advance(received - offset)
                return received, False
            if error.code == "upload_damaged":
                raise BadInput("asset_changing", path=file.name) from error
            if error.code != "upload_busy" or time.monotonic() > ends:
                raise
        time.sleep(BUSY_SECONDS)
