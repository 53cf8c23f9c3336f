"""Membership: which studio a data directory belongs to, and what it signs with there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlite_utils import Database

from local_server.farm.db import assert_writing, fetch_value
from local_server.settings import OWNER, STUDIO
from sync.drafts import Desk
from sync.keys import Chest, Keys, ensure_signer, make_signer, open_chest, read_signer


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A machine's card of membership. `store` is None for a studio of one on its own folder.

    `founder` is whether this machine begins the studio where the store has none yet; `owner` the
    account of whoever the workstation belongs to; `genesis` the digest of the studio's beginning,
    empty while it is not known.
    """

    studio: str = STUDIO
    store: str | None = None
    owner: str = OWNER
    founder: bool = True
    genesis: str = ""


def read_card(db: Database) -> Card:
    """Return the card of a database: that of a studio of one where there is no other."""
    text = fetch_value(db, "SELECT value FROM setting WHERE key = 'studio.card'")
    return Card(**json.loads(text)) if text else Card()


def keep_card(db: Database, card: Card) -> None:
    """Write the card of a database."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO setting VALUES ('studio.card', ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (json.dumps(asdict(card)),),
    )


def find_chest(data: Path, device: str) -> Chest:
    """Return where this data directory's secrets are."""
    return open_chest(data, space=device)


def make_desk(chest: Chest, card: Card, device: str) -> Desk:
    """Return what this machine writes with; keys that it lacks are made."""
    own = ensure_signer(chest, f"machine-{card.studio}")
    minter = (
        ensure_signer(chest, f"minter-{card.studio}")
        if card.founder
        else read_signer(chest, f"minter-{card.studio}")
    )
    people = chest.get(f"people-{card.studio}")
    if people is None and card.founder:
        people = make_signer().secret
        chest.put(f"people-{card.studio}", people)
    return Desk(card.studio, device, Keys(own, minter), people or "", card.owner)
