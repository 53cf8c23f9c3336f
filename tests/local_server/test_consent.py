"""Consent: what is held for a job that goes on."""

import pytest

from local_server import consent
from local_server.farm import jobs, ledger
from local_server.farm.db import write
from local_server.submission import fund_or_pause
from tests.farm.workshop import Workshop


@pytest.mark.parametrize(("cap", "held"), [(None, 1_700), (1_200, 1_200)])
def test_a_retry_holds_for_nodes_that_are_cold_again(cap: int | None, held: int) -> None:
    """A frame's P90 alone would stop it at its hold; a cap is never passed."""
    shop = Workshop.fresh()
    shop.top_up("me", 100_000)
    shop.submit(count=1, hold=9_000)
    shop.db.conn.execute("UPDATE job SET plan = json_set(plan, '$.start_p90_micros', 700)")
    shop.db.conn.execute(
        "UPDATE job SET request = json_set(request, '$.max_cost_micros', ?)", (cap,)
    )
    for node in ("node-a", "node-b", "node-c"):
        [handed] = shop.hand()
        shop.start(handed, node=node)
        shop.fail(handed, node=node)
    with write(shop.db):
        consent.retry(shop.db, job="job-1", frame=None, at_ms=shop.tick())
    assert ledger.read_purse(shop.db, purse="held:job-1") == held


def test_jobs_that_wait_for_money_go_on_as_soon_as_it_suffices() -> None:
    """What other machines may lease first is waited for as a lease; a sum sent twice is one."""
    shop = Workshop.fresh()
    for job, cap in (("dear", 900), ("cheap", 300)):
        shop.create(job)
        shop.db.conn.execute(
            "UPDATE job SET request = json_object('max_cost_micros', ?) WHERE id = ?", (cap, job)
        )
        with write(shop.db):
            shop.plan(job, count=1)
            fund_or_pause(shop.db, job=job, at_ms=shop.tick())

    def top_up(id: str, micros: int) -> tuple[str, str]:
        with write(shop.db):
            consent.top_up(shop.db, id=id, owner="me", amount_micros=micros, at_ms=shop.tick())
        dear, cheap = (jobs.get_job(shop.db, job=job) for job in ("dear", "cheap"))
        return dear["reason"], cheap["reason"]

    assert top_up("first", 400) == ("funds", "resumed")
    assert top_up("first", 400) == ("funds", "resumed")
    shop.db.conn.execute("INSERT INTO setting VALUES ('ledger.rivals', '1')")
    assert top_up("second", 800) == ("lease_needed", "resumed")
    shop.db.conn.execute("DELETE FROM setting WHERE key = 'ledger.rivals'")
    shop.db.conn.execute("UPDATE account SET removed_at_ms = 1 WHERE id = 'me'")
    assert top_up("third", 1) == ("lease_needed", "resumed"), "nobody waits for it any more"
    shop.db.conn.execute("UPDATE account SET removed_at_ms = NULL WHERE id = 'me'")
    assert top_up("fourth", 1) == ("resumed", "resumed")
    assert ledger.read_purse(shop.db, purse="held:dear") == 900
    assert not shop.broken_rules()
