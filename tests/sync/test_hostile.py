"""What a machine that turned bad writes stops no other one, and nothing of it is taken as meant."""

import random
from pathlib import Path
from typing import Any

import pytest

from local_server.farm import ledger
from local_server.farm.beancount import export_beancount
from local_server.farm.db import fetch_rows
from local_server.farm.errors import Unavailable
from sync.entry import READ_BYTES_MAX, read_line, write_canonical
from sync.folder_store import FolderStore
from sync.people import read_edit
from sync.verdict import Verdict
from sync.work import is_result
from tests.simulation.evil import EDITS, LINES, make_evil
from tests.simulation.machine import SECRET, STUDIO
from tests.simulation.world import World
from tests.sync.scribe import Scribe, money
from tests.sync.test_fold import lease


@pytest.mark.parametrize("seed", range(5))
def test_others_go_on(seed: int) -> None:
    """Many bad entries at once; then an honest charge reaches everybody, and books are exported."""
    world = World(seed)
    world.weather.calm = True
    for _ in range(60):
        world.cheat()
    for machine in world.machines:
        machine.sync()
        machine.check()
        assert "".join(export_beancount(machine.db))
    world.heal()


def test_an_object_of_any_size_keeps_its_place_and_stops_nobody() -> None:
    """Each reads its beginning only, and what comes behind it leans on that."""
    world = World(0)
    world.weather.calm = True
    for log in ("t", "d/one/0001", "d/evil/0001"):
        fold = world.machines[0].read_fold()
        seq = fold.treasury.seq if log == "t" else fold.logs[log.split("/")[1]].seq
        world.store.put_alone(f"v1/{STUDIO}/{log}/{seq + 1:010}", bytes(5 << 20))
        world.machines[0].sync()
        world.machines[1].work(world.chance)
    for _ in range(20):
        for machine in world.machines:
            machine.work(world.chance)
    world.heal()
    for machine in world.machines:
        machine.check()
        sizes = fetch_rows(machine.db, "SELECT length(bytes) AS size, log FROM log_object")
        assert max(row["size"] for row in sizes) == READ_BYTES_MAX
        assert any(row["log"] == "d/one/0001" and row["size"] < 10_000 for row in sizes)


def test_a_folder_at_the_next_place_stops_the_treasury_only(tmp_path: Path) -> None:
    """What others do is read meanwhile, the trouble has a name, and without it all goes on."""
    world = World(0, place=FolderStore(tmp_path))
    world.weather.calm = True
    boss, one = world.machines[:2]
    boss.sync()
    one.sync()
    folder = tmp_path / f"v1/{STUDIO}/t/{one.read_fold().treasury.seq + 1:010}"
    folder.mkdir()
    one.submit("job-one", "ann")
    boss.do(ledger.mint, id="m:late", owner="ann", amount=5)
    for machine in (one, boss):  # one would lease, the other mint
        with pytest.raises(Unavailable, match="folder_in_the_way"):
            machine.sync()
    assert boss.read_fold().logs["one"].seq == one.read_fold().logs["one"].seq == 1
    folder.rmdir()
    world.heal()


@pytest.mark.parametrize("line", LINES)
def test_no_odd_line_is_a_result(line: dict[str, Any]) -> None:
    assert not is_result(line)


def test_what_cannot_be_meant_of_a_person_is_left_out() -> None:
    chance = random.Random(1)
    for _ in range(300):
        told = make_evil(chance, epoch=1)
        if told["op"] == "person":
            assert set(read_edit(told, SECRET).items()) <= {("phone", "evil"), ("role", "admin")}
    assert len(EDITS) > 5


def test_a_moment_that_no_calendar_has_counts_for_nothing() -> None:
    scribe = Scribe()
    scribe.begin("one")
    scribe.treasury(money("mint", "m", 100))
    scribe.treasury(lease("l", 60, "one"), by="one")
    scribe.work("one", money("hold", "h", 5, job="j", at_ms=1 << 53))
    _, effects = scribe.fold()
    assert effects[-1].verdict is Verdict.MALFORMED  # type: ignore[union-attr]


def test_evil_writes_what_can_be_read() -> None:
    chance = random.Random(2)
    for _ in range(100):
        line = write_canonical(make_evil(chance, epoch=1)).encode()
        assert read_line(line)
