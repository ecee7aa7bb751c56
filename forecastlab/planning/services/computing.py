"""What would come of a plan: read, re-forecast, drawn and added up. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.panel import Floats, Integers, Panel
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.services.reforecasting import Remaker
from forecastlab.planning.domain import assumptions as rules
from forecastlab.planning.domain import paths
from forecastlab.planning.domain.assumptions import Assumption
from forecastlab.planning.domain.paths import Drawn
from forecastlab.planning.domain.response import PRICE
from forecastlab.planning.domain.tally import Part, Tally
from forecastlab.planning.queries import plan_inputs
from forecastlab.planning.queries.plan_inputs import Inputs
from forecastlab.planning.services import estimating
from forecastlab.planning.services.moving import Mover

Report = Callable[[float, str], None]
# So many series are drawn at once: that bounds memory.
AT_ONCE = 250
# A model whose forecast on unchanged signals is further from what was issued is not believed.
SAME = 1e-6
GROUPS = ("category", "store", "product")
MODEL, ELASTICITY, SAID = "model", "elasticity", "assumed"
MOST_NOTED = 5


def unheard(_share: float, _text: str) -> None:
    """Be told how far work is, and let it go on."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A plan's snapshot, and its figures by series and step."""

    assumptions: Sequence[Assumption]
    result: dict[str, Any]
    table: pl.DataFrame


def labels_of(issue: ForecastIssue) -> list[str]:
    """Return the labels of the periods that an issue forecasts."""
    calendar = issue.version.calendar
    return [calendar.label(issue.origin + one) for one in range(1, issue.horizon + 1)]


def compute(
    issue: ForecastIssue, given: Sequence[Mapping[str, Any]], report: Report = unheard
) -> Computed:
    """Return what would come of assumptions; raises BadInput naming the field that is wrong."""
    assumed = rules.read(given, labels_of(issue))
    report(0.05, _("Learning what prices and promotions do"))
    found = estimating.of(issue.version, issue.origin + 1)
    report(0.3, _("Reading the forecasts"))
    inputs = plan_inputs.of(issue)
    mover = Mover(inputs, found, plan_inputs.ahead(issue, inputs.series))
    move = mover.apply(assumed)
    places = np.flatnonzero(move.affected)
    report(0.4, _("Forecasting with and without the plan"))
    made = _Points(issue, inputs, mover, places)
    report(0.6, _("Drawing both paths"))
    drawing = _Drawing(inputs, mover, made)
    result = {
        **_told(issue, inputs, places),
        **drawing.result(places),
        "methods": made.told(),
        "effects": _effects(mover),
        "notes": _notes(mover, inputs, places),
        "draws": paths.DRAWS,
    }
    report(0.95, _("Storing"))
    return Computed(assumed, result, drawing.table(labels_of(issue)))


