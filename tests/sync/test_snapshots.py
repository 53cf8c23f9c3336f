"""Snapshots: a machine that begins with one is where it would be without."""

from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from local_server.farm import ledger
from local_server.farm.beancount import export_beancount
from sync import snapshots
from sync.entry import Header, Operation, entry_key, write_canonical, write_entry
from sync.fold import Fold
from sync.keys import Signer
from sync.refold import know_store, refold, take_snapshot
from sync.snapshots import read_rows, tell_snap
from sync.studio import close_epoch
from tests.simulation.machine import STUDIO, Machine, copy_database, make_keys
from tests.simulation.world import World, template

FRAMES = 30


@pytest.fixture
def world() -> World:
    """A studio in calm weather whose machine `one` sealed each of many charges by itself."""
    world = World(0)
    world.weather.calm = True
    boss, one, _ = world.machines
    boss.sync()
    one.submit("j", "ann")
    one.sync()
    one.do(ledger.hold, id="hold:j", owner="ann", job="j", amount=FRAMES + 1)
    for frame in range(FRAMES):
        charge(one, frame)
        one.sync()
    boss.sync()
    return world


def charge(machine: Machine, frame: int) -> None:
    machine.do(ledger.settle, id=f"frame:j:{frame}", owner="ann", job="j", amount=1, frame=frame)


def take(machine: Machine, folder: Path) -> bytes:
    folder.mkdir()
    return take_snapshot(know_store(machine.view, machine.db, STUDIO), folder).read_bytes()


def publish(world: World, data: bytes, *, named: str | None = None) -> None:
    """Put a snapshot into the store and name it in the treasury."""
    digest = sha256(data).hexdigest()
    world.store.put_if_absent(f"v1/{STUDIO}/b/{digest[:2]}/{digest}", data)
    world.machines[0].engine.append(lambda _: [tell_snap(named or digest, at_ms=1)])


def compare(one: Machine, another: Machine) -> None:
    one.sync()
    another.sync()
    one.check()
    assert one.read_fold().make_digest() == another.read_fold().make_digest()
    assert "".join(export_beancount(one.db)) == "".join(export_beancount(another.db))
    assert one.list_ledger() == another.list_ledger()


def test_every_machine_makes_the_same_snapshot(world: World, tmp_path: Path) -> None:
    boss, one, _ = world.machines
    assert take(boss, tmp_path / "boss") == take(one, tmp_path / "one")


def test_a_new_machine_begins_with_the_last_snapshot(world: World, tmp_path: Path) -> None:
    """With few requests, and refolding from nothing proves what it began with."""
    boss, one, new = world.machines
    publish(world, take(boss, tmp_path / "first"))
    charge(one, FRAMES)
    one.sync()
    boss.sync()
    publish(world, take(boss, tmp_path / "second"))
    new.sync()
    assert new.view.requests < FRAMES
    compare(new, boss)
    folder = tmp_path / "proof"
    folder.mkdir()
    told = refold(know_store(new.view, new.db, STUDIO), new.db, folder, device="two")
    assert told.differences == ()


def test_a_machine_that_lost_its_database_begins_with_a_snapshot(
    world: World, tmp_path: Path
) -> None:
    """What it did itself is its own again, and what it did since the snapshot comes back."""
    boss, one, _ = world.machines
    publish(world, take(boss, tmp_path / "boss"))
    charge(one, FRAMES - 1)
    one.sync()
    one.db = copy_database(template())
    one.start()
    compare(one, boss)
    assert one.find_fate("frame:j:3") == "settled"


def test_an_epoch_that_is_closed_late_is_read_then(world: World, tmp_path: Path) -> None:
    """A cut before what is folded wants entries that the snapshot stood for."""
    boss, one, new = world.machines
    publish(world, take(boss, tmp_path / "boss"))
    fold = boss.read_fold()
    new.sync()
    charge(one, FRAMES)
    one.sync()
    new.sync()
    put_by_hand(world, fold, close_epoch("one", last=False, at_ms=1)(fold))
    for machine in (new, one, boss):
        machine.sync()
        machine.check()
    compare(new, boss)
    compare(one, boss)
    assert new.read_fold().treasury.devices["one"].epoch == 2


def put_by_hand(
    world: World, fold: Fold, operations: list[Operation], *, by: Signer | None = None
) -> None:
    """Put an entry of somebody who has seen no more than a fold; of the minter unless `by` says."""
    signer = by or make_keys("boss", minter=True).minter
    assert signer is not None
    header = Header(
        studio=STUDIO,
        log="t",
        seq=fold.treasury.seq + 1,
        prev=fold.treasury.digest,
        ts=fold.treasury.seq,
        signer=signer.id,
        wall_ms=1,
    )
    data = write_entry(header, tuple(operations), signer.private)
    assert world.store.put_if_absent(entry_key(STUDIO, "t", header.seq), data)


@pytest.mark.parametrize("kind", ["missing", "noise", "another"])
def test_a_snapshot_that_is_none_stops_nobody(world: World, tmp_path: Path, kind: str) -> None:
    boss, _, new = world.machines
    data = take(boss, tmp_path / "boss")
    if kind == "missing":
        publish(world, data, named="ab" * 32)
    else:
        other = World(1)
        other.weather.calm = True
        other.machines[0].sync()
        publish(world, b"noise" if kind == "noise" else take(other.machines[0], tmp_path / "other"))
    compare(new, boss)


def test_only_a_minter_names_snapshots(world: World, tmp_path: Path) -> None:
    """A machine that names one of its own is not believed: others fold from nothing."""
    boss, one, new = world.machines
    data = take(boss, tmp_path / "boss").replace(b"x", b"y")
    digest = sha256(data).hexdigest()
    with pytest.raises(Exception, match="operation_refused"):
        one.engine.append(lambda _: [tell_snap(digest, at_ms=1)])
    compare(new, boss)


def forge(data: bytes) -> bytes:
    """Return a snapshot in which somebody is richer."""
    rows = list(read_rows(data))
    rows[1][2]["pools"]["ann"] += 10**6
    lines = b"".join(write_canonical(row).encode() + b"\n" for row in rows)
    return zstandard.ZstdCompressor().compress(lines)


def join_with_forgery(world: World, folder: Path) -> Machine:
    """Have a machine begin where another one that may not named a forged snapshot."""
    boss, _, new = world.machines
    data = forge(take(boss, folder / "boss"))
    digest = sha256(data).hexdigest()
    world.store.put_if_absent(f"v1/{STUDIO}/b/{digest[:2]}/{digest}", data)
    own = make_keys("one", minter=False).own
    put_by_hand(world, boss.read_fold(), [tell_snap(digest, at_ms=1)], by=own)
    new.sync()
    return new


def test_a_forged_snapshot_is_not_begun_with(world: World, tmp_path: Path) -> None:
    compare(join_with_forgery(world, tmp_path), world.machines[0])


def test_who_had_believed_it_would_find_out(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mutant that asks nobody who signed is deceived, and refolding tells."""
    monkeypatch.setattr(snapshots, "is_by", lambda *_: True)
    new = join_with_forgery(world, tmp_path)
    assert new.read_fold().treasury.pools["ann"] > 10**6
    folder = tmp_path / "proof"
    folder.mkdir()
    told = refold(know_store(new.view, new.db, STUDIO), new.db, folder, device="two")
    assert ("state", "t") in told.differences
