"""What is worth knowing of a version, in words: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib.figures import number, percent
from forecastlab.warehouse.domain import verdicts
from forecastlab.warehouse.domain.verdicts import Finding, Sizes, Verdict
from forecastlab.warehouse.models import DatasetVersion

TONES = {Verdict.READY: "ok", Verdict.LIMITED: "warn", Verdict.TOO_SHORT: "bad"}
# The filter of the series browser that shows what a finding counts.
FILTERS = {
    "gaps": "gaps",
    "unknown": "unknown",
    "stockouts": "stockouts",
    "silent_series": "silent",
    "constant_series": "constant",
    "seldom_series": "seldom",
    "negative": "negative",
    "outliers": "outliers",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """The verdict on a version as a word with its tone."""

    verdict: Verdict

    @property
    def tone(self) -> str:
        return TONES[self.verdict]

    @property
    def word(self) -> str:
        words = {
            Verdict.READY: _("Ready"),
            Verdict.LIMITED: _("Usable, with limits"),
            Verdict.TOO_SHORT: _("Too short"),
        }
        return words[self.verdict]


@dataclass(frozen=True, slots=True)
class Told:
    """One finding: what was found, what to do about it, and where to see it."""

    tone: str
    text: str
    advice: str
    url: str


def quality(version: DatasetVersion) -> Quality:
    return Quality(verdicts.of(version.profile, _sizes(version)))


def told(version: DatasetVersion) -> Sequence[Told]:
    """Return the findings of a version, worst first."""
    return [
        Told(one.tone, _text(one, version), _advice()[one.code], _url(one, version))
        for one in found(version)
    ]


def found(version: DatasetVersion) -> Sequence[Finding]:
    return verdicts.findings(version.profile, _sizes(version))


def _sizes(version: DatasetVersion) -> Sizes:
    return Sizes(
        frequency=version.frequency,
        periods=version.periods,
        rows=version.rows,
        series=version.series_count,
        columns=frozenset(version.profile.get("columns", ())),
    )


def _url(one: Finding, version: DatasetVersion) -> str:
    if one.code not in FILTERS:
        return ""
    address = reverse("warehouse:series-list", args=[version.dataset.name, version.number])
    return f"{address}?trait={FILTERS[one.code]}"


def _text(one: Finding, version: DatasetVersion) -> str:
    noun = version.calendar.frequency.noun
    words = {
        "count": number(one.count),
        "share": percent(one.share),
        "noun": noun,
        "season": _sizes(version).season,
        "two": 2 * _sizes(version).season,
        "strength": number(one.share, 2),
        "periods": number(version.periods),
    }
    return _texts()[one.code] % words


def _texts() -> dict[str, str]:
    return {
        "short": _("%(count)s %(noun)ss are fewer than 2 seasons of %(season)s %(noun)ss."),
        "short_series": _(
            "Series with fewer than 2 seasons, under %(two)s %(noun)ss: %(count)s (%(share)s)."
        ),
        "gaps": _(
            "%(share)s of the %(noun)ss between the first and the last row of a series have no row."
        ),
        "unknown": _("Unknown quantities: %(count)s (%(share)s)."),
        "stockouts": _(
            "Rows whose shelf was empty for 9/16 of the %(noun)s or more: %(count)s (%(share)s). "
            "They are left out of judging."
        ),
        "zeros_unexplained": _(
            "%(share)s of the rows are zero, and nothing says whether the shelf was empty."
        ),
        "silent_series": _("Series that never sold anything: %(count)s (%(share)s)."),
        "constant_series": _("Series with the same quantity in every row: %(count)s (%(share)s)."),
        "seldom_series": _(
            "Series with sales in fewer than 3 of 4 %(noun)ss: %(count)s (%(share)s)."
        ),
        "negative": _("Negative quantities, returns most likely: %(count)s (%(share)s)."),
        "outliers": _("Quantities far above the rest of their series: %(count)s (%(share)s)."),
        "season": _("Total sales repeat every %(count)s %(noun)ss: strength %(strength)s of 1."),
        "no_season": _(
            "No season of %(count)s %(noun)ss can be seen: that takes 3 of them, and there are "
            "%(periods)s %(noun)ss."
        ),
        "weak_season": _(
            "Total sales hardly repeat every %(count)s %(noun)ss: strength %(strength)s of 1."
        ),
    }


def _advice() -> dict[str, str]:
    return {
        "short": _("Add older sales as a new version: no model can learn the season from these."),
        "short_series": _("What is forecast for them rests on little. Add older sales if any."),
        "gaps": _("No row means unknown, not zero. Where nothing was sold, add rows with 0."),
        "unknown": _("Models skip them. Correct them in a new version where you know better."),
        "stockouts": _("Nothing to do: empty shelves say nothing of what was wanted."),
        "zeros_unexplained": _(
            "Add stockout_share or stock, and open for closed days: zeros can then be told apart."
        ),
        "silent_series": _("Leave them out, unless they are about to be launched."),
        "constant_series": _("Check that the quantity column holds what was sold."),
        "seldom_series": _("Judge their totals over several periods, not single ones."),
        "negative": _(
            "Models skip them. To keep returns out, import again with negative quantities missing."
        ),
        "outliers": _("Look at them: a promotion is fine, a slip of the pen wants a correction."),
        "season": _("Nothing to do: the models look for it."),
        "no_season": _("Add older sales, if the season matters."),
        "weak_season": _("Nothing to do: the models find out whether it helps."),
    }
