"""What speaks for and against pointing an alias at a model run."""

from __future__ import annotations

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import gates, promotion_signals
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import ModelRun, SliceScore
from forecastlab.forecasting.queries import diffs, labels
from forecastlab.lib.contributions import Signal


def of(before: ModelRun, after: ModelRun) -> list[Signal]:
    """Return the signals, each with a sentence that has its figures."""
    alike = gates.alike(diffs.candidate(before), diffs.candidate(after))
    there = _by_window(before) if alike else []
    then, bias = _by_window(after), after.metrics.get("bias")
    said = {
        "beats_champion": _("At least 5 % better than %(before)s on 3 windows or more"),
        "few_windows": _("Judged on %(windows)s windows only"),
        "biased": _("Its bias is %(bias)s"),
    }
    words = {
        "before": title_of(before.model),
        "windows": len(then),
        "bias": labels.measured(bias, "bias"),
    }
    return [
        Signal(code, said[code] % words, points)
        for code, points in promotion_signals.of(there, then, bias)
    ]


def _by_window(run: ModelRun) -> list[float | None]:
    found = SliceScore.objects.filter(backtest=run.backtest_id, model=run.model, by="fold")
    return list(found.order_by("place").values_list("wape", flat=True))
