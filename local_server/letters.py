"""Letters: the secrets that come with an invite, sealed in the store until they were fetched.

The invite itself has the address and what opens the letter. Once it was used, or is too old, the
letter is gone, and the invite's text opens nothing any more.
"""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from local_server.farm.errors import BadInput, NotFound, Refused, Unavailable
from local_server.farm_addresses import FarmAddress, keep_farm_address
from local_server.invites import PREFIX, Invite
from sync.blobs import Blobs, Digest
from sync.bucket_address import (
    find_bucket_key,
    name_secret,
    parse_bucket_address,
    parse_bucket_key,
)
from sync.keys import Chest, open_text, seal_text
from sync.store import Shelf, Store

PURPOSE = "invite"
WAIT_SECONDS_MAX = 30
LETTER_BYTES_MAX = 1 << 20  # whoever holds the address may answer anything
GONE = (403, 404)
BUSY = (500, 502, 503, 504)
TRIES_MAX = 3
PAUSE_SECONDS = 0.2  # grows with each try, and is spread


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What an invited machine is told in confidence.

    `minter` is the studio's minting key for an admin's machine; `people` is what personal fields
    are sealed with, empty for a node; `bucket_keys` are kept as `BucketKey.text`, by bucket.
    """

    minter: str = ""
    people: str = ""
    farm: FarmAddress | None = None
    bucket_keys: dict[str, str] = field(default_factory=dict)


def gather_bucket_keys(addresses: list[str], chest: Chest) -> dict[str, str]:
    """Return what opens the buckets among some stores' addresses. Raises as `find_bucket_key`."""
    buckets = {parse_bucket_address(one).bucket for one in addresses if one.startswith("oss://")}
    return {one: find_bucket_key(one, chest.get).text for one in sorted(buckets)}


def keep_bucket_keys(addresses: list[str], chest: Chest) -> None:
    """Keep what opens the buckets among some stores' addresses, wherever it came from.

    So that it is there for a server that starts without the environment of this command. A key
    with a token is lent for hours, and is not kept. Raises as `find_bucket_key`.
    """
    for bucket, text in gather_bucket_keys(addresses, chest).items():
        if not parse_bucket_key(bucket, text).token and chest.get(name_secret(bucket)) != text:
            chest.put(name_secret(bucket), text)


def leave_letter(
    store: Store, studio: str, letter: Letter, *, secret: str, seconds: int
) -> tuple[Digest, str]:
    """Put a letter into the store; return its digest and, for buckets, an address that reads it."""
    sealed = seal_text(json.dumps(asdict(letter)), secret=secret, purpose=PURPOSE)
    digest = Blobs(store, studio).add_bytes(sealed.encode())
    return digest, store.sign_url(name_blob(studio, digest), seconds=seconds) or ""


def fetch_letter(invite: Invite, store: Store | None) -> Letter | None:
    """Return an invite's letter, None when it is gone; `store` None: by its address.

    Raises Unavailable as the store does, `invite_unreachable` and `sealed_for_others`.
    """
    sealed = read_address(invite.url) if store is None else read_blob(store, invite)
    if sealed is None:
        return None
    if sha256(sealed).hexdigest() != invite.letter:
        raise Unavailable("sealed_for_others", purpose=PURPOSE)
    told = json.loads(open_text(sealed.decode(), secret=invite.secret, purpose=PURPOSE))
    farm = told.pop("farm")
    return Letter(**told, farm=None if farm is None else FarmAddress(**farm))


def read_blob(store: Store, invite: Invite) -> bytes | None:
    """Return a sealed letter out of a store that needs no key, None where it is gone."""
    try:
        return Blobs(store, invite.studio).read(Digest(invite.letter))
    except NotFound:
        return None


def read_address(url: str) -> bytes | None:
    """Return a sealed letter by its address, None where it is gone or the address too old."""
    # Of a connection that breaks urllib3 would log the address. How long to wait is ours to say.
    again = Retry(
        connect=0,
        read=0,
        other=0,
        status=TRIES_MAX - 1,
        status_forcelist=BUSY,
        respect_retry_after_header=False,
        backoff_factor=PAUSE_SECONDS,
        backoff_jitter=PAUSE_SECONDS,
        raise_on_status=False,
    )
    try:
        with requests.Session() as session:
            session.mount(url, HTTPAdapter(max_retries=again))
            with session.get(
                url, timeout=WAIT_SECONDS_MAX, allow_redirects=False, stream=True
            ) as answer:
                sealed = answer.raw.read(LETTER_BYTES_MAX + 1, decode_content=True)
    except (requests.RequestException, HTTPError) as error:
        # Its own words have the address in full, which opens the letter.
        words = f"{urlsplit(url).hostname}, {type(error).__name__}"
        raise Unavailable("invite_unreachable", words=words) from None
    if answer.status_code in GONE:
        return None
    if not answer.ok:
        raise Unavailable("invite_unreachable", words=f"HTTP {answer.status_code}")
    if len(sealed) > LETTER_BYTES_MAX:
        raise Unavailable("sealed_for_others", purpose=PURPOSE)
    return sealed


def keep_letter(letter: Letter, chest: Chest, *, studio: str) -> None:
    """Keep what a letter brought where this machine keeps its secrets."""
    for bucket, key in letter.bucket_keys.items():
        chest.put(name_secret(bucket), key)
    if letter.minter:
        chest.put(f"minter-{studio}", letter.minter)
    if letter.people:
        chest.put(f"people-{studio}", letter.people)
    if letter.farm is not None:
        keep_farm_address(chest, letter.farm)


def burn_letter(store: Store, studio: str, digest: str) -> None:
    """Remove a letter that was read, or whose invite is over."""
    if not isinstance(store, Shelf):
        raise Refused("store_keeps_letters")
    store.delete_blob(name_blob(studio, digest))


def name_blob(studio: str, digest: str) -> str:
    """Return the key of a blob. Raises BadInput `invite_wrong`."""
    if len(digest) != 64:
        raise BadInput("invite_wrong", begins=PREFIX)
    return f"v1/{studio}/b/{digest[:2]}/{digest}"
