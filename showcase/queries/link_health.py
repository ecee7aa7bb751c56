"""Whether what runs refer to is still there: alive, dead, or unknown.

Runs refer softly, so that objects may be deleted before them. The apps that own the objects say
which are left; one question to each kind of object, however many runs are asked about.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib import figures, logs
from forecastlab.lib.contributions import LinkProbe
from showcase.models import Run, RunObject
from showcase.queries import link_probes

SALES, HASH = "dataset_version", 64
logger = logs.logger(__name__)


class Link(StrEnum):
    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reference:
    """One object that a run refers to; `probe` knows its kind."""

    run: int
    kind: str
    ref: str
    status: Link
    probe: LinkProbe | None = None

    @property
    def title(self) -> str:
        return _(self.probe.title) if self.probe else self.kind.replace("_", " ").capitalize()

    @property
    def url(self) -> str:
        """Return the page of what is alive and has one."""
        if self.status != Link.ALIVE:
            return ""
        if self.kind == SALES and "@" in self.ref:
            return reverse("warehouse:version-page", args=self.ref.rsplit("@", 1))
        return self.probe.address(self.ref) if self.probe and self.probe.address else ""

    @property
    def shown(self) -> str:
        return figures.short_hash(self.ref) if len(self.ref) == HASH else self.ref


@dataclass(frozen=True, slots=True)
class Health:
    """The references of one run, in the order in which they were made."""

    references: Sequence[Reference] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        return {link.value: sum(one.status == link for one in self.references) for link in Link}

    @property
    def unknown(self) -> int:
        return sum(one.status == Link.UNKNOWN for one in self.references)

    @property
    def dead(self) -> int:
        return sum(one.status == Link.DEAD for one in self.references)

    @property
    def is_whole(self) -> bool:
        return all(one.status == Link.ALIVE for one in self.references)

    @property
    def groups(self) -> list[Health]:
        """Return the references of each kind by themselves."""
        kinds = dict.fromkeys(one.kind for one in self.references)
        return [Health([one for one in self.references if one.kind == kind]) for kind in kinds]


def of_run(run: Run) -> Health:
    return of_runs([run.pk])[run.pk]


def of_runs(runs: Iterable[int]) -> dict[int, Health]:
    """Return the health of several runs' references, each kind asked about once for all."""
    numbers = list(runs)
    made = RunObject.objects.filter(run__in=numbers).order_by("pk")
    rows = list(made.values_list("run", "kind", "ref"))
    known = link_probes.by_kind()
    simulated = {run for run, kind, _ref in rows if kind == SALES}
    found = _sales(numbers, simulated=simulated, probe=known.get(SALES))
    rows = [one for one in rows if one[1] != SALES or not found[one[0]]]
    wanted: dict[str, list[str]] = {}
    for _run, kind, ref in rows:
        wanted.setdefault(kind, []).append(ref)
    links = {kind: _asked(known.get(kind), refs) for kind, refs in wanted.items()}
    for run, kind, ref in rows:
        status = Link.UNKNOWN
        if ref in links[kind]:
            status = Link.ALIVE if links[kind][ref] else Link.DEAD
        found[run].append(Reference(run, kind, ref, status, known.get(kind)))
    return {number: Health(references) for number, references in found.items()}


def _sales(
    runs: Sequence[int], *, simulated: Container[int], probe: LinkProbe | None
) -> dict[int, list[Reference]]:
    """Return the reference of each run to the version that it works on, where it is there.

    One that was deleted is told by the hash of its content, all that is left of it, unless the
    run has `simulated` it and so refers to it by itself.
    """
    fields = ("pk", "content_hash", "version__dataset__name", "version__number")
    found: dict[int, list[Reference]] = {run: [] for run in runs}
    for run, content_hash, name, number in Run.objects.filter(pk__in=runs).values_list(*fields):
        if number is not None:
            found[run].append(Reference(run, SALES, f"{name}@{number}", Link.ALIVE, probe))
        elif content_hash and run not in simulated:
            found[run].append(Reference(run, SALES, content_hash, Link.DEAD, probe))
    return found


def _asked(probe: LinkProbe | None, refs: Iterable[str]) -> Mapping[str, bool]:
    """Ask a probe; of one that is not there, or breaks, nothing is known."""
    if probe is None:
        return {}
    try:
        return probe.alive(list(dict.fromkeys(refs)))
    except Exception:  # a page tells what it can, whatever a probe does
        logger.exception("The link probe of %s broke", probe.kind)
        return {}


# -- for the API ------------------------------------------------------------------------------


def as_json(run: Run, *, now: datetime) -> dict[str, Any]:
    """Return every reference of a run; `partial_run` says that it has not made all there was."""
    health = of_run(run)
    return {
        "workspace": run.kept_as or None,
        "run": run.pk,
        "references": [
            {
                "kind": one.kind,
                "ref": one.ref,
                "status": one.status.value,
                "url": one.url or None,
            }
            for one in health.references
        ],
        "counts": health.counts,
        "partial_run": run.status != Run.Status.SUCCEEDED,
        "checked_at": now,
    }
