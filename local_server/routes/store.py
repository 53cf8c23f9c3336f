"""The route of stores: to clear them of what nothing names any more."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from local_server.answers import answer
from local_server.clearing import Clearing, Where
from local_server.document import gives
from local_server.farm.db import assert_writing
from local_server.services import here
from local_server.shapes.store import CleaningRequest, CleaningView

TAG = Tag(name="store", description="Where packages, pictures and logs are kept")
ROUTES = APIBlueprint("store", __name__, url_prefix="/api/v1", abp_tags=[TAG])
AWAY = ("studio_missing", "store_missing", "record_damaged", "clearing_needs_update")


@ROUTES.post(
    "/store/cleaning",
    **gives(CleaningView, {403: ("no_minting_key", "device_out"), 503: AWAY}),
)
def clean_store(body: CleaningRequest) -> Response:
    """Remove blobs that nothing names and nobody used for thirty days, or say which they are."""
    where = Where(body.where)
    if body.dry_run:
        return answer(show_clearing(here.clearer.plan(where), dry_run=True))
    done = here.clearer.clear(where)
    here.writer.write(assert_writing)  # nothing of the database changes, yet the trail tells of it
    return answer(show_clearing(done, dry_run=False))


def show_clearing(done: Clearing, *, dry_run: bool) -> CleaningView:
    """Return a clearing as the interface shows it."""
    plan = done.plan
    return CleaningView(
        where=done.where,
        dry_run=dry_run,
        blobs=len(plan.keys),
        size_bytes=plan.size_bytes,
        removed=done.removed,
        young=plan.young,
        too_big=plan.too_big,
        named=plan.named,
    )
