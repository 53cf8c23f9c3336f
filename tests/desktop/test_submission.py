"""New renders: missing files found in a folder, and cameras, layers, size and format chosen."""

from collections.abc import Iterator
from pathlib import Path

import numpy
import OpenImageIO
import pytest
from pytestqt.qtbot import QtBot

from desktop.main_window import MainWindow
from desktop.panels.scene_card import SceneCard
from tests.end_to_end.running_farm import RunningFarm
from tests.end_to_end.scenes import SceneSpec, make_scenes

CHECK_MS_MAX = 60_000
SCENE = """#version 3.7;
camera {{ location <0, 0, -3> look_at 0 }}
light_source {{ <3, 5, -4> rgb 1 }}
box {{ -1, 1 pigment {{ image_map {{ png "{picture}" }} }} }}
"""


def write_scene(folder: Path, name: str, picture: str) -> Path:
    """Write a scene that wears a picture, with one small frame."""
    scene = folder / f"{name}.pov"
    scene.write_text(SCENE.format(picture=picture))
    scene.with_suffix(".ini").write_text("Width=32\nHeight=24\n")
    return scene


def write_picture(path: Path) -> None:
    """Write a picture of one pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output.open(str(path), OpenImageIO.ImageSpec(1, 1, 3, "uint8"))
    assert output.write_image(numpy.full((1, 1, 3), 200, dtype=numpy.uint8))
    output.close()


@pytest.fixture
def panel_window(window: MainWindow) -> Iterator[MainWindow]:
    """A window whose scenes are taken away afterwards."""
    yield window
    for card in tuple(window.new_panel.cards):
        window.new_panel.dismiss(card)


def wait_for_check(qtbot: QtBot, card: SceneCard) -> None:
    """Wait until a scene was looked at."""
    qtbot.waitUntil(lambda: bool(card.check or card.problem), timeout=CHECK_MS_MAX)
    assert card.problem is None, card.problem


def find_codes(card: SceneCard) -> list[str]:
    """Return the codes of what was found."""
    assert card.check is not None
    return [one["code"] for one in card.check["findings"]]


def test_a_folder_is_chosen_once_for_all(
    qtbot: QtBot, panel_window: MainWindow, tmp_path: Path
) -> None:
    """For the scenes that are here and for those to come; a folder that is gone is forgotten."""
    window, archive = panel_window, tmp_path / "archive"
    for name in ("one", "two"):
        write_picture(archive / name / f"{name}.png")
    scenes = [str(write_scene(tmp_path, name, f"{name}.png")) for name in ("one", "two")]
    window.preferences.texture_folders = [str(tmp_path / "gone")]
    window.add_scenes(scenes[:1])
    [card] = window.new_panel.cards
    qtbot.waitUntil(lambda: not window.preferences.texture_folders, timeout=CHECK_MS_MAX)
    wait_for_check(qtbot, card)
    assert "missing_not_found" in find_codes(card)
    window.choose_language("zh")
    wait_for_check(qtbot, card)
    assert card.check is not None
    assert any(letter >= "\u4e00" for one in card.check["findings"] for letter in one["title"])
    window.choose_language("en")
    wait_for_check(qtbot, card)
    assert card.settings.missing.search.isVisible()
    assert not card.button.isEnabled()
    card.settings.missing.folder_chosen.emit(str(archive))
    wait_for_check(qtbot, card)
    assert "assets_relinked" in find_codes(card)
    assert card.check is not None
    assert [Path(one["found"]).name for one in card.check["relinked"]] == ["one.png"]
    assert card.button.isEnabled()
    assert str(archive) in card.settings.missing.where.text()
    window.add_scenes(scenes[1:])
    other = window.new_panel.cards[1]
    qtbot.waitUntil(other.button.isEnabled, timeout=CHECK_MS_MAX)
    assert "assets_relinked" in find_codes(other)
    card.settings.missing.forgotten.emit()
    wait_for_check(qtbot, card)
    assert "missing_not_found" in find_codes(card)


def test_camera_layers_size_and_format_are_chosen_and_remembered(
    qtbot: QtBot, panel_window: MainWindow, farm: RunningFarm, tmp_path: Path
) -> None:
    """What the scene has is offered; the job that is sent off is the one that was priced."""
    window, scene = panel_window, tmp_path / "choices.blend"
    make_scenes([SceneSpec(path=str(scene), frames=1, size=64, choices=True)])
    window.preferences.keep_scene(str(scene), {"percentage": 50, "priority": 20})
    window.add_scenes([str(scene)])
    [card] = window.new_panel.cards
    wait_for_check(qtbot, card)
    looks = card.settings.looks
    assert card.check is not None
    assert card.check["facts"]["width"] == 32
    assert looks.boxes["camera"].isVisible()
    looks.camera.setCurrentIndex(looks.camera.findData("Above"))
    looks.format.setCurrentIndex(looks.format.findData("exr"))
    [_, second] = looks.layers.choices.actions()
    second.trigger()
    assert looks.layers.text() == "Second"
    card.typing.timeout.emit()
    wait_for_check(qtbot, card)
    assert card.check["facts"]["camera"] == "Above"
    assert card.check["facts"]["extension"] == ".exr"
    assert card.check["facts"]["view_layers"] == ["Second"]
    qtbot.waitUntil(card.button.isEnabled, timeout=CHECK_MS_MAX)
    with qtbot.waitSignal(window.submission_wire.submitted, timeout=CHECK_MS_MAX) as sent:
        card.button.click()
    job = farm.wait_for_rest(sent.args[0]["id"])
    assert (job["state"], job["priority"]) == ("completed", 20)
    kept = window.preferences.recall_scene(str(scene))
    assert (kept["camera"], kept["view_layers"], kept["percentage"]) == ("Above", ["Second"], 50)


def test_a_scene_that_was_taken_away_is_not_rendered_by_itself(
    qtbot: QtBot, panel_window: MainWindow, tmp_path: Path
) -> None:
    """Nor one that had to be mended first: only its first look may send the example off."""
    window, scenes = panel_window, [write_scene(tmp_path, one, "no.png") for one in ("a", "b")]
    window.add_scenes([str(scene) for scene in scenes])
    gone, mended = window.new_panel.cards
    for card in (gone, mended):
        wait_for_check(qtbot, card)
    wire = window.submission_wire
    good = {**(mended.check or {}), "ok": True, "findings": [], "estimate": None}
    wire.awaited = gone
    window.new_panel.dismiss(gone)
    wire.put_check(gone, good)
    wire.afford(gone, good, 0)
    wire.awaited = mended
    wire.put_check(mended, good | {"ok": False})
    with qtbot.assertNotEmitted(wire.submitted, wait=1_000):
        wire.put_check(mended, good)
    assert not mended.is_sending


def test_a_scene_sent_off_to_no_server_becomes_a_job_later(
    qtbot: QtBot, panel_window: MainWindow, tmp_path: Path
) -> None:
    """The button was pressed while the server was started again."""
    window = panel_window
    write_picture(tmp_path / "there.png")
    window.add_scenes([str(write_scene(tmp_path, "sent-twice", "there.png"))])
    [card] = window.new_panel.cards
    wait_for_check(qtbot, card)
    address = window.client.address
    window.client.set_address(None)
    card.button.click()
    assert card.is_sending
    window.client.set_address(address)
    with qtbot.waitSignal(window.submission_wire.submitted, timeout=CHECK_MS_MAX) as sent:
        window.events.begin()
    assert sent.args[0]["id"] == card.property("job")
    assert not window.new_panel.cards
