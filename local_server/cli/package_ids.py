"""Ids of packages as people type them: whole, the beginning of one or of its digest, or `last`."""

from typing import Any

from local_server.cli.client import Client
from local_server.cli.job_ids import LAST, SHOWN_MAX
from local_server.farm.errors import BadInput

PAGE = 500


def find_package(client: Client, given: str) -> dict[str, Any]:
    """Return the caller's package that is meant.

    Raises BadInput `no_package_yet`, `package_not_found`, `package_ambiguous`.
    """
    wanted = given.strip().lower()
    found: list[dict[str, Any]] = []
    for one in client.list_pages("/packages", PAGE, None):
        if wanted == LAST or wanted in (one["id"], one["digest"]):
            return one
        if wanted and (one["id"].startswith(wanted) or one["digest"].startswith(wanted)):
            found.append(one)
    if wanted == LAST:
        raise BadInput("no_package_yet")
    if not found:
        raise BadInput("package_not_found", given=given)
    if len({one["digest"] for one in found}) > 1:  # else they differ in their names alone
        shown = ", ".join(one["id"] for one in found[:SHOWN_MAX])
        more = "…" if len(found) > SHOWN_MAX else ""
        raise BadInput("package_ambiguous", given=given, found=f"{shown}{more}")
    return found[0]
