"""What the form of a new run offers, and what a run with these options would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain import config as forecasting
from forecastlab.forecasting.domain.models import unavailable
from forecastlab.jobs.queries import jobs
from forecastlab.lib import dates, figures
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.models import Dataset, DatasetVersion
from showcase.domain.pipeline import Row, phases
from showcase.models import Run
from showcase.queries import durations, labels

Choice = tuple[str, Any]


class Prepared(Protocol):
    """What `services.configs.prepare` gives."""

    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def dataset(self) -> Dataset | None: ...
    @property
    def slot(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    title: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What will run: rows by phase, models, how long it took before, its position in the queue."""

    phases: Sequence[PlannedPhase]
    facts: Sequence[Mapping[str, Any]]
    position: int


def sales_choices(viewer: User, *, scenarios: Sequence[str], chosen: str = "") -> list[Choice]:
    """Return the newest version of every dataset, then the scenarios."""
    newest = (
        DatasetVersion.objects.visible_to(viewer)
        .select_related("dataset")
        .order_by("dataset__name", "-number")
        .distinct("dataset__name")
    )
    datasets = [(f"dataset:{one.dataset.name}", _label(one)) for one in newest]
    simulated = [(f"scenario:{name}", name) for name in scenarios]
    known = {key for key, _label_of in (*datasets, *simulated)}
    older = [(chosen, chosen.partition(":")[2])] if chosen and chosen not in known else []
    groups = [(_("Datasets"), [*datasets, *older]), (_("Simulated sales"), simulated)]
    return [(title, choices) for title, choices in groups if choices]


def _label(version: DatasetVersion) -> str:
    series = figures.number(version.series_count)
    window = dates.window(version.first, version.last)
    return f"{version.ref}: {series} {_('series')}, {window}"


def model_choices() -> list[Choice]:
    """Return the models that can run here: the default ones, and those that must be ticked."""
    cannot = unavailable()
    usual = forecasting.default_models()
    can = [name for name in forecasting.model_names() if name not in cannot]
    titled = [(name, forecasting.title_of(name)) for name in can]
    groups = [
        (_("Default"), [one for one in titled if one[0] in usual]),
        (_("Only when ticked"), [one for one in titled if one[0] not in usual]),
    ]
    return [(title, choices) for title, choices in groups if choices]


def models_that_cannot_run() -> str:
    """Return what the form says of models that it does not offer."""
    reasons = [f"{forecasting.title_of(name)}: {why}" for name, why in unavailable().items()]
    if not reasons:
        return ""
    return " ".join([_("None ticked: the default ones."), _("Not here:"), *reasons])


def initial_of(run: Run) -> dict[str, Any]:
    """Return what the form holds when a run is started again."""
    config = run.config
    source = (
        f"scenario:{config['scenario']}" if config["scenario"] else f"dataset:{config['dataset']}"
    )
    same = (
        "name",
        "horizon",
        "folds",
        "step",
        "gap",
        "window",
        "metric",
        "policy",
        "seed",
        "focus",
        "models",
    )
    rest = {"keep_going": config["keep_going"], "simulate": _knobs_turned(config)}
    return {"sales": source, **rest} | {key: config.get(key) for key in same}


def _knobs_turned(config: Mapping[str, Any]) -> str:
    """Write the knobs that differ from the scenario's own: "stores=4 products=20"."""
    drawn = config.get("simulate")
    if not drawn:
        return ""
    return " ".join(f"{name}={drawn[name]}" for name in simulator.from_json(drawn).turned())


def preview(prepared: Prepared) -> Preview:
    return Preview(
        phases=[
            PlannedPhase(labels.phase(phase.name), [row.step.title for row in phase.rows])
            for phase in phases(prepared.rows)
        ],
        facts=[*_facts(prepared.config), {"label": _("Took before"), "value": _took(prepared)}],
        position=jobs.position_of_next(prepared.slot),
    )


def _facts(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    models = ", ".join(forecasting.title_of(name) for name in config["models"])
    return [
        {"label": _("Models"), "value": models},
        {"label": _("Horizon"), "value": config["horizon"]},
        {"label": _("Folds"), "value": config["folds"]},
        {"label": _("Ranked by"), "value": config["metric"].upper()},
        {"label": _("Seed"), "value": config["seed"]},
    ]


def _took(prepared: Prepared) -> str:
    """How long these rows took before, on these sales."""
    took = durations.whole(
        [row.step.name for row in prepared.rows],
        scenario=prepared.config["scenario"] or "",
        dataset_id=prepared.dataset.pk if prepared.dataset else None,
    )
    return labels.span(took) if took else _("no estimate yet")
