"""Entering: a machine with an invite is let into a studio, by a key of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local_server.farm.db import open_database, read_clock_ms
from local_server.farm.errors import Refused, YuntuError
from local_server.invites import Invite
from local_server.letters import burn_letter, fetch_letter, keep_letter
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.fold import Fold
from sync.keys import Chest, Keys, Signer, make_signer
from sync.ledgers import DirectLedger
from sync.office import list_invites
from sync.reading_ahead import ManyAtOnce
from sync.store import Store, probe_store
from sync.stores import open_store
from sync.studio import enrol


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """Who enters: as what (`device` or `node`), by which name, with which key."""

    role: str
    name: str
    signer: Signer
    host: str


def enter(invite: Invite, entrant: Entrant, chest: Chest) -> None:
    """Enter a studio by an invite: its letter is kept, this machine's key let in, once.

    It may be done again after a crash. Where this machine is in already, the letter is kept and the
    invite is left for another machine. Raises Refused `invite_used`, `genesis_foreign` and
    `key_taken_back`, and as the store does.
    """
    store = read_letter(invite, chest)
    with visit(invite, store) as (engine, fold):
        if fold.treasury.genesis != invite.genesis:
            raise Refused("genesis_foreign", studio=invite.studio)
        known = fold.treasury.keys.get(entrant.signer.id)
        if known is None:
            let_in(engine, invite, entrant)
        elif known.void or is_over(fold, entrant):
            raise Refused("key_taken_back", studio=invite.studio)
        is_left = known is not None and engine.desk.keys.own.id in list_invites(fold)
    chest.drop(name_mark(invite))
    if is_left:
        return
    with suppress(YuntuError):  # it is sealed, and clearing finds it
        burn_letter(store, invite.studio, invite.letter)


def read_letter(invite: Invite, chest: Chest) -> Store:
    """Keep what an invite's letter brings, and return the store. Raises Refused `invite_used`."""
    by_address = bool(invite.url)
    letter = fetch_letter(invite, None if by_address else open_store(invite.store))
    if letter is not None:
        keep_letter(letter, chest, studio=invite.studio)
        chest.put(name_mark(invite), "read")
    elif chest.get(name_mark(invite)) is None:
        raise Refused("invite_used", studio=invite.studio)
    store = open_store(invite.store, chest.get)
    probe_store(store)
    return store


def name_mark(invite: Invite) -> str:
    """Return the name by which this machine notes that it has read an invite's letter."""
    return f"letter-{invite.letter[:16]}"


@contextmanager
def visit(invite: Invite, store: Store) -> Iterator[tuple[Engine, Fold]]:
    """Give an engine on the studio's logs as far as they are, with a ledger that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "visit.db")
        try:
            desk = Desk(invite.studio, "guest", Keys(make_signer(invite.secret)))
            engine = Engine(
                store=ManyAtOnce(store), ledger=DirectLedger(db), desk=desk, clock=read_clock_ms
            )
            engine.pull(Cycle())
            assert engine.fold is not None
            yield engine, engine.fold
        finally:
            db.conn.close()


def is_over(fold: Fold, entrant: Entrant) -> bool:
    """Tell whether a machine has left: it may not come back by the same name."""
    device = fold.treasury.devices.get(entrant.name)
    return entrant.role == "device" and (device is None or device.over)


def let_in(engine: Engine, invite: Invite, entrant: Entrant) -> None:
    """Append what lets the entrant in. Raises Refused `invite_used`."""
    told = enrol(
        entrant.role,
        entrant.name,
        entrant.signer,
        at_ms=read_clock_ms(),
        line={"host": entrant.host},
    )
    try:
        engine.append_as_guest(lambda _: [told])
    except Refused as error:
        if error.code == "operation_refused":
            raise Refused("invite_used", studio=invite.studio) from error
        raise
