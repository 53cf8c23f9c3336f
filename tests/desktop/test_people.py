"""People in the window: an admin's page, and a password that was forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDoubleSpinBox, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.panels.form import Form
from desktop.preferences import Preferences
from desktop.stage import Stage
from tests.end_to_end.running_farm import RunningFarm

MS_MAX = 60_000
PASSWORD, NEW_PASSWORD = "sunlit-kiln-42", "moonlit-kiln-43"


@pytest.fixture(scope="module")
def quiet_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFarm]:
    """A server whose machine has one user so far."""
    with RunningFarm(tmp_path_factory.mktemp("people") / "data", "--no-node") as running:
        running.top_up(50)
        yield running


@pytest.fixture
def admin_window(
    qtbot: QtBot, quiet_farm: RunningFarm, stage: Stage, preferences: Preferences
) -> Iterator[MainWindow]:
    """The window of whoever the machine belongs to."""
    window = MainWindow(stage, preferences, quiet_farm.data)
    qtbot.addWidget(window)
    window.show()
    with qtbot.waitSignal(window.loaded, timeout=MS_MAX):
        window.watch.start()
    yield window
    window.close()


def find_form(qtbot: QtBot, window: MainWindow, title: str) -> Form:
    """Return the form of a title that is open."""
    forms: list[Form] = []

    def is_open() -> bool:
        found = window.findChildren(Form)
        forms[:] = [one for one in found if one.isVisible() and one.windowTitle() == title]
        return bool(forms)

    qtbot.waitUntil(is_open, timeout=MS_MAX)
    return forms[0]


def choose(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Choose somebody in the list."""
    panel = window.people_panel
    qtbot.waitUntil(lambda: name in [one["name"] for one in panel.model.items], timeout=MS_MAX)
    names = [one["name"] for one in panel.model.items]
    panel.table.selectRow(names.index(name))
    qtbot.waitUntil(lambda: (panel.person or {}).get("name") == name, timeout=MS_MAX)


def find_person(farm: RunningFarm, name: str) -> dict[str, str]:
    """Return somebody as the server knows them."""
    found: dict[str, str] = next(one for one in farm.get("/people")["items"] if one["name"] == name)
    return found


def test_an_admin_looks_after_people(
    qtbot: QtBot, admin_window: MainWindow, quiet_farm: RunningFarm
) -> None:
    """Somebody is added, ranked, given money, given a code, and removed."""
    window, panel = admin_window, admin_window.people_panel
    qtbot.waitUntil(window.side.buttons["people"].isVisible, timeout=MS_MAX)
    window.side.buttons["people"].click()
    panel.add.click()
    form = find_form(qtbot, window, "Add somebody")
    name, _, password = form.findChildren(QLineEdit)
    name.setText("Mei")
    password.setText("short")
    form.accept_button.click()
    qtbot.waitUntil(form.problem.isVisible, timeout=MS_MAX)
    password.setText(PASSWORD)
    form.accept_button.click()
    choose(qtbot, window, "Mei")
    panel.role.setCurrentIndex(panel.role.findData("producer"))
    panel.role.activated.emit(panel.role.currentIndex())
    qtbot.waitUntil(lambda: find_person(quiet_farm, "Mei")["role"] == "producer", timeout=MS_MAX)
    choose(qtbot, window, "Mei")
    panel.level.setCurrentIndex(panel.level.count() - 1)
    panel.level.activated.emit(panel.level.currentIndex())
    qtbot.waitUntil(
        lambda: find_person(quiet_farm, "Mei")["level"] == panel.level.currentData(),
        timeout=MS_MAX,
    )
    choose(qtbot, window, "Mei")
    panel.deeds["top_up"].click()
    form = find_form(qtbot, window, "Top up")
    [amount] = form.findChildren(QDoubleSpinBox)
    amount.setValue(7.5)
    form.accept_button.click()
    account = find_person(quiet_farm, "Mei")["id"]
    qtbot.waitUntil(
        lambda: quiet_farm.get("/balance", account=account)["total_micros"] == 7_500_000,
        timeout=MS_MAX,
    )
    choose(qtbot, window, "Mei")
    panel.deeds["code"].click()
    find_form(qtbot, window, "One-time code").accept_button.click()
    assert len(QGuiApplication.clipboard().text()) > 5
    panel.deeds["remove"].click()
    find_form(qtbot, window, "Remove").accept_button.click()
    qtbot.waitUntil(lambda: "Mei" not in [one["name"] for one in panel.model.items], timeout=MS_MAX)


def test_money_goes_out_and_the_level_is_told(
    qtbot: QtBot, admin_window: MainWindow, quiet_farm: RunningFarm
) -> None:
    """A lone workstation is its own admin."""
    window = admin_window
    window.show_page("money")
    panel = window.money_panel
    qtbot.waitUntil(panel.withdraw.isVisible, timeout=MS_MAX)
    qtbot.waitUntil(lambda: "Standard" in panel.level.text(), timeout=MS_MAX)
    qtbot.waitUntil(lambda: "¥0.00" in panel.usage.text(), timeout=MS_MAX)
    before = quiet_farm.get("/balance")["total_micros"]
    panel.withdrawn.emit(5_000_000)
    qtbot.waitUntil(
        lambda: quiet_farm.get("/balance")["total_micros"] == before - 5_000_000, timeout=MS_MAX
    )


def test_a_forgotten_password_is_set_anew(
    qtbot: QtBot, stage: Stage, preferences: Preferences, tmp_path: Path
) -> None:
    """With a one-time code of an admin, where no mail goes out."""
    with RunningFarm(tmp_path / "data", "--no-node") as farm:
        owner = farm.get("/me")
        url, secret = farm.address, {"password": PASSWORD}
        assert farm.session.put(f"{url}/me/password", json=secret, timeout=30).ok
        code = farm.post(f"/people/{owner['id']}/code")["code"]
        assert farm.session.patch(f"{url}/rules", json={"shared": True}, timeout=30).ok
        window = MainWindow(stage, preferences, farm.data)
        qtbot.addWidget(window)
        window.show()
        window.watch.start()
        panel = window.sign_in_panel
        qtbot.waitUntil(panel.forgot.isVisible, timeout=MS_MAX)
        panel.forgot.click()
        panel.name.setText(owner["name"])
        panel.button.click()
        qtbot.waitUntil(panel.code.isVisible, timeout=MS_MAX)
        assert "admin" in panel.hint.text()
        panel.code.setText("wrong-code")
        panel.password.setText(NEW_PASSWORD)
        panel.button.click()
        qtbot.waitUntil(panel.problem.isVisible, timeout=MS_MAX)
        panel.code.setText(code)
        panel.button.click()
        page = window.panels["jobs"]
        qtbot.waitUntil(lambda: window.pages.currentWidget() is page, timeout=MS_MAX)
        window.close()
