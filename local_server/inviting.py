"""Inviting: what this machine tells one that it invites, who may invite, and how invites end."""

from sqlite_utils import Database

from local_server.farm.db import Row, assert_writing, fetch_rows, read_clock_ms
from local_server.farm.errors import Conflict, Unfit
from local_server.invites import DAY_MS, Guest, Invite, write_invite
from local_server.letters import Letter, burn_letter, gather_bucket_keys, leave_letter
from local_server.membership import read_card
from local_server.reconciler import Reconciler
from local_server.services import here
from sync.fold import Fold
from sync.keys import make_signer
from sync.studio import enrol, void_keys


def invite_machine(guest: Guest, *, days: int, mints: bool = False) -> str:
    """Make an invite for one machine in the request under way; return its text.

    A workstation learns what the studio and its farm are opened with, a node what renders for the
    farm needs. Raises Refused `no_minting_key`, Conflict `invite_wants_studio`, Unfit `no_farm`,
    Unavailable `store_key_missing`, and as `make_invite` does.
    """
    reconciler = here.reconciler
    minter = reconciler.check_mints()
    if guest is Guest.WORKSTATION and read_card(here.reader).store is None:
        raise Conflict("invite_wants_studio")  # nobody else reaches this machine's own folder
    farm = None if here.farm is None else here.farm.address
    if guest is Guest.NODE and farm is None:
        raise Unfit("no_farm")
    store = here.stores.far.store.address
    addresses = [store] if farm is None else [store, farm.store]
    letter = Letter(
        minter=minter.secret if mints else "",
        people=reconciler.desk.people if guest is Guest.WORKSTATION else "",
        farm=farm,
        bucket_keys=gather_bucket_keys(addresses, here.chest),
    )
    return make_invite(reconciler, guest=guest, store=store, letter=letter, days=days)


def make_invite(
    reconciler: Reconciler,
    *,
    guest: Guest,
    store: str,
    letter: Letter,
    days: int,
) -> str:
    """Leave the letter, have the treasury know the invite, and return its text.

    Raises as the store and the engine do.
    """
    signer, now, studio = make_signer(), read_clock_ms(), reconciler.desk.studio
    until_ms = now + days * DAY_MS
    digest, url = reconciler.aside.pool.apply(
        lambda: leave_letter(
            reconciler.store, studio, letter, secret=signer.secret, seconds=days * DAY_MS // 1000
        )
    )
    reconciler.writer.write(
        keep_invite, key=signer.id, letter=digest, made_at_ms=now, until_ms=until_ms
    )
    genesis: list[str] = []

    def build(fold: Fold) -> list[dict[str, object]]:
        genesis[:] = [fold.treasury.genesis]
        return [enrol(guest, f"invite-{signer.id[:8]}", signer, at_ms=now)]

    reconciler.append(build)
    invite = Invite(
        guest=guest,
        studio=studio,
        store=store,
        genesis=genesis[0],
        secret=signer.secret,
        letter=digest,
        url=url,
        until_ms=until_ms,
    )
    return write_invite(invite)


def keep_invite(db: Database, *, key: str, letter: str, made_at_ms: int, until_ms: int) -> None:
    """Remember an invite, to end it when its time is over."""
    assert_writing(db)
    db.conn.execute(
        "INSERT INTO invite (key, letter, made_at_ms, until_ms) VALUES (?, ?, ?, ?)",
        (key, letter, made_at_ms, until_ms),
    )


def list_expired(db: Database, *, at_ms: int) -> list[Row]:
    """Return the invites (key, letter) whose time is over."""
    return fetch_rows(db, "SELECT key, letter FROM invite WHERE until_ms < ?", (at_ms,))


def forget_invites(db: Database, keys: list[str]) -> None:
    """Forget invites that have been ended."""
    assert_writing(db)
    db.conn.executemany("DELETE FROM invite WHERE key = ?", [(key,) for key in keys])


def end_expired(reconciler: Reconciler) -> int:
    """Take back the keys of invites that nobody used in time; return how many.

    Raises as the engine and the store do; what was not ended is ended another time.
    """
    rows = reconciler.writer.run(list_expired, at_ms=read_clock_ms())
    if not rows:
        return 0
    keys = [row["key"] for row in rows]
    reconciler.append(void_keys(keys, at_ms=read_clock_ms()))
    for row in rows:
        reconciler.aside.pool.apply(
            burn_letter, (reconciler.store, reconciler.desk.studio, row["letter"])
        )
    reconciler.writer.write(forget_invites, keys)
    return len(rows)
