"""The link to a studio's farm, as a running server uses it."""

from dataclasses import dataclass

from local_server.farm_addresses import FarmAddress
from local_server.foreman import Foreman


@dataclass(frozen=True, kw_only=True, slots=True)
class FarmLink:
    """A farm as a running server uses it."""

    address: FarmAddress
    foreman: Foreman
