"""What the results of a judgement follow from, and how those of an equal one are taken over."""

from __future__ import annotations

import hashlib
import json

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Backtest, ForecastIssue, ModelRun
from forecastlab.forecasting.queries import series_lives
from forecastlab.forecasting.services import aliases, configs, installed, registry
from forecastlab.lib import artefacts
from forecastlab.lib.contributions import Done, Json, StepContext
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions


def key(context: StepContext) -> str:
    """Return the digest of all that laying out, training, judging and registering follow from.

    That is the version with what is known of its series, the config, the code and its libraries.
    """
    version = versions.version_of(context)
    config = configs.checked(version, context.params)
    told = [version.pk, version.content_hash, config.hash, _known(version)]
    told += [registry.software(), installed.digest(*installed.PARTS)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _known(version: DatasetVersion) -> str:
    """Digest the stores, products and ends of the series: rows that an import may change."""
    found = hashlib.sha256(repr(sorted(series_lives.discontinued(version).items())).encode())
    found.update(warehouse.series_frame(version).write_csv().encode())
    return found.hexdigest()


def judged_lasts(data: Json) -> bool:
    """Say whether the backtest of an earlier run is there, with its files."""
    found = Backtest.objects.filter(pk=data["backtest"]).first()
    return found is not None and all(map(artefacts.has, (found.forecasts, found.serving)))


def registered_lasts(data: Json) -> bool:
    """Say whether the model runs and forecasts of an earlier run are there, with their files."""
    kept = dict(ModelRun.objects.filter(pk__in=data["model_runs"]).values_list("pk", "artefact"))
    if set(kept) != set(data["model_runs"]) or not all(map(artefacts.has, kept.values())):
        return False
    return ForecastIssue.objects.filter(pk=data["issue"]).exists()


def point_again(context: StepContext, data: Json) -> Done:
    """Point the alias at what an earlier run registered: others may have moved it since."""
    version = versions.version_of(context)
    name = registry.alias_of(context, version)
    model_run = ModelRun.objects.select_related("version__dataset").get(pk=data["run_id"])
    with context.fenced():
        aliases.serve_best(name, model_run, by=context.actor_id, at=context.now)
    told = _("%(alias)s points at %(model)s")
    detail = told % {"alias": name, "model": title_of(model_run.model)}
    return Done(detail, {**data, "alias": name})
