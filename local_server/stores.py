"""Near and far: this machine's own store, its studio's, and that of the farm that it has joined.

The near store is always the private folder, under one fixed studio name, whatever studio the
machine belongs to: packages, frames and records of the local queue need nothing else. The others
may be away at any time. A lone workstation's far store is its near one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local_server.farm_addresses import FarmAddress
from local_server.membership import Card
from local_server.settings import STUDIO, Settings
from sync.blobs import Blobs
from sync.bucket_address import Lookup
from sync.copies import NearBlobs
from sync.late_store import LateStore
from sync.store import Store, probe_store
from sync.stores import open_store

FARM_REST_SECONDS = 30.0  # no reconciler looks whether it is back
FORGOTTEN_AFTER_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """A store that others use as well, and whose part of it is ours."""

    store: LateStore
    studio: str

    @property
    def blobs(self) -> Blobs:
        """Return the studio's blobs there."""
        return Blobs(self.store, self.studio)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """The stores of a server. `blobs` are the near ones; what they lack is brought from beyond.

    `scratch` is where files are while they are copied; `apart` is whether near and far are two.
    """

    near: Store
    blobs: NearBlobs
    far: Beyond
    farm: Beyond | None
    scratch: Path
    apart: bool = True


def open_stores(settings: Settings, card: Card, farm: FarmAddress | None, kept: Lookup) -> Stores:
    """Open the stores of a data directory; only the near one has to be there and fit.

    `kept` looks up what opens buckets.
    """
    opener = partial(open_store, kept=kept)
    near = open_store(settings.store)
    probe_store(near)
    far = Beyond(store=LateStore(card.store or settings.store, opener=opener), studio=card.studio)
    render = None if farm is None else find_farm(farm, far, opener)
    beyond = [far.blobs] if render in (None, far) else [far.blobs, render.blobs]
    scratch = settings.data / "arriving"
    clear_scratch(scratch)
    blobs = NearBlobs(near, STUDIO, beyond=beyond, scratch=scratch)
    return Stores(
        near=near,
        blobs=blobs,
        far=far,
        farm=render,
        scratch=scratch,
        apart=card.store is not None,
    )


def find_farm(farm: FarmAddress, far: Beyond, opener: Callable[[str], Store]) -> Beyond:
    """Return where a farm's frames are: mostly the studio's own store."""
    if (farm.store, farm.studio) == (far.store.address, far.studio):
        return far
    return Beyond(
        store=LateStore(farm.store, rest_seconds=FARM_REST_SECONDS, opener=opener),
        studio=farm.studio,
    )


def clear_scratch(folder: Path) -> None:
    """Remove what a killed server left half copied, but not what goes on where it was cut off."""
    oldest = time.time() - FORGOTTEN_AFTER_SECONDS
    for path in folder.glob("*"):
        if path.suffix != ".part" or path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
