"""Ids of jobs as people type them: whole, the beginning of one, or `last`."""

import re
from collections.abc import Sequence

from local_server.cli.client import Client
from local_server.cli.failure import ClientError
from local_server.farm.errors import BadInput

LAST = "last"
SHOWN_MAX = 5
ID_BEGUN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def find_job(client: Client, given: str) -> str:
    """Return the id of the job that is meant.

    Raises BadInput `no_job_yet`, `job_not_found`, `job_ambiguous`.
    """
    text = given.strip().lower()
    if text == LAST:
        for job in client.list_jobs(limit=1):
            return str(job["id"])
        raise BadInput("no_job_yet")
    if not ID_BEGUN.fullmatch(text):
        raise BadInput("job_not_found", given=given)
    try:
        return str(client.get_job(text)["id"])
    except ClientError as error:
        if error.status != 404:
            raise
    found = [str(job["id"]) for job in client.list_jobs(prefix=text, limit=SHOWN_MAX + 1)]
    return choose_only(found, given, missing="job_not_found")


def choose_only(found: Sequence[str], given: str, *, missing: str) -> str:
    """Return the only id that was found for what was typed.

    Raises BadInput: `missing` for none, `job_ambiguous` for several.
    """
    if not found:
        raise BadInput(missing, given=given)
    if len(found) > 1:
        shown = ", ".join(found[:SHOWN_MAX]) + ("…" if len(found) > SHOWN_MAX else "")
        raise BadInput("job_ambiguous", given=given, found=shown)
    return found[0]
