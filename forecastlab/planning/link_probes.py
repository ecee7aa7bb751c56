from __future__ import annotations

from django.urls import reverse

from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe
from forecastlab.planning.models import Override, Plan, Publication


def _in_the_log(ref: str) -> str:
    """Return the log of the dataset: one act of a planner has no page of its own."""
    names = Override.objects.filter(pk=int(ref)).values_list("dataset__name", flat=True)
    return f"{reverse('planning:override-history')}?dataset={names[0]}"


PROBES = (
    LinkProbe("plan", "Plan", probes.rows(Plan.objects), probes.page("planning:plan")),
    LinkProbe("override", "Override", probes.rows(Override.objects), _in_the_log),
    LinkProbe(
        "publication",
        "Published forecast",
        probes.rows(Publication.objects),
        probes.page("planning:publication"),
    ),
)
