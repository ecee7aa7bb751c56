"""What is kept of a panel while it is laid out part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import folds, lifecycle, metrics, observed, reuse, shards
from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.lifecycle import Told
from forecastlab.forecasting.domain.panel import Groups, Panel, Parts, Whole
from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.forecasting.queries.panels import Loaded
from forecastlab.lib import memory

COUNTS = ("rows", "negative", "closed", "stockout")
# Up to so many values a panel is read once and kept block by block, so that nobody has to cut it
# again; a larger one is read as often as needed.
MOST_KEPT = 1_000_000

# What the verdict needs of some series, by name.
Evidence = dict[str, NDArray[Any]]


class Laid:
    """The parts of a panel, stored one by one; of each what is needed of all is kept.

    `evidence` and `lives` have one array a name, with the series of all parts on the last axis;
    `prints` stand for what may be known of each block at each origin.
    """

    def __init__(self, config: Config, discontinued: Mapping[int, str], *, judges: bool) -> None:
        self.config, self.discontinued, self.judges = config, discontinued, judges
        self.shards: list[dict[str, Any]] = []
        self.counts = dict.fromkeys(COUNTS, 0)
        self.columns = self.periods = 0
        self.planned: int | None = None
        self._signals: Any = 0
        self._evidence: list[Evidence] = []
        self._told: list[Told] = []
        self.prints: list[list[str]] = []

    def add(self, loaded: Loaded) -> None:
        panel = loaded.panel
        digest = gateways.put_arrays(panels.pack(panel))
        self.shards.append({"index": len(self.shards), "series": panel.width, "digest": digest})
        for name in COUNTS:
            self.counts[name] += getattr(loaded, name)
        self.columns = max(self.columns, loaded.columns)
        self.periods = panel.periods
        self._signals = self._signals + panels.signals_told(panel)
        self.planned = panels.planned_ahead(self._signals, panel.planned)
        self._told.append(lifecycle.tell(panel, self.config.frequency, self.discontinued))
        if self.judges:
            self._evidence.append(evidence_of(panel, self.config))
            self.prints += reuse.prints(panel, shards.judging(self.config, panel.periods))
        memory.give_back()

    def lives(self, whole: Whole) -> Arrays:
        return lifecycle.of(whole, self._told).pack()

    def evidence(self) -> Arrays:
        """Return what the verdict needs of all series."""
        return side_by_side(self._evidence)


def whole(shards: Sequence[Mapping[str, Any]], periods: int) -> Parts:
    """Return the whole panel that lies in these shards."""
    digests = [one["digest"] for one in shards]
    told = [gateways.get_arrays(one, ["groups", "group_counts", "signal_known"]) for one in digests]
    codes = np.concatenate([one["groups"] for one in told], axis=-1)
    groups = Groups(*codes, *told[0]["group_counts"].tolist())
    read = partial(_read, digests)
    if codes.shape[-1] * periods <= MOST_KEPT:
        read = partial(iter, [piece for part in read() for piece in part.pieces()])
    return Parts(periods, tuple(told[0]["signal_known"].tolist()), groups, read)


def _read(digests: Sequence[str]) -> Iterator[Panel]:
    return (panels.unpack(gateways.get_arrays(one)) for one in digests)


def evidence_of(panel: Panel, config: Config) -> Evidence:
    """Return what the verdict needs of a part; a reason is "" for what can be judged."""
    windows = config.windows
    first = windows.windows(panel.periods)[0].origin + 1
    scale = metrics.scales(panel.actual[: windows.scaled_on(panel.periods)], config.scale)
    why = folds.unjudged(panel, windows, config.frequency)
    return {
        "series": panel.series,
        "actual": folds.judged_values(panel.actual, windows),
        "all_days": folds.judged_values(panel.all_days, windows),
        "closed": folds.judged_values(panel.closed[: panel.periods], windows),
        "level": np.nan_to_num(observed.mean_seen(panel.fit[:first])),
        "seasonal": scale.seasonal,
        "squared_step": scale.squared_step,
        "reasons": np.array([why.get(place, "") for place in range(panel.width)], dtype=np.str_),
    }


def side_by_side(parts: Sequence[Evidence]) -> Arrays:
    """Join the evidence of all parts; of what cannot be judged, say where it is and why.

    The parts are emptied, so that nothing stands in memory twice.
    """
    names = list(parts[0])
    found = {name: np.concatenate([one.pop(name) for one in parts], axis=-1) for name in names}
    reasons = found.pop("reasons")
    skipped = np.flatnonzero(reasons != "")
    return {**found, "judged": reasons == "", "skipped": skipped, "reasons": reasons[skipped]}
