"""Amounts and times as people read and write them; exact, as money has to be."""

import re

MICROS = 1_000_000
AMOUNT = re.compile(r"[¥￥]?\s*([0-9]{1,9})(?:\.([0-9]{1,6}))?")
MINUTE, HOUR = 60, 3600


def show_money(micros: int) -> str:
    """Return micro-yuan as yuan: two decimals, more where they matter."""
    whole, rest = divmod(micros, MICROS)
    return f"¥{whole:,}.{f'{rest:06d}'.rstrip('0').ljust(2, '0')}"


def round_up(micros: int) -> int:
    """Return micro-yuan rounded up to a whole fen: a cap that nobody has to type six digits for."""
    fen = MICROS // 100
    return -(-micros // fen) * fen


def parse_money(text: str) -> "int | None":
    """Return typed yuan as micro-yuan; None for what is none."""
    match = AMOUNT.fullmatch(text.strip().replace(",", ""))
    if match is None:
        return None
    return int(match[1]) * MICROS + int((match[2] or "").ljust(6, "0"))


def show_time(milliseconds: int) -> str:
    """Return a duration as a clock shows it: `0:07`, `2:05:00`."""
    seconds = -(-milliseconds // 1000)
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    clock = f"{seconds % MINUTE:02d}"
    return f"{hours}:{minutes:02d}:{clock}" if hours else f"{minutes}:{clock}"
