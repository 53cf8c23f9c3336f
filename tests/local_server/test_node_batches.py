"""Batches of reports: which of them an owner believes."""

from typing import Any

import pytest

from local_server.farm.errors import Refused
from local_server.node_batches import NodeKey, read_batch, sign_batch
from sync.keys import Signer, make_signer

LINE = "reports-d1"
NORTH, SOUTH = make_signer("11" * 32), make_signer("22" * 32)
REPORTS = [
    {"kind": "beat", "node": "north.1.2", "holding": []},
    {"kind": "inspected", "id": "i"},
]


def know(*signers: tuple[Signer, str], out: bool = False) -> dict[str, NodeKey]:
    """Return the nodes of a studio."""
    return {signer.id: NodeKey(name, signer.public, out) for signer, name in signers}


def refuse(value: Any, nodes: dict[str, NodeKey], *, to: str = LINE) -> str:
    """Return why a batch does not count."""
    with pytest.raises(Refused) as caught:
        read_batch(value, to, nodes)
    return caught.value.code


def test_what_an_invited_node_signed_counts() -> None:
    nodes = know((NORTH, "north"), (SOUTH, "south"))
    assert read_batch(sign_batch(NORTH, LINE, REPORTS), LINE, nodes) == REPORTS


def test_nothing_else_counts_once_a_node_was_invited() -> None:
    nodes, signed = know((NORTH, "north")), sign_batch(NORTH, LINE, REPORTS)
    assert refuse(REPORTS, nodes) == "node_unknown"
    assert refuse(sign_batch(SOUTH, LINE, REPORTS), nodes) == "node_unknown"
    assert refuse(signed, know((NORTH, "north"), out=True)) == "node_out"
    assert refuse(signed, nodes, to="reports-d2") == "report_forged"
    assert refuse(signed | {"text": signed["text"].replace("beat", "beet")}, nodes) == (
        "report_forged"
    )
    assert refuse(signed | {"signature": "zz"}, nodes) == "report_forged"
    other = [{"kind": "beat", "node": "south.1.2", "holding": []}]
    assert refuse(sign_batch(NORTH, LINE, other), nodes) == "report_forged"
    longer = [{"kind": "beat", "node": "northern", "holding": []}]
    assert refuse(sign_batch(NORTH, LINE, longer), nodes) == "report_forged"


@pytest.mark.parametrize("value", [{}, {"text": 1}, {"key": NORTH.id}, 7, None, [7]])
def test_what_is_no_batch_breaks_nothing(value: Any) -> None:
    assert refuse(value, know((NORTH, "north"))) in ("node_unknown", "report_forged")
    odds: list[Any] = [{}, [7], [{"node": 7}], "beat"]
    for odd in odds:
        assert refuse(sign_batch(NORTH, LINE, odd), know((NORTH, "north"))) == "report_forged"


def test_where_nobody_was_invited_the_queue_s_key_is_enough() -> None:
    assert read_batch(REPORTS, LINE, {}) == REPORTS
    assert read_batch(sign_batch(SOUTH, LINE, REPORTS), LINE, {}) == REPORTS
