"""The studio's page and settings: what waits is paid or given up, the bucket gets another key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.panels.form import Form
from desktop.panels.studio_forms import JoinForm, KeyForm
from desktop.preferences import Preferences
from desktop.stage import Stage
from local_server.farm.db import open_database, write
from local_server.moving import create_studio
from tests.desktop.artist import click, hold_window
from tests.end_to_end.running_farm import RunningFarm
from tests.oss_server.server import REGION, OssServer
from tests.oss_server.signatures import Credential

MS_MAX = 60_000
BUCKET = "lantern-bucket"
CHARGES_MICROS = (5_000_000, 90_000_000)


@pytest.fixture
def bucket() -> Iterator[OssServer]:
    """A bucket that two keys open: the one it was founded with, and the next."""
    keys = [Credential("first", "first-secret"), Credential("next", "next-secret")]
    with OssServer(credentials=keys) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture
def bucket_window(
    qtbot: QtBot,
    bucket: OssServer,
    stage: Stage,
    preferences: Preferences,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MainWindow]:
    """A window on a machine whose studio is in a bucket, and which others left no room."""
    data = tmp_path / "data"
    address = f"oss://{BUCKET}/kiln?region={REGION}&endpoint={bucket.endpoint}"
    with monkeypatch.context() as lent:
        lent.setenv("OSS_ACCESS_KEY_ID", "first")
        lent.setenv("OSS_ACCESS_KEY_SECRET", "first-secret")
        create_studio(data, store=address, name="kiln", host="here")
    leave_waiting(data)
    with (
        RunningFarm(data, "--no-node") as farm,
        hold_window(qtbot, stage, preferences, farm.data) as made,
    ):
        yield made


def leave_waiting(data: Path) -> None:
    """Have charges wait as they do once the logs of others had no room for them."""
    db = open_database(data / "farm.db")
    with write(db):
        for number, micros in enumerate(CHARGES_MICROS):
            db.conn.execute(
                "INSERT INTO taken_back (id, log, kind, owner, job, payload, at_ms, reason,"
                " taken_at_ms) VALUES (?, 'device', 'settle', 'me', 'kiln-job', ?,"
                " 1790000000000, 'cut_off', 1790000000000)",
                (f"frame:kiln-job:{number}", json.dumps({"amount_micros": micros})),
            )
    db.conn.close()


def test_another_key_and_what_waits(qtbot: QtBot, bucket_window: MainWindow) -> None:
    """An admin mends both without the command line."""
    change_key(qtbot, bucket_window)
    clear_waiting(qtbot, bucket_window)


def change_key(qtbot: QtBot, window: MainWindow) -> None:
    """A key that does not open it is not kept; the server goes on, and meets the studio again."""
    window.show_page("settings")
    store = window.settings_panel.store
    qtbot.waitUntil(store.change.isEnabled, timeout=MS_MAX)
    tell_overruled(window)
    before = window.watch.address
    click(qtbot, store.change)
    form = window.studio_wire.form
    assert isinstance(form, KeyForm)
    form.key_id.setText("next")
    assert not form.accept_button.isEnabled()
    form.key_secret.setText("mistyped")
    form.accept_button.click()
    qtbot.waitUntil(form.problem.isVisible, timeout=MS_MAX)
    form.key_secret.setText("next-secret")
    with qtbot.waitSignal(window.studio_wire.told, timeout=MS_MAX) as told:
        form.accept_button.click()
    assert "new key" in told.args[0]
    qtbot.waitUntil(lambda: is_met(window), timeout=MS_MAX)
    assert window.watch.address == before
    leave_form(qtbot, window)


def tell_overruled(window: MainWindow) -> None:
    """A key that is kept and not used is no riddle."""
    store, standing = window.settings_panel.store, window.sync_panel.standing
    assert standing is not None and standing["key_variable"] is None
    assert not store.overruled.isVisible()
    store.set_standing(standing | {"key_variable": "OSS_ACCESS_KEY_ID"})
    assert store.overruled.isVisible() and "OSS_ACCESS_KEY_ID" in store.overruled.text()
    store.set_standing(standing)


def leave_form(qtbot: QtBot, window: MainWindow) -> None:
    """Whoever closes a form before its end, and opens another, keeps that one."""
    click(qtbot, window.settings_panel.store.change)
    form = window.studio_wire.form
    assert isinstance(form, KeyForm)
    form.key_id.setText("first")
    form.key_secret.setText("first-secret")
    with qtbot.waitSignal(window.studio_wire.told, timeout=MS_MAX):
        form.accept_button.click()
        form.reject()
        window.sync_panel.join_wanted.emit()
        other = window.studio_wire.form
    assert isinstance(other, JoinForm)
    assert window.studio_wire.form is other
    other.reject()


def is_met(window: MainWindow) -> bool:
    """Tell whether this machine has met its studio, without trouble."""
    standing = window.sync_panel.standing
    return bool(standing and standing["done_at_ms"] and not standing["trouble"])


def clear_waiting(qtbot: QtBot, window: MainWindow) -> None:
    """The row that is chosen is the one; giving up is asked for once more."""
    panel = window.sync_panel
    window.show_page("sync")
    qtbot.waitUntil(lambda: len(panel.waiting.items) == 2, timeout=MS_MAX)
    assert panel.waiting_box.isVisible()
    assert not panel.retry.isEnabled()
    panel.waiting_table.selectRow(0)
    with qtbot.waitSignal(panel.waiting.modelReset, timeout=MS_MAX):
        click(qtbot, panel.retry)
    qtbot.waitUntil(lambda: len(panel.waiting.items) == 2, timeout=MS_MAX)
    panel.waiting_table.selectRow(1)
    click(qtbot, panel.drop)
    [form] = [one for one in panel.findChildren(Form) if one.isVisible()]
    assert "¥90.00" in form.detail.text()
    form.accept_button.click()
    qtbot.waitUntil(lambda: len(panel.waiting.items) == 1, timeout=MS_MAX)
    assert panel.waiting.items[0]["amount_micros"] == CHARGES_MICROS[0]
