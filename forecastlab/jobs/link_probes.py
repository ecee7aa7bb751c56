from __future__ import annotations

from forecastlab.jobs.models import Job
from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe

JOBS = LinkProbe("job", "Job", probes.rows(Job.objects), probes.page("jobs:job"))
