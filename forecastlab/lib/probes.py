"""Which references to rows are alive, as `LinkProbe` wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Manager
from django.urls import reverse

from forecastlab.lib import texts


def rows(manager: Manager[Any]) -> Callable[[Sequence[str]], dict[str, bool]]:
    """Return what says, with one query, which references are numbers of rows of a table.

    It says nothing of one that is no number: what that means is known in another installation.
    """

    def alive(refs: Sequence[str]) -> dict[str, bool]:
        numbers = {one: texts.number(one) for one in refs}
        asked = [number for number in numbers.values() if number is not None]
        found = set(manager.filter(pk__in=asked).values_list("pk", flat=True))
        return {ref: number in found for ref, number in numbers.items() if number is not None}

    return alive


def page(name: str) -> Callable[[str], str]:
    """Return what gives the address of the row with a number."""

    def address(ref: str) -> str:
        return reverse(name, args=[int(ref)])

    return address
