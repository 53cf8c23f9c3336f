"""The office of the treasurer: without hard links one admin's machine keeps the treasury.

Nothing there tells who of two writers was first, so each log has one writer. What another machine
would put into the treasury it asks for by a `request` in its own log; a machine that is not in yet
leaves a claim beside the logs. The treasurer answers each of them in the treasury: with the
operation itself, or with a `refuse` that says why not.
"""

import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlite_utils import Database

from local_server.farm import sealing
from local_server.farm.db import Row, fetch_rows, fetch_value
from local_server.farm.errors import BadInput
from sync.drafts import (
    BYTES_MAX,
    MINTING,
    OPERATIONS_MAX,
    Desk,
    build_draft,
    leave_out,
    start_trial,
    try_operation,
    write_operation,
)
from sync.entry import TREASURY, Header, Operation, read_entry, write_entry, write_line
from sync.fold import Fold
from sync.log import Stored
from sync.operations import INVITED
from sync.studio import Build
from sync.treasury import Treasury
from sync.verdict import Verdict

ASK = "treasury"
OWN_PLACE = ("device", "epoch", "cut", "hash")  # the treasurer knows best how far a log is
DEVICE_ASKS = frozenset({"lease", "person"})


def ask_for_rows(db: Database, fold: Fold, desk: Desk, *, at_ms: int) -> int:
    """Ask for what this machine did and only the treasury can carry; returns how many it asks.

    What was refused is taken back, with all that no longer fits without it.
    """
    refused = {
        row["about"]: row["refused"]
        for row in fetch_rows(
            db,
            "SELECT about, refused FROM outbox JOIN operation ON operation.id = outbox.about"
            " WHERE outbox.refused IS NOT NULL AND operation.sealed_in IS NULL",
        )
    }
    if refused:
        leave_out(db, refused, at_ms=at_ms)
        db.conn.executemany(
            "UPDATE outbox SET about = NULL WHERE about = ?", [(id,) for id in refused]
        )
    asked = 0
    for row in sealing.list_unsealed_of(db, "treasury"):
        asked += ask_for(db, fold, desk, write_operation(row, fold, desk), at_ms=at_ms)
    for row in fetch_rows(
        db, "SELECT operation FROM outbox WHERE log = 'treasury' AND sealed_in IS NULL"
    ):
        asked += ask_for(db, fold, desk, json.loads(row["operation"]), at_ms=at_ms)
    return asked


def ask_for(db: Database, fold: Fold, desk: Desk, told: Operation, *, at_ms: int) -> bool:
    """Ask for one operation unless it is asked for already; says whether it asks now."""
    if fetch_value(db, "SELECT 1 FROM outbox WHERE about = ?", (told["id"],)):
        return False
    number = fetch_value(db, "SELECT coalesce(max(number), 0) + 1 FROM outbox")
    wanted = {name: value for name, value in told.items() if name not in OWN_PLACE}
    signer = desk.keys.minter
    signature = "" if signer is None else signer.private.sign(write_asked(fold, wanted)).hex()
    line = {"ask": ASK, "operation": wanted, "signature": signature}
    request = {
        "op": "request",
        "id": f"ask:{number:010}:{told['id']}"[:200],
        "at_ms": at_ms,
        "line": line,
    }
    sealing.post_letter(db, log="device", operation=request)
    db.conn.execute("UPDATE outbox SET about = ? WHERE id = ?", (told["id"], request["id"]))
    return True


def is_asked(db: Database, kind: str) -> bool:
    """Tell whether this machine waits for an answer about a kind of operation."""
    sql = (
        "SELECT 1 FROM outbox WHERE about IS NOT NULL AND refused IS NULL"
        " AND operation -> 'line' -> 'operation' ->> 'op' = ?"
        " AND NOT EXISTS (SELECT 1 FROM log_id WHERE book = 't' AND id = about)"
    )
    return fetch_value(db, sql, (kind,)) is not None


def write_asked(fold: Fold, wanted: Operation) -> bytes:
    """Return the bytes that a minter signs to show that it may ask for an operation."""
    return fold.treasury.genesis.encode() + write_line(wanted)


def draft_answers(
    db: Database, fold: Fold, desk: Desk, claims: list[bytes], *, at_ms: int
) -> Stored | None:
    """Draft the treasury's next entry of answers; None when nothing is asked, or not of us."""
    if fold.treasury.treasurer != desk.device or desk.keys.minter is None:
        return None
    trial = start_trial(fold, desk)
    answers: list[Operation] = []
    for claim in claims:
        answers += answer_claim(fold, claim, at_ms=at_ms)
    answers = [one for one in answers if try_operation(one, trial, desk) is Verdict.GOOD]
    rows = fetch_rows(
        db,
        "SELECT * FROM asking WHERE outcome IS NULL AND line ->> 'ask' = ? ORDER BY at_ms, id",
        (ASK,),
    )
    size = 0
    for row in rows[:OPERATIONS_MAX]:
        size += len(row["line"]) + 1_000
        if size > BYTES_MAX and answers:
            break
        answer = answer_row(db, row, fold, trial, desk, at_ms=at_ms)
        if answer is not None:
            answers.append(answer)
    if not answers:
        return None
    return build_draft(db, fold, desk, TREASURY, answers, at_ms=at_ms)


