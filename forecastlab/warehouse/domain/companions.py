"""What signals beside the sales are about, as their names tell."""

from __future__ import annotations

import re

WEATHER = re.compile(r"temp|precip|precpt|rain|snow|humid|wind|sun|weather")
MACRO = re.compile(r"macro|cpi|inflation|unemployment|fuel|index")
DELIVERED = re.compile(r"replenish|deliver|receipt")
RETURNED = re.compile(r"return")


def is_about(pattern: re.Pattern[str], name: str) -> bool:
    return bool(pattern.search(name.lower()))
