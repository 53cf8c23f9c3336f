"""Frame records: the proof, kept in the store, that a frame was rendered, and by whom."""

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from local_server.farm.errors import BadInput, NotFound, Unavailable
from sync.blobs import Digest, parse_digest
from sync.store import Store, check_name

_VERSION = 1
RECORD_BYTES_MAX = 1 << 20
_NUMBER_MAX = 10**10 - 1
_MARK = "."  # no id of a job has one


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameRecord:
    """What a node says of a frame that it has rendered and checked.

    `recipe` is the hash of all that makes the picture but the frame's number; `job` (as `name_job`
    has it), `attempt` and `node` say for whom and where it was first rendered. Payment rests on
    this.
    """

    recipe: Digest
    number: int
    job: str
    attempt: int
    node: str
    picture: Digest
    size_bytes: int
    extension: str
    thumbnail: Digest | None
    width: int
    height: int
    render_ms: int
    load_ms: int
    cores: int
    warnings: tuple[str, ...]
    finished_at_ms: int

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON has it."""
        return {**asdict(self), "warnings": list(self.warnings)}

    def to_bytes(self) -> bytes:
        """Write the record as canonical JSON."""
        document = {"version": _VERSION, **self.to_dict()}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return text.encode()


def name_job(device: str, job: str) -> str:
    """Return what a machine's job is called on queues and in stores that others use as well.

    A job's id is its machine's business alone; one that is called so already keeps its name.
    """
    return job if _MARK in job else f"{device}{_MARK}{job}"


def read_job(device: str, name: str) -> str:
    """Return a machine's own id of a job; the name as it is where the job is another machine's."""
    return name.removeprefix(f"{device}{_MARK}")


def put_record(store: Store, studio: str, record: FrameRecord) -> FrameRecord:
    """Write a record unless its frame has one, and return the one that stands: the first wins.

    The record is on the disk when this returns, and its picture must be there before. Raises
    `BadInput` (`record_malformed`), `Unavailable` (`record_damaged`) when what stands is no
    record, and what the store raises.
    """
    key = record_key(studio, record.recipe, record.number)
    data = record.to_bytes()
    # What would not be read back must not be written: nobody could ever replace it.
    if parse_record(data) != record:
        raise BadInput("record_malformed")
    if store.put_if_absent(key, data):
        return record
    return _read(store, key, record.recipe, record.number)


def find_record(store: Store, studio: str, recipe: Digest, number: int) -> FrameRecord | None:
    """Return the record of a frame, or None when nobody has rendered it.

    Raises `Unavailable` (`record_damaged`) when what is there is no record of this frame.
    """
    try:
        return _read(store, record_key(studio, recipe, number), recipe, number)
    except NotFound:
        return None


def list_recorded(store: Store, studio: str, recipe: Digest) -> list[int]:
    """Return the numbers of the frames of a recipe that have a record."""
    prefix = f"v1/{check_name(studio)}/f/{parse_digest(recipe)}/"
    numbers, last = [], ""
    while keys := store.list(prefix, after=last):
        numbers += [_read_number(key.removeprefix(prefix)) for key in keys]
        last = keys[-1]
    return numbers


def record_key(studio: str, recipe: Digest, number: int) -> str:
    """Return where the record of a frame is kept; raise `BadInput` (`record_malformed`)."""
    if abs(number) > _NUMBER_MAX:
        raise BadInput("record_malformed")
    sign = "m" if number < 0 else ""
    return f"v1/{check_name(studio)}/f/{parse_digest(recipe)}/{sign}{abs(number):010d}"


def _read_number(name: str) -> int:
    return -int(name[1:]) if name.startswith("m") else int(name)


def parse_record(data: bytes) -> FrameRecord:
    """Read a record that came from anywhere, or raise `BadInput` (`record_malformed`)."""
    try:
        document = json.loads(data) if len(data) <= RECORD_BYTES_MAX else None
    except (ValueError, RecursionError):
        document = None
    names = {field.name for field in fields(FrameRecord)}
    if not isinstance(document, dict) or document.pop("version", None) != _VERSION:
        raise BadInput("record_malformed")
    if set(document) != names or not _is_sound(document):
        raise BadInput("record_malformed")
    document["warnings"] = tuple(document["warnings"])
    return FrameRecord(**document)


def _is_sound(document: dict[str, Any]) -> bool:
    whole = ("number", "attempt", "size_bytes", "width", "height", "render_ms", "load_ms", "cores")
    digests = [document["recipe"], document["picture"]]
    if document["thumbnail"] is not None:
        digests.append(document["thumbnail"])
    words, warnings = [document["job"], document["node"]], document["warnings"]
    return (
        all(type(document[name]) is int for name in (*whole, "finished_at_ms"))
        and all(document[name] >= 0 for name in whole[1:])
        and all(isinstance(each, str) and re.fullmatch("[0-9a-f]{64}", each) for each in digests)
        and isinstance(warnings, list)
        and all(isinstance(each, str) and len(each) <= 1000 for each in (*words, *warnings))
        # It becomes the end of a file name in the artist's folder.
        and isinstance(document["extension"], str)
        and re.fullmatch(r"\.?[a-z0-9]{1,8}", document["extension"]) is not None
    )


def _read(store: Store, key: str, recipe: Digest, number: int) -> FrameRecord:
    try:
        record = parse_record(store.get(key, most=RECORD_BYTES_MAX + 1))
    except BadInput:
        raise Unavailable("record_damaged", key=key) from None
    if (record.recipe, record.number) != (recipe, number):
        raise Unavailable("record_damaged", key=key)
    return record
