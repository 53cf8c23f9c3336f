"""Callers: who a request is from, shown by this launch's key or by an access token."""

import hmac
from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from local_server.farm.accounts import Role
from local_server.farm.errors import Unauthorized
from local_server.farm.events import Scope
from local_server.farm.rules import is_shared
from local_server.settings import OWNER


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


def identify_owner(db: Database) -> Caller:
    """Return who holds this launch's key: the workstation's owner, who may do everything here.

    Raises Unauthorized `sign_in_needed` where several people use the workstation: the key says
    which machine asks, not who.
    """
    if is_shared(db):
        raise Unauthorized("sign_in_needed")
    return Caller(account=OWNER, role=Role.ADMIN, session=None, via=Via.KEY)
