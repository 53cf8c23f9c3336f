"""`yuntu store probe`: findings with what to do, in both languages, for people and for scripts."""

from pathlib import Path

from tests.cli.yuntu import Yuntu


def test_a_folder_that_is_fit_and_one_that_is_not(tmp_path: Path) -> None:
    """The exit code says which, and every finding has words."""
    yuntu = Yuntu(tmp_path / "data")
    folder = tmp_path / "share"
    folder.mkdir()
    ran = yuntu("store", "probe", str(folder), "--json")
    assert (ran.code, ran.json["fit"]) == (0, True)
    assert all(one["title"] and one["detail"] for one in ran.json["findings"])
    gone = yuntu("store", "probe", str(tmp_path / "gone"), "--json", "--lang", "zh")
    assert (gone.code, gone.json["fit"]) == (3, False)
    assert [one["code"] for one in gone.json["findings"]] == ["store_missing"]
    shown = yuntu("store", "probe", str(folder), "--lang", "zh")
    assert "可以用作存储" in shown.out


def test_a_secret_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """An address ends up in logs and in shell histories."""
    ran = Yuntu(tmp_path)("store", "probe", "oss://b?region=r&secret=hush", "--json")
    assert (ran.code, ran.error["code"]) == (2, "store_address_unknown")
    assert "hush" not in ran.err
