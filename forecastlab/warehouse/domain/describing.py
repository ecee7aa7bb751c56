"""The tables beside sales: which column names a row, and what the others may hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.roles import ROLES, plain

STORES, PRODUCTS, CALENDAR = "stores", "products", "calendar"
TABLES = (STORES, PRODUCTS, CALENDAR)
KEYS = {STORES: "store", PRODUCTS: "product", CALENDAR: "ds"}
# Attributes that are more than words: what reads them must be able to rely on them.
DATES = frozenset({"launch_date", "discontinue_date"})
NUMBERS = frozenset({"cost", "base_price"})
HOLIDAY, NAME = "holiday", "name"
LONGEST_NAME, LONGEST_VALUE = 100, 200


class TableUnusable(BadInput):
    """A table of stores, products or days cannot be read."""

    code = "table_unusable"


def key_of(role: str, headings: Sequence[str], own: str | None, name: str) -> str:
    """Return the column whose values name the rows; `own` is what the sales call it.

    Raises TableUnusable.
    """
    if own in headings:
        return str(own)
    known = ROLES[KEYS[role]].names
    found = [one for one in headings if plain(one) in known]
    if len(found) == 1:
        return found[0]
    wanted = KEYS[role] if role != CALENDAR else "date"
    listed = ", ".join(f"'{one}'" for one in (found or headings)[:20])
    fault = "Several columns" if found else "No column"
    raise TableUnusable(
        f"{fault} of '{name}' could be the {wanted}: {listed}.",
        hint=f"Name one of them {wanted}" + (f", or '{own}' as in the sales." if own else "."),
        field=role,
    )


def attributes_of(role: str, headings: Sequence[str], key: str, name: str) -> Mapping[str, str]:
    """Return the columns beside the key, and what each is called; raise TableUnusable."""
    called = {one: _called(role, one) for one in headings if one != key}
    twice = next((one for one, count in Counter(called.values()).items() if count > 1), None)
    if twice is not None:
        both = ", ".join(f"'{one}'" for one, mine in called.items() if mine == twice)
        raise TableUnusable(f"Columns {both} of '{name}' have one meaning.", field=role)
    long = next((one for one in called.values() if len(one) > LONGEST_NAME), None)
    if long is not None:
        raise TableUnusable(
            f"Column '{long[:40]}...' of '{name}' has more than {LONGEST_NAME} characters.",
            field=role,
        )
    return called


def _called(role: str, heading: str) -> str:
    word = plain(heading)
    return HOLIDAY if role == CALENDAR and word in ROLES[HOLIDAY].names else word
