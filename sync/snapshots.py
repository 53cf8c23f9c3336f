"""Snapshots: what a studio's logs came to, as one blob that a new machine begins with.

A snapshot is what a machine of no name comes to that folds everything from nothing: the same bytes
whoever makes it. A minter's `snap` in the treasury names the blob by its SHA-256, and whoever does
not want to believe it folds from nothing as well and compares (`refold`).
"""

import io
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final

import pysqlite3
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlite_utils import Database

from local_server.farm import accounts
from local_server.farm.db import fetch_rows, fetch_value
from local_server.farm.errors import BadInput
from local_server.farm.ledger import Kind
from local_server.farm.overtaken import list_jobs_in_ledger
from local_server.farm.sealed_batch import SealedBatch, gather_sealed
from local_server.farm.sealing import Sealed
from sync.device_log import DeviceLog
from sync.entry import TREASURY, Entry, digest_entry, read_entry, write_canonical
from sync.fold import GENESIS, Fold, Folded
from sync.log import DatabaseIds, fetch_object, save_fold
from sync.projection import Projection, mend_jobs
from sync.treasury import Treasury, key_id
from sync.verdict import Verdict

FORMAT: Final = 1
NOBODY: Final = ""  # a machine of this name has nothing of its own, so it names everything in full
ROWS_MAX: Final = 10_000
# It is held in memory. Whatever else lies where one was named is read no further.
SNAPSHOT_BYTES_MAX: Final = 1 << 28
_TOLD = {
    "id": "SELECT book, id, epoch, seq FROM log_id ORDER BY book, id",
    "job": "SELECT device, job, owner, line, at_ms FROM away_job ORDER BY device, job",
    "result": "SELECT device, job, frame, line FROM away_result ORDER BY device, job, frame",
    "asking": "SELECT id, device, line, at_ms FROM asking ORDER BY id",
}
_UNREADABLE = (zstandard.ZstdError, sqlite3.IntegrityError, pysqlite3.IntegrityError)
_OPERATIONS = (
    "SELECT id, kind, owner, job, payload, at_ms, device, sealed_in FROM operation ORDER BY seq"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snap:
    """A `snap` of the treasury: where it stands, and the blob that it names."""

    seq: int
    signer: str
    digest: str

    def name_key(self, studio: str) -> str:
        """Return where the blob is kept."""
        return f"v1/{studio}/b/{self.digest[:2]}/{self.digest}"


def write_snapshot(db: Database, fold: Fold, target: BinaryIO) -> None:
    """Write what a machine of no name has into an open file."""
    with zstandard.ZstdCompressor().stream_writer(target, closefd=False) as writer:
        for row in tell_rows(db, fold):
            writer.write(write_canonical(row).encode() + b"\n")


def tell_rows(db: Database, fold: Fold) -> Iterator[list[Any]]:
    """Give the rows of a snapshot: what it is of, states, then the tables."""
    treasury = fold.treasury
    yield ["snapshot", FORMAT, treasury.studio]
    yield ["state", TREASURY, treasury.to_dict()]
    for name in sorted(fold.logs):
        yield ["state", name, fold.logs[name].to_dict()]
    for kind, sql in _TOLD.items():
        for row in db.conn.execute(sql):
            yield [kind, *row]
    for id, kind, owner, job, payload, at_ms, device, place in db.conn.execute(_OPERATIONS):
        line = json.loads(payload)
        micros = line.pop("amount_micros")
        yield ["operation", id, kind, owner, job, micros, line, at_ms, device, place]


def read_rows(data: bytes) -> Iterator[list[Any]]:
    """Give the rows of a snapshot."""
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
        for line in io.TextIOWrapper(reader, encoding="utf-8", newline="\n"):
            yield json.loads(line)


def find_snap(db: Database, studio: str) -> Snap | None:
    """Return the last snap among the treasury's objects that were read, if a founder signed it."""
    genesis = fetch_object(db, GENESIS, 0)
    if genesis is None:
        return None
    minter = str(read_entry(genesis).operations[0].get("key"))
    rows = db.conn.execute(
        "SELECT seq, bytes FROM log_object WHERE log = 't' AND instr(bytes, ?) ORDER BY seq DESC",
        (b'"op":"snap"',),
    )
    for seq, data in rows.fetchall():
        try:
            entry = read_entry(bytes(data))
        except BadInput:
            continue
        snaps = [one for one in entry.operations if one["op"] == "snap"]
        if snaps and is_by(entry, minter, db, studio, seq) and type(snaps[-1].get("digest")) is str:
            return Snap(seq=seq, signer=entry.header.signer, digest=snaps[-1]["digest"])
    return None


def is_by(entry: Entry, minter: str, db: Database, studio: str, seq: int) -> bool:
    """Tell whether an entry stands where it says, behind what it says, and is the minter's."""
    before = fetch_object(db, *place_entry(seq - 1))
    header = entry.header
    place = (header.studio, header.log, header.seq, header.prev, header.ts)
    if before is None or place != (studio, TREASURY, seq, digest_entry(before), seq - 1):
        return False
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(minter))
    return header.signer == key_id(minter) and entry.is_signed_by(public)


