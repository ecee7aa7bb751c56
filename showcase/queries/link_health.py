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
    """One object that a run refers to; `url` is its page, where it is alive and has one."""

    run: int
    kind: str
    ref: str
    status: Link
    title: str
    url: str = ""

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
        return self.counts[Link.UNKNOWN]

    @property
    def dead(self) -> int:
        return self.counts[Link.DEAD]

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
    found = _sales(numbers, simulated={run for run, kind, _ref in rows if kind == SALES})
    rows = [one for one in rows if one[1] != SALES or not found[one[0]]]
    known = link_probes.by_kind()
    wanted: dict[str, list[str]] = {}
    for _run, kind, ref in rows:
        wanted.setdefault(kind, []).append(ref)
    links = {kind: _asked(known.get(kind), refs) for kind, refs in wanted.items()}
    for run, kind, ref in rows:
        found[run].append(_reference(run, (kind, ref), links[kind], known.get(kind)))
    return {number: Health(references) for number, references in found.items()}


def _sales(runs: Sequence[int], *, simulated: Container[int]) -> dict[int, list[Reference]]:
    """Return the reference of each run to the version that it works on, where it is there.

    One that was deleted is told by the hash of its content, all that is left of it, unless the
    run has `simulated` it and so refers to it by itself.
    """
    fields = ("pk", "content_hash", "version__dataset__name", "version__number")
    found: dict[int, list[Reference]] = {run: [] for run in runs}
    for run, content_hash, name, number in Run.objects.filter(pk__in=runs).values_list(*fields):
        title = _("Dataset version")
        if number is not None:
            url = reverse("warehouse:version-page", args=[name, number])
            found[run].append(Reference(run, SALES, f"{name}@{number}", Link.ALIVE, title, url))
        elif content_hash and run not in simulated:
            found[run].append(Reference(run, SALES, content_hash, Link.DEAD, title))
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


def _reference(
    run: int, of: tuple[str, str], links: Mapping[str, bool], probe: LinkProbe | None
) -> Reference:
    kind, ref = of
    status = Link.UNKNOWN
    if ref in links:
        status = Link.ALIVE if links[ref] else Link.DEAD
    has_page = status == Link.ALIVE and probe is not None and probe.address is not None
    return Reference(
        run=run,
        kind=kind,
        ref=ref,
        status=status,
        title=_(probe.title) if probe else kind.replace("_", " ").capitalize(),
        url=probe.address(ref) if has_page and probe and probe.address else "",
    )


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
