"""Findings of a scene: what is missing of one set is told once."""

from types import SimpleNamespace
from typing import Any, cast

from local_server.findings import list_package_findings
from sync.asset_uses import MissingReason
from sync.package import PackagePlan
from sync.package_plan import MissingAsset


def lack(path: str, used_by: str = "wood", **more: Any) -> MissingAsset:
    """Return a file that is missing."""
    told = {"reason": MissingReason.NOT_FOUND, "places": ()} | more
    return MissingAsset(path=path, used_by=used_by, **told)


def tell(*missing: MissingAsset) -> list[tuple[str, dict[str, Any]]]:
    """Return the findings of a package that misses these."""
    plan = cast(PackagePlan, SimpleNamespace(missing=missing, warnings=()))
    found = list_package_findings(plan, allow_missing=False)
    return [(one.code, dict(one.params)) for one in found]


def test_tiles_of_one_set_are_one_finding() -> None:
    tiles = [lack(f"/tex/wood.{number}.png") for number in range(1001, 1017)]
    [(code, params)] = tell(*tiles)
    assert code == "missing_set"
    assert params == {
        "path": "/tex/wood.1001.png",
        "last": "wood.1016.png",
        "count": 16,
        "used_by": "wood",
    }


def test_what_is_no_set_is_told_each() -> None:
    missing = [
        lack("/tex/wood.1001.png"),
        lack("/tex/wood.1002.png", used_by="bark"),
        lack("/old/wood.1003.png"),
        lack("/tex/wood.1004.png", reason=MissingReason.UNREADABLE),
        lack("C:\\tex\\sky.png"),
    ]
    codes = [code for code, _ in tell(*missing)]
    assert codes == [*["missing_not_found"] * 3, "missing_unreadable", "missing_not_found"]
