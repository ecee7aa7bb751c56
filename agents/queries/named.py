"""The objects that results of calls name, with their pages, as far as they are still there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.lib.contributions import LinkProbe
from showcase.queries import link_probes

Result = Mapping[str, Any]
CARRIER = "job"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of an object: `title` is what such objects are called."""

    title: str
    ref: str
    url: str

    @property
    def name(self) -> str:
        return f"{self.title} {self.ref}"


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of what some results name under a key that is called as a kind of object."""

    found: Mapping[tuple[str, str], Page] = field(default_factory=dict)

    def of(self, kind: str, ref: object) -> Page | None:
        return self.found.get((kind, str(ref)))

    def first(self, result: Result) -> Page | None:
        """Return what a result is about: what it names first, the job that carries it at last."""
        ordered = sorted(result.items(), key=lambda one: one[0] == CARRIER)
        pages = (self.of(kind, ref) for kind, ref in ordered)
        return next((one for one in pages if one is not None), None)


def pages(results: Iterable[Result]) -> Pages:
    """Ask once for each kind of object which of those that are named are still there."""
    probes = {kind: one for kind, one in link_probes.by_kind().items() if one.address}
    named: dict[str, list[str]] = {}
    for result in results:
        for kind in probes.keys() & result.keys():
            if isinstance(result[kind], int | str):
                named.setdefault(kind, []).append(str(result[kind]))
    return Pages({key: one for kind, refs in named.items() for key, one in _of(probes[kind], refs)})


def _of(probe: LinkProbe, refs: list[str]) -> list[tuple[tuple[str, str], Page]]:
    if probe.address is None:
        return []
    alive = probe.alive(refs)
    return [
        ((probe.kind, ref), Page(_(probe.title), ref, probe.address(ref)))
        for ref in dict.fromkeys(refs)
        if alive.get(ref)
    ]
