"""Lists in pages, as commands and the API give them: how many items, and where to go on."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema

from forecastlab.lib import texts
from forecastlab.lib.errors import BadInput

MOST, USUAL = 1000, 100


Row = TypeVar("Row", bound=Model)


class Page(Schema):
    """What every list of the API may be asked; `cursor` is `next` of the page before."""

    limit: int = Field(USUAL, ge=1, le=MOST)
    cursor: str = ""


def check(limit: int) -> None:
    """Raise BadInput for a number of items that no page has."""
    if not 1 <= limit <= MOST:
        raise BadInput(f"The limit must be from 1 to {MOST}.", field="limit")


def number(cursor: str) -> int | None:
    """Return the number after which a page begins, None for the first; raises BadInput."""
    if not cursor:
        return None
    found = texts.number(cursor)
    if found is None:
        raise BadInput(
            f"'{cursor}' is no cursor.", field="cursor", hint="Use `next` of the page before."
        )
    return found


def page(rows: QuerySet[Row], *, by: str, limit: int, cursor: str) -> tuple[list[Row], str | None]:
    """Return the rows of a page in the order of a numeric column, and the next page's cursor.

    `by` is the column, with a minus for downwards. The cursor is None after the last page.
    """
    check(limit)
    column, begin = by.removeprefix("-"), number(cursor)
    if begin is not None:
        rows = rows.filter(**{f"{column}__{'lt' if by.startswith('-') else 'gt'}": begin})
    found = list(rows.order_by(by)[: limit + 1])
    following = str(getattr(found[limit - 1], column)) if len(found) > limit else None
    return found[:limit], following
