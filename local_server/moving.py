"""Moving house: a workstation leaves its studio of one, or any other, for another studio.

It is done while no server runs on the data directory. Every step may be done again after a crash:
the new studio lets this machine's key in once, the old one lets it go once, and the database turns
to the new studio in one transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlite_utils import Database

from local_server.entering import Entrant, enter
from local_server.farm import ledger, sealing
from local_server.farm.accounts import Role, ensure_account, find_account
from local_server.farm.db import fetch_rows, fetch_value, open_database, read_clock_ms, write
from local_server.farm.errors import BadInput, Conflict, Refused, Unavailable
from local_server.farm.identifiers import make_id
from local_server.farm.ledger import Kind
from local_server.farm.results import forget_sent
from local_server.invites import Invite
from local_server.letters import keep_bucket_keys
from local_server.membership import Card, find_chest, keep_card, make_desk, read_card
from local_server.settings import read_device
from sync.drafts import Desk
from sync.engine import Cycle, Engine
from sync.entry import NO_PREVIOUS
from sync.fold import Fold
from sync.keys import Chest
from sync.ledgers import DirectLedger
from sync.log import load_fold
from sync.people import FORMER, agree
from sync.reading_ahead import ManyAtOnce
from sync.store import Store, check_name, probe_store
from sync.stores import open_store
from sync.studio import close_epoch, found_studio

LOG_TABLES = (
    *("log_object", "log_draft", "log_id", "fold_state", "outbox", "person_field"),
    *("job_told", "away_job", "away_result", "invite", "conflict"),
)


@dataclass(frozen=True, slots=True)
class House:
    """A data directory while nobody else uses it."""

    data: Path
    db: Database
    device: str
    chest: Chest
    host: str

    @property
    def card(self) -> Card:
        """Return the card of membership that counts now."""
        return read_card(self.db)

    def open_store(self, card: Card) -> Store:
        """Return the store of a card. Raises Unavailable as its probe does."""
        (self.data / "store").mkdir(exist_ok=True)
        store = open_store(card.store or f"folder:{self.data / 'store'}", self.chest.get)
        probe_store(store)
        return store

    def make_engine(self, card: Card, desk: Desk | None = None) -> Engine:
        """Return the engine for a card."""
        return Engine(
            store=ManyAtOnce(self.open_store(card)),
            ledger=DirectLedger(self.db),
            desk=desk or make_desk(self.chest, card, self.device),
            clock=read_clock_ms,
        )


def create_studio(data: Path, *, store: str, name: str, host: str, leaving: bool = False) -> Card:
    """Found a studio in a store and move this machine into it. Returns the new card.

    What opened a bucket is kept among this machine's secrets, as an invite's letter does elsewhere.
    `leaving` is whether it may leave a studio that it belongs to. Raises BadInput
    `studio_name_wrong`, Conflict `studio_exists`, `studio_stays`, `studio_to_leave`,
    `studio_not_alone`, `jobs_open` and `server_running`.
    """
    card = make_founder_card(store, name)

    def found(house: House) -> Card:
        check_leaving(house, card, leaving=leaving)
        moved = move(house, card, let_in=found_here(card))
        keep_bucket_keys([moved.store or ""], house.chest)
        return moved

    return use_house(data, host, found)


def join_studio(data: Path, *, invite: Invite, host: str) -> Card:
    """Join a studio by an invite and move this machine into it. Returns the new card.

    Raises Refused as `enter` does, Conflict `jobs_open`, `server_running`.
    """
    card = make_guest_card(invite)
    return use_house(data, host, lambda house: move(house, card, let_in=accept(card, invite)))


def check_founding(data: Path, host: str, *, store: str, name: str, leaving: bool) -> None:
    """Raise as `create_studio` would, as far as can be seen while a server runs."""
    card = make_founder_card(store, name)
    with open_house(data, host, migrate=False) as house:
        check_leaving(house, card, leaving=leaving)
        house.open_store(card)
        check_here(house, card)


def check_joining(data: Path, host: str, *, invite: Invite) -> None:
    """Raise as `join_studio` would, as far as can be seen while a server runs."""
    with open_house(data, host, migrate=False) as house:
        check_here(house, make_guest_card(invite))


def make_founder_card(store: str, name: str) -> Card:
    """Return the card of a studio's first machine. Raises BadInput `studio_name_wrong`."""
    try:
        check_name(name)
    except BadInput as error:
        raise BadInput("studio_name_wrong", name=name[:200]) from error
    return Card(studio=name, store=check_address(store), founder=True)


def make_guest_card(invite: Invite) -> Card:
    """Return the card of a machine that is invited; its owner goes by a new account."""
    return Card(
        studio=invite.studio,
        store=check_address(invite.store),
        owner=f"u{make_id()}",
        founder=False,
        genesis=invite.genesis,
    )


