"""Routes of live connections: who listens right now."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.document import gives
from local_server.services import here
from local_server.shapes.live import ConnectionList, ConnectionView

TAG = Tag(name="live", description="Connections that hear what happens, as it happens")
ROUTES = APIBlueprint("connections", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/connections", **gives(ConnectionList))
def list_connections() -> Response:
    """List who is connected, from where, and how well they keep up."""
    found = here.connections.list_all()
    items = [
        ConnectionView(
            id=one.id,
            account=one.caller.account,
            role=one.caller.role,
            session=one.caller.session,
            transport=one.find_transport(),
            address=one.address,
            agent=one.agent,
            connected_at_ms=one.connected_at_ms,
            jobs=sorted(one.jobs),
            waiting=one.count_waiting(),
        )
        for one in found
    ]
    people = len({one.caller.account for one in found})
    return answer(ConnectionList(items=items, people=people, dropped=here.measures.list_dropped()))
