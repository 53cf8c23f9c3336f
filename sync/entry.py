"""Entries: the objects that logs are made of; what is hashed and signed are the very bytes stored.

An entry is UTF-8 text, one JSON object a line, each line ended by a line feed:

    {"log":"t","prev":"<sha-256>","seq":1,"signer":"<key>","studio":"<id>","ts":0,"v":1,"wall_ms":0}
    {"op":"mint","id":"...", ...}                    as many operations as there are, at least one
    {"signature":"<ed25519>"}                        over every byte before this line

Each line is in its one canonical form (keys sorted, no spaces, no floats, no escapes but the
necessary ones), so an entry that reads well can be written in one way only.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic_core import PydanticSerializationError, from_json, to_json

from local_server.farm.errors import BadInput
from sync.store import check_name

VERSION: Final = 1
ENTRY_BYTES_MAX: Final = 1 << 20
READ_BYTES_MAX: Final = ENTRY_BYTES_MAX + 1  # what shows of an object that it is too big for one
LINE_BYTES_MAX: Final = 1 << 16
DEPTH_MAX: Final = 32  # far below where a parser gives up: how deep that is depends on its caller
OPERATIONS_MAX: Final = 4_000
NUMBER_MAX: Final = 10**10 - 1  # a sequence has ten digits in its key
WALL_MS_MAX: Final = 1 << 53
TREASURY: Final = "t"
NO_PREVIOUS: Final = "0" * 64

Operation = dict[str, Any]

_LOG = re.compile(r"t|g|d/[a-z0-9][a-z0-9_-]{0,63}/[0-9]{4}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[0-9a-f]{32}")
_SIGNATURE_LINE = re.compile(rb'\{"signature":"([0-9a-f]{128})"\}\n')
_SIGNATURE_LINE_BYTES = 16 + 128 + 1
_HEADER_NAMES = {"v", "studio", "log", "seq", "prev", "ts", "signer", "wall_ms"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Where an entry stands and who signed it.

    `log` is `t`, `d/<device>/<epoch>` or `g` (genesis). `prev` is the SHA-256 of the object before
    this one, `ts` the last treasury entry that the writer had folded, `wall_ms` for display only.
    """

    studio: str
    log: str
    seq: int
    prev: str
    ts: int
    signer: str
    wall_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An entry as it was read: well formed, its signature not yet looked at."""

    header: Header
    operations: tuple[Operation, ...]
    signed: bytes
    signature: bytes

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Tell whether the signature is this key's."""
        try:
            key.verify(self.signature, self.signed)
        except InvalidSignature:
            return False
        return True


def write_entry(header: Header, operations: tuple[Operation, ...], key: Ed25519PrivateKey) -> bytes:
    """Return the bytes of an entry, signed."""
    told = {"v": VERSION} | {name: getattr(header, name) for name in Header.__slots__}
    signed = b"".join(write_line(line) for line in (told, *operations))
    data = signed + b'{"signature":"%s"}\n' % key.sign(signed).hex().encode()
    assert len(operations) <= OPERATIONS_MAX and len(data) <= ENTRY_BYTES_MAX, "too much for one"
    return data


def write_line(value: Operation) -> bytes:
    """Return a value's line in its canonical form."""
    return write_canonical(value).encode() + b"\n"


def write_canonical(value: Any) -> str:
    """Return a JSON value as its one canonical text."""
    return _CANONICAL.encode(value)


def read_entry(data: bytes) -> Entry:
    """Read an object that came from anywhere. Raises BadInput `entry_malformed`."""
    if len(data) > ENTRY_BYTES_MAX:
        raise malformed("too big")
    signed, tail = data[:-_SIGNATURE_LINE_BYTES], data[-_SIGNATURE_LINE_BYTES:]
    found = _SIGNATURE_LINE.fullmatch(tail)
    if found is None or not signed.endswith(b"\n"):
        raise malformed("no signature line")
    lines = signed.split(b"\n")[:-1]
    if not 2 <= len(lines) <= OPERATIONS_MAX + 1:
        raise malformed("no operations, or too many")
    header, *operations = (read_line(line) for line in lines)
    if any(type(one.get("op")) is not str for one in operations):
        raise malformed("an operation without a kind")
    return Entry(
        header=read_header(header),
        operations=tuple(operations),
        signed=signed,
        signature=bytes.fromhex(found[1].decode()),
    )


