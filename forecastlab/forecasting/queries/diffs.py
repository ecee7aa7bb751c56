"""Two model runs beside each other: what differs in their making, and in how they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import gates
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.gates import Candidate
from forecastlab.forecasting.domain.metrics import PERCENTAGES
from forecastlab.forecasting.domain.staleness import Reason
from forecastlab.forecasting.models import ModelRun
from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures

METRICS = ("wape", "bias", "mase", "rmsse", "mae", "rmse", "smape")


def candidate(run: ModelRun) -> Candidate:
    return Candidate(run.version_id, run.backtest.config, run.metrics, run.frame_version)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two model runs compared. Percent metrics are in percent; a difference is `other` - `one`.

    `like_for_like` says whether both were judged on the same folds: else there are no differences
    of metrics. `compatible` says whether they learnt from the same version of the feature frame.
    """

    one: ModelRun
    other: ModelRun

    @property
    def candidates(self) -> tuple[Candidate, Candidate]:
        return candidate(self.one), candidate(self.other)

    @property
    def compatible(self) -> bool:
        one, other = self.candidates
        return one.frame == other.frame

    @property
    def reason(self) -> str | None:
        return None if self.compatible else Reason.OTHER_FRAME.value

    @property
    def like_for_like(self) -> bool:
        return gates.alike(*self.candidates)

    @property
    def config(self) -> dict[str, dict[str, Any]]:
        """Return the settings that differ, each with both values."""
        one, other = _made_of(self.one), _made_of(self.other)
        names = [*one, *(name for name in other if name not in one)]
        return {
            name: {"one": one.get(name), "other": other.get(name)}
            for name in names
            if one.get(name) != other.get(name)
        }

    @property
    def metrics(self) -> dict[str, dict[str, float | None]]:
        return {name: self._metric(name) for name in METRICS}

    def _metric(self, name: str) -> dict[str, float | None]:
        one, other = self.one.metrics.get(name), self.other.metrics.get(name)
        compares = self.like_for_like and one is not None and other is not None
        return {"one": one, "other": other, "difference": other - one if compares else None}

    def as_json(self) -> dict[str, Any]:
        one, other = self.candidates
        return {
            "one": self.one.pk,
            "other": self.other.pk,
            "config_diff": self.config,
            "metrics_diff": self.metrics,
            "like_for_like": self.like_for_like,
            "feature_frame_version_one": one.frame,
            "feature_frame_version_other": other.frame,
            "compatible": self.compatible,
            "reason": self.reason,
        }

    # -- the page ------------------------------------------------------------------------------

    @property
    def titles(self) -> tuple[str, str]:
        """Return what both are called; their numbers tell them apart where the models do not."""
        one, other = title_of(self.one.model), title_of(self.other.model)
        if one != other:
            return one, other
        return f"{one} ({self.one.pk})", f"{other} ({self.other.pk})"

    @property
    def sentence(self) -> str:
        one, other = self.candidates
        if not self.like_for_like:
            return _("%s and %s were judged on other folds") % self.titles
        if one.error is None or other.error is None:
            return _("Of %s and %s not both errors are known") % self.titles
        first, second = self.titles if one.error <= other.error else reversed(self.titles)
        metric = labels.metric_title(one.metric)
        said = {"first": first, "second": second, "metric": metric}
        if one.error == other.error:
            return _("%(first)s and %(second)s have the same %(metric)s") % said
        said["by"] = _apart(-abs(one.error - other.error), one.metric)
        return _("%(first)s is ahead of %(second)s: %(metric)s %(by)s") % said

    @property
    def metric_rows(self) -> Sequence[Mapping[str, str]]:
        return [
            {
                "title": labels.metric_title(name),
                "one": labels.measured(values["one"], name),
                "other": labels.measured(values["other"], name),
                "difference": _apart(values["difference"], name)
                if self.like_for_like
                else _("other folds"),
            }
            for name, values in self.metrics.items()
        ]

    @property
    def config_rows(self) -> Sequence[Mapping[str, str]]:
        return [
            {"name": name, "one": _written(told["one"]), "other": _written(told["other"])}
            for name, told in self.config.items()
        ]


def _made_of(run: ModelRun) -> dict[str, Any]:
    learnt = run.config.get("learnt", {})
    return {
        "model": run.model,
        "dataset": run.version.ref,
        "window": run.window,
        **{name: value for name, value in run.config.items() if name != "learnt"},
        **{name: value for name, value in learnt.items() if name != "history"},
        "software": run.software,
    }


def _apart(value: float | None, metric: str) -> str:
    """Write a difference: +0.5 pt, or +0.02."""
    if metric in PERCENTAGES:
        return figures.points(labels.share(value), 2)
    return figures.signed(value, 3)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_entry(name, one) for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(one) for one in value)
    return figures.UNKNOWN if value is None else str(value)


def _entry(name: str, value: Any) -> str:
    """Write a setting with its value; of one that has settings of its own, the name alone."""
    return name if isinstance(value, Mapping | list) else f"{name} {value}"
