"""What prices do to the sales of one series, as far as its own and its category's tell."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from forecastlab.lib.errors import NotFound
from forecastlab.planning.domain import pooling
from forecastlab.planning.services import estimating
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import tool_calls


def of_series(version: DatasetVersion, unique_id: str) -> dict[str, Any]:
    """Return the elasticity of a series with its 95 % interval, beside that of its category.

    Raises NoPrices where there is nothing to learn from, NotFound for a series that there is not.
    """
    wanted = tool_calls.series(version, unique_id).series_id
    found = estimating.of(version, version.history)
    price = estimating.prices_of(found, version)
    places = {one: place for place, one in enumerate(found.series.tolist())}
    if wanted not in places:
        raise NotFound(_("Nothing is known of prices of '%s'.") % unique_id)
    place = places[wanted]
    value, error = float(price.value[place]), float(price.error[place])
    category = int(found.category[place])
    reach = pooling.NORMAL * error
    return {
        "dataset": version.ref,
        "series": unique_id,
        "value": round(value, 4),
        "standard_error": round(error, 4),
        "low95": round(value - reach, 4),
        "high95": round(value + reach, 4),
        "told_by_itself": bool(price.told[place]),
        "category": found.labels[category],
        "of_category": estimating.shown(price.category[category]),
        "of_all": estimating.shown(price.every),
    }
