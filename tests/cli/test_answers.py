"""The shapes that the command line reads are those that the server gives."""

from typing import get_type_hints

import pytest
from pydantic import BaseModel

from local_server import shapes
from local_server.cli import answers, rendering
from local_server.farm import jobs

PAIRS: list[tuple[type, type[BaseModel]]] = [
    (answers.Job, shapes.JobView),
    (answers.Counts, shapes.FrameCounts),
    (answers.RendererName, shapes.RendererName),
    (answers.Delivery, shapes.DeliveryView),
    (answers.Finding, shapes.FindingView),
    (answers.Reason, shapes.Reason),
    (answers.Attempt, shapes.AttemptView),
    (answers.Frame, shapes.FrameDetail),
    (answers.Balance, shapes.BalanceView),
]


def test_bounds() -> None:
    """What the command line lets through is what the server takes."""
    assert (rendering.PRIORITY_MIN, rendering.PRIORITY_MAX) == (
        jobs.PRIORITY_MIN,
        jobs.PRIORITY_MAX,
    )


@pytest.mark.parametrize(("read", "given"), PAIRS, ids=lambda one: one.__name__)
def test_fields(read: type, given: type[BaseModel]) -> None:
    """A field that is renamed on one side only is noticed here."""
    assert get_type_hints(read).keys() <= given.model_fields.keys()
