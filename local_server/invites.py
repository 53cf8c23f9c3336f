"""Invites: a text that lets one machine into a studio, once and for a while, and nobody else."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from local_server.farm.db import read_clock_ms
from local_server.farm.errors import BadInput

PREFIX = "yuntu-invite-2."
DAY_MS = 24 * 3_600_000
DAYS_MAX = 7  # a bucket signs addresses for no longer


class Guest(StrEnum):
    """Whom an invite is for; the value is the role of the invite's key."""

    WORKSTATION = "invite"
    NODE = "node_invite"


@dataclass(frozen=True, kw_only=True, slots=True)
class Invite:
    """What an invite says. `secret` signs the joining once and opens the letter in the store.

    `letter` is the letter's digest; `url` reads it where the store is a bucket.
    """

    guest: str
    studio: str
    store: str
    genesis: str
    secret: str
    letter: str
    url: str
    until_ms: int


def write_invite(invite: Invite) -> str:
    """Return an invite as a text to hand over."""
    text = json.dumps(asdict(invite), separators=(",", ":"))
    return PREFIX + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_invite(text: str, *, guest: Guest) -> Invite:
    """Return what an invite says.

    Raises BadInput: `invite_wrong` or `node_invite_wrong`, `invite_for_nodes` and
    `invite_for_workstations` for one that is for the other kind of machine, `invite_expired`.
    """
    body = "".join(text.split()).removeprefix(PREFIX)
    try:
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        until_ms = int(told.pop("until_ms"))
        names = set(Invite.__slots__) - {"until_ms"}
        invite = Invite(**{name: str(told[name]) for name in names}, until_ms=until_ms)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        code = "node_invite_wrong" if guest is Guest.NODE else "invite_wrong"
        raise BadInput(code, begins=PREFIX) from error
    if invite.guest != guest:
        node = invite.guest == Guest.NODE
        raise BadInput("invite_for_nodes" if node else "invite_for_workstations")
    if invite.until_ms < read_clock_ms():
        raise BadInput("invite_expired", studio=invite.studio)
    return invite
