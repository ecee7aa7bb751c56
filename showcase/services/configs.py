"""From what a person asked for to a frozen config: what the other apps know is gathered here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain import config as forecasting
from forecastlab.forecasting.domain.folds import Folds
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.domain.simulator.presets import RICH, SCENARIOS
from forecastlab.warehouse.models import Dataset, DatasetVersion, Series
from forecastlab.warehouse.services import imports
from showcase.domain import config as rules
from showcase.domain import workspaces as naming
from showcase.domain.config import Known, Sales, Simulation
from showcase.domain.pipeline import Row
from showcase.queries import pipeline, plans
from showcase.services import workspaces


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frozen config with everything that follows from it; nothing is written yet.

    `keep` is the name under which the run will be kept, empty for its number, None for a run that
    will not be. `orders` are what the job is told beside the config.
    """

    config: Mapping[str, Any]
    config_hash: str
    rows: Sequence[Row]
    sales: Sales
    dataset: Dataset | None
    version: DatasetVersion | None
    keep: str | None
    warnings: Sequence[str]
    orders: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slot(self) -> str:
        """Return the name under which one active run per dataset holds: what it is called now."""
        return f"dataset:{self.dataset.name if self.dataset else self.config['dataset']}"

    @property
    def folds(self) -> Folds:
        config = self.config
        return Folds(
            config["horizon"],
            config["folds"],
            config["step"],
            config["gap"],
            self.sales.held_back,
        )

    def shown(self) -> dict[str, Any]:
        """Return what a dry run prints."""
        return plans.shown(self)


def prepare(options: Mapping[str, Any], *, by: User, at: datetime) -> Prepared:
    """Check the options against what there is, and freeze them. Writes nothing.

    Raises BadInput naming the field, or NotFound for a dataset that this person cannot see.
    """
    scenario, ref = rules.source(options)
    version = warehouse.resolve(ref, by) if ref else None
    known = known_names()
    sales = sales_of(version) if version else _sales_to_come(scenario, by)
    config = rules.freeze(options, known=known, sales=sales, today=at.date())
    config["models"] = _in_order_of_the_zoo(config, sales)
    _check_reset(config, version)
    rows = pipeline.planned(config)
    return Prepared(
        config=config,
        config_hash=rules.digest(config, steps=[row.step.name for row in rows]),
        rows=rows,
        sales=rules.drawn(sales, config),
        dataset=version.dataset if version else existing(sales.name),
        version=version,
        keep=_kept_as(options),
        warnings=_warnings(config, version),
    )


def _check_reset(config: Mapping[str, Any], version: DatasetVersion | None) -> None:
    if config.get("reset") and version and version.source != DatasetVersion.Source.SIMULATION:
        raise BadInput(
            f"{version.ref} was imported, and only simulated sales can be reset.",
            hint="Drop the reset.",
            field="reset",
        )


def _kept_as(options: Mapping[str, Any]) -> str | None:
    keep = naming.wanted(options)
    if keep:
        workspaces.check_free(keep)
    return keep


def _warnings(config: Mapping[str, Any], version: DatasetVersion | None) -> list[str]:
    """Say what a run would do otherwise than it was asked to, and what cannot be undone."""
    told = [_of_reset(config["dataset"])] if config.get("reset") else []
    focus = config["focus"]
    if version is None or focus is None:
        return told
    if Series.objects.filter(dataset=version.dataset, unique_id=focus).exists():
        return told
    missing = f"There is no series '{focus}' in {version.ref}: the one that sells most stands in."
    return [*told, missing]


def _of_reset(dataset: str) -> str:
    earlier = DatasetVersion.objects.filter(dataset__name=dataset).count() - 1
    if earlier < 1:
        return f"There are no earlier sales of '{dataset}' to delete."
    return (
        f"Versions of '{dataset}' before the newest ({earlier}) will be deleted for good, unless a "
        "run, model or forecast refers to them."
    )


def known_names() -> Known:
    return Known(
        models=forecasting.model_names(),
        default_models=forecasting.default_models(),
        scenarios=tuple(SCENARIOS),
        simulated=_simulated,
    )


def _simulated(asked: Simulation) -> tuple[Mapping[str, Any], int]:
    drawn = simulator.build(
        asked.scenario,
        seed=asked.seed,
        as_of=asked.as_of,
        knobs=asked.knobs,
        enabled=RICH if asked.rich else (),
        profile="scenario",
    )
    return drawn.as_json(), drawn.days


def _in_order_of_the_zoo(config: Mapping[str, Any], sales: Sales) -> list[str]:
    """Ask the engine whether it can judge these models, in the order in which it would."""
    options = {key: config[key] for key in ("models", "horizon", "folds", "step", "gap", "metric")}
    return list(forecasting.resolve(options, frequency=sales.frequency).models)


def sales_of(version: DatasetVersion) -> Sales:
    return Sales(
        name=version.dataset.name,
        frequency=version.frequency,
        periods=version.history,
        held_back=version.held_back,
        version=version.pk,
    )


def _sales_to_come(scenario: str, by: User) -> Sales:
    """Simulated sales become a version of the dataset that bears the scenario's name.

    Raises NameTaken where that name is somebody else's.
    """
    return Sales(name=imports.check_name(scenario, by=by))


def existing(name: str) -> Dataset | None:
    return Dataset.objects.named(name).first()
