"""Callers: who a request is from, shown by this launch's key or by an access token."""

import hmac
from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.accounts import Role
from local_server.farm.errors import Unauthorized
from local_server.farm.events import Scope
from local_server.farm.rules import is_shared
from local_server.farm.sessions import find_standing
from local_server.membership import read_card
from local_server.tokens import Tokens

DOTS_IN_TOKEN = 2  # the three parts of a JWT; this launch's key has no dot


class Via(StrEnum):
    """What a caller has shown."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105 - a word, not a secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The person a request is from. `session` is None for the workstation's own owner."""

    account: str
    role: Role
    session: str | None
    via: Via

    @property
    def is_admin(self) -> bool:
        """Tell whether the caller may do everything."""
        return self.role == Role.ADMIN

    @property
    def sees_every_job(self) -> bool:
        """Tell whether other people's jobs are the caller's business too."""
        return self.role in (Role.PRODUCER, Role.ADMIN)

    @property
    def scope(self) -> Scope:
        """Return whose events the caller hears of."""
        return SCOPES[self.role]


SCOPES = {Role.ARTIST: Scope.OWN, Role.PRODUCER: Scope.JOBS, Role.ADMIN: Scope.ALL}


def is_key(credential: str, key: str) -> bool:
    """Tell whether a credential is this launch's key; how long that takes tells nothing."""
    return hmac.compare_digest(credential.encode(), key.encode())


def identify(db: Database, credential: str, *, key: str, tokens: Tokens, at_ms: int) -> Caller:
    """Return whose a credential is: this launch's key, or an access token of a session.

    The session and the role are looked up each time, so that signing out, losing a role and
    being removed count at once. Raises Unauthorized `key_wrong`, `sign_in_needed`,
    `token_expired`, `token_wrong` and `session_ended`.
    """
    if is_key(credential, key):
        return identify_owner(db)
    if credential.count(".") != DOTS_IN_TOKEN:
        raise Unauthorized("key_wrong")
    claims = tokens.read_access(credential, at_ms=at_ms)
    standing = find_standing(db, session=claims.session, at_ms=at_ms)
    if standing is None or standing.account != claims.account:
        raise Unauthorized("token_wrong")
    if standing.removed or not standing.live:
        raise Unauthorized("session_ended")
    return Caller(
        account=standing.account, role=standing.role, session=claims.session, via=Via.TOKEN
    )


def identify_owner(db: Database) -> Caller:
    """Return who holds this launch's key: the workstation's owner, who may do everything here.

    Raises Unauthorized `sign_in_needed` where several people use the workstation: the key says
    which machine asks, not who.
    """
    if is_shared(db):
        raise Unauthorized("sign_in_needed")
    return Caller(account=read_card(db).owner, role=Role.ADMIN, session=None, via=Via.KEY)
