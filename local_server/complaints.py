"""Complaints: what does not fit in the fields of a request, in the reader's language."""

import re
from typing import Any

from pydantic import ValidationError

from local_server.shapes.elsewhere import AWAY_JOB
from local_server.shapes.files import DIGEST
from local_server.shapes.jobs import PREFIX
from local_server.shapes.prices import LEVEL
from local_server.shapes.shape import NAME, WHOLE_ID
from local_server.wording import Wording

ALTERNATIVES = re.compile(r"\^\(([a-z|]+)\)\$")
SPOKEN_OF = ("min_length", "max_length", "gt", "ge", "lt", "le")
QUOTED = re.compile(r"'([^']*)'")
PATTERNS = {
    AWAY_JOB: "field_away_job",
    DIGEST: "field_digest",
    LEVEL: "field_level",
    NAME: "field_name",
    PREFIX: "field_prefix",
    WHOLE_ID: "field_id",
}


def explain_invalid(error: ValidationError, wording: Wording) -> str:
    """Return what is wrong with fields, as one clause a field."""
    told = error.errors(include_url=False, include_input=False)
    clauses = [explain_field(one, wording) for one in told]
    return wording.say("field_separator").title.join(dict.fromkeys(clauses))


def explain_field(told: Any, wording: Wording) -> str:
    """Return what is wrong with one field, by the kind of pydantic's complaint about it."""
    field = ".".join(str(step) for step in told["loc"]) or wording.say("field_whole").title
    code, params = find_words(told["type"], told.get("ctx", {}))
    if code not in wording.tables:
        code = "field_wrong"  # a kind that came with a newer pydantic: what it says is English
    return wording.say(code, field=field, **params).title


def find_words(kind: str, context: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the code for a kind of complaint, and what its words speak of."""
    if kind in ("enum", "literal_error"):
        return "field_choice", {"choices": QUOTED.findall(context["expected"])}
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        choices = ALTERNATIVES.fullmatch(pattern)
        if choices is not None:
            return "field_choice", {"choices": choices[1].split("|")}
        return PATTERNS.get(pattern, "field_pattern"), {"pattern": pattern}
    return f"field_{kind}", {key: value for key, value in context.items() if key in SPOKEN_OF}
