"""Consent: what is held for a job that goes on."""

import pytest

from local_server import consent
from local_server.farm import ledger
from local_server.farm.db import write
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
