from __future__ import annotations

from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe
from forecastlab.planning.models import Plan

PROBES = (LinkProbe("plan", "Plan", probes.rows(Plan.objects), probes.page("planning:plan")),)
