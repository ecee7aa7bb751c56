"""The shipped settings, with the kinds of the tests, and shorter patience."""

from __future__ import annotations

import os

from forecastlab.settings import *  # noqa: F403
from forecastlab.settings import INSTALLED_APPS as SHIPPED_APPS

INSTALLED_APPS = [*SHIPPED_APPS, "tests.jobs_lab"]
STEP_ATTEMPTS = int(os.environ.get("LAB_STEP_ATTEMPTS", "5"))
if os.environ.get("LAB_PATIENCE") != "shipped":
    LEASE_RENEW_SECONDS = 0.5
    HEARTBEAT_SECONDS = 0.5
    WORKER_SILENT_SECONDS = 3.0
    MESSAGE_LOST_SECONDS = 2.0
