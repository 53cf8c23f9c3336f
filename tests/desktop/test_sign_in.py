"""A workstation that several people use: sign-up, sign-in, sign-out, and a sign-in that is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.client import Problem
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.stage import Stage
from tests.desktop.artist import (
    CHECK_MS_MAX,
    click,
    drop,
    open_window,
    render_dropped,
    wait_for_state,
    write_scene,
)
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 60_000
PASSWORD = "sunlit-kiln-42"  # noqa: S105


@pytest.fixture(scope="module")
def shared_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A farm where everybody has to sign in, and may make an account."""
    with RunningFarm(tmp_path_factory.mktemp("shared") / "data") as running:
        password, admin = {"password": PASSWORD}, running.get("/me")["name"]
        url = running.address
        assert running.session.put(f"{url}/me/password", json=password, timeout=30).ok
        rules = {"shared": True, "sign_up": True}
        assert running.session.patch(f"{url}/rules", json=rules, timeout=30).ok
        told = running.post("/sessions", password | {"login": admin})
        running.session.headers["Authorization"] = f"Bearer {told['access_token']}"
        yield running


def wait_for_page(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Wait until a page is shown."""
    page = window.panels[name]
    qtbot.waitUntil(lambda: window.pages.currentWidget() is page, timeout=MS_MAX)


def render_for_money(qtbot: QtBot, window: MainWindow, farm: RunningFarm, scene: Path) -> None:
    """Render a scene as somebody who has nothing until an admin gives it to them."""
    [person] = [one for one in farm.get("/people")["items"] if one["name"] == "Lin"]
    drop(window, scene)
    [card] = window.new_panel.cards
    qtbot.waitUntil(lambda: card.check is not None, timeout=CHECK_MS_MAX)
    qtbot.waitUntil(lambda: "¥0.00" in card.most.text(), timeout=MS_MAX)
    assert "Ask an admin" in card.most.text()
    settings = window.settings_panel
    for one in (window.sync_panel.join, settings.restart, settings.store.change):
        assert one.isHidden()
    assert not card.button.isEnabled()
    farm.post("/topups", {"id": "gift", "amount_micros": 9_000_000, "account": person["id"]})
    qtbot.waitUntil(lambda: window.side.balance.text() == "¥9.00", timeout=MS_MAX)
    qtbot.waitUntil(card.button.isEnabled, timeout=MS_MAX)
    with qtbot.waitSignal(window.submission_wire.submitted, timeout=MS_MAX) as sent:
        click(qtbot, card.button)
    job = str(sent.args[0]["id"])
    wait_for_state(qtbot, window, job, "completed")
    qtbot.waitUntil(lambda: len(window.frames.list_pictured()) == 2, timeout=MS_MAX)
    assert farm.get("/balance", account=person["id"])["free_micros"] < 9_000_000


def renew_once(qtbot: QtBot, window: MainWindow) -> None:
    """Ask for new tokens twice at a time: one that is shown twice would end the session."""
    sign_in, before = window.sign_in, window.sign_in.refresh_token
    sign_in.renew()
    sign_in.renew()
    assert window.client.token, "requests go on meanwhile"
    qtbot.waitUntil(lambda: sign_in.refresh_token != before, timeout=MS_MAX)
    assert not sign_in.is_asking


def renew_after_sleep(qtbot: QtBot, window: MainWindow) -> None:
    """What is refused while new tokens are under way is asked for again when they come."""
    sign_in = window.sign_in
    late = Problem(code="token_expired", status=401, title="", detail="")
    sign_in.renew()
    with qtbot.waitSignal(sign_in.ready, timeout=MS_MAX):
        window.client.refused.emit(late, window.client.credential)


def refuse_late(qtbot: QtBot, window: MainWindow) -> None:
    """A refusal of what was asked before the tokens came says nothing of them."""
    client, token = window.client, window.client.token
    client.token = ""
    with qtbot.waitSignal(client.refused, timeout=MS_MAX):
        client.get("/me")
        client.token = token
    assert window.client.token == token
    assert window.sign_in.session


def test_from_sign_up_to_sign_out(
    qtbot: QtBot,
    stage: Stage,
    preferences: Preferences,
    shared_farm: RunningFarm,
    tmp_path: Path,
) -> None:
    """Somebody new comes, renders, goes, comes back, and is known the next time."""
    window = open_window(qtbot, stage, preferences, shared_farm.data)
    wait_for_page(qtbot, window, "sign_in")
    panel = window.sign_in_panel
    assert not window.side.buttons["money"].isEnabled()
    assert panel.other.isVisible()
    panel.turn_back()
    panel.name.setText("Lin")
    panel.password.setText("12345678")
    panel.send()
    qtbot.waitUntil(lambda: bool(panel.problem.text()), timeout=MS_MAX)
    panel.password.setText(PASSWORD)
    panel.send()
    wait_for_page(qtbot, window, "jobs")
    assert window.side.person.text() == "Lin"
    qtbot.waitUntil(
        lambda: window.jobs.is_filled and window.live.socket is not None, timeout=MS_MAX
    )
    window.sign_in.background.pool.waitForDone(MS_MAX)
    render_for_money(qtbot, window, shared_farm, write_scene(tmp_path, frames=2, ground="rgb 0.45"))
    window.close()

    again = open_window(qtbot, stage, preferences, shared_farm.data)
    qtbot.waitUntil(lambda: again.side.person.text() == "Lin", timeout=MS_MAX)
    renew_once(qtbot, again)
    renew_after_sleep(qtbot, again)
    refuse_late(qtbot, again)
    qtbot.waitUntil(lambda: again.jobs.is_filled, timeout=MS_MAX)
    job = render_dropped(
        qtbot, again, write_scene(tmp_path, frames=60, ground="rgb 0.46"), frames=60
    )
    wait_for_state(qtbot, again, job, "running")
    again.jobs_wire.order("cancel", [job])
    again.side.sign_out_wanted.emit()
    wait_for_page(qtbot, again, "sign_in")
    assert shared_farm.get(f"/jobs/{job}")["state"] == "cancelled"
    panel = again.sign_in_panel
    panel.name.setText("lin")
    panel.password.setText("not the password")
    panel.send()
    qtbot.waitUntil(lambda: bool(panel.problem.text()), timeout=MS_MAX)
    drop(again, tmp_path / "sphere.pov")  # it waits for whoever signs in
    assert again.pages.currentWidget() is panel
    panel.password.setText(PASSWORD)
    panel.send()
    wait_for_page(qtbot, again, "submission")
    assert len(again.new_panel.cards) == 1
    again.sign_in.sign_out()
    wait_for_page(qtbot, again, "sign_in")
    assert not again.new_panel.cards
    assert not again.early
    again.sign_in.background.pool.waitForDone(MS_MAX)
    assert not (shared_farm.data / "desktop-sign-in").exists()
    again.close()
