"""What the form of a new run offers, and what a run with these options would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain import config as forecasting
from forecastlab.forecasting.domain.models import unavailable
from forecastlab.jobs.queries import jobs
from forecastlab.lib import dates, figures
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.domain.simulator.presets import SCENARIOS
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import evidence
from showcase.domain.config import LONGEST_TIMES, usual_table
from showcase.domain.pipeline import phases
from showcase.models import Run
from showcase.queries import inputs, labels, plans
from showcase.queries.plans import Prepared

Choice = tuple[str, Any]
FOLDS_SHOWN = 6
# Options that a config holds only where they say something.
SAME_IF_THERE = ("window", "policy", "reuse", *LONGEST_TIMES)


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    title: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What will run: rows by phase, models, how long it took before, its position in the queue.

    `changed` are the settings of a replay that differ from those recorded.
    """

    phases: Sequence[PlannedPhase]
    facts: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    position: int
    changed: Sequence[Mapping[str, Any]] = ()


def sales_choices(viewer: User, *, scenarios: Sequence[str], chosen: str = "") -> list[Choice]:
    """Return the newest version of every dataset, then the scenarios."""
    newest = (
        DatasetVersion.objects.visible_to(viewer)
        .select_related("dataset")
        .order_by("dataset__name", "-number")
        .distinct("dataset__name")
    )
    datasets = [(f"dataset:{one.dataset.name}", _label(one)) for one in newest]
    simulated = [(f"scenario:{name}", _sized(name)) for name in scenarios]
    known = {key for key, _label_of in (*datasets, *simulated)}
    older = [(chosen, chosen.partition(":")[2])] if chosen and chosen not in known else []
    groups = [(_("Datasets"), [*datasets, *older]), (_("Simulated sales"), simulated)]
    return [(title, choices) for title, choices in groups if choices]


def _sized(scenario: str) -> str:
    own = SCENARIOS[scenario]
    size = {"stores": own["stores"], "products": own["products"], "days": own["window_days"] + 1}
    said = _("%(stores)s stores, %(products)s products, %(days)s days") % size
    return f"{scenario}: {said}"


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


def options_of(run: Run) -> dict[str, Any]:
    """Return the options with which a run is started again."""
    config, drawn = run.config, run.config.get("simulate")
    source = "scenario" if config["scenario"] else "dataset"
    same = ("name", "horizon", "folds", "metric", "focus", "models", "keep_going", *SAME_IF_THERE)
    options = {key: config[key] for key in (source, *same) if key in config}
    if "dataset" in options and run.version is not None:
        options["dataset"] = run.version.dataset.name
    options |= {"step": config["step"]} if config["step"] != config["horizon"] else {}
    options |= {"gap": config["gap"]} if config["gap"] else {}
    options |= {"table": config["table"]} if config["table"] != usual_table(options) else {}
    return (
        {**options, "seed": config["seed"], "simulate": _knobs_turned(drawn)} if drawn else options
    )


def recorded(run: Run) -> dict[str, Any]:
    """Return the options that change nothing: over the same version, or up to the same day."""
    options = {**options_of(run), "as_of": run.config["as_of"]}
    if "dataset" in options and run.version:
        options["dataset"] = run.version.ref
    return options


def without_usual_name(options: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Leave out a name that tells no more than what was run, and how far ahead: both may change."""
    config = run.config
    usual = f"{config['scenario'] or config['dataset']}, {config['horizon']} "
    is_usual = str(options.get("name", "")).startswith(usual)
    return {key: one for key, one in options.items() if key != "name" or not is_usual}


def _knobs_turned(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return the knobs that differ from the scenario's own."""
    return {name: drawn[name] for name in simulator.from_json(drawn).turned()}


def preview(prepared: Prepared, *, source: Run | None = None) -> Preview:
    """Say what would run; for a replay of `source`, also what is asked otherwise."""
    return Preview(
        phases=[
            PlannedPhase(labels.phase(phase.name), [row.step.title for row in phase.rows])
            for phase in phases(prepared.rows)
        ],
        facts=[*_sales(prepared), *_judged(prepared), *_around(prepared)],
        warnings=prepared.warnings,
        position=jobs.position_of_next(prepared.slot),
        changed=_changed(source, prepared) if source else (),
    )


def _changed(source: Run, prepared: Prepared) -> list[Mapping[str, Any]]:
    found = {
        one.what.partition(".")[2]: f"{inputs.text(one.expected)} → {inputs.text(one.actual)}"
        for one in evidence.of_inputs(source.config, prepared.config)
    }
    told: list[Mapping[str, Any]] = [
        {"label": inputs.label(key), "value": found[key]} for key in sorted(found, key=inputs.place)
    ]
    if prepared.version and source.version and prepared.version != source.version:
        moved = f"{source.version.ref} → {prepared.version.ref}"
        return [{"label": _("Sales"), "value": moved}, *told]
    return told


def _sales(prepared: Prepared) -> list[Mapping[str, Any]]:
    config, there = prepared.config, prepared.sales.periods
    told: list[Mapping[str, Any]] = [{"label": _("Sales"), "value": _sales_said(prepared)}]
    if config["simulate"]:
        told.append({"label": _("Seed"), "value": config["seed"]})
    said = _("needs %(needed)s of %(there)s %(noun)s") % {
        "needed": figures.number(plans.needed(prepared)),
        "there": figures.number(there),
        "noun": prepared.sales.defaults.noun,
    }
    return [*told, {"label": _("History"), "value": said}] if there else told


def _sales_said(prepared: Prepared) -> str:
    if prepared.version:
        return (
            f"{prepared.version.ref}, {figures.number(prepared.version.series_count)} {_('series')}"
        )
    drawn = prepared.config["simulate"]
    size = {"stores": drawn["stores"], "products": drawn["products"]}
    return _("simulated: %(stores)s stores, %(products)s products") % size


def _judged(prepared: Prepared) -> list[Mapping[str, Any]]:
    config, noun = prepared.config, prepared.sales.defaults.noun
    models = ", ".join(forecasting.title_of(name) for name in config["models"])
    dated = plans.windows(prepared)
    told = [f"{_('Fold')} {number}" for number in range(1, len(dated) + 1)]
    windows = [dates.window(first, last) for first, last in dated]
    folds = [{"label": label, "value": one} for label, one in zip(told, windows, strict=True)]
    return [
        {"label": _("Models"), "value": models},
        {"label": _("Folds"), "value": f"{config['folds']} × {config['horizon']} {noun}"},
        *(folds if len(folds) <= FOLDS_SHOWN else [folds[0], folds[-1]]),
        {"label": _("Ranked by"), "value": config["metric"].upper()},
    ]


def _around(prepared: Prepared) -> list[Mapping[str, Any]]:
    took = plans.estimate(prepared)
    facts: list[Mapping[str, Any]] = [
        {"label": _("Focus"), "value": prepared.config["focus"] or _("the best-selling series")}
    ]
    if prepared.keep is not None:
        facts.append({"label": _("Kept as"), "value": prepared.keep or _("the run's number")})
    said = _("no estimate yet") if took is None else labels.span(took)
    return [*facts, {"label": _("Takes"), "value": said}]
