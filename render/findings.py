"""Findings: what is wrong with a scene before it is rendered, as codes with named parameters."""

from dataclasses import dataclass, field
from enum import StrEnum


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
