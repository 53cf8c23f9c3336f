"""Renderers: their descriptions are right, and the one that fits is found and picked."""

import sys
from pathlib import Path

import pytest

from render.renderers import (
    DESCRIPTIONS,
    Origin,
    Renderer,
    RendererProblem,
    RendererSpec,
    find_renderers,
    pick_renderer,
    read_spec,
    read_specs,
    version_of,
)
from tests.other_blenders import find_other_wheels

SPECS = {spec.name: spec for spec in read_specs()}
BLENDER = SPECS["blender"]
DESCRIPTION = """
name = "tracer"
title = "Tracer"
host = "command"
scenes = [".TRC"]
executables = ["tracer"]
environment = "YUNTU_TRACER"
[probe]
pattern = "Tracer (\\\\S+)"
[command]
argv = ["{scene}", "{output}"]
"""


def make_renderer(version: str, *, spec: RendererSpec = BLENDER) -> Renderer:
    return Renderer(spec=spec, version=version, command=("x",), origin=Origin.INSTALLED)


@pytest.mark.parametrize("path", sorted(DESCRIPTIONS.glob("*.toml")), ids=lambda path: path.stem)
def test_description_is_right(path: Path) -> None:
    assert read_spec(path).name == path.stem


def test_wrong_description_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(DESCRIPTION.replace("(\\\\S+)", "\\\\S+"))
    with pytest.raises(ValueError, match=r"(?s)wrong\.toml.*exactly one group"):
        read_spec(path)
    path.write_text(DESCRIPTION + 'surprise = "here"\n')
    with pytest.raises(ValueError, match="surprise"):
        read_spec(path)


def test_a_users_description_takes_the_place_of_ours(tmp_path: Path) -> None:
    mine = (DESCRIPTIONS / "povray.toml").read_text(encoding="utf-8")
    (tmp_path / "povray.toml").write_text(mine.replace('"POV-Ray"', '"Mine"'), encoding="utf-8")
    specs = {spec.name: spec for spec in read_specs(tmp_path, tmp_path / "nothing")}
    assert specs["povray"].title == "Mine"
    assert specs.keys() == SPECS.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_program_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "tracer.toml").write_text(DESCRIPTION)
    spec = read_spec(tmp_path / "tracer.toml")
    for folder, version in (("a", "1.2"), ("b", "3.4.5")):
        program = tmp_path / folder / "tracer"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho Tracer {version}\n")
        program.chmod(0o755)
    on_path = {"PATH": str(tmp_path / "a")}
    assert [r.key for r in find_renderers([spec], env=on_path)] == ["tracer-1.2"]
    named = on_path | {"YUNTU_TRACER": str(tmp_path / "b" / "tracer")}
    assert [r.key for r in find_renderers([spec], env=named)] == ["tracer-3.4.5"]
    lost = on_path | {"YUNTU_TRACER": str(tmp_path / "c")}
    assert find_renderers([spec], env=lost) == ()


def test_what_does_not_tell_its_version_is_no_renderer(tmp_path: Path) -> None:
    spec = BLENDER.model_copy(update={"wheel": ""})
    env = {"PATH": "", "YUNTU_BLENDER": sys.executable}
    assert find_renderers([spec], env=env) == ()
    del tmp_path


def test_installed_blender_comes_before_the_wheel(blender: Renderer) -> None:
    found = find_renderers([BLENDER])
    assert blender in (*found, *find_other_wheels(BLENDER))
    origins = [renderer.origin for renderer in found]
    assert origins == sorted(origins, key=[Origin.INSTALLED, Origin.WHEEL].index)


@pytest.mark.parametrize(
    ("wanted", "at_least", "picked"),
    [
        ("", (0, 0), "3.4.1"),
        ("blender", (0, 0), "3.4.1"),
        ("blender-4.5", (0, 0), "4.5.15"),
        ("Blender 4.5.15", (0, 0), "4.5.15"),
        ("", (4, 3), "4.5.15"),
        ("", (5, 2), "4.5.15"),
        ("blender-3.4.1", (4, 3), "3.4.1"),
    ],
)
def test_picked_is_the_first_that_is_new_enough(
    wanted: str, at_least: tuple[int, int], picked: str
) -> None:
    here = [make_renderer("3.4.1"), make_renderer("4.5.15")]
    chosen = pick_renderer(here, Path("a.BLEND"), wanted=wanted, at_least=at_least)
    assert chosen.version == picked


@pytest.mark.parametrize(
    ("scene", "wanted", "code", "params"),
    [
        ("a.max", "", "renderer_missing", {"scene": "a.max"}),
        ("a", "", "renderer_missing", {"scene": "a"}),
        ("a.pov", "", f"get_povray_{sys.platform}", {"title": "POV-Ray"}),
        ("a.blend", "povray", f"get_povray_{sys.platform}", {"title": "POV-Ray"}),
        (
            "a.blend",
            "blender-5",
            "renderer_not_here",
            {"wanted": "blender-5", "here": "blender-3.4.1"},
        ),
        (
            "a.pov",
            "blender",
            "renderer_not_for_scene",
            {"wanted": "blender", "extension": ".pov"},
        ),
    ],
)
def test_absence_says_what_to_do(
    scene: str, wanted: str, code: str, params: dict[str, str]
) -> None:
    with pytest.raises(RendererProblem) as caught:
        pick_renderer(
            [make_renderer("3.4.1")], Path(scene), wanted=wanted, specs=list(SPECS.values())
        )
    assert (caught.value.code, caught.value.params) == (code, params)


def test_versions_compare_as_numbers() -> None:
    assert version_of("4.10.0 LTS") > version_of("4.9")