def answer_row(
    db: Database, row: Row, fold: Fold, trial: Fold, desk: Desk, *, at_ms: int
) -> Operation | None:
    """Return the answer to a request; None when it was answered before.

    Who began with a snapshot knows what was asked before it, and not what came of it.
    """
    if trial.ids.has(TREASURY, name_refusal(row)):
        db.conn.execute("UPDATE asking SET outcome = 'refused' WHERE id = ?", (row["id"],))
        return None
    wanted, verdict = read_wanted(fold, row["device"], json.loads(row["line"]))
    if wanted is not None:
        verdict = try_operation(wanted, trial, desk)
        if verdict is Verdict.GOOD:
            return wanted
    if verdict is Verdict.REPEATED:
        db.conn.execute("UPDATE asking SET outcome = 'granted' WHERE id = ?", (row["id"],))
        return None
    return refuse(row, verdict, at_ms=at_ms)


def read_wanted(fold: Fold, device: str, asked: dict[str, Any]) -> tuple[Operation | None, Verdict]:
    """Return the operation that a machine asks for, as it would stand now, if it may ask for it."""
    wanted = asked.get("operation")
    log = fold.logs.get(device)
    if type(wanted) is not dict or type(wanted.get("op")) is not str:
        return None, Verdict.MALFORMED
    if log is None:
        return None, Verdict.UNKNOWN_DEVICE
    told = {name: value for name, value in wanted.items() if name not in OWN_PLACE}
    if told["op"] in ("lease", "unlease"):
        told |= {"device": device, "epoch": log.epoch}
    if told["op"] == "unlease":
        told |= {"cut": log.seq, "hash": log.digest}
    minted = is_minters(fold, wanted, asked.get("signature"))
    if told["op"] in MINTING | DEVICE_ASKS and (minted or may_ask(fold.treasury, device, told)):
        return told, Verdict.GOOD
    return None, Verdict.NOT_ALLOWED


def may_ask(treasury: Treasury, device: str, told: Operation) -> bool:
    """Tell whether a machine that shows no minter's signature may ask for an operation."""
    if told["op"] == "lease":
        return True
    home, role = treasury.people.get(str(told.get("account")), (device, "artist"))
    return told["op"] == "person" and not told.get("line") and (role == "artist" or home == device)


def is_minters(fold: Fold, wanted: Operation, signature: Any) -> bool:
    """Tell whether a minter of the studio signed an operation that is asked for."""
    if type(signature) is not str or len(signature) != 128:
        return False
    for key in fold.treasury.keys.values():
        if key.role == "minter" and not key.void:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
            try:
                public.verify(bytes.fromhex(signature), write_asked(fold, wanted))
            except (InvalidSignature, ValueError):
                continue
            return True
    return False


def refuse(row: Row, verdict: Verdict, *, at_ms: int) -> Operation:
    """Return the answer that a request cannot be granted."""
    return {
        "op": "refuse",
        "id": name_refusal(row),
        "at_ms": at_ms,
        "device": row["device"],
        "request": row["id"].removeprefix(f"{row['device']}/"),
        "reason": str(verdict),
    }


def name_refusal(row: Row) -> str:
    """Return the id of the answer that a request cannot be granted."""
    return f"refuse:{row['id']}"[:200]


def name_claim(key: str) -> str:
    """Return the name under which an invite's key leaves its claim."""
    return f"join-{key}"


def list_invites(fold: Fold) -> list[str]:
    """Return the ids of the keys of invites that nobody used yet."""
    keys = fold.treasury.keys.items()
    return [id for id, key in keys if key.role in INVITED and not key.void]


def write_claim(fold: Fold, desk: Desk, build: Build, *, at_ms: int) -> tuple[str, bytes]:
    """Return key and bytes of what a guest would put into the treasury."""
    signer = desk.keys.own
    header = Header(
        studio=desk.studio,
        log=TREASURY,
        seq=fold.treasury.seq + 1,
        prev=fold.treasury.digest,
        ts=fold.treasury.seq,
        signer=signer.id,
        wall_ms=at_ms,
    )
    key = f"v1/{desk.studio}/c/{name_claim(signer.id)}"
    return key, write_entry(header, tuple(build(fold)), signer.private)


def answer_claim(fold: Fold, data: bytes, *, at_ms: int) -> list[Operation]:
    """Return what lets in who claims to be invited, and ends the invite; nothing for any other."""
    try:
        entry = read_entry(data)
    except BadInput:
        return []
    key = fold.treasury.keys.get(entry.header.signer)
    if key is None or key.void or key.role not in INVITED or len(entry.operations) != 1:
        return []
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
    told = entry.operations[0]
    invited = told["op"] == "enrol" and told.get("role") == INVITED[key.role]
    if not invited or not entry.is_signed_by(public):
        return []
    void = {"op": "void_key", "id": f"void:{entry.header.signer}", "at_ms": at_ms}
    return [told, void | {"key": entry.header.signer}]
