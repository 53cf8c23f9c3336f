"""Figures: money, times, sizes and moments as people read them."""

from datetime import datetime

from desktop.words import Words

MICROS = 1_000_000
CENT = MICROS // 100
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
KILO = 1024
RENDERER_NAMES = {
    "aftereffects": "After Effects",
    "cinema4d": "Cinema 4D",
    "husk": "Houdini",
    "povray": "POV-Ray",
    "vray": "V-Ray",
}


def show_money(micros: int, *, exact: bool = False) -> str:
    """Return an amount in yuan: two decimals, more where a cent is too coarse for it.

    `exact` shows every digit that there is: bills are added up by hand.
    """
    sign, micros = ("−" if micros < 0 else ""), abs(micros)
    step = 1 if exact else CENT if micros >= MICROS else CENT // 100
    whole, rest = divmod((micros + step // 2) // step * step, MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}¥{whole:,}.{decimals}"


def show_yuan(yuan: float, decimals: int) -> str:
    """Return an amount at an axis, in yuan, with the decimals of its neighbours, two at least."""
    return f"¥{yuan:,.{max(2, decimals)}f}"


def align_money(micros: int) -> str:
    """Return an amount with all six decimals: in a column every digit has its place."""
    whole, rest = divmod(abs(micros), MICROS)
    return f"{'−' if micros < 0 else ''}¥{whole:,}.{rest:06d}"


def show_renderer(renderer: dict[str, str]) -> str:
    """Return a renderer's name as its makers write it, and its version."""
    name = renderer["name"]
    return f"{RENDERER_NAMES.get(name, name.capitalize())} {renderer['version']}"


def show_level(words: Words, level: str) -> str:
    """Return a membership level's name; those of a studio's own are as it calls them."""
    key = f"levels.{level}"
    return words.say(key) if words.knows(key) else level


def show_duration(words: Words, ms: int | None) -> str:
    """Return a span of time in its two largest units; a dash for what is unknown."""
    if ms is None:
        return "–"
    if ms < SECOND_MS:
        return words.say("units.ms", count=ms)
    if ms < 10 * SECOND_MS:
        return words.say("units.s", count=f"{ms / SECOND_MS:.1f}")
    if ms < MINUTE_MS:
        return words.say("units.s", count=ms // SECOND_MS)
    if ms < HOUR_MS:
        pair = ("units.min", ms // MINUTE_MS, "units.s", ms % MINUTE_MS // SECOND_MS)
    elif ms < DAY_MS:
        pair = ("units.h", ms // HOUR_MS, "units.min", ms % HOUR_MS // MINUTE_MS)
    else:
        pair = ("units.d", ms // DAY_MS, "units.h", ms % DAY_MS // HOUR_MS)
    first = words.say(pair[0], count=pair[1])
    return f"{first} {words.say(pair[2], count=pair[3])}" if pair[3] else first


def choose_unit_ms(longest_ms: int) -> int:
    """Return the unit in which spans of time have round marks: whole hours, minutes, seconds."""
    return next((unit for unit in (HOUR_MS, MINUTE_MS, SECOND_MS) if longest_ms >= unit), 1)


def show_size(size: int) -> str:
    """Return a number of bytes as people read it."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < KILO:
            return (
                f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
            )
        amount /= KILO
    return f"{amount:.1f} TB"


def show_moment(words: Words, at_ms: int | None, *, now_ms: int) -> str:
    """Return when something was: by the minute today, by the day before."""
    if at_ms is None:
        return "–"
    ago_ms = now_ms - at_ms
    if 0 <= ago_ms < MINUTE_MS:
        return words.say("units.just_now")
    if 0 <= ago_ms < HOUR_MS:
        return words.say("units.ago_min", count=ago_ms // MINUTE_MS)
    then = datetime.fromtimestamp(at_ms / 1000).astimezone()
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    if then.date() == now.date():
        return words.say("units.today", time=f"{then:%H:%M}")
    key = "units.day" if then.year == now.year else "units.day_of_year"
    return words.say(
        key,
        year=then.year,
        month=then.month,
        name=words.say(f"months.m{then.month}"),
        day=then.day,
        time=f"{then:%H:%M}",
    )
