"""One worker of a job, as a process of its own: `python -m benchmarks.job_worker JOB`.

Says when it is up and waits for a line, then takes steps of the job as long as there are any.
Prints the most memory that it held, in MB, and the seconds of processor that it took since that
line.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forecastlab.settings")

import django

django.setup()

from django.db.models.functions import Now  # noqa: E402

from forecastlab.jobs.models import Job, JobStep  # noqa: E402
from forecastlab.jobs.services import jobs  # noqa: E402

PAUSE = 0.02


def main(pk: int) -> None:
    print("up", flush=True)
    sys.stdin.readline()
    begun = time.process_time()
    while not Job.objects.get(pk=pk).finished_at:
        due = JobStep.objects.filter(job=pk, lease_until=None, due_at__lte=Now()).order_by("pk")
        found = due.values_list("pk", flat=True).first()
        if found is None:
            time.sleep(PAUSE)
        else:
            jobs.advance_step(found)
    print(peak_mb(), time.process_time() - begun)


def peak_mb() -> int:
    """Return the most that this program held; what its parent held before it does not count."""
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(one for one in lines if one.startswith("VmHWM"))
    return int(peak.split()[1]) // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
