"""Whether an alias can still be relied on, by the rule of `domain/staleness.py`."""

from __future__ import annotations

from collections.abc import Iterable

from forecastlab.forecasting.domain import staleness
from forecastlab.forecasting.domain.staleness import Stale, Trained
from forecastlab.forecasting.models import Alias, ModelRun
from forecastlab.forecasting.services import registry


def why(alias: Alias, also: Iterable[ModelRun] = ()) -> Stale | None:
    """Say why an alias is stale, or None.

    It is compared with all real model runs of its dataset; `also` names others, such as one made
    to teach. Reads the artefact of the run that it points at.
    """
    run = alias.model_run
    over = ModelRun.objects.real().filter(
        version__dataset=alias.dataset_id, created_at__gt=run.created_at
    )
    newer = [*over.select_related("version"), *also]
    return staleness.judged(
        _trained(run, verified=not registry.damage(run)), [_trained(one) for one in newer]
    )


def _trained(run: ModelRun, *, verified: bool = True) -> Trained:
    periods = run.window["periods"]
    ends = run.version.calendar.start(periods)
    return Trained(
        name=run.pk,
        frame_version=run.frame_version,
        trained_at=run.created_at,
        until=ends.timestamp() if ends else periods,
        verified=verified,
    )
