"""The address of a bucket, and the key that opens it, which is never part of the address."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from keyring.errors import KeyringError

from local_server.farm.errors import BadInput, Unavailable

FILE_VARIABLE = "YUNTU_BUCKET_KEY_FILE"
_ID_VARIABLE, _SECRET_VARIABLE = "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"
_TOKEN_VARIABLE = "OSS_SESSION_TOKEN"  # noqa: S105
_OPTIONS = frozenset({"endpoint", "region", "cname", "sdk", "proxy", "parallel", "mbps"})
_PARALLEL = 4
_PARALLEL_MAX = 64
Lookup = Callable[[str], str | None]
"""Returns a secret by its name, None where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketAddress:
    """Where a bucket is. `mbps` 0: as fast as it goes; `proxy` empty: what the system says."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    is_cname: bool = False
    sdk: str = "oss2"
    proxy: str = ""
    parallel: int = _PARALLEL
    mbps: float = 0.0

    @property
    def shown(self) -> str:
        """Return the address for people: the bucket and the folder in it."""
        return f"oss://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True)
class BucketKey:
    """An access key, with a token where it was lent for a while."""

    id: str
    secret: str
    token: str = ""

    @property
    def text(self) -> str:
        """Return the key as it is kept: its parts, a line each."""
        return "\n".join((self.id, self.secret, self.token)).strip()


def parse_bucket_address(address: str) -> BucketAddress:
    """Read `oss://bucket/folder?region=cn-hangzhou&endpoint=...`.

    Options: `endpoint` (else the region's own), `cname=1` where the endpoint is the bucket's own
    domain, `sdk=v2`, `proxy`, `parallel` (transfers at once), `mbps` (megabits a second at most).
    Raises `BadInput` (`store_address_unknown`), also for an address with a secret in it.
    """
    wrong = BadInput("store_address_unknown", address=address.partition("?")[0][:200])
    try:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        parallel, mbps = int(options.get("parallel", _PARALLEL)), float(options.get("mbps", 0))
    except ValueError:
        raise wrong from None
    region = options.get("region", "")
    plain = parts.scheme == "oss" and parts.netloc and "@" not in parts.netloc
    known = options.keys() <= _OPTIONS and options.get("sdk", "oss2") in ("oss2", "v2")
    if not plain or not known or not region or not 1 <= parallel <= _PARALLEL_MAX or mbps < 0:
        raise wrong
    endpoint = options.get("endpoint") or f"https://oss-{region}.aliyuncs.com"
    return BucketAddress(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=endpoint if "://" in endpoint else f"https://{endpoint}",
        region=region,
        is_cname=options.get("cname", "") in ("1", "true"),
        sdk=options.get("sdk", "oss2"),
        proxy=options.get("proxy", ""),
        parallel=parallel,
        mbps=mbps,
    )


def find_nothing(name: str) -> None:
    """Return nothing."""


def find_bucket_key(bucket: str, kept: Lookup = find_nothing) -> BucketKey:
    """Return the key that opens a bucket.

    Looked for in the file that `YUNTU_BUCKET_KEY_FILE` names (id and secret on a line each), in
    `OSS_ACCESS_KEY_ID` and `OSS_ACCESS_KEY_SECRET`, and in what the data directory has `kept`.
    Raises `Unavailable` (`store_key_missing`), also where what is kept cannot be got at now.
    """
    if named := os.environ.get(FILE_VARIABLE):
        return _read_key_file(bucket, Path(named).expanduser())
    if id := os.environ.get(_ID_VARIABLE):
        secret = os.environ.get(_SECRET_VARIABLE, "")
        return BucketKey(id, secret, os.environ.get(_TOKEN_VARIABLE, ""))
    try:
        text = kept(name_secret(bucket))
    except (KeyringError, RuntimeError, OSError) as error:  # a keyring that was locked meanwhile
        raise Unavailable("store_key_missing", bucket=bucket) from error
    if text is None:
        raise Unavailable("store_key_missing", bucket=bucket)
    return parse_bucket_key(bucket, text)


def find_key_variable() -> str | None:
    """Return the environment variable that a bucket's key comes from, None where none is set.

    What it says goes before any key that is kept.
    """
    return next((one for one in (FILE_VARIABLE, _ID_VARIABLE) if os.environ.get(one)), None)


def tell_origin(bucket: str, kept: Lookup) -> str | None:
    """Return where the key of a bucket comes from: `file`, `environment`, `kept`, None: nowhere."""
    if variable := find_key_variable():
        return "file" if variable == FILE_VARIABLE else "environment"
    return None if kept(name_secret(bucket)) is None else "kept"


def name_secret(bucket: str) -> str:
    """Return the name that a bucket's key is kept by."""
    return f"bucket-{bucket}"


def _read_key_file(bucket: str, path: Path) -> BucketKey:
    try:
        return parse_bucket_key(bucket, path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unavailable("store_key_missing", bucket=bucket) from error


def parse_bucket_key(bucket: str, text: str) -> BucketKey:
    """Return the key in a text: id, secret and perhaps a token, a line each.

    Raises `Unavailable` (`store_key_missing`).
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if not 2 <= len(lines) <= 3 or not all(lines):
        raise Unavailable("store_key_missing", bucket=bucket)
    return BucketKey(*lines)
