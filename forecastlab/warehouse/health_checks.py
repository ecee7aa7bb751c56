from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from forecastlab.lib.contributions import HealthCheck


def _writable() -> str:
    """Say what is wrong with the folder for artefacts and uploads."""
    for folder in (Path(settings.ARTEFACT_ROOT), Path(settings.UPLOAD_ROOT)):
        nearest = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            return f"'{nearest}' cannot be written: give it to this user."
    return ""


ARTEFACTS = HealthCheck(name="artefacts", check=_writable, readiness=True)
