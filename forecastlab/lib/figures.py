"""How numbers, spans of time and hashes are written for people.

Rounding is half away from zero, as a reader does it by hand. Nothing here knows a language:
separators and units are the same everywhere. Unknown is an en dash.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "–"
MINUS = "−"
NARROW = "\N{NO-BREAK SPACE}"
ONE_MILLION = 1_000_000

Number = int | float | Decimal


def is_unknown(value: object) -> bool:
    """None, an empty string and NaN are unknown; 0 is a number."""
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


def number(value: Number | None, places: int = 0) -> str:
    """1,234,567, or 0.91 with places."""
    if value is None or is_unknown(value):
        return UNKNOWN
    step = Decimal(1).scaleb(-places)
    rounded = Decimal(str(value)).quantize(step, rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,}"
    return f"{MINUS}{text}" if rounded < 0 else text


def places_for(largest: float) -> int:
    """Return how many decimals show 4 digits of numbers below 1, and 2 of larger ones."""
    if not 0 < largest < 1:
        return 2
    return min(3 - math.floor(math.log10(largest)), 12)


def signed(value: Number | None, places: int = 0) -> str:
    """Write the sign even when it is a plus; nothing that rounds to 0 has one."""
    text = number(value, places)
    rounds_to_something = any(digit in text for digit in "123456789")
    return f"+{text}" if rounds_to_something and not text.startswith(MINUS) else text


def percent(share: Number | None, places: int = 1) -> str:
    """29.8 % from 0.298."""
    if share is None or is_unknown(share):
        return UNKNOWN
    return f"{number(Decimal(str(share)) * 100, places)}{NARROW}%"


def signed_percent(share: Number | None, places: int = 1) -> str:
    """−0.3 % from -0.003."""
    if share is None or is_unknown(share):
        return UNKNOWN
    return f"{signed(Decimal(str(share)) * 100, places)}{NARROW}%"


def points(share: Number | None, places: int = 1) -> str:
    """+0.5 pt from 0.005: the difference of two percentages."""
    if share is None or is_unknown(share):
        return UNKNOWN
    return f"{signed(Decimal(str(share)) * 100, places)}{NARROW}pt"


def factor(value: Number | None, places: int = 2) -> str:
    """× 1.30."""
    return UNKNOWN if is_unknown(value) else f"×{NARROW}{number(value, places)}"


def of_total(part: int, total: int) -> str:
    """5,727 of 9,974; 6.2 of 9.9 million."""
    if total <= ONE_MILLION:
        return f"{number(part)} of {number(total)}"
    return f"{number(part / ONE_MILLION, 1)} of {number(total / ONE_MILLION, 1)} million"


def duration(seconds: float | None) -> str:
    """0.4 s, 25.1 s, 3 min 05 s, 2 h 10 min."""
    if seconds is None or is_unknown(seconds):
        return UNKNOWN
    if seconds < 60:
        tenths = number(seconds, 1)
        return f"{tenths}{NARROW}s" if tenths != "60.0" else f"1{NARROW}min 00{NARROW}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{NARROW}min {whole % 60:02d}{NARROW}s"
    return f"{whole // 3600}{NARROW}h {whole % 3600 // 60:02d}{NARROW}min"


def clock(seconds: float | None) -> str:
    """1:42 under an hour, 2:05:00 above."""
    if seconds is None or is_unknown(seconds):
        return UNKNOWN
    whole = round(seconds)
    tail = f"{whole % 60:02d}"
    if whole < 3600:
        return f"{whole // 60}:{tail}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{tail}"


def size(count: int | None) -> str:
    """How many bytes: 2 kB, 1.2 GB."""
    if count is None:
        return UNKNOWN
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{number(value, 0 if unit in {'B', 'kB'} else 1)}{NARROW}{unit}"


def short_hash(digest: str) -> str:
    """9f3c…a41e."""
    return digest if len(digest) <= 9 else f"{digest[:4]}…{digest[-4:]}"
