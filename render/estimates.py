"""Estimates: what one frame of a scene will take, from a few frames rendered very small.

Render time is close to linear in the number of pixels: a part that every frame takes whatever its
size (evaluating the scene, building its acceleration structures) and a part per pixel. Two sizes
of the same frame give both; a few other frames at a small size give how much frames differ.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from render.hosts import Host, Limits, Look, SceneFacts, Shot
from render.renderers import HostKind

# Parts of the full picture's pixels: the smallest and the largest render of an estimate.
SMALL_PART = 1 / 256
LARGE_PART = 0.1
# How much of the time that is left one more render may take, by what is known before it.
SHARE_OF_TIME_LEFT = 0.5
# Two sizes closer than this say nothing: what is drawn through them is the noise of the machine.
GROWTH_MIN = 4.0
# What two renders of the same may differ by, as a part of their time.
NOISE = 0.2
SECONDS_MAX = 8.0
# A scene that takes long however small it is rendered is given the time of so many such renders.
SMALL_RENDERS_MAX = 8
SAMPLE_SECONDS_MAX = 600
# How many frames are tried: more of a longer job, so that an estimate stays a small part of it.
FRAMES_MIN, FRAMES_MAX, FRAMES_PER_SAMPLE = 3, 5, 20
# How far P90 lies above P50 at the least, by how good the ground is that P50 stands on.
SPREAD_OF_TWO_SIZES = 1.25
SPREAD_OF_ONE_SIZE = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One small render: a frame, how many pixels it had, and what it took."""

    frame: int
    pixels: int
    render_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameEstimate:
    """What one frame takes at full size, in most cases (P50) and in nearly all (P90).

    `first_ms` is what the very first small render took: textures read, kernels and shaders built.
    """

    p50_ms: int
    p90_ms: int
    first_ms: int
    samples: tuple[Sample, ...]


