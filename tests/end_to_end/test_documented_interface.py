"""The examples of docs/interface.md run as they stand; its Chinese sister has the same ones."""

import re
import zipfile
from pathlib import Path
from typing import Any

from tests.end_to_end.running_farm import RunningFarm
from tests.end_to_end.test_povray import make_project
from tests.tidiness.house import ROOT

EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def read_examples(page: str) -> list[str]:
    """Return the examples of a page in their order."""
    return EXAMPLE.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def test_the_examples_run(farm: RunningFarm, tmp_path: Path) -> None:
    scene = make_project(tmp_path / "project")
    scene.write_text(scene.read_text() + "// by hand\n")
    farm.render("wall-of-docs", scene, frames="1")
    known: dict[str, Any] = {"data": farm.data, "folder": scene.parent}
    try:
        for example in read_examples("interface.md"):
            exec(compile(example, "docs/interface.md", "exec"), known)  # noqa: S102 - our own
    finally:
        known["session"].close()
    with zipfile.ZipFile(scene.parent / "pictures.zip") as archive:
        assert sorted(archive.namelist()) == ["wall_0001.png", "wall_0002.png"]
    assert (scene.parent / "bill.csv").read_text().count("\n") == 3
    assert (scene.parent / "bill.pdf").read_bytes().startswith(b"%PDF-")


def test_both_languages_show_the_same_job() -> None:
    theirs = read_examples(str(Path("zh", "interface.md")))
    assert len(theirs) > 5 and theirs == read_examples("interface.md")[-len(theirs) :]
