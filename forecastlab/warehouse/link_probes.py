from __future__ import annotations

from forecastlab.lib import probes
from forecastlab.lib.contributions import LinkProbe
from forecastlab.warehouse.models import DatasetVersion

VERSIONS = LinkProbe("dataset_version", "Dataset version", probes.rows(DatasetVersion.objects))
