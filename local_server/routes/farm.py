"""The route of the studio's farm."""

from urllib.parse import urlsplit

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.carrier import Load
from local_server.document import gives
from local_server.farm.errors import YuntuError
from local_server.services import here
from local_server.shapes.farm import FarmView, ShipmentView
from local_server.shapes.reasons import Reason
from local_server.views import show_reason

TAG = Tag(name="farm", description="Machines that render for the whole studio")
ROUTES = APIBlueprint("farm", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/farm", **gives(FarmView))
def get_farm() -> Response:
    """Look at the farm that this machine has joined."""
    farm = here.farm
    if farm is None:
        return answer(
            FarmView(joined=False, queue=None, store=None, studio=None, trouble=None, shipments=[])
        )
    view = FarmView(
        joined=True,
        queue=hide_password(farm.address.queue),
        store=farm.address.store,
        studio=farm.address.studio,
        trouble=show_trouble(farm.foreman.trouble),
        shipments=list_shipments(),
    )
    return answer(view)


def list_shipments() -> list[ShipmentView]:
    """Return the packages that are on their way; the first of them is under way."""
    carrier = here.shipping.find(Load.PACKAGES)
    now = carrier.meter.read()
    return [
        ShipmentView(
            job=row["id"],
            sent_bytes=0 if place else now.bytes_done,
            total_bytes=0 if place else now.bytes_total,
            left_ms=None if place else now.left_ms,
            trouble=None if place else show_trouble(carrier.trouble),
        )
        for place, row in enumerate(carrier.batch)
    ]


def show_trouble(trouble: YuntuError | None) -> Reason | None:
    """Return what is wrong in the reader's language."""
    if trouble is None:
        return None
    return show_reason(reader_wording(), trouble.code, **trouble.params)


def hide_password(address: str) -> str:
    """Return a queue's address without what only its owner may know."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
