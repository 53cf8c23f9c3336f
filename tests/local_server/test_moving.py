"""Moving house: jobs, results and money go along, once, and the old studio is left empty."""

from pathlib import Path

import pytest

from local_server.farm import ledger
from local_server.farm.accounts import Role, ensure_account
from local_server.farm.audit import audit_farm
from local_server.farm.beancount import export_beancount
from local_server.farm.db import open_database, read_clock_ms, write
from local_server.farm.errors import Conflict
from local_server.farm.jobs import create_job
from local_server.membership import Card
from local_server.moving import House, create_studio, use_house
from local_server.settings import OWNER, STUDIO
from sync.blobs import Blobs, digest_bytes
from sync.keys import make_signer
from sync.stores import open_store
from sync.studio import enrol

YUAN = 1_000_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A workstation with ten yuan, of which three are held and one is spent, and a picture."""
    data = tmp_path / "data"
    (data / "store").mkdir(parents=True)
    (tmp_path / "share").mkdir()
    Blobs(open_store(f"folder:{data / 'store'}"), STUDIO).add_bytes(b"picture")
    db = open_database(data / "farm.db")
    now = read_clock_ms()
    with write(db):
        ensure_account(db, account=OWNER, name=OWNER, role=Role.ADMIN, at_ms=now)
        ledger.mint(db, id="topup:1", owner=OWNER, amount_micros=10 * YUAN, at_ms=now)
        ledger.hold(db, id="h", owner=OWNER, job="j", amount_micros=4 * YUAN, at_ms=now)
        ledger.settle(db, id="f", owner=OWNER, job="j", amount_micros=YUAN, at_ms=now, frame=1)
    db.conn.close()
    return data


def move(data: Path, *, name: str = "atelier", leaving: bool = False) -> None:
    share = str(data.parent / "share")
    create_studio(data, store=share, name=name, host="desk", leaving=leaving)


def let_another_in(house: House) -> Card:
    """Let a second machine into the studio of a house."""
    now = read_clock_ms()
    other = enrol("device", "other", make_signer(), at_ms=now, line={"host": "other"})
    house.make_engine(house.card).append(lambda _: [other])
    return house.card


def test_money_and_results_go_along(data: Path) -> None:
    move(data)
    move(data)  # a second time changes nothing
    db = open_database(data / "farm.db")
    balance = ledger.read_balance(db, owner=OWNER)
    assert (balance.free_micros, balance.held_micros) == (9 * YUAN, 0)
    assert [check for check in audit_farm(db)[:5] if not check.ok] == []
    text = "".join(export_beancount(db))
    assert "9.000000 CNY" in text and "topup:1" not in text
    db.conn.close()
    # Results stay in the machine's own store, and are sent when it serves again.
    assert Blobs(open_store(f"folder:{data / 'store'}"), STUDIO).read(digest_bytes(b"picture"))


def test_a_studio_is_not_founded_again_elsewhere(data: Path) -> None:
    """Nor does it move: to do nothing and say that it is done would be a lie."""
    (data.parent / "other").mkdir()
    with pytest.raises(Conflict, match="studio_stays"):
        create_studio(data, store=str(data.parent / "other"), name=STUDIO, host="desk")
    move(data)
    with pytest.raises(Conflict, match="studio_stays"):
        create_studio(data, store=str(data.parent / "other"), name="atelier", host="desk")
    assert not list((data.parent / "other").iterdir())


def test_a_job_under_way_stays(data: Path) -> None:
    db = open_database(data / "farm.db")
    with write(db):
        create_job(db, id="open-job", owner=OWNER, name="x", request={}, priority=5, at_ms=1)
    db.conn.close()
    with pytest.raises(Conflict, match="jobs_open"):
        move(data)
    assert not list((data.parent / "share").rglob("genesis"))


def test_who_shares_a_studio_founds_no_other(data: Path) -> None:
    move(data)
    use_house(data, "desk", let_another_in)
    with pytest.raises(Conflict, match="studio_to_leave"):
        move(data, name="second")
    with pytest.raises(Conflict, match="studio_not_alone"):
        move(data, name="second", leaving=True)
    assert [path.parent.name for path in (data.parent / "share").rglob("genesis")] == ["atelier"]
    assert use_house(data, "desk", lambda house: house.card).studio == "atelier"