def check_address(store: str) -> str:
    """Return a store's address that means the same from everywhere on this machine."""
    if store == "memory:":
        raise BadInput("store_address_unknown", address=store)
    if "://" in store or store.startswith("oss:"):
        return store
    return f"folder:{Path(store.removeprefix('folder:')).expanduser().resolve()}"


def use_house(data: Path, host: str, work: Callable[[House], Card]) -> Card:
    """Do something with a data directory that nobody else uses. Raises Conflict."""
    try:
        held = FileLock(data / "server.lock").acquire(timeout=0)
    except Timeout as error:
        raise Conflict("server_running", path=str(data)) from error
    with held, open_house(data, host) as house:
        return work(house)


@contextmanager
def open_house(data: Path, host: str, *, migrate: bool = True) -> Iterator[House]:
    """Give a data directory; beside a server it is only looked at, and its tables left alone."""
    device = read_device(data)
    db = open_database(data / "farm.db", migrate=migrate)
    try:
        yield House(data, db, device, find_chest(data, device), host)
    finally:
        db.conn.close()


def move(house: House, card: Card, *, let_in: Callable[[House], None]) -> Card:
    """Move a house: be let in, leave the old studio, turn the database, ask for the money."""
    if house.card.studio == card.studio:
        check_same(house, card)
        if not card.founder:
            let_in(house)  # what opens the store may have changed
        return house.card
    check_free(house)
    check_alone(house)
    let_in(house)
    proof, money = leave(house)
    with write(house.db):
        turn_ledger(house, card, money, proof)
    return house.card


def check_here(house: House, card: Card) -> None:
    """Raise what this machine's own database has against a move: the studio is asked later."""
    if house.card.studio == card.studio:
        check_same(house, card)
        return
    check_free(house)
    if ledger.find_taken_out(house.db) is None:
        refuse_company(house, load_fold(house.db, house.card.studio))


def check_leaving(house: House, card: Card, *, leaving: bool) -> None:
    """Raise Conflict `studio_to_leave` where a studio would be left that nobody said to leave."""
    left = house.card
    if left.store is not None and left.studio != card.studio and not leaving:
        raise Conflict("studio_to_leave", studio=left.studio, store=left.store)


def check_same(house: House, card: Card) -> None:
    """See that a studio of this one's name is this one.

    Raises Conflict `studio_stays` where it is to be in another store, Refused `genesis_foreign`.
    """
    here = house.card
    if card.founder and card.store != here.store:
        store = here.store or f"folder:{house.data / 'store'}"
        raise Conflict("studio_stays", studio=here.studio, store=store)
    known = load_fold(house.db, here.studio).treasury.genesis
    if not card.founder and known not in (NO_PREVIOUS, card.genesis):
        raise Refused("genesis_foreign", studio=card.studio)


def check_free(house: House) -> None:
    """Raise Conflict `jobs_open` while a job is under way: its money could not move."""
    count = fetch_value(
        house.db, "SELECT count(*) FROM job WHERE state IN ('pending', 'queued', 'running')"
    )
    if count:
        raise Conflict("jobs_open", count=count)


def check_alone(house: House) -> None:
    """Raise Conflict `studio_not_alone` before anything is written in the studio to move to.

    A machine that has left is let on: it goes on where it was interrupted.
    """
    engine, cycle = house.make_engine(house.card), Cycle()
    try:
        engine.pull(cycle)
    except Unavailable as error:
        if error.code != "studio_missing" or not house.card.founder:
            raise
        return
    if not cycle.out:
        assert engine.fold is not None
        refuse_company(house, engine.fold)


def refuse_company(house: House, fold: Fold) -> None:
    """Raise Conflict `studio_not_alone` where other machines are in the studio that was read."""
    if len(fold.logs) > 1:
        raise Conflict("studio_not_alone", studio=house.card.studio)


def found_here(card: Card) -> Callable[[House], None]:
    """Return what founds a new studio."""

    def found(house: House) -> None:
        found_studio(
            house.open_store(card),
            studio=card.studio,
            device=house.device,
            keys=make_desk(house.chest, card, house.device).keys,
            line={"host": house.host},
            at_ms=read_clock_ms(),
        )

    return found


def accept(card: Card, invite: Invite) -> Callable[[House], None]:
    """Return what lets this machine in by an invite."""

    def let_in(house: House) -> None:
        own = make_desk(house.chest, card, house.device).keys.own
        entrant = Entrant(role="device", name=house.device, signer=own, host=house.host)
        enter(invite, entrant, house.chest)

    return let_in


