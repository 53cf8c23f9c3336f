"""A job's story: what the server tells of it, in lines that people read."""

from datetime import datetime

from desktop.words import Words

TIME_LETTERS = len("2026-11-25T22:01:23.190Z")
FRAME = "#"
MONEY = "ledger"


def retell(words: Words, told: str) -> str:
    """Return a story with this place's own time, a line for each new day, and frames by name.

    `told` has a line for each event: when, in UTC; its kind; what happened.
    """
    lines, day = [], ""
    for line in told.splitlines():
        parts = line.split(None, 2)
        at = read_time(parts[0]) if len(parts) > 1 else None
        if at is None:
            lines.append(line)
            continue
        if at.date().isoformat() != day:
            day = at.date().isoformat()
            lines += [""] * bool(lines) + [day]
        said = retell_event(words, parts[1], parts[2] if len(parts) > 2 else "")
        lines.append(f"{at:%H:%M:%S}   {said}")
    return "\n".join(lines)


def retell_event(words: Words, kind: str, said: str) -> str:
    """Return what happened: whose money moved, or which frame it was, comes first."""
    family, _, name = kind.partition(".")
    if family == MONEY and words.knows(f"kinds.{name}"):
        return f"{words.say(f'kinds.{name}')}  {said}"
    number, _, rest = said.partition("  ")
    if number.startswith(FRAME):
        return f"{words.say('frames.frame', number=number.removeprefix(FRAME))}  {rest}"
    return said[:1].upper() + said[1:]


def read_time(text: str) -> datetime | None:
    """Return a moment as it is here, None for what is none."""
    if len(text) != TIME_LETTERS:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        return None
