"""The shapes that the command line reads are those that the server gives."""

from typing import get_type_hints

import pytest
from pydantic import BaseModel

from local_server.cli import answers, rendering
from local_server.farm import pricing
from local_server.shapes.frames import AttemptView, FrameDetail
from local_server.shapes.jobs import DeliveryView, FrameCounts, JobDetail
from local_server.shapes.money import BalanceView
from local_server.shapes.reasons import FindingView, Reason
from local_server.shapes.scenes import RendererName

PAIRS: list[tuple[type, type[BaseModel]]] = [
    (answers.Job, JobDetail),
    (answers.Counts, FrameCounts),
    (answers.RendererName, RendererName),
    (answers.Delivery, DeliveryView),
    (answers.Finding, FindingView),
    (answers.Reason, Reason),
    (answers.Attempt, AttemptView),
    (answers.Frame, FrameDetail),
    (answers.Balance, BalanceView),
]


def test_bounds() -> None:
    """What the command line lets through is what the server takes."""
    assert (rendering.PRIORITY_MIN, rendering.PRIORITY_MAX) == (
        pricing.PRIORITY_MIN,
        pricing.PRIORITY_MAX,
    )


@pytest.mark.parametrize(("read", "given"), PAIRS, ids=lambda one: one.__name__)
def test_fields(read: type, given: type[BaseModel]) -> None:
    """A field that is renamed on one side only is noticed here."""
    assert get_type_hints(read).keys() <= given.model_fields.keys()
