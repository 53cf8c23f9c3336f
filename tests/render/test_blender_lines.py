"""Blender's lines, as real versions printed them."""

from pathlib import Path

import pytest

from render.blender_lines import Said, parse_line

LOGS = Path(__file__).with_name("logs")


def read_log(name: str) -> list[Said]:
    lines = (LOGS / name).read_text(encoding="utf-8").splitlines()
    return [said for said in map(parse_line, lines) if said is not None]


@pytest.mark.parametrize(
    ("log", "samples", "remaining_ms"),
    [
        ("blender-3.4.1-cycles.txt", [0, 1, 80, 224, 384, 400], [11990, 9340, 2060, 110]),
        ("blender-4.5.15-cycles.txt", [0, 1, 80, 128, 144, 160, 176, 192, 200], None),
        ("blender-5.0.1-cycles.txt", [0, 1, 80, 96, 112, 128, 144, 160, 176, 192, 200], None),
        ("blender-3.4.1-eevee.txt", [1, 8], []),
    ],
)
def test_samples_are_read(log: str, samples: list[int], remaining_ms: list[int] | None) -> None:
    told = read_log(log)
    assert [said.sample for said in told if said.sample is not None] == samples
    assert {said.samples for said in told if said.samples} == {samples[-1]}
    if remaining_ms is not None:
        assert [said.remaining_ms for said in told if said.remaining_ms] == remaining_ms


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "Fra:1 Mem:9M | Remaining:01:02:03.50 | Sample 3/9",
            Said(sample=3, samples=9, remaining_ms=3723500),
        ),
        ("00:07.100  render | Fra:2 | Rendered 3/16 Tiles", Said(sample=3, samples=16)),
        ("Fra:3 Mem:11.13M | Scene, ViewLayer | Finished", None),
        ("Mem: 2M | Finished", None),
        ("Saved: 'Sample 1/2.png'", None),
        ("Warning: Sample 3/4 of the sky", None),
    ],
)
def test_line_says(line: str, said: Said | None) -> None:
    assert parse_line(line) == said
