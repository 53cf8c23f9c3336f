"""Frame collection: finished frames brought to whichever machine wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.blobs import Blobs, Digest
from sync.records import FrameRecord, find_record
from sync.store import Store
from sync.transfers import Meter, Wanted, fetch_files


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedFrame:
    """A frame and where it goes: the path without the extension, which the record knows."""

    recipe: Digest
    number: int
    stem: Path


def collect_frames(
    store: Store, studio: str, wanted: Sequence[WantedFrame], meter: Meter
) -> list[tuple[WantedFrame, FrameRecord]]:
    """Fetch those frames that are finished and not here yet; return them with their records.

    A frame whose file is there with the right size costs one request. May be cut off and repeated
    at any time. Raises what `Blobs.fetch` and `find_record` raise, and `TransferCancelled`.
    """
    found: list[tuple[WantedFrame, FrameRecord]] = []
    missing: list[Wanted] = []
    for frame in wanted:
        meter.check()
        record = find_record(store, studio, frame.recipe, frame.number)
        if record is None:
            continue
        target = frame.stem.with_name(frame.stem.name + record.extension)
        found.append((frame, record))
        if target.is_file() and target.stat().st_size == record.size_bytes:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        missing.append(Wanted(digest=record.picture, size_bytes=record.size_bytes, target=target))
    fetch_files(missing, Blobs(store, studio), meter)
    return found
