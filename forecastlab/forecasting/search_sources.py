from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.forecasting.models import ModelRun
from forecastlab.lib import texts
from forecastlab.lib.contributions import SearchHit, SearchSource


def _model_runs(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    """Find what was trained, but for what was made to teach."""
    number = texts.number(text)
    told = Q(model__icontains=text) | Q(version__dataset__name__icontains=text)
    by_number = Q() if number is None else Q(pk=number)
    found = (
        ModelRun.objects.visible_to(user)
        .filter(told | by_number | Q(aliases__name__icontains=text), teaching=False)
        .select_related("version__dataset")
        .order_by("-pk")
        .distinct()
    )
    return [
        SearchHit(
            _("%(model)s, model run %(n)s") % {"model": one.model, "n": one.pk},
            one.get_absolute_url(),
            one.version.ref,
        )
        for one in found[:most]
    ]


MODEL_RUNS = SearchSource("models", "Models", "forecast.view", _model_runs)
