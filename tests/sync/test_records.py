"""Frame records: the first stands, whoever comes later and from wherever."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput, Unavailable
from sync.blobs import Digest
from sync.memory_store import MemoryStore
from sync.records import FrameRecord, find_record, parse_record, put_record, record_key
from sync.store import Store, is_key
from tests.sync.conftest import STUDIO, make_folder_store

RECIPE, PICTURE = Digest("12" * 32), Digest("34" * 32)
RECORD = FrameRecord(
    recipe=RECIPE,
    number=7,
    job="4f2a9c",
    attempt=1,
    node="node-1",
    picture=PICTURE,
    size_bytes=1234,
    extension=".png",
    thumbnail=None,
    width=320,
    height=180,
    render_ms=900,
    load_ms=50,
    cores=2,
    warnings=("frame_black",),
    finished_at_ms=1_700_000_000_000,
)

RACER = """
import sys
from dataclasses import replace
from pathlib import Path
from sync.folder_store import FolderStore
from sync.records import parse_record, put_record
store, record = FolderStore(Path(sys.argv[1])), parse_record(sys.argv[3].encode())
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    mine = replace(record, number=number, node=sys.argv[2])
    print(put_record(store, "studio", mine).node, flush=True)
"""


def test_the_first_record_stands(store: Store) -> None:
    assert find_record(store, STUDIO, RECIPE, 7) is None
    assert put_record(store, STUDIO, RECORD) == RECORD
    assert put_record(store, STUDIO, replace(RECORD, node="node-2", attempt=2)) == RECORD
    assert find_record(store, STUDIO, RECIPE, 7) == RECORD
    assert find_record(store, STUDIO, RECIPE, -7) is None
    assert find_record(store, "other", RECIPE, 7) is None


def test_processes_agree_on_who_was_first(tmp_path: Path) -> None:
    store = make_folder_store(tmp_path)
    command = [sys.executable, "-c", RACER, str(tmp_path / "store")]
    racers = [
        subprocess.Popen(
            [*command, name, RECORD.to_bytes().decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("node-1", "node-2", "node-3")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    answers = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        answers.append(racer.communicate()[0].split())
    assert answers[0] == answers[1] == answers[2]
    for number, node in enumerate(answers[0]):
        found = find_record(store, STUDIO, RECIPE, number)
        assert found is not None
        assert found.node == node


WHOLE = st.integers(min_value=0, max_value=2**53)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: Digest(raw.hex()))


@given(
    number=st.integers(min_value=-(10**9), max_value=10**9),
    thumbnail=st.none() | DIGESTS,
    numbers=st.tuples(*[WHOLE] * 6),
    warnings=st.lists(st.text(max_size=20, alphabet=st.characters(exclude_categories=["Cs"]))),
)
def test_a_record_comes_back_as_it_was(
    number: int, thumbnail: Digest | None, numbers: tuple[int, ...], warnings: list[str]
) -> None:
    width, height, render_ms, load_ms, cores, size_bytes = numbers
    record = replace(
        RECORD,
        number=number,
        thumbnail=thumbnail,
        width=width,
        height=height,
        render_ms=render_ms,
        load_ms=load_ms,
        cores=cores,
        size_bytes=size_bytes,
        warnings=tuple(warnings),
    )
    store = MemoryStore()
    assert put_record(store, STUDIO, record) == record
    assert find_record(store, STUDIO, RECIPE, number) == record
    assert parse_record(record.to_bytes()) == record
    assert json.loads(json.dumps(record.to_dict())) == record.to_dict()
    assert is_key(record_key(STUDIO, RECIPE, number))


@given(numbers=st.lists(st.integers(min_value=0, max_value=10**9), unique=True))
def test_keys_sort_as_frames_do(numbers: list[int]) -> None:
    keys = [record_key(STUDIO, RECIPE, number) for number in sorted(numbers)]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "change",
    [
        {"width": -1},
        {"width": True},
        {"width": 1.5},
        {"picture": "../../etc/passwd"},
        {"picture": "AB" * 32},
        {"thumbnail": "x"},
        {"extension": "/../x"},
        {"extension": ""},
        {"warnings": "black"},
        {"warnings": [1]},
        {"job": None},
        {"surprise": 1},
    ],
)
def test_what_is_no_record_is_refused(store: Store, change: dict[str, object]) -> None:
    document = {"version": 1, **asdict(RECORD), "warnings": [], **change}
    data = json.dumps(document).encode()
    with pytest.raises(BadInput) as caught:
        parse_record(data)
    assert caught.value.code == "record_malformed"
    store.put_if_absent(record_key(STUDIO, RECIPE, 7), data)
    readers: list[Callable[[], object]] = [
        lambda: find_record(store, STUDIO, RECIPE, 7),
        lambda: put_record(store, STUDIO, RECORD),
    ]
    for read in readers:
        with pytest.raises(Unavailable) as damaged:
            read()
        assert damaged.value.code == "record_damaged"


@given(st.binary(max_size=300))
def test_noise_is_no_record(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_record(data)


def test_a_record_under_the_key_of_another_frame_is_damage(store: Store) -> None:
    store.put_if_absent(record_key(STUDIO, RECIPE, 8), RECORD.to_bytes())
    with pytest.raises(Unavailable):
        find_record(store, STUDIO, RECIPE, 8)


def test_a_record_that_could_not_be_read_back_is_not_written(store: Store) -> None:
    with pytest.raises(BadInput):
        put_record(store, STUDIO, replace(RECORD, extension="../x"))
    with pytest.raises(BadInput):
        put_record(store, STUDIO, replace(RECORD, number=10**10))
    assert store.list("") == ()
