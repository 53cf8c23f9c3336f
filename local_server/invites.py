"""Invites: a text that lets one machine into a studio, and nobody who has not seen it."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from local_server.farm.db import read_clock_ms
from local_server.farm.errors import BadInput
from local_server.membership import Card
from local_server.reconciler import Reconciler
from sync.fold import Fold
from sync.keys import make_signer, seal_text
from sync.studio import enrol

PREFIX = "yuntu-invite-1."


@dataclass(frozen=True, kw_only=True, slots=True)
class Invite:
    """What an invite says. `secret` signs the joining once; `sealed` is the minting key, if any;
    `people` is what personal fields are sealed with. All of it is for the invited machine alone.
    """

    studio: str
    store: str
    genesis: str
    secret: str
    sealed: str
    people: str


def make_invite(reconciler: Reconciler, *, card: Card, store: str, mints: bool) -> str:
    """Make an invite and have the treasury know it. Raises as the engine does."""
    signer, minter = make_signer(), reconciler.desk.keys.minter
    assert minter is not None, "only who mints invites"
    letters = [enrol("invite", f"invite-{signer.id[:8]}", signer, at_ms=read_clock_ms())]
    genesis: list[str] = []

    def build(fold: Fold) -> list[dict[str, object]]:
        genesis[:] = [fold.treasury.genesis]
        return letters

    reconciler.append(build)
    sealed = seal_text(minter.secret, secret=signer.secret, purpose="minting key") if mints else ""
    invite = Invite(
        studio=card.studio,
        store=store,
        genesis=genesis[0],
        secret=signer.secret,
        sealed=sealed,
        people=reconciler.desk.people,
    )
    text = json.dumps(asdict(invite), separators=(",", ":"))
    return PREFIX + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_invite(text: str) -> Invite:
    """Return what an invite says. Raises BadInput `invite_wrong`."""
    body = "".join(text.split()).removeprefix(PREFIX)
    try:
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return Invite(**{name: str(told[name]) for name in Invite.__slots__})
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BadInput("invite_wrong") from error
