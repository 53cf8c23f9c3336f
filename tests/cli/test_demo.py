"""The demo: the bundled scene from nothing to a bill, then again for nothing."""

from pathlib import Path

from tests.cli.yuntu import Yuntu


def test_demo_twice(tmp_path: Path) -> None:
    """Frames, a bill, a contact sheet, no server left; the second time all is reused."""
    demo = Yuntu(tmp_path / "output" / "data")
    options = ["--out", str(tmp_path / "output"), "--frames", "1-2", "--size", "64x36"]
    ran = demo("demo", *options, "--samples", "1")
    assert ran.code == 0, ran.out + ran.err
    assert "Contact sheet: " in ran.out
    assert "Total " in ran.out
    frames = sorted(path.name for path in (tmp_path / "output" / "frames").iterdir())
    assert frames == ["lanterns_0001.png", "lanterns_0002.png"]
    assert (tmp_path / "output" / "contact-sheet.png").stat().st_size > 0
    assert not (demo.data / "server.json").exists()
    again = demo("demo", *options, "--samples", "1", "--json")
    assert again.code == 0
    last = again.lines[-1]
    assert (last["job"]["frames"]["reused"], last["bill"]["total_micros"]) == (2, 0)
    assert last["sheet"] == str(tmp_path / "output" / "contact-sheet.png")