class _Points:
    """What the plan multiplies each forecast by, steps x affected series, and by which method."""

    def __init__(
        self, issue: ForecastIssue, inputs: Inputs, mover: Mover, places: Integers
    ) -> None:
        self.places, self.inputs, self.mover = places, inputs, mover
        factor = mover.move.factor[:, places]
        self.point: Floats = mover.effect(places) * factor
        usual = ELASTICITY if mover.move.by else SAID
        self.method: NDArray[np.str_] = np.full(len(places), usual, dtype="U10")
        if not mover.move.by or issue.without_plan:
            return
        remaker = Remaker(issue)
        if remaker.reading:
            self._remake(remaker, factor)

    def told(self) -> list[dict[str, Any]]:
        """Return how many series each method has, with the models behind them."""
        models = np.array([self.inputs.model[one] for one in self.places.tolist()])
        found = []
        for method in (MODEL, ELASTICITY, SAID):
            here = self.method == method
            if here.any():
                named = sorted({title_of(one) for one in models[here].tolist()})
                found.append({"method": method, "series": int(here.sum()), "models": named})
        return found

    def _remake(self, remaker: Remaker, factor: Floats) -> None:
        """Take what models make of two frames, where they make what was issued of the first."""
        at = {int(one): place for place, one in enumerate(self.inputs.series)}
        before, after = self.mover.move.price
        remaker.reprice(self.inputs.series, after - before)
        for edges in remaker.blocks_of(self.inputs.series[self.places]):
            block = remaker.source.series[slice(*edges)].tolist()
            champions = [self.inputs.model[at[one]] if one in at else "" for one in block]
            found = remaker.remake(edges, champions, self._change)
            total = found.given + found.rest
            for place, one in enumerate(block):
                mine = np.searchsorted(self.places, at.get(one, -1))
                if mine == len(self.places) or self.places[mine] != at.get(one, -1):
                    continue
                issued = self.inputs.forecast[:, self.places[mine]]
                if not np.allclose(total[:, place], issued, rtol=SAME, atol=SAME):
                    continue
                self._take(mine, (total[:, place], found.changed[:, place], found.rest[:, place]))
        here = self.method == MODEL
        beside = self.mover.effect(self.places, beside=True) * factor
        self.point[:, here] *= beside[:, here]

    def _take(self, mine: Any, made: tuple[Floats, Floats, Floats]) -> None:
        total, changed, rest = made
        own = self.mover.effect(self.places[mine : mine + 1])[:, 0]
        planned = changed + rest * own
        ratio = np.divide(planned, total, out=own.copy(), where=total > 0)
        self.point[:, mine] = ratio
        self.method[mine] = MODEL

    def _change(self, panel: Panel) -> Panel:
        """Return the frame of a block with the plan in it; its past stays."""
        move, values = self.mover.move, panel.signals.values.copy()
        at = np.searchsorted(self.inputs.series, panel.series)
        at = np.minimum(at, len(self.inputs.series) - 1)
        there = np.flatnonzero(self.inputs.series[at] == panel.series)
        ahead = slice(panel.periods, panel.periods + move.factor.shape[0])
        for place, name in enumerate(panel.signals.names):
            given = values[place, ahead][:, there]
            told = np.full(given.shape, np.nan)
            if name == PRICE:
                before, after = (one[:, at[there]] for one in move.price)
                told = np.where(after != before, after, np.nan)
            elif name in move.set_to:
                told = move.set_to[name][: len(given), at[there]]
            values[place, ahead.start : ahead.start + len(given), there] = np.where(
                np.isnan(told[: len(given)]), given, told[: len(given)]
            ).T
        return replace(panel, signals=replace(panel.signals, values=values))


