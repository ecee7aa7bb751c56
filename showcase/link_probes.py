from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe
from showcase.models import Run, Workspace


def _kept(names: Sequence[str]) -> dict[str, bool]:
    found = set(Workspace.objects.filter(name__in=names).values_list("name", flat=True))
    return {name: name in found for name in names}


def _address(name: str) -> str:
    return reverse("showcase:workspace", args=[name])


PROBES = (
    LinkProbe("run", "Run", probes.rows(Run.objects), probes.page("showcase:run")),
    LinkProbe("workspace", "Workspace", _kept, _address),
)
