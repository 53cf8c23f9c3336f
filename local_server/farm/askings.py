"""Askings: what other machines of the studio ask of whoever may mint, and what came of it."""

import json
from typing import Any

from sqlite_utils import Database

from local_server.farm import ledger
from local_server.farm.accounts import ensure_account, find_account
from local_server.farm.db import Row, assert_writing, fetch_row, fetch_rows
from local_server.farm.errors import NotFound
from local_server.farm.ledger import AMOUNT_MICROS_MAX, Kind


def list_askings(db: Database) -> list[Row]:
    """Return what is asked and not answered yet, oldest first, with what it says parsed."""
    rows = fetch_rows(
        db,
        "SELECT * FROM asking WHERE outcome IS NULL AND id NOT IN (SELECT id FROM operation)"
        " ORDER BY at_ms, id",
    )
    return [row | {"line": json.loads(row["line"])} for row in rows if is_for_money(row)]


def is_for_money(row: Row) -> bool:
    """Tell whether an asking is one that can be granted: it came from anywhere."""
    line: dict[str, Any] = json.loads(row["line"])
    micros = line.get("amount_micros")
    sound = type(micros) is int and 0 < micros <= AMOUNT_MICROS_MAX
    return line.get("ask") == "mint" and sound and type(line.get("owner")) is str


def grant_asking(db: Database, *, id: str, by: str, at_ms: int) -> None:
    """Bring the money in that a machine asks for; once, whoever grants it how often.

    Raises NotFound `no_asking`.
    """
    assert_writing(db)
    row = fetch_row(db, "SELECT * FROM asking WHERE id = ? AND outcome IS NULL", (id,))
    if row is None or not is_for_money(row):
        raise NotFound("no_asking", id=id)
    line = json.loads(row["line"])
    if find_account(db, account=line["owner"]) is None:
        ensure_account(db, account=line["owner"], name=line["owner"], at_ms=at_ms)
    ledger.post(
        db,
        Kind.MINT,
        id=id,
        owner=line["owner"],
        amount_micros=line["amount_micros"],
        at_ms=at_ms,
        studio=str(line.get("from", "")),
        proof=str(line.get("proof", "")),
        device=row["device"],
        by=by,
    )
    db.conn.execute("UPDATE asking SET outcome = 'granted' WHERE id = ?", (id,))