def begin_with(
    db: Database, data: bytes, snap: Snap, *, device: str, people: str, at_ms: int
) -> None:
    """Begin with a snapshot in place of folding, in the open transaction.

    Raises BadInput `snapshot_wrong` for what is not the snapshot that was named, or not of the
    treasury that was read.
    """
    if sha256(data).hexdigest() != snap.digest:
        raise BadInput("snapshot_wrong")
    fold = Fold(Treasury(""), ids=DatabaseIds(db))
    try:
        rows = read_rows(data)
        head = next(rows)
        with gather_sealed(db) as batch:
            for row in rows:
                take_row(db, fold, batch, row, device)
    except (ValueError, LookupError, TypeError, StopIteration, *_UNREADABLE) as error:
        raise BadInput("snapshot_wrong") from error
    seq, key = fold.treasury.seq, fold.treasury.keys.get(snap.signer)
    last, first = fetch_object(db, *place_entry(seq)), fetch_object(db, GENESIS, 0)
    if last is None or first is None or key is None or key.void:
        raise BadInput("snapshot_wrong")
    told = [*head[:3], fold.treasury.digest, fold.treasury.genesis]
    studio = fold.treasury.studio
    if told != ["snapshot", FORMAT, studio, digest_entry(last), digest_entry(first)]:
        raise BadInput("snapshot_wrong")
    save_fold(db, fold, {TREASURY, *fold.logs})
    write_people(db, seq, Projection(db, device, at_ms, people=people))
    mend_jobs(db, list_jobs_in_ledger(db), at_ms=at_ms)


def place_entry(seq: int) -> tuple[str, int]:
    """Return log and sequence of a treasury entry, counting the genesis as its first."""
    return (TREASURY, seq) if seq else (GENESIS, 0)


def take_row(db: Database, fold: Fold, batch: SealedBatch, row: list[Any], device: str) -> None:
    """Write one row of a snapshot as the machine `device` has it."""
    table, *values = row
    match table:
        case "state" if values[0] == TREASURY:
            fold.treasury = Treasury.from_dict(values[1])
        case "state":
            fold.logs[values[0]] = DeviceLog.from_dict(values[1])
        case "operation":
            one = read_sealed(values, device)
            if one.owner not in batch.owners:
                accounts.ensure_account(db, account=one.owner, name=one.owner, at_ms=one.at_ms)
                batch.owners.add(one.owner)
            batch.add(one)
            if len(batch.operations) >= ROWS_MAX:
                batch.flush()
        case "id":
            db.conn.execute("INSERT INTO log_id (book, id, epoch, seq) VALUES (?, ?, ?, ?)", values)
        case "job":
            db.conn.execute(
                "INSERT INTO away_job (device, job, owner, line, at_ms) VALUES (?, ?, ?, ?, ?)",
                values,
            )
        case "result":
            db.conn.execute(
                "INSERT INTO away_result (device, job, frame, line) VALUES (?, ?, ?, ?)", values
            )
        case "asking":
            db.conn.execute(
                "INSERT INTO asking (id, device, line, at_ms) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                values,
            )


def read_sealed(values: list[Any], here: str) -> Sealed:
    """Return an operation of a snapshot as the machine `here` names it."""
    id, kind, owner, job, micros, line, at_ms, device, place = values
    if device == here:
        device, id = None, id.removeprefix(f"{here}/")
    return Sealed(id, Kind(kind), owner, job, micros, line, at_ms, device, place)


def write_people(db: Database, until: int, projection: Projection) -> None:
    """Write what the treasury says of people up to a place: a snapshot is silent about them."""
    rows = fetch_rows(
        db,
        "SELECT seq, bytes FROM log_object WHERE log = 't' AND seq <= ? AND instr(bytes, ?)"
        " ORDER BY seq",
        (until, b'"op":"person"'),
    )
    for row in rows:
        for told in read_persons(bytes(row["bytes"])):
            sql = "SELECT 1 FROM log_id WHERE book = ? AND id = ? AND seq = ?"
            if fetch_value(db, sql, (TREASURY, told.get("id"), row["seq"])):
                effect = Folded(TREASURY, row["seq"], None, told, Verdict.GOOD)
                projection.write_letter(effect)


def read_persons(data: bytes) -> Iterable[dict[str, Any]]:
    """Return the edits of people in an entry; none where it is no entry."""
    try:
        return [one for one in read_entry(data).operations if one["op"] == "person"]
    except BadInput:
        return []


def tell_snap(digest: str, *, at_ms: int) -> dict[str, Any]:
    """Return the operation that names a snapshot."""
    return {"op": "snap", "id": f"snap:{digest[:32]}", "at_ms": at_ms, "digest": digest}
