"""Counting the errors of models, some series after others, so that none of it takes much memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import slices
from forecastlab.forecasting.domain.by_model import ByModel, parts
from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.evidence import Evidence
from forecastlab.forecasting.domain.metrics import ALIKE, OWN_SUMS, Counted, Counter, Scores
from forecastlab.forecasting.domain.panel import Flags
from forecastlab.forecasting.domain.slices import Slice, Tally

VOLUME = "volume"
ALL_DAYS = ("wape", "bias")
EVERY, EARLIER, LAST = slice(None), slice(None, -1), slice(-1, None)


@dataclass(frozen=True, slots=True)
class Cuts:
    """The parts that are told of by themselves: steps ahead, and series by what they share."""

    steps: Mapping[str, slice]
    groups: Mapping[str, Grouping]

    @property
    def volume(self) -> Grouping | None:
        return self.groups.get(VOLUME)


def cuts_of(evidence: Evidence, config: Config) -> Cuts:
    groups = dict(evidence.groups)
    if evidence.level is not None:
        groups[VOLUME] = slices.quarters(evidence.level, evidence.judged)
    return Cuts(slices.buckets(config.frequency, config.horizon, config.gap), groups)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one model: its sums on the earlier folds and on the last, by series."""

    sums: Scores
    tallies: tuple[Tally, ...]
    all_days: Tally | None

    def slices(self, judged: Flags, cuts: Cuts) -> list[Slice]:
        by_groups, scores = cuts.groups.items(), self.sums.over()
        return [
            *(one.told() for one in self.tallies),
            *(slices.by_group(by, scores, judged, one) for by, one in by_groups),
        ]

    @property
    def on_all_days(self) -> dict[str, float]:
        """Return the errors with the stock-outs scored too, where any are left out."""
        if self.all_days is None:
            return {}
        found = self.all_days.told()
        errors = {metric: float(values[0]) for metric, values in found.values.items()}
        return {**errors, "points": float(found.points[0])}


class Counting:
    """Counts the errors of models, some series after others."""

    def __init__(self, evidence: Evidence, config: Config, cuts: Cuts) -> None:
        self.evidence, self.config, self.cuts = evidence, config, cuts
        self._leaves_out = evidence.leaves_out
        self._alike = {name: np.empty((2, evidence.width)) for name in ALIKE}

    def told(self, forecasts: ByModel, names: tuple[str, ...]) -> dict[str, Told]:
        """Tell of some of the models; the same series of all of them are counted together."""
        told = {name: self._begun() for name in names}
        for part in parts(self.evidence.width):
            counters = self._counters(part)
            for name, one in told.items():
                values = forecasts.read(name, part)
                self._add(one, part, [counter.count(values) for counter in counters])
        return told

    def _begun(self) -> Told:
        steps, gap = self.config.horizon, self.config.gap
        own = {name: np.empty((2, self.evidence.width)) for name in OWN_SUMS}
        return Told(
            Scores(**self._alike, **own, scales=self.evidence.scales),
            (
                Tally("fold", [str(one + 1) for one in range(self.evidence.count)]),
                Tally("horizon", list(self.cuts.steps)),
                Tally("step", [str(gap + one + 1) for one in range(steps)]),
            ),
            Tally("all_days", ["all"], ALL_DAYS) if self._leaves_out else None,
        )

    def _counters(self, part: slice) -> list[Counter]:
        """Return what counts on what was scored and, where they differ, on all days."""
        actual, scales = self.evidence.actual[..., part], self.evidence.scales.on(part)
        scored = Counter(actual, scales)
        if not self._leaves_out or self.evidence.stockouts is None:
            return [scored]
        return [scored, Counter(self.evidence.stockouts.back_in(actual, part.start), scales)]

    def _add(self, told: Told, part: slice, counted: Sequence[Counted]) -> None:
        judged, scored = self.evidence.judged[part], counted[0]
        told.sums.put(part, scored.by_fold.parted((EARLIER, LAST)))
        cut = scored.by_step.parted(self.cuts.steps.values())
        for tally, scores in zip(told.tallies, (scored.by_fold, cut, scored.by_step), strict=True):
            tally.add(scores, judged)
        if told.all_days is not None:
            told.all_days.add(counted[-1].by_fold.parted((EVERY,)), judged)


class Sums(Mapping[str, Scores]):
    """Scores of models on some folds, added up when they are asked for."""

    def __init__(self, told: Mapping[str, Told], part: slice) -> None:
        self._told, self._part = told, part

    def __getitem__(self, name: str) -> Scores:
        return self._told[name].sums.over(self._part)

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)
