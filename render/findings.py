"""Findings: what is wrong with a scene before it is rendered, as codes with named parameters."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

# Files that the renderer looked for in vain; an artist may allow to render without them.
MISSING_FILES = frozenset(
    {
        "missing_library",
        "missing_linked",
        "missing_image",
        "missing_movie",
        "missing_font",
        "missing_cache",
        "missing_volume",
        "missing_sound",
    }
)


class Severity(StrEnum):
    """Whether a finding stops a job or only warns."""

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing the artist should know; its words are in `resources/messages/*/render.toml`."""

    code: str
    severity: Severity
    params: dict[str, str | int] = field(default_factory=dict)


def allow_missing(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with those about missing files as warnings."""
    return tuple(
        replace(finding, severity=Severity.WARNING) if finding.code in MISSING_FILES else finding
        for finding in findings
    )
