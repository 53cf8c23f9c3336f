"""The route of nodes: who renders, and who is left out of what."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.document import gives
from local_server.farm.db import read_clock_ms
from local_server.farm.nodes import list_left_out, list_nodes
from local_server.services import here
from local_server.shapes.nodes import LeftOutView, NodeList, NodeRow

TAG = Tag(name="nodes", description="Machines that render")
ROUTES = APIBlueprint("nodes", __name__, url_prefix="/api/v1", abp_tags=[TAG])


@ROUTES.get("/nodes", **gives(NodeList))
def get_nodes() -> Response:
    """List the nodes that were heard of lately, here and on the farm."""
    now = read_clock_ms()
    owner = None if here.caller.sees_every_job else here.caller.account
    left_out = list_left_out(here.reader, owner=owner, at_ms=now)
    rows = [
        NodeRow(
            **{name: row[name] for name in ("id", "name", "site", "version", "slots", "rendering")},
            renderers=[f"{one['name']}-{one['version']}" for one in row["renderers"]],
            started_at_ms=row["started_at_ms"],
            seen_at_ms=row["seen_at_ms"],
            left_out=[
                LeftOutView(job=one["job"], until_ms=one["until_ms"], in_a_row=one["in_a_row"])
                for one in left_out
                if one["node"] == row["id"]
            ],
        )
        for row in list_nodes(here.reader, at_ms=now)
    ]
    return answer(NodeList(items=rows))
