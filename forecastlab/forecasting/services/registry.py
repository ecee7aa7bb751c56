"""Model runs: what was judged, trained on all data, kept with everything needed to check it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import serving as servings
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.panel import Integers
from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.forecasting.domain.serving import Serving
from forecastlab.forecasting.models import Backtest, ForecastIssue, ModelRun
from forecastlab.forecasting.services import aliases, installed, issues, trained
from forecastlab.forecasting.services.backtests import MOST_LISTED
from forecastlab.forecasting.services.trained import Final
from forecastlab.lib import artefacts, figures
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions


def default_alias(dataset: str, scenario: str | None = None) -> str:
    """Return the name that points at what serves a dataset, or the demonstration."""
    return "demo-production" if scenario else f"{dataset}-production"


def register(context: StepContext) -> Done:
    """Keep a model run per judged model, point the alias, issue forecasts of every series.

    All in one transaction; once it is done, a repetition finds it.
    """
    issue = issues.of_job(context) or _register(context)
    data = {**data_of(issue), "forecasts_sha256": issues.digest(issue), "software": _all_software()}
    return Done(_told(issue) + issues.note(issue), data)


def _register(context: StepContext) -> ForecastIssue:
    version = versions.version_of(context)
    backtest = Backtest.objects.get(pk=context.results["backtest"]["backtest"])
    serving = servings.unpack(gateways.get_arrays(backtest.serving))
    context.report(0.1, _("Reading the forecasts on all data"))
    final, learned = trained.Final(context), trained.learned(context)
    kept = _artefacts(serving, final, learned)
    prepared = issues.prepare(context, version, serving, final.forecasts)
    context.report(0.4, _("Storing the forecasts"))
    with context.fenced():
        runs = {
            name: model_run(context, backtest, name, (digest, learned.get(name, {})))
            for name, digest in kept.items()
        }
        issue = issues.keep(prepared, runs[serving.default])
        name = alias_of(context, version)
        ForecastIssue.objects.filter(pk=issue.pk).update(alias=name)
        aliases.serve_best(name, issue.model_run, by=context.actor_id, at=context.now)
    issue.alias = name
    return issue


def alias_of(context: StepContext, version: DatasetVersion) -> str:
    """Return the name of what this job lets serve."""
    given = context.params.get("alias")
    return given or default_alias(version.dataset.name, context.params.get("scenario"))


def _artefacts(serving: Serving, final: Final, learned: Mapping[str, Arrays]) -> dict[str, str]:
    """Store the state of each model and return its digest; the ensemble's is its members."""
    kept = {}
    for name in final.models:
        kept[name] = artefact_of(name, serving.series, final.state(name), learned.get(name, {}))
    if serving.members:
        members = _members("", serving.members, kept)
        if serving.without_plan:
            members |= _members("without_plan/", serving.without_plan.members, kept)
        kept[ensemble.NAME] = gateways.put_arrays(members)
    return kept


def artefact_of(model: str, series: Integers, state: Arrays, learned: Arrays) -> str:
    """Store what a model knows, its own and what all series share; return the digest."""
    shared = {f"{model}/{key}": one for key, one in learned.items()}
    return gateways.put_arrays({"series": series, **state, **shared})


def _members(prefix: str, names: Sequence[str], kept: Mapping[str, str]) -> dict[str, Any]:
    return {
        f"{prefix}members": np.array(names, dtype=np.str_),
        f"{prefix}artefacts": np.array([kept[one] for one in names], dtype=np.str_),
    }


def _learnt(learned: Arrays) -> dict[str, Any]:
    """Return what a model tells of its last fit, such as the feature frame; nothing for most."""
    told = [one for name, one in learned.items() if name.rpartition(":")[2] == "told"]
    return {"learnt": json.loads(told[-1].tobytes())} if told else {}


def model_run(
    context: StepContext, backtest: Backtest, model: str, kept: tuple[str, Arrays]
) -> ModelRun:
    """Write a judged model in the current transaction; `kept` is its digest and what it learned."""
    version = backtest.version
    digest, learnt = kept[0], _learnt(kept[1])
    metrics = backtest.result["models"][model]
    return ModelRun.objects.create(
        version=version,
        backtest=backtest,
        model=model,
        config={**backtest.config, **learnt},
        config_hash=backtest.config_hash,
        software=software(),
        window=_window(version, backtest.config.get("until") or version.history),
        metrics=metrics,
        series_count=backtest.judged + len(backtest.skipped),
        artefact=digest,
        teaching=backtest.teaching,
        frame_version=learnt.get("learnt", {}).get("frame_version"),
        created_by_id=context.actor_id,
        created_at=context.now,
    )


def _window(version: DatasetVersion, periods: int) -> dict[str, Any]:
    last = version.calendar.label(periods - 1)
    return {"first": version.first, "last": last, "periods": periods}


def software() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    found = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "polars": pl.__version__,
        "machine": platform.machine(),
    }
    with suppress(PackageNotFoundError):
        found["lightgbm"] = package_version("lightgbm")
    return found


def _all_software() -> dict[str, str]:
    """Return the same, with digests of our own code and of every package."""
    return {**software(), "packages": installed.digest(), "code": installed.code(*installed.PARTS)}


def _told(issue: ForecastIssue) -> str:
    return _("%(alias)s points at %(model)s; forecasts of %(series)s series are stored") % {
        "alias": issue.alias,
        "model": title_of(issue.model_run.model),
        "series": figures.number(issue.series_count),
    }


def data_of(issue: ForecastIssue) -> dict[str, Any]:
    """Return what the pipeline shows of an issue."""
    runs = ModelRun.objects.filter(backtest=issue.backtest_id)
    return {
        "run_id": issue.model_run_id,
        "model_runs": list(runs.order_by("pk").values_list("pk", flat=True)),
        "model": issue.model_run.model,
        "alias": issue.alias,
        "artefact": issue.model_run.artefact,
        "issue": issue.pk,
        "horizon": issue.horizon,
        "forecasts": issue.series_count * issue.horizon,
        "series_forecast": issue.series_count,
        "series_judged": issue.backtest.judged,
        "series_skipped": len(issue.backtest.skipped),
        "champions": issue.champions,
        "without_plan": issue.without_plan,
        "series_without_forecast": len(issue.without_forecast),
        "without_forecast": issue.without_forecast[:MOST_LISTED],
    }


def verify(context: StepContext) -> Done:
    """Read every artefact of the registered models again and compare its SHA-256."""
    backtest = Backtest.objects.get(pk=context.results["backtest"]["backtest"])
    runs = list(ModelRun.objects.filter(backtest=backtest).order_by("pk"))
    for one in runs:
        artefacts.verify(one.artefact)
    artefacts.verify(backtest.forecasts)
    artefacts.verify(backtest.serving)
    chosen = context.results["register"]["artefact"]
    data = {"verified": True, "artefacts": len(runs) + 2, "artefact": chosen}
    return Done(_("%(count)s artefacts hold what was stored") % {"count": len(runs) + 2}, data)


def damage(model_run: ModelRun) -> str:
    """Return "" when the artefact holds what was stored, else what is wrong."""
    try:
        artefacts.verify(model_run.artefact)
    except (artefacts.ArtefactMissing, artefacts.ArtefactChanged) as error:
        return error.message
    return ""
