"""Findings of a scene, from all who looked at it, put together into one list."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from render.findings import Finding, Severity
from sync.package import PackagePlan

# What the renderer itself misses; the package's own list is more exact where it has anything.
MISSING_FILES = frozenset(
    f"missing_{kind}"
    for kind in ("library", "image", "movie", "font", "cache", "volume", "sound", "linked")
)

PLACES_SHOWN = 5


def merge_findings(
    told: Iterable[dict[str, Any]], package: PackagePlan, *, allow_missing: bool
) -> tuple[Finding, ...]:
    """Return what the renderer told and what packing found, each missing file once.

    With `allow_missing`, files that are not there are warnings instead of blockers.
    """
    seen = [parse_finding(one) for one in told]
    if package.missing:
        seen = [one for one in seen if one.code not in MISSING_FILES - {"missing_linked"}]
    if package.missing and not allow_missing:
        # What a trial without them came to says nothing that is not said already.
        seen = [one for one in seen if one.code != "trial_failed"]
    if allow_missing:
        seen = [
            replace(one, severity=Severity.WARNING) if one.code in MISSING_FILES else one
            for one in seen
        ]
    return (*seen, *list_package_findings(package, allow_missing=allow_missing))


def list_package_findings(package: PackagePlan, *, allow_missing: bool) -> tuple[Finding, ...]:
    """Return a finding for each asset that is not there, and what else is odd about the package."""
    severity = Severity.WARNING if allow_missing else Severity.BLOCKER
    missing = (
        Finding(
            code=f"missing_{one.reason}",
            severity=severity,
            params={"path": one.path, "used_by": one.used_by, **show_places(one.places)},
        )
        for one in package.missing
    )
    odd = (
        Finding(code=one.code, severity=Severity.WARNING, params=dict(one.params))
        for one in package.warnings
    )
    return (*missing, *odd)


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