class _Drawing:
    """Draws the affected series some at a time, and adds them up."""

    def __init__(self, inputs: Inputs, mover: Mover, made: _Points) -> None:
        self.inputs, self.mover, self.made = inputs, mover, made
        self.rows: list[dict[str, Any]] = []

    def result(self, places: Integers) -> dict[str, Any]:
        codes = {
            one: [self.inputs.codes[one][place] for place in places.tolist()] for one in GROUPS
        }
        shown = {kind: names for kind, names in codes.items() if len(set(names) - {""})}
        if shown.get("category") == shown.get("product"):
            shown.pop("category", None)  # a product without a category is one by itself
        tally = Tally(self.inputs.forecast.shape[0], shown)
        for some in self._cut(len(places)):
            part = self._part(places[some], some)
            tally.add(part, np.arange(some.start, some.stop))
            self._keep(part, places[some], some)
        return tally.result()

    def table(self, labels: Sequence[str]) -> pl.DataFrame:
        """Return a row for each affected series and step."""
        frames = [pl.DataFrame(one) for one in self.rows]
        ds = pl.DataFrame({"step": range(1, len(labels) + 1), "ds": list(labels)})
        return pl.concat(frames).join(ds, on="step", how="left", maintain_order="left")

    def _cut(self, count: int) -> Iterator[slice]:
        for start in range(0, count, AT_ONCE):
            yield slice(start, min(start + AT_ONCE, count))

    def _part(self, places: Integers, some: slice) -> Part:
        move, without = self.mover.move, self.inputs.forecast[:, places]
        point, stock = self.made.point[:, some], move.stock[places]
        names = [self.inputs.names[one] for one in places.tolist()]
        drawn = paths.draw(self.inputs.pick(places), point, self.mover.moved(places), names)
        wanted = without * point
        return Part(
            without=without,
            planned=paths.capped(wanted, stock),
            wanted=wanted,
            drawn_without=drawn.without,
            drawn_planned=paths.capped(drawn.planned, stock),
            drawn_wanted=drawn.planned,
            paid=(move.paid[0][:, places], move.paid[1][:, places]),
            cost=self.inputs.cost[places],
            stock=stock,
            taken=self._taken(places, wanted, drawn),
        )

    def _taken(
        self, places: Integers, wanted: Floats, drawn: Drawn
    ) -> tuple[Floats, Floats] | None:
        """Return what substitutes bring or take, in what is expected and in what is drawn."""
        if drawn.taken is None:
            return None
        return wanted * (1 - 1 / self.mover.effect(places, beside=True)), drawn.taken

    def _keep(self, part: Part, places: Integers, some: slice) -> None:
        steps, width = part.without.shape
        low, high = np.percentile(part.drawn_planned, [10, 90], axis=0)
        move = self.mover.move

        def down(values: Floats) -> NDArray[Any]:
            return np.ascontiguousarray(values.T).ravel()

        self.rows.append(
            {
                "series_id": np.repeat(self.inputs.series[places], steps),
                "unique_id": [
                    self.inputs.names[one] for one in places.tolist() for _step in range(steps)
                ],
                "step": np.tile(np.arange(1, steps + 1), width),
                "forecast": down(part.without),
                "planned": down(part.planned),
                "low80": down(low),
                "high80": down(high),
                "paid": down(move.paid[0][:, places]),
                "planned_paid": down(move.paid[1][:, places]),
                "method": np.repeat(self.made.method[some], steps),
            }
        )


def _told(issue: ForecastIssue, inputs: Inputs, places: Integers) -> dict[str, Any]:
    past, sold = plan_inputs.history(issue, inputs.series[places])
    return {
        "past": {"labels": past, "sold": sold},
        "issue": issue.pk,
        "origin": issue.version.calendar.label(issue.origin),
        "horizon": issue.horizon,
        "labels": labels_of(issue),
        "series": len(places),
        "series_forecast": len(inputs.series),
        "portfolio": round(float(inputs.forecast.sum()), 6),
    }


def _effects(mover: Mover) -> list[dict[str, Any]]:
    """Return what each moved signal does, over all series and over those that the plan moves."""
    found = []
    for name, by in mover.move.by.items():
        one, at = mover.found.effects[name], mover.places[by.any(axis=0)]
        if not len(at):  # it was planned like that already
            continue
        found.append(
            {
                "signal": name,
                **estimating.shown(one.every),
                "planned_low": round(float(one.value[at].min()), 4),
                "planned_high": round(float(one.value[at].max()), 4),
                "planned_mean": round(float(one.value[at].mean()), 4),
                "planned_error": round(float(one.error[at].mean()), 4),
            }
        )
    return found


def _notes(mover: Mover, inputs: Inputs, places: Integers) -> list[str]:
    """Return what a reader should know beside the numbers."""
    move, notes = mover.move, []
    if move.beyond:
        notes.append(
            ngettext(
                "%(n)s series gets a price that it never had: what it does is drawn out further.",
                "%(n)s series get a price that they never had: what it does is drawn out further.",
                move.beyond,
            )
            % {"n": move.beyond}
        )
    if move.says:
        notes.append(
            _("Sales do not tell of this; it is assumed: %(said)s.")
            % {"said": ", ".join(sorted(move.says))}
        )
    if move.is_cheaper:
        notes.append(_("Prices fell in offers so far, so sales follow the offer and its price."))
    if move.is_unpriced:
        notes.append(
            _("Prices fell in offers so far. Say what is off, or the offer alone is counted.")
        )
    unknown = int(np.isnan(move.paid[0][:, places]).any(axis=0).sum())
    if unknown and unknown < len(places):
        notes.append(_("Revenue leaves out %(n)s series without a price.") % {"n": unknown})
    return notes[:MOST_NOTED]
