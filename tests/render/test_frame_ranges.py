"""Frame ranges: what is understood, and the code and proposal for what is not."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.frame_ranges import FRAMES_MAX, FrameRangeError, format_frames, parse_frames


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", (7,)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("1-20x5", (1, 6, 11, 16)),
        ("1,5,10-12", (1, 5, 10, 11, 12)),
        ("10-12,1", (10, 11, 12, 1)),
        ("1-3,2-4,3", (1, 2, 3, 4)),
        ("-3", (-3,)),
        ("-5--3", (-5, -4, -3)),
        ("-1-1", (-1, 0, 1)),
        (" 1 - 3 , 9 ", (1, 2, 3, 9)),
        ("１－３，９", (1, 2, 3, 9)),
        ("1–3", (1, 2, 3)),
        ("1-3, ", (1, 2, 3)),
        ("1 5  7-8", (1, 5, 7, 8)),
    ],
)
def test_range_gives_its_frames(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        ("", "frames_empty", {}),
        (" , ", "frames_empty", {}),
        ("1,,2", "frames_gap", {"text": "1,,2", "proposal": "1,2"}),
        (",1-3", "frames_gap", {"text": ",1-3", "proposal": "1-3"}),
        ("a-b", "frames_not_a_range", {"text": "a-b"}),
        ("1-", "frames_not_a_range", {"text": "1-"}),
        ("1.5", "frames_not_a_range", {"text": "1.5"}),
        ("1-10x0", "frames_not_a_range", {"text": "1-10x0"}),
        ("1-10:3", "frames_not_a_range", {"text": "1-10:3"}),
        ("20-1", "frames_reversed", {"text": "20-1", "proposal": "1-20"}),
        ("20-1x2", "frames_reversed", {"text": "20-1x2", "proposal": "1-20x2"}),
        ("1-1000001", "frames_huge", {"count": FRAMES_MAX + 1, "limit": FRAMES_MAX}),
        ("99999999", "frames_too_far", {"frame": 99999999, "limit": 1048574}),
    ],
)
def test_bad_range_says_what_is_wrong(text: str, code: str, params: dict[str, object]) -> None:
    with pytest.raises(FrameRangeError) as caught:
        parse_frames(text)
    assert (caught.value.code, caught.value.params) == (code, params)


def test_proposal_is_itself_a_range() -> None:
    with pytest.raises(FrameRangeError) as caught:
        parse_frames("-1--9x4")
    assert parse_frames(str(caught.value.params["proposal"])) == (-9, -5, -1)


@given(st.sets(st.integers(-500, 500), min_size=1))
def test_formatted_frames_read_back(frames: set[int]) -> None:
    assert parse_frames(format_frames(frames)) == tuple(sorted(frames))


@given(st.text(alphabet="0123456789-,x :a.", max_size=12))
def test_any_text_is_frames_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(FrameRangeError):
        frames = parse_frames(text)
        assert len(set(frames)) == len(frames) > 0
