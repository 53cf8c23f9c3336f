"""Moving house in the window: a studio is founded, joined by invite, steered, and left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import shiboken6
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.application import make_stage
from desktop.main_window import MainWindow
from desktop.panels.form import Form
from desktop.panels.studio_forms import FoundForm, JoinForm
from desktop.preferences import Preferences
from desktop.server_watch import ServerState
from local_server.farm.db import open_database
from local_server.membership import read_card
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 90_000
Opener = Callable[[Path], MainWindow]


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Opener]:
    """Opens windows, each on a data directory of its own; they start their own servers."""
    windows: list[MainWindow] = []

    def open_on(data: Path) -> MainWindow:
        data.mkdir(exist_ok=True)
        preferences = Preferences(tmp_path / f"{data.name}.ini")
        preferences.language, preferences.keep_rendering = "en", False
        window = MainWindow(make_stage(qapp, preferences), preferences, data)
        windows.append(window)
        window.show()
        with qtbot.waitSignal(window.loaded, timeout=MS_MAX):
            window.watch.start()
        return window

    yield open_on
    for window in windows:
        window.close()
        shiboken6.delete(window)


def wait_for_studio(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Wait until the page of the studio shows a studio's name."""

    def is_there() -> bool:
        standing = window.sync_panel.standing
        return standing is not None and standing["studio"] == name

    qtbot.waitUntil(is_there, timeout=MS_MAX)


def find_hosts(window: MainWindow) -> dict[bool, str]:
    """Return the state of each machine: of this one under True, of another under False."""
    return {one["here"]: one["state"] for one in window.sync_panel.devices.items}


def test_a_studio_is_founded_joined_and_left(
    qtbot: QtBot, open_window: Opener, tmp_path: Path
) -> None:
    """Money comes along, the server ends and starts again, and a machine can be taken out."""
    with RunningFarm(tmp_path / "first", "--no-node") as farm:
        farm.top_up(10)
        first = open_window(tmp_path / "first")
        first.show_page("sync")
        qtbot.waitUntil(first.sync_panel.alone.isVisible, timeout=MS_MAX)
        assert not first.sync_panel.invite.isEnabled()
        assert first.sync_panel.invite.toolTip()
        old = first.watch.address
        first.sync_panel.found.click()
        form = first.studio_wire.form
        assert isinstance(form, FoundForm)
        assert not form.accept_button.isEnabled()
        form.name.setText("lantern-works")
        form.store.setText("oss://bucket/studio?region=cn-hangzhou")
        assert form.key_boxes[0].isVisible()
        form.store.setText(str(tmp_path / "nowhere" / "at" / "all"))
        assert not form.key_boxes[0].isVisible()
        form.accept_button.click()
        qtbot.waitUntil(form.problem.isVisible, timeout=MS_MAX)
        (tmp_path / "shared").mkdir()
        form.store.setText(str(tmp_path / "shared"))
        with qtbot.waitSignal(first.studio_wire.told, timeout=MS_MAX):
            form.accept_button.click()
            form.store.setText(str(tmp_path / "shared"))
            with qtbot.assertNotEmitted(form.sent):
                form.send()
            assert not first.sync_panel.join.isEnabled()
    assert first.sync_panel.join.isEnabled()
    wait_for_studio(qtbot, first, "lantern-works")
    assert first.watch.address != old
    qtbot.waitUntil(lambda: first.money_panel.balance is not None, timeout=MS_MAX)
    qtbot.waitUntil(
        lambda: (first.money_panel.balance or {}).get("total_micros") == 10_000_000,
        timeout=MS_MAX,
    )
    qtbot.waitUntil(first.sync_panel.invite.isEnabled, timeout=MS_MAX)
    assert not first.sync_panel.alone.isVisible()
    with qtbot.waitSignal(first.sync_wire.invited, timeout=MS_MAX):
        first.sync_panel.invite.click()
    invite = QGuiApplication.clipboard().text()
    second = open_window(tmp_path / "second")
    second.show_page("sync")
    second.sync_panel.join.click()
    joining = second.studio_wire.form
    assert isinstance(joining, JoinForm)
    joining.invite.setPlainText("this is no invite")
    joining.accept_button.click()
    qtbot.waitUntil(joining.problem.isVisible, timeout=MS_MAX)
    joining.invite.setPlainText(invite)
    with qtbot.waitSignal(second.studio_wire.told, timeout=MS_MAX):
        joining.accept_button.click()
    wait_for_studio(qtbot, second, "lantern-works")
    take_out(qtbot, first)
    steer_transfers(qtbot, first)
    hear_of_it(qtbot, second)


def take_out(qtbot: QtBot, window: MainWindow) -> None:
    """Take the other machine out of the studio, after a question."""
    panel = window.sync_panel
    qtbot.waitUntil(panel.now.isEnabled, timeout=MS_MAX)
    panel.now.click()
    qtbot.waitUntil(lambda: find_hosts(window) == {True: "member", False: "member"}, timeout=MS_MAX)
    row = next(at for at, one in enumerate(panel.devices.items) if not one["here"])
    panel.device_table.selectRow(row)
    assert panel.revoke.isEnabled()
    panel.revoke.click()
    [question] = [one for one in panel.findChildren(Form) if one.isVisible()]
    question.accept_button.click()
    qtbot.waitUntil(lambda: find_hosts(window).get(False) == "out", timeout=MS_MAX)


def hear_of_it(qtbot: QtBot, window: MainWindow) -> None:
    """Meet the studio as a machine that was taken out: it is told plainly, and what to do."""
    panel = window.sync_panel
    qtbot.waitUntil(panel.now.isEnabled, timeout=MS_MAX)
    panel.now.click()
    qtbot.waitUntil(lambda: window.side.server.text() == "Not in the studio", timeout=MS_MAX)
    assert "new data folder" in panel.detail.text()
    assert "go on working" not in panel.detail.text()


def steer_transfers(qtbot: QtBot, window: MainWindow) -> None:
    """Pause what travels, and limit it."""
    card = window.sync_panel.transfers
    card.pause.click()
    qtbot.waitUntil(lambda: bool(card.told and card.told["paused"]), timeout=MS_MAX)
    assert card.pause.text() == "Go on"
    assert card.told is not None
    bound = len(window.stage.theme.bound)
    card.set_transfers(card.told)
    assert len(window.stage.theme.bound) == bound
    card.limit.setValue(80)
    qtbot.waitUntil(lambda: bool(card.told and card.told["mbps"] == 80), timeout=MS_MAX)


def test_a_move_is_not_cut_off(qtbot: QtBot, open_window: Opener, tmp_path: Path) -> None:
    """Whoever closes the window meanwhile is told to wait; it closes by itself at the end."""
    (tmp_path / "kiln").mkdir()
    window = open_window(tmp_path / "closed")
    address = window.watch.address
    assert address is not None
    window.sync_panel.found_wanted.emit()
    form = window.studio_wire.form
    assert isinstance(form, FoundForm)
    form.name.setText("night-kiln")
    form.store.setText(str(tmp_path / "kiln"))
    form.accept_button.click()
    assert not window.close()
    assert window.toast.text.text() == window.stage.words.say("studio.wait")
    with qtbot.waitSignal(window.studio_wire.let_go, timeout=MS_MAX):
        assert window.isVisible()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=MS_MAX)
    card = read_card(open_database(window.data / "farm.db"))
    assert card.studio == "night-kiln"
    assert window.watch.state == ServerState.STOPPED
    assert not psutil.pid_exists(address.pid)
