"""The address of a bucket, and the key that opens it, which is never part of the address."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import keyring
from keyring.errors import KeyringError

from local_server.farm.errors import BadInput, Unavailable

SERVICE = "yuntu"
FILE_VARIABLE = "YUNTU_BUCKET_KEY_FILE"
_ID_VARIABLE, _SECRET_VARIABLE = "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"
_TOKEN_VARIABLE = "OSS_SESSION_TOKEN"  # noqa: S105
_OPTIONS = frozenset({"endpoint", "region", "cname", "sdk", "proxy", "parallel", "mbps"})
_PARALLEL = 4
_PARALLEL_MAX = 64


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


def find_bucket_key(bucket: str) -> BucketKey:
    """Return the key that opens a bucket.

    Looked for in the file that `YUNTU_BUCKET_KEY_FILE` names (id and secret on a line each), in
    `OSS_ACCESS_KEY_ID` and `OSS_ACCESS_KEY_SECRET`, and in the keyring. Raises `Unavailable`
    (`store_key_missing`).
    """
    if named := os.environ.get(FILE_VARIABLE):
        return _read_key_file(bucket, Path(named).expanduser())
    if id := os.environ.get(_ID_VARIABLE):
        secret = os.environ.get(_SECRET_VARIABLE, "")
        return BucketKey(id, secret, os.environ.get(_TOKEN_VARIABLE, ""))
    try:
        kept = keyring.get_password(SERVICE, f"bucket:{bucket}")
    except (KeyringError, RuntimeError, OSError):  # no desktop, no service, locked
        kept = None
    if kept is None:
        raise Unavailable("store_key_missing", bucket=bucket)
    return _parse_key(bucket, kept)


def keep_bucket_key(bucket: str, key: BucketKey) -> None:
    """Keep a bucket's key in the keyring. Raises `Unavailable` (`store_key_not_kept`)."""
    lines = [key.id, key.secret, key.token]
    try:
        keyring.set_password(SERVICE, f"bucket:{bucket}", "\n".join(lines).strip())
    except (KeyringError, RuntimeError, OSError) as error:
        raise Unavailable("store_key_not_kept", bucket=bucket, words=str(error)) from error


def _read_key_file(bucket: str, path: Path) -> BucketKey:
    try:
        return _parse_key(bucket, path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unavailable("store_key_missing", bucket=bucket) from error


def _parse_key(bucket: str, text: str) -> BucketKey:
    lines = [line.strip() for line in text.strip().splitlines()]
    if not 2 <= len(lines) <= 3 or not all(lines):
        raise Unavailable("store_key_missing", bucket=bucket)
    return BucketKey(*lines)
