"""Where the result of a step can be read, as far as its data says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from showcase.models import Run, StepRun


@dataclass(frozen=True, slots=True)
class Link:
    url: str = ""
    words: str = ""


# The first key that a step's data has: key, name of the page, words.
KEYS: Sequence[tuple[str, str, str | Promise]] = (
    ("backtest", "forecasting:backtest", gettext_lazy("Open comparison")),
    ("batch_id", "forecasting:batch", gettext_lazy("Open batch")),
    ("run_id", "forecasting:model-run", gettext_lazy("Open model run")),
    ("v2_run_id", "forecasting:model-run", gettext_lazy("Open model run")),
)


def of(run: Run, step: StepRun) -> Link:
    """Return the way to what a step made; none once the sales are deleted, and all with them."""
    if run.version is None or not step.data:
        return Link()
    if step.name in ("seed", "status"):
        return Link(run.version.get_absolute_url(), _("Open dataset"))
    for key, page, words in KEYS:
        if isinstance(number := step.data.get(key), int):
            return _link(page, number, str(words))
    return Link()


def _link(page: str, number: int, words: str) -> Link:
    try:
        return Link(reverse(page, args=[number]), words)
    except NoReverseMatch:
        return Link()
