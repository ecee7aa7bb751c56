"""What the rules of the presets may know of a version, and the series that they pick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import batch_presets as presets
from forecastlab.forecasting.domain.batch_presets import PRESETS, Preset, Situation, Sold
from forecastlab.forecasting.domain.models import default_zoo, unavailable, zoo
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries import batch_scopes
from forecastlab.lib import frames
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.models import DatasetVersion

PLANS = frozenset({"price", "discount", "promo", "holiday"})
WORST = """
SELECT s.unique_id FROM forecasting_champion serving
JOIN forecasting_seriesscore told ON told.backtest_id = serving.backtest_id
    AND told.series_id = serving.series_id AND told.model = serving.model
JOIN warehouse_series s ON s.id = serving.series_id
WHERE serving.backtest_id = $1 AND told.wape > $2 ORDER BY told.wape DESC, s.unique_id
"""


class PresetUnusable(BadInput):
    """The preset cannot be used on these sales."""

    code = "preset_unusable"


@dataclass(frozen=True)
class Presets:
    """The presets as they stand on one version."""

    version: DatasetVersion

    @cached_property
    def series(self) -> pl.DataFrame:
        return batch_scopes.series_of(self.version)

    @cached_property
    def judged(self) -> Backtest | None:
        """Return the newest judgement of the dataset, of this version if there is one."""
        made = Backtest.objects.real().filter(version__dataset=self.version.dataset_id)
        found = made.order_by("-pk").defer("skipped")
        newest: Backtest | None = found.filter(version=self.version).first() or found.first()
        return newest

    @cached_property
    def situation(self) -> Situation:
        told = self.version.profile.get("columns", [])
        cannot = unavailable()
        plans = PLANS.intersection(told) or self.version.signals.filter(known=True).exists()
        return Situation(
            stores=len(batch_scopes.values_of(self.series, "store")),
            products=len(batch_scopes.values_of(self.series, "product")),
            tells_plans=bool(plans),
            tells_stockouts="stockout_share" in told,
            planned=tuple(
                name for name in default_zoo() if zoo()[name].needs_plan and name not in cannot
            ),
            ranked=tuple(name for name in self._ranked() if name in zoo() and name not in cannot),
        )

    def options(self, name: str) -> dict[str, Any]:
        """Return the options of a batch that a preset stands for; raises PresetUnusable."""
        preset = PRESETS.get(name)
        if preset is None:
            raise BadInput(
                _("There is no preset '%(name)s'.") % {"name": name},
                hint=_("There are: %(names)s.") % {"names": ", ".join(PRESETS)},
                field="preset",
            )
        why = preset.unusable(self.situation)
        if why:
            raise PresetUnusable(_unusable(preset), hint=why, field="preset")
        options = {"models": list(preset.models(self.situation)), "by": preset.by or None}
        return {**options, **self._picked(preset)}

    def _picked(self, preset: Preset) -> dict[str, Any]:
        picks: Mapping[str, Callable[[], list[str]]] = {
            "grid": self._grid,
            "stockouts": self._stockouts,
            "worst": self._worst,
        }
        if preset.pick == "all":
            return {"scope": "all"}
        if preset.pick == "top":
            return {"scope": "top_revenue", "top_n": presets.FOR_FEATURES}
        series = picks[preset.pick]()
        if not series:
            hint = _("No series is concerned: all of them do well.")
            raise PresetUnusable(_unusable(preset), hint=hint, field="preset")
        return {"scope": "list", "series": series}

    def _grid(self) -> list[str]:
        told = self.series.select("unique_id", "store", "product", "units")
        return presets.grid([Sold(*row) for row in told.iter_rows() if row[1] and row[2]])

    def _stockouts(self) -> list[str]:
        out = self.series.filter(pl.col("stockouts") > 0)
        ranked = out.sort(["stockouts", "unique_id"], descending=[True, False])
        return ranked["unique_id"].head(presets.MOST_PICKED).to_list()

    def _worst(self) -> list[str]:
        if self.judged is None:
            return []
        worst = frames.read(WORST, [self.judged.pk, presets.HIGH_WAPE])["unique_id"].to_list()
        here = set(self.series["unique_id"].to_list())
        return [one for one in worst if one in here][: presets.MOST_PICKED]

    def _ranked(self) -> list[str]:
        if self.judged is None:
            return []
        metric, models = self.judged.metric, self.judged.result["models"]
        sizes = {name: abs(one[metric]) for name, one in models.items() if one[metric] is not None}
        return sorted(sizes, key=lambda name: (sizes[name], name))


@dataclass(frozen=True, slots=True)
class Offer:
    """A preset as a reader meets it: usable, or why not."""

    preset: Preset
    why_not: str


def offers(version: DatasetVersion) -> list[Offer]:
    """Return every preset, and why it cannot be used on this version, "" where it can."""
    found = Presets(version)
    return [Offer(one, one.unusable(found.situation)) for one in PRESETS.values()]


def _unusable(preset: Preset) -> str:
    return _("The preset '%(name)s' cannot be used here.") % {"name": preset.name}
