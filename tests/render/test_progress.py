"""Progress between a renderer's words: it rises, is not told too often, and never ends early."""

from hypothesis import given
from hypothesis import strategies as st

from render.hosts import Progress
from render.progress import TELL_SECONDS, ProgressTeller


class Stand:
    """A teller with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[Progress] = []
        self.teller = ProgressTeller(self.told.append, clock=lambda: self.now)


def test_fraction_grows_by_the_remaining_time() -> None:
    stand = Stand()
    stand.teller.hear(sample=1, samples=513, remaining_ms=10_000)
    stand.now = 5.0
    stand.teller.tick()
    assert 0.49 < stand.told[-1].fraction < 0.51
    assert 250 < stand.told[-1].sample < 260
    assert stand.told[-1].remaining_ms == 5000
    stand.now = 60.0
    stand.teller.tick()
    assert stand.told[-1].fraction == 0.99


def test_it_is_told_five_times_a_second_at_most() -> None:
    stand = Stand()
    for step in range(1000):
        stand.now = step * 0.01
        stand.teller.hear(sample=step, samples=1000)
    assert len(stand.told) <= 10 / TELL_SECONDS + 1


def test_a_silent_renderer_is_not_repeated() -> None:
    stand = Stand()
    for step in range(100):
        stand.now = step * 1.0
        stand.teller.tick()
    assert len(stand.told) == 1


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5),
            st.integers(0, 64),
            st.one_of(st.none(), st.integers(0, 20_000)),
        ),
        max_size=30,
    )
)
def test_fraction_never_falls(words: list[tuple[float, int, int | None]]) -> None:
    stand = Stand()
    for pause, sample, remaining_ms in words:
        stand.now += pause
        stand.teller.tick()
        stand.teller.hear(sample=sample, samples=64, remaining_ms=remaining_ms)
    stand.teller.finish()
    fractions = [progress.fraction for progress in stand.told]
    assert fractions == sorted(fractions)
    assert all(0 <= progress.sample <= 64 for progress in stand.told)
