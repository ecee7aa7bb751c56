from __future__ import annotations

from forecastlab.jobs.queries import artefacts
from forecastlab.lib.contributions import ArtefactReferrer

WORKING_FILES = ArtefactReferrer("working files of jobs", artefacts.working_files)