def leave(house: House) -> tuple[str, dict[str, int]]:
    """Hand in everything, take all money out and end this machine in the old studio.

    Returns the digest of the treasury's last entry and what came out, by owner. Raises Conflict
    `studio_not_alone` where other machines are in it: whose the money is would be theirs to say.
    """
    engine = house.make_engine(house.card)
    cycle = Cycle()
    try:
        engine.pull(cycle)
    except Unavailable as error:
        if error.code != "studio_missing" or not house.card.founder:
            raise
        found_here(house.card)(house)
    cycle = engine.run_cycle()
    if not cycle.out:
        assert engine.fold is not None
        refuse_company(house, engine.fold)  # somebody may have come since it was checked
        engine.append(close_and_withdraw(house.device))
    fold = engine.fold
    assert fold is not None
    rows = fetch_rows(
        house.db,
        "SELECT owner, sum(payload ->> 'amount_micros') AS micros FROM operation"
        " WHERE id LIKE 'withdraw:moving:%' AND studio IS NULL GROUP BY owner",
    )
    return fold.treasury.digest, {row["owner"]: int(row["micros"]) for row in rows}


def close_and_withdraw(device: str) -> Callable[[Fold], list[dict[str, Any]]]:
    """Return what ends the only machine of a studio and takes everything out of its pools."""
    at_ms = read_clock_ms()

    def build(fold: Fold) -> list[dict[str, Any]]:
        rest, pools = fold.logs[device].rest(), fold.treasury.pools
        took = {
            owner: pools.get(owner, 0) + rest.get(owner, 0) for owner in sorted({*rest, *pools})
        }
        return [
            *close_epoch(device, last=True, at_ms=at_ms)(fold),
            *(
                {
                    "op": "withdraw",
                    "id": f"withdraw:moving:{device}:{owner}",
                    "at_ms": at_ms,
                    "owner": owner,
                    "amount_micros": micros,
                    "line": {},
                }
                for owner, micros in took.items()
                if micros
            ),
        ]

    return build


def turn_ledger(house: House, card: Card, money: dict[str, int], proof: str) -> None:
    """Turn the database to another studio in the open transaction.

    What was done in the old one stays readable, bills and all, and counts there. Jobs and people
    come along; the workstation's owner goes by a new account where the studio has one of that id.
    """
    db, old = house.db, house.card
    sql = fetch_value(db, "SELECT sql FROM sqlite_master WHERE name = 'operation_never_changes'")
    db.conn.execute("DROP TRIGGER operation_never_changes")
    db.conn.execute("UPDATE operation SET studio = ? WHERE studio IS NULL", (old.studio,))
    db.conn.execute(
        "UPDATE operation SET sealed_in = 'former/' || coalesce(sealed_in, 'unsealed')"
        " WHERE studio = ? AND coalesce(sealed_in, '') NOT LIKE 'former/%'",
        (old.studio,),
    )
    db.conn.execute(sql)
    for table in LOG_TABLES:
        db.conn.execute(f"DELETE FROM {table}")
    forget_sent(db)
    db.conn.execute(
        "DELETE FROM setting WHERE key IN ('ledger.rivals', 'ledger.out', 'sync.met_at_ms')"
    )
    db.conn.execute("UPDATE taken_back SET outcome = 'dropped' WHERE outcome IS NULL")
    ensure_account(db, account=card.owner, name=house.host, role=Role.ADMIN, at_ms=read_clock_ms())
    if card.owner != old.owner and find_account(db, account=old.owner) is not None:
        # The old id may be somebody else's there: what it is called here is no edit of theirs.
        agree(db, account=old.owner, place=FORMER)
        db.conn.execute("UPDATE job SET owner = ? WHERE owner = ?", (card.owner, old.owner))
    keep_card(db, replace(card, genesis=card.genesis))
    for owner, micros in sorted(money.items()):
        to = card.owner if owner == old.owner else owner
        ask_for_money(db, house, card, owner=to, micros=micros, proof=proof, studio=old.studio)


def ask_for_money(
    db: Database, house: House, card: Card, *, owner: str, micros: int, proof: str, studio: str
) -> None:
    """Ask the new studio for the money that came out of the old one; who may mint gives it."""
    id = f"mint:moving:{studio}:{proof[:16]}:{owner}"
    line: dict[str, Any] = {"from": studio, "proof": proof, "device": house.device}
    at_ms = read_clock_ms()
    if card.founder:
        ledger.post(
            db,
            Kind.MINT,
            id=id,
            owner=owner,
            amount_micros=micros,
            at_ms=at_ms,
            job=None,
            reason="moving",
            **line,
        )
        return
    sealing.post_letter(
        db,
        log="device",
        operation={
            "op": "request",
            "id": id,
            "at_ms": at_ms,
            "line": {"ask": "mint", "owner": owner, "amount_micros": micros, **line},
        },
    )
