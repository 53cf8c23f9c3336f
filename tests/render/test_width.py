"""How many frames side by side: decided from measured paces, tested on made-up ones."""

from render.width import Width


def feed(width: Width, *, seconds_per_frame: dict[int, float], frames: int, left: int) -> list[int]:
    """Let frames end at the pace that each width has; returns the widths that were used."""
    now, used = 0.0, []
    for number in range(frames):
        used.append(width.now)
        now += seconds_per_frame[width.now]
        width.note_frame(ended_at=now, frames_left=left - number)
    return used


def test_a_width_that_was_set_is_kept() -> None:
    width = Width(cores=8, fixed=3)
    assert set(feed(width, seconds_per_frame={3: 1.0}, frames=30, left=1000)) == {3}
    assert width.threads == 2


def test_a_short_job_is_never_experimented_with() -> None:
    width = Width(cores=8)
    assert set(feed(width, seconds_per_frame={1: 1.0}, frames=20, left=20)) == {1}
    assert width.threads == 8


def test_wider_is_kept_where_it_is_clearly_faster() -> None:
    width = Width(cores=4)
    used = feed(width, seconds_per_frame={1: 1.0, 2: 0.6, 4: 0.4}, frames=40, left=1000)
    assert used[0] == 1
    assert used[-1] == 4
    assert width.threads == 1


def test_wider_is_dropped_where_it_is_not_clearly_faster() -> None:
    width = Width(cores=2)
    used = feed(width, seconds_per_frame={1: 1.0, 2: 0.97}, frames=40, left=1000)
    assert 2 in used, "it was tried"
    assert used[-1] == 1
    assert width.settled
