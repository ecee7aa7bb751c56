from __future__ import annotations

from forecastlab.lib.contributions import SeriesDots
from forecastlab.planning.queries import override_dots

OVERRIDES = SeriesDots("overrides", override_dots.title, override_dots.find)
