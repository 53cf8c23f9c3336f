"""What a renderer says and how far it is reach who follows the job, as the log has it."""

from tests.end_to_end.conftest import Scenes
from tests.end_to_end.running_farm import RunningFarm, wait_until
from tests.local_server.listener import listening


def test_lines_and_progress_of_a_real_render_are_heard(farm: RunningFarm, scenes: Scenes) -> None:
    with listening(farm) as one:
        farm.submit("followed", scenes.slow, fresh=True)
        assert "last" in one.ask("subscribe", job="followed", log=True)
        farm.wait_for_rest("followed")
        wait_until(
            lambda: {told["frame"] for told in one.list_kind("log")} == {1, 2, 3, 4},
            seconds=60,
            what="every frame's renderer is heard",
        )
        assert "last" in one.ask("unsubscribe", job="followed")
    for number in (1, 2, 3, 4):
        told = [said for said in one.list_kind("log") if said["frame"] == number]
        log = farm.get(f"/jobs/followed/frames/{number}/log").splitlines()
        heard = [line for said in told for line in said["lines"]]
        assert heard and heard == log[-len(heard) :], "in order, and none is left out"
        assert {said["job"] for said in told} == {"followed"}
    fractions = [said["fraction"] for said in one.list_kind("progress")]
    assert fractions and all(0 < fraction <= 1 for fraction in fractions)
