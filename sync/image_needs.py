"""What an image block needs: which tiles, or which frames of a sequence, the scene will ask for."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from blender_asset_tracer import cdefs
from blender_asset_tracer.blendfile import iterators

from sync.asset_uses import AssetUse, fill_file
from sync.blend_file import BlendReader
from sync.sequences import has_token, list_sequence, missing_between, missing_frames, tile_path

_FRAMES_MAX = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _ImageUser:
    """How a node counts through a sequence: Blender's ImageUser."""

    frames: int
    offset: int
    start: int
    is_cyclic: bool

    def numbers(self, first: int, last: int) -> set[int]:
        """Return the files' numbers for a range of frames, as BKE_image_user_frame_get counts."""
        if self.frames <= 0:
            return set()
        if self.is_cyclic:
            counted = {
                (frame - self.start) % self.frames + 1
                for frame in range(first, min(last, first + self.frames - 1) + 1)
            }
        else:
            # Before its start a sequence shows nothing, after its end it stays on the last.
            low, high = (min(max(edge - self.start + 1, 1), self.frames) for edge in (first, last))
            counted = set(range(low, high + 1)) if last >= self.start else set()
        return {number + self.offset for number in counted}


class ImageNeeds:
    """Answers for the images of one .blend; frame ranges are those of the main file's scenes."""

    def __init__(self, reader: BlendReader, frame_ranges: tuple[tuple[int, int], ...]) -> None:
        self._reader = reader
        self._frame_ranges = frame_ranges

    def fill(self, use: AssetUse, image: Any) -> AssetUse:
        """Return the use with the files that are there and those that lack."""
        source = image.get(b"source", default=cdefs.IMA_SRC_FILE)
        if not use.path.is_absolute():
            return replace(use, missing=(use.path,))
        if source == cdefs.IMA_SRC_TILED:
            return _fill_tiles(use, image)
        if source == cdefs.IMA_SRC_SEQUENCE:
            return self._fill_sequence(use, image)
        return fill_file(use)

    def _fill_sequence(self, use: AssetUse, image: Any) -> AssetUse:
        found = list_sequence(use.path)
        numbers = self._numbers(image)
        if numbers:
            missing = missing_frames(use.path, numbers)
        elif found:
            missing = missing_between(use.path, found)
        else:
            missing = (use.path,)
        return replace(use, files=found, missing=missing, is_sequence=missing == (use.path,))

    def _numbers(self, image: Any) -> set[int]:
        """Return the numbers that nodes will ask for in the scenes' own frame ranges."""
        numbers: set[int] = set()
        for user in self._users[image.addr_old]:
            for first, last in self._frame_ranges:
                numbers |= user.numbers(first, min(last, first + _FRAMES_MAX))
        return numbers

    @cached_property
    def _users(self) -> defaultdict[int, list[_ImageUser]]:
        users: defaultdict[int, list[_ImageUser]] = defaultdict(list)
        for image, user in self._walk_users():
            users[image].append(user)
        return users

    def _walk_users(self) -> Iterator[tuple[int, _ImageUser]]:
        node_type = self._reader.sdna_index_from_id.get(b"bNode")
        for block in self._reader.code_index[b"DATA"]:
            if block.sdna_index != node_type:
                continue
            storage = block.get_pointer(b"storage")
            if storage is None:
                continue
            if storage.dna_type_id in {b"NodeTexImage", b"NodeTexEnvironment"}:
                yield block[b"id"], _read_user(storage, (b"iuser",))
            elif storage.dna_type_id == b"ImageUser":
                yield block[b"id"], _read_user(storage, ())
        for texture in self._reader.find_blocks_from_code(b"TE"):
            yield texture[b"ima"], _read_user(texture, (b"iuser",))


def _read_user(block: Any, path: tuple[bytes, ...]) -> _ImageUser:
    frames, offset, start, cyclic = (
        block.get((*path, name) if path else name)
        for name in (b"frames", b"offset", b"sfra", b"cycl")
    )
    return _ImageUser(frames=frames, offset=offset, start=start, is_cyclic=bool(cyclic))


def _fill_tiles(use: AssetUse, image: Any) -> AssetUse:
    if not has_token(use.path):
        # Before tokens, the path named the first tile and the others were counted on from it.
        found = list_sequence(use.path)
        return replace(use, files=found, missing=() if found else (use.path,))
    first = image.get_pointer((b"tiles", b"first"), default=None)
    numbers = [tile[b"tile_number"] for tile in iterators.listbase(first)]
    wanted = [tile_path(use.path, number) for number in sorted(set(numbers) - {0})]
    missing = tuple(path for path in wanted if not path.is_file())
    found = list_sequence(use.path)
    return replace(use, files=found, missing=missing if wanted or found else (use.path,))
