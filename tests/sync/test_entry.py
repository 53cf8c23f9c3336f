"""Entries: one form only, and nothing else is read."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_server.farm.errors import BadInput
from sync.entry import (
    DEPTH_MAX,
    ENTRY_BYTES_MAX,
    LINE_BYTES_MAX,
    OPERATIONS_MAX,
    Header,
    Operation,
    digest_entry,
    entry_key,
    read_entry,
    read_quickly,
    read_slowly,
    write_canonical,
    write_entry,
)
from sync.store import check_key
from tests.sync.scribe import make_key

KEY = make_key("one")
HEADER = Header(
    studio="studio", log="t", seq=7, prev="ab" * 32, ts=6, signer="cd" * 16, wall_ms=1_790_000_000
)
MINT: Operation = {"op": "mint", "id": "m", "amount_micros": 5, "line": {"为": "什么"}}
GOOD = write_entry(HEADER, (MINT,), KEY)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_what_is_written_is_read() -> None:
    entry = read_entry(GOOD)
    assert (entry.header, entry.operations) == (HEADER, (MINT,))
    assert entry.is_signed_by(KEY.public_key())
    assert not entry.is_signed_by(make_key("another").public_key())
    assert len(digest_entry(GOOD)) == 64


def test_an_entry_says_what_it_says_to_the_byte() -> None:
    assert GOOD.splitlines()[0] == (
        b'{"log":"t","prev":"' + b"ab" * 32 + b'","seq":7,"signer":"' + b"cd" * 16 + b'",'
        b'"studio":"studio","ts":6,"v":1,"wall_ms":1790000000}'
    )
    assert GOOD.splitlines()[1].decode() == (
        '{"amount_micros":5,"id":"m","line":{"为":"什么"},"op":"mint"}'
    )


@given(st.lists(st.dictionaries(st.text(), values, max_size=4), min_size=1, max_size=4))
def test_any_operations_come_back(told: list[Operation]) -> None:
    operations = tuple(one | {"op": "x"} for one in told)
    try:
        data = write_entry(HEADER, operations, KEY)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    assert read_entry(data).operations == operations


def test_what_lies_deep_is_read_down_to_a_limit() -> None:
    deep = '{"op":"x","x":' + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1) + "}"
    assert read_quickly(deep.encode()) == read_slowly(deep.encode())


numbers = st.from_regex(r"-?[0-9]{1,30}([.][0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
SIGNS = ['{"', '":', '"}', ",", "[", "]", "{", "}", '"', '"a":', "null", "true", "NaN", "e", "为"]
ESCAPES = [" ", "\n", r"\u0001", r"\n", r"\/", r"\ud800", r"\u007f", "\x7f", "\u2028"]
pieces = st.sampled_from([*SIGNS, *ESCAPES])
lines = st.lists(pieces | numbers, max_size=12).map("".join)
tables = st.dictionaries(st.text(), values, max_size=4)


@given(
    lines
    | lines.map(lambda text: '{"x":' + text + "}")
    | numbers.map(lambda text: '{"x":' + text + "}")
    | tables.map(write_canonical)
    | tables.map(lambda table: json.dumps(table, separators=(",", ":")))
)
def test_reading_quickly_is_reading_slowly(line: str) -> None:
    """The quick reader takes nothing that the slow one refuses, and says the same of it."""
    with suppress(UnicodeEncodeError):
        told = read_quickly(line.encode())
        assert told is None or repr(told) == repr(read_slowly(line.encode()))


@given(st.binary(max_size=40).map(lambda data: b'{"x":"' + data + b'"}'))
def test_bytes_that_are_no_text_are_refused(line: bytes) -> None:
    told = read_quickly(line)
    with suppress(BadInput):
        assert told in (None, read_slowly(line))
        return
    assert told is None


@given(tables)
def test_what_is_canonical_is_read_quickly(table: Operation) -> None:
    with suppress(UnicodeEncodeError):
        line = write_canonical(table).encode()
        assert repr(read_quickly(line)) == repr(read_slowly(line))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, by: int) -> None:
    changed = bytearray(GOOD)
    changed[at] ^= by
    with suppress(BadInput):
        assert not read_entry(bytes(changed)).is_signed_by(KEY.public_key())


@given(st.binary(max_size=300))
def test_noise_is_no_entry(data: bytes) -> None:
    with pytest.raises(BadInput, match="entry_malformed"):
        read_entry(data)


@pytest.mark.parametrize(
    "line",
    [
        '{"op":"mint","op":"mint"}',
        '{"op": "mint"}',
        '{"z":1,"op":"mint"}',
        '{"amount":1.0,"op":"mint"}',
        '{"amount":1e3,"op":"mint"}',
        '{"amount":NaN,"op":"mint"}',
        '{"amount":-0,"op":"mint"}',
        '{"\\u006fp":"mint"}',
        '{"op":"mint","x":"\\ud800"}',
        '["op"]',
        '{"op":1}',
        "{}",
        "",
        "[" * 5_000,
        '{"op":"' + "x" * LINE_BYTES_MAX + '"}',
        '{"op":"x","x":' + "9" * 5_000 + "}",
        '{"op":"x","x":' + "[" * DEPTH_MAX + "]" * DEPTH_MAX + "}",
        '{"op":"x","x":' + "[" * 300 + "]" * 300 + "}",
    ],
)
def test_other_forms_are_refused(line: str) -> None:
    header = GOOD.splitlines()[0]
    signed = header + b"\n" + line.encode() + b"\n"
    data = signed + b'{"signature":"%s"}\n' % KEY.sign(signed).hex().encode()
    with pytest.raises(BadInput, match="entry_malformed"):
        read_entry(data)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"seq": -1},
        {"seq": 10**10},
        {"seq": True},
        {"log": "d/UP/0001"},
        {"log": "d/dev/1"},
        {"prev": "AB" * 32},
        {"signer": ""},
        {"more": 1},
        {"wall_ms": "now"},
    ],
)
def test_other_headers_are_refused(change: dict[str, object]) -> None:
    header = json.loads(GOOD.splitlines()[0]) | change
    signed = json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b'\n{"op":"x"}\n'
    data = signed + b'{"signature":"%s"}\n' % KEY.sign(signed).hex().encode()
    with pytest.raises(BadInput, match="entry_malformed"):
        read_entry(data)


def test_there_are_limits() -> None:
    many = b"".join([GOOD.splitlines()[0], b"\n", b'{"op":"x"}\n' * (OPERATIONS_MAX + 1)])
    data = many + b'{"signature":"%s"}\n' % KEY.sign(many).hex().encode()
    for one in (data, b"x" * (ENTRY_BYTES_MAX + 1)):
        with pytest.raises(BadInput, match="entry_malformed"):
            read_entry(one)


def test_keys_obey_the_grammar_of_the_store() -> None:
    assert check_key(entry_key("studio", "t", 12)) == "v1/studio/t/0000000012"
    assert check_key(entry_key("studio", "d/dev/0003", 1)) == "v1/studio/d/dev/0003/0000000001"