def read_line(line: bytes) -> Operation:
    """Read one line strictly. Raises BadInput `entry_malformed`."""
    value = read_quickly(line)
    return read_slowly(line) if value is None else value


def read_quickly(line: bytes) -> Operation | None:
    """Read a line in half the time, or return None: then it has to be looked at slowly.

    What pydantic's parser and writer give back as it was is canonical but for the order of keys and
    for fractions, and those are looked for apart.
    """
    if len(line) > LINE_BYTES_MAX:
        return None
    try:
        value = from_json(line, allow_inf_nan=False)
        same = to_json(value) == line
    except (ValueError, PydanticSerializationError):
        return None
    return value if same and type(value) is dict and is_plain(value) else None


def read_slowly(line: bytes) -> Operation:
    """Read a line by the letter. Raises BadInput `entry_malformed`."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise malformed("not UTF-8") from error
    if len(text) > LINE_BYTES_MAX:
        raise malformed("a line too long")
    try:
        value = _STRICT.decode(text)
        # One form only: this refuses doubled keys, spaces, other escapes, lone surrogates.
        canonical = write_canonical(value) == text
    except (ValueError, RecursionError) as error:
        raise malformed("a line that is not strict JSON") from error
    if not canonical or type(value) is not dict or not is_plain(value):
        raise malformed("a line that is not canonical")
    return value


def is_plain(value: Any, depth: int = 1) -> bool:
    """Tell whether keys are in order, no number is a fraction, and nothing lies too deep."""
    parts: Collection[Any] = value
    if type(value) is dict:
        if not are_sorted(tuple(value)):
            return False
        parts = value.values()
    if depth > DEPTH_MAX:
        return False
    for one in parts:
        kind = type(one)
        if kind is str or kind is int:
            continue
        if kind is float or ((kind is dict or kind is list) and not is_plain(one, depth + 1)):
            return False
    return True


@lru_cache(maxsize=1_000)
def are_sorted(keys: tuple[str, ...]) -> bool:
    """Tell whether keys are in order; most operations have the same few."""
    return list(keys) == sorted(keys)


def read_header(told: Operation) -> Header:
    """Return a header out of its line. Raises BadInput `entry_malformed`."""
    if set(told) != _HEADER_NAMES or (type(told["v"]), told["v"]) != (int, VERSION):
        raise malformed("a header of another version")
    texts = ("studio", "log", "prev", "signer")
    numbers = {"seq": NUMBER_MAX, "ts": NUMBER_MAX, "wall_ms": WALL_MS_MAX}
    sound = all(type(told[name]) is str for name in texts) and all(
        type(told[name]) is int and 0 <= told[name] <= most for name, most in numbers.items()
    )
    if not sound or not (
        _LOG.fullmatch(told["log"])
        and _DIGEST.fullmatch(told["prev"])
        and _KEY_ID.fullmatch(told["signer"])
    ):
        raise malformed("a header that is not sound")
    return Header(**{name: told[name] for name in Header.__slots__})


def digest_entry(data: bytes) -> str:
    """Return what the next entry names as `prev`.

    Of what is too big for an entry nobody reads more than `READ_BYTES_MAX`, so the digest is that
    of its beginning, and the same on every machine whatever lies behind.
    """
    return sha256(data[:READ_BYTES_MAX]).hexdigest()


def name_log(device: str, epoch: int) -> str:
    """Return the name of a device's log of one epoch."""
    return f"d/{check_name(device)}/{epoch:04}"


def entry_key(studio: str, log: str, seq: int) -> str:
    """Return the store's key of an entry."""
    return f"v1/{check_name(studio)}/{log}/{seq:010}"


def malformed(words: str) -> BadInput:
    """Return the error for bytes that are no entry."""
    return BadInput("entry_malformed", words=words)


def _refuse_number(text: str) -> Any:
    raise ValueError(f"{text} is not a whole number")


# Neither has any state but its settings; making them once saves a third of the time.
_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
)
_STRICT: Final = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)
