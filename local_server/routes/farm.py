"""Routes of the studio's farm: how it is, who may render for it."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer, reader_wording
from local_server.carrier import Load
from local_server.document import gives
from local_server.farm.db import read_clock_ms
from local_server.farm.errors import NotFound, YuntuError
from local_server.farm.nodes import find_host
from local_server.farm_addresses import hide_password
from local_server.farm_link import FarmLink
from local_server.invites import Guest
from local_server.inviting import invite_machine
from local_server.node_batches import read_nodes
from local_server.services import here
from local_server.shapes.farm import (
    FarmView,
    InvitedNodePath,
    InvitedNodeView,
    NodeInviteRequest,
    ShipmentView,
)
from local_server.shapes.reasons import Reason
from local_server.shapes.sync import InviteView
from local_server.views import show_reason
from sync.studio import void_keys

TAG = Tag(name="farm", description="Machines that render for the whole studio")
AWAY = {
    409: ("two_treasurers", "treasury_overwritten"),
    503: (
        "studio_missing",
        "store_behind",
        "store_contended",
        "store_forgets",
        "folder_in_the_way",
        "upgrade_needed",
    ),
}
NOT_OURS = ("device_out", "no_minting_key", "operation_refused", "treasurer_only")
ROUTES = APIBlueprint("farm", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/farm", **gives(FarmView))
def get_farm() -> Response:
    """Look at the farm that this machine has joined."""
    return answer(show_farm(here.farm))


@ROUTES.post(
    "/farm/invites",
    **gives(
        InviteView,
        AWAY | {403: NOT_OURS, 422: "no_farm"},
        status=201,
    ),
)
def invite_node(body: NodeInviteRequest) -> Response:
    """Make an invite for one machine that is to render for the farm."""
    made = invite_machine(Guest.NODE, days=body.days)
    return answer(InviteView(invite=made), status=201)


@ROUTES.delete(
    "/farm/nodes/<node>",
    **gives(
        FarmView,
        AWAY | {403: NOT_OURS, 404: "no_node_of_farm"},
    ),
)
def take_node_out(path: InvitedNodePath) -> Response:
    """Take a node out of the farm: what it reports counts no more."""
    here.reconciler.check_mints()
    keys = [id for id, one in read_nodes(here.reader).items() if one.name == path.node]
    if not keys:
        raise NotFound("no_node_of_farm", node=path.node)
    here.reconciler.append(void_keys(keys, at_ms=read_clock_ms()))
    here.reconciler.sync()
    if here.farm is not None:
        here.farm.foreman.notices.dismiss(path.node)
    return answer(show_farm(here.farm))


def show_farm(farm: FarmLink | None) -> FarmView:
    """Return the farm as the interface shows it."""
    invited = [
        InvitedNodeView(
            node=one.name,
            host=find_host(here.reader, name=one.name),
            state="out" if one.out else "member",
        )
        for one in read_nodes(here.reader).values()
    ]
    if farm is None:
        return FarmView(
            joined=False,
            queue=None,
            store=None,
            studio=None,
            trouble=None,
            shipments=[],
            invited=invited,
        )
    return FarmView(
        joined=True,
        queue=hide_password(farm.address.queue),
        store=farm.address.store,
        studio=farm.address.studio,
        trouble=show_trouble(farm.foreman.trouble or find_store_trouble()),
        shipments=list_shipments(),
        invited=invited,
    )


def find_store_trouble() -> YuntuError | None:
    """Return what the farm's store was last found to be wrong with."""
    farm = here.stores.farm
    return None if farm is None else farm.store.trouble


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