def estimate_frame(
    host: Host,
    facts: SceneFacts,
    *,
    frames: Sequence[int],
    look: Look | None = None,
    threads: int = 0,
    seconds_max: float = SECONDS_MAX,
    workdir: Path | None = None,
) -> FrameEstimate:
    """Render some of `frames` very small on a host that has the scene open, and estimate.

    `facts` are the scene's in this look.

    Takes about a second for a small scene; after the first small render, which any frame would
    have to wait for as well, no more than about `seconds_max`, or the time of a few renders that
    small where each takes long. Raises RenderFailure: a scene that fails here would fail at full
    size.
    """
    look = look or Look()
    width, height = facts.width, facts.height
    with tempfile.TemporaryDirectory(dir=workdir, prefix="estimate-") as folder:
        sampler = _Sampler(
            host=host,
            look=look,
            threads=threads,
            pixels=width * height,
            stem=Path(folder) / "sample",
        )
        middle = frames[len(frames) // 2]
        first = sampler.take(middle, SMALL_PART)
        # The first render's time has everything in it that comes only once, so here it is again;
        # a command has all of it in every frame.
        began = time.monotonic()
        is_command = host.renderer.spec.host is HostKind.COMMAND
        again = first if is_command else sampler.take(middle, SMALL_PART)
        deadline = began + max(seconds_max, again.render_ms / 1000 * SMALL_RENDERS_MAX)
        samples = _take_sizes(sampler, again, deadline)
        samples += _take_others(sampler, samples[-1], frames, deadline)
    return predict_frame(samples, pixels=width * height, first_ms=first.render_ms)


def predict_frame(samples: Sequence[Sample], *, pixels: int, first_ms: int = 0) -> FrameEstimate:
    """Return what a frame of `pixels` takes, from small renders; the first sample's frame leads.

    Pure. With several sizes of the leading frame it is the line through the smallest and the
    largest; where that does not rise, a P90 that admits how little is known.
    """
    assert samples
    leader = [sample for sample in samples if sample.frame == samples[0].frame]
    by_pixels = {sample.pixels: sample.render_ms for sample in leader}
    small, large = min(by_pixels), max(by_pixels)
    full_ms = _extrapolate([(small, by_pixels[small]), (large, by_pixels[large])], pixels)
    ratios = [1.0]
    for sample in samples:
        if sample.frame != samples[0].frame and by_pixels.get(sample.pixels):
            ratios.append(sample.render_ms / by_pixels[sample.pixels])
    middle = full_ms * statistics.median(ratios)
    rises = by_pixels[large] > by_pixels[small]
    spread = SPREAD_OF_TWO_SIZES if rises else SPREAD_OF_ONE_SIZE
    high = full_ms * max(ratios) * spread
    return FrameEstimate(
        p50_ms=max(1, round(middle)),
        p90_ms=max(1, round(high)),
        first_ms=first_ms,
        samples=tuple(samples),
    )


def choose_frames(frames: Sequence[int], count: int) -> list[int]:
    """Return `count` of the frames, evenly spread from the first to the last."""
    if len(frames) <= count:
        return list(frames)
    step = (len(frames) - 1) / (count - 1)
    return [frames[round(index * step)] for index in range(count)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sampler:
    """Renders frames of one scene at a part of their pixels."""

    host: Host
    look: Look
    threads: int
    pixels: int
    stem: Path

    def take(self, frame: int, part: float) -> Sample:
        """Render a frame at a part of its pixels. Raises RenderFailure."""
        shot = Shot(
            frame=frame,
            stem=self.stem,
            look=self.look,
            threads=self.threads,
            scale=sqrt(part),
        )
        rendered = self.host.render(shot, Limits(frame_seconds_max=SAMPLE_SECONDS_MAX))
        rendered.picture.unlink(missing_ok=True)
        return Sample(frame=frame, pixels=round(self.pixels * part), render_ms=rendered.render_ms)


def _take_sizes(sampler: _Sampler, smallest: Sample, deadline: float) -> list[Sample]:
    """Return samples of one frame at growing sizes, for as long as the next one fits.

    How long the next one takes is foreseen by looking ahead: at worst as much longer as it is
    larger, and once two sizes are known, as the line through them says and some noise more.
    """
    part, samples = SMALL_PART, [smallest]
    while part < LARGE_PART:
        left_ms = (deadline - time.monotonic()) * 1000 * SHARE_OF_TIME_LEFT
        growth = min(find_growth(samples, left_ms), LARGE_PART / part)
        if growth < min(GROWTH_MIN, LARGE_PART / part):
            if len(samples) > 1:
                break
            growth = GROWTH_MIN  # without a second size there is no estimate
        part *= growth
        samples.append(sampler.take(smallest.frame, part))
    return samples


def find_growth(samples: Sequence[Sample], left_ms: float) -> float:
    """Return how many times larger than the last sample one may be that takes the time left."""
    small, last = samples[0], samples[-1]
    at_worst = left_ms / max(1, last.render_ms)
    if len(samples) == 1:
        return at_worst
    rise_ms = max(0, last.render_ms - small.render_ms) + NOISE * last.render_ms
    slope = max(1.0, rise_ms) / (last.pixels - small.pixels)
    return max(at_worst, 1 + (left_ms - last.render_ms) / (slope * last.pixels))


def _take_others(
    sampler: _Sampler, known: Sample, frames: Sequence[int], deadline: float
) -> list[Sample]:
    """Return samples of other frames, at the size and so about the time of a known one."""
    samples: list[Sample] = []
    count = min(FRAMES_MAX, max(FRAMES_MIN, len(frames) // FRAMES_PER_SAMPLE))
    for frame in choose_frames(frames, count):
        left_ms = (deadline - time.monotonic()) * 1000
        if frame != known.frame and known.render_ms < left_ms * SHARE_OF_TIME_LEFT:
            samples.append(sampler.take(frame, known.pixels / sampler.pixels))
    return samples


def _extrapolate(points: list[tuple[int, int]], pixels: int) -> float:
    """Return the time at `pixels` on the line through two points."""
    (small, small_ms), (large, large_ms) = points[0], points[-1]
    if large_ms <= small_ms:
        # Nothing to tell the parts from each other but that noise hides the rise, if there is one;
        # of a single size, half of each is the guess that is the least wrong at worst.
        share = min(0.5, NOISE * large / (large - small)) if large > small else 0.5
        return large_ms * (1 - share + share * pixels / large)
    slope = (large_ms - small_ms) / (large - small)
    return max(0.0, large_ms - slope * large) + slope * pixels
