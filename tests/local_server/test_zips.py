"""Zips of known length: any part continues any other, and every reader of zips takes them."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import Unavailable
from local_server.zips import FULL_16, FULL_32, StoredZip, ZipEntry, make_local
from sync.blobs import Digest, digest_bytes

AT_MS = int(datetime(2026, 11, 25, 18, 30, 8).timestamp() * 1000)
NOTHINGS = zlib.crc32(bytes(3))


def make_zip(files: dict[str, bytes]) -> StoredZip:
    """Return a zip of files in memory, which are read in odd pieces."""
    blobs = {digest_bytes(data): data for data in files.values()}
    entries = [
        ZipEntry(name=name, digest=digest_bytes(data), size_bytes=len(data), at_ms=AT_MS)
        for name, data in files.items()
    ]

    def read(digest: Digest) -> Iterator[bytes]:
        data = blobs[digest]
        return (data[start : start + 7] for start in range(0, len(data), 7))

    return StoredZip(entries=entries, read=read, add_up=lambda digest: zlib.crc32(blobs[digest]))


FILES = st.dictionaries(
    st.text("abc灯_é", min_size=1, max_size=8), st.binary(max_size=60), max_size=6
)


@given(files=FILES)
def test_what_is_read_is_what_was_put_in(files: dict[str, bytes]) -> None:
    zipped = make_zip(files)
    data = b"".join(zipped.stream(0, zipped.measure()))
    assert len(data) == zipped.measure()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
        for info in archive.infolist():
            assert info.date_time == (2026, 11, 25, 18, 30, 8)


@given(files=FILES, places=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_part_is_a_part_of_the_whole(
    files: dict[str, bytes], places: tuple[float, float]
) -> None:
    zipped = make_zip(files)
    size = zipped.measure()
    start, end = sorted(int(place * size) for place in places)
    whole = b"".join(zipped.stream(0, size))
    assert b"".join(zipped.stream(start, end)) == whole[start:end]
    assert b"".join(zipped.stream(end, size)) == whole[end:]


def test_its_mark_tells_it_from_others() -> None:
    one, other = make_zip({"a": b"1", "b": b"2"}), make_zip({"a": b"1", "b": b"3"})
    assert one.mark == make_zip({"a": b"1", "b": b"2"}).mark != other.mark


def test_files_before_a_part_are_not_read() -> None:
    zipped = make_zip({"a": b"1" * 50, "b": b"2" * 50})
    asked: list[Digest] = []

    def read(digest: Digest) -> Iterator[bytes]:
        asked.append(digest)
        return zipped.read(digest)

    watched = StoredZip(entries=zipped.entries, read=read, add_up=zipped.add_up)
    begins = zipped.starts[1]
    assert b"2" * 50 in b"".join(watched.stream(begins, watched.starts[-1]))
    assert asked == [zipped.entries[1].digest]


def test_a_file_of_another_length_ends_it() -> None:
    zipped = make_zip({"a": b"123"})
    short = StoredZip(entries=zipped.entries, read=lambda _: iter([b"12"]), add_up=lambda _: 0)
    with pytest.raises(Unavailable, match="blob_damaged"):
        list(short.stream(0, short.measure()))


def test_files_and_places_beyond_32_bits(tmp_path: Path) -> None:
    """A zip of 9 GiB, of which only headers and directory are really written."""
    sizes = (FULL_32 - 1, FULL_32, 3, FULL_32 + 9)
    entries = [
        ZipEntry(name=f"{place}.exr", digest=Digest("0" * 64), size_bytes=size, at_ms=AT_MS)
        for place, size in enumerate(sizes)
    ]
    zipped = StoredZip(entries=entries, read=lambda _: iter(()), add_up=lambda _: NOTHINGS)
    path = tmp_path / "huge.zip"
    with path.open("wb") as file:
        for one, start in zip(entries, zipped.starts, strict=False):
            file.seek(start)
            file.write(make_local(one, NOTHINGS))
        file.seek(zipped.starts[-1])
        for piece in zipped.stream(zipped.starts[-1], zipped.measure()):
            file.write(piece)
    assert path.stat().st_size == zipped.measure()
    with zipfile.ZipFile(path) as archive:
        found = [(one.filename, one.file_size, one.CRC) for one in archive.infolist()]
        assert found == [(one.name, one.size_bytes, NOTHINGS) for one in entries]
        assert [one.header_offset for one in archive.infolist()] == list(zipped.starts[:-1])
        with archive.open("2.exr") as file:  # its header is where the directory says
            assert file.read(3) == b"\0\0\0"


def test_more_files_than_16_bits_can_count() -> None:
    zipped = make_zip({f"{number:05}": b"" for number in range(FULL_16 + 1)})
    data = b"".join(zipped.stream(0, zipped.measure()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == FULL_16 + 1
