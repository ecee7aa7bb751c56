"""What choosing a model by one rule or another costs or gains, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import judgement
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.defaults import POLICIES
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import figures

# Differences of WAPE under this many points are not worth a word.
LEAST_POINTS = 0.05


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to choose, chosen on the earlier folds and scored on the last.

    WAPE and bias are in percent; `difference` is its WAPE less that of what serves, in points.
    """

    name: str
    title: str
    text: str
    serves: bool
    wape: float | None
    mase: float | None
    bias: float | None
    difference: float | None


def policies(backtest: Backtest) -> list[Policy]:
    """Return the ways to choose, the one that serves first, then by WAPE; none with one fold."""
    found = backtest.result["champion_policies"]
    serving = found.get(backtest.default_policy, {}).get("wape")
    titles = _titles()
    rows = [
        Policy(
            name=name,
            title=titles[name][0],
            text=titles[name][1],
            serves=name == backtest.default_policy,
            wape=one["wape"],
            mase=one["mase"],
            bias=one["bias"],
            difference=_less(one["wape"], serving),
        )
        for name, one in found.items()
    ]
    return sorted(rows, key=lambda one: (not one.serves, one.wape is None, one.wape or 0))


def choices() -> list[tuple[str, str]]:
    """Return the ways to choose as a form offers them, the usual one first."""
    titles = _titles()
    return [(name, titles[name][0]) for name in POLICIES]


def selection(backtest: Backtest) -> str:
    """Say in a sentence or two what choosing costs or gains on the last fold; "" if unknown."""
    ways = {one.name: one for one in policies(backtest)}
    serving = ways.get(backtest.default_policy)
    if serving is None or serving.wape is None:
        return ""
    return " ".join([_serving(serving), *_others(list(ways.values()))])


def _serving(serving: Policy) -> str:
    said = {"title": serving.title, "wape": figures.percent(share(serving.wape))}
    return _("%(title)s, chosen on the earlier folds, had a WAPE of %(wape)s on the last.") % said


def _others(ways: Sequence[Policy]) -> list[str]:
    """Say how much the worst and the best of the other ways differ from what serves."""
    rivals = [one for one in ways if not one.serves and one.difference is not None]
    if not rivals:
        return []
    least, most = rivals[0], rivals[-1]
    told = [_gained(least)] if (least.difference or 0) < -LEAST_POINTS else []
    return [*told, _cost(most)] if (most.difference or 0) > LEAST_POINTS else told or [_alike()]


def _gained(one: Policy) -> str:
    said = {"title": one.title, "points": figures.number(abs(one.difference or 0), 1)}
    return _("%(title)s would have gained %(points)s points.") % said


def _cost(one: Policy) -> str:
    said = {"title": one.title, "points": figures.number(abs(one.difference or 0), 1)}
    return _("%(title)s would have cost %(points)s points.") % said


def _alike() -> str:
    return _("The other ways to choose would have come to the same.")


def _titles() -> dict[str, tuple[str, str]]:
    mean = {"mean": title_of(judgement.ENSEMBLE)}
    return {
        judgement.SWITCH: (
            _("%(mean)s, with exceptions") % mean,
            _("A series leaves the mean only where another model is clearly better"),
        ),
        judgement.SWITCH_FROM_BEST: (
            _("The best model, with exceptions"),
            _("A series leaves the best model only where another one is clearly better"),
        ),
        judgement.ENSEMBLE: (
            _("%(mean)s everywhere") % mean,
            _("The mean of up to three models that are within 10 % of the best"),
        ),
        judgement.GLOBAL_BEST: (
            _("One best model"),
            _("The model of lowest error over all series serves each of them"),
        ),
        judgement.GROUP_BEST: (
            _("The best model of each category"),
            _("The model of lowest error over a category serves all of it"),
        ),
        judgement.SERIES_BEST: (
            _("The best model of each series"),
            _("Each series has the model of lowest error there"),
        ),
    }


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
