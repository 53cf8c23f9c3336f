"""Findings of a scene, from all who looked at it, put together into one list."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from render.findings import MISSING_FILES, Finding, Severity
from sync.asset_uses import MissingReason
from sync.package import PackagePlan
from sync.package_plan import MissingAsset
from sync.sequences import split_name

PLACES_SHOWN = 5


def merge_findings(
    told: Iterable[dict[str, Any]], package: PackagePlan, *, allow_missing: bool
) -> tuple[Finding, ...]:
    """Return what the renderer told and what packing found, each missing file once.

    With `allow_missing`, which the renderer was told as well, files that are not there are warnings
    instead of blockers.
    """
    seen = [parse_finding(one) for one in told]
    if package.missing:
        # The package's own list is more exact.
        seen = [one for one in seen if one.code not in MISSING_FILES - {"missing_linked"}]
    if package.missing and not allow_missing:
        # What a trial without them came to says nothing that is not said already.
        seen = [one for one in seen if one.code != "trial_failed"]
    return (*seen, *list_package_findings(package, allow_missing=allow_missing))


def list_package_findings(package: PackagePlan, *, allow_missing: bool) -> tuple[Finding, ...]:
    """Return a finding for each asset that is not there, and what else is odd about the package."""
    severity = Severity.WARNING if allow_missing else Severity.BLOCKER
    missing = (
        Finding(code=code, severity=severity, params=params)
        for code, params in map(describe_missing, gather_sets(package.missing))
    )
    odd = (
        Finding(code=one.code, severity=Severity.WARNING, params=dict(one.params))
        for one in package.warnings
    )
    return (*missing, *odd)


def gather_sets(missing: Iterable[MissingAsset]) -> list[list[MissingAsset]]:
    """Return what is missing, tiles and frames of one set together, in the order of the first."""
    sets: dict[object, list[MissingAsset]] = {}
    for one in missing:
        folder, name = split_path(one.path)
        numbered = split_name(name)
        alone = numbered is None or one.places or one.reason is not MissingReason.NOT_FOUND
        shared = None if numbered is None else (folder, numbered.head, numbered.tail, one.used_by)
        sets.setdefault((one.path, one.reason) if alone else shared, []).append(one)
    return list(sets.values())


def describe_missing(files: Sequence[MissingAsset]) -> tuple[str, dict[str, str | int]]:
    """Return the code and params of one missing file, or of a set of them."""
    first = files[0]
    params: dict[str, str | int] = {"path": first.path, "used_by": first.used_by}
    if len(files) == 1:
        return f"missing_{first.reason}", params | show_places(first.places)
    _, last = split_path(files[-1].path)
    return "missing_set", params | {"last": last, "count": len(files)}


def split_path(path: str) -> tuple[str, str]:
    """Return the folder and the name of a path as some machine writes it."""
    cut = max(path.rfind("/"), path.rfind("\\")) + 1
    return path[:cut], path[cut:]


def show_places(places: Sequence[Path]) -> dict[str, str | int]:
    """Return the parameter that names files that could be meant; none where none could."""
    more = ["…"] if len(places) > PLACES_SHOWN else []
    shown = ", ".join([*map(str, places[:PLACES_SHOWN]), *more])
    return {"places": shown} if places else {}


def parse_finding(told: dict[str, Any]) -> Finding:
    """Return a finding that came as JSON values."""
    return Finding(
        code=told["code"], severity=Severity(told["severity"]), params=dict(told["params"])
    )


def describe_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    return {"code": finding.code, "severity": str(finding.severity), "params": finding.params}
